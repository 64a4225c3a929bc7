//! 8447: metrics, health, readiness; on loopback. And `listen.readiness`: the last two.

use hyper::{
    Request, Response, StatusCode,
    header::{self, HeaderValue},
};

use jiff::SignedDuration;

use crate::{
    callers::trust::Trust,
    doors::{files::plain, index},
    gateway::Gateway,
    rules::Rules,
    state::standing::Waiting,
    telemetry::{
        self,
        metrics::{Duty, Readings, StoreReadings},
    },
    transport::{Body, incoming::Incoming, whole},
};

/// A calendar that ends within so many days is warned of.
const CALENDAR_DAYS: usize = 31;

/// Answers the operator's machinery.
///
/// `/healthz` is 200 and `ok` as long as the process answers at all. `/readyz` is 200 and `ready` while a query would be
/// answered, else 503 with one reason a line: `draining`, `not-recordable: ` with the cause (`room`, `publication`,
/// `clock`, `closed`, `stopped`, `slow`, `keys`), `store-failed` (every store), `revocation-list-expired`. Below `ready`
/// stand warnings: `warning: issuer-keys-refused` while a key file of an issuer cannot be used, `warning: authorities-refused`
/// and `warning: revocation-list-refused` while that file cannot, and the one before stays in force, `warning: not-witnessed` while too few witnesses cosign the log or one contradicts it,
/// `warning: store-failed: ` with the name of a store that does not answer while others do, `warning: unlawful-data` while a
/// store has data that may not be collected, are confidential or are sealed, `warning: emergency-alone` once no second officer
/// approved in time what one did in an emergency, and `warning: calendar-ends` while in a month deadlines begin to have no date.
pub(crate) fn answer(gateway: &Gateway, trust: &Trust, request: &Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/metrics" => {
            let mut response = Response::new(whole(gateway.metrics.text(&readings(gateway, &gateway.rules()))));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
            response
        }
        "/" => index::page(index::OPERATIONS),
        _ => readiness(gateway, trust, request),
    }
}

/// Answers whoever asks whether this gateway may get traffic: [`answer`] without metrics.
pub(crate) fn readiness(gateway: &Gateway, trust: &Trust, request: &Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        "/readyz" => {
            let reasons = reasons(gateway, trust);
            if reasons.is_empty() {
                plain(StatusCode::OK, format!("ready\n{}", warnings(gateway, trust)))
            } else {
                plain(StatusCode::SERVICE_UNAVAILABLE, reasons)
            }
        }
        _ => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn readings<'a>(gateway: &'a Gateway, rules: &'a Rules) -> Readings<'a> {
    Readings {
        queries_under_way: gateway.settings.bounds.journeys.saturating_sub(gateway.journeys.available_permits()),
        log: gateway.log.metrics(),
        dropped_lines: telemetry::dropped_lines(),
        data_folder: &gateway.settings.data.dir,
        stores: rules
            .stores
            .figures()
            .map(|(name, store)| StoreReadings {
                name,
                is_up: store.is_up(),
                waiting: store.waiting(),
                faulty_values: store.faulty_values(),
                unlawful: store.unlawful(),
                look_ups: store.look_ups(),
                are_files_refused: store.are_files_refused(),
            })
            .collect(),
        deadlines_end: deadlines_end(gateway),
        objections: {
            let Waiting { open, overdue } = gateway.standing.waiting(gateway.today());
            (open, overdue)
        },
        emergencies: gateway.emergencies(),
    }
}

/// What does not keep queries from being answered, and should be mended; one line each.
fn warnings(gateway: &Gateway, trust: &Trust) -> String {
    let all = [
        (gateway.issuers.are_refused(), "warning: issuer-keys-refused\n"),
        (trust.are_authorities_refused(), "warning: authorities-refused\n"),
        (trust.is_list_refused(), "warning: revocation-list-refused\n"),
        (gateway.metrics.fails(Duty::Witnesses), "warning: not-witnessed\n"),
    ];
    let mut warnings: String = all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, line)| line).collect();
    // Queries that do not need it are answered: no reason to take the traffic elsewhere.
    for store in gateway.rules().stores.down() {
        warnings.push_str("warning: store-failed: ");
        warnings.push_str(store);
        warnings.push('\n');
    }
    for (store, _) in gateway.rules().stores.figures().filter(|(_, figures)| figures.are_files_refused()) {
        warnings.push_str("warning: store-files-refused: ");
        warnings.push_str(store);
        warnings.push('\n');
    }
    if gateway.rules().stores.figures().any(|(_, store)| store.unlawful().values().any(|rows| *rows > 0)) {
        warnings.push_str("warning: unlawful-data\n");
    }
    if gateway.emergencies().1 > 0 {
        warnings.push_str("warning: emergency-alone\n");
    }
    // So long before as the alert is raised.
    if gateway.catalogue().first_day_without_deadline(gateway.today(), CALENDAR_DAYS).is_some() {
        warnings.push_str("warning: calendar-ends\n");
    }
    warnings
}

/// When the first day begins on which a deadline would begin without a date, so far as it is looked.
fn deadlines_end(gateway: &Gateway) -> i64 {
    const DAYS: usize = 62;
    let today = gateway.today();
    let first = gateway.catalogue().first_day_without_deadline(today, DAYS);
    let days = first.map_or(Ok(DAYS), |first| usize::try_from((first - today).get_days())).unwrap_or(DAYS);
    let day = SignedDuration::from_hours(24) * i32::try_from(days).unwrap_or_default();
    gateway.clock.now().saturating_add(day).map_or(i64::MAX, |at| at.as_second())
}

/// Why no query would be answered now, one reason a line; empty when one would be.
fn reasons(gateway: &Gateway, trust: &Trust) -> String {
    let mut reasons = String::new();
    if gateway.is_ending() {
        reasons.push_str("draining\n");
    }
    if !gateway.log.recordable() {
        for cause in gateway.log.metrics().not_recordable {
            reasons.push_str("not-recordable: ");
            reasons.push_str(cause.as_str());
            reasons.push('\n');
        }
    }
    if gateway.are_keys_past() {
        reasons.push_str("not-recordable: keys\n");
    }
    if gateway.rules().stores.figures().all(|(_, figures)| !figures.is_up()) {
        reasons.push_str("store-failed\n");
    }
    if trust.is_expired() {
        reasons.push_str("revocation-list-expired\n");
    }
    reasons
}

//! 8447: metrics, health, readiness; on loopback. And `listen.readiness`: the last two.

use hyper::{
    Request, Response, StatusCode,
    header::{self, HeaderValue},
};

use jiff::SignedDuration;

use crate::{
    callers::trust::Trust,
    doors::{
        alarms::{self, Alarm},
        files::plain,
        index,
    },
    gateway::Gateway,
    rules::Rules,
    state::standing::Waiting,
    telemetry::{
        self,
        metrics::{Readings, StoreReadings},
    },
    transport::{Body, incoming::Incoming, whole},
};

/// Answers the operator's machinery.
///
/// `/healthz` is 200 and `ok` as long as the process answers at all. `/readyz` is 200 and `ready` while a query would be
/// answered, else 503 with one reason a line: `draining`, `not-recordable: ` with the cause (`room`, `publication`,
/// `clock`, `closed`, `stopped`, `slow`, `keys`), `state-unavailable`, `store-failed` (every store), `revocation-list-expired`. Below `ready`
/// stand warnings: `warning: issuer-keys-refused` while a key file of an issuer cannot be used, `warning: authorities-refused`
/// and `warning: revocation-list-refused` while that file cannot, and the one before stays in force, `warning: not-witnessed` while too few witnesses cosign the log or one contradicts it, `warning: objects-failed` while the published log does not go to the object store,
/// `warning: rates-alone` while the server of rates is away and this gateway keeps its share alone,
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
            let lines = |alarms: Vec<Alarm>, before: &str| -> String {
                alarms.iter().map(|alarm| format!("{before}{alarm}\n")).collect()
            };
            let reasons = lines(alarms::reasons(gateway, trust), "");
            if reasons.is_empty() {
                plain(StatusCode::OK, format!("ready\n{}", lines(alarms::warnings(gateway, trust), "warning: ")))
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

/// When the first day begins on which a deadline would begin without a date, so far as it is looked.
fn deadlines_end(gateway: &Gateway) -> i64 {
    const DAYS: usize = 62;
    let today = gateway.today();
    let first = gateway.catalogue().first_day_without_deadline(today, DAYS);
    let days = first.map_or(Ok(DAYS), |first| usize::try_from((first - today).get_days())).unwrap_or(DAYS);
    let day = SignedDuration::from_hours(24) * i32::try_from(days).unwrap_or_default();
    gateway.clock.now().saturating_add(day).map_or(i64::MAX, |at| at.as_second())
}

//! 8447: metrics, health, readiness; on loopback. And `listen.readiness`: the last two.

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Bytes,
    header::{self, HeaderValue},
};

use jiff::SignedDuration;

use crate::{
    callers::trust::Trust,
    doors::{files::plain, index},
    gateway::Gateway,
    telemetry::{
        self,
        metrics::{Readings, StoreReadings},
    },
    transport::{Body, incoming::Incoming},
};

/// Answers the operator's machinery.
///
/// `/healthz` is 200 and `ok` as long as the process answers at all. `/readyz` is 200 and `ready` while a query would be
/// answered, else 503 with one reason a line: `draining`, `not-recordable: ` with the cause (`room`, `publication`,
/// `clock`, `closed`, `stopped`, `slow`, `keys`), `store-failed`, `revocation-list-expired`. Below `ready` stand warnings:
/// `warning: issuer-keys-refused` while a key file of an issuer cannot be used, `warning: unlawful-data` while the store has data
/// that may not be collected, are confidential or are sealed.
pub(crate) fn answer(gateway: &Gateway, trust: &Trust, request: &Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/metrics" => {
            let mut response = Response::new(Full::new(Bytes::from(gateway.metrics.text(&readings(gateway)))));
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
                plain(StatusCode::OK, format!("ready\n{}", warnings(gateway)))
            } else {
                plain(StatusCode::SERVICE_UNAVAILABLE, reasons)
            }
        }
        _ => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn readings(gateway: &Gateway) -> Readings<'_> {
    let store = gateway.store.figures();
    Readings {
        queries_under_way: gateway.settings.bounds.journeys.saturating_sub(gateway.journeys.available_permits()),
        log: gateway.log.metrics(),
        dropped_lines: telemetry::dropped_lines(),
        data_folder: &gateway.settings.data.dir,
        store: StoreReadings {
            is_up: store.is_up(),
            waiting: store.waiting(),
            faulty_values: store.faulty_values(),
            unlawful: store.unlawful(),
            look_ups: store.look_ups(),
        },
        deadlines_end: deadlines_end(gateway),
    }
}

/// What does not keep queries from being answered, and should be mended; one line each.
fn warnings(gateway: &Gateway) -> String {
    let warnings = [
        (gateway.issuers.are_refused(), "issuer-keys-refused"),
        (gateway.store.figures().unlawful().values().any(|rows| *rows > 0), "unlawful-data"),
    ];
    let warnings = warnings.into_iter().filter(|(is_so, _)| *is_so);
    warnings.map(|(_, warning)| format!("warning: {warning}\n")).collect()
}

/// When the first day begins on which a deadline would begin without a date, so far as it is looked.
fn deadlines_end(gateway: &Gateway) -> i64 {
    const DAYS: usize = 62;
    let today = gateway.today();
    let first = gateway.catalogue.first_day_without_deadline(today, DAYS);
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
    if !gateway.store.figures().is_up() {
        reasons.push_str("store-failed\n");
    }
    if trust.is_expired() {
        reasons.push_str("revocation-list-expired\n");
    }
    reasons
}

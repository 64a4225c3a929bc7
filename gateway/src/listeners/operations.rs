//! 8447: metrics, health, readiness; on loopback.

use std::sync::Arc;

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
};

use crate::{
    gateway::Gateway,
    listeners::{Body, files::plain},
    trust::Trust,
};

/// Answers the operator's machinery.
pub fn answer(gateway: &Arc<Gateway>, trust: &Trust, request: &Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        "/readyz" if gateway.is_draining() => plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        "/readyz" if !gateway.log.recordable() => plain(StatusCode::SERVICE_UNAVAILABLE, "not-recordable\n"),
        "/readyz" if trust.is_expired() => plain(StatusCode::SERVICE_UNAVAILABLE, "revocation-list-expired\n"),
        "/readyz" => plain(StatusCode::OK, "ready\n"),
        "/metrics" => {
            let mut response = Response::new(Full::new(Bytes::from(gateway.metrics.text(&gateway.log))));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
            response
        }
        _ => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

//! 8446: the public. Checkpoint, verifier key, hash tiles and the description of the interface; nothing personal ever.
//! And 8444, where the configuration has no `[persons]`.

use std::sync::Arc;

use credit_audit::verify::log_directory;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use crate::{
    doors::{
        files::{LogFile, plain, serve},
        index,
    },
    gateway::Gateway,
    transport::{Body, incoming::Incoming},
};

/// The interface of the institutions' listener, as programs read it (OpenAPI 3.1). What is served is what is committed.
pub(crate) const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// What is below it is of the directory.
const DIRECTORY: &str = "/directory/";

/// Answers the public.
pub(crate) async fn answer(gateway: Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if request.uri().path() == "/" {
        return index::page(index::PUBLIC);
    }
    if request.uri().path() == "/openapi.json" {
        let mut response = plain(StatusCode::OK, OPENAPI);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        return response;
    }
    // The copy of the directory that this gateway goes by, where it is one of several.
    let directory = gateway.settings.log.directory.as_deref().map(log_directory);
    let (folder, path) = match (request.uri().path(), directory) {
        (path, Some(directory)) if path.starts_with(DIRECTORY) => {
            (directory, path.strip_prefix("/directory").unwrap_or_default())
        }
        (path, _) => (gateway.log_folder(), path),
    };
    match LogFile::of(path) {
        Some(file @ (LogFile::Checkpoint | LogFile::Witnessed | LogFile::VerifierKey | LogFile::Tile(_))) => {
            serve(&folder, &file).await
        }
        Some(LogFile::Entries(_)) => {
            plain(StatusCode::FORBIDDEN, "entry bundles are for auditors: ask their listener\n")
        }
        None => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

/// What a browser is told of the persons' door: over TLS only, and nothing is loaded, framed or guessed.
const FOR_BROWSERS: [(HeaderName, &str); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Answers persons who have no door here.
pub(super) fn nothing_here() -> Response<Body> {
    let mut response = plain(StatusCode::NOT_FOUND, "not found\n");
    for (name, value) in FOR_BROWSERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

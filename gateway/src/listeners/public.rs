//! 8446: the public. Checkpoint, verifier key and hash tiles; nothing personal ever. And 8444, where there is nothing yet.

use std::sync::Arc;

use hyper::{Method, Request, Response, StatusCode, body::Incoming};

use crate::{
    gateway::Gateway,
    listeners::{
        Body,
        files::{LogFile, plain, serve},
    },
};

/// Answers the public.
pub async fn answer(gateway: Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    match LogFile::of(request.uri().path()) {
        Some(file @ (LogFile::Checkpoint | LogFile::VerifierKey | LogFile::Tile(_))) => {
            serve(&gateway.log_folder(), &file).await
        }
        Some(LogFile::Entries(_)) => {
            plain(StatusCode::FORBIDDEN, "entry bundles are for auditors: ask their listener\n")
        }
        None => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

/// Answers persons: their door is built in a later release.
pub fn nothing_yet() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "not found\n")
}

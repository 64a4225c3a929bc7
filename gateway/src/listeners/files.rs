//! The published log as files (tlog-tiles): which paths there are, and how they are read.

use std::path::{Path, PathBuf};

use credit_audit::tile::{TileKind, parse_path};
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderValue},
};

use crate::listeners::Body;

/// A file of the log.
pub enum LogFile {
    /// The signed checkpoint.
    Checkpoint,
    /// The verifier key.
    VerifierKey,
    /// A hash tile: for anyone.
    Tile(String),
    /// An entry bundle: for auditors.
    Entries(String),
}

impl LogFile {
    /// The file at a path of a URL, with or without the prefix `/log`.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/log/").or_else(|| path.strip_prefix('/'))?;
        match path {
            "checkpoint" => Some(Self::Checkpoint),
            "log.vkey" => Some(Self::VerifierKey),
            tile => match parse_path(tile)?.kind {
                TileKind::Hashes(_) => Some(Self::Tile(tile.to_owned())),
                TileKind::Entries => Some(Self::Entries(tile.to_owned())),
            },
        }
    }

    /// Its path below the log's folder.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::VerifierKey => "log.vkey",
            Self::Tile(path) | Self::Entries(path) => path,
        }
    }
}

/// Reads a file of the log, or answers 404.
pub async fn serve(folder: &Path, file: &LogFile) -> Response<Body> {
    let path: PathBuf = folder.join(file.path());
    let Ok(Ok(bytes)) = tokio::task::spawn_blocking(move || std::fs::read(path)).await else {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    };
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    let (content_type, cache) = match file {
        LogFile::Checkpoint => ("text/plain; charset=utf-8", "no-cache"),
        LogFile::VerifierKey => ("text/plain; charset=utf-8", "max-age=3600"),
        LogFile::Tile(_) => ("application/octet-stream", "max-age=31536000, immutable"),
        LogFile::Entries(_) => ("application/octet-stream", "no-store"),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// A short plain answer.
#[must_use]
pub fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

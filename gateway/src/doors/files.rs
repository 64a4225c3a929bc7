//! The published log as files (tlog-tiles): which paths there are, and how they are read.

use std::{io, path::Path};

use credit_audit::{
    checkpoint::Checkpoint,
    cosigning::WITNESSED,
    pruned::{PRUNED, PrunedHead},
    tile::{self, FULL_WIDTH, TileKind, TileName, parse_path},
};
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderValue},
};

use crate::transport::{Body, whole};

/// A file of the log.
pub(crate) enum LogFile {
    /// The signed checkpoint.
    Checkpoint,
    /// The checkpoint that witnesses cosigned.
    Witnessed,
    /// The verifier key.
    VerifierKey,
    /// A hash tile: for anyone.
    Tile(String),
    /// An entry bundle, or what is kept of those that were let go: for auditors.
    Entries(String),
}

impl LogFile {
    /// The file at a path of a URL, with or without the prefix `/log`.
    #[must_use]
    pub(crate) fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/log/").or_else(|| path.strip_prefix('/'))?;
        match path {
            "checkpoint" => Some(Self::Checkpoint),
            WITNESSED => Some(Self::Witnessed),
            "log.vkey" => Some(Self::VerifierKey),
            // It keeps records as bundles have them.
            PRUNED => Some(Self::Entries(PRUNED.to_owned())),
            tile => match parse_path(tile)?.kind {
                TileKind::Hashes(_) => Some(Self::Tile(tile.to_owned())),
                TileKind::Entries => Some(Self::Entries(tile.to_owned())),
            },
        }
    }

    /// Its path below the log's folder.
    #[must_use]
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Witnessed => WITNESSED,
            Self::VerifierKey => "log.vkey",
            Self::Tile(path) | Self::Entries(path) => path,
        }
    }
}

/// Reads a file of the log; answers 404 where there is none, 410 where two officers let it go, and 503 where it cannot be read
/// or was lost.
pub(crate) async fn serve(folder: &Path, file: &LogFile) -> Response<Body> {
    let (folder, name) = (folder.to_owned(), file.path().to_owned());
    let read = tokio::task::spawn_blocking(move || match read(&folder, &name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => missing(&folder, &name, error),
        read => read.map(Ok),
    });
    let read = read.await;
    let bytes = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(leaf)) => {
            return plain(StatusCode::GONE, format!("let go by two officers: see entry {leaf} of the log\n"));
        }
        Err(error) => return unreadable(&error, file),
    };
    let mut response = Response::new(whole(bytes));
    let (content_type, cache) = match file {
        LogFile::Checkpoint | LogFile::Witnessed => ("text/plain; charset=utf-8", "no-cache"),
        LogFile::VerifierKey => ("text/plain; charset=utf-8", "max-age=3600"),
        LogFile::Tile(_) => ("application/octet-stream", "max-age=31536000, immutable"),
        LogFile::Entries(_) => ("application/octet-stream", "no-store"),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// What is not there is a fact; what cannot be read is none, and is to be asked for again.
fn unreadable(error: &io::Error, file: &LogFile) -> Response<Body> {
    if error.kind() == io::ErrorKind::NotFound {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    }
    tracing::error!(%error, place = file.path(), "a file of the published log could not be read");
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "cannot be read now\n");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Why a file is not there: it was let go, as a leaf says; it was lost; or there is none.
fn missing(folder: &Path, name: &str, error: io::Error) -> io::Result<Result<Vec<u8>, u64>> {
    let bundle = parse_path(name).filter(|name| name.kind == TileKind::Entries);
    let ends_at = bundle.map(|name| (name.index + 1).saturating_mul(FULL_WIDTH.into()));
    let gone = PrunedHead::read(folder, None)?.filter(|head| ends_at.is_some_and(|end| end <= head.until));
    match gone {
        Some(head) => Ok(Err(head.leaf)),
        None if is_published(folder, name) => Err(io::Error::other(
            "it was published and is missing; where its entry bundle is there, the next start makes it again",
        )),
        None => Err(error),
    }
}

/// Whether the checkpoint in the folder says that this tile, or the full one of which it is the beginning, must be there.
fn is_published(folder: &Path, name: &str) -> bool {
    let checkpoint = std::fs::read_to_string(folder.join("checkpoint")).ok();
    let text = checkpoint.as_deref().and_then(|signed| signed.split_once("\n\n")).map(|(text, _)| format!("{text}\n"));
    let checkpoint = text.and_then(|text| Checkpoint::parse(&text).ok());
    let (Some(Checkpoint { size, .. }), Some(name)) = (checkpoint, parse_path(name)) else { return false };
    let level = match name.kind {
        TileKind::Hashes(level) => level,
        TileKind::Entries => 0,
    };
    let width = tile::width_at(level, name.index, size);
    width == FULL_WIDTH || width == name.width
}

/// A partial tile is cleaned up once its full one is there; whoever still asks for it gets that one's beginning.
fn read(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    let whole = match (std::fs::read(folder.join(name)), parse_path(name)) {
        (Err(error), Some(partial)) if error.kind() == io::ErrorKind::NotFound && partial.width < FULL_WIDTH => partial,
        (read, _) => return read,
    };
    let full = std::fs::read(folder.join(TileName { width: FULL_WIDTH, ..whole }.path()))?;
    let width = usize::from(whole.width);
    let length = match whole.kind {
        TileKind::Hashes(_) => width * 32,
        TileKind::Entries => tile::entries(&full).take(width).flatten().map(|entry| entry.len() + 2).sum(),
    };
    full.get(..length).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A short plain answer.
#[must_use]
pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_not_there_is_not_found() {
        let folder = crate::scratch::Scratch::new();
        let file = LogFile::of("/checkpoint").unwrap();
        assert_eq!(serve(folder.path(), &file).await.status(), StatusCode::NOT_FOUND);
        // Reading a folder is an error of another kind, as a broken disk or a lack of descriptors is.
        std::fs::create_dir(folder.path().join("checkpoint")).unwrap();
        let answer = serve(folder.path(), &file).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    }

    #[tokio::test]
    async fn a_tile_that_was_published_and_is_lost_is_no_tile_that_is_not_there() {
        let folder = crate::scratch::Scratch::new();
        let root = "A".repeat(43);
        let size = 3 * 65_536 + 2 * 256 + 7;
        std::fs::write(folder.path().join("checkpoint"), format!("a.example/log\n{size}\n{root}=\n\n- a signature\n"))
            .unwrap();
        for (path, is_lost) in [
            ("/tile/0/000", true),
            ("/tile/0/000.p/9", true),
            ("/tile/0/769", true),
            ("/tile/0/770", false),
            ("/tile/0/770.p/7", true),
            ("/tile/0/770.p/6", false),
            ("/tile/0/771.p/7", false),
            ("/tile/1/002", true),
            ("/tile/1/003.p/2", true),
            ("/tile/1/003.p/1", false),
            ("/tile/2/000.p/3", true),
            ("/tile/2/000", false),
            ("/tile/3/000.p/1", false),
            ("/tile/entries/001", true),
            ("/tile/entries/770.p/8", false),
        ] {
            let status = serve(folder.path(), &LogFile::of(path).unwrap()).await.status();
            let expected = if is_lost { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NOT_FOUND };
            assert_eq!(status, expected, "{path}");
        }
    }

    #[test]
    fn other_paths_are_no_files_of_the_log() {
        for path in [
            "",
            "/",
            "/log",
            "/log/",
            "/log/wal/lock",
            "/../state.snapshot",
            "/tile/0/../../state.snapshot",
            "/tile/0/1",
            "/log.vkey/",
        ] {
            assert!(LogFile::of(path).is_none(), "{path}");
        }
        assert!(matches!(LogFile::of("/log/tile/entries/000"), Some(LogFile::Entries(_))));
        assert!(matches!(LogFile::of("/tile/0/000.p/7"), Some(LogFile::Tile(_))));
    }

    #[test]
    fn a_partial_that_was_cleaned_up_is_the_beginning_of_the_full_one() {
        let folder = crate::scratch::Scratch::new();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        assert!(read(folder.path(), "tile/0/000.p/3").is_err());
        let hashes: Vec<u8> = (0..256_u32).flat_map(|n| [u8::try_from(n % 251).unwrap(); 32]).collect();
        write("tile/0/000", &hashes);
        assert_eq!(read(folder.path(), "tile/0/000.p/3").unwrap(), hashes[..96]);
        let mut bundle = Vec::new();
        for n in 0..256 {
            tile::push_entry(&mut bundle, "x".repeat(n % 5).as_bytes()).unwrap();
        }
        write("tile/entries/000", &bundle);
        assert_eq!(read(folder.path(), "tile/entries/000.p/3").unwrap(), b"\0\0\0\x01x\0\x02xx");
        write("tile/0/000.p/3", b"as it is");
        assert_eq!(read(folder.path(), "tile/0/000.p/3").unwrap(), b"as it is");
    }
}

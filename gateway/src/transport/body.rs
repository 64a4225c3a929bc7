//! The body of a request, read once, bounded in bytes and time.
//!
//! A request is a query once its head and body are complete (formats.md §2): [`RequestBody::finish`] tells.

use std::{io::ErrorKind, time::Duration};

use http_body_util::BodyExt;
use hyper::{
    Version,
    body::{Body as _, Incoming},
};
use tokio::time::Instant;

/// Why a body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off (then [`RequestBody::finish`] says so), or is no body.
    Unusable,
}

/// Of a body that is too large, so much is read and discarded before it is refused.
const DISCARD_BYTES: usize = 1024 * 1024;

/// A body on its way in.
pub struct RequestBody {
    incoming: Incoming,
    version: Version,
    deadline: Instant,
    seen: usize,
    trailers: bool,
    state: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    More,
    Complete,
    Broken,
    /// What came is no body, so that nobody can tell where it ends.
    Unreadable,
}

impl RequestBody {
    /// A body that must be complete after `time`.
    #[must_use]
    pub fn new(incoming: Incoming, version: Version, time: Duration) -> Self {
        let state = if incoming.is_end_stream() { Reading::Complete } else { Reading::More };
        Self { incoming, version, deadline: Instant::now() + time, seen: 0, trailers: false, state }
    }

    /// Reads all of it, at most `limit` bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&mut self, limit: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        while let Some(data) = self.data().await {
            if bytes.len() + data.len() > limit {
                return Err(ReadError::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        match self.state {
            // Fields behind a body have no meaning here, and h2 does not look at what they are.
            Reading::Complete if !self.trailers => Ok(bytes),
            Reading::More | Reading::Complete | Reading::Broken | Reading::Unreadable => Err(ReadError::Unusable),
        }
    }

    /// Reads and discards the rest of a body that is refused anyway.
    pub async fn finish(&mut self) -> Finished {
        while self.seen <= DISCARD_BYTES && self.data().await.is_some() {}
        match self.state {
            Reading::Complete => Finished::Complete,
            Reading::More | Reading::Unreadable => Finished::TooLong,
            Reading::Broken => Finished::Broken,
        }
    }

    async fn data(&mut self) -> Option<hyper::body::Bytes> {
        loop {
            if self.state != Reading::More {
                return None;
            }
            match tokio::time::timeout_at(self.deadline, self.incoming.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.seen += data.len();
                        return Some(data);
                    }
                    Err(_) => self.trailers = true,
                },
                // hyper takes a stream that was reset with NO_ERROR for one that ended; this tells them apart.
                Ok(None) if self.version == Version::HTTP_2 && !self.incoming.is_end_stream() => {
                    self.state = Reading::Broken;
                }
                Ok(None) => self.state = Reading::Complete,
                Ok(Some(Err(error))) if is_no_body(&error) => self.state = Reading::Unreadable,
                Ok(Some(Err(_))) | Err(_) => self.state = Reading::Broken,
            }
        }
    }
}

/// Whether hyper could not make sense of the bytes; only of chunks, which are refused by their head.
fn is_no_body(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData))
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// All of it came.
    Complete,
    /// More than is worth discarding, or no body at all: the connection is closed after the refusal.
    TooLong,
    /// It broke off or did not come in time.
    Broken,
}

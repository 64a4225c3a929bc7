//! The body of a request, read once, bounded in bytes and time.
//!
//! A request is a query once its head and body are complete (formats.md §2): [`RequestBody::finish`] tells.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::incoming::{Incoming, Piece, Source, Unread};

/// Why a body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off (then [`RequestBody::finish`] says so), or is no body.
    Unusable,
}

/// The longest body that any path takes: so much of one that is refused is read and discarded before the refusal, since
/// many clients lose an answer that overtakes their request.
pub(crate) const LONGEST: usize = 32 * 1024 * 1024;

/// Of a body that is announced to be longer still, so much.
const DISCARD_BYTES: usize = 1024 * 1024;

/// A body on its way in.
pub struct RequestBody {
    incoming: Incoming,
    deadline: Instant,
    seen: usize,
    /// How much of it is read at most.
    worth: usize,
    /// Its caller waits to be asked for it, and is not: it is announced to be too long.
    is_unasked: bool,
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
    pub fn new(incoming: Incoming, time: Duration) -> Self {
        let state = if incoming.is_at_end() { Reading::Complete } else { Reading::More };
        let is_endless = incoming.announced().is_some_and(|bytes| bytes > LONGEST as u64);
        let worth = if is_endless { DISCARD_BYTES } else { LONGEST };
        Self { incoming, deadline: Instant::now() + time, seen: 0, worth, is_unasked: false, trailers: false, state }
    }

    /// Reads all of it, at most `limit` bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&mut self, limit: usize) -> Result<Vec<u8>, ReadError> {
        if self.incoming.waits() && self.incoming.announced().is_some_and(|bytes| bytes > limit as u64) {
            self.is_unasked = true;
            return Err(ReadError::TooLarge);
        }
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
        while !self.is_unasked && self.seen <= self.worth && self.data().await.is_some() {}
        self.incoming.give_up();
        match self.state {
            Reading::Complete => Finished::Complete,
            Reading::More | Reading::Unreadable => Finished::TooLong,
            Reading::Broken => Finished::Broken,
        }
    }

    async fn data(&mut self) -> Option<hyper::body::Bytes> {
        if self.state != Reading::More {
            return None;
        }
        self.state = match tokio::time::timeout_at(self.deadline, self.incoming.next()).await {
            Ok(Piece::Data(data)) => {
                self.seen += data.len();
                return Some(data);
            }
            Ok(Piece::Trailers) => {
                self.trailers = true;
                Reading::Complete
            }
            Ok(Piece::End) => Reading::Complete,
            Ok(Piece::Unreadable) => Reading::Unreadable,
            Ok(Piece::Broken) | Err(_) => Reading::Broken,
        };
        None
    }
}

/// Reads and discards what a service left of a body that it answered without reading, since many clients lose an answer
/// that overtakes their request. What is still not at its end after that is returned.
pub(super) async fn discard(
    mut unread: oneshot::Receiver<Unread>,
    wanted: Option<Arc<Notify>>,
    time: Duration,
) -> Option<Source> {
    // The service may still be at it, and reads it then.
    let Unread { source, is_given_up } = unread.try_recv().ok()?;
    let mut body = RequestBody::new(Incoming::again(source, wanted), time);
    if !is_given_up {
        body.finish().await;
    }
    body.incoming.into_source().filter(|source| !source.is_at_end())
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

//! The body of a request as it comes in over either protocol; what its service leaves unread is given back.

use std::{io::ErrorKind, sync::Arc};

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes};
use tokio::sync::{Notify, oneshot};

use super::http1_guard::HeadVerdict;

/// A body on its way in. Dropped before [`Incoming::give_up`], it goes back to its connection, which reads the rest.
pub struct Incoming {
    source: Option<Source>,
    seen: HeadVerdict,
    is_given_up: bool,
    wanted: Option<Arc<Notify>>,
    waits: bool,
    back: Option<oneshot::Sender<Unread>>,
}

/// Where a body comes from.
pub(super) enum Source {
    Http1(hyper::body::Incoming),
    Http2(h2::RecvStream),
}

/// What a service left of a body.
pub(super) struct Unread {
    pub(super) source: Source,
    /// Nobody is to wait for the rest of it.
    pub(super) is_given_up: bool,
}

/// What comes next.
pub(super) enum Piece {
    Data(Bytes),
    /// Fields behind the body, which end it too.
    Trailers,
    End,
    /// It broke off.
    Broken,
    /// What came is no body, so that nobody can tell where it ends.
    Unreadable,
}

impl Incoming {
    /// A body behind a head of which that was `seen`, and where it comes back to. `wanted` is told once somebody begins to read it; its caller `waits` for that
    /// before it is sent (RFC 9110 §10.1.1).
    pub(super) fn new(
        source: Source,
        seen: HeadVerdict,
        wanted: Option<Arc<Notify>>,
        waits: bool,
    ) -> (Self, oneshot::Receiver<Unread>) {
        let (back, unread) = oneshot::channel();
        (Self { source: Some(source), seen, is_given_up: false, wanted, waits, back: Some(back) }, unread)
    }

    /// A body that came back, with nowhere else to go.
    pub(super) fn again(source: Source, wanted: Option<Arc<Notify>>) -> Self {
        Self { source: Some(source), seen: HeadVerdict::Sound, is_given_up: false, wanted, waits: false, back: None }
    }

    /// What was seen of its head.
    pub(super) fn seen(&self) -> HeadVerdict {
        self.seen
    }

    /// Whether the caller waits to be asked for it.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// How many bytes of it are to come, where that is known.
    pub(super) fn announced(&self) -> Option<u64> {
        match self.source.as_ref()? {
            Source::Http1(body) => body.size_hint().exact(),
            Source::Http2(_) => None,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.source.as_ref().is_none_or(Source::is_at_end)
    }

    /// Nobody is to wait for the rest.
    pub(super) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    pub(super) fn into_source(mut self) -> Option<Source> {
        self.source.take()
    }

    pub(super) async fn next(&mut self) -> Piece {
        if let Some(wanted) = self.wanted.take() {
            wanted.notify_one();
        }
        match &mut self.source {
            None => Piece::Broken,
            Some(Source::Http1(body)) => match body.frame().await {
                None => Piece::End,
                Some(Ok(frame)) => frame.into_data().map_or(Piece::Trailers, Piece::Data),
                Some(Err(error)) if is_no_body(&error) => Piece::Unreadable,
                Some(Err(_)) => Piece::Broken,
            },
            Some(Source::Http2(stream)) => match stream.data().await {
                Some(Ok(data)) => match stream.flow_control().release_capacity(data.len()) {
                    Ok(()) => Piece::Data(data),
                    Err(_) => Piece::Broken,
                },
                Some(Err(_)) => Piece::Broken,
                None => match stream.trailers().await {
                    Ok(None) => Piece::End,
                    Ok(Some(_)) => Piece::Trailers,
                    Err(_) => Piece::Broken,
                },
            },
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let (Some(back), Some(source)) = (self.back.take(), self.source.take()) {
            // The connection may have answered already, and waits for nothing then.
            drop(back.send(Unread { source, is_given_up: self.is_given_up }));
        }
    }
}

impl Source {
    pub(super) fn is_at_end(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(stream) => stream.is_end_stream(),
        }
    }
}

/// Whether hyper could not make sense of the bytes; only of chunks, which are refused by their head.
fn is_no_body(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData))
}

//! A look at the frames of an HTTP/2 connection, at their heads alone: how many there are, and which streams are open
//! for how long. h2 bounds streams, heads and resets; it takes any number of pings, settings and window updates, waits
//! for ever for the rest of a head and for the caller to take an answer, and knows no idle connection (RFC 9113 §10.5).
//!
//! Not a second parser: no frame is changed, held back or understood beyond its first nine bytes. Who sends too many, or
//! leaves a stream open for too long, loses the connection.

mod scan;

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use scan::{CONTINUATION, DATA, Frame, HEADERS, RST_STREAM, Scan};

/// Http2Guard that may come before anything was answered; each answer and each second earns some more.
const ALLOWANCE: u32 = 2_000;
const EARNED_BY_AN_ANSWER: u32 = 32;
const EARNED_BY_A_LINE: u32 = 4;
const EARNED_IN_A_SECOND: u32 = 20;
/// A piece of a body of at least so many bytes costs nothing: the body is bounded.
const PIECE_BYTES: usize = 256;
/// So many bytes of a head cost as much as a frame: packed heads take their time.
const HEAD_BYTES: usize = 256;

/// How long an HTTP/2 connection may do what, and who is told that it did not keep to it.
#[derive(Clone)]
pub(crate) struct FrameBudget {
    /// Without an open stream.
    pub idle: Duration,
    /// From the first frame of a stream to the last of its answer, or between two good pieces of it.
    pub stream: Duration,
    /// Told what came of it.
    pub reason: CloseReason,
}

/// Why a connection was ended, if it was: for who counts.
#[derive(Clone, Default)]
pub(crate) struct CloseReason(Arc<AtomicU8>);

const FLOODING: u8 = 1;
const STALLED: u8 = 2;

impl CloseReason {
    /// It had too many frames.
    #[must_use]
    pub(crate) fn was_flooding(&self) -> bool {
        self.0.load(Ordering::Relaxed) == FLOODING
    }

    /// A stream was open for too long.
    #[must_use]
    pub(crate) fn was_stalled(&self) -> bool {
        self.0.load(Ordering::Relaxed) == STALLED
    }
}

/// A stream whose frames are looked at.
pub(crate) struct Http2Guard<T> {
    inner: T,
    patience: FrameBudget,
    read: Scan,
    written: Scan,
    /// When each was opened, or its caller last took a good piece of its answer.
    streams: BTreeMap<u32, Instant>,
    /// The highest that was ever opened.
    last: u32,
    allowance: u32,
    earned: Instant,
    /// Since no stream was open.
    idle: Instant,
    timer: Pin<Box<Sleep>>,
}

impl<T> Http2Guard<T> {
    /// Around a connection that begins now.
    pub(crate) fn new(inner: T, patience: FrameBudget) -> Self {
        let now = Instant::now();
        Self {
            inner,
            read: Scan::of_caller(),
            written: Scan::new(),
            streams: BTreeMap::new(),
            last: 0,
            allowance: ALLOWANCE,
            earned: now,
            idle: now,
            timer: Box::pin(tokio::time::sleep_until(now + patience.idle)),
            patience,
        }
    }

    /// Http2Guard that came; false where they are too many.
    fn came(&mut self, mut bytes: &[u8]) -> bool {
        while let Some(frame) = self.read.next(&mut bytes) {
            let cost = match frame.kind {
                DATA if frame.length >= PIECE_BYTES => 0,
                HEADERS | CONTINUATION => 1 + u32::try_from(frame.length / HEAD_BYTES).unwrap_or(u32::MAX),
                _ => 1,
            };
            if !self.pay(cost) {
                self.patience.reason.0.store(FLOODING, Ordering::Relaxed);
                return false;
            }
            match frame.kind {
                HEADERS if frame.stream > self.last => {
                    self.last = frame.stream;
                    self.streams.insert(frame.stream, Instant::now());
                }
                RST_STREAM => self.close(frame.stream),
                _ => {}
            }
        }
        true
    }

    fn went(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.written.next(&mut bytes) {
            if frame.ends_stream() {
                self.allowance = (self.allowance + EARNED_BY_AN_ANSWER).min(ALLOWANCE);
            }
            if frame.ends_stream() || frame.kind == RST_STREAM {
                self.close(frame.stream);
            } else if frame.kind == DATA && frame.length >= PIECE_BYTES {
                // A line of a batch was taken: its caller is at it, and opens its window for the next.
                self.allowance = self.allowance.saturating_add(EARNED_BY_A_LINE).min(ALLOWANCE);
                if let Some(since) = self.streams.get_mut(&frame.stream) {
                    *since = Instant::now();
                }
            }
        }
    }

    fn pay(&mut self, cost: u32) -> bool {
        if self.allowance < cost {
            let seconds = self.earned.elapsed().as_secs();
            let earned = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(EARNED_IN_A_SECOND);
            self.earned += Duration::from_secs(seconds);
            self.allowance = self.allowance.saturating_add(earned).min(ALLOWANCE);
        }
        let rest = self.allowance.checked_sub(cost);
        self.allowance = rest.unwrap_or(self.allowance);
        rest.is_some()
    }

    fn close(&mut self, stream: u32) {
        if self.streams.remove(&stream).is_some() && self.streams.is_empty() {
            self.idle = Instant::now();
        }
    }

    /// Nothing to read now; a connection that has waited for too long ends.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let oldest = self.streams.values().min().copied();
            let due = oldest.map_or(self.idle + self.patience.idle, |opened| opened + self.patience.stream);
            if due < self.timer.deadline() {
                self.timer.as_mut().reset(due);
            }
            ready!(self.timer.as_mut().poll(context));
            if due <= Instant::now() {
                if oldest.is_some() {
                    self.patience.reason.0.store(STALLED, Ordering::Relaxed);
                }
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(due);
        }
    }
}

impl Frame {
    fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & scan::END_STREAM != 0
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Http2Guard<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(context, buffer) else {
            return this.poll_patience(context);
        };
        read?;
        let (_, new) = buffer.filled().split_at(before);
        if this.came(new) { Poll::Ready(Ok(())) } else { Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into())) }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Http2Guard<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(context, bytes))?;
        this.went(bytes.split_at(written).0);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write_vectored(context, parts))?;
        let mut rest = written;
        for part in parts {
            let (went, _) = part.split_at(part.len().min(rest));
            this.went(went);
            rest -= went.len();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

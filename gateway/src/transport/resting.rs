//! A connection of HTTP/1.1 that rests between two requests: hyper's two buffers, 16 KiB, are given back, and made again with the
//! first byte of the next request. Callers keep thousands of connections open.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::{
    body::{Buf, Bytes},
    rt::Timer,
    server::conn::http1::Connection,
    service::HttpService,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{Body, alarm::Alarm};

/// A connection rests once nothing was read for so long where a head is due.
pub(super) const REST: Duration = Duration::from_secs(2);

/// What a connection does, as far as it decides whether it rests; shared by its stream and its timer.
#[derive(Clone, Default)]
pub(super) struct Doing(Arc<AtomicU8>);

/// hyper waits for a head.
const WAITS: u8 = 1;
/// Something of it was read.
const HAS_READ: u8 = 2;
/// The caller does not take what is written.
const IS_BLOCKED: u8 = 4;

impl Doing {
    fn set(&self, what: u8, whether: bool) {
        if whether {
            self.0.fetch_or(what, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!what, Ordering::Relaxed);
        }
    }

    fn rests(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WAITS
    }
}

/// Waits until a connection ends, or rests where it may; nothing in the latter case.
pub(super) async fn until_rest<I, S>(
    connection: &mut Connection<TokioIo<Resting<I>>, S>,
    alarm: &Alarm,
    doing: &Doing,
    may_rest: bool,
) -> Option<hyper::Result<()>>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<hyper::body::Incoming, ResBody = Body>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut since = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(ended) = Pin::new(&mut *connection).poll(context) {
            return Poll::Ready(Some(ended));
        }
        if !may_rest || !doing.rests() {
            since = None;
            return Poll::Pending;
        }
        let since = *since.get_or_insert_with(Instant::now);
        alarm.poll(since + REST, context).map(|()| None)
    })
    .await
}

/// A stream of which something can be read before hyper is there.
pub(super) struct Resting<I> {
    inner: I,
    doing: Doing,
    /// What was read already.
    before: Bytes,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Resting<I> {
    pub(super) fn new(inner: I, doing: Doing) -> Self {
        Self { inner, doing, before: Bytes::new() }
    }

    /// What hyper had read and not used comes first.
    pub(super) fn put_back(&mut self, unused: Bytes) {
        self.before = unused;
    }

    /// Waits for the first byte of a request, and keeps it. The end, or what is wrong, is seen by whoever reads next.
    pub(super) async fn first_byte(&mut self) {
        let mut first = [0];
        if self.before.is_empty() && matches!(self.inner.read(&mut first).await, Ok(1)) {
            self.before = Bytes::copy_from_slice(&first);
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Resting<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.has_remaining() {
            let count = self.before.remaining().min(buffer.remaining());
            buffer.put_slice(&self.before.split_to(count));
            self.doing.set(HAS_READ, true);
            return Poll::Ready(Ok(()));
        }
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > filled {
            self.doing.set(HAS_READ, true);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> Resting<I> {
    fn noted<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.doing.set(IS_BLOCKED, polled.is_pending());
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Resting<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.noted(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.noted(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        self.noted(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// The timer that hyper is given: it sets a deadline when it begins to wait for a head, and gives it up when it has one.
#[derive(Clone)]
pub(super) struct HeadTimer {
    alarm: Alarm,
    doing: Doing,
}

impl HeadTimer {
    pub(super) fn new(alarm: Alarm, doing: Doing) -> Self {
        Self { alarm, doing }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.doing.set(HAS_READ, false);
        self.doing.set(WAITS, true);
        Box::pin(UntilHead { until: self.alarm.sleep_until(deadline), doing: self.doing.clone() })
    }

    fn now(&self) -> std::time::Instant {
        self.alarm.now()
    }
}

struct UntilHead {
    until: Pin<Box<dyn hyper::rt::Sleep>>,
    doing: Doing,
}

impl Future for UntilHead {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.until.as_mut().poll(context)
    }
}

impl Drop for UntilHead {
    fn drop(&mut self) {
        self.doing.set(WAITS, false);
    }
}

impl hyper::rt::Sleep for UntilHead {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_only_where_a_head_is_due_and_nothing_waits() {
        let doing = Doing::default();
        assert!(!doing.rests());
        let timer = HeadTimer::new(Alarm::default(), doing.clone());
        let waits = timer.sleep(REST);
        assert!(doing.rests());
        for what in [HAS_READ, IS_BLOCKED] {
            doing.set(what, true);
            assert!(!doing.rests());
            doing.set(what, false);
        }
        drop(waits);
        assert!(!doing.rests());
    }
}

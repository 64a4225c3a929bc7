//! A stream whose other side must take what is written to it within a time. hyper waits for ever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use prometheus::IntCounter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::places::Voice;

/// See the module.
pub(crate) struct WriteTimeout<T> {
    inner: T,
    time: Duration,
    /// Since something could not be written.
    deadline: Option<Pin<Box<Sleep>>>,
    stalled: IntCounter,
    /// Told of what it does, where its place may be lost.
    voice: Option<Voice>,
    has_spoken: bool,
}

impl<T> WriteTimeout<T> {
    /// Around a stream; `stalled` counts those that are given up.
    pub(crate) fn new(inner: T, time: Duration, stalled: IntCounter, voice: Option<Voice>) -> Self {
        Self { inner, time, deadline: None, stalled, voice, has_spoken: false }
    }

    fn within_time<R>(&mut self, polled: Poll<io::Result<R>>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            if self.deadline.take().is_some()
                && let Some(voice) = &self.voice
            {
                voice.speaks();
            }
            return polled;
        }
        if self.deadline.is_none()
            && let Some(voice) = &self.voice
        {
            voice.stalls();
        }
        let time = self.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        deadline.as_mut().poll(context).map(|()| {
            self.stalled.inc();
            Err(io::ErrorKind::TimedOut.into())
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for WriteTimeout<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(context, buffer);
        if !this.has_spoken && buffer.filled().len() > before {
            this.has_spoken = true;
            if let Some(voice) = &this.voice {
                voice.speaks();
            }
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.within_time(polled, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_flush(context);
        this.within_time(polled, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_shutdown(context);
        this.within_time(polled, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write_vectored(context, parts);
        this.within_time(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_is_waited_for_and_who_does_not_is_given_up() {
        let (mut caller, ours) = tokio::io::duplex(1_000);
        let stalled = IntCounter::new("stalled", "a test's").unwrap();
        let mut ours = WriteTimeout::new(ours, Duration::from_secs(5), stalled.clone(), None);
        let reading = tokio::spawn(async move {
            let mut byte = [0; 500];
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                caller.read_exact(&mut byte).await.unwrap();
            }
            caller
        });
        ours.write_all(&[1; 4_000]).await.unwrap();
        let began = tokio::time::Instant::now();
        let _caller = reading.await.unwrap();
        let error = ours.write_all(&[1; 4_000]).await.unwrap_err();
        assert_eq!((error.kind(), stalled.get()), (io::ErrorKind::TimedOut, 1));
        assert!((5..15).contains(&began.elapsed().as_secs()));
    }
}

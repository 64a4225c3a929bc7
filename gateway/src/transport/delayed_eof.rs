//! A connection whose end is told a little late.
//!
//! h2 looks at the end of a connection before it hands out the streams that came with it, so that the requests of a
//! caller who hangs up at once would be dropped unseen. They are complete, so they are queries (formats.md §2): the end
//! waits until they are on their way. Their bodies are in memory by then, so a turn or two of the runtime is enough.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// How late: many turns of a busy runtime, and nothing to a connection that nobody reads any more.
const LATE: Duration = Duration::from_millis(50);

/// See the module.
pub struct DelayedEof<T> {
    inner: T,
    /// Nothing more can be read.
    is_read: bool,
    end: Option<End>,
}

struct End {
    due: Pin<Box<Sleep>>,
    error: Option<io::Error>,
}

impl<T> DelayedEof<T> {
    /// Around a connection.
    pub fn new(inner: T) -> Self {
        Self { inner, is_read: false, end: None }
    }

    /// The end has come; whoever reads from us is told in a while.
    fn end(&mut self, error: Option<io::Error>, cx: &Context<'_>) -> &mut End {
        self.end.get_or_insert_with(|| {
            cx.waker().wake_by_ref();
            End { due: Box::pin(tokio::time::sleep(LATE)), error }
        })
    }

    /// Of a write that failed, all counts as written: what goes wrong is seen by whoever reads, when all is read.
    fn written(&mut self, written: io::Result<usize>, all: usize, cx: &Context<'_>) -> usize {
        written.unwrap_or_else(|error| {
            self.end(Some(error), cx);
            all
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for DelayedEof<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        // Also after a write that failed: what came before may still be there to be read.
        if !self.is_read {
            match Pin::new(&mut self.inner).poll_read(cx, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => return Poll::Ready(Ok(())),
                Poll::Ready(ended) => {
                    self.is_read = true;
                    self.end(ended.err(), cx);
                }
                Poll::Pending => {}
            }
        }
        let Some(end) = &mut self.end else { return Poll::Pending };
        ready!(end.due.as_mut().poll(cx));
        Poll::Ready(end.error.take().map_or(Ok(()), Err))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for DelayedEof<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes));
        Poll::Ready(Ok(self.written(written, bytes.len(), cx)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, parts));
        Poll::Ready(Ok(self.written(written, parts.iter().map(|part| part.len()).sum(), cx)))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Err(error) = ready!(Pin::new(&mut self.inner).poll_flush(cx)) {
            self.end(Some(error), cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Takes pieces together, so many times; then it is broken. Nothing is there to be read yet.
    struct Vectored(usize);

    impl AsyncRead for Vectored {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Vectored {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            panic!("the pieces come one by one")
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            parts: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let Some(left) = self.0.checked_sub(1) else {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            };
            self.0 = left;
            Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_are_written_together_and_a_failure_is_told_to_who_reads() {
        let mut stream = DelayedEof::new(Vectored(1));
        assert!(stream.is_write_vectored());
        let parts = [IoSlice::new(b"head"), IoSlice::new(b"body")];
        assert_eq!(stream.write_vectored(&parts).await.unwrap(), 8);
        assert_eq!(stream.write_vectored(&parts).await.unwrap(), 8, "a failed write counts as written");
        let began = tokio::time::Instant::now();
        let told = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 8]).await.unwrap_err();
        assert_eq!((told.kind(), began.elapsed()), (io::ErrorKind::BrokenPipe, LATE));
    }
}

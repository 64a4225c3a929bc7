//! One look at the bytes of an HTTP/1.1 head before hyper reads them: a line that ends in a bare LF marks the connection,
//! and its request is refused (formats.md §2). hyper would take it, and what two parties read differently is where
//! requests are smuggled (RFC 9112 §2.2, §11.2).
//!
//! Not a second parser. The gate only finds the ends of lines, lets a head through, and holds back what follows until the
//! service says how long the body is that hyper read from that head. So every byte is either of a head, and seen, or of
//! a body of known length; a pipelined head waits for its turn.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use hyper::{Request, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// No body length was told yet.
const UNTOLD: u64 = u64::MAX;

/// What the service of a connection and the bytes of it tell each other.
pub struct Gate {
    bare_lf: AtomicBool,
    body: AtomicU64,
    waker: AtomicWaker,
}

impl Gate {
    /// The head was read: lets its body through. False where a line of the head ended in a bare LF.
    #[must_use]
    pub fn head_was_read<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        // A body whose end we do not know is refused and the connection closed: nothing after it is a head.
        let length = if headers.contains_key(header::TRANSFER_ENCODING) { UNTOLD - 1 } else { length };
        self.body.store(length.min(UNTOLD - 1), Ordering::Release);
        self.waker.wake();
        !self.bare_lf.load(Ordering::Acquire)
    }
}

/// Where the next byte stands.
enum At {
    /// In a head; the bytes so far of the line, without its end, and whether the last was a CR.
    Line { empty: bool, cr: bool, first: bool },
    /// Behind a head whose body length was not told yet.
    HeadEnd,
    /// In a body with so many bytes left.
    Body(u64),
}

const START: At = At::Line { empty: true, cr: false, first: true };

/// A stream with the gate before it.
pub struct Gated<T> {
    inner: T,
    /// Time for a head, from its first byte on.
    time: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    gate: Arc<Gate>,
    at: At,
    held: Vec<u8>,
}

impl<T> Gated<T> {
    /// Puts a gate before a stream; a head that is not whole after `time` ends it.
    pub fn new(inner: T, time: Duration) -> (Self, Arc<Gate>) {
        let gate =
            Arc::new(Gate { bare_lf: AtomicBool::new(false), body: AtomicU64::new(UNTOLD), waker: AtomicWaker::new() });
        (Self { inner, time, deadline: None, gate: Arc::clone(&gate), at: START, held: Vec::new() }, gate)
    }

    /// How many of these bytes may pass now: up to the end of a head, or of a body.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        for &byte in bytes {
            match &mut self.at {
                At::HeadEnd => return passed,
                At::Body(left) => {
                    let rest = bytes.len() - passed;
                    let now = usize::try_from(*left).unwrap_or(usize::MAX).min(rest);
                    *left -= now as u64;
                    let whole = *left == 0;
                    if whole {
                        self.at = START;
                    }
                    return passed + now;
                }
                At::Line { empty, cr, first } => {
                    passed += 1;
                    match byte {
                        b'\n' => {
                            if !*cr {
                                self.gate.bare_lf.store(true, Ordering::Release);
                            }
                            // Empty lines before a request line are skipped (RFC 9112 §2.2).
                            self.at = if *empty && !*first {
                                At::HeadEnd
                            } else {
                                At::Line { empty: true, cr: false, first: *first && *empty }
                            };
                        }
                        b'\r' => *cr = true,
                        _ => (*empty, *cr) = (false, false),
                    }
                }
            }
        }
        passed
    }

    /// Nothing to read now: in the middle of a head that may go on only for so long.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_within_head() {
            self.deadline = None;
            return Poll::Pending;
        }
        let time = self.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn is_within_head(&self) -> bool {
        match self.at {
            At::Line { empty, first, .. } => !(empty && first),
            At::HeadEnd | At::Body(_) => false,
        }
    }

    /// Takes up the body length once it is told.
    fn poll_told(&mut self, context: &Context<'_>) -> Poll<()> {
        if !matches!(self.at, At::HeadEnd) {
            return Poll::Ready(());
        }
        self.gate.waker.register(context.waker());
        match self.gate.body.swap(UNTOLD, Ordering::AcqRel) {
            UNTOLD => Poll::Pending,
            0 => {
                self.at = START;
                Poll::Ready(())
            }
            left => {
                self.at = At::Body(left);
                Poll::Ready(())
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Gated<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_told(context));
        if !this.held.is_empty() {
            let held = std::mem::take(&mut this.held);
            let most = held.len().min(buffer.remaining());
            let (now, _) = held.split_at(most);
            let passed = this.pass(now);
            let (now, rest) = held.split_at(passed);
            buffer.put_slice(now);
            this.held = rest.to_vec();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(context, buffer) else {
            return this.poll_deadline(context);
        };
        read?;
        let (_, new) = buffer.filled().split_at(before);
        let passed = this.pass(new);
        let (_, rest) = new.split_at(passed);
        this.held.extend_from_slice(rest);
        buffer.set_filled(before + passed);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gated<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
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
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn request(length: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        if let Some(length) = length {
            request.headers_mut().insert(header::CONTENT_LENGTH, length.parse().unwrap());
        }
        request
    }

    /// What comes out before the gate holds, for each told length in turn; chunks are written one by one.
    async fn through(chunks: &[&[u8]], lengths: &[u64]) -> (Vec<Vec<u8>>, bool) {
        let (mut writer, reader) = tokio::io::duplex(4_096);
        let (mut gated, gate) = Gated::new(reader, Duration::from_secs(5));
        for chunk in chunks {
            writer.write_all(chunk).await.unwrap();
        }
        drop(writer);
        let (mut parts, mut sound) = (Vec::new(), true);
        for length in lengths.iter().map(Some).chain([None]) {
            let mut part = Vec::new();
            let mut buffer = [0; 7];
            // The first read takes up what was told; the gate holds again at the end of the next head.
            loop {
                let read = gated.read(&mut buffer).await.unwrap();
                part.extend_from_slice(&buffer[..read]);
                if read == 0 || matches!(gated.at, At::HeadEnd) {
                    break;
                }
            }
            parts.push(part);
            if let Some(length) = length {
                sound &= gate.head_was_read(&request(Some(&length.to_string())));
            }
        }
        (parts, sound)
    }

    #[tokio::test]
    async fn a_bare_lf_anywhere_in_a_head_marks_the_connection() {
        for head in
            ["GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n"]
        {
            let (_, sound) = through(&[head.as_bytes()], &[0]).await;
            assert!(!sound, "{head:?}");
        }
    }

    #[tokio::test]
    async fn a_bare_lf_in_a_body_is_the_body_s_own() {
        let head = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n";
        let (parts, sound) = through(&[head, b"\n\n\n\n", b"GET / HTTP/1.1\r\n\r\n"], &[4, 0]).await;
        assert!(sound);
        assert_eq!(parts[0], head);
        assert_eq!(parts[1], b"\n\n\n\nGET / HTTP/1.1\r\n\r\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_the_connection_and_an_idle_one_waits() {
        let (mut writer, reader) = tokio::io::duplex(4_096);
        let (mut gated, gate) = Gated::new(reader, Duration::from_secs(5));
        let mut buffer = [0; 64];
        let idle = tokio::time::timeout(Duration::from_secs(60), gated.read(&mut buffer)).await;
        assert!(idle.is_err(), "no head has begun");
        writer.write_all(b"GET / HTTP/1.1\r\n\r\nGET").await.unwrap();
        assert_eq!(gated.read(&mut buffer).await.unwrap(), 18);
        assert!(gate.head_was_read(&request(None)));
        assert_eq!(gated.read(&mut buffer).await.unwrap(), 3);
        let began = tokio::time::Instant::now();
        let ended = gated.read(&mut buffer).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test]
    async fn a_pipelined_head_waits_for_its_turn_and_is_seen() {
        let both = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\n\r\n";
        let (parts, sound) = through(&[both], &[0]).await;
        assert!(sound, "the first head has no fault");
        assert_eq!(parts[0], b"GET /1 HTTP/1.1\r\n\r\n");
        let (_, sound) = through(&[both], &[0, 0]).await;
        assert!(!sound);
    }

    #[tokio::test]
    async fn heads_in_pieces_and_empty_lines_before_them_pass() {
        let pieces: Vec<&[u8]> = b"\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n".chunks(1).collect();
        let (parts, sound) = through(&pieces, &[]).await;
        assert!(sound);
        assert_eq!(parts.concat(), pieces.concat());
    }
}

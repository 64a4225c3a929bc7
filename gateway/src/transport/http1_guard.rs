//! One look at the bytes of an HTTP/1.1 head before hyper reads them: a line that ends in a bare LF, a second length, or a
//! fragment marks the connection, and its request is refused (formats.md §2). hyper would take it, and what two parties read
//! differently is where requests are smuggled (RFC 9112 §2.2, §11.2).
//!
//! Not a second parser. The gate only finds the ends of lines, lets a head through, and holds back what follows until the
//! service says how long the body is that hyper read from that head. So every byte is either of a head, and seen, or of
//! a body of known length; a pipelined head waits for its turn. A head that is too long is cut short, so that it can be
//! refused in words.

mod chunks;
mod scan;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
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

pub use scan::HeadVerdict;
use scan::{At, Framing, Scan};
pub(super) use scan::{HEAD_BYTES, HEAD_LINES};

/// No body length was told yet.
const UNTOLD: u64 = u64::MAX;

/// Bytes that a caller may still send after a head that was cut short, and how long: a socket that is closed with unread
/// bytes takes back the refusal.
const LAST_BYTES: usize = 1024 * 1024;
const LAST_WAIT: Duration = Duration::from_secs(1);

/// The body is in chunks.
const CHUNKS: u64 = UNTOLD - 1;

/// What the service of a connection and the bytes of it tell each other.
pub struct GuardHandle {
    look: AtomicU8,
    body: AtomicU64,
    waker: AtomicWaker,
}

impl GuardHandle {
    /// The head was read: lets its body through, and tells what was seen of it.
    #[must_use]
    pub fn head_was_read<B>(&self, request: &Request<B>) -> HeadVerdict {
        let headers = request.headers();
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        let length = match headers.get(header::TRANSFER_ENCODING) {
            None => length.min(CHUNKS - 1),
            Some(coding) if coding == "chunked" => CHUNKS,
            // A body whose end we do not know is refused and the connection closed: nothing after it is a head.
            Some(_) => CHUNKS - 1,
        };
        self.body.store(length, Ordering::Release);
        self.waker.wake();
        match self.look.load(Ordering::Acquire) {
            0 => HeadVerdict::Sound,
            1 => HeadVerdict::Ambiguous,
            _ => HeadVerdict::TooLarge,
        }
    }

    fn saw(&self, look: HeadVerdict) {
        let look = match look {
            HeadVerdict::Sound => 0,
            HeadVerdict::Ambiguous => 1,
            HeadVerdict::TooLarge => 2,
        };
        self.look.store(look, Ordering::Release);
    }
}

/// A stream with the gate before it.
pub struct Http1Guard<T> {
    inner: T,
    /// Time for a head, from its first byte on.
    time: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    gate: Arc<GuardHandle>,
    scan: Scan,
    held: Vec<u8>,
    /// The end of a head that was cut short, until hyper has it.
    ending: &'static [u8],
    last: Option<Last>,
}

/// What still comes in after the refusal of something that is not read on.
struct Last {
    until: Option<Pin<Box<Sleep>>>,
    bytes: usize,
}

impl<T> Http1Guard<T> {
    /// Puts a gate before a stream; a head that is not whole after `time` ends it.
    pub fn new(inner: T, time: Duration) -> (Self, Arc<GuardHandle>) {
        let gate = GuardHandle { look: AtomicU8::new(0), body: AtomicU64::new(UNTOLD), waker: AtomicWaker::new() };
        let gate = Arc::new(gate);
        let scan = Scan::new();
        (
            Self {
                inner,
                time,
                deadline: None,
                gate: Arc::clone(&gate),
                scan,
                held: Vec::new(),
                ending: b"",
                last: None,
            },
            gate,
        )
    }

    /// How many of these bytes may pass now; tells the gate what was seen at the end of a head.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let passed = self.scan.pass(bytes);
        if matches!(self.scan.at, At::HeadEnd | At::Ended) {
            self.gate.saw(self.scan.look);
        }
        if self.scan.at == At::Ended {
            self.ending = self.scan.ending();
        }
        passed
    }

    /// Nothing to read now: in the middle of a head that may go on only for so long.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.scan.is_within_head() {
            self.deadline = None;
            return Poll::Pending;
        }
        let time = self.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Takes up the body length once it is told.
    fn poll_told(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.scan.at != At::HeadEnd {
            return Poll::Ready(());
        }
        self.gate.waker.register(context.waker());
        match self.gate.body.swap(UNTOLD, Ordering::AcqRel) {
            UNTOLD => Poll::Pending,
            length => {
                self.deadline = None;
                self.scan.go_on(if length == CHUNKS { Framing::Chunks } else { Framing::Length(length) });
                Poll::Ready(())
            }
        }
    }
}

impl<T: AsyncRead + Unpin> Http1Guard<T> {
    /// Reads to nowhere, until the caller has sent all or enough.
    fn poll_last(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let last = self.last.get_or_insert(Last { until: None, bytes: LAST_BYTES });
        let mut nowhere = [0; 4096];
        while last.bytes > 0 {
            let mut buffer = ReadBuf::new(&mut nowhere);
            match Pin::new(&mut self.inner).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    last.bytes = last.bytes.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let until = last.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(LAST_WAIT)));
                    return until.as_mut().poll(context);
                }
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Http1Guard<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.scan.at == At::Ended {
            // The end of the head that was cut short; after it, nothing.
            let (now, rest) = this.ending.split_at(this.ending.len().min(buffer.remaining()));
            buffer.put_slice(now);
            this.ending = rest;
            return Poll::Ready(Ok(()));
        }
        if this.scan.at == At::Wrong {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        ready!(this.poll_told(context));
        let passed = if !this.held.is_empty() {
            let held = std::mem::take(&mut this.held);
            let (now, _) = held.split_at(held.len().min(buffer.remaining()));
            let passed = this.pass(now);
            let (now, rest) = held.split_at(passed);
            buffer.put_slice(now);
            this.held = rest.to_vec();
            passed
        } else {
            let before = buffer.filled().len();
            let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(context, buffer) else {
                return this.poll_deadline(context);
            };
            read?;
            let (_, new) = buffer.filled().split_at(before);
            if new.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let passed = this.pass(new);
            let (_, rest) = new.split_at(passed);
            this.held.extend_from_slice(rest);
            buffer.set_filled(before + passed);
            passed
        };
        if passed == 0 {
            // The head was cut short just here, or a chunk is wrong, and an empty read would mean the end.
            return Pin::new(this).poll_read(context, buffer);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Http1Guard<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.last.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
            if !matches!(this.scan.at, At::Ended | At::Wrong) {
                return Poll::Ready(Ok(()));
            }
        }
        this.poll_last(context).map(Ok)
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
        let (mut gated, gate) = Http1Guard::new(reader, Duration::from_secs(5));
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
                if read == 0 || gated.scan.at == At::HeadEnd {
                    break;
                }
            }
            parts.push(part);
            if let Some(length) = length {
                sound &= gate.head_was_read(&request(Some(&length.to_string()))) == HeadVerdict::Sound;
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
    async fn a_fragment_marks_the_connection_and_its_sign_elsewhere_does_not() {
        for (head, sound) in [
            ("GET /a#b HTTP/1.1\r\n\r\n", false),
            ("\r\nGET /a?b# HTTP/1.1\r\n\r\n", false),
            ("GET /a HTTP/1.1\r\nA: #\r\n\r\n", true),
        ] {
            assert_eq!(through(&[head.as_bytes()], &[0]).await.1, sound, "{head:?}");
        }
    }

    #[tokio::test]
    async fn a_line_of_carriage_returns_does_not_end_a_head() {
        let both = b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\nmore\r\n\r\nGET";
        let (parts, _) = through(&[both], &[]).await;
        assert_eq!(parts[0], both[..both.len() - 3]);
    }

    #[tokio::test]
    async fn a_bare_lf_in_a_body_is_the_body_s_own() {
        let head = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n";
        let (parts, sound) = through(&[head, b"\n\n\n\n", b"GET / HTTP/1.1\r\n\r\n"], &[4, 0]).await;
        assert!(sound);
        assert_eq!(parts[0], head);
        assert_eq!(parts[1], b"\n\n\n\nGET / HTTP/1.1\r\n\r\n");
    }

    /// What a caller reads who sends a head of so many bytes before it reads anything, and whether it could send all.
    async fn refused(bytes: usize) -> (bool, Vec<u8>) {
        let (caller, reader) = tokio::io::duplex(4_096);
        let (mut gated, _gate) = Http1Guard::new(reader, Duration::from_secs(5));
        let server = tokio::spawn(async move {
            drop(gated.read_to_end(&mut Vec::new()).await);
            gated.write_all(b"refused").await.unwrap();
            gated.shutdown().await.unwrap();
        });
        let (mut from, mut to) = tokio::io::split(caller);
        let head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(bytes));
        let is_sent = to.write_all(head.as_bytes()).await.is_ok();
        server.await.unwrap();
        let mut read = Vec::new();
        from.read_to_end(&mut read).await.unwrap();
        (is_sent, read)
    }

    #[tokio::test(start_paused = true)]
    async fn the_refusal_of_a_head_that_is_cut_short_reaches_a_caller_who_first_sends_it_whole() {
        assert_eq!(refused(100 * 1024).await, (true, b"refused".to_vec()));
        assert!(!refused(LAST_BYTES + 100 * 1024).await.0, "not for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_the_connection_and_an_idle_one_waits() {
        let (mut writer, reader) = tokio::io::duplex(4_096);
        let (mut gated, gate) = Http1Guard::new(reader, Duration::from_secs(5));
        let mut buffer = [0; 64];
        let idle = tokio::time::timeout(Duration::from_secs(60), gated.read(&mut buffer)).await;
        assert!(idle.is_err(), "no head has begun");
        writer.write_all(b"GET / HTTP/1.1\r\n\r\nGET").await.unwrap();
        assert_eq!(gated.read(&mut buffer).await.unwrap(), 18);
        assert_eq!(gate.head_was_read(&request(None)), HeadVerdict::Sound);
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

    #[tokio::test]
    async fn two_lengths_are_ambiguous_however_they_are_written() {
        for (head, sound) in [
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", false),
            ("POST / HTTP/1.1\r\ncontent-length:2\r\nA: b\r\nCONTENT-LENGTH:  2\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\nX-Content-Length: 2\r\nContent-Lengths: 2\r\n\r\n", true),
        ] {
            assert_eq!(through(&[head.as_bytes()], &[0]).await.1, sound, "{head:?}");
        }
    }

    #[tokio::test]
    async fn a_head_that_is_too_long_is_cut_short_to_one_that_can_be_refused() {
        let lines: String = (0..100).map(|n| format!("X-{n}: 1\r\n")).collect();
        for head in [
            format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000)),
            format!("GET / HTTP/1.1\r\n{}: x\r\n\r\n", "x".repeat(40_000)),
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(40_000)),
            format!("GET / HTTP/1.1\r\n{lines}\r\n"),
        ] {
            let (mut writer, reader) = tokio::io::duplex(64 * 1024);
            let (mut gated, gate) = Http1Guard::new(reader, Duration::from_secs(5));
            writer.write_all(head.as_bytes()).await.unwrap();
            let mut passed = Vec::new();
            gated.read_to_end(&mut passed).await.unwrap();
            assert!(passed.len() < 17_000 && passed.ends_with(b"\r\n\r\n"));
            let ends = passed.windows(4).filter(|end| end == b"\r\n\r\n").count();
            assert_eq!(ends, 1);
            assert_eq!(gate.head_was_read(&request(None)), HeadVerdict::TooLarge);
        }
    }
}

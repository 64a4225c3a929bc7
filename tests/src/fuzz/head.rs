//! The heads of requests on HTTP/1.1. The first byte is the size of the pieces in which the rest arrives (0: all at once);
//! the rest is all that a caller sends on one connection.
//!
//! The gateway's gate and hyper read it as a listener lets them. A second reader knows only requests that RFC 9112
//! leaves no doubt about.
//! 1. Each request that the gateway would answer is the next one of the second reader: same method, target and body.
//!    Nothing that could be smuggled past another party is answered.
//! 2. What is passed on of a head is bounded, and the connection never stands still with bytes unread.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use credit_gateway::for_tests::{Body, GuardHandle, HeadVerdict, Http1Guard, is_ambiguous};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As the listener has them (`listeners/accept.rs`).
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 72;

/// A request as it was understood.
#[derive(Debug, PartialEq, Eq)]
struct Understood {
    method: String,
    target: String,
    body: Vec<u8>,
}

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Some((piece, sent)) = bytes.split_first() else { return false };
    let piece = if *piece == 0 { usize::MAX } else { usize::from(*piece) };
    let answered = serve(sent, piece);
    let (mut plain, taken) = (plain(sent).into_iter(), !answered.is_empty());
    for request in answered {
        assert_eq!(Some(&request), plain.next().as_ref(), "answered what another party may read differently");
    }
    taken
}

/// The requests that the gateway would answer: each sound, and whole.
fn serve(sent: &[u8], piece: usize) -> Vec<Understood> {
    let caller = Caller { sent: sent.to_vec(), at: 0, piece };
    let (stream, gate) = Http1Guard::new(caller, Duration::from_secs(3600));
    let answered = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request| answer(request, Arc::clone(&gate), Rc::clone(&answered)));
    let connection = hyper::server::conn::http1::Builder::new()
        .max_headers(HEAD_LINES)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    run(connection);
    answered.take()
}

async fn answer(
    request: Request<Incoming>,
    gate: Arc<GuardHandle>,
    answered: Rc<RefCell<Vec<Understood>>>,
) -> Result<Response<Body>, Infallible> {
    let look = gate.head_was_read(&request);
    let (head, body) = request.into_parts();
    let bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    assert!(bytes <= 17 * 1024 && head.headers.len() <= 64, "{bytes} bytes in {} lines", head.headers.len());
    let sound = look == HeadVerdict::Sound && !is_ambiguous(&head);
    let mut response = Response::new(Body::Left(Full::default()));
    if !sound {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Ok(response);
    }
    if let Ok(body) = body.collect().await {
        let (method, target) = (head.method.to_string(), head.uri.to_string());
        answered.borrow_mut().push(Understood { method, target, body: body.to_bytes().to_vec() });
    }
    Ok(response)
}

/// Polls to the end. Nothing here waits for the world, so whoever is not woken stands still for ever.
fn run<T>(connection: impl Future<Output = T>) {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let (mut connection, mut context) = (pin!(connection), Context::from_waker(&waker));
    loop {
        let before = count.0.load(Ordering::Relaxed);
        if connection.as_mut().poll(&mut context).is_ready() {
            return;
        }
        assert!(count.0.load(Ordering::Relaxed) > before, "the connection stands still");
    }
}

/// A caller who sends so much in pieces, then ends, and reads whatever comes.
struct Caller {
    sent: Vec<u8>,
    at: usize,
    piece: usize,
}

impl AsyncRead for Caller {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = self.piece.min(buffer.remaining()).min(self.sent.len() - self.at);
        buffer.put_slice(&self.sent[self.at..self.at + length]);
        self.at += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Caller {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The second reader: the requests from the beginning on about which RFC 9112 leaves no doubt.
fn plain(mut sent: &[u8]) -> Vec<Understood> {
    let mut found = Vec::new();
    loop {
        // Empty lines before a request line are passed over (§2.2).
        while let Some(rest) = sent.strip_prefix(b"\r\n") {
            sent = rest;
        }
        let Some(end) = sent.windows(4).position(|window| window == b"\r\n\r\n") else { return found };
        let (head, rest) = (&sent[..end], &sent[end + 4..]);
        let Some((request, length)) = plain_head(head) else { return found };
        let body = match length {
            Some(length) => rest.get(..length).map(|body| (body.to_vec(), &rest[length..])),
            None => plain_chunks(rest),
        };
        let Some((body, behind)) = body else { return found };
        found.push(Understood { body, ..request });
        sent = behind;
    }
}

/// A body in chunks without extensions and trailers (RFC 9112 §7.1), and what follows it.
fn plain_chunks(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let plain = (1..=8).contains(&size.len()) && size.bytes().all(|digit| digit.is_ascii_hexdigit());
        let size = usize::from_str_radix(size, 16).ok().filter(|_| plain)?;
        rest = &rest[end + 2..];
        body.extend_from_slice(rest.get(..size)?);
        rest = rest[size..].strip_prefix(b"\r\n")?;
        if size == 0 {
            return Some((body, rest));
        }
    }
}

/// Request line and fields, and the length of the body; none where it is in chunks.
fn plain_head(head: &[u8]) -> Option<(Understood, Option<usize>)> {
    let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
    let last = lines.len() - 1;
    let mut lines = lines.iter().enumerate().map(|(at, line)| {
        let line = if at == last { Some(*line) } else { line.strip_suffix(b"\r") };
        line.filter(|line| !line.contains(&b'\r') && !line.contains(&0))
    });
    let request = std::str::from_utf8(lines.next()??).ok()?;
    let (method, rest) = request.split_once(' ')?;
    let (target, version) = rest.split_once(' ')?;
    let token = |text: &[u8]| {
        let mark = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        !text.is_empty() && text.iter().all(mark)
    };
    // There is no fragment in a request line (§3.2).
    let visible = |byte: u8| byte != b'#' && (0x21..=0x7e).contains(&byte) || byte >= 0x80;
    let visible = !target.is_empty() && target.bytes().all(visible);
    (token(method.as_bytes()) && visible && ["HTTP/1.1", "HTTP/1.0"].contains(&version)).then_some(())?;
    let (mut hosts, mut lengths, mut codings) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let line = line?;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // No space before the colon, no folded line (§5.1, §5.2).
        token(name).then_some(())?;
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings.push(value);
        } else if name.eq_ignore_ascii_case(b"host") {
            hosts.push(value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            lengths.push(value);
        }
    }
    let [host] = hosts[..] else { return None };
    let target = match target.split_once("://").filter(|(scheme, _)| !scheme.contains('/')) {
        Some((scheme, rest)) => absolute(scheme, rest, host)?,
        None => target.to_owned(),
    };
    let length = match (&lengths[..], &codings[..]) {
        ([], []) => Some(0),
        ([], [b"chunked"]) if version == "HTTP/1.1" => None,
        ([length], []) => {
            (!length.is_empty() && length.iter().all(u8::is_ascii_digit)).then_some(())?;
            Some(std::str::from_utf8(length).ok()?.parse().ok()?)
        }
        _ => return None,
    };
    Some((Understood { method: method.to_owned(), target, body: Vec::new() }, length))
}

/// The absolute form as hyper writes it. It names its host itself (§3.2.2), which must be that of the line.
fn absolute(scheme: &str, rest: &str, host: &[u8]) -> Option<String> {
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (authority.as_bytes() == host).then_some(())?;
    let known = ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme));
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{}://{authority}{slash}{path}", known.unwrap_or(scheme)))
}

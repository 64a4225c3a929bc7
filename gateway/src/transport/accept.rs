//! Accepting connections: bounded in number, with a deadline for the handshake, one task each.
//!
//! Our own loop, because ready-made servers shake hands one at a time and hide the peer's certificate.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use credit_policy::Code;
use hyper::{Request, Response, body::Incoming, service::Service};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    callers::{
        flood::Unrecorded,
        thumbprint::Thumbprint,
        trust::{Cause, CertificateStatus, Trust, with_shown},
    },
    settings::Bounds,
    telemetry::metrics::Closed,
    transport::{
        Body,
        aborts::{Abort, instead_of_a_head},
        delayed_eof::DelayedEof,
        failed_handshakes::FailedHandshakes,
        handshakes::{Handshakes, Place},
        http1_guard::{GuardHandle, Http1Guard},
        http2_guard::{CloseReason, FrameBudget, Http2Guard},
        write_timeout::WriteTimeout,
    },
};

/// Request head: bytes and lines; at a gated door the gate's bounds are narrower.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 72;

/// HTTP/2 windows, of a stream and of a connection: what a caller may send before somebody reads it. And what waits for
/// a caller to take it.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
const SEND_BUFFER: usize = 64 * 1024;

/// Of a caller whose handshake failed, so much is still read, for so long.
const LAST_BYTES: u64 = 64 * 1024;
const LAST_WAIT: Duration = Duration::from_millis(500);

/// What a listener needs to know of its bounds; shared by the tasks of its connections.
pub(crate) struct ListenerConfig {
    /// TLS, or plain for the listeners that are public or on loopback.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whose certificates are trusted, where callers must show one.
    pub trust: Option<Arc<Trust>>,
    /// Open connections.
    pub connections: Arc<Semaphore>,
    /// How many there may be.
    pub most_connections: usize,
    /// Connections that are not open yet.
    pub handshakes: Arc<Handshakes>,
    /// Time for the handshake.
    pub handshake: Duration,
    /// Time for the wait for a request.
    pub idle: Duration,
    /// Time for the head of a request from its first byte on, and for the caller to take what is written.
    pub request: Duration,
    /// Counts what is closed before its time.
    pub closed: Closed,
    /// Told of handshakes that fail.
    pub failed: Arc<FailedHandshakes>,
    /// Streams at once on an HTTP/2 connection.
    pub streams: u32,
    /// Whether heads of HTTP/1.1 are looked at before hyper reads them ([`head`](super::head)); the service must then
    /// tell the gate of every head.
    pub gated: bool,
    /// Told of callers who brought something else than a whole head, by their certificate.
    pub on_bad_head: Option<OnBadHead>,
    /// True once the gateway drains.
    pub draining: watch::Receiver<bool>,
}

/// Counts what came instead of a head, or instead of anything that asks for something.
pub(crate) type OnBadHead = Arc<dyn Fn(Thumbprint, Unrecorded) + Send + Sync>;

/// The other end of a connection, as its service gets to know it.
pub(crate) struct Peer {
    /// The certificate that TLS verified.
    pub standing: Option<Arc<CertificateStatus>>,
    /// The gate before its heads, on HTTP/1.1 at a gated door.
    pub gate: Option<Arc<GuardHandle>>,
    /// Ends the connection.
    pub abort: Abort,
}

impl ListenerConfig {
    /// A door with the bounds of the configuration, and so many connections.
    #[must_use]
    pub(crate) fn new(
        tls: Option<Arc<ServerConfig>>,
        bounds: &Bounds,
        connections: usize,
        closed: Closed,
        failed: Arc<FailedHandshakes>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            tls,
            trust: None,
            connections: Arc::new(Semaphore::new(connections)),
            most_connections: connections,
            handshakes: Handshakes::new(bounds.handshakes.min(connections)),
            handshake: Duration::from_millis(bounds.handshake_ms),
            idle: Duration::from_secs(bounds.idle_s),
            request: Duration::from_millis(bounds.request_ms),
            closed,
            failed,
            streams: u32::try_from(bounds.journeys_per_connection).unwrap_or(u32::MAX),
            gated: false,
            on_bad_head: None,
            draining,
        }
    }
}

/// Accepts until the gateway drains. `service` makes the service of one connection; nothing where its caller has too many
/// already.
pub(crate) async fn accept<S, F>(listener: TcpListener, door: Arc<ListenerConfig>, service: F)
where
    F: Fn(Peer) -> Option<S> + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<Body>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    let mut draining = door.draining.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // A door whose sender is gone never drains: the branch is off then.
            Ok(_) = draining.wait_for(|draining| *draining) => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: wait for connections to end instead of spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        if door.connections.available_permits() == 0 {
            door.closed.too_many.inc();
            continue;
        }
        if door.tls.is_some() {
            door.handshakes.room().await;
        }
        let place = door.tls.as_ref().map(|tls| (TlsAcceptor::from(Arc::clone(tls)), door.handshakes.begin()));
        let (door, service) = (Arc::clone(&door), service.clone());
        tokio::spawn(async move {
            if stream.set_nodelay(true).is_err() {
                return;
            }
            match place {
                Some((acceptor, place)) => {
                    if let Some(stream) = shake_hands(acceptor, (stream, peer), &door, place).await {
                        // In a task of its own size: what a handshake needs is given back by now. The stream is boxed,
                        // since each future that it is handed on to would have room for it.
                        let stream = Box::new(stream);
                        tokio::spawn(async move { certified(stream, &door, service).await });
                    }
                }
                None => {
                    if let Ok(_permit) = Arc::clone(&door.connections).try_acquire_owned()
                        && let Some(service) = service(Peer { standing: None, gate: None, abort: Abort::default() })
                    {
                        let stream = WriteTimeout::new(stream, door.request, door.closed.stalled.clone());
                        end(http1(stream, &door, door.request, service).await, &door, None);
                    }
                }
            }
        });
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    (stream, peer): (TcpStream, SocketAddr),
    door: &ListenerConfig,
    mut place: Place,
) -> Option<TlsStream<TcpStream>> {
    let until = tokio::time::Instant::now() + door.handshake;
    // What is needed for a handshake is made once there is a first byte of it.
    let mut first = [0];
    let peeked = tokio::select! {
        biased;
        peeked = tokio::time::timeout_at(until, stream.peek(&mut first)) => peeked.map_err(|_| Cause::TimedOut),
        () = place.lost() => Err(Cause::CrowdedOut),
    };
    let is_tls = match peeked.and_then(|peeked| first_byte(&peeked, first)) {
        Ok(is_tls) => is_tls,
        Err(cause) => {
            door.failed.note(cause, peer, None);
            return None;
        }
    };
    place.speaks();
    let (done, shown) = with_shown(async {
        tokio::select! {
            done = tokio::time::timeout_at(until, acceptor.accept(stream).into_fallible()) => match done {
                Ok(done) => done.map_err(|(error, stream)| (Cause::of_handshake(&error), Some(stream))),
                Err(_) => Err((Cause::TimedOut, None)),
            },
            () = place.lost() => Err((Cause::CrowdedOut, None)),
        }
    })
    .await;
    match done {
        Ok(stream) => Some(stream),
        Err((cause, stream)) => {
            door.failed.note(if is_tls { cause } else { Cause::NotTls }, peer, shown);
            if let Some(stream) = stream {
                let rest = tokio::time::timeout_at(until, lingering_close(stream));
                tokio::select! {
                    _ = rest => {}
                    () = place.lost() => {}
                }
            }
            None
        }
    }
}

/// Whether a caller begins as TLS does: with a record of a handshake (RFC 8446 §5.1).
fn first_byte(peeked: &io::Result<usize>, first: [u8; 1]) -> Result<bool, Cause> {
    const HANDSHAKE: u8 = 22;
    if matches!(peeked, Ok(1..)) { Ok(first == [HANDSHAKE]) } else { Err(Cause::Probe) }
}

/// Serves a connection over TLS.
async fn certified<S, F>(stream: Box<TlsStream<TcpStream>>, door: &ListenerConfig, service: F)
where
    F: Fn(Peer) -> Option<S>,
    S: Service<Request<Incoming>, Response = Response<Body>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    let Ok(_permit) = Arc::clone(&door.connections).try_acquire_owned() else {
        return door.closed.too_many.inc();
    };
    let (_, session) = stream.get_ref();
    let standing = door
        .trust
        .as_ref()
        .zip(session.peer_certificates())
        .and_then(|(trust, chain)| CertificateStatus::new(trust, chain));
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let stream = WriteTimeout::new(stream, door.request, door.closed.stalled.clone());
    let (stream, gate) = match door.gated && !is_http2 {
        true => {
            let (stream, gate) = Http1Guard::new(stream, door.request);
            (Stream::Http1Guard(stream), Some(gate))
        }
        false => (Stream::Open(stream), None),
    };
    let (certificate, abort) = (standing.as_ref().map(|standing| standing.thumbprint()), Abort::default());
    let Some(service) = service(Peer { standing: standing.clone(), gate, abort: abort.clone() }) else {
        door.closed.too_many.inc();
        return on_bad_head(door, certificate, Unrecorded::Refused(Code::Overloaded));
    };
    let reason = CloseReason::default();
    let serve = async {
        match stream {
            Stream::Open(stream) if is_http2 => tokio::select! {
                ended = Box::pin(http2(stream, door, reason.clone(), service)) => ended,
                () = abort.is_off() => Ok(()),
            },
            Stream::Open(stream) => Box::pin(http1(stream, door, door.request, service)).await,
            Stream::Http1Guard(stream) => Box::pin(http1(stream, door, door.idle, service)).await,
        }
    };
    tokio::select! {
        ended = serve => end(ended, door, certificate),
        () = lost(standing) => door.closed.revoked.inc(),
    }
    if reason.was_flooding() {
        door.closed.flooding.inc();
        on_bad_head(door, certificate, Unrecorded::CutOff);
    }
    if reason.was_stalled() {
        door.closed.stalled.inc();
        on_bad_head(door, certificate, Unrecorded::Refused(Code::RequestTimeout));
    }
}

/// An error is a caller that went away or spoke no HTTP, or one that is abort off; what was recorded stays recorded.
fn end(ended: hyper::Result<()>, door: &ListenerConfig, certificate: Option<Thumbprint>) {
    let Err(error) = ended else { return };
    tracing::debug!(%error, "a connection ended early");
    if let Some(code) = instead_of_a_head(&error) {
        on_bad_head(door, certificate, Unrecorded::Refused(code));
    }
}

fn on_bad_head(door: &ListenerConfig, certificate: Option<Thumbprint>, what: Unrecorded) {
    if let (Some(on_bad_head), Some(certificate)) = (&door.on_bad_head, certificate) {
        on_bad_head(certificate, what);
    }
}

enum Stream<T> {
    Open(WriteTimeout<T>),
    Http1Guard(Http1Guard<WriteTimeout<T>>),
}

/// Waits until the caller's certificate is trusted no more; without one, for ever.
async fn lost(standing: Option<Arc<CertificateStatus>>) {
    match standing {
        Some(standing) => standing.revoked().await,
        None => std::future::pending().await,
    }
}

/// Lets the alert of a failed handshake arrive: a socket that is closed with unread bytes takes it back.
async fn lingering_close(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        let (mut rest, mut nowhere) = (stream.take(LAST_BYTES), tokio::io::sink());
        drop(tokio::time::timeout(LAST_WAIT, tokio::io::copy(&mut rest, &mut nowhere)).await);
    }
}

async fn drained(door: &ListenerConfig) {
    let mut draining = door.draining.clone();
    if draining.wait_for(|draining| *draining).await.is_err() {
        // A door whose sender is gone never drains.
        std::future::pending::<()>().await;
    }
}

async fn http1<I, S>(stream: I, door: &ListenerConfig, wait: Duration, service: S) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>>,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(wait)
        .max_headers(HEAD_LINES)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let draining = drained(door);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

async fn http2<I, S>(stream: I, door: &ListenerConfig, reason: CloseReason, service: S) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>>,
    S::Error: std::error::Error + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let patience = FrameBudget {
        idle: door.idle,
        // As long as head, body and answer may take over HTTP/1.1.
        stream: 3 * door.request,
        reason,
    };
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(door.streams)
        .max_header_list_size(u32::try_from(HEAD_BYTES / 2).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .serve_connection(TokioIo::new(DelayedEof::new(Http2Guard::new(stream, patience))), service);
    let mut connection = std::pin::pin!(connection);
    let draining = drained(door);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

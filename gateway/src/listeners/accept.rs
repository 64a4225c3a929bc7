//! Accepting connections: bounded in number, with a deadline for the handshake, one task each.
//!
//! Our own loop, because ready-made servers shake hands one at a time and hide the peer's certificate.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{Request, Response, body::Incoming, service::Service};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prometheus::IntCounter;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    listeners::{
        Body,
        head::{Gate, Gated},
        late_end::LateEnd,
    },
    settings::Bounds,
    trust::{Standing, Trust},
};

/// Request head: bytes and lines; at a gated door the gate's bounds are narrower.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 72;

/// Of a caller whose handshake failed, so much is still read, for so long.
const LAST_BYTES: u64 = 64 * 1024;
const LAST_WAIT: Duration = Duration::from_millis(500);

/// What a listener needs to know of its bounds; shared by the tasks of its connections.
pub struct Door {
    /// TLS, or plain for the listeners that are public or on loopback.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whose certificates are trusted, where callers must show one.
    pub trust: Option<Arc<Trust>>,
    /// Open connections.
    pub connections: Arc<Semaphore>,
    /// Time for the handshake.
    pub handshake: Duration,
    /// Time for the wait for a request.
    pub idle: Duration,
    /// Time for the head of a request at a gated door, from its first byte on.
    pub head: Duration,
    /// Counts handshakes that fail.
    pub failed_handshakes: IntCounter,
    /// Streams at once on an HTTP/2 connection.
    pub streams: u32,
    /// Whether heads of HTTP/1.1 are looked at before hyper reads them ([`head`](super::head)); the service must then
    /// tell the gate of every head.
    pub gated: bool,
    /// True once the gateway drains.
    pub draining: watch::Receiver<bool>,
}

/// The other end of a connection, as its service gets to know it.
pub struct Peer {
    /// The certificate that TLS verified.
    pub standing: Option<Arc<Standing>>,
    /// The gate before its heads, on HTTP/1.1 at a gated door.
    pub gate: Option<Arc<Gate>>,
}

impl Door {
    /// A door with the bounds of the configuration.
    #[must_use]
    pub fn new(
        tls: Option<Arc<ServerConfig>>,
        bounds: &Bounds,
        failed_handshakes: IntCounter,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            tls,
            trust: None,
            connections: Arc::new(Semaphore::new(bounds.connections)),
            handshake: Duration::from_millis(bounds.handshake_ms),
            idle: Duration::from_secs(bounds.idle_s),
            head: Duration::from_millis(bounds.request_ms),
            failed_handshakes,
            streams: u32::try_from(bounds.journeys_per_connection).unwrap_or(u32::MAX),
            gated: false,
            draining,
        }
    }
}

/// Accepts until the gateway drains. `service` makes the service of one connection.
pub async fn accept<S, F>(listener: TcpListener, door: Arc<Door>, service: F)
where
    F: Fn(Peer) -> S + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let mut draining = door.draining.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // A door whose sender is gone never drains: the branch is off then.
            Ok(_) = draining.wait_for(|draining| *draining) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: wait for connections to end instead of spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&door.connections).try_acquire_owned() else {
            continue;
        };
        let (door, service) = (Arc::clone(&door), service.clone());
        tokio::spawn(async move {
            connection(stream, &door, service).await;
            drop(permit);
        });
    }
}

async fn connection<S, F>(stream: TcpStream, door: &Door, service: F)
where
    F: Fn(Peer) -> S,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = &door.tls else {
        return http1(stream, door, service(Peer { standing: None, gate: None })).await;
    };
    let acceptor = TlsAcceptor::from(Arc::clone(tls));
    let stream = match tokio::time::timeout(door.handshake, acceptor.accept(stream).into_fallible()).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((_, stream))) => {
            door.failed_handshakes.inc();
            return part(stream).await;
        }
        Err(_) => return door.failed_handshakes.inc(),
    };
    let (_, session) = stream.get_ref();
    let standing =
        door.trust.as_ref().zip(session.peer_certificates()).and_then(|(trust, chain)| Standing::new(trust, chain));
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let lost = lost(standing.clone());
    let serve = async move {
        if is_http2 {
            http2(stream, door, service(Peer { standing, gate: None })).await;
        } else if door.gated {
            let (stream, gate) = Gated::new(stream, door.head);
            http1(stream, door, service(Peer { standing, gate: Some(gate) })).await;
        } else {
            http1(stream, door, service(Peer { standing, gate: None })).await;
        }
    };
    tokio::select! {
        () = serve => {}
        () = lost => tracing::debug!("a connection was dropped: its certificate is trusted no more"),
    }
}

/// Waits until the caller's certificate is trusted no more; without one, for ever.
async fn lost(standing: Option<Arc<Standing>>) {
    match standing {
        Some(standing) => standing.lost().await,
        None => std::future::pending().await,
    }
}

/// Lets the alert of a failed handshake arrive: a socket that is closed with unread bytes takes it back.
async fn part(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        let (mut rest, mut nowhere) = (stream.take(LAST_BYTES), tokio::io::sink());
        drop(tokio::time::timeout(LAST_WAIT, tokio::io::copy(&mut rest, &mut nowhere)).await);
    }
}

async fn drained(door: &Door) {
    let mut draining = door.draining.clone();
    if draining.wait_for(|draining| *draining).await.is_err() {
        // A door whose sender is gone never drains.
        std::future::pending::<()>().await;
    }
}

async fn http1<I, S>(stream: I, door: &Door, service: S)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.idle)
        .max_headers(HEAD_LINES)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let draining = drained(door);
    // An error here is a caller that went away or spoke no HTTP; what was recorded stays recorded.
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn http2<I, S>(stream: I, door: &Door, service: S)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(door.streams)
        .max_header_list_size(u32::try_from(HEAD_BYTES / 2).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(door.idle))
        .serve_connection(TokioIo::new(LateEnd::new(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let draining = drained(door);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

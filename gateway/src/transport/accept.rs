//! Accepting connections: bounded in number, with a deadline for the handshake, one task each.
//!
//! Our own loop, because ready-made servers shake hands one at a time and hide the peer's certificate.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use credit_policy::Code;
use hyper::{Request, Response};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    callers::{
        flood::Unrecorded,
        thumbprint::Thumbprint,
        trust::{Cause, CertificateStatus, with_shown},
    },
    transport::{
        Body,
        aborts::{Abort, instead_of_a_head},
        alarm::Alarm,
        http1,
        http1_guard::Http1Guard,
        http2,
        http2_guard::CloseReason,
        incoming::Incoming,
        listener::ListenerConfig,
        places::Place,
        turns::{Line, Turns, Whose},
        write_timeout::WriteTimeout,
    },
};

/// Of a caller whose handshake failed, so much is still read, for so long.
const LAST_BYTES: u64 = 64 * 1024;
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Bytes that the kernel keeps for a caller who does not read (it takes twice as many). Left to itself it keeps 4 MiB of each,
/// and so many answers are made for nothing before anybody notices.
const UNREAD: usize = 64 * 1024;

/// The other end of a connection, as its service gets to know it.
pub(crate) struct Peer {
    /// Where it comes from.
    pub address: IpAddr,
    /// The certificate that TLS verified.
    pub standing: Option<Arc<CertificateStatus>>,
    /// Ends the connection.
    pub abort: Abort,
    /// In which the tasks of its requests stand.
    pub line: Line,
    /// Of its task.
    pub alarm: Alarm,
}

impl Peer {
    fn new(address: IpAddr, standing: Option<Arc<CertificateStatus>>, line: Line) -> Self {
        Self { address, standing, abort: Abort::default(), line, alarm: Alarm::default() }
    }
}

/// Accepts until the gateway drains. `service` makes the service of one connection; nothing where its caller has too many
/// already.
pub(crate) async fn accept<F, S, T, E>(listener: TcpListener, door: Arc<ListenerConfig>, service: F)
where
    F: Fn(Peer) -> Option<S> + Clone + Send + 'static,
    S: Fn(Request<Incoming>) -> T + Send + 'static,
    T: Future<Output = Result<Response<Body>, E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let (mut draining, turns) = (door.draining.clone(), Turns::begin());
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
        match &door.open {
            Some(open) if door.tls.is_none() => open.room().await,
            None if door.connections.available_permits() == 0 => {
                door.closed.too_many.inc();
                continue;
            }
            Some(_) | None => {}
        }
        if door.tls.is_some() {
            door.handshakes.room().await;
        }
        let place = door.tls.as_ref().map(|tls| (TlsAcceptor::from(Arc::clone(tls)), door.handshakes.begin()));
        let (door, turns, service) = (Arc::clone(&door), turns.clone(), service.clone());
        let line = turns.line(Whose::at(peer.ip()));
        line.clone().spawn(async move {
            if stream.set_nodelay(true).is_err() || set_socket_send_buffer_size(&stream, UNREAD).is_err() {
                return;
            }
            match place {
                Some((acceptor, place)) => {
                    if let Some(stream) = shake_hands(acceptor, (stream, peer), &door, place).await {
                        let standing = standing(&stream, &door);
                        let line = standing.as_ref().map_or(line, |standing| turns.line(door.whose(standing)));
                        // In a task of its own size: what a handshake needs is given back by now. The stream is boxed,
                        // since each future that it is handed on to would have room for it.
                        let (stream, peer) = (Box::new(stream), Peer::new(peer.ip(), standing, line));
                        let line = peer.line.clone();
                        line.spawn(async move { certified(stream, peer, &door, service).await });
                    }
                }
                None => {
                    let peer = Peer::new(peer.ip(), None, line);
                    let alarm = peer.alarm.clone();
                    if let Some((_permit, place)) = door.admit().await
                        && let Some(service) = service(peer)
                    {
                        in_clear((stream, alarm), place, &door, service).await;
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

/// How the certificate of a caller stands, where one was asked for.
fn standing(stream: &TlsStream<TcpStream>, door: &ListenerConfig) -> Option<Arc<CertificateStatus>> {
    let (trust, chain) = door.trust.as_ref().zip(stream.get_ref().1.peer_certificates())?;
    CertificateStatus::new(trust, chain)
}

/// Serves a connection without TLS.
async fn in_clear<S, T, E>((stream, alarm): (TcpStream, Alarm), place: Option<Place>, door: &ListenerConfig, service: S)
where
    S: Fn(Request<Incoming>) -> T,
    T: Future<Output = Result<Response<Body>, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let voice = place.as_ref().map(Place::voice);
    let stream = WriteTimeout::new(stream, door.request, door.closed.stalled.clone(), voice);
    tokio::select! {
        ended = http1::serve(stream, door, (door.request, alarm), None, service) => end(ended, door, None),
        () = crowded_out(place) => door.closed.too_many.inc(),
    }
}

/// Waits until the place is lost to another connection; without one, for ever.
async fn crowded_out(place: Option<Place>) {
    match place {
        Some(mut place) => place.lost().await,
        None => std::future::pending().await,
    }
}

/// Serves a connection over TLS.
async fn certified<F, S, T, E>(mut stream: Box<TlsStream<TcpStream>>, peer: Peer, door: &ListenerConfig, service: F)
where
    F: Fn(Peer) -> Option<S>,
    S: Fn(Request<Incoming>) -> T + Send + 'static,
    T: Future<Output = Result<Response<Body>, E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let Some((_permit, place)) = door.admit().await else {
        return door.closed.too_many.inc();
    };
    let voice = place.as_ref().map(Place::voice);
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (standing, abort, line, alarm) =
        (peer.standing.clone(), peer.abort.clone(), peer.line.clone(), peer.alarm.clone());
    let certificate = standing.as_ref().map(|standing| standing.thumbprint());
    let Some(service) = service(peer) else {
        door.closed.too_many.inc();
        return on_bad_head(door, certificate, Unrecorded::Refused(Code::Overloaded));
    };
    let reason = CloseReason::default();
    let serve = async {
        let stalled = door.closed.stalled.clone();
        if is_http2 {
            let stream = WriteTimeout::new(stream, door.request, stalled, voice);
            let ended = tokio::select! {
                ended = Box::pin(http2::serve(stream, door, reason.clone(), &line, service)) => ended,
                () = abort.is_off() => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            return Ok(());
        }
        let wait = first_bytes(&mut stream, door).await;
        let (stream, gate) = Http1Guard::new(WriteTimeout::new(stream, door.request, stalled, voice), door.request);
        Box::pin(http1::serve(stream, door, (wait, alarm), Some(gate), service)).await
    };
    tokio::select! {
        ended = serve => end(ended, door, certificate),
        () = lost(standing) => door.closed.revoked.inc(),
        () = crowded_out(place) => door.closed.too_many.inc(),
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

/// Waits until there is something to read: a connection that is open and idle needs no room for requests before. Returns how
/// long the head of a request is waited for from here on.
async fn first_bytes(stream: &mut TlsStream<TcpStream>, door: &ListenerConfig) -> Duration {
    tokio::select! {
        // Its end, or what is wrong with it, is seen by whoever reads it next.
        _ = stream.fill_buf() => door.idle,
        () = tokio::time::sleep(door.idle) => Duration::from_millis(1),
        () = door.drained() => door.idle,
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

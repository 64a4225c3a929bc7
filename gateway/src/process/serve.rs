//! Serving: the listeners and the threads, from the first port that opens to the drain.
//!
//! Each worker thread has a runtime of its own and accepts for institutions, so that a connection stays on one core.
//! The other doors, the admin socket and the upkeep share the main thread.

use std::{convert::Infallible, io, net::SocketAddr, path::PathBuf, sync::Arc};

use hyper::{Request, Response};
use rustls::ServerConfig;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind},
    sync::Semaphore,
};

use crate::{
    doors::{
        admin, auditors,
        institutions::Institutions,
        operations,
        persons::{self, Portal},
        public,
    },
    gateway::Gateway,
    process::{
        cores, drain, issuer_keys, listing, loading, objects, revocations, serving_runtime, start::TlsSettings, upkeep,
        witnesses,
    },
    transport::{
        Body,
        accept::accept,
        failed_handshakes::FailedHandshakes,
        incoming::Incoming,
        listener::{ListenerConfig, OnBadHead},
        places::Places,
    },
};

/// Why serving did not begin, or ended badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// A port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The admin socket.
    #[error("cannot listen on `{path}`: {source}; its path may be too long for a socket")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log.
    #[error("the log did not close in time; it recovers at the next start")]
    Unclosed,
    /// Something else of the system.
    #[error("cannot serve: {0}")]
    System(#[from] io::Error),
}

/// Opens the ports and serves until SIGTERM or SIGINT; `ready` runs once every listener answers, and its end (for the
/// demo's `--once`) ends the serving too.
///
/// # Errors
/// When a port is taken or a thread cannot be made.
pub(crate) async fn serve<R>(
    gateway: Arc<Gateway>,
    mut tls: TlsSettings,
    hangup: Signal,
    ready: impl FnOnce(Arc<Gateway>) -> R,
) -> Result<(), ServeError>
where
    R: Future<Output = Then>,
{
    gateway.metrics.certificate_expires(tls.expiry);
    let listen = &gateway.settings.listen;
    let institutions = bind(listen.institutions)?;
    let (persons, auditors) = (bind(listen.persons)?, bind(listen.auditors)?);
    let (public, operations) = (bind(listen.public)?, bind(listen.operations)?);
    let readiness = listen.readiness.map(bind).transpose()?;
    let bounds = &gateway.settings.bounds;
    let failed = failed_handshakes(&gateway);
    let on_bad_head = on_bad_head(&gateway);
    let door = Arc::new(ListenerConfig {
        on_bad_head: Some(on_bad_head),
        connections: Arc::new(Semaphore::new(bounds.connections)),
        most_connections: bounds.connections,
        handshakes: Places::new(bounds.handshakes),
        open: None,
        ..certified(&gateway, &tls, &failed)
    });
    for number in 0..cores() {
        let (gateway, door, listener) = (Arc::clone(&gateway), Arc::clone(&door), institutions.try_clone()?);
        std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || worker(gateway, door, listener))?;
    }
    // The workers have clones; with ours open, callers would queue for a gateway that drains.
    drop(institutions);
    let portal = Portal::new(&gateway, tls.identity.take(), std::mem::take(&mut tls.others)).map(Arc::new);
    serve_persons(&gateway, &tls, &failed, persons, portal.clone())?;
    serve_side_doors(&gateway, &tls, &failed, [auditors, public, operations], portal.clone())?;
    if let Some(readiness) = readiness {
        serve_operations(&gateway, &tls, &failed, readiness, operations::readiness)?;
    }
    let socket = gateway.settings.admin_socket();
    let socket = admin::listen(&socket).map_err(|source| ServeError::Socket { path: socket, source })?;
    tokio::spawn(admin::serve(Arc::clone(&gateway), socket));
    keep_up(&gateway, portal, &tls, hangup)?;
    let ends = drain::end_in_any_case(&gateway.settings.bounds)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut until_signal = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let then = tokio::select! {
        then = ready(Arc::clone(&gateway)) => then,
        () = until_signal() => Then::Notice,
    };
    let then = match then {
        Then::Serve => {
            until_signal().await;
            Then::Notice
        }
        then => then,
    };
    drop(ends);
    if then == Then::Notice {
        // A second signal ends the notice.
        drain::notice(&gateway, until_signal()).await;
    }
    if drain::drain(&gateway, &door).await { Ok(()) } else { Err(ServeError::Unclosed) }
}

/// Begins each duty in the background, as a task of its own.
fn keep_up(gateway: &Arc<Gateway>, portal: Option<Arc<Portal>>, tls: &TlsSettings, hangup: Signal) -> io::Result<()> {
    tokio::spawn(upkeep::each_second(Arc::clone(gateway)));
    tokio::spawn(revocations::watch(Arc::clone(gateway), Arc::clone(&tls.trust), hangup));
    tokio::spawn(upkeep::watch_keys(Arc::clone(gateway)));
    tokio::spawn(upkeep::watch_log(Arc::clone(gateway)));
    tokio::spawn(upkeep::index(Arc::clone(gateway)));
    tokio::spawn(upkeep::corrections(Arc::clone(gateway)));
    tokio::spawn(upkeep::coverage(Arc::clone(gateway), portal));
    tokio::spawn(upkeep::reviews(Arc::clone(gateway)));
    tokio::spawn(upkeep::scrub(Arc::clone(gateway)));
    tokio::spawn(upkeep::pruning(Arc::clone(gateway)));
    tokio::spawn(loading::watch(Arc::clone(gateway)));
    tokio::spawn(listing::watch(Arc::clone(gateway)));
    tokio::spawn(upkeep::watch_store(Arc::clone(gateway)));
    let shared = Arc::clone(gateway);
    std::thread::Builder::new().name("witnesses".to_owned()).spawn(move || witnesses::keep_asking(&shared))?;
    if let Some(settings) = gateway.settings.log.objects.clone() {
        let shared = Arc::clone(gateway);
        std::thread::Builder::new()
            .name("objects".to_owned())
            .spawn(move || objects::keep_copying(&shared, &settings))?;
    }
    tokio::spawn(issuer_keys::watch(Arc::clone(gateway), signal(SignalKind::hangup())?));
    Ok(())
}

/// What follows after the gateway is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Serve until a signal comes.
    Serve,
    /// Let it be seen that the end comes, then drain and end.
    Notice,
    /// Drain and end.
    End,
}

fn signal(kind: SignalKind) -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(kind)
}

fn bind(address: SocketAddr) -> Result<std::net::TcpListener, ServeError> {
    let fault = |source| ServeError::Listen { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(fault)?;
    // Bursts of new connections wait in the kernel, not at the caller.
    rustix::net::listen(&listener, 4_096).map_err(|error| fault(error.into()))?;
    listener.set_nonblocking(true).map_err(fault)?;
    Ok(listener)
}

fn door(gateway: &Gateway, tls: Option<Arc<ServerConfig>>, failed: &Arc<FailedHandshakes>) -> ListenerConfig {
    let bounds = &gateway.settings.bounds;
    let (closed, clock) = (gateway.metrics.closed(), Arc::clone(&gateway.clock));
    let draining = gateway.draining.subscribe();
    ListenerConfig::new(tls, bounds, bounds.side_connections, closed, Arc::clone(failed), clock, draining)
}

fn on_bad_head(gateway: &Arc<Gateway>) -> OnBadHead {
    let shared = Arc::clone(gateway);
    Arc::new(move |certificate, what| shared.count_unrecorded(certificate, what))
}

fn failed_handshakes(gateway: &Arc<Gateway>) -> Arc<FailedHandshakes> {
    let shared = Arc::clone(gateway);
    let owner = move |certificate| shared.register.by_certificate(certificate).map(|owner| owner.id().to_owned());
    Arc::new(FailedHandshakes::new(&gateway.metrics.closed().handshakes, Box::new(owner)))
}

/// A door for those with a trusted certificate.
fn certified(gateway: &Gateway, tls: &TlsSettings, failed: &Arc<FailedHandshakes>) -> ListenerConfig {
    ListenerConfig { trust: Some(Arc::clone(&tls.trust)), ..door(gateway, Some(Arc::clone(&tls.certified)), failed) }
}

fn worker(gateway: Arc<Gateway>, door: Arc<ListenerConfig>, listener: std::net::TcpListener) {
    let runtime = match serving_runtime(&gateway.log) {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "a worker could not be set up"),
    };
    runtime.block_on(async move {
        let log = gateway.log.clone();
        tokio::spawn(async move { log.deliver().await });
        match TcpListener::from_std(listener) {
            Ok(listener) => {
                let service = move |peer| {
                    let institutions = Institutions::new(Arc::clone(&gateway), peer)?;
                    Some(move |request| institutions.answer(request))
                };
                accept(listener, door, service).await;
            }
            Err(error) => tracing::error!(%error, "a worker could not listen"),
        }
        // Connections and journeys of this thread go on until the process ends.
        std::future::pending::<()>().await;
    });
}

fn serve_side_doors(
    gateway: &Arc<Gateway>,
    tls: &TlsSettings,
    failed: &Arc<FailedHandshakes>,
    listeners: [std::net::TcpListener; 3],
    portal: Option<Arc<Portal>>,
) -> io::Result<()> {
    let [auditors, public, operations] = listeners;
    let certified = Arc::new(certified(gateway, tls, failed));
    let (shared, trust) = (Arc::clone(gateway), Arc::clone(&tls.trust));
    tokio::spawn(accept(TcpListener::from_std(auditors)?, certified, move |peer| {
        let (shared, trust, standing) = ((Arc::clone(&shared), portal.clone()), Arc::clone(&trust), peer.standing);
        let place = auditors::place(&shared.0, standing.as_ref())?;
        Some(move |request| {
            let (shared, trust, standing) = (shared.clone(), Arc::clone(&trust), standing.clone());
            let _kept = &place;
            async move { Ok::<_, Infallible>(auditors::answer(shared, &trust, standing, request).await) }
        })
    }));
    let (plain, shared) = (Arc::new(door(gateway, None, failed)), Arc::clone(gateway));
    tokio::spawn(accept(TcpListener::from_std(public)?, Arc::clone(&plain), move |_| {
        let shared = Arc::clone(&shared);
        Some(move |request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(public::answer(shared, request).await) }
        })
    }));
    serve_operations(gateway, tls, failed, operations, operations::answer)
}

/// Persons come over TLS, without a certificate.
fn serve_persons(
    gateway: &Arc<Gateway>,
    tls: &TlsSettings,
    failed: &Arc<FailedHandshakes>,
    listener: std::net::TcpListener,
    portal: Option<Arc<Portal>>,
) -> io::Result<()> {
    let anyone = Arc::new(door(gateway, Some(Arc::clone(&tls.anyone)), failed));
    let shared = Arc::clone(gateway);
    tokio::spawn(accept(TcpListener::from_std(listener)?, anyone, move |peer| {
        let (shared, portal, address) = (Arc::clone(&shared), portal.clone(), peer.address);
        Some(move |request| {
            let (shared, portal) = (Arc::clone(&shared), portal.clone());
            async move { Ok::<_, Infallible>(persons::answer(portal, shared, request, address).await) }
        })
    }));
    Ok(())
}

/// Answers the operator's machinery at one of its addresses.
fn serve_operations(
    gateway: &Arc<Gateway>,
    tls: &TlsSettings,
    failed: &Arc<FailedHandshakes>,
    listener: std::net::TcpListener,
    answer: fn(&Gateway, &crate::callers::trust::Trust, &Request<Incoming>) -> Response<Body>,
) -> io::Result<()> {
    let (shared, trust) = (Arc::clone(gateway), Arc::clone(&tls.trust));
    // Readiness must be seen to turn false while the gateway drains: this door stays open to the end.
    let open =
        Arc::new(ListenerConfig { draining: tokio::sync::watch::channel(false).1, ..door(gateway, None, failed) });
    tokio::spawn(accept(TcpListener::from_std(listener)?, open, move |_| {
        let (shared, trust) = (Arc::clone(&shared), Arc::clone(&trust));
        Some(move |request| {
            let (shared, trust) = (Arc::clone(&shared), Arc::clone(&trust));
            async move { Ok::<_, Infallible>(answer(&shared, &trust, &request)) }
        })
    }));
    Ok(())
}

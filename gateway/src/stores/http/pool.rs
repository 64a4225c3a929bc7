//! Connections to an HTTP store, kept for the next look-up while they are idle.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{Builder, SendRequest},
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_rustls::TlsConnector;

use super::{address::Address, fault::HttpFault};
use crate::stores::reread::Reread;

/// How long an idle connection is kept: less than servers do, so that a look-up seldom meets one that is being closed.
const IDLE: Duration = Duration::from_secs(2);
/// How long an idle connection may need to say that it takes a request.
const READY: Duration = Duration::from_millis(50);
/// Largest head of an answer.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;

/// One connection. Dropped, it is closed at once, also in the middle of an answer.
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// Of the certificates by which it was made.
    generation: u64,
    _driver: Driver,
}

struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How connections are encrypted, and whose certificate the store must show.
pub(super) struct Tls {
    pub(super) connector: Reread<TlsConnector>,
    pub(super) name: ServerName<'static>,
}

/// The idle ones, and how more are made.
pub(super) struct Pool {
    address: Address,
    tls: Option<Tls>,
    idle: Mutex<Vec<(Link, Instant)>>,
    most: usize,
}

impl Pool {
    /// Without a connection yet; keeps at most so many.
    pub(super) fn new(address: Address, tls: Option<Tls>, most: usize) -> Self {
        Self { address, tls, idle: Mutex::default(), most }
    }

    /// Sends a request once, and returns the head of what is answered, with the connection on which the body follows.
    ///
    /// An idle connection that was closed is replaced as long as nothing of the request was written on it. Afterwards
    /// nothing is sent again: the store may have counted it.
    ///
    /// # Errors
    /// [`HttpFault::Connect`], [`HttpFault::Tls`], [`HttpFault::Broken`].
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Link), HttpFault> {
        while let Some(mut link) = self.take().await {
            match link.sender.try_send_request(request).await {
                Ok(response) => return Ok((response, link)),
                Err(mut error) => request = error.take_message().ok_or(HttpFault::Broken)?,
            }
        }
        let mut link = self.connect().await?;
        let response = link.sender.send_request(request).await.map_err(|_| HttpFault::Broken)?;
        Ok((response, link))
    }

    /// Looks whether authorities or certificates are others; connections that were made by those before are not used
    /// again. False where what lies in the files cannot be used.
    pub(super) async fn look(&self) -> bool {
        let Some(Tls { connector, .. }) = &self.tls else { return true };
        connector.look().await;
        !connector.is_refused()
    }

    fn generation(&self) -> u64 {
        self.tls.as_ref().map_or(0, |tls| tls.connector.in_force().generation)
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn keep(&self, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        if idle.len() < self.most && !link.sender.is_closed() && link.generation == self.generation() {
            idle.push((link, Instant::now()));
        }
    }

    async fn take(&self) -> Option<Link> {
        loop {
            let (mut link, since) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let is_fresh = since.elapsed() < IDLE && link.generation == self.generation();
            if is_fresh && matches!(tokio::time::timeout(READY, link.sender.ready()).await, Ok(Ok(()))) {
                return Some(link);
            }
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// [`HttpFault::Connect`], [`HttpFault::Tls`].
    pub(super) async fn connect(&self) -> Result<Link, HttpFault> {
        let reached = TcpStream::connect((self.address.host.as_str(), self.address.port)).await;
        let stream = reached.map_err(|error| HttpFault::Connect(error.kind()))?;
        stream.set_nodelay(true).map_err(|error| HttpFault::Connect(error.kind()))?;
        match &self.tls {
            None => link(TokioIo::new(stream), 0).await,
            Some(Tls { connector, name }) => {
                let in_force = connector.in_force();
                let agreed = in_force.made.connect(name.clone(), stream).await;
                // rustls' own words alone: they name certificates and alerts, and nothing that was asked.
                let agreed = agreed.map_err(|error| HttpFault::Tls(error.to_string()))?;
                link(TokioIo::new(agreed), in_force.generation).await
            }
        }
    }
}

async fn link(io: impl Read + Write + Unpin + Send + 'static, generation: u64) -> Result<Link, HttpFault> {
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    let (sender, connection) = builder.handshake(io).await.map_err(|_| HttpFault::Broken)?;
    // What ended it is told to whoever waits for an answer on it.
    let driver = Driver(tokio::spawn(async move { drop(connection.await) }));
    Ok(Link { sender, generation, _driver: driver })
}

//! A store behind HTTP and JSON.
//!
//! One request a look-up, over mutual TLS, on a connection of a pool: [`pool`] has the connections, [`exchange`] what is
//! sent with each request and what of an answer makes it none, [`json`] reads slices of it, [`own`] makes a history of
//! the gateway's own form. There is no second try, no cache, no redirect, no cookie, no compression; a person's number
//! stands in the body, and in no address.

mod address;
mod charset;
mod exchange;
mod fault;
mod json;
mod own;
mod pool;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use credit_audit::clock::Clock;
use credit_policy::{Catalogue, History};
use hyper::Method;
use jiff::civil::Date;
use rustls::pki_types::ServerName;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use self::{
    address::{Address, NoAddress},
    exchange::{answer, request},
    pool::Pool,
};
use super::{
    contract::{Asked, LookUp, Probe, Store},
    examine::Domain,
    fault::{StoreError, StoreFault},
    figures::Figures,
    tls::{ClientTlsError, client_config},
};
use crate::settings;

pub(crate) use fault::HttpFault;

/// Connections that a store may have, where the configuration says nothing.
const CONNECTIONS: usize = 32;

/// Why a store behind HTTP cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("store `{name}`: {cause}")]
pub(crate) struct HttpOpenError {
    name: String,
    cause: OpenFault,
}

#[derive(Debug, thiserror::Error)]
enum OpenFault {
    #[error("url `{0}`: {1}")]
    Address(String, NoAddress),
    #[error("url `{0}`: it names no host that a certificate can be of")]
    Host(String),
    #[error(transparent)]
    Tls(#[from] ClientTlsError),
}

/// Where a store is, and how it is reached: the part that needs no catalogue.
pub(crate) struct Endpoint {
    address: Address,
    pool: Pool,
    connections: usize,
}

impl Endpoint {
    /// Reads address and certificates. No connection is made.
    ///
    /// # Errors
    /// What of it cannot be used.
    pub(crate) fn of(store: &settings::Store) -> Result<Self, HttpOpenError> {
        Self::read(store).map_err(|cause| HttpOpenError { name: store.name.clone(), cause })
    }

    fn read(store: &settings::Store) -> Result<Self, OpenFault> {
        let url = store.url.clone().unwrap_or_default();
        let address = Address::parse(&url).map_err(|why| OpenFault::Address(url.clone(), why))?;
        let tls = match store.authorities.as_deref().filter(|_| address.is_tls) {
            None => None,
            Some(authorities) => {
                let own = store.certificate.as_deref().zip(store.key.as_deref());
                let host = ServerName::try_from(address.host.clone()).map_err(|_| OpenFault::Host(url))?;
                Some((client_config(authorities, own)?, host))
            }
        };
        let connections = store.connections.unwrap_or(CONNECTIONS);
        Ok(Self { pool: Pool::new(address.clone(), tls, connections), address, connections })
    }
}

/// A store behind HTTP that speaks the gateway's own form.
pub(crate) struct HttpStore {
    address: Address,
    pool: Pool,
    places: Semaphore,
    timeout: Duration,
    answer_bytes: usize,
    probe: Option<String>,
    catalogue: Arc<Catalogue>,
    clock: Arc<dyn Clock>,
    domain: ArcSwapOption<(Date, Domain)>,
    figures: Figures,
}

impl HttpStore {
    /// Of an endpoint. Whether it answers, probes tell.
    pub(crate) fn new(
        endpoint: Endpoint,
        store: &settings::Store,
        catalogue: Arc<Catalogue>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Endpoint { address, pool, connections } = endpoint;
        Self {
            address,
            pool,
            places: Semaphore::new(connections),
            timeout: Duration::from_millis(store.timeout_ms),
            answer_bytes: store.answer_bytes,
            probe: store.probe.clone(),
            catalogue,
            clock,
            domain: ArcSwapOption::empty(),
            figures: Figures::default(),
        }
    }

    async fn ask(&self, asked: Asked) -> Result<History, HttpFault> {
        let place = {
            let _waits = Waiting::begin(&self.figures);
            self.places.acquire().await.map_err(|_| HttpFault::Broken)?
        };
        let body = own::question(&asked.person, &asked.plan)?;
        let request = request(Method::POST, &self.address.authority, &self.address.path, body)?;
        let (response, link) = self.pool.send(request).await?;
        let answer = answer(response, self.answer_bytes).await?;
        self.pool.keep(link);
        drop(place);
        own::history(&answer.text()?, &asked, &self.domain().1)
    }

    /// What values may be today.
    fn domain(&self) -> Arc<(Date, Domain)> {
        let today = self.catalogue.today(self.clock.now());
        if let Some(known) = self.domain.load_full().filter(|known| known.0 == today) {
            return known;
        }
        let made = Arc::new((today, Domain::of(&self.catalogue, today)));
        self.domain.store(Some(Arc::clone(&made)));
        made
    }

    /// A new connection, and where a path is named for it, an answer: about nobody.
    async fn look(&self) -> Result<(), HttpFault> {
        let Some(path) = &self.probe else {
            self.pool.keep(self.pool.connect().await?);
            return Ok(());
        };
        let request = request(Method::GET, &self.address.authority, path, Zeroizing::default())?;
        let (response, _link) = self.pool.send(request).await?;
        if response.status().is_success() { Ok(()) } else { Err(HttpFault::Status(response.status().as_u16())) }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, HttpFault>> + Send) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => Err(StoreError::Failed(StoreFault::Http(fault))),
            Err(_) => Err(StoreError::Timeout),
        }
    }
}

impl Store for HttpStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(self.in_time(self.ask(asked)))
    }

    fn probe(&self) -> Probe<'_> {
        Box::pin(self.in_time(self.look()))
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }
}

/// A look-up that waits for a connection.
struct Waiting<'a>(&'a Figures);

impl<'a> Waiting<'a> {
    fn begin(figures: &'a Figures) -> Self {
        figures.waits();
        Self(figures)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.is_read();
    }
}

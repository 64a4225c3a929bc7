//! A store behind HTTP and JSON.
//!
//! One request a look-up, over mutual TLS, on a connection of a pool: [`pool`] has the connections, [`exchange`] what is
//! sent with each request and what of an answer makes it none, [`json`] reads slices of it, [`own`] makes a history of
//! the gateway's own form, and [`mapped`] of what an interface answers that knows nothing of it. [`gateway`] is another gateway, which answers with fields. There is no second try, no cache, no redirect, no cookie, no compression; a person's number
//! stands in the body, and in no address.

mod address;
mod charset;
mod exchange;
mod fault;
pub(crate) mod gateway;
pub(super) mod json;
mod mapped;
mod own;
mod pool;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use credit_audit::clock::Clock;
use credit_policy::{Catalogue, History};
use http_body_util::Full;
use hyper::{HeaderMap, Method, Request, StatusCode, body::Bytes};
use jiff::civil::Date;
use rustls::pki_types::ServerName;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use self::{
    address::{Address, NoAddress},
    exchange::{Answer, answer, request, some_answer, whole},
    pool::{Pool, Tls},
};
use super::{
    contract::{Asked, LookUp, Passed, Passing, Probe, Report, Store},
    examine::Domain,
    fault::{StoreError, StoreFault},
    figures::Figures,
    map::{Map, Reading, Select, Source},
    reread::Reread,
    tls::{ClientTlsError, client_config},
};
use crate::settings;

pub(crate) use fault::HttpFault;
pub(super) use mapped::says_ok;

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
    #[error("source `{0}` of its map has no `request`, or none that can be sent")]
    Request(String),
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
        Self::at(&Place {
            name: &store.name,
            url: store.url.as_deref().unwrap_or_default(),
            authorities: store.authorities.as_deref(),
            own: store.certificate.clone().zip(store.key.clone()),
            connections: store.connections.unwrap_or(CONNECTIONS),
        })
    }

    /// The same of any service.
    ///
    /// # Errors
    /// What of it cannot be used.
    pub(crate) fn at(place: &Place<'_>) -> Result<Self, HttpOpenError> {
        Self::read(place).map_err(|cause| HttpOpenError { name: place.name.to_owned(), cause })
    }

    /// The header `Host`.
    pub(crate) fn authority(&self) -> &str {
        &self.address.authority
    }

    /// Looks whether authorities or certificates are others. False where what lies in the files cannot be used.
    pub(crate) async fn look(&self) -> bool {
        self.pool.look().await
    }

    /// Sends a request once, and reads what is answered, whatever it is, up to so many bytes.
    ///
    /// # Errors
    /// Where nothing whole came back.
    pub(crate) async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<(StatusCode, HeaderMap, Zeroizing<Vec<u8>>), HttpFault> {
        let (response, link) = self.pool.send(request).await?;
        let (head, body) = response.into_parts();
        let bytes = whole(body, most).await?;
        self.pool.keep(link);
        Ok((head.status, head.headers, bytes))
    }

    /// Whether each source of a map is one that can be asked for over HTTP.
    ///
    /// # Errors
    /// The first that is none.
    pub(crate) fn takes(&self, store: &settings::Store, map: &Map) -> Result<(), HttpOpenError> {
        let is_askable =
            |source: &Source| source.request().is_some_and(|asked| mapped::request(asked, "", &self.address).is_ok());
        match map.sources().iter().find(|source| !is_askable(source)) {
            None => Ok(()),
            Some(source) => {
                let cause = OpenFault::Request(source.name().to_owned());
                Err(HttpOpenError { name: store.name.clone(), cause })
            }
        }
    }

    fn read(place: &Place<'_>) -> Result<Self, OpenFault> {
        let url = place.url.to_owned();
        let address = Address::parse(&url).map_err(|why| OpenFault::Address(url.clone(), why))?;
        let tls = match place.authorities.filter(|_| address.is_tls) {
            None => None,
            Some(authorities) => {
                let name = ServerName::try_from(address.host.clone()).map_err(|_| OpenFault::Host(url))?;
                Some(Tls { connector: connector(place, authorities)?, name })
            }
        };
        let connections = place.connections;
        Ok(Self { pool: Pool::new(address.clone(), tls, connections), address, connections })
    }
}

/// Where a service is, as the configuration says it.
pub(crate) struct Place<'a> {
    /// Names it in messages.
    pub(crate) name: &'a str,
    pub(crate) url: &'a str,
    /// Whose certificates it may have.
    pub(crate) authorities: Option<&'a Path>,
    /// The certificate and key that are shown to it.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
    /// How many connections at most are kept.
    pub(crate) connections: usize,
}

/// How connections to a store are encrypted, as its files say.
fn connector(place: &Place<'_>, authorities: &Path) -> Result<Reread<TlsConnector>, ClientTlsError> {
    let (authorities, own) = (authorities.to_owned(), place.own.clone());
    let shown = own.iter().flat_map(|(certificate, key)| [certificate.clone(), key.clone()]);
    let paths: Vec<_> = shown.chain([authorities.clone()]).collect();
    Reread::of(place.name, paths, move || {
        let own = own.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
        client_config(&authorities, own).map(TlsConnector::from)
    })
}

/// A store behind HTTP.
pub(crate) struct HttpStore {
    /// Without one it speaks the gateway's own form.
    map: Option<Arc<Map>>,
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
        map: Option<Arc<Map>>,
        catalogue: Arc<Catalogue>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Endpoint { address, pool, connections } = endpoint;
        Self {
            map,
            address,
            pool,
            places: Semaphore::new(connections),
            timeout: Duration::from_millis(store.timeout_ms),
            answer_bytes: store.largest_answer(),
            probe: store.probe.clone(),
            catalogue,
            clock,
            domain: ArcSwapOption::empty(),
            figures: Figures::default(),
        }
    }

    async fn ask(&self, asked: Asked) -> Result<History, StoreFault> {
        let _place = {
            let _waits = Waiting::begin(&self.figures);
            self.places.acquire().await.map_err(|_| HttpFault::Broken)?
        };
        match &self.map {
            None => {
                let body = own::question(&asked.person, &asked.plan)?;
                let request = request(Method::POST, &self.address.authority, &self.address.path, body)?;
                let answer = self.exchange(request).await?;
                Ok(own::history(&answer.text()?, &asked, &self.domain().1)?)
            }
            Some(map) => self.ask_mapped(map, &asked).await,
        }
    }

    /// One request for each source of the map that has something of the plan; of a number that ends in a letter two.
    async fn ask_mapped(&self, map: &Map, asked: &Asked) -> Result<History, StoreFault> {
        let selects = map.selects(&asked.plan);
        let [upper, lower] = asked.person.disclose(Select::keys);
        let mut answers = Vec::with_capacity(selects.len());
        for select in &selects {
            let source = select.source().request().ok_or(HttpFault::Broken)?;
            let mut of_select = vec![self.exchange(mapped::request(source, &upper, &self.address)?).await?];
            if *upper != *lower {
                of_select.push(self.exchange(mapped::request(source, &lower, &self.address)?).await?);
            }
            answers.push(of_select);
        }
        let mut reading = Reading::new(map, &asked.plan, &asked.scenario, &asked.person, asked.on);
        for (select, answers) in selects.iter().zip(&answers) {
            mapped::read(&mut reading, select, answers, map.any_case())?;
        }
        let read = reading.end();
        if let Some(first) = read.unknown.first() {
            tracing::warn!("{} rows of a person do not count: {first}", read.unknown.len());
        }
        Ok(read.history)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, HttpFault> {
        let (response, link) = self.pool.send(request).await?;
        let answer = answer(response, self.answer_bytes).await?;
        self.pool.keep(link);
        Ok(answer)
    }

    async fn ask_for(&self, passed: Passed) -> Result<Report, StoreFault> {
        let _place = {
            let _waits = Waiting::begin(&self.figures);
            self.places.acquire().await.map_err(|_| HttpFault::Broken)?
        };
        let below = self.address.path.trim_end_matches('/');
        let mut target = Zeroizing::new(String::with_capacity(below.len() + passed.path.len()));
        target.push_str(below);
        target.push_str(&passed.path);
        let mut request = request(passed.method, &self.address.authority, &target, passed.body)?;
        for (name, value) in &*passed.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let (response, link) = self.pool.send(request).await?;
        let answer = some_answer(response, self.answer_bytes).await?;
        self.pool.keep(link);
        Ok(answer.map(Answer::into_text).transpose()?)
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
        self.figures.files_refused(!self.pool.look().await);
        let Some(path) = &self.probe else {
            self.pool.keep(self.pool.connect().await?);
            return Ok(());
        };
        let request = request(Method::GET, &self.address.authority, path, Zeroizing::default())?;
        let (response, _link) = self.pool.send(request).await?;
        if response.status().is_success() { Ok(()) } else { Err(HttpFault::Status(response.status().as_u16())) }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreFault>> + Send) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => Err(StoreError::Failed(fault)),
            Err(_) => Err(StoreError::Timeout),
        }
    }
}

impl Store for HttpStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(self.in_time(self.ask(asked)))
    }

    fn pass(&self, passed: Passed) -> Passing<'_> {
        Box::pin(self.in_time(self.ask_for(passed)))
    }

    fn probe(&self) -> Probe<'_> {
        Box::pin(self.in_time(async { Ok(self.look().await?) }))
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

//! Another gateway, asked for an institution of ours (`docs/formats.md` §2, "Gateway to gateway").
//!
//! It decides by its own catalogue, records, and answers with fields, not with records: so it is no
//! [`Store`](crate::stores::contract::Store), and [`crate::stores::all::Stores`] asks it for whole fields. [`question`] is
//! what is sent, [`answer`] what is believed of an answer, [`refused`] what becomes of a refusal.

mod answer;
mod fault;
mod question;
mod refused;

use std::{path::Path, time::Duration};

use credit_audit::note::{VerifierKey, VerifierKeyError};
use credit_policy::{FieldName, Permit};
use hyper::{Method, StatusCode};
use tokio::sync::Semaphore;

use super::{
    Endpoint, Waiting,
    address::Address,
    exchange::{read, request},
    fault::HttpFault,
    pool::Pool,
};
use crate::{
    settings,
    stores::{
        contract::Asked,
        fault::{StoreError, StoreFault},
        figures::Figures,
        reread::Reread,
    },
};

use refused::Numbers;

pub(crate) use answer::Elsewhere;
pub(crate) use fault::{GatewayFault, Refused};
pub(crate) use question::EndQuery;

/// Where queries are posted.
const QUERIES: &str = "/v1/queries";

/// Why another gateway cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayOpenError {
    /// The file of its verifier keys.
    #[error("store `{name}`: cannot read `{path}`: {source}")]
    Keys {
        /// The store.
        name: String,
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What stands in that file.
    #[error("store `{name}`: `{path}`: {why}; each line is the `log.vkey` of the other gateway")]
    Key {
        /// The store.
        name: String,
        /// The file.
        path: String,
        /// What is wrong with a line.
        why: VerifierKeyError,
    },
    /// One of these keys is our own log's.
    #[error("store `{0}`: its `vkey` is this gateway's own: a gateway does not ask itself")]
    Own(String),
}

/// Another gateway.
pub(crate) struct GatewayStore {
    address: Address,
    pool: Pool,
    places: Semaphore,
    timeout: Duration,
    answer_bytes: usize,
    keys: Reread<Vec<VerifierKey>>,
    figures: Figures,
}

impl GatewayStore {
    /// Of an endpoint; `own` is the origin of this gateway's log. Whether it answers, probes tell.
    ///
    /// # Errors
    /// When the verifier keys of its log cannot be read.
    pub(crate) fn new(endpoint: Endpoint, store: &settings::Store, own: &str) -> Result<Self, GatewayOpenError> {
        let Endpoint { address, pool, connections } = endpoint;
        Ok(Self {
            address,
            pool,
            places: Semaphore::new(connections),
            timeout: Duration::from_millis(store.timeout_ms),
            answer_bytes: store.largest_answer(),
            keys: keys(store, own)?,
            figures: Figures::default(),
        })
    }

    /// Asks once for fields of a permit.
    ///
    /// # Errors
    /// As of every store; [`StoreFault::Refused`] where it refused with a code that the institution can act upon.
    pub(crate) async fn ask(
        &self,
        asked: &Asked,
        permit: &Permit,
        fields: &[FieldName],
        end: &EndQuery,
    ) -> Result<Elsewhere, StoreError> {
        self.in_time(self.exchange(asked, permit, fields, end)).await
    }

    async fn exchange(
        &self,
        asked: &Asked,
        permit: &Permit,
        fields: &[FieldName],
        end: &EndQuery,
    ) -> Result<Elsewhere, StoreFault> {
        let _place = {
            let _waits = Waiting::begin(&self.figures);
            self.places.acquire().await.map_err(|_| HttpFault::Broken)?
        };
        let body = question::body(asked, fields, end)?;
        let mut request = request(Method::POST, &self.address.authority, QUERIES, body)?;
        question::add_headers(request.headers_mut(), end)?;
        let (response, link) = self.pool.send(request).await?;
        let numbers = Numbers::of(response.headers());
        let (status, answer) = read(response, self.answer_bytes).await?;
        self.pool.keep(link);
        let text = answer.text()?;
        if status == StatusCode::OK {
            answer::read(&text, permit, fields, end, &self.keys.in_force().made)
        } else {
            Err(refused::read(status, &text, numbers))
        }
    }

    /// A new connection: about nobody.
    ///
    /// # Errors
    /// As of every store.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        self.in_time(async {
            let are_certificates_taken = self.pool.look().await;
            self.keys.look().await;
            self.figures.files_refused(!are_certificates_taken || self.keys.is_refused());
            self.pool.keep(self.pool.connect().await?);
            Ok(())
        })
        .await
    }

    /// What is counted of it.
    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreFault>> + Send) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => Err(StoreError::Failed(fault)),
            Err(_) => Err(StoreError::Timeout),
        }
    }
}

/// That the keys of its log can be used.
///
/// # Errors
/// When the file cannot be read, or a line is no verifier key or this gateway's own.
pub(crate) fn check_keys(store: &settings::Store, own: &str) -> Result<(), GatewayOpenError> {
    keys(store, own).map(drop)
}

/// The keys of its log: the one in force, and those before and after a rotation.
fn keys(store: &settings::Store, own: &str) -> Result<Reread<Vec<VerifierKey>>, GatewayOpenError> {
    let (name, own, file) = (store.name.clone(), own.to_owned(), store.vkey.clone().unwrap_or_default());
    Reread::of(&store.name, [file.clone()], move || read_keys(&name, &file, &own))
}

fn read_keys(name: &str, file: &Path, own: &str) -> Result<Vec<VerifierKey>, GatewayOpenError> {
    let (name, path) = (name.to_owned(), file.display().to_string());
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(source) => return Err(GatewayOpenError::Keys { name, path, source }),
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let keys: Result<Vec<_>, _> = lines.map(VerifierKey::parse).collect();
    match keys {
        Ok(keys) if keys.iter().any(|key| key.name() == own) => Err(GatewayOpenError::Own(name)),
        Ok(keys) if !keys.is_empty() => Ok(keys),
        Ok(_) => Err(GatewayOpenError::Key { name, path, why: VerifierKeyError::Form }),
        Err(why) => Err(GatewayOpenError::Key { name, path, why }),
    }
}

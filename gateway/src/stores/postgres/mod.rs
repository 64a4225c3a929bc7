//! A PostgreSQL database as a store: a pool of connections, each looked at before its first look-up ([`fence`]), with
//! statements that are prepared once ([`asked`]). Its tables are the gateway's own ([`tables`]), or those that a map
//! describes ([`mapped`]).
//!
//! The tables of one look-up are read in one read-only transaction of one moment. A look-up that runs out of time, or whose
//! caller went away, is cancelled at the server, and its connection leaves the pool ([`sessions`]).

mod asked;
mod cells;
mod daily;
pub(crate) mod examine;
mod fault;
mod fence;
mod indexed;
mod mapped;
mod persons;
pub(crate) mod secret;
mod sessions;
mod tables;
pub(crate) mod tls;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use credit_audit::clock::Clock;
use credit_policy::{Catalogue, History};
use deadpool::{
    Runtime,
    managed::{Pool, PoolError, Timeouts},
};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use fault::PostgresFault;

use super::{
    contract::{Asked, LookUp, LookUps, Probe, Store},
    examine::Domain,
    fault::{StoreError, StoreFault},
    figures::Figures,
    map::Map,
    reread::Reread,
};
use crate::settings;
use daily::{Daily, LONGEST_OF_MAP};
use sessions::{Lent, Session, Sessions};

/// The gateway's own tables in PostgreSQL.
pub const SCHEMA: &str = include_str!("schema.sql");

/// A start waits longer for the server than a look-up.
const AT_START: Duration = Duration::from_secs(5);

/// Why a PostgreSQL store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the store `{name}`: {cause}")]
pub(crate) struct OpenError {
    name: String,
    cause: PostgresFault,
}

impl OpenError {
    /// Whether a later start may succeed with the same configuration.
    pub(crate) fn may_pass(&self) -> bool {
        self.cause.may_pass()
    }
}

/// A PostgreSQL database.
pub(crate) struct PostgresStore {
    pool: Pool<Sessions>,
    tls: Reread<MakeRustlsConnect>,
    timeout: Duration,
    figures: Arc<Figures>,
    daily: Daily,
    domain: Mutex<Arc<Domain>>,
    classes: Vec<String>,
    most_bytes: usize,
    catalogue: Arc<Catalogue>,
    clock: Arc<dyn Clock>,
}

impl PostgresStore {
    /// Connects once, so that what does not hold is known before a port opens.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) async fn open(
        settings: &settings::Store,
        map: Option<Arc<Map>>,
        catalogue: &Arc<Catalogue>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let opened = async {
            let store = Self::new(settings, map, catalogue, clock)?;
            let first = tokio::time::timeout(AT_START, store.pool.timeout_get(&Timeouts::new())).await;
            match first {
                Ok(Ok(_)) => Ok(store),
                Ok(Err(PoolError::Backend(fault))) => Err(fault),
                Ok(Err(_)) | Err(_) => Err(PostgresFault::Unreachable(std::io::ErrorKind::TimedOut)),
            }
        };
        opened.await.map_err(|cause| OpenError { name: settings.name.clone(), cause })
    }

    /// That its files can be used; nothing is connected.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn check_files(settings: &settings::Store) -> Result<(), OpenError> {
        let checked = tls::connector(settings)
            .and_then(|_| settings.password_file.as_deref().map_or(Ok(()), |path| secret::password(path).map(drop)));
        checked.map_err(|cause| OpenError { name: settings.name.clone(), cause })
    }

    fn new(
        settings: &settings::Store,
        map: Option<Arc<Map>>,
        catalogue: &Arc<Catalogue>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, PostgresFault> {
        let timeout = Duration::from_millis(settings.timeout_ms);
        let longest = map.as_ref().map_or(Duration::ZERO, |_| LONGEST_OF_MAP);
        let daily = Daily::new(&settings.name, Sessions::of(settings, map.clone(), longest)?);
        let sessions = Sessions::of(settings, map, timeout)?;
        let tls = sessions.tls.clone();
        let limit = Some(timeout);
        let pool = Pool::builder(sessions)
            .max_size(settings.pool_size())
            .timeouts(Timeouts { wait: limit, create: limit, recycle: limit })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| PostgresFault::Protocol)?;
        let classes = catalogue.classes().filter(|class| class.holds_records());
        Ok(Self {
            pool,
            tls,
            timeout,
            figures: Arc::default(),
            daily,
            domain: Mutex::new(Arc::new(Domain::of(catalogue, catalogue.today(clock.now())))),
            most_bytes: settings.largest_answer(),
            classes: classes.map(|class| class.name().as_str().to_owned()).collect(),
            catalogue: Arc::clone(catalogue),
            clock: Arc::clone(clock),
        })
    }

    /// Runs a question on a connection of its own, until the deadline.
    async fn ask<T>(&self, question: impl AsyncFnOnce(&Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let asked = async {
            let lent = self.connection().await?;
            let found = question(lent.session()?).await;
            // What the database said of a statement says nothing good of the connection; what is wrong with a value does.
            // Of an answer that is too large the rest is still on its way.
            let is_cut = matches!(&found, Err(StoreError::Failed(StoreFault::Postgres(PostgresFault::TooLarge(_)))));
            if !is_cut && found.as_ref().err().is_none_or(StoreError::is_of_data) {
                lent.give_back();
            }
            found
        };
        tokio::time::timeout(self.timeout, asked).await.unwrap_or(Err(StoreError::Timeout))
    }

    /// What is known of each person, for one plan and one purpose.
    async fn histories(&self, asked: &[Asked]) -> Result<Vec<Result<History, StoreError>>, StoreError> {
        // Whole in this module: a number goes to the server as the value of a parameter, and nowhere else.
        self.ask(async |session: &Session| match &session.bound {
            Some(bound) => bound.histories(&session.client, asked, self.most_bytes).await,
            None => {
                let (client, domain) = (&session.client, self.domain());
                tables::histories(client, asked, &self.classes, &domain, self.most_bytes).await
            }
        })
        .await
    }

    async fn connection(&self) -> Result<Lent, StoreError> {
        let _waits = Waits::begin(&self.figures);
        match self.pool.get().await {
            Ok(session) => Ok(Lent::new(session, self.tls.clone())),
            Err(PoolError::Backend(fault)) => Err(fault.into()),
            Err(PoolError::Timeout(_)) => Err(StoreError::Timeout),
            Err(_) => Err(PostgresFault::Closed.into()),
        }
    }

    /// What values may be today.
    fn domain(&self) -> Arc<Domain> {
        let today = self.catalogue.today(self.clock.now());
        let mut domain = self.domain.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !domain.is_of(today) {
            *domain = Arc::new(Domain::of(&self.catalogue, today));
        }
        Arc::clone(&domain)
    }
}

impl Store for PostgresStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(async move {
            let found = self.histories(&[asked]).await?.pop();
            found.unwrap_or(Err(PostgresFault::Protocol.into()))
        })
    }

    fn look_up_all(&self, asked: Vec<Asked>) -> Result<LookUps<'_>, Vec<Asked>> {
        Ok(Box::pin(async move { self.histories(&asked).await }))
    }

    /// Asks each table for a number that nobody has.
    fn probe(&self) -> Probe<'_> {
        Box::pin(async {
            self.tls.look().await;
            self.figures.files_refused(self.tls.is_refused());
            self.daily.look_if_due(self.domain(), &self.figures);
            self.ask(async |session: &Session| match &session.bound {
                Some(bound) => bound.probe(&session.client).await,
                None => tables::probe(&session.client).await,
            })
            .await
        })
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }
}

/// Counts a look-up that waits for a connection, whatever becomes of it.
struct Waits<'a>(&'a Figures);

impl<'a> Waits<'a> {
    fn begin(figures: &'a Figures) -> Self {
        figures.waits();
        Self(figures)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.is_read();
    }
}

impl From<PostgresFault> for StoreError {
    fn from(fault: PostgresFault) -> Self {
        Self::Failed(StoreFault::Postgres(fault))
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let late =
            [SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT];
        if error.code().is_some_and(|code| late.contains(code)) {
            Self::Timeout
        } else {
            PostgresFault::of(&error).into()
        }
    }
}

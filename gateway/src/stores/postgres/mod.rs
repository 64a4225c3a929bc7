//! A PostgreSQL database as a store: a pool of connections, each looked at before its first look-up ([`fence`]), with
//! statements that are prepared once ([`asked`]). Its tables are the gateway's own ([`tables`]), or those that a map
//! describes ([`mapped`]).
//!
//! The tables of one look-up are read in one read-only transaction of one moment. A look-up that runs out of time, or whose
//! caller went away, is cancelled at the server, and its connection leaves the pool ([`sessions`]).

mod asked;
mod cells;
mod daily;
mod database;
pub(crate) mod examine;
mod fault;
mod fence;
mod gathered;
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
use credit_policy::Catalogue;
use deadpool::{
    Runtime,
    managed::{Pool, PoolError, Timeouts},
};
use tokio_postgres::error::SqlState;

pub(crate) use fault::{OpenError, PostgresFault};

use super::{
    contract::{Asked, LookUp, LookUps, Probe, Store},
    examine::Domain,
    fault::{StoreError, StoreFault},
    figures::Figures,
    map::Map,
};
use crate::settings;
use daily::{Daily, LONGEST_OF_MAP};
use database::Database;
use gathered::Queue;
use sessions::{Session, Sessions};

/// The gateway's own tables in PostgreSQL.
pub const SCHEMA: &str = include_str!("schema.sql");

/// A start waits longer for the server than a look-up.
const AT_START: Duration = Duration::from_secs(5);

/// A PostgreSQL database.
pub(crate) struct PostgresStore {
    database: Arc<Database>,
    daily: Daily,
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
            let first = tokio::time::timeout(AT_START, store.database.pool.timeout_get(&Timeouts::new())).await;
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
        let database = Database {
            pool,
            queue: Queue::default(),
            tls,
            timeout,
            figures: Arc::default(),
            domain: Mutex::new(Arc::new(Domain::of(catalogue, catalogue.today(clock.now())))),
            most_bytes: settings.largest_answer(),
            classes: classes.map(|class| class.name().as_str().to_owned()).collect(),
            catalogue: Arc::clone(catalogue),
            clock: Arc::clone(clock),
        };
        Ok(Self { database: Arc::new(database), daily })
    }
}

impl Store for PostgresStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(self.database.look_up(asked))
    }

    fn look_up_all(&self, asked: Vec<Asked>) -> Result<LookUps<'_>, Vec<Asked>> {
        // Both questions within the time of one.
        Ok(Box::pin(self.database.in_time(async move {
            match self.database.histories(&asked).await {
                Err(error) if error.is_of_data() && asked.len() > 1 => Ok(self.database.each_alone(&asked).await),
                found => found,
            }
        })))
    }

    /// Asks each table for a number that nobody has.
    fn probe(&self) -> Probe<'_> {
        Box::pin(async {
            let database = &self.database;
            database.tls.look().await;
            database.figures.files_refused(database.tls.is_refused());
            self.daily.look_if_due(database.domain(), &database.figures);
            database
                .ask(async |session: &Session| match &session.bound {
                    Some(bound) => bound.probe(&session.client).await,
                    None => tables::probe(&session.client).await,
                })
                .await
        })
    }

    fn figures(&self) -> &Figures {
        &self.database.figures
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

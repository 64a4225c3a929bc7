//! A PostgreSQL database as a store: a pool of connections, each looked at before its first look-up ([`fence`]), with
//! statements that are prepared once.
//!
//! The tables of one look-up are read in one read-only transaction of one moment. A look-up that runs out of time, or whose
//! caller went away, is cancelled at the server, and its connection leaves the pool ([`sessions`]).

mod fault;
mod fence;
mod secret;
mod sessions;
mod tables;
mod tls;

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex},
    time::Duration,
};

use credit_audit::clock::Clock;
use credit_policy::{Catalogue, CitizenNumber, ClassName, FetchPlan, FieldName, History, List};
use deadpool::{
    Runtime,
    managed::{Pool, PoolError, Timeouts},
};
use deadpool_postgres::ClientWrapper;
use futures_util::future::{join3, try_join_all};
use tokio_postgres::{Row, error::SqlState, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use fault::PostgresFault;

use super::{
    contract::{Asked, LookUp, Probe, Store},
    examine::Domain,
    fault::{StoreError, StoreFault},
    figures::Figures,
    layout::{LISTING, RECORD, TABLES, Table},
};
use crate::settings;
use fence::Fence;
use sessions::{Lent, Sessions};
use tables::Values;

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
    tls: MakeRustlsConnect,
    timeout: Duration,
    figures: Figures,
    domain: Mutex<Arc<Domain>>,
    classes: Vec<String>,
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
        catalogue: &Arc<Catalogue>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let opened = async {
            let store = Self::new(settings, catalogue, clock)?;
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
        catalogue: &Arc<Catalogue>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, PostgresFault> {
        let timeout = Duration::from_millis(settings.timeout_ms);
        let mut config = settings.server().map_err(|_| PostgresFault::Protocol)?;
        // By chance, so that no other program's connections have it.
        let mark = format!("{:016x}", RandomState::new().hash_one(&settings.name));
        sessions::options(&mut config, &mark, timeout);
        let tls = tls::connector(settings)?;
        let sessions =
            Sessions { config, password_file: settings.password_file.clone(), tls: tls.clone(), fence: Fence { mark } };
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
            figures: Figures::default(),
            domain: Mutex::new(Arc::new(Domain::of(catalogue, catalogue.today(clock.now())))),
            classes: classes.map(|class| class.name().as_str().to_owned()).collect(),
            catalogue: Arc::clone(catalogue),
            clock: Arc::clone(clock),
        })
    }

    /// Runs a question on a connection of its own, until the deadline.
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&ClientWrapper) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let asked = async {
            let lent = self.connection().await?;
            let found = question(lent.session()?).await;
            // What the database said of a statement says nothing good of the connection; what is wrong with a value does.
            if found.as_ref().err().is_none_or(StoreError::is_of_data) {
                lent.give_back();
            }
            found
        };
        tokio::time::timeout(self.timeout, asked).await.unwrap_or(Err(StoreError::Timeout))
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

    async fn history(&self, session: &ClientWrapper, number: &str, plan: &FetchPlan) -> Result<History, StoreError> {
        let lists: Vec<&str> = plan.lists().iter().map(|list| list.as_str()).collect();
        let wanted: [Vec<&str>; 3] = [
            plan.classes().iter().map(ClassName::as_str).collect(),
            lists,
            plan.attributes().iter().map(FieldName::as_str).collect(),
        ];
        let classes: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let known: [Vec<&str>; 3] = [classes, List::ALL.iter().map(|list| list.as_str()).collect(), Vec::new()];
        let small = number.to_lowercase();
        let spellings: Vec<&str> = if small == number { vec![number] } else { vec![number, &small] };
        let asked = TABLES.into_iter().zip(wanted.iter().zip(&known)).filter(|(_, (wanted, _))| !wanted.is_empty());
        let asked: Vec<Question<'_>> = asked.map(|(table, (wanted, known))| (table, &wanted[..], &known[..])).collect();
        let found = of_one_moment(session, &spellings, &asked).await?;
        let domain = self.domain();
        let mut history = History::default();
        for ((table, ..), rows) in asked.iter().zip(&found) {
            if rows.len() > tables::MOST {
                return Err(PostgresFault::TooMany { table: table.name.to_owned(), most: tables::MOST }.into());
            }
            for row in rows {
                let values = Values::of(row, table, number, &domain)?;
                match table.name {
                    name if name == RECORD.name => history.records.push(values.record()?),
                    name if name == LISTING.name => history.listings.push(values.listing()?),
                    _ => history.attributes.push(values.attribute()?),
                }
            }
        }
        Ok(history)
    }
}

type Question<'a> = (&'static Table, &'a [&'a str], &'a [&'a str]);

/// Runs the statements of a look-up, all sent before the first is answered. Where there are several, a transaction makes
/// them of one moment; one alone is.
async fn of_one_moment(
    session: &ClientWrapper,
    spellings: &[&str],
    asked: &[Question<'_>],
) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut statements = Vec::with_capacity(asked.len());
    for (table, ..) in asked {
        statements.push(session.prepare_cached(&tables::select(table)).await?);
    }
    let parameters: Vec<Vec<&(dyn ToSql + Sync)>> = asked
        .iter()
        .map(|(table, wanted, known)| {
            let both: [&(dyn ToSql + Sync); 3] = [&spellings, wanted, known];
            both.into_iter().take(if tables::is_closed(table) { 3 } else { 2 }).collect()
        })
        .collect();
    let queries = statements.iter().zip(&parameters).map(|(statement, values)| session.query(statement, values));
    if asked.len() < 2 {
        return Ok(try_join_all(queries).await?);
    }
    let begin = session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    let (begun, found, ended) = join3(begin, try_join_all(queries), session.batch_execute("COMMIT")).await;
    begun?;
    let found = found?;
    ended?;
    Ok(found)
}

impl Store for PostgresStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(async move {
            // Whole in this module: the number goes to the server as the value of a parameter, and nowhere else.
            let number =
                asked.person.disclose(|number: &CitizenNumber| zeroize::Zeroizing::new(number.as_str().to_owned()));
            self.ask(async |session: &ClientWrapper| self.history(session, &number, &asked.plan).await).await
        })
    }

    /// Asks each table for a number that nobody has.
    fn probe(&self) -> Probe<'_> {
        Box::pin(self.ask(async |session: &ClientWrapper| {
            let nobody = [""];
            let asked: Vec<Question<'_>> = TABLES.into_iter().map(|table| (table, &nobody[..], &nobody[..])).collect();
            of_one_moment(session, &nobody, &asked).await.map(drop)
        }))
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

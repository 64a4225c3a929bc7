//! What is looked at once a day, on a connection of its own, since it takes longer than any look-up: in the gateway's own tables
//! all rows for classes that may not be collected, are confidential or are sealed (R13, R14), which a map cannot name; and in
//! these and in tables behind a map a sample of the rows, whether their values fit. A look-up refuses a row that does not
//! fit; this finds it before anybody is asked about.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::Manager;

use super::{
    examine::{Checked, Rows, examine_on},
    fault::PostgresFault,
    sessions::{Session, Sessions},
};
use crate::stores::{
    examine::Domain,
    figures::Figures,
    layout::{ATTRIBUTE, RECORD},
    unlawful,
};

const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Rows of each table in the sample.
const ROWS: u64 = 10_000;

/// Longest statement in tables that a map describes: what lies behind a view is not ours.
pub(super) const LONGEST_OF_MAP: Duration = Duration::from_mins(5);

/// The daily look.
pub(super) struct Daily {
    store: Arc<str>,
    sessions: Arc<Sessions>,
    begun: Mutex<Option<Instant>>,
}

impl Daily {
    /// Of a store of this name, with connections whose statements may take longer than those of look-ups.
    pub(super) fn new(store: &str, sessions: Sessions) -> Self {
        Self { store: store.into(), sessions: Arc::new(sessions), begun: Mutex::default() }
    }

    /// Begins a look where one is due, beside whatever else is under way.
    pub(super) fn look_if_due(&self, domain: Arc<Domain>, figures: &Arc<Figures>) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.is_some_and(|begun| begun.elapsed() < EVERY) {
            return;
        }
        *begun = Some(Instant::now());
        let (store, sessions, figures) = (Arc::clone(&self.store), Arc::clone(&self.sessions), Arc::clone(figures));
        tokio::spawn(async move {
            match look(&sessions, &domain).await {
                Ok(looked) => looked.tell(&store, &figures),
                Err(fault) => {
                    tracing::warn!(store = &*store, cause = %fault, "the rows of the store could not be looked at; it is tried tomorrow");
                }
            }
        });
    }
}

/// What was seen.
struct Looked {
    /// Rows by class; each class that may not be there has its number, mostly 0.
    unlawful: Option<BTreeMap<String, u64>>,
    sample: Checked,
}

impl Looked {
    /// Tells the operator: counts and places, nobody's number, no value.
    fn tell(self, store: &str, figures: &Figures) {
        if let Some(unlawful) = self.unlawful {
            unlawful::warn(&unlawful);
            figures.has_unlawful(unlawful);
        }
        let faults = self.sample.total();
        figures.faulty(faults);
        if faults > 0 {
            let (rows, kinds) = (self.sample.rows(), self.sample.kinds().join("; "));
            tracing::warn!(
                store,
                "{faults} values that do not fit, in a sample of {rows} rows: {kinds}; run `credit-gateway store check`"
            );
        }
    }
}

async fn look(sessions: &Sessions, domain: &Domain) -> Result<Looked, PostgresFault> {
    sessions.tls.look().await;
    let session = sessions.create().await?;
    let unlawful = match &session.bound {
        None => Some(count(&session, domain).await?),
        Some(_) => None,
    };
    Ok(Looked { unlawful, sample: examine_on(&session, domain, Rows::Sample(ROWS)).await? })
}

async fn count(session: &Session, domain: &Domain) -> Result<BTreeMap<String, u64>, PostgresFault> {
    let mut counts: BTreeMap<String, u64> = domain.unlawful().map(|class| (class.to_owned(), 0)).collect();
    let names: Vec<String> = counts.keys().flat_map(|class| [class.clone(), class.replace('-', "_")]).collect();
    for (table, name) in [(RECORD.name, "class"), (ATTRIBUTE.name, "field")] {
        let sql =
            format!("SELECT t.{name}::text, pg_catalog.count(*) FROM {table} t WHERE t.{name} = ANY ($1) GROUP BY 1");
        let of = |error: tokio_postgres::Error| PostgresFault::of(&error);
        for row in session.client.query(&sql, &[&names]).await.map_err(of)? {
            let (written, rows): (String, i64) = (row.try_get(0).map_err(of)?, row.try_get(1).map_err(of)?);
            if let Some(count) = counts.get_mut(&written.replace('_', "-")) {
                *count += u64::try_from(rows).unwrap_or_default();
            }
        }
    }
    Ok(counts)
}

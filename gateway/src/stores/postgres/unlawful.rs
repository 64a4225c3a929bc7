//! Which classes the gateway's own tables in a database have that may not be collected, are confidential or are sealed (R13,
//! R14). Look-ups never meet one; all rows are looked at once a day, on a connection of its own, since it takes longer than any
//! look-up. Tables behind a map need no look: a map cannot name such a class.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::Manager;

use super::{fault::PostgresFault, sessions::Sessions};
use crate::stores::{
    examine::Domain,
    figures::Figures,
    layout::{ATTRIBUTE, RECORD},
    unlawful,
};

const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// The daily look.
pub(super) struct Daily {
    sessions: Arc<Sessions>,
    begun: Mutex<Option<Instant>>,
}

impl Daily {
    /// With connections whose statements may take as long as they take.
    pub(super) fn new(sessions: Sessions) -> Self {
        Self { sessions: Arc::new(sessions), begun: Mutex::default() }
    }

    /// Begins a look where one is due, beside whatever else is under way.
    pub(super) fn look_if_due(&self, domain: Arc<Domain>, figures: &Arc<Figures>) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.is_some_and(|begun| begun.elapsed() < EVERY) {
            return;
        }
        *begun = Some(Instant::now());
        let (sessions, figures) = (Arc::clone(&self.sessions), Arc::clone(figures));
        tokio::spawn(async move {
            match count(&sessions, &domain).await {
                Ok(counts) => {
                    unlawful::warn(&counts);
                    figures.has_unlawful(counts);
                }
                Err(fault) => {
                    tracing::warn!(%fault, "the store could not be searched for what may not be there; it is tried tomorrow");
                }
            }
        });
    }
}

/// Rows by class; each class that may not be there has its number, mostly 0.
async fn count(sessions: &Sessions, domain: &Domain) -> Result<BTreeMap<String, u64>, PostgresFault> {
    sessions.tls.look().await;
    let session = sessions.create().await?;
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

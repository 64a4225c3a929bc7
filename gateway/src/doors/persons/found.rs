//! What the index finds of a person, with the leaves themselves.

use std::{sync::Arc, time::Duration};

use credit_audit::leaf::CorrectionState;
use credit_policy::Language;

use super::{
    entries::{Entry, entry},
    range::Range,
    sentence::sentence,
    sessions::LoggedIn,
};
use crate::{
    gateway::Gateway,
    index::{IndexError, Wanted, read_leaf},
};

/// How long the index may take to have what is durable.
const LATEST: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(25);

/// What was found for one page.
pub(super) struct Listed {
    pub(super) found: Vec<Found>,
    /// Leaves of the log that were looked through.
    pub(super) covers: u64,
    /// The leaf before which the next page begins.
    pub(super) next: Option<u64>,
}

/// One query.
pub(super) struct Found {
    /// Its index in the log.
    pub(super) index: u64,
    pub(super) leaf: Vec<u8>,
    pub(super) entry: Entry,
    /// Whether there is a correction of its answer, and whether it was fetched.
    pub(super) correction: Option<CorrectionState>,
}

/// Of everything that is durable now and that the person may know of, the newest `most`.
///
/// # Errors
/// What the operator reads.
pub(super) async fn listed(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    range: &Range,
    most: usize,
    language: Language,
) -> Result<Listed, &'static str> {
    let (durable, begun) = (gateway.log.size(), tokio::time::Instant::now());
    loop {
        let (shared, person, range) = (Arc::clone(gateway), person.clone(), range.clone());
        let make = move || make(&shared, &person, &range, most, durable, language);
        let made = tokio::task::spawn_blocking(make).await;
        match made.map_err(|_| "it panicked")? {
            Ok(Some(listed)) => return Ok(listed),
            Ok(None) if begun.elapsed() < LATEST => tokio::time::sleep(LOOK).await,
            Ok(None) => return Err("the index is behind the log"),
            Err(error) => {
                tracing::error!(%error, "the index of the log cannot be used");
                return Err("the index cannot be used");
            }
        }
    }
}

/// Waits until the leaf at `index` is published.
///
/// # Errors
/// What the operator reads.
pub(super) async fn published(gateway: &Gateway, index: u64) -> Result<(), &'static str> {
    let begun = tokio::time::Instant::now();
    while gateway.log.published() <= index {
        if begun.elapsed() > LATEST {
            return Err("the log is not published");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Blocks. Nothing as long as the index is behind.
fn make(
    gateway: &Gateway,
    person: &LoggedIn,
    range: &Range,
    most: usize,
    durable: u64,
    language: Language,
) -> Result<Option<Listed>, IndexError> {
    let Some(index) = gateway.index.as_ref() else { return Ok(None) };
    let covers = gateway.follow_log()?;
    if covers < durable {
        return Ok(None);
    }
    let (from, until) = range.microseconds();
    let person = person.person.disclose(|number| index.person(number.as_str()));
    let one_more = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1);
    let wanted = Wanted { person, before: range.before.unwrap_or(covers), from, until, most: one_more };
    let mut rows = index.about(&wanted, gateway.today())?;
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|last| last.place.leaf);
    let mut found = Vec::new();
    for row in rows {
        let index = row.place.leaf;
        let leaf = read_leaf(&gateway.log_folder(), row.place)?;
        let mut entry = entry(gateway, &leaf, row.notice.is_some(), language).ok_or(IndexError::Leaf(index))?;
        entry.says = sentence(&entry, language);
        if range.has(entry.day) {
            found.push(Found { index, leaf, entry, correction: row.correction });
        }
    }
    Ok(Some(Listed { found, covers, next }))
}

//! `GET /v1/corrections`: the institution's answers that would be others without a record that went out of answers since. It says
//! which fields differ and from which day on, and nothing of the record. That each was fetched is a leaf of its own, as ids of
//! several queries stand together in none.

use std::sync::Arc;

use credit_audit::leaf::{Act, Correction, CorrectionState};
use credit_policy::FieldName;
use futures_util::future::join_all;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::asker::{Asker, Undone};
use crate::{
    changes::{Corrected, corrected, day_of, record_due},
    doors::latest::of_index,
    gateway::Gateway,
    index::{Index, IndexError},
};

/// Corrections of one answer.
const MOST: usize = 40;

/// Rows of the index that are looked at together.
const ROWS: u32 = 256;

#[derive(Serialize)]
struct Answer {
    corrections: Vec<Box<RawValue>>,
    /// What to ask for next.
    after: u64,
    /// Whether there are more of them now.
    more: bool,
}

#[derive(Serialize)]
struct Entry {
    query: Uuid,
    fields: Vec<FieldName>,
    /// Since when the answer would be another one.
    day: Date,
}

struct Found {
    entries: Vec<Entry>,
    after: u64,
    more: bool,
}

/// Finds them, records that each is fetched, then tells them.
pub(super) async fn fetch(asker: &Asker, after: u64) -> Result<Vec<u8>, Undone> {
    let gateway = &asker.gateway;
    // What went out of answers a moment ago is among them. Where that fails, they come later.
    if let Err(error) = record_due(gateway).await {
        tracing::warn!(%error, "corrections that are due are not all on the record yet");
    }
    let name = asker.institution.id().to_owned();
    let found = of_index(gateway, move |gateway, index, _| find(gateway, index, &name, after)).await;
    let Found { entries, after, more } = found.map_err(|cause| {
        tracing::error!(cause, "corrections could not be found");
        Undone::NotRecordable
    })?;
    let recorded = join_all(entries.into_iter().map(|entry| record(asker, entry))).await;
    let corrections = recorded.into_iter().collect::<Option<Vec<_>>>().ok_or(Undone::NotRecordable)?;
    serde_json::to_vec(&Answer { corrections, after: asker.to_go_on(after), more }).map_err(|_| Undone::NotRecordable)
}

/// Blocks.
fn find(gateway: &Gateway, index: &Index, name: &str, after: u64) -> Result<Found, IndexError> {
    let mut found = Found { entries: Vec::new(), after, more: false };
    loop {
        let rows = index.due(name, found.after, ROWS)?;
        if rows.is_empty() {
            return Ok(found);
        }
        for row in rows {
            if found.entries.len() == MOST {
                return Ok(Found { more: true, ..found });
            }
            found.after = row.due;
            if let Some(Corrected { query, fields }) = corrected(gateway, row.place)? {
                found.entries.push(Entry { query, fields, day: day_of(gateway, row.at) });
            }
        }
    }
}

async fn record(asker: &Asker, entry: Entry) -> Option<Box<RawValue>> {
    let (gateway, id) = (Arc::clone(&asker.gateway), asker.gateway.new_id());
    let leaf = Correction { state: CorrectionState::Fetched, query: entry.query };
    let certificate = asker.status.thumbprint().to_string();
    let own = leaf.own_entry(id, asker.institution.id(), &certificate).ok()?;
    let durable = gateway.recorder.record(own).await.ok()?;
    let body = asker.recorded(&entry, id, &durable);
    RawValue::from_string(String::from_utf8(body).ok()?).ok()
}

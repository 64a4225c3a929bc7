//! Corrections (R11; PIPL art. 46): an answer that was given before a record went out of answers, and would be another one
//! without it. What was returned stands sealed in the answer's leaf; it is reduced again for its day, with the record and without.

use std::{collections::BTreeSet, sync::Arc};

use credit_audit::leaf::{self, Act, Actor, Base64, Correction, CorrectionState, QueryLeaf};
use credit_keys::KeyId;
use credit_policy::{
    Attribute, CitizenNumber, ClassName, Decision, FieldName, History, List, Listing, Permit, Record, Severity, Value,
    decide, minimise,
};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use uuid::Uuid;

use super::{error::ChangeError, standing::whose};
use crate::{
    gateway::Gateway,
    index::{IndexError, Place, Removal, read_leaf},
    state::{
        other_logs::is_elsewhere,
        standing::{CorrectedUntil, Names},
    },
};

/// An answer that would be another one today.
pub(crate) struct Corrected {
    /// The query.
    pub(crate) query: Uuid,
    /// The fields that differ, sorted.
    pub(crate) fields: Vec<FieldName>,
}

/// Records of each answer that would be another one without a record that went out of answers since that its correction is due:
/// once for each such record. It is done again after a crash, and on the next day, when what was withheld may be known.
///
/// # Errors
/// Why it was not finished; the next call goes on.
pub(crate) async fn record_due(gateway: &Arc<Gateway>) -> Result<(), ChangeError> {
    let mut done = gateway.standing.corrected.lock().await;
    let today = gateway.today();
    if done.day != Some(today) {
        *done = CorrectedUntil { day: Some(today), ..CorrectedUntil::default() };
    }
    for removed_by in gateway.standing.removed_by(&done) {
        // So that the index has every correction that was said to be due before: none is said twice.
        if !gateway.is_published(gateway.log.size().saturating_sub(1)).await {
            return Err(ChangeError::NotMade);
        }
        let (shared, removal) = (Arc::clone(gateway), gateway.leaf(removed_by).await);
        // What another log said is asked for again.
        let removal = match removal {
            None if is_elsewhere(removed_by) => return Err(ChangeError::NotMade),
            removal => removal,
        };
        let found = tokio::task::spawn_blocking(move || affected(&shared, removed_by, removal)).await;
        let found =
            found.map_err(|_| ChangeError::BrokenOff)?.map_err(|error| ChangeError::Index(error.to_string()))?;
        let mut last = None;
        for query in found {
            let leaf = Correction { state: CorrectionState::Due, query };
            let entry = leaf.entry(gateway.new_id(), Actor::gateway())?;
            let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
            last = Some(durable.index);
        }
        // Whoever asks next finds them in the index.
        if let Some(last) = last {
            gateway.is_published(last).await;
        }
        if is_elsewhere(removed_by) { &mut done.until_elsewhere } else { &mut done.until }.clone_from(&removed_by);
    }
    Ok(())
}

/// The answers of this log that are others without what went by a leaf of this one or another log. Blocks.
fn affected(gateway: &Gateway, removed_by: u64, removal: Option<(String, Vec<u8>)>) -> Result<Vec<Uuid>, IndexError> {
    let Some(index) = gateway.index.as_ref() else { return Ok(Vec::new()) };
    let (origin, bytes) = removal.ok_or(IndexError::Leaf(removed_by))?;
    let Ok(Some(leaf)) = leaf::parse(&bytes) else { return Ok(Vec::new()) };
    // Whose key is destroyed is known nowhere.
    let Some(number) = whose(&gateway.keys, &origin, &leaf) else { return Ok(Vec::new()) };
    gateway.follow_log()?;
    let person = number.disclose(|number| index.person(number.as_str()));
    let mut found = Vec::new();
    let before = match is_elsewhere(removed_by) {
        true => Removal::At(leaf.head.at),
        false => Removal::Leaf(removed_by),
    };
    for place in index.answered(&person, before, gateway.today())? {
        found.extend(corrected(gateway, place)?.map(|corrected| corrected.query));
    }
    Ok(found)
}

/// What of an answer is another one today; nothing where all of it is the same, or its holder may not keep it any more. Blocks.
///
/// # Errors
/// Where its leaf is not there.
pub(crate) fn corrected(gateway: &Gateway, place: Place) -> Result<Option<Corrected>, IndexError> {
    let bytes = read_leaf(&gateway.log_folder(), place)?;
    let Ok(leaf) = QueryLeaf::parse(&bytes) else { return Ok(None) };
    Ok(of_leaf(gateway, &leaf))
}

/// The day of an instant in the jurisdiction.
pub(crate) fn day_of(gateway: &Gateway, microseconds: i64) -> Date {
    gateway.catalogue().today(Timestamp::from_microsecond(microseconds).unwrap_or_default())
}

fn of_leaf(gateway: &Gateway, leaf: &QueryLeaf) -> Option<Corrected> {
    let on = leaf.inputs.on;
    let released = leaf.fields.as_deref()?;
    let Sealed { number, told, entries } = opened(gateway, leaf)?;
    let person = gateway.standing.person(&CitizenNumber::parse(&number).ok()?);
    let permit = match decide(&gateway.catalogue(), leaf.scenario.as_ref(), &leaf.inputs) {
        Decision::Permit(permit) => permit,
        // The rules have changed since: what it was asked for is over.
        Decision::Refuse { .. } => return None,
    };
    if permit.obligations(on).keep_until < gateway.today() {
        return None;
    }
    let fields = match told.and_then(Told::history) {
        Some(told) => {
            let keys = gateway.current_keys();
            let names = Names { keys: &keys.state, catalogue: &gateway.catalogue() };
            let heed = |told: &mut History| gateway.standing.heed(&person, names, told);
            // By a route the entries themselves were returned: what went of them is missed by its holder, whatever their number amounts to.
            let one_by_one = if entries { each_entry(&told) } else { Vec::new() };
            let all = std::iter::once(told).chain(one_by_one).flat_map(|told| differing(&permit, told, on, heed));
            all.collect::<BTreeSet<_>>()
        }
        // What was returned did not fit the leaf: whatever rests on the class may differ.
        None => resting(gateway, &permit, &gateway.standing.removed_classes(&person)).into_iter().collect(),
    };
    let fields: Vec<_> = fields.into_iter().filter(|field| released.contains(field)).collect();
    let is_any = !fields.is_empty();
    is_any.then_some(Corrected { query: leaf.id, fields })
}

/// The fields whose value is another one once `heed` took out of a history what is gone.
fn differing(permit: &Permit, mut told: History, on: Date, heed: impl FnOnce(&mut History)) -> Vec<FieldName> {
    let with = minimise(permit, &told, on);
    heed(&mut told);
    let without = minimise(permit, &told, on);
    let pairs = with.data.into_iter().zip(without.data);
    pairs.filter(|((_, with), (_, without))| with != without).map(|((field, _), _)| field).collect()
}

/// A history of each record and listing alone.
fn each_entry(told: &History) -> Vec<History> {
    let records = told.records.iter().map(|record| History { records: vec![record.clone()], ..History::default() });
    let listings =
        told.listings.iter().map(|listing| History { listings: vec![listing.clone()], ..History::default() });
    records.chain(listings).collect()
}

fn resting(gateway: &Gateway, permit: &Permit, classes: &BTreeSet<String>) -> Vec<FieldName> {
    let catalogue = gateway.catalogue();
    let rests = |field: &&FieldName| {
        let known = catalogue.field(field.as_str());
        known.is_some_and(|known| known.classes().iter().any(|known| classes.contains(known.as_str())))
    };
    permit.fields().iter().filter(rests).cloned().collect()
}

/// Of the personal part of a query, who it is about and what stores returned (`FORMAT.md` §5).
#[derive(Deserialize)]
struct Sealed {
    number: String,
    told: Option<Told>,
    /// Whether the entries themselves were returned, by a route.
    #[serde(default)]
    entries: bool,
}

fn opened(gateway: &Gateway, leaf: &QueryLeaf) -> Option<Sealed> {
    let key = KeyId::parse(leaf.key.as_deref()?).ok()?;
    let (Base64(sealed), Base64(commit)) = (leaf.sealed.as_ref()?, leaf.commit.as_ref()?);
    let (origin, id) = (&gateway.settings.log.origin, leaf.id.to_string());
    let opened = gateway.keys.with(|ring| ring.unseal(&key, origin, &id, sealed, commit)).ok()?;
    opened.disclose(|plain| serde_json::from_slice(plain).ok())
}

/// What stores returned, as the leaf has it.
#[derive(Deserialize)]
struct Told {
    records: Vec<Vec<serde_json::Value>>,
    listings: Vec<(String, Date, Option<Date>, bool)>,
    attributes: Vec<(String, serde_json::Value)>,
}

impl Told {
    fn history(self) -> Option<History> {
        let listing = |(list, from, until, disputed): (String, Date, Option<Date>, bool)| {
            Some(Listing { list: List::parse(&list)?, from, until, disputed })
        };
        let attribute = |(field, value): (String, serde_json::Value)| {
            Some(Attribute { field: FieldName::parse(&field).ok()?, value: of_json(value) })
        };
        Some(History {
            records: self.records.iter().map(|row| record(row)).collect::<Option<_>>()?,
            listings: self.listings.into_iter().map(listing).collect::<Option<_>>()?,
            attributes: self.attributes.into_iter().map(attribute).collect::<Option<_>>()?,
        })
    }
}

fn record(row: &[serde_json::Value]) -> Option<Record> {
    let text = |place: usize| row.get(place)?.as_str();
    let day = |place: usize| text(place)?.parse::<Date>().ok();
    Some(Record {
        class: ClassName::parse(text(0)?).ok()?,
        severity: Severity::parse(text(1)?)?,
        act: day(2)?,
        determined: day(3)?,
        sentence_end: day(4),
        effect_end: day(5),
        repaired: day(6),
        repair_revoked: day(7),
        disputed: row.get(8)?.as_bool()?,
        performed: day(9),
        amount: row.get(10).and_then(serde_json::Value::as_u64),
    })
}

fn of_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => number.as_i64().map_or(Value::Null, Value::Int),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(all) => Value::List(all.into_iter().map(of_json).collect()),
        serde_json::Value::Null | serde_json::Value::Object(_) => Value::Null,
    }
}

//! What the keys in the shared state mean to a ring, without a database.
//!
//! Each month has a data key, for all who count together. Whoever needs it first puts it there, sealed for the copies of one ring
//! ([`Ring::hand_out_new`]); it is in no ring before it was read there again, so that of two who make one at once both take the same.
//! So it is with keys that are rotated by command, which have a time from which on they are in force ([`Ring::hand_out_ahead`]).

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use credit_keys::{About, ChangeError, DEFAULT_OVERLAP_DAYS, Entropy, Handed, HandedError, KeyId, KeyUse, Ring};
use jiff::{SignedDuration, Timestamp};

use super::fault::StateFault;

/// How long before its month a key is made.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// And so long before it is needed at the latest: keys turn a little before their time.
const SOON: SignedDuration = SignedDuration::from_secs(2);

/// Keys that were handed out.
#[derive(Debug)]
pub(crate) struct HandedOut {
    pub(crate) keys: Vec<KeyId>,
    pub(crate) activates: Timestamp,
}

/// Why the keys of all could not be had, or given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysFault {
    /// The shared state.
    #[error(transparent)]
    State(#[from] StateFault),
    /// The ring.
    #[error(transparent)]
    Ring(#[from] ChangeError),
}

impl From<tokio_postgres::Error> for KeysFault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::State(error.into())
    }
}

/// The copy of the ring that this gateway has.
pub(crate) trait Rings: Send + Sync {
    /// Lends the ring as it is in memory, with the keys that the log says are destroyed. May block.
    fn peek(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>));

    /// Lends the ring as its file has it now, with the keys that the log says are destroyed. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn lend(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) -> Result<(), ChangeError>;

    /// Takes a key that was handed out. Blocks.
    ///
    /// # Errors
    /// Why it may not be used, or that the ring cannot be written.
    fn take(&self, id: &KeyId, text: &str) -> Result<(), ChangeError>;

    /// The time that the log accepts.
    fn now(&self) -> Timestamp;
}

/// A row of the shared state.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) id: String,
    /// Nothing where the key was destroyed.
    pub(super) handed: Option<String>,
    /// Another one each time the row is written.
    pub(super) mark: String,
    /// Whether a gateway has had it.
    pub(super) taken: bool,
}

/// What is to be done there, and here.
#[derive(Default)]
pub(super) struct Plan {
    /// What is missing there; without a text where it was destroyed.
    pub(super) put: Vec<(KeyId, Option<String>)>,
    /// What is to be there in the place of a row with this mark.
    pub(super) change: Vec<(KeyId, String, Option<String>)>,
    /// What is there and here: a gateway has had it.
    pub(super) note: Vec<KeyId>,
    /// What is missing here, in the order in which it comes in force.
    pub(super) take: Vec<(KeyId, String)>,
    /// What is there and is not used.
    pub(super) faults: Vec<HandedError>,
}

impl Plan {
    /// Compares the rows with a ring; `gone` are keys that the log says are destroyed. A month's key that neither has is made where it
    /// is wanted at `now`.
    ///
    /// # Errors
    /// When no key can be made or sealed.
    pub(super) fn new(
        rows: &[Row],
        (ring, gone): (&Ring, &BTreeSet<KeyId>),
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, ChangeError> {
        let (mut plan, mut there, mut take) = (Self::default(), BTreeSet::new(), Vec::new());
        let shared = handed_out(ring);
        let is_gone = |id: &KeyId| gone.contains(id) || shared.iter().any(|(key, is_whole)| key == id && !is_whole);
        for row in rows {
            // Keys of other uses a later release may put there.
            let Some(id) = KeyId::parse(&row.id).ok().filter(is_handed_out) else { continue };
            if let Some(text) = &row.handed {
                let mark = row.mark.clone();
                match ring.examine_handed(&id, text) {
                    // Whatever is made of it there: it may be opened again.
                    Ok(_) | Err(HandedError::Altered(_) | HandedError::Misplaced { .. }) if is_gone(&id) => {
                        plan.change.push((id.clone(), mark, None));
                    }
                    Ok(Handed::Ours) if !row.taken => plan.note.push(id.clone()),
                    Ok(Handed::Ours) => {}
                    Ok(Handed::Before) => plan.change.push((id.clone(), mark, ring.hand_out(&id, entropy)?)),
                    // Of one whose name is no month's: nothing is left of it here.
                    Ok(Handed::Gone) => plan.change.push((id.clone(), mark, None)),
                    Ok(Handed::New) => match may_be_taken((&id, text), row.taken, now) {
                        Ok(activates) => take.push((activates, id.clone(), text.clone())),
                        Err(fault) => plan.faults.push(fault),
                    },
                    Err(fault) => plan.faults.push(fault),
                }
            }
            there.insert(id);
        }
        // Each follows on the one before.
        take.sort();
        plan.take = take.into_iter().map(|(_, id, text)| (id, text)).collect();
        // Whose ring is another one puts nothing beside the keys of that one.
        if !plan.faults.iter().any(is_of_another_ring) {
            plan.put(&there, (ring, gone), &wanted(now), entropy)?;
        }
        Ok(plan)
    }

    fn put(
        &mut self,
        there: &BTreeSet<KeyId>,
        (ring, gone): (&Ring, &BTreeSet<KeyId>),
        wanted: &[Timestamp],
        entropy: &dyn Entropy,
    ) -> Result<(), ChangeError> {
        for (id, is_whole) in handed_out(ring).into_iter().filter(|(id, _)| !there.contains(id)) {
            let text = if is_whole && !gone.contains(&id) { ring.hand_out(&id, entropy)? } else { None };
            self.put.push((id, text));
        }
        for at in wanted {
            let id = ring.of_month(*at).0;
            if there.contains(&id) || self.put.iter().any(|(put, _)| *put == id) {
                continue;
            }
            if let Some((id, text)) = ring.hand_out_new(*at, DEFAULT_OVERLAP_DAYS, entropy)? {
                self.put.push((id, Some(text)));
            }
        }
        Ok(())
    }

    /// Whether the ring is another one than that of the others: then nothing may be counted by it.
    pub(super) fn other_ring(&self, ring: &Ring) -> Option<&HandedError> {
        let shared = handed_out(ring);
        self.faults.iter().find(|fault| match fault {
            HandedError::OtherKey(_) => true,
            // Of one that it has, this says only that the next one will not be had.
            HandedError::OtherRingKey(key) => shared.iter().all(|(has, _)| has != key),
            // What is in force at another gateway, and not had here, is another matter (`rings.rs`).
            HandedError::Altered(_)
            | HandedError::Misplaced { .. }
            | HandedError::Gap(_)
            | HandedError::Unknown { .. } => false,
        })
    }
}

/// What a ring has that is handed out, each with whether it is whole.
fn handed_out(ring: &Ring) -> Vec<(KeyId, bool)> {
    let mut all = ring.of_months();
    all.extend(ring.of_turns());
    all
}

/// Keys of these uses are handed out, the tag key with that of its pseudonyms.
fn is_handed_out(id: &KeyId) -> bool {
    matches!(id.key_use(), Some(KeyUse::Data | KeyUse::Pseudonym | KeyUse::State))
}

/// From when on a key is in force that may be taken. One whose time is past is taken where another gateway had it: else the row is
/// from somewhere, or some time, else, and who takes it would go by other keys than all the others.
fn may_be_taken((id, text): (&KeyId, &str), was_taken: bool, now: Timestamp) -> Result<Timestamp, HandedError> {
    let about = About::read(text).ok_or_else(|| HandedError::Altered(id.clone()))?;
    let is_month = about.keys.len() == 1 && id.key_use() == Some(KeyUse::Data) && is_named_by_month(id);
    if is_month || about.activates > now || was_taken {
        return Ok(about.activates);
    }
    Err(HandedError::Unknown { key: id.clone(), at: about.activates })
}

/// Whether it is the first data key of a month, `data-2026-12`.
fn is_named_by_month(id: &KeyId) -> bool {
    id.as_str().split('-').count() == 3
}

pub(super) fn is_of_another_ring(fault: &HandedError) -> bool {
    matches!(fault, HandedError::OtherKey(_) | HandedError::OtherRingKey(_))
}

/// Instants whose months need a key: that of now, and one week before its beginning the next.
pub(super) fn wanted(now: Timestamp) -> [Timestamp; 2] {
    [SOON, AHEAD].map(|later| now.saturating_add(later).unwrap_or(Timestamp::MAX))
}

/// What is wrong with the keys, for other threads.
#[derive(Default)]
pub(super) struct Said(Mutex<Option<String>>);

impl Said {
    pub(super) fn what(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn say(&self, what: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

#[cfg(test)]
mod tests {
    use credit_keys::{Ahead, Kek, SystemEntropy};

    use super::*;
    use crate::scratch::Scratch;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ring(folder: &Scratch) -> Ring {
        let entropy = SystemEntropy::new();
        let kek = Kek::create_key_file(&folder.path().join("ring.key"), &entropy).unwrap();
        Ring::create(&folder.path().join("keys"), &kek, at("2026-11-20T00:00:00Z"), "log/1", true, &entropy).unwrap()
    }

    fn plan(ring: &Ring, rows: &[Row], now: &str, gone: &[&str]) -> Plan {
        let gone = gone.iter().map(|id| KeyId::parse(id).unwrap()).collect();
        Plan::new(rows, (ring, &gone), at(now), &SystemEntropy::new()).unwrap()
    }

    fn names(put: &[(KeyId, Option<String>)]) -> Vec<(&str, bool)> {
        put.iter().map(|(id, text)| (id.as_str(), text.is_some())).collect()
    }

    fn rows(put: &[(KeyId, Option<String>)]) -> Vec<Row> {
        let row = |(id, handed): &(KeyId, Option<String>)| Row {
            id: id.as_str().to_owned(),
            handed: handed.clone(),
            mark: id.as_str().to_owned(),
            taken: true,
        };
        put.iter().map(row).collect()
    }

    #[test]
    fn nothing_is_put_beside_the_keys_of_another_ring_and_nothing_that_is_destroyed_comes_back() {
        let (here, there) = (Scratch::new(), Scratch::new());
        let (own, other) = (ring(&here), ring(&there));
        let rows_of = |ring: &Ring| rows(&plan(ring, &[], "2026-11-28T00:00:00Z", &[]).put);
        let refused = plan(&own, &rows_of(&other), "2026-11-28T00:00:00Z", &[]);
        assert!(refused.put.is_empty() && refused.change.is_empty() && refused.take.is_empty());
        assert_eq!(refused.faults.len(), 2);
        assert!(matches!(refused.other_ring(&own), Some(HandedError::OtherKey(_))));
        // The log says it, and the ring has it still.
        let gone = plan(&own, &rows_of(&own), "2026-11-28T00:00:00Z", &["data-2026-11"]);
        let changed: Vec<_> =
            gone.change.iter().map(|(id, mark, text)| (id.as_str(), mark.as_str(), text.is_some())).collect();
        assert_eq!(changed, [("data-2026-11", "data-2026-11", false)]);
        assert_eq!(names(&plan(&own, &[], "2026-11-21T00:00:00Z", &["data-2026-11"]).put), [("data-2026-11", false)]);
        let mut altered = rows_of(&own);
        altered.iter_mut().for_each(|row| row.handed = Some("{}".to_owned()));
        let gone = plan(&own, &altered, "2026-11-28T00:00:00Z", &["data-2026-11"]);
        assert!(names(&gone.put).is_empty() && gone.change.len() == 1 && gone.faults.len() == 1);
        // Nobody makes it anew, and who has it keeps it.
        let rows =
            rows(&[(KeyId::parse("data-2026-11").unwrap(), None), (KeyId::parse("data-2026-12").unwrap(), None)]);
        let kept = plan(&own, &rows, "2026-12-03T00:00:00Z", &[]);
        assert!(kept.put.is_empty() && kept.change.is_empty() && kept.take.is_empty() && kept.faults.is_empty());
    }

    #[test]
    fn a_rotation_whose_time_is_past_is_taken_only_where_a_gateway_had_it_and_one_that_is_missing_is_put_there_again() {
        let folder = Scratch::new();
        let mut ring = ring(&folder);
        let at_hand = at("2026-11-21T01:00:00Z");
        let ahead = Ahead { key_use: KeyUse::State, at: at_hand, overlap_days: 30, end_overlap: false };
        let handed = ring.hand_out_ahead(&ahead, at("2026-11-21T00:00:00Z"), &SystemEntropy::new()).unwrap();
        let mut rows = rows(&plan(&ring, &[], "2026-11-21T00:00:00Z", &[]).put);
        rows.push(Row { id: handed.0.to_string(), handed: Some(handed.1.clone()), mark: String::new(), taken: false });
        let mut plan_of = |now: &str, taken: bool| {
            rows.last_mut().unwrap().taken = taken;
            plan(&ring, &rows, now, &[])
        };
        let late = plan_of("2026-11-21T01:00:00Z", false);
        assert!(late.take.is_empty() && late.other_ring(&ring).is_none());
        assert!(matches!(&late.faults[..], [HandedError::Unknown { at, .. }] if *at == at_hand), "{:?}", late.faults);
        assert_eq!(plan_of("2026-11-21T02:00:00Z", true).take.len(), 1);
        let before = plan_of("2026-11-21T00:59:59Z", false);
        assert_eq!((before.take.len(), before.faults.len()), (1, 0));
        assert!(ring.take_handed(&handed.0, &handed.1, &SystemEntropy::new()).unwrap());
        assert_eq!(plan(&ring, &rows, "2026-11-21T00:59:59Z", &[]).note, [handed.0]);
        let put = plan(&ring, &[], "2026-11-21T02:00:00Z", &[]).put;
        assert_eq!(names(&put), [("data-2026-11", true), ("state-2", true)]);
    }

    #[test]
    fn a_month_s_key_is_made_a_week_ahead_and_one_that_is_there_is_taken() {
        let folder = Scratch::new();
        let mut ring = ring(&folder);
        let put = |ring: &Ring, now| plan(ring, &[], now, &[]).put;
        assert_eq!(names(&put(&ring, "2026-11-23T23:59:59Z")), [("data-2026-11", true)]);
        assert_eq!(names(&put(&ring, "2026-11-24T00:00:00Z")), [("data-2026-11", true), ("data-2026-12", true)]);
        // A ring whose gateway was off over two turns.
        let december = put(&ring, "2026-11-30T00:00:00Z");
        let planned = plan(&ring, &rows(&december), "2027-01-10T00:00:00Z", &[]);
        assert_eq!(names(&planned.put), [("data-2027-01", true)]);
        let [(id, text)] = &planned.take[..] else { panic!("one key is missing") };
        assert_eq!(id.as_str(), "data-2026-12");
        assert!(ring.take_handed(id, text, &SystemEntropy::new()).unwrap());
        let again = plan(&ring, &rows(&december), "2026-12-10T00:00:00Z", &[]);
        assert!(again.put.is_empty() && again.take.is_empty() && again.change.is_empty());
        // A row that is not what was put there keeps no other key from coming.
        let mut altered = rows(&december);
        altered[0].handed = altered[0].handed.take().map(|text| text.replace("\"body\":\"", "\"body\":\"A"));
        let faulty = plan(&ring, &altered, "2027-01-10T00:00:00Z", &[]);
        assert_eq!(names(&faulty.put), [("data-2027-01", true)]);
        assert!(matches!(faulty.faults[..], [HandedError::Altered(_)]) && faulty.other_ring(&ring).is_none());
    }
}

//! The keys of every kind that is not a query. Each struct is a table of `FORMAT.md` §4, in the order of its keys.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entry, Kind, LeafError};

/// A leaf that is no institution's own act.
pub trait Event: Serialize {
    /// Its kind.
    const KIND: Kind;

    /// The entry of this event.
    ///
    /// # Errors
    /// When it is longer than a leaf may be, or the id is no UUIDv7.
    fn entry(&self, id: Uuid) -> Result<Entry, LeafError>
    where
        Self: Sized,
    {
        Entry::new(Self::KIND, id, None, self)
    }
}

/// `open`: the first leaf of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The log's origin.
    pub origin: String,
    /// The log that this one continues, after a key rotation or from a restored backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Name and version of the program.
    pub software: String,
}

/// The log before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its origin.
    pub origin: String,
    /// Its last known checkpoint, the whole signed note.
    pub checkpoint: String,
}

impl Event for Open {
    const KIND: Kind = Kind::Open;
}

/// `seal`: the last leaf of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The last `seq` of each institution.
    pub institutions: BTreeMap<String, u64>,
    /// The origin of the log that continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Event for Seal {
    const KIND: Kind = Kind::Seal;
}

/// `carried`: a part of what the leaves of the log before this one amount to, so that nothing which was used up or
/// withdrawn there can be used here. Whoever holds both logs can count again. Keys are 16 bytes of SHA-256 (base64), as
/// `FORMAT.md` §4 makes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Consents that were withdrawn: the key of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
    /// Uses of consents: key of the consent, number and instant of the use, and the end of the token in whole seconds of
    /// Unix time; 4,294,967,295 where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<(String, u64, Timestamp, u32)>,
    /// Look-ups under a case: the first day of the month (UTC) of the leaves, the key of institution, case and person, and
    /// how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<(Date, String, u32)>,
    /// Look-ups of the civil day: the day, the institution, the purpose group, the key of institution and person, and how
    /// many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<(Date, String, String, String, u32)>,
    /// The same by operator: the day, the institution, the key of institution and operator, and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<(Date, String, String, u32)>,
    /// Idempotency keys: key, identity, the first query's id, and how often it was repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idempotency: Vec<(String, String, Uuid, u32)>,
}

impl Event for Carried {
    const KIND: Kind = Kind::Carried;
}

/// `catalogue`: the catalogue in force from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueSet {
    /// `version@sha256:…`, the digest over the sorted lines `sha256 path` of its files.
    pub label: String,
    /// Its files, sorted by path.
    pub files: Vec<CatalogueFile>,
}

/// One file of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueFile {
    /// Relative to the catalogue's folder.
    pub path: String,
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub sha256: String,
}

impl Event for CatalogueSet {
    const KIND: Kind = Kind::Catalogue;
}

/// `key`: a key of the ring changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEvent {
    /// The key's id in the ring.
    pub key: String,
    /// What it is for: `pseudonym`, `tag`, `state`, `data`, `log`, `ring`.
    #[serde(rename = "use")]
    pub use_: String,
    /// The state it has now: `active`, `accepted`, `retired`, `destroyed`.
    pub state: String,
    /// From when it is used, where that is later than the leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activates: Option<Timestamp>,
    /// Who did it.
    pub by: String,
}

impl Event for KeyEvent {
    const KIND: Kind = Kind::Key;
}

/// `institution`: the register changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstitutionChange {
    /// The institution's id.
    pub institution: String,
    /// What happened to it.
    pub change: RegisterChange,
    /// Its kind in the vocabulary of the catalogue, e.g. `housing-department`.
    pub institution_kind: String,
    /// Its certificates from now on: base64url of the SHA-256 of each (x5t#S256).
    pub certificates: Vec<String>,
    /// Requests a second.
    pub rate_per_s: u32,
    /// Requests at once.
    pub burst: u32,
    /// Different persons a day.
    pub distinct_subjects_a_day: u32,
    /// Look-ups on one person a day.
    pub look_ups_a_person_a_day: u32,
    /// Look-ups a second by one operator, where operators have a rate of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one operator; there if the rate is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_burst: Option<u32>,
    /// Look-ups by one operator a day, where that has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_ups_an_operator_a_day: Option<u32>,
    /// Who did it.
    pub by: String,
}

/// What happened to an institution in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterChange {
    /// It is new.
    Added,
    /// Its kind, certificates or limits changed.
    Changed,
    /// It is no longer in the register.
    Removed,
}

impl Event for InstitutionChange {
    const KIND: Kind = Kind::Institution;
}

/// `suspension`: an institution suspended, or resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The institution's id.
    pub institution: String,
    /// Whether it is suspended from here on.
    pub suspended: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it.
    pub by: String,
}

impl Event for Suspension {
    const KIND: Kind = Kind::Suspension;
}

/// `revocation`: a consent withdrawn, by the authority that issued it (then the leaf is its own act, with `institution`
/// and `seq`) or by an officer on its behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `jti`.
    pub jti: String,
    /// Who withdrew it: the institution's id, or the officer.
    pub by: String,
}

impl Event for Revocation {
    const KIND: Kind = Kind::Revocation;
}

/// `flood`: what was answered or cut off without a record of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flood {
    /// The institution it came from.
    pub institution: String,
    /// Beginning of the time counted.
    pub since: Timestamp,
    /// How many, by problem code (`overloaded`, `draining`, …) or `cut-off` for connections closed without an answer.
    pub counts: BTreeMap<String, u64>,
}

impl Event for Flood {
    const KIND: Kind = Kind::Flood;
}

/// `read`: an auditor read entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The reader's id in the register.
    pub reader: String,
    /// The certificate used: base64url of its SHA-256 (x5t#S256).
    pub certificate: String,
    /// What was read, e.g. `tile/entries/000`.
    pub path: String,
}

impl Event for Read {
    const KIND: Kind = Kind::Read;
}

/// `stop`: the stop switch thrown, or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Whether every query is refused from here on.
    pub stopped: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it.
    pub by: String,
}

impl Event for Stop {
    const KIND: Kind = Kind::Stop;
}

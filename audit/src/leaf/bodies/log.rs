//! What the log says of itself.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::leaf::event::{Act, Event, impl_kind};
use crate::leaf::kind::Kind;

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
    /// The other log's name.
    pub origin: String,
    /// Its last known checkpoint, the whole signed note.
    pub checkpoint: String,
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

/// `carried`: a part of what the leaves of the log before this one amount to, so that nothing which was used up or
/// withdrawn there can be used here. Whoever has both logs can count again. Keys are 16 bytes of SHA-256 (base64), as
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
    /// The same by member of staff: the day, the institution, the key of institution and staff, and how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<(Date, String, String, u32)>,
    /// Idempotency keys: key, identity, the first query's id, and how often it was repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idempotency: Vec<(String, String, Uuid, u32)>,
}

/// `catalogue`: the catalogue in force from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueSet {
    /// `version@sha256:…`, the digest over the sorted lines `sha256 path` of its files.
    pub label: String,
    /// Its files, sorted by path; empty where they are too many for a leaf.
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

/// `definitions`: what the fields of a catalogue mean, recorded the first time that it is in force. Several leaves of one
/// catalogue add up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    /// The catalogue's label.
    pub catalogue: String,
    /// Digest of each field's definition, by its name: base64url of 16 bytes (`FORMAT.md` §4).
    pub fields: BTreeMap<String, String>,
}

/// `log`: another log of the same gateway, listed in this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLog {
    /// The other log's name.
    pub origin: String,
    /// Its verifier key, one line.
    pub vkey: String,
    /// From when its leaves count.
    pub from: Timestamp,
    /// Until when, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// `prune`: the entry bundles of some leaves are no longer kept. The tree stays whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prune {
    /// The first leaf, the beginning of a bundle.
    pub from: u64,
    /// The leaf after the last, the beginning of a bundle.
    pub until: u64,
    /// The proposal that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Uuid>,
}

impl_kind! {
    Event Open = Open;
    Event Seal = Seal;
    Event Carried = Carried;
    Event CatalogueSet = Catalogue;
    Event Definitions = Definitions;
    Act ListedLog = Log;
    Act Prune = Prune;
}

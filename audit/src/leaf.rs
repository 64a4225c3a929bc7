//! Leaves: one line of JSON each, keys in a fixed order, hashed as stored (`FORMAT.md` §2).
//!
//! A leaf begins with `v`, `kind`, `id`, `at` and, where it is an institution's own act, `institution` and `seq`; then
//! come the keys of its kind. `at` and `seq` are given by the log's writer, so an [`Entry`] waits without them.
//! [`peek`] reads that beginning without parsing JSON, which is what makes checking a whole log fast.

mod event;
mod peek;
mod query;

use std::io::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use event::{
    Carried, CatalogueFile, CatalogueSet, Event, Flood, InstitutionChange, KeyEvent, Open, Previous, Read,
};
pub use event::{RegisterChange, Revocation, Seal, Stop, Suspension};
pub use peek::{Peek, PeekError, peek};
pub use query::{Base64, GroundRecord, Outcome, QueryLeaf, QueryRecord};

/// Longest leaf, in bytes.
pub const MAX_LEAF_BYTES: usize = 16 * 1024;

/// Longest tail that an [`Entry`] may have, so that no header makes the leaf too long.
pub const MAX_TAIL_BYTES: usize = MAX_LEAF_BYTES - 256;

/// What a leaf records. Readers accept kinds that they do not know; a writer has only these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A query, answered or refused.
    Query,
    /// The catalogue in force from here on.
    Catalogue,
    /// A key made, retired or destroyed.
    Key,
    /// An institution registered, changed or removed.
    Institution,
    /// An institution suspended or resumed.
    Suspension,
    /// A consent withdrawn.
    Revocation,
    /// What was cut off without a record of its own.
    Flood,
    /// An auditor's read of entries.
    Read,
    /// A sealed part opened.
    Unseal,
    /// The stop switch.
    Stop,
    /// A person's objection to a record.
    Objection,
    /// A credit repair.
    Repair,
    /// An officer's review signed off.
    Approval,
    /// What a department did with an answer.
    Feedback,
    /// Old entries no longer kept.
    Prune,
    /// What the log before amounts to.
    Carried,
    /// The log's first leaf.
    Open,
    /// The log's last leaf.
    Seal,
}

impl Kind {
    /// Every kind that a writer knows.
    pub const ALL: [Self; 18] = [
        Self::Query,
        Self::Catalogue,
        Self::Key,
        Self::Institution,
        Self::Suspension,
        Self::Revocation,
        Self::Flood,
        Self::Read,
        Self::Unseal,
        Self::Stop,
        Self::Objection,
        Self::Repair,
        Self::Approval,
        Self::Feedback,
        Self::Prune,
        Self::Carried,
        Self::Open,
        Self::Seal,
    ];

    /// Its name in a leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Catalogue => "catalogue",
            Self::Key => "key",
            Self::Institution => "institution",
            Self::Suspension => "suspension",
            Self::Revocation => "revocation",
            Self::Flood => "flood",
            Self::Read => "read",
            Self::Unseal => "unseal",
            Self::Stop => "stop",
            Self::Objection => "objection",
            Self::Repair => "repair",
            Self::Approval => "approval",
            Self::Feedback => "feedback",
            Self::Prune => "prune",
            Self::Carried => "carried",
            Self::Open => "open",
            Self::Seal => "seal",
        }
    }

    /// The kind with this name, if it is one of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A leaf before the writer gives it its place: everything but `at` and `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it records.
    pub kind: Kind,
    /// UUIDv7.
    pub id: Uuid,
    /// The institution whose own act this is: its receipt goes there, and `seq` counts its acts. `None` otherwise,
    /// also where the leaf is *about* an institution.
    pub institution: Option<String>,
    /// The keys of the kind, as they stand in the leaf: empty, or a comma and members; at most [`MAX_TAIL_BYTES`].
    pub tail: Vec<u8>,
}

/// A leaf that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// Longer than a leaf may be.
    #[error("a record of {0} bytes is longer than a leaf may be ({MAX_LEAF_BYTES}); refuse the query or shorten it")]
    TooLong(usize),
    /// An institution's id that is none.
    #[error("`{0}` is no institution's id ([a-z0-9-], 1 to 64)")]
    Institution(String),
    /// An id of another version.
    #[error("`{0}` is no UUIDv7")]
    Id(Uuid),
    /// The keys of the kind do not make a JSON object.
    #[error("the record is no JSON object: {0}")]
    Json(String),
}

impl Entry {
    /// An entry whose kind's keys are the members of `body`, in the order in which it serializes them.
    ///
    /// # Errors
    /// As [`LeafError`] says.
    pub fn new(kind: Kind, id: Uuid, institution: Option<&str>, body: &impl Serialize) -> Result<Self, LeafError> {
        if id.get_version_num() != 7 {
            return Err(LeafError::Id(id));
        }
        if let Some(name) = institution.filter(|name| !peek::is_institution(name.as_bytes())) {
            return Err(LeafError::Institution(name.to_owned()));
        }
        let json = serde_json::to_vec(body).map_err(|error| LeafError::Json(error.to_string()))?;
        let members = json.strip_prefix(b"{").and_then(|json| json.strip_suffix(b"}"));
        let members = members.ok_or_else(|| LeafError::Json("another type".to_owned()))?;
        let mut tail = Vec::with_capacity(members.len() + 1);
        if !members.is_empty() {
            tail.push(b',');
            tail.extend_from_slice(members);
        }
        if tail.len() > MAX_TAIL_BYTES {
            return Err(LeafError::TooLong(tail.len()));
        }
        Ok(Self { kind, id, institution: institution.map(str::to_owned), tail })
    }
}

/// The bytes of the leaf. `at` is written with 6 decimals, cut; `seq` stands where the entry has an institution
/// and is passed over elsewhere.
#[must_use]
pub fn render(entry: &Entry, at: Timestamp, seq: u64) -> Vec<u8> {
    let mut leaf = Vec::with_capacity(entry.tail.len() + 256);
    render_into(&mut leaf, entry, at, seq);
    leaf
}

/// As [`render`], appended to a buffer.
pub fn render_into(leaf: &mut Vec<u8>, entry: &Entry, at: Timestamp, seq: u64) {
    // Writing into a vector cannot fail.
    write!(leaf, r#"{{"v":1,"kind":"{}","id":"{}","at":"{at:.6}""#, entry.kind.as_str(), entry.id).unwrap_or_default();
    if let Some(institution) = &entry.institution {
        write!(leaf, r#","institution":"{institution}","seq":{seq}"#).unwrap_or_default();
    }
    leaf.extend_from_slice(&entry.tail);
    leaf.push(b'}');
}

/// The keys of a leaf's kind, as a type; keys that the type does not name are passed over.
///
/// # Errors
/// When the leaf is not JSON of that shape.
pub fn body<T: DeserializeOwned>(leaf: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(leaf)
}

//! A leaf before it has its place, and its bytes once it has.

use std::io::Write as _;
use std::num::NonZeroU64;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_policy::holds_citizen_number;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::actor::Actor;
use super::guard::{has_no_number, names_somebody};
use super::kind::Kind;
use super::peek::{MAX_LEAF_BYTES, is_institution};

/// Longest tail that an [`Entry`] may have, its actor included, so that no header makes the leaf too long.
pub const MAX_TAIL_BYTES: usize = MAX_LEAF_BYTES - 256;

/// The tail of nearly every leaf is shorter.
const USUAL_TAIL_BYTES: usize = 3072;

/// A leaf before the writer gives it its place: everything but `at` and `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it records.
    pub kind: Kind,
    /// UUIDv7.
    pub id: Uuid,
    /// Who acted, where it records an act.
    pub actor: Option<Box<Actor>>,
    /// The institution whose own act this is: its receipt goes there, and `seq` counts its acts. `None` otherwise,
    /// also where the leaf is *about* an institution.
    pub institution: Option<String>,
    /// The keys of the kind, as they stand in the leaf: empty, or a comma and members; at most [`MAX_TAIL_BYTES`].
    pub tail: Vec<u8>,
    /// How many refusals share it, each with a number of its own: then the writer adds their `seqs`. `None` where it takes
    /// one number or none.
    pub shared: Option<NonZeroU64>,
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
    /// An actor whose name cannot stand in a leaf.
    #[error("the name of who acts is empty, too long or has quotes, braces or control characters")]
    Actor,
    /// An id of another version.
    #[error("`{0}` is no UUIDv7")]
    Id(Uuid),
    /// A citizen number stands in it.
    #[error("a citizen number stands in it in clear: leave it out, and name nobody")]
    CitizenNumber,
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
        let entry = Self::as_written(kind, id, institution, body)?;
        if institution.is_some_and(holds_citizen_number) {
            return Err(LeafError::CitizenNumber);
        }
        // Nearly every entry ends at the first look, which copies nothing.
        if has_no_number(&entry.tail) {
            return Ok(entry);
        }
        let members = entry.tail.strip_prefix(b",").unwrap_or_default();
        if names_somebody(&[b"{", members, b"}"].concat()) { Err(LeafError::CitizenNumber) } else { Ok(entry) }
    }

    /// As [`Entry::new`], for a leaf that is on the record already and is only compared with what a writer makes.
    pub(super) fn as_written(
        kind: Kind,
        id: Uuid,
        institution: Option<&str>,
        body: &impl Serialize,
    ) -> Result<Self, LeafError> {
        if id.get_version_num() != 7 {
            return Err(LeafError::Id(id));
        }
        if let Some(name) = institution.filter(|name| !is_institution(name.as_bytes())) {
            return Err(LeafError::Institution(name.to_owned()));
        }
        let mut tail = Vec::with_capacity(USUAL_TAIL_BYTES);
        serde_json::to_writer(&mut tail, body).map_err(|error| LeafError::Json(error.to_string()))?;
        // The members of an object, behind a comma in the place of its brace.
        let is_closed = tail.pop() == Some(b'}');
        match tail.first_mut() {
            Some(first @ b'{') if is_closed => *first = b',',
            Some(_) | None => return Err(LeafError::Json("another type".to_owned())),
        }
        if tail == b"," {
            tail.clear();
        }
        if tail.len() > MAX_TAIL_BYTES {
            return Err(LeafError::TooLong(tail.len()));
        }
        Ok(Self { kind, id, actor: None, institution: institution.map(str::to_owned), tail, shared: None })
    }

    /// The same with members behind the others whose values are bytes. Nobody writes in these, so they are not looked at, and
    /// nothing in base64 needs an escape.
    ///
    /// # Errors
    /// When it is longer than a leaf may be.
    pub(super) fn with_bytes(mut self, members: [(&str, Option<&[u8]>); 2]) -> Result<Self, LeafError> {
        for (name, bytes) in members {
            let Some(bytes) = bytes else { continue };
            let (tail, length) = (&mut self.tail, bytes.len().div_ceil(3) * 4);
            for part in [",\"", name, "\":\""] {
                tail.extend_from_slice(part.as_bytes());
            }
            let from = tail.len();
            tail.resize(from + length, b'=');
            STANDARD
                .encode_slice(bytes, tail.get_mut(from..).unwrap_or_default())
                .map_err(|error| LeafError::Json(error.to_string()))?;
            tail.push(b'"');
        }
        if self.tail.len() > MAX_TAIL_BYTES { Err(LeafError::TooLong(self.tail.len())) } else { Ok(self) }
    }

    /// How many of its institution's numbers it takes.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.shared.map_or(1, NonZeroU64::get)
    }

    /// The same, done by somebody.
    ///
    /// # Errors
    /// When the actor cannot stand in a leaf, or makes it too long.
    pub fn by(self, actor: Actor) -> Result<Self, LeafError> {
        if actor.names_somebody() { Err(LeafError::CitizenNumber) } else { self.by_whom(actor) }
    }

    /// As [`Entry::by`], for a leaf that is on the record already.
    pub(super) fn by_whom(self, actor: Actor) -> Result<Self, LeafError> {
        if !actor.is_well_formed() {
            return Err(LeafError::Actor);
        }
        let entry = Self { actor: Some(Box::new(actor)), ..self };
        let mut header = Vec::new();
        entry.render_actor(&mut header);
        let length = header.len() + entry.tail.len();
        if length > MAX_TAIL_BYTES { Err(LeafError::TooLong(length)) } else { Ok(entry) }
    }

    fn render_actor(&self, leaf: &mut Vec<u8>) {
        if let Some(actor) = &self.actor {
            leaf.extend_from_slice(br#","actor":"#);
            // Neither a map of texts nor writing into a vector fails.
            serde_json::to_writer(leaf, actor).unwrap_or_default();
        }
    }
}

/// The bytes of the leaf. `at` is written with 6 decimals, cut; `seq`, the last of its numbers, stands where the entry has
/// an institution and is passed over elsewhere.
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
    entry.render_actor(leaf);
    if let Some(institution) = &entry.institution {
        write!(leaf, r#","institution":"{institution}","seq":{seq}"#).unwrap_or_default();
    }
    leaf.extend_from_slice(&entry.tail);
    if let Some(shared) = entry.shared {
        let first = (seq + 1).saturating_sub(shared.get());
        write!(leaf, r#","seqs":[{first},{seq}]"#).unwrap_or_default();
    }
    leaf.push(b'}');
}

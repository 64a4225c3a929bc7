//! The fold over the log: what its leaves amount to, for state and register.
//!
//! Start-up folds what the snapshot does not cover; the snapshot advances by the same fold over published bundles.

use std::{borrow::Cow, path::Path};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use credit_audit::{
    leaf::{self, Carried, PeekError, Revocation, peek},
    tile,
};
use credit_policy::Catalogue;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::state::{Key, key, snapshot::Held};

/// What one `query` leaf did; the keys of the leaf that count here.
#[derive(Deserialize)]
pub struct QueryEffect<'a> {
    /// The query.
    pub id: Uuid,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who asked.
    pub institution: Option<&'a str>,
    /// Through whom.
    pub operator: Option<&'a str>,
    outcome: &'a str,
    /// Tag of the person.
    pub subject: Option<&'a str>,
    #[serde(borrow)]
    ground: Option<GroundEffect<'a>>,
    /// The first query that this one repeats.
    pub repeats: Option<Uuid>,
    idempotency: Option<&'a str>,
}

#[derive(Deserialize)]
struct GroundEffect<'a> {
    #[serde(borrow)]
    case: Option<Cow<'a, str>>,
    consent: Option<&'a str>,
    first: Option<u64>,
    #[serde(rename = "use")]
    number: Option<u64>,
}

/// The claims of a recorded token that name it. It was verified before it was recorded.
#[derive(Deserialize)]
struct TokenName {
    iss: String,
    jti: String,
}

impl QueryEffect<'_> {
    /// Whether it was answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.outcome == "answered"
    }

    /// Its case.
    #[must_use]
    pub fn case(&self) -> Option<&str> {
        self.ground.as_ref()?.case.as_deref()
    }

    /// Which use of a consent it was, and the leaf that holds the token: this one, `index`, or an earlier one.
    #[must_use]
    pub fn consent_use(&self, index: u64) -> Option<(u64, u64)> {
        let ground = self.ground.as_ref()?;
        Some((ground.first.unwrap_or(index), ground.number?))
    }

    /// What stands for the consent whose token this leaf holds.
    #[must_use]
    pub fn consent(&self) -> Option<Key> {
        let payload = self.ground.as_ref()?.consent?.split('.').nth(1)?;
        let name: TokenName = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        Some(consent_key(&name.iss, &name.jti))
    }

    /// Its idempotency key, and everything that was asked under it.
    #[must_use]
    pub fn idempotency(&self) -> Option<(Key, Key)> {
        let bytes = STANDARD.decode(self.idempotency?).ok()?;
        let (slot, identity) = bytes.split_first_chunk::<16>()?;
        Some((*slot, identity.try_into().ok()?))
    }
}

/// What stands for a consent in the state.
#[must_use]
pub fn consent_key(iss: &str, jti: &str) -> Key {
    key("consent", &[iss, jti])
}

/// A leaf that cannot be folded.
#[derive(Debug, thiserror::Error)]
#[error("leaf {index} of the log cannot be read ({why}); run `credit-audit verify` on the data folder")]
pub struct FoldError {
    index: u64,
    why: String,
}

/// Takes one leaf in. Kinds that change neither counts nor register are passed over.
///
/// # Errors
/// When the leaf is none of ours.
pub fn absorb(held: &mut Held, catalogue: &Catalogue, index: u64, leaf: &[u8]) -> Result<(), FoldError> {
    let fault = |why: &dyn std::fmt::Display| FoldError { index, why: why.to_string() };
    let seen = peek(leaf).map_err(|error: PeekError| fault(&error))?;
    if let (Some(institution), Some(seq)) = (seen.institution, seen.seq) {
        held.tally.seqs.insert(institution.to_owned(), seq);
    }
    match seen.kind {
        "query" => {
            let query: QueryEffect<'_> = serde_json::from_slice(leaf).map_err(|error| fault(&error))?;
            held.tally.absorb(index, &query, catalogue.today(query.at));
        }
        "revocation" => {
            let revocation: Revocation = leaf::body(leaf).map_err(|error| fault(&error))?;
            held.tally.revoked.insert(consent_key(&revocation.issuer, &revocation.jti));
        }
        "carried" => {
            let carried: Carried = leaf::body(leaf).map_err(|error| fault(&error))?;
            held.tally.carry(&carried).map_err(|error| fault(&error))?;
        }
        "institution" | "suspension" | "catalogue" | "key" | "seal" => {
            let text = std::str::from_utf8(leaf).map_err(|error| fault(&error))?;
            held.changes.push((index, text.to_owned()));
        }
        _ => {}
    }
    held.size = index + 1;
    Ok(())
}

/// Folds published bundles: the leaves `from` to `until`, where `from` is the first leaf of a bundle.
///
/// # Errors
/// When a bundle is not there or a leaf of it cannot be read.
pub fn bundles(log_folder: &Path, from: u64, until: u64, catalogue: &Catalogue) -> Result<Held, FoldError> {
    let mut run = Held { size: from, ..Held::default() };
    for bundle in from / 256..until.div_ceil(256) {
        let first = bundle * 256;
        let width = u16::try_from((until - first).min(256)).unwrap_or(256);
        let fault = |index: u64, why: &dyn std::fmt::Display| FoldError { index, why: why.to_string() };
        let read = |width| std::fs::read(log_folder.join(tile::entries_path(bundle, width)));
        // In a copy that was made while the log grew, the checkpoint's partial bundle is gone and its full one there.
        let bytes = read(width).or_else(|error| read(tile::FULL_WIDTH).map_err(|_| error));
        let bytes = bytes.map_err(|error| fault(first, &error))?;
        for (index, leaf) in (first..until).zip(tile::entries(&bytes)) {
            absorb(&mut run, catalogue, index, leaf.map_err(|error| fault(index, &error))?)?;
        }
    }
    Ok(run)
}

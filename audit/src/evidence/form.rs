//! The bytes of a file of evidence, and what it is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::leaf::{Base64, Peek};
use crate::merkle::Hash;

/// The name of the form.
pub(super) const FORM: &str = "credit-audit/evidence/1";

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) form: String,
    pub(super) origin: String,
    pub(super) vkey: String,
    pub(super) scope: Scope,
    /// How to check it, for who has nothing but this file.
    pub(super) instructions: Instructions,
    /// The neighbour before the first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Entry>,
    pub(super) entries: Vec<Entry>,
    /// The neighbour after the last entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<Entry>,
    pub(super) checkpoint: String,
}

/// In both languages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instructions {
    pub(super) zh: String,
    pub(super) en: String,
}

/// A leaf with its proof.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) leaf: String,
    pub(super) path: Vec<Base64<Hash>>,
}

/// What the evidence is about: all that is named must be so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Acts of this institution, and leaves about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution: Option<String>,
    /// Of its acts those of this member of staff alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Leaves from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Leaves before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Scope {
    /// Whether a leaf is of the period.
    pub(super) fn is_in_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// Whether a leaf belongs to it, whatever its time.
    pub(super) fn names(&self, head: &Peek<'_>) -> bool {
        let Some(institution) = &self.institution else { return true };
        let member = |name: &str| {
            let leaf: Option<Value> = serde_json::from_str(head.text).ok();
            leaf.and_then(|leaf| leaf.get(name)?.as_str().map(str::to_owned))
        };
        match &self.operator {
            Some(operator) => {
                head.institution == Some(institution) && member("operator").as_deref() == Some(operator.as_str())
            }
            None => head
                .institution
                .map_or_else(|| member("institution").as_ref() == Some(institution), |own| own == institution),
        }
    }

    /// Whether a leaf is the evidence's neighbour where it is out of time: the institution's own act, or any leaf.
    pub(super) fn is_neighbour(&self, head: &Peek<'_>) -> bool {
        self.operator.is_none() && (self.institution.is_none() || head.institution == self.institution.as_deref())
    }
}

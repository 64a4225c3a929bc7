//! What a gateway lists: proposals, institutions, objections.

use std::collections::BTreeMap;

use credit_audit::leaf::Base64;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    callers::{institution::InstitutionRecord, suspension::Part},
    rules::Differs,
    state::about::About,
};

/// What officers proposed, and what a start may load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Proposals {
    /// Whether two officers are needed.
    pub by_two: bool,
    /// Digests that may be loaded, by act.
    pub approved: BTreeMap<String, Base64<[u8; 32]>>,
    /// The proposals, the last one first.
    pub proposals: Vec<ListedProposal>,
    /// What one officer did alone.
    #[serde(default)]
    pub emergencies: Emergencies,
    /// What a configuration beside the gateway's own changes, and nobody proposed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_hand: Vec<AtHand>,
}

/// What may be proposed as it stands beside the gateway's own configuration.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AtHand {
    /// The act that approves it.
    pub act: String,
    /// SHA-256 of it.
    pub digest: Base64<[u8; 32]>,
    /// What it changes.
    pub differs: Differs,
}

/// How many acts that need two officers have only one behind them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Emergencies {
    /// For which there is still time.
    pub waiting: usize,
    /// For which it is too late.
    pub alone: usize,
}

/// A proposal, as it stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListedProposal {
    /// Its id.
    pub proposal: Uuid,
    /// Which kind of act.
    pub act: String,
    /// SHA-256 of what is proposed.
    pub digest: Base64<[u8; 32]>,
    /// Until when it may be approved.
    pub expires: Timestamp,
    /// Who proposed it.
    pub officer: String,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Whether it was done, where it is done once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// The log in which it was proposed, where that is another gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What it is about, where it came in words since the gateway was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// What it changes, where the gateway has it at hand: a configuration beside its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<Differs>,
    /// The first day on which that may be loaded, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_from: Option<Date>,
}

/// An institution of the register, and whether it may ask.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InstitutionStatus {
    /// All that is known of it.
    #[serde(flatten)]
    pub institution: InstitutionRecord,
    /// Whether it is suspended.
    pub suspended: bool,
    /// The staff and scenarios of it that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended_parts: Vec<Part>,
    /// Its certificates once more, in the order of `certificates`, as other tools name them.
    pub fingerprints: Vec<Fingerprint>,
}

/// A certificate of an institution.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// SHA-256 of its DER form, in hexadecimal digits (`openssl x509 -fingerprint -sha256` without colons).
    pub sha256: String,
    /// When it ends, where that is known.
    pub expires: Option<Timestamp>,
}

/// An objection that waits, for somebody at the machine: no person in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpenObjection {
    /// Its id.
    pub objection: Uuid,
    /// The class of the record.
    pub class: String,
    /// The day on which it was made.
    pub made: Date,
    /// By when it must be decided.
    pub due: Date,
    /// Whether that day is over.
    pub overdue: bool,
}

/// One objection, for an officer: no number in it.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectionSaid {
    /// Its id.
    pub objection: Uuid,
    /// The class of the record.
    pub class: String,
    /// The day of its determination.
    pub determined: Date,
    /// The record's id.
    pub record: String,
    /// What the person says.
    pub statement: String,
    /// The day on which it was made.
    pub made: Date,
    /// By when it must be decided.
    pub due: Date,
    /// Whether it waits for a decision.
    pub open: bool,
}

/// One objection, for who decides it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ShownObjection {
    /// The leaf's index that says that somebody looked.
    pub index: u64,
    /// Its id.
    pub objection: Uuid,
    /// Whose record it is.
    pub number: String,
    /// The class of the record.
    pub class: String,
    /// The day of its determination.
    pub determined: Date,
    /// The record's id.
    pub record: String,
    /// What the person says.
    pub statement: String,
    /// By when it must be decided.
    pub due: Date,
}

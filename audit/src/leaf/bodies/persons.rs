//! What persons are shown, told and may do. Members that are sealed are `commit` (32) ‖ `sealed`, in base64 (`FORMAT.md` §5).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::leaf::encoded::Base64;
use crate::leaf::event::{Act, impl_kind};
use crate::leaf::kind::Kind;

/// `notice`: notices that were owed have been given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How.
    pub way: NoticeWay,
    /// How many queries they tell of.
    pub count: u64,
    /// Id of the data key.
    pub key: String,
    /// Sealed: the ids of the queries.
    pub ids: Base64<Vec<u8>>,
}

/// How a notice reached the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeWay {
    /// The person read it after logging in.
    Portal,
    /// By a message.
    Message,
    /// At a counter.
    Counter,
}

/// `statement`: a list of who asked was shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The first day that the list covers.
    pub from: Date,
    /// The last day that it covers.
    pub to: Date,
    /// Size of the checkpoint up to which it covers the log.
    pub size: u64,
    /// HMAC under an opening that the person gets, over the list.
    pub digest: Base64<[u8; 32]>,
    /// Id of the data key.
    pub key: String,
    /// Sealed: the ids of the queries in the list, and the opening.
    pub ids: Base64<Vec<u8>>,
}

/// `block`: a person closed a scenario to everybody, or opened it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Whether it is closed from here on.
    pub blocked: bool,
    /// The scenario.
    pub scenario: String,
    /// Id of the data key.
    pub key: String,
    /// Sealed: the person.
    pub person: Base64<Vec<u8>>,
}

/// `objection`: a person objected to a record, or the objection was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Where it stands.
    pub state: ObjectionState,
    /// Class of the record in the catalogue.
    pub class: String,
    /// The day by which it must be decided.
    pub due: Date,
    /// Id of the data key.
    pub key: String,
    /// Sealed: person, record and, from the second leaf on, the id of the first.
    pub record: Base64<Vec<u8>>,
    /// Sealed: what the person says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Base64<Vec<u8>>>,
    /// Sealed: why it was decided so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Base64<Vec<u8>>>,
}

/// Where an objection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectionState {
    /// It was made; or, undecided, it is said again under the present data key.
    Open,
    /// The record does not count.
    Upheld,
    /// The record counts on.
    Rejected,
}

/// `repair`: a record was repaired and counts no longer, or the repair was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// What holds from here on.
    pub state: RepairState,
    /// Class of the record in the catalogue.
    pub class: String,
    /// The day of the repair or of its revocation.
    pub on: Date,
    /// Id of the data key.
    pub key: String,
    /// Sealed: person, record and the day of its determination.
    pub record: Base64<Vec<u8>>,
    /// Sealed: the order that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Base64<Vec<u8>>>,
}

/// What holds of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepairState {
    /// The record is repaired.
    Repaired,
    /// It is not, after all.
    Revoked,
}

/// `correction`: what an institution was answered would be answered otherwise today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Whether the institution has it.
    pub state: CorrectionState,
    /// The query.
    pub query: Uuid,
}

/// Whether a correction was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorrectionState {
    /// It waits for the institution.
    Due,
    /// The institution fetched it.
    Fetched,
}

/// `binding`: a person's account at the identity provider was bound to a citizen number, or freed from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// What holds from here on.
    pub state: BindingState,
    /// Id of the data key.
    pub key: String,
    /// Sealed: account and citizen number.
    pub person: Base64<Vec<u8>>,
}

/// What holds of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BindingState {
    /// The account stands for the number.
    Bound,
    /// It does not.
    Unbound,
}

impl_kind! {
    Act Notice = Notice;
    Act Statement = Statement;
    Act Block = Block;
    Act Objection = Objection;
    Act Repair = Repair;
    Act Correction = Correction;
    Act Binding = Binding;
}

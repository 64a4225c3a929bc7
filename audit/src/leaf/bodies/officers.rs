//! What departments report, and what officers do.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::leaf::encoded::Base64;
use crate::leaf::event::{Act, Event, impl_kind};
use crate::leaf::kind::Kind;

/// `case`: a case that must be checked was registered, or decided. A department's own act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// What happened to it.
    pub state: CaseState,
    /// The scenario under which it must be checked.
    pub scenario: String,
    /// The case number.
    pub case: String,
    /// The day on which it was opened or decided.
    pub on: Date,
    /// Member of staff.
    pub operator: String,
    /// The person's tag, as in a query; may be absent once it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Base64<[u8; 32]>>,
    /// Id of the data key; there where `subject` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Sealed: the person; there where `subject` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Base64<Vec<u8>>>,
    /// Commitment to the sealed part; there where `subject` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Base64<[u8; 32]>>,
}

/// What happened to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// It was opened; or, undecided, it is said again under the present data key.
    Opened,
    /// It was decided.
    Decided,
}

/// `appointment`: a person is to come to a department on a day. A department's own act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// The scenario of what the person comes for.
    pub scenario: String,
    /// The day.
    pub on: Date,
    /// The member of staff who registered it.
    pub operator: String,
    /// The person's tag, as in a query.
    pub subject: Base64<[u8; 32]>,
    /// Id of the data key.
    pub key: String,
    /// Sealed: the person.
    pub sealed: Base64<Vec<u8>>,
    /// Commitment to the sealed part.
    pub commit: Base64<[u8; 32]>,
}

/// `feedback`: what was done with an answer. The own act of who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The query.
    pub query: Uuid,
    /// Member of staff.
    pub operator: String,
    /// What came of it.
    pub result: FeedbackResult,
    /// The measure of the catalogue that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackResult {
    /// An incentive.
    Reward,
    /// A restraint.
    Restraint,
    /// A priority.
    Priority,
    /// Nothing.
    None,
}

/// `proposal`: an act that needs two officers was proposed by the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The act: `catalogue`, `register`, `limits`, `resume`, `unseal`, `destroy`, `prune`, `export`, `officer`, `sampling`.
    pub act: String,
    /// SHA-256 of what is proposed; where a person is named in it, HMAC(data key, framed("credit/proposal", it)).
    pub digest: Base64<[u8; 32]>,
    /// Until when it may be approved.
    pub expires: Timestamp,
}

/// `approval`: another officer approved a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Id of the proposal's leaf.
    pub proposal: Uuid,
    /// The proposal's digest.
    pub digest: Base64<[u8; 32]>,
}

/// `review`: an officer looked at a query, or judged it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The query.
    pub query: Uuid,
    /// How far the review has come.
    pub state: ReviewState,
    /// What the reviewer found: `explained`, `unexplained` or `suspicious`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Why; there where a verdict is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a review has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// It waits for a reviewer.
    Queued,
    /// A reviewer opened it.
    Opened,
    /// A reviewer judged it.
    Judged,
    /// A second officer closed it.
    Closed,
}

/// `sampling`: what decides which queries of a period are reviewed, so that nobody chooses them. The supervisor commits to a
/// nonce before the period and shows it after it; and commits to the right verdict on queries that it had made, and shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// What is said.
    pub state: SamplingState,
    /// The period: a month (`2026-11`) or a day.
    pub period: String,
    /// What is committed to (`FORMAT.md` §16).
    pub digest: Base64<[u8; 32]>,
    /// What opens the commitment; there where it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Base64<[u8; 32]>>,
    /// Leaves of the checkpoint that is drawn by; there where the nonce of a period is shown, and so are the next three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How many of a thousand queries are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u64>,
    /// Days after which a review that is not judged is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u64>,
    /// SHA-256 of the sampling policy in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Base64<[u8; 32]>>,
    /// The query that the supervisor had made; there where its verdict is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Uuid>,
    /// The right verdict on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

/// What a leaf of kind `sampling` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplingState {
    /// A nonce was committed to, before its period.
    Committed,
    /// It is shown.
    Shown,
    /// The right verdict on a query was committed to.
    Planted,
    /// It is shown.
    Known,
}

/// `unseal`: the sealed part of a leaf was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseal {
    /// Index of the leaf in this log.
    pub entry: u64,
    /// Why.
    pub reason: String,
    /// The proposal that was approved; absent where one officer opened it in an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Uuid>,
}

/// `figures`: figures over a period were published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The period: a month (`2026-11`), a day or a year.
    pub period: String,
    /// SHA-256 of the file that was published.
    pub digest: Base64<[u8; 32]>,
    /// The privacy budget spent on it, a decimal such as `0.5`.
    pub epsilon: String,
}

impl_kind! {
    Act Case = Case;
    Act Appointment = Appointment;
    Act Feedback = Feedback;
    Act Proposal = Proposal;
    Act Approval = Approval;
    Act Review = Review;
    Act Sampling = Sampling;
    Act Unseal = Unseal;
    Event Figures = Figures;
}

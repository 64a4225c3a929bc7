//! The figures of a month, as they are written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::checkpoint::Checkpoint;
use crate::coverage::{CoverageFigures, as_in_leaves};
use crate::review::Judged;
use crate::verify::Report;

/// Answered and refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Answered.
    pub answered: u64,
    /// Refused; refusals that share a leaf too.
    pub refused: u64,
}

/// Figures of queries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queries {
    /// In all.
    pub all: Outcomes,
    /// Answered ones that repeat another.
    pub repeats: u64,
    /// By day.
    pub days: BTreeMap<String, Outcomes>,
    /// By institution; persons and the public are none.
    pub institutions: BTreeMap<String, Outcomes>,
    /// By who asks: the kind of institution, `person` or `public`. Refusals that share a leaf are not in it.
    pub askers: BTreeMap<String, Outcomes>,
    /// By scenario; queries without one are not in it.
    pub scenarios: BTreeMap<String, Outcomes>,
    /// Answered ones by ground: `statute`, `consent`, `self`, `public`.
    #[serde(deserialize_with = "grounds")]
    pub grounds: BTreeMap<&'static str, u64>,
    /// How often each field was released.
    pub fields: BTreeMap<String, u64>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
    /// Answered ones by what is owed to the person: `owed`, `deferred`, `exempt`.
    pub notices: BTreeMap<String, u64>,
}

/// The grounds, by the names that the figures have.
const GROUNDS: [&str; 4] = ["statute", "consent", "self", "public"];

/// Grounds by their names: what has another one is left out.
fn grounds<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<&'static str, u64>, D::Error> {
    let all = BTreeMap::<String, u64>::deserialize(from)?;
    let known = |(name, count)| Some((GROUNDS.into_iter().find(|known| *known == name)?, count));
    Ok(all.into_iter().filter_map(known).collect())
}

/// Figures of reviews: leaves of the month that say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ReviewCounts {
    /// Queries that the gateway put before reviewers.
    pub queued: u64,
    /// Of those, the ones that it calls suspicious.
    pub suspicious: u64,
    /// Times that an officer opened one.
    pub opened: u64,
    /// Verdicts.
    pub judged: Judged,
    /// Reviews that a second officer closed.
    pub closed: u64,
    /// Put before reviewers up to the end of the month, and not closed by then.
    pub waiting: u64,
}

/// Figures of objections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Objections {
    /// Made by persons.
    pub made: u64,
    /// Decided for the person.
    pub upheld: u64,
    /// Decided against the person.
    pub rejected: u64,
    /// Of those decided, by their day.
    pub in_time: u64,
    /// Of those decided, after it.
    pub late: u64,
    /// Open at the end of the month.
    pub open: u64,
    /// Of those, past their day.
    pub overdue: u64,
}

/// Who may not ask any more, or may again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspensionLine {
    /// Of a set, the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The leaf.
    pub index: u64,
    /// When.
    #[serde(serialize_with = "as_in_leaves")]
    pub at: Timestamp,
    /// The institution.
    pub institution: String,
    /// Only this member of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Only this scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Suspended, or resumed.
    pub suspended: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What ought to have been noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Alarms {
    /// Cases that were decided without a look-up before.
    pub case_misses: u64,
    /// Objections that were decided late, or are overdue at the end.
    pub objections_late: u64,
    /// Requests that were cut off or have no record of their own.
    pub floods: u64,
    /// The stop switch was thrown.
    pub stops: u64,
    /// Suspensions by a rule.
    pub suspensions_by_rule: u64,
    /// Sealed parts that one officer opened alone.
    pub unseals_alone: u64,
}

/// Up to where a log of a set was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogHead {
    /// The log.
    pub origin: String,
    /// Size of its checkpoint.
    pub size: u64,
    /// Its root, in base64.
    pub root: String,
}

impl LogHead {
    /// Of a log that was checked.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let Checkpoint { origin, size, root } = &report.checkpoint;
        Self { origin: origin.clone(), size: *size, root: STANDARD.encode(root) }
    }
}

/// The figures of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthlyFigures {
    /// The form of this object.
    pub form: &'static str,
    /// The log.
    pub origin: String,
    /// The month.
    pub month: String,
    /// Its days are those of this offset from UTC.
    pub utc_offset: String,
    /// Size of the checkpoint.
    pub size: u64,
    /// Its root, in base64.
    pub root: String,
    /// Of a set, whose directory the three above are of: the logs, by origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogHead>,
    /// When the last leaf was recorded, of whatever month.
    #[serde(skip)]
    pub last_at: Option<Timestamp>,
    /// Leaves of the month.
    pub leaves: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// Leaves by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Queries.
    pub queries: Queries,
    /// Cases that must be checked.
    pub coverage: CoverageFigures,
    /// Reviews of queries.
    pub reviews: ReviewCounts,
    /// Feedback by result.
    pub feedback: BTreeMap<String, u64>,
    /// Feedback by measure.
    pub measures: BTreeMap<String, u64>,
    /// Objections.
    pub objections: Objections,
    /// Queries of which persons were told, by way.
    pub notices_given: BTreeMap<String, u64>,
    /// Suspensions and resumptions.
    pub suspensions: Vec<SuspensionLine>,
    /// Requests without a record of their own, by institution.
    pub floods: BTreeMap<String, u64>,
    /// First and last number of each institution's own acts (of a set, of each institution and log): between them none is missing, or the log is not valid.
    pub numbers: BTreeMap<String, (u64, u64)>,
    /// Catalogues by which queries were decided.
    pub catalogues: Vec<String>,
    /// Alarms.
    pub alarms: Alarms,
}

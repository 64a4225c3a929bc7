//! What a query asks of the counts, and why it does not get it.

use credit_policy::{Code, consent::Frequency};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::key::Key;

/// The limits of one query.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Look-ups on one person under one case.
    pub case: u32,
    /// Look-ups on one person a day.
    pub person_a_day: u32,
    /// Different persons a day.
    pub distinct_a_day: u32,
    /// Look-ups of one member of staff a day, where that has a limit.
    pub staff_a_day: Option<u32>,
}

impl Limits {
    /// Nothing is too much here: somebody else decides.
    pub(super) const NONE: Self =
        Self { case: u32::MAX, person_a_day: u32::MAX, distinct_a_day: u32::MAX, staff_a_day: None };
}

/// Everything that one query asks of the counts.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The query.
    pub id: Uuid,
    /// Who asks: its log knows the query by this name.
    pub asker: &'a str,
    /// For whom it counts.
    pub institution: &'a str,
    /// The scenario's purpose group: a person's day and the different persons of a day are counted in each by itself.
    pub group: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Civil day in the jurisdiction.
    pub day: Date,
    /// The institution's member of staff.
    pub staff: &'a str,
    /// Subject tag under the key in force (base64, as in the leaf).
    pub subject: &'a str,
    /// Subject tags of the same person under earlier keys, oldest first: a case outlives a key's period, and a day may lie in two.
    pub earlier_subjects: &'a [String],
    /// The case, where the ground is a statute.
    pub case: Option<&'a str>,
    /// The consent, where that is the ground.
    pub consent: Option<ConsentClaim>,
    /// The idempotency key, where there is one.
    pub idempotency: Option<IdempotencyClaim>,
    /// What it may not exceed.
    pub limits: Limits,
}

/// The consent that a query rests on.
#[derive(Clone, Copy, Debug)]
pub struct ConsentClaim {
    /// Stands for issuer and token: [`consent_key`](super::consent_key).
    pub key: Key,
    /// Uses in all.
    pub uses: u64,
    /// Uses in a time.
    pub frequency: Frequency,
    /// The token's `exp`: its uses are forgotten after it.
    pub expires: Timestamp,
}

/// An idempotency key, and everything that was asked under it, as keyed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyEntry {
    /// Stands for institution and key.
    pub key: Key,
    /// Stands for everything that was asked.
    pub identity: Key,
}

/// The idempotency key of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// Under the state key in force.
    pub entry: IdempotencyEntry,
    /// Under the state key before: the first query may have come before the key turned. In the minutes before it turns again under
    /// the next one, by which another gateway may count already.
    pub earlier: Option<IdempotencyEntry>,
    /// How often and how long it may be asked again.
    pub window: RepeatWindow,
}

/// How often and how long a question may be asked again under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatWindow {
    /// A query: three times within ten minutes.
    Query,
    /// As long as the key is remembered: a line of a batch, which may break off at any of its lines, and what another gateway
    /// asks, which has held its own institution to the ten minutes.
    WhileKnown,
}

/// Which use of a consent a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentUse {
    /// From 1.
    pub number: u64,
    /// The leaf that has the token, if there is one already.
    pub first: Option<u64>,
}

/// Why nothing is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `state-unavailable`: what several gateways count together cannot be asked, or what it said cannot be believed.
    Unavailable,
    /// `idempotency-conflict`: a query under the same key is under way, and when it is over this one can be asked.
    UnderWay,
    /// `idempotency-conflict`, `answer-changed`, `consent-used-up`, `case-already-used`: asked again it would be refused again.
    Final(Code),
    /// `rate-limited` (one person or member of staff a day), `distinct-subjects-exceeded`: a limit of the day, and its
    /// size.
    OfTheDay(Code, u32),
}

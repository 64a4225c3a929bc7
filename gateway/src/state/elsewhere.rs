//! The port to counts that several gateways share. What one of them counts in its memory is part of it: whoever is refused by
//! the memory is not asked about here.

use std::{fmt, future::Future, pin::Pin};

use credit_policy::consent::Frequency;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    claim::{Claim, ConsentClaim, IdempotencyClaim, IdempotencyEntry, Refused, RepeatWindow},
    key::{Key, case_key, day_key, person_key},
    usage::Spending,
};

/// How long the uses of a consent are kept after its end, in seconds: as in memory.
const USES_KEPT_S: i64 = 3_600;
/// How long counts of a day are kept: a day, however far its end is, and one for clocks that differ.
const DAY_KEPT: SignedDuration = SignedDuration::from_hours(72);
/// And look-ups of a case: as long as a query can name the data key of their month.
const CASE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 93);

/// What is awaited of it.
pub(crate) type Awaited<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Counts that several gateways share.
pub(crate) trait Elsewhere: Send + Sync {
    /// Reserves all that a query asks for, or nothing. What was reserved counts for every gateway until it is given back. Where the
    /// answer is not awaited to its end, what it reserved is given back.
    fn claim(&self, claim: SharedClaim) -> Awaited<Result<Granted, Refused>>;

    /// Says what became of it; never waits.
    fn settle(&self, id: Uuid, outcome: Outcome);
}

/// What became of a query that had reserved something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its leaf is durable, and of that time.
    Answered(Timestamp),
    /// It was refused, or could not be recorded.
    GivenBack,
}

/// A count and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Stands for what is counted.
    pub(crate) key: Key,
    /// So many at most.
    pub(crate) limit: u32,
}

/// All that one query asks of the shared counts.
#[derive(Clone, Debug)]
pub(crate) struct SharedClaim {
    /// The query.
    pub(crate) id: Uuid,
    /// Who asks: in the log the query is looked for by this name.
    pub(crate) institution: String,
    /// When it asks.
    pub(crate) now: Timestamp,
    /// Look-ups of the member of staff on the day, where they are limited.
    pub(crate) staff: Option<Counted>,
    /// Look-ups on the person under the case.
    pub(crate) case: Option<Counted>,
    /// The same case under earlier data keys.
    pub(crate) earlier_cases: Vec<Key>,
    /// Look-ups on the person on the day.
    pub(crate) person: Counted,
    /// The same under the data key before.
    pub(crate) earlier_person: Option<Key>,
    /// Different persons of the day.
    pub(crate) persons: Counted,
    /// The consent.
    pub(crate) consent: Option<ConsentClaim>,
    /// The idempotency key.
    pub(crate) idempotency: Option<IdempotencyClaim>,
}

impl SharedClaim {
    pub(super) fn new(claim: &Claim<'_>, spending: &Spending, scope: Key) -> Self {
        let Claim { institution, limits, day, .. } = *claim;
        let of_day = |key: &Key| day_key(key, day);
        let earlier_case =
            |case| claim.earlier_subjects.iter().map(move |subject| case_key(institution, case, subject));
        Self {
            id: claim.id,
            institution: claim.asker.to_owned(),
            now: claim.now,
            staff: limits.staff_a_day.map(|limit| Counted { key: of_day(&spending.staff), limit }),
            case: spending.case.map(|key| Counted { key, limit: limits.case }),
            earlier_cases: claim.case.into_iter().flat_map(earlier_case).collect(),
            person: Counted { key: of_day(&spending.person), limit: limits.person_a_day },
            earlier_person: claim.earlier_subjects.last().map(|subject| of_day(&person_key(institution, subject))),
            persons: Counted { key: of_day(&scope), limit: limits.distinct_a_day },
            consent: claim.consent,
            idempotency: claim.idempotency,
        }
    }

    /// Until when its counts of the day are kept, in seconds of Unix time.
    pub(crate) fn day_until(&self) -> i64 {
        day_until(self.now)
    }

    /// Until when its look-ups of a case are kept.
    pub(crate) fn case_until(&self) -> i64 {
        case_until(self.now)
    }

    /// Until when uses of its consent count, in seconds of Unix time.
    pub(crate) fn uses_until(&self) -> i64 {
        self.consent.map_or(0, |consent| uses_until(consent.expires.as_second()))
    }

    /// Since when uses count for the consent's frequency.
    pub(crate) fn uses_since(&self, frequency: Frequency) -> i64 {
        frequency.per.start_to(self.now).as_microsecond()
    }

    /// The idempotency keys under which it may be known, the one in force first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = IdempotencyEntry> {
        self.idempotency.into_iter().flat_map(|claim| std::iter::once(claim.entry).chain(claim.earlier))
    }

    /// How often it may be repeated.
    pub(crate) fn window(&self) -> RepeatWindow {
        self.idempotency.map_or(RepeatWindow::Query, |claim| claim.window)
    }
}

/// Until when uses of a consent count that ends then; both in seconds of Unix time.
pub(super) fn uses_until(expires: i64) -> i64 {
    expires.saturating_add(USES_KEPT_S)
}

/// Until when counts of a day are kept.
pub(super) fn day_until(now: Timestamp) -> i64 {
    until(now, DAY_KEPT)
}

/// Until when look-ups of a case are kept.
pub(super) fn case_until(now: Timestamp) -> i64 {
    until(now, CASE_KEPT)
}

/// A whole number of days (UTC): what every query of a day counts by is then written once a day.
fn until(now: Timestamp, kept: SignedDuration) -> i64 {
    const DAY_S: i64 = 86_400;
    let until = now.saturating_add(kept).unwrap_or(Timestamp::MAX).as_second();
    (until / DAY_S).saturating_add(1).saturating_mul(DAY_S)
}

/// What was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Which use of the consent it is.
    pub(crate) use_: Option<u64>,
}

impl fmt::Debug for dyn Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elsewhere")
    }
}

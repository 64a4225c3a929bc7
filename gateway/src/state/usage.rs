//! What was used, as far as it still counts: look-ups of cases and of the day, uses of consents, withdrawals and
//! idempotency keys. Only durable leaves change it.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    cases::{Cases, month_of},
    consent::{Consent, Use},
    day::Day,
    idempotency::FirstQuery,
    key::{Key, case_key, person_key, staff_key},
    table::Table,
};

/// How long a withdrawal is kept. It does not say when the consent would have ended; no catalogue allows one so long.
const WITHDRAWAL_KEPT: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// After so many look-ups a part of the rows is looked through for those that count no longer.
const SWEEP_EVERY: u32 = 64;

/// Shards that are looked through then.
const SWEPT: usize = 128;

/// What was used up to the last leaf.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// `at` of the last leaf.
    pub(crate) at: Timestamp,
    pub(crate) day: Day,
    pub(crate) cases: Cases,
    pub(crate) consents: Table<Consent>,
    /// Withdrawn consents, and until when (seconds of Unix time) that is kept.
    pub(crate) revoked: Table<u32>,
    pub(crate) idempotency: Table<FirstQuery>,
    since_sweep: u32,
}

/// What one answered query used.
#[derive(Clone, Debug)]
pub(crate) struct Spending {
    pub(crate) institution: String,
    pub(crate) group: String,
    pub(crate) staff: Key,
    pub(crate) person: Key,
    pub(crate) case: Option<Key>,
    pub(crate) consent: Option<(Key, Use, u32)>,
    pub(crate) idempotency: Option<(Key, FirstQuery)>,
}

impl Spending {
    pub(crate) fn new(institution: &str, group: &str, staff: &str, subject: &str, case: Option<&str>) -> Self {
        Self {
            institution: institution.to_owned(),
            group: group.to_owned(),
            staff: staff_key(institution, staff),
            person: person_key(institution, subject),
            case: case.map(|case| case_key(institution, case, subject)),
            consent: None,
            idempotency: None,
        }
    }
}

/// What counts no longer. To free millions of rows takes long: drop it where nobody waits.
#[must_use]
#[derive(Default)]
pub(crate) struct Retired {
    months: Vec<Table<u16>>,
    day: Option<Box<Day>>,
}

impl Retired {
    pub(crate) fn is_empty(&self) -> bool {
        self.months.is_empty() && self.day.is_none()
    }
}

impl Usage {
    /// Nothing is used, and the log has reached `at`.
    pub(crate) fn beginning(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// From its parts, as they were written.
    pub(crate) fn restored(
        at: Timestamp,
        day: Day,
        cases: Cases,
        consents: Table<Consent>,
        revoked: Table<u32>,
        idempotency: Table<FirstQuery>,
    ) -> Self {
        Self { at, day, cases, consents, revoked, idempotency, since_sweep: 0 }
    }

    /// The log reached `at`.
    pub(crate) fn reach(&mut self, at: Timestamp) -> Retired {
        if at <= self.at {
            return Retired::default();
        }
        // A month's cases are over when a day begins in UTC.
        let same_day = seconds(self.at) / 86_400 == seconds(at) / 86_400;
        self.at = at;
        Retired { months: if same_day { Vec::new() } else { self.cases.take_over(at) }, day: None }
    }

    /// Takes in what an answered query used; its leaf is durable, and of the civil day `day`.
    pub(crate) fn spend(&mut self, at: Timestamp, day: Date, spent: &Spending) -> Retired {
        let mut retired = self.reach(at);
        retired.day = self.turn(day);
        if self.day.date == Some(day) {
            self.day.add_person(&spent.institution, &spent.group, &spent.person, 1);
            self.day.add_staff(&spent.institution, &spent.staff, 1);
        }
        if let Some(case) = &spent.case {
            self.cases.add(month_of(at), case, 1);
        }
        if let Some((consent, use_, expires)) = &spent.consent {
            self.use_consent(consent, *use_, *expires);
        }
        if let Some((key, first)) = &spent.idempotency {
            self.idempotency.put(key, || FirstQuery::new(first.identity, first.id), |known| known.answered(*first));
        }
        self.sweep();
        retired
    }

    pub(crate) fn use_consent(&mut self, consent: &Key, use_: Use, expires: u32) {
        self.consents.put(consent, || Consent::new(use_, expires), |known| known.add(use_, expires));
    }

    /// A use of a consent whose token stands in an earlier leaf; nothing where that consent counts no longer.
    pub(crate) fn use_known(&mut self, consent: &Key, use_: Use) {
        if self.consents.get(consent).is_some_and(|known| known.takes(&use_)) {
            self.use_consent(consent, use_, 0);
        }
    }

    pub(crate) fn revoke(&mut self, consent: &Key, at: Timestamp) {
        let at = at.max(self.at);
        let until = seconds(at.saturating_add(WITHDRAWAL_KEPT).unwrap_or(Timestamp::MAX));
        self.revoked.put(consent, || until, |kept| *kept = until.max(*kept));
    }

    /// Begins a day, if it is later than the one that is counted; gives back that one.
    pub(crate) fn turn(&mut self, day: Date) -> Option<Box<Day>> {
        self.day.is_before(day).then(|| Box::new(std::mem::replace(&mut self.day, Day::of(day))))
    }

    fn sweep(&mut self) {
        self.since_sweep += 1;
        if self.since_sweep < SWEEP_EVERY {
            return;
        }
        self.since_sweep = 0;
        let at = self.at;
        self.consents.sweep(SWEPT, |consent| !consent.is_over(at));
        self.idempotency.sweep(SWEPT, |first| !first.is_over(at));
        self.revoked.sweep(SWEPT, |until| *until >= seconds(at));
    }

    /// The consents that still count.
    pub(crate) fn live_consents(&self) -> impl Iterator<Item = (Key, &Consent)> {
        self.consents.iter().filter(|(_, consent)| !consent.is_over(self.at))
    }

    /// The withdrawals that still count, and until when.
    pub(crate) fn live_withdrawals(&self) -> impl Iterator<Item = (Key, u32)> {
        let now = seconds(self.at);
        self.revoked.iter().map(|(key, until)| (key, *until)).filter(move |(_, until)| *until >= now)
    }

    /// The idempotency keys that are still kept.
    pub(crate) fn live_idempotency(&self) -> impl Iterator<Item = (Key, &FirstQuery)> {
        self.idempotency.iter().filter(|(_, first)| !first.is_over(self.at))
    }
}

/// Two are the same if all that still counts is: when what is over goes is a matter of memory alone.
impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
            && self.day == other.day
            && self.cases == other.cases
            && self.live_consents().eq(other.live_consents())
            && self.live_withdrawals().eq(other.live_withdrawals())
            && self.live_idempotency().eq(other.live_idempotency())
    }
}

/// Whole seconds of Unix time; times that 32 bits do not reach are the first or the last that they do.
pub(crate) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(0)).unwrap_or(u32::MAX)
}

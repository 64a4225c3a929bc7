//! A month of simulated work: departments with desks and clerks, absences, cases, overtime, campaigns and mistakes.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// Seconds of an hour.
pub(super) const HOUR: i64 = 3_600;
/// Departments.
pub(super) const DEPARTMENTS: u64 = 50;
/// The first so many departments work around the clock.
pub(super) const ROUND_THE_CLOCK: u64 = 5;
/// Staff of a department who register cases.
pub(super) const DESKS: u64 = 4;
/// Staff of a department.
const STAFF: u64 = 10;
/// Persons who can be asked about.
pub(super) const PERSONS: u64 = 200_000;

/// Numbers that look drawn, the same for the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A whole number between two, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(most.abs_diff(least) + 1)).unwrap()
    }

    /// True in so many of a thousand.
    pub(super) fn per_mille(&mut self, many: u64) -> bool {
        self.below(1_000) < many
    }
}

/// Something that is on the record.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Seconds after the month began, at the department's own time; before it where negative.
    pub(super) at: i64,
    pub(super) department: u64,
    pub(super) staff: u64,
    pub(super) case: String,
    pub(super) person: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A case was registered.
    Opened,
    /// Somebody was asked about.
    Asked {
        /// By a consent.
        by_consent: bool,
        /// About a minor, so it is refused.
        is_minor: bool,
        /// Of which misuse it is part.
        misuse: Option<usize>,
    },
    /// A case was decided.
    Decided,
}

/// An honest look-up.
pub(super) const ASKED: What = What::Asked { by_consent: false, is_minor: false, misuse: None };

/// A month's events, in the order of their times; it begins with that weekday, from Sunday on. `plant` adds what is no honest work.
pub(super) fn month(seed: u64, first_day: i64, queries: u64, plant: impl FnOnce(&mut Work)) -> Vec<Event> {
    let mut work = Work { random: Random(seed), events: Vec::new(), cases: 0, first_day };
    let campaigns: Vec<(u64, i64)> =
        (0..6).map(|_| (work.random.below(DEPARTMENTS), work.random.between(2, 27))).collect();
    let mut made = 0;
    while made < queries {
        let (department, day) = match work.random.per_mille(40) {
            // A campaign: a department works through an old pile within a day.
            true => campaigns[usize::try_from(work.random.below(6)).unwrap()],
            false => (work.random.below(DEPARTMENTS), work.random.between(0, 29)),
        };
        if department >= ROUND_THE_CLOCK && work.is_weekend(day) && !work.random.per_mille(15) {
            continue;
        }
        made += work.honest(department, day);
    }
    plant(&mut work);
    work.events.sort_by_key(|event| event.at);
    work.events
}

/// The month as it is made.
pub(super) struct Work {
    pub(super) random: Random,
    pub(super) events: Vec<Event>,
    cases: u64,
    /// The weekday of its first day, from Sunday on.
    first_day: i64,
}

impl Work {
    pub(super) fn is_weekend(&self, day: i64) -> bool {
        matches!((self.first_day + day).rem_euclid(7), 0 | 6)
    }

    /// The next case number of a department.
    pub(super) fn case(&mut self, department: u64) -> String {
        self.cases += 1;
        format!("D{department}-2026-{:07}", self.cases)
    }

    /// Whether somebody is there on a day: absent on one day in twenty-five.
    fn is_there(&self, department: u64, staff: u64, day: i64) -> bool {
        !Random(self.random.0 ^ (department << 40 | staff << 20 | day.unsigned_abs())).per_mille(40)
    }

    pub(super) fn clerk(&mut self) -> u64 {
        DESKS + self.random.below(STAFF - DESKS)
    }

    /// When somebody of a department asks on a day.
    pub(super) fn time(&mut self, department: u64, day: i64) -> i64 {
        let hour = match department < ROUND_THE_CLOCK {
            true => self.random.between(0, 23),
            // A day's work, with some that stay longer.
            false if self.random.per_mille(25) => self.random.between(18, 20),
            false => self.random.between(8, 17),
        };
        day * DAY + hour * HOUR + self.random.between(0, HOUR - 1)
    }

    /// One honest piece of work; gives how many queries it had.
    fn honest(&mut self, department: u64, day: i64) -> u64 {
        let (asked, clerk) = (self.time(department, day), self.clerk());
        let (person, case) = (self.random.below(PERSONS), self.case(department));
        if self.random.per_mille(70) {
            let by_consent = What::Asked { by_consent: true, is_minor: false, misuse: None };
            self.push((asked, department, clerk), &case, person, by_consent);
            return 1;
        }
        let desk = (0..DESKS).find(|desk| self.is_there(department, (desk + person) % DESKS, day));
        let desk = desk.map(|desk| (desk + person) % DESKS);
        let (opened, registers) = match self.random.below(1_000) {
            // A walk-in, or the department's own system was down: registered when it runs again.
            0..14 => (asked + self.random.between(600, DAY), desk.unwrap_or(clerk)),
            // Nobody is at the desk: the clerk registers it.
            14..30 => (asked - self.random.between(120, 4 * HOUR), clerk),
            // Forgotten.
            30..34 => (i64::MIN, clerk),
            _ => (asked - self.random.between(300, 4 * DAY), desk.unwrap_or(clerk)),
        };
        if opened > i64::MIN {
            self.push((opened, department, registers), &case, person, What::Opened);
        }
        let is_minor = self.random.per_mille(2);
        self.push((asked, department, clerk), &case, person, What::Asked { by_consent: false, is_minor, misuse: None });
        let mut queries = 1;
        if self.random.per_mille(90) {
            // Once more before the decision.
            let later = asked + self.random.between(HOUR, 3 * DAY);
            let later = if self.is_open(department, later) && later < 30 * DAY { later } else { asked + 300 };
            self.push((later, department, clerk), &case, person, ASKED);
            queries += 1;
        }
        if !self.random.per_mille(40) {
            let decided = asked.max(opened) + self.random.between(4 * HOUR, 17 * DAY);
            let decides = if self.random.per_mille(150) { clerk } else { self.clerk() };
            self.push((decided, department, decides), &case, person, What::Decided);
        }
        queries
    }

    fn is_open(&self, department: u64, at: i64) -> bool {
        let hour = at.rem_euclid(DAY) / HOUR;
        department < ROUND_THE_CLOCK || (!self.is_weekend(at.div_euclid(DAY)) && (8..18).contains(&hour))
    }

    pub(super) fn push(&mut self, (at, department, staff): (i64, u64, u64), case: &str, person: u64, what: What) {
        self.events.push(Event { at, department, staff, case: case.to_owned(), person, what });
    }
}

/// The id of a department.
pub(super) fn department(number: u64) -> String {
    format!("department-{number}")
}

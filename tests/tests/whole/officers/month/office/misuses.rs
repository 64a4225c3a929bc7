//! What staff do wrong who can look up anybody: eight kinds, each with what it leaves on the record.

use super::{
    super::work::{DAY, Event, HOUR, What},
    DAYS, Department, Month,
    roster::{HEAD, Hours, MINUTE},
};

/// What was done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Kind {
    /// A case without an applicant, made up for a look-up. Trace: one hand registers it, while the desk was there to do so, and
    /// asks within minutes; nothing else is ever recorded of the case or the person, neither a decision nor a colleague's hand;
    /// mostly the same hand does so two or three times in the month, in quiet moments.
    MadeUp,
    /// A look-up without a case, which is entered hours or days later to cover it. Trace: the case is younger than its look-up;
    /// who asked has registered it, with a desk there and no disturbance that day that other cases show as well; mostly no
    /// decision follows, else by the same hand.
    RegisteredLate,
    /// Somebody looked up under the number of a running case of somebody else. Trace: the person is not registered in the case and
    /// has none in the department; who asks does not work on that case; and the right number does not follow.
    BorrowedCase,
    /// Somebody whom all talk about. Trace: three to six members of staff ask about one person within days, in one department or
    /// two, under numbers that were never registered, borrowed, or made up; the person has no procedure there, or one that most of
    /// them do not work on; and nothing is decided.
    TalkOfTheTown,
    /// A former partner, a tenant, a neighbour: somebody who is watched. Trace: one member of staff asks about one person on four
    /// to seven days over weeks, under other numbers each time, in breaks and after hours; sometimes about a second person just
    /// after the first; nothing is decided.
    Watched,
    /// Records to sell. Trace: one member of staff asks about eight to eighteen persons within an hour or so, at lunch, at night or
    /// on a day off, all under one or two borrowed cases, or under a run of numbers that were never registered; no decision on any.
    Sold,
    /// A favour to somebody who wants to know about somebody. Trace: one hand registers the case, asks and decides it within the
    /// half hour, where a decision otherwise takes days and another hand, with a desk there to register; and does so again.
    OwnHands,
    /// A colleague's access, used while that one is away. Trace: within a week or two without any other sign of a member of staff
    /// there are a few look-ups of that one on a day or two, about persons who have no procedure, under numbers that were never
    /// registered, borrowed, or made up on the spot.
    AbsentColleague,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::MadeUp,
        Self::RegisteredLate,
        Self::BorrowedCase,
        Self::TalkOfTheTown,
        Self::Watched,
        Self::Sold,
        Self::OwnHands,
        Self::AbsentColleague,
    ];

    /// The kind of a misuse by its number: as many of each.
    pub(in super::super) fn of(misuse: usize) -> Self {
        Self::ALL[misuse % Self::ALL.len()]
    }
}

/// Who does it, and under which number it is known.
#[derive(Clone, Copy)]
struct Hand<'r> {
    misuse: usize,
    department: usize,
    of: &'r Department,
    staff: u64,
}

impl<'r> Month<'r> {
    /// One misuse: where it does not come about, elsewhere.
    pub(super) fn misuse(&mut self, misuse: usize) {
        for _ in 0..1_000 {
            let department = usize::try_from(self.random.below(self.roster.departments.len() as u64)).unwrap();
            let of = self.of(department);
            let staff = of.clerks().start + self.random.below(of.clerks().end - of.clerks().start);
            let hand = Hand { misuse, department, of, staff };
            let done = match Kind::of(misuse) {
                Kind::MadeUp => self.made_up(hand),
                Kind::RegisteredLate => self.registered_late(hand),
                Kind::BorrowedCase => self.borrowed_case(hand),
                Kind::TalkOfTheTown => self.talk_of_the_town(hand),
                Kind::Watched => self.watched(hand),
                Kind::Sold => self.sold(hand),
                Kind::OwnHands => self.own_hands(hand),
                Kind::AbsentColleague => self.absent_colleague(hand),
            };
            if done.is_some() {
                return;
            }
        }
        panic!("misuse {misuse} does not come about");
    }

    /// Asks for no good reason; says whether it did.
    fn pry(&mut self, at: i64, hand: Hand<'r>, case: &str, person: u64) -> bool {
        let what = What::Asked { by_consent: false, is_minor: false, misuse: Some(hand.misuse) };
        self.look_up((at, hand.of, hand.staff), case, person, what)
    }

    /// So many days on which somebody works, in their order, with at least so many between.
    fn days_of(&mut self, hand: Hand<'r>, many: usize, apart: i64) -> Option<Vec<i64>> {
        let mut free: Vec<i64> = self.roster.days(hand.of, hand.staff);
        free.retain(|day| *day < DAYS - 2);
        let mut days = Vec::new();
        while days.len() < many {
            let day = self.one_of(&free)?;
            free.retain(|other| (other - day).abs() >= apart);
            days.push(day);
        }
        days.sort_unstable();
        Some(days)
    }

    /// A moment of somebody's working day.
    fn at_work(&mut self, hand: Hand<'r>, day: i64) -> Option<i64> {
        let (from, until) = self.roster.shift(hand.of, hand.staff, day)?;
        let at = self.random.between(from, until - 45 * MINUTE);
        self.roster.is_at_work(hand.of, hand.staff, at).then_some(at)
    }

    /// A moment when few look: before the others come, at lunch, after hours, or at night on a shift; or a working moment after all.
    fn quiet(&mut self, hand: Hand<'r>, day: i64) -> Option<i64> {
        let (from, until) = self.roster.shift(hand.of, hand.staff, day)?;
        Some(match (hand.of.hours, self.random.below(100)) {
            (_, 0..30) => return self.at_work(hand, day),
            (Hours::Shifts, _) => self.random.between(from, until - HOUR),
            (_, 30..40) => from - self.random.between(5 * MINUTE, 50 * MINUTE),
            (_, 40..65) => match self.roster.lunch(hand.of, hand.staff, day) {
                Some((begin, end)) => self.random.between(begin, end - 20 * MINUTE),
                None => return self.at_work(hand, day),
            },
            _ => until + self.random.between(15 * MINUTE, 150 * MINUTE),
        })
    }

    /// A running case of the department that somebody else has in hand.
    fn borrowed(&mut self, hand: Hand<'r>, at: i64) -> Option<String> {
        (0..20).find_map(|_| {
            let other = self.running(hand.department, at - DAY)?;
            (other.handler != hand.staff && other.asked < at).then_some(other.case)
        })
    }

    /// A number to go by, of a case that the person is not in: borrowed, never registered, or made up on the spot.
    fn cover(&mut self, hand: Hand<'r>, at: i64, person: u64) -> String {
        match self.random.below(100) {
            0..35 => match self.borrowed(hand, at) {
                Some(case) => case,
                None => self.old_case(hand.of),
            },
            35..60 => self.old_case(hand.of),
            60..80 => self.case(),
            _ => {
                let case = self.case();
                let before = self.random.between(40, 600);
                self.open((at - before, hand.of, hand.staff), &case, person);
                case
            }
        }
    }

    fn made_up(&mut self, hand: Hand<'r>) -> Option<()> {
        let many = usize::try_from(self.random.between(1, 3)).unwrap();
        let days = self.days_of(hand, many, 2)?;
        let mut times = Vec::new();
        for day in days {
            let at = self.at_work(hand, day)?;
            times.push(if self.random.per_mille(500) { self.quiet(hand, day)? } else { at });
        }
        // One alone: the desk was there.
        if hand.of.one_window || many == 1 && !self.roster.has_desk(hand.of, times[0]) {
            return None;
        }
        for at in times {
            let (person, case, wait) = (self.person(), self.case(), self.random.between(45, 900));
            self.open((at, hand.of, hand.staff), &case, person);
            self.pry(at + wait, hand, &case, person);
        }
        Some(())
    }

    fn registered_late(&mut self, hand: Hand<'r>) -> Option<()> {
        let many = usize::try_from(self.random.between(1, 2)).unwrap();
        let days = self.days_of(hand, many, 3)?;
        let mut times = Vec::new();
        for day in days {
            let at = self.quiet(hand, day)?;
            let after =
                if self.random.per_mille(500) { self.random.between(3, 12) } else { self.random.between(20, 140) };
            let opened =
                self.roster.next(hand.of, hand.staff, at + after * HOUR)? + self.random.between(0, 40 * MINUTE);
            if opened >= DAYS * DAY || !self.roster.has_desk(hand.of, opened) {
                return None;
            }
            times.push((at, opened));
        }
        for (at, opened) in times {
            let (person, case) = (self.person(), self.case());
            self.pry(at, hand, &case, person);
            if self.random.per_mille(250) {
                // Another look, still without a case.
                let later = self.random.between(at + HOUR, opened);
                self.pry(later, hand, &case, person);
            }
            self.open((opened, hand.of, hand.staff), &case, person);
            if self.random.per_mille(250) {
                let decided = opened + self.random.between(10 * MINUTE, 3 * DAY);
                self.push((decided, hand.of, hand.staff), &case, person, What::Decided);
            }
        }
        Some(())
    }

    fn borrowed_case(&mut self, hand: Hand<'r>) -> Option<()> {
        let day = self.days_of(hand, 1, 1)?[0];
        let at = if self.random.per_mille(500) { self.at_work(hand, day)? } else { self.quiet(hand, day)? };
        let (case, person) = (self.borrowed(hand, at)?, self.person());
        self.pry(at, hand, &case, person);
        match self.random.below(3) {
            // One more of the same house.
            0 => {
                let (other, wait) = (self.person(), self.random.between(60, 400));
                self.pry(at + wait, hand, &case, other);
            }
            // Once more, days later, under another case.
            1 => {
                let later = self.roster.next(hand.of, hand.staff, at + self.random.between(DAY, 5 * DAY));
                if let Some((later, case)) = later.and_then(|later| Some((later, self.borrowed(hand, later)?))) {
                    self.pry(later + 90, hand, &case, person);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn talk_of_the_town(&mut self, hand: Hand<'r>) -> Option<()> {
        let (begin, many) = (self.random.between(1, DAYS - 6), self.random.between(3, 6));
        let (of, first) = (hand.of, hand.department);
        // Who has an honest matter somewhere may be talked of there.
        let (person, case) = match self.running(first, begin * DAY) {
            Some(matter) if self.random.per_mille(300) && matter.asked < begin * DAY => {
                (matter.person, Some(matter.case))
            }
            _ => (self.person(), None),
        };
        let mut curious = Vec::new();
        let elsewhere = usize::try_from(self.random.below(self.roster.departments.len() as u64)).unwrap();
        let here = (first, of.clerks().chain(of.desks()).collect::<Vec<_>>());
        let there = (elsewhere, self.of(elsewhere).clerks().collect::<Vec<_>>());
        for nr in 0..many {
            let (department, all) = if nr < 3 || self.random.per_mille(500) { &here } else { &there };
            let staff = self.one_of(all)?;
            let hand = Hand { department: *department, of: self.of(*department), staff, ..hand };
            let day = begin + self.random.between(0, 3);
            if curious
                .iter()
                .any(|(_, other): &(i64, Hand<'_>)| (other.department, other.staff) == (*department, staff))
            {
                continue;
            }
            if let Some(at) = self.quiet(hand, day) {
                curious.push((at, hand));
            }
        }
        if curious.len() < 3 {
            return None;
        }
        for (nr, (at, hand)) in curious.into_iter().enumerate() {
            if nr == 0 && case.as_ref().is_some_and(|case| self.pry(at, hand, case, person)) {
                continue;
            }
            let case = self.cover(hand, at, person);
            if !self.pry(at, hand, &case, person) {
                let case = self.old_case(hand.of);
                self.pry(at, hand, &case, person);
            }
        }
        Some(())
    }

    fn watched(&mut self, hand: Hand<'r>) -> Option<()> {
        let many = usize::try_from(self.random.between(4, 7)).unwrap();
        let days = self.days_of(hand, many, 2)?;
        if days[days.len() - 1] - days[0] < 10 {
            return None;
        }
        let mut times = Vec::new();
        for day in days {
            times.push(self.quiet(hand, day)?);
        }
        let (person, other) = (self.person(), self.person());
        let second = self.random.per_mille(400);
        for (nr, at) in times.into_iter().enumerate() {
            let case = self.cover(hand, at, person);
            self.pry(at, hand, &case, person);
            if second && nr + 2 >= many {
                let wait = self.random.between(30, 300);
                self.pry(at + wait, hand, &case, other);
            }
        }
        Some(())
    }

    fn sold(&mut self, hand: Hand<'r>) -> Option<()> {
        let (day, many) = (self.random.between(2, DAYS - 2), self.random.between(8, 18));
        let begin = match (self.roster.shift(hand.of, hand.staff, day), self.random.below(100)) {
            // A night shift, or whatever shift it is.
            (Some((from, until)), _) if hand.of.hours == Hours::Shifts => self.random.between(from, until - 2 * HOUR),
            (Some((_, until)), 0..45) => until + self.random.between(20 * MINUTE, 4 * HOUR),
            (Some(_), 45..75) => {
                self.roster.lunch(hand.of, hand.staff, day)?.0 + self.random.between(2 * MINUTE, 10 * MINUTE)
            }
            (Some(_), _) => self.at_work(hand, day)?,
            (None, 0..20) => day * DAY + self.random.between(10 * HOUR, 21 * HOUR),
            (None, _) => return None,
        };
        let borrows = self.random.per_mille(500);
        let mut case = if borrows { self.borrowed(hand, begin)? } else { self.old_case(hand.of) };
        let mut at = begin;
        for nr in 0..many {
            if !borrows || nr == many / 2 && self.random.per_mille(500) {
                case = match borrows {
                    true => self.borrowed(hand, at).unwrap_or(case),
                    false if self.random.per_mille(500) => self.old_case(hand.of),
                    false => self.case(),
                };
            }
            let person = self.person();
            self.pry(at, hand, &case, person);
            at += self.random.between(40, 420);
        }
        Some(())
    }

    fn own_hands(&mut self, hand: Hand<'r>) -> Option<()> {
        let many = usize::try_from(self.random.between(1, 2)).unwrap();
        if hand.of.one_window || hand.of.days_to_decide < 3 {
            return None;
        }
        let days = self.days_of(hand, many, 2)?;
        let mut times = Vec::new();
        for day in days {
            let at = self.at_work(hand, day)?;
            if !self.roster.has_desk(hand.of, at) {
                return None;
            }
            times.push(at);
        }
        for at in times {
            let (person, case) = (self.person(), self.case());
            let (asked, decided) = (at + self.random.between(40, 500), self.random.between(3 * MINUTE, 20 * MINUTE));
            self.open((at, hand.of, hand.staff), &case, person);
            self.pry(asked, hand, &case, person);
            self.push((asked + decided, hand.of, hand.staff), &case, person, What::Decided);
        }
        Some(())
    }

    fn absent_colleague(&mut self, hand: Hand<'r>) -> Option<()> {
        let leave = self.one_of(&hand.of.leaves)?;
        if leave.until - leave.from < 6 || leave.staff >= HEAD || !hand.of.clerks().contains(&leave.staff) {
            return None;
        }
        let hand = Hand { staff: leave.staff, ..hand };
        // Who came in all the same left a trace of another kind.
        let away = leave.from * DAY..leave.until * DAY;
        let is_theirs = |event: &Event| event.department == hand.of.number && event.staff == leave.staff;
        if self.events.iter().any(|event| is_theirs(event) && away.contains(&event.at)) {
            return None;
        }
        let last = (leave.until - 2).min(DAYS - 2);
        let first = leave.from + 1;
        for _ in 0..self.random.between(1, 2) {
            let mut at = self.random.between(first, last) * DAY + self.random.between(11 * HOUR, 21 * HOUR);
            for _ in 0..self.random.between(1, 3) {
                let person = self.person();
                let case = self.cover(hand, at, person);
                self.pry(at, hand, &case, person);
                at += self.random.between(2 * MINUTE, 30 * MINUTE);
            }
        }
        Some(())
    }
}

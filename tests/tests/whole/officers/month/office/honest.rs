//! Honest work: a matter comes in, is registered, waits for its clerk, is looked up, and is decided; with what goes wrong on the
//! way.

use super::{
    super::work::{DAY, HOUR},
    Department, Matter, Month,
    roster::{DAYS, HEAD, Hours, MINUTE},
};

/// An answered look-up by statute.
pub(super) const PLAIN: (bool, bool) = (false, false);

/// How a matter comes in, beyond department and time.
#[derive(Clone, Copy, Default)]
pub(super) struct Wish {
    /// Whose it is, where that is somebody known.
    pub(super) person: Option<u64>,
    /// Whose clerk it goes to.
    pub(super) clerk: Option<u64>,
}

impl Month<'_> {
    /// All honest work of the month.
    pub(super) fn work(&mut self) {
        let all: u64 = self.roster.departments.iter().map(|of| of.weight).sum();
        while self.made < self.queries {
            let mut drawn = self.random.below(all);
            let department = self.roster.departments.iter().position(|of| {
                let here = drawn < of.weight;
                drawn = drawn.saturating_sub(of.weight);
                here
            });
            let (department, day) = (department.unwrap(), self.random.between(-5, DAYS - 1));
            if self.random.below(800) < self.roster.busy(self.of(department), day) {
                self.piece(department, day);
            }
        }
    }

    /// What comes to a department on a day.
    fn piece(&mut self, department: usize, day: i64) {
        let arrival = self.arrival(department, day);
        match self.random.below(10_000) {
            0..4 => self.batch(department),
            4..90 => self.bundle(department, arrival),
            90..140 => self.regular(department, arrival),
            140..740 => self.with_consent(department, arrival),
            740..765 => self.last_years(department, arrival),
            765..790 => self.consultation(department, arrival),
            _ => drop(self.matter(department, arrival, Wish::default())),
        }
    }

    /// When somebody comes, calls or writes.
    pub(super) fn arrival(&mut self, department: usize, day: i64) -> i64 {
        let of = self.of(department);
        let until = if of.hours == Hours::Hall && self.roster.weekday(day) == 6 { of.noon } else { of.closes };
        let second = match (of.hours, self.random.below(100)) {
            (Hours::Shifts, 0..60) => self.random.between(8 * HOUR, 20 * HOUR),
            (Hours::Shifts, _) => self.random.between(0, DAY - 1),
            // By the website, at any time.
            (_, 0..20) => self.random.between(6 * HOUR, 23 * HOUR),
            (_, 20..25) => self.random.between(of.noon, of.afternoon),
            (_, 25..70) => self.random.between(of.opens, of.noon),
            _ => self.random.between(of.afternoon.min(until - HOUR), until - 10 * MINUTE),
        };
        day * DAY + second
    }

    /// When a matter is registered, and by whom.
    pub(super) fn registered(&mut self, of: &Department, arrival: i64) -> Option<(i64, u64)> {
        let at = arrival + self.random.between(60, 900);
        if let Some(desk) = self.someone(of, of.desks(), at) {
            return Some((at, desk));
        }
        // Nobody is at the desk: a clerk does it, or it waits until somebody is.
        if self.random.per_mille(400)
            && let Some(clerk) = self.someone(of, of.clerks(), at)
        {
            return Some((at, clerk));
        }
        let (opens, desk) =
            of.desks().filter_map(|desk| Some((self.roster.next(of, desk, at)?, desk))).min_by_key(|(at, _)| *at)?;
        Some((opens + self.random.between(30, 2_700), desk))
    }

    /// When a clerk comes to a registered matter: one that is absent has somebody to stand in.
    fn taken(&mut self, of: &Department, (at, by): (i64, u64), wish: Wish) -> Option<(i64, u64)> {
        if of.one_window {
            return Some((at + self.random.between(90, 900), by));
        }
        let clerks = of.clerks();
        let assigned = wish.clerk.unwrap_or(clerks.start + self.random.below(clerks.end - clerks.start));
        let ready = at
            + match self.random.below(100) {
                0..45 => self.random.between(4 * MINUTE, 2 * HOUR),
                45..96 => self.random.between(2 * HOUR, 4 * DAY),
                _ => self.random.between(5 * DAY, 15 * DAY),
            };
        let (mut start, mut clerk) = (self.resumes(of, assigned, ready)?, assigned);
        if start - ready > 3 * DAY && self.random.per_mille(2) {
            // On leave, and there for an hour all the same.
            return Some((ready.div_euclid(DAY) * DAY + self.random.between(9 * HOUR, 17 * HOUR), clerk))
                .filter(|(start, _)| *start > at);
        }
        if start - ready > 3 * DAY {
            let first = clerks.filter_map(|other| Some((self.roster.next(of, other, ready)?, other))).min()?;
            if start - first.0 > 20 * HOUR {
                (start, clerk) = match self.someone(of, of.clerks(), ready) {
                    Some(other) => (ready, other),
                    None => first,
                };
            }
        }
        if start > ready {
            start = self.roster.next(of, clerk, start + self.random.between(30, 5 * HOUR))?;
        }
        Some((self.overtime(of, clerk, start), clerk))
    }

    /// When somebody goes on with own work: who has duty on a weekend mostly leaves it for Monday.
    pub(super) fn resumes(&mut self, of: &Department, staff: u64, at: i64) -> Option<i64> {
        let next = self.roster.next(of, staff, at)?;
        let day = next.div_euclid(DAY);
        match self.roster.weekday(day) {
            weekday @ (0 | 6) if of.hours == Hours::Bureau && !self.random.per_mille(120) => {
                self.roster.next(of, staff, (day + 1 + i64::from(weekday == 6)) * DAY)
            }
            _ => Some(next),
        }
    }

    /// Some stay longer, and a few come in on a Saturday.
    fn overtime(&mut self, of: &Department, clerk: u64, at: i64) -> i64 {
        let day = at.div_euclid(DAY);
        let evening = if of.campaign == Some(day) { 250 } else { 20 };
        if of.hours == Hours::Shifts || self.roster.shift(of, clerk, day).is_none() {
            at
        } else if self.random.per_mille(evening) {
            (day * DAY + of.closes + self.random.between(10 * MINUTE, 3 * HOUR)).max(at)
        } else if self.random.per_mille(1) {
            // Something urgent, late.
            day * DAY + self.random.between(20 * HOUR + 30 * MINUTE, 23 * HOUR)
        } else if self.random.per_mille(3) {
            let saturday = day + (6 - self.roster.weekday(day));
            (saturday * DAY + self.random.between(9 * HOUR, 16 * HOUR)).max(at)
        } else {
            at
        }
    }

    /// One matter from its arrival to its decision.
    pub(super) fn matter(&mut self, department: usize, arrival: i64, wish: Wish) -> Option<Matter> {
        let of = self.of(department);
        let registered = self.registered(of, arrival)?;
        let (asked, handler) = self.taken(of, registered, wish)?;
        if asked < 0 {
            // That was last month's.
            return None;
        }
        let person = wish.person.unwrap_or_else(|| self.person());
        let household = self.household(of, person);
        let case = self.case();
        let (opened, opens) = self.when_registered(of, registered, (asked, handler));
        let known =
            if household.len() > 1 && self.random.per_mille(40) { household.len() - 1 } else { household.len() };
        let mut at = opened;
        for one in household.iter().take(known).filter(|_| opened > i64::MIN) {
            self.open((at, of, opens), &case, *one);
            at += self.random.between(20, 90);
        }
        if asked >= DAYS * DAY {
            return None;
        }
        let mut last = self.asks(department, (asked, handler), &case, &household);
        last = self.once_more(of, (last, handler), &case, person);
        let decided = self.decide(of, (last.max(opened), handler), &case, &household);
        let matter = Matter { case, person, handler, asked, decided };
        self.matters[department].push(matter.clone());
        self.reopen(department, &matter);
        Some(matter)
    }

    /// Mostly before it is asked about; but some come with something urgent, a system can be down, and some forget.
    fn when_registered(&mut self, of: &Department, (at, by): (i64, u64), (asked, handler): (i64, u64)) -> (i64, u64) {
        let after = |month: &mut Self, least: i64| {
            let at = least.max(asked) + month.random.between(20 * MINUTE, 3 * HOUR);
            let there = of.desks().filter_map(|desk| Some((month.roster.next(of, desk, at)?, desk))).min();
            let (at, desk) = there.unwrap_or((at, handler));
            // Sometimes the clerk makes up for it alone.
            if month.random.per_mille(200) { (at, handler) } else { (at, desk) }
        };
        let is_new = of.is_new(handler, asked);
        match of.outage {
            Some((from, until)) if (from..until).contains(&at) => {
                if asked < until {
                    after(self, until)
                } else {
                    (until.max(at), by)
                }
            }
            _ if self.random.per_mille(7) => after(self, asked),
            _ if self.random.per_mille(if is_new { 15 } else { 2 }) => (i64::MIN, by),
            _ => (at, by),
        }
    }

    /// Who is asked about in a case.
    fn household(&mut self, of: &Department, person: u64) -> Vec<u64> {
        let others = if self.random.per_mille(of.households) { self.random.between(1, 3) } else { 0 };
        let mut all = vec![person];
        all.extend((0..others).map(|_| self.person()));
        all
    }

    /// The decision, and when it is; some never come to one.
    fn decide(&mut self, of: &Department, (last, handler): (i64, u64), case: &str, all: &[u64]) -> Option<i64> {
        if self.random.per_mille(35) {
            return None;
        }
        let is_at_once = if of.one_window { self.random.per_mille(700) } else { self.random.per_mille(1) };
        let (at, by) = if is_at_once {
            (last + self.random.between(4 * MINUTE, 40 * MINUTE), handler)
        } else {
            let wait = self.random.between(4 * HOUR, of.days_to_decide * DAY);
            let by = match self.random.below(1_000) {
                drawn if drawn < of.decides_alone => handler,
                250..850 => HEAD + self.random.below(2),
                _ => of.clerks().start + self.random.below(of.clerks().end - of.clerks().start),
            };
            (self.resumes(of, by, last + wait)? + self.random.between(0, 2_400), by)
        };
        // Later ones are not before the month is looked at.
        if at > (DAYS + 17) * DAY {
            return None;
        }
        for (nr, one) in (0..).zip(all) {
            self.push((at + nr * 15, of, by), case, *one, super::What::Decided);
        }
        Some(at)
    }
}

//! What honest staff do beside the plain way: households, slips of the keyboard, second looks, lists, and persons who come again.

use super::{
    super::work::{DAY, HOUR, What},
    Department, Matter, Month,
    honest::{PLAIN, Wish},
    roster::{DAYS, HEAD, Hours, MINUTE},
};

impl Month<'_> {
    /// The look-ups of one sitting: all of a household, now and then with a slip before the right one. Gives when it ended.
    pub(super) fn asks(&mut self, department: usize, by: (i64, u64), case: &str, all: &[u64]) -> i64 {
        let (of, (mut at, handler)) = (self.of(department), by);
        let is_new = of.is_new(handler, at);
        for (nr, person) in all.iter().enumerate() {
            if self.random.per_mille(if is_new { 20 } else { 2 }) {
                // The number of another case, from the list on the desk.
                if let Some(other) = self.running(department, at) {
                    self.ask((at, of, handler), &other.case, *person, PLAIN);
                    at += self.random.between(40, 240);
                }
            } else if self.random.per_mille(1) {
                // Somebody else's number, from the paper below.
                let other = self.person();
                self.ask((at, of, handler), case, other, PLAIN);
                at += self.random.between(40, 200);
            }
            self.ask((at, of, handler), case, *person, PLAIN);
            if self.random.per_mille(if is_new { 80 } else { 8 }) {
                // Clicked again, or the screen was closed too soon.
                at += self.random.between(15, 200);
                self.ask((at, of, handler), case, *person, PLAIN);
            }
            at += self.random.between(30, 150);
            if nr > 0 && self.random.per_mille(8) {
                // A child, of whom nothing may be asked.
                let child = self.person();
                self.ask((at, of, handler), case, child, (false, true));
                at += self.random.between(30, 90);
            }
        }
        at
    }

    /// A case of a department that somebody asked about within two days.
    pub(super) fn running(&mut self, department: usize, at: i64) -> Option<Matter> {
        let near = |other: &Matter| (other.asked - at).abs() < 2 * DAY;
        let all = self.matters[department].iter().enumerate().filter(|(_, other)| near(other));
        let all: Vec<usize> = all.map(|(nr, _)| nr).collect();
        let nr = self.one_of(&all)?;
        Some(self.matters[department][nr].clone())
    }

    /// Before a decision some look once more, or a second one does who checks.
    pub(super) fn once_more(&mut self, of: &Department, by: (i64, u64), case: &str, person: u64) -> i64 {
        let (last, handler) = by;
        let again = match self.random.below(1_000) {
            0..75 => handler,
            75..100 => HEAD,
            100..120 => of.clerks().start + self.random.below(of.clerks().end - of.clerks().start),
            _ => return last,
        };
        let then = last + self.random.between(HOUR, 4 * DAY);
        match self.resumes(of, again, then) {
            Some(at) if at < DAYS * DAY => {
                self.ask((at, of, again), case, person, PLAIN);
                at
            }
            _ => last,
        }
    }

    /// A few are opened again: something was objected to, or forgotten.
    pub(super) fn reopen(&mut self, department: usize, matter: &Matter) {
        let (of, Some(decided)) = (self.of(department), matter.decided) else { return };
        if !self.random.per_mille(6) {
            return;
        }
        let Some(at) = self.roster.next(of, matter.handler, decided + self.random.between(DAY, 8 * DAY)) else {
            return;
        };
        if at >= DAYS * DAY {
            return;
        }
        if self.random.per_mille(400) {
            self.ask((at, of, matter.handler), &matter.case, matter.person, PLAIN);
        } else {
            let wish = Wish { person: Some(matter.person), clerk: Some(matter.handler) };
            drop(self.matter(department, at, wish));
        }
    }

    /// By a person's consent, at the window.
    pub(super) fn with_consent(&mut self, department: usize, arrival: i64) {
        let of = self.of(department);
        let Some((at, _)) = self.registered(of, arrival) else { return };
        let Some(clerk) = self.someone(of, of.clerks(), at) else { return };
        let (person, case) = (self.person(), self.case().replace('#', "-"));
        self.ask((at, of, clerk), &case, person, (true, false));
        if self.random.per_mille(40) {
            let later = at + self.random.between(60, 900);
            self.ask((later, of, clerk), &case, person, (true, false));
        }
    }

    /// What was begun last year, and is registered nowhere that is on this record.
    pub(super) fn last_years(&mut self, department: usize, arrival: i64) {
        let of = self.of(department);
        let clerk = of.clerks().start + self.random.below(of.clerks().end - of.clerks().start);
        let Some(at) = self.roster.next(of, clerk, arrival) else { return };
        let (person, case) = (self.person(), self.old_case(of));
        if !(0..DAYS * DAY).contains(&at) {
            return;
        }
        self.ask((at, of, clerk), &case, person, PLAIN);
        if !self.random.per_mille(150)
            && let Some(decided) = self.roster.next(of, HEAD, at + self.random.between(DAY, 8 * DAY))
        {
            self.push((decided, of, HEAD), &case, person, What::Decided);
        }
    }

    /// Somebody comes to the window to hear whether an application is worth while, and makes none.
    pub(super) fn consultation(&mut self, department: usize, arrival: i64) {
        let of = self.of(department);
        if let Some(clerk) = self.someone(of, of.clerks(), arrival)
            && self.roster.has_desk(of, arrival)
        {
            let (person, case) = (self.person(), self.case());
            self.ask((arrival, of, clerk), &case, person, PLAIN);
        }
    }

    /// A list: of a subsidy, an inspection or an examination. Mostly the clerk registers it from a table, and all is decided at once.
    pub(super) fn batch(&mut self, department: usize) {
        let of = self.of(department);
        let day = if self.random.per_mille(600) { self.random.between(22, 29) } else { self.random.between(1, 21) };
        let clerk = of.clerks().start + self.random.below(of.clerks().end - of.clerks().start);
        let begin = day * DAY + self.random.between(9 * HOUR, 15 * HOUR);
        if of.hours == Hours::Shifts || !self.roster.is_at_work(of, clerk, begin) {
            return;
        }
        let many = self.random.between(12, if self.queries < 5_000 { 16 } else { 60 });
        let opens = match self.someone(of, of.desks(), begin) {
            Some(desk) if self.random.per_mille(350) => desk,
            _ => clerk,
        };
        let list: Vec<(String, u64)> = (0..many).map(|_| (self.case(), self.person())).collect();
        let mut at = begin;
        for (case, person) in &list {
            self.open((at, of, opens), case, *person);
            at += self.random.between(5, 20);
        }
        at += self.random.between(5 * MINUTE, HOUR);
        for (case, person) in &list {
            self.ask((at, of, clerk), case, *person, PLAIN);
            at += self.random.between(12, 70);
        }
        let wait = if self.random.per_mille(500) { HOUR } else { self.random.between(DAY, 3 * DAY) };
        let Some(mut decided) = self.roster.next(of, HEAD, at + wait) else { return };
        for (case, person) in &list {
            self.push((decided, of, HEAD), case, *person, What::Decided);
            decided += self.random.between(3, 15);
        }
    }

    /// Who opens a shop or moves house comes to several departments within days.
    pub(super) fn bundle(&mut self, department: usize, arrival: i64) {
        let wish = Wish { person: Some(self.person()), clerk: None };
        drop(self.matter(department, arrival, wish));
        for _ in 0..self.random.between(1, 3) {
            let other = usize::try_from(self.random.below(self.roster.departments.len() as u64)).unwrap();
            let day = arrival.div_euclid(DAY) + self.random.between(0, 2);
            if (0..DAYS).contains(&day) && self.roster.busy(self.of(other), day) > 100 {
                let arrival = self.arrival(other, day);
                drop(self.matter(other, arrival, wish));
            }
        }
    }

    /// Somebody who has several matters at one department within the month: the same clerk has them all.
    pub(super) fn regular(&mut self, department: usize, arrival: i64) {
        let person = Some(self.person());
        let Some(first) = self.matter(department, arrival, Wish { person, clerk: None }) else { return };
        for _ in 0..self.random.between(1, 2) {
            let day = arrival.div_euclid(DAY) + self.random.between(2, 14);
            if day < DAYS && self.roster.busy(self.of(department), day) > 100 {
                let arrival = self.arrival(department, day);
                drop(self.matter(department, arrival, Wish { person, clerk: Some(first.handler) }));
            }
        }
    }
}

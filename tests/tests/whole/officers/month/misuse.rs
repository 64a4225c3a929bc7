//! Misuses that are planted among a month's work: eight kinds, each with those that try to look like work.

use super::work::{ASKED, DAY, DEPARTMENTS, HOUR, PERSONS, ROUND_THE_CLOCK, What, Work};

/// Kinds of misuse.
pub(super) const KINDS: [&str; 8] = [
    "out of hours",
    "one person across cases",
    "just below a limit",
    "many persons at once",
    "a person who does not exist",
    "never acted upon",
    "minors",
    "made-up and late cases",
];

/// Persons who are made up: nobody may ask about them.
pub(super) const MADE_UP: std::ops::Range<u64> = PERSONS..PERSONS + 20;

/// Plants so many misuses; each is a number of look-ups by one member of staff.
pub(super) fn plant(work: &mut Work, misuses: usize) {
    for misuse in 0..misuses {
        let department = work.random.below(DEPARTMENTS);
        let mut day = work.random.between(1, 28);
        while work.is_weekend(day) {
            day = work.random.between(1, 28);
        }
        let who = Culprit { misuse, department, clerk: work.clerk(), day };
        match misuse % KINDS.len() {
            0 => out_of_hours(work, &who),
            1 => one_person(work, &who),
            2 => below_a_limit(work, &who),
            3 => many_persons(work, &who),
            4 => made_up_person(work, &who),
            5 => never_acted_upon(work, &who),
            6 => minors(work, &who),
            _ => covered(work, &who),
        }
    }
}

struct Culprit {
    misuse: usize,
    department: u64,
    clerk: u64,
    day: i64,
}

impl Culprit {
    fn asks(&self, work: &mut Work, at: i64, case: &str, person: u64) {
        let What::Asked { by_consent, is_minor, .. } = ASKED else { unreachable!() };
        let what = What::Asked { by_consent, is_minor, misuse: Some(self.misuse) };
        work.push((at, self.department, self.clerk), case, person, what);
    }

    /// In working hours of that day.
    fn by_day(&self, work: &mut Work) -> i64 {
        self.day * DAY + work.random.between(9 * HOUR, 17 * HOUR)
    }

    /// A case number that the department has: of somebody else.
    fn borrowed(&self, work: &mut Work) -> String {
        let cases: Vec<_> = work.events.iter().filter(|event| event.department == self.department).collect();
        match cases.is_empty() {
            true => work.case(self.department),
            false => cases[usize::try_from(work.random.below(cases.len() as u64)).unwrap()].case.clone(),
        }
    }
}

/// At night, where nobody works at night: with a number that is somebody else's case, or none.
fn out_of_hours(work: &mut Work, who: &Culprit) {
    let department = ROUND_THE_CLOCK + who.department % (DEPARTMENTS - ROUND_THE_CLOCK);
    let who = Culprit { department, ..*who };
    let at = who.day * DAY + work.random.between(21 * HOUR, 23 * HOUR);
    let case = if work.random.per_mille(500) { who.borrowed(work) } else { work.case(department) };
    let person = work.random.below(PERSONS);
    who.asks(work, at, &case, person);
}

/// A former partner, again and again under other numbers.
fn one_person(work: &mut Work, who: &Culprit) {
    let person = work.random.below(PERSONS);
    for _ in 0..work.random.between(3, 6) {
        let (case, later) = (work.case(who.department), work.random.between(0, 20) * DAY);
        let at = (who.by_day(work) + later).min(29 * DAY + 17 * HOUR);
        who.asks(work, at, &case, person);
    }
}

/// As many as a member of staff may, but few, on several days.
fn below_a_limit(work: &mut Work, who: &Culprit) {
    for day in 0..2 {
        for _ in 0..work.random.between(55, 59) {
            let (case, person) = (work.case(who.department), work.random.below(PERSONS));
            let at = (who.day + day) * DAY + work.random.between(9 * HOUR, 17 * HOUR);
            who.asks(work, at, &case, person);
        }
    }
}

/// A list, within an hour.
fn many_persons(work: &mut Work, who: &Culprit) {
    let begin = who.by_day(work);
    for _ in 0..work.random.between(30, 45) {
        let (case, person) = (work.case(who.department), work.random.below(PERSONS));
        let at = begin + work.random.between(0, HOUR);
        who.asks(work, at, &case, person);
    }
}

fn made_up_person(work: &mut Work, who: &Culprit) {
    let person = MADE_UP.start + work.random.below(MADE_UP.end - MADE_UP.start);
    let (at, case) = (who.by_day(work), work.case(who.department));
    if work.random.per_mille(300) {
        // A colleague registered a case of that name before.
        work.push((at - 2 * HOUR, who.department, 0), &case, person, What::Opened);
    }
    who.asks(work, at, &case, person);
}

/// Out of curiosity: one look, and nothing after it.
fn never_acted_upon(work: &mut Work, who: &Culprit) {
    let (at, person) = (who.by_day(work), work.random.below(PERSONS));
    let case = if work.random.per_mille(500) { who.borrowed(work) } else { work.case(who.department) };
    who.asks(work, at, &case, person);
}

fn minors(work: &mut Work, who: &Culprit) {
    for _ in 0..work.random.between(2, 4) {
        let (at, case, person) = (who.by_day(work), work.case(who.department), work.random.below(PERSONS));
        let what = What::Asked { by_consent: false, is_minor: true, misuse: Some(who.misuse) };
        work.push((at, who.department, who.clerk), &case, person, what);
    }
}

/// With a case of one's own making: registered before, or after to cover it, and decided alone. One in thirty has an accomplice.
fn covered(work: &mut Work, who: &Culprit) {
    let (at, case, person) = (who.by_day(work), work.case(who.department), work.random.below(PERSONS));
    let opens = if work.random.per_mille(33) { 0 } else { who.clerk };
    let opened = match work.random.per_mille(500) {
        true => at - work.random.between(60, HOUR),
        false => at + work.random.between(600, 2 * DAY),
    };
    work.push((opened, who.department, opens), &case, person, What::Opened);
    who.asks(work, at, &case, person);
    if work.random.per_mille(500) {
        let decided = at.max(opened) + work.random.between(HOUR, 10 * DAY);
        work.push((decided, who.department, who.clerk), &case, person, What::Decided);
    }
}

//! A second month of simulated work, written without knowledge of how queries are judged: offices as they are, with their hours,
//! rosters, leave, backlogs and slips; and what staff do wrong who can look up anybody.

mod checked;
mod habits;
mod honest;
pub(super) mod misuses;
mod roster;

use std::collections::{BTreeMap, HashMap};

use super::{
    misuse::MADE_UP,
    work::{DAY, Event, Random, What},
};
use roster::{DAYS, Department, Hours, Roster};

/// How many live in the city.
const CITY: u64 = 1_000_000;
/// The first second of which there is a record: cases that are still open when the month begins.
const FIRST: i64 = -5 * DAY;
/// Look-ups on a person in a case, at most.
const MOST: u64 = 3;

/// A month's events, in the order of their times; it begins with that weekday, from Sunday on. Beside them the departments in which
/// whoever sits at the window does all of a case, and those that are open on Saturdays.
pub(super) fn month(seed: u64, first_day: i64, queries: u64, misuses: usize) -> (Vec<Event>, Vec<u64>, Vec<u64>) {
    let roster = Roster::new(seed, first_day, queries);
    let mut month = Month {
        roster: &roster,
        random: Random(seed),
        events: Vec::new(),
        matters: vec![Vec::new(); roster.departments.len()],
        looked_up: HashMap::new(),
        cases: 0,
        made: 0,
        queries,
    };
    month.work();
    for number in 0..misuses {
        month.misuse(number);
    }
    let mut events = month.events;
    events.sort_by_key(|event| event.at);
    number(&mut events);
    let one_window = roster.departments.iter().filter(|of| of.one_window).map(|of| of.number).collect();
    let weekends = roster.departments.iter().filter(|of| of.hours == Hours::Hall).map(|of| of.number).collect();
    (events, one_window, weekends)
}

/// Gives cases the running numbers of their departments, in the order in which they come up.
fn number(events: &mut [Event]) {
    let (mut last, mut numbers) = (BTreeMap::new(), HashMap::new());
    for event in events.iter_mut().filter(|event| event.case.starts_with('#')) {
        let given = numbers.entry(event.case.clone()).or_insert_with(|| {
            let last = last.entry(event.department).or_insert(7_000 + event.department * 131);
            *last += 1;
            format!("D{}-2026-{last:06}", event.department)
        });
        event.case.clone_from(given);
    }
}

/// An honest matter that has been asked about.
#[derive(Clone)]
struct Matter {
    case: String,
    person: u64,
    handler: u64,
    asked: i64,
    decided: Option<i64>,
}

/// The month as it is made.
struct Month<'r> {
    roster: &'r Roster,
    random: Random,
    events: Vec<Event>,
    /// By department.
    matters: Vec<Vec<Matter>>,
    /// Look-ups by case and person.
    looked_up: HashMap<(String, u64), u64>,
    cases: u64,
    /// Honest queries so far, and how many there are to be.
    made: u64,
    queries: u64,
}

impl<'r> Month<'r> {
    fn of(&self, department: usize) -> &'r Department {
        &self.roster.departments[department]
    }

    /// Somebody who lives in the city.
    fn person(&mut self) -> u64 {
        loop {
            let person = self.random.below(CITY);
            if !MADE_UP.contains(&person) {
                return person;
            }
        }
    }

    /// A case; its number is given when all is known.
    fn case(&mut self) -> String {
        self.cases += 1;
        format!("#{}", self.cases)
    }

    /// The number of a case of last year, of which there is no record.
    fn old_case(&mut self, of: &Department) -> String {
        format!("D{}-2025-{:06}", of.number, self.random.below(90_000))
    }

    /// One of those.
    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[usize::try_from(self.random.below(all.len() as u64)).unwrap()])
    }

    /// One of those who is at work.
    fn someone(&mut self, of: &Department, who: std::ops::Range<u64>, at: i64) -> Option<u64> {
        let there: Vec<u64> = who.filter(|staff| self.roster.is_at_work(of, *staff, at)).collect();
        self.one_of(&there)
    }

    fn push(&mut self, (at, of, staff): (i64, &Department, u64), case: &str, person: u64, what: What) {
        self.events.push(Event { at, department: of.number, staff, case: case.to_owned(), person, what });
    }

    /// Registers a case, unless that was before there is a record, or will be after the month.
    fn open(&mut self, by: (i64, &Department, u64), case: &str, person: u64) {
        if (FIRST..DAYS * DAY).contains(&by.0) {
            self.push(by, case, person, What::Opened);
        }
    }

    /// Asks, unless that is after the month or once too often; says whether it did.
    fn look_up(&mut self, by: (i64, &Department, u64), case: &str, person: u64, what: What) -> bool {
        let many = self.looked_up.entry((case.to_owned(), person)).or_default();
        if !(0..DAYS * DAY).contains(&by.0) || *many == MOST {
            return false;
        }
        *many += 1;
        self.push(by, case, person, what);
        true
    }

    /// An honest look-up, unless there are enough.
    fn ask(&mut self, by: (i64, &Department, u64), case: &str, person: u64, (by_consent, is_minor): (bool, bool)) {
        if self.made < self.queries
            && self.look_up(by, case, person, What::Asked { by_consent, is_minor, misuse: None })
        {
            self.made += 1;
        }
    }
}

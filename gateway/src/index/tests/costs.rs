//! What a long index costs, in instructions of the database, which are the same on any machine; and with `CREDIT_TESTS_FULL` in time.

use std::io::{self, Write as _};

use jiff::civil::date;

use super::{TODAY, file, found, of, query, take};
use crate::index::{
    file::IndexFile,
    owed::Owed,
    row::QueryRow,
    search::{Outcome, Search},
};

/// An index of so many leaves, of which each of `PERSONS` has as many as in any other, spread over the log.
fn long(leaves: u64) -> IndexFile {
    let of_person = (leaves / PERSONS / u64::from(PAGE)).max(1);
    long_of(leaves, |leaf| {
        let person = Some(person(leaf % (PERSONS * of_person)));
        QueryRow { person, consent: None, ..query(leaf, Some("0001-01-01")) }
    })
}

fn long_of(leaves: u64, row: impl Fn(u64) -> QueryRow) -> IndexFile {
    let mut file = file();
    for from in (0..leaves).step_by(10_000) {
        take(&mut file, (from..from + 10_000).map(|leaf| of(row(leaf))).collect());
    }
    file
}

fn person(number: u64) -> [u8; 16] {
    let mut person = [0; 16];
    person[..8].copy_from_slice(&number.to_be_bytes());
    person
}

const PERSONS: u64 = 250;
const PAGE: u32 = 40;

/// A look-up of each person.
fn round(file: &IndexFile) {
    for number in 0..PERSONS {
        assert_eq!(found(file, person(number), TODAY).len(), PAGE as usize);
    }
}

/// The shortest of some rounds of look-ups: what else the machine does makes others longer.
fn shortest(file: &IndexFile) -> std::time::Duration {
    let timed = || {
        let begun = std::time::Instant::now();
        round(file);
        begun.elapsed()
    };
    (0..15).map(|_| timed()).min().unwrap()
}

/// Instructions of the database say so on any machine; with `CREDIT_TESTS_FULL` time does, of ten million leaves, which
/// take some gigabytes of memory.
#[test]
fn a_look_up_takes_hardly_longer_in_a_long_log() {
    let (mut short, mut longer) = (long(10_000), long(100_000));
    let (steps, more) = (short.steps(round), longer.steps(round));
    assert!(steps > 10_000 && more < steps + steps / 20, "{steps} steps in 10000 leaves, {more} in 100000");
    if std::env::var_os("CREDIT_TESTS_FULL").is_some() {
        let (short, long) = (shortest(&short), shortest(&long(10_000_000)));
        drop(writeln!(io::stderr(), "{PERSONS} look-ups: {short:?} of 10000 leaves, {long:?} of ten million"));
        assert!(long < short.mul_f64(1.3), "{short:?} of 10000 leaves, {long:?} of ten million");
    }
}

/// A query of many: three institutions, of which only the first is refused now and then, and the last once asked for something
/// else; half of them are deferred.
fn of_many(leaf: u64) -> QueryRow {
    let text = |text: &str| Some(text.to_owned());
    QueryRow {
        institution: text(["bank", "housing", "school"][leaf as usize % 3]),
        staff: Some(format!("staff-{}", leaf % 7)),
        scenario: text(if leaf == 5 { "talent-housing" } else { "commercial-loan" }),
        code: leaf.is_multiple_of(30).then(|| "case-limit".to_owned()),
        person: Some(person(leaf % (leaf / 10_000 * 1_000 + 1_000))),
        ..query(leaf, Some(if leaf.is_multiple_of(2) { "0001-01-01" } else { "2026-12-24" }))
    }
}

#[test]
fn what_finds_little_or_nothing_takes_no_longer_in_a_long_log() {
    let (mut short, mut longer) = (long_of(10_000, of_many), long_of(100_000, of_many));
    let text = |text: &str| Some(text.to_owned());
    let (of, any) = (|name: &str| Search { institution: text(name), ..Search::default() }, Search::default);
    let (limit, other) = (|| Some(Outcome::Code("case-limit".to_owned())), || Some(Outcome::Code("other".to_owned())));
    let searches = [
        of("bank"),
        of("nobody"),
        Search { staff: text("staff-3"), ..of("bank") },
        Search { staff: text("nobody"), from: Some(100), ..of("bank") },
        Search { scenario: text("talent-housing"), ..any() },
        Search { scenario: text("talent-housing"), ..of("bank") },
        Search { scenario: text("talent-housing"), ..of("school") },
        Search { outcome: limit(), ..of("bank") },
        Search { outcome: limit(), ..of("school") },
        Search { outcome: other(), ..any() },
        Search { outcome: Some(Outcome::Refused), ..of("housing") },
        Search { outcome: Some(Outcome::Refused), staff: text("staff-3"), ..of("bank") },
        Search { outcome: Some(Outcome::Refused), until: Some(500), ..any() },
        Search { outcome: Some(Outcome::Answered), before: Some(700), ..of("bank") },
        Search { case: text("c-1"), ..of("bank") },
    ];
    for search in searches {
        let found = |file: &IndexFile| drop(file.search(&search, PAGE).unwrap());
        let (steps, more) = (short.steps(found), longer.steps(found));
        // Only the search for an instant halves a longer log.
        assert!(more < steps + 200, "{search:?}: {steps} steps in 10000 leaves, {more} in 100000");
    }
    let owed = |file: &IndexFile| {
        let wanted = Owed { after: 0, until: 9_999, person: Some(person(8)), most: PAGE };
        assert!(!file.owed(&wanted, TODAY).unwrap().is_empty());
    };
    let owed_to_all = |file: &IndexFile| {
        let wanted = Owed { after: 100, until: 9_999, person: None, most: PAGE };
        let leaves: Vec<u64> =
            file.owed(&wanted, date(2026, 12, 24)).unwrap().iter().map(|row| row.place.leaf).collect();
        // All but those that were refused, whether they were deferred or not.
        assert_eq!(leaves, (101..200).filter(|leaf| leaf % 30 != 0).take(PAGE as usize).collect::<Vec<_>>());
    };
    let count = |file: &IndexFile| {
        // Of those that are known only deferred ones are late: none, however many are owed.
        assert_eq!(file.count_owed(0, date(2026, 10, 1), 1_000).unwrap(), 0);
        assert_eq!(file.count_owed(i64::MAX, TODAY, 1_000).unwrap(), 1_000);
    };
    assert_eq!(short.count_owed(1_000, date(2026, 12, 24), 2_000).unwrap(), 966);
    for work in [&owed as &dyn Fn(&IndexFile), &owed_to_all, &count] {
        let (steps, more) = (short.steps(work), longer.steps(work));
        assert!(more < steps + 400, "what is owed: {steps} steps in 10000 leaves, {more} in 100000");
    }
}

/// Every search that can be asked for, of a few values each.
fn every_search() -> Vec<Search> {
    let text = |text: &str| Some(text.to_owned());
    let mut all = vec![Search::default()];
    let mut with = |change: &dyn Fn(&Search, usize) -> Option<Search>, values: usize| {
        let more: Vec<_> = all.iter().flat_map(|one| (0..values).filter_map(move |value| change(one, value))).collect();
        all.extend(more);
    };
    with(&|one, nth| Some(Search { institution: text(["bank", "housing", "nobody"][nth]), ..one.clone() }), 3);
    with(
        &|one, nth| {
            one.institution.is_some().then(|| Search { staff: text(["staff-1", "nobody"][nth]), ..one.clone() })
        },
        2,
    );
    with(&|one, nth| Some(Search { scenario: text(["rental", "loan"][nth]), ..one.clone() }), 2);
    with(&|one, nth| one.institution.is_some().then(|| Search { case: text(["c-1", "c-9"][nth]), ..one.clone() }), 2);
    let outcomes = [Outcome::Answered, Outcome::Refused, Outcome::Code("case-limit".to_owned())];
    with(&|one, nth| Some(Search { outcome: Some(outcomes[nth].clone()), ..one.clone() }), 3);
    with(&|one, _| Some(Search { from: Some(50), ..one.clone() }), 1);
    with(&|one, nth| Some(Search { until: Some([60, 180][nth]), ..one.clone() }), 2);
    with(&|one, nth| Some(Search { before: Some([55, 170][nth]), ..one.clone() }), 2);
    all
}

#[test]
fn a_search_finds_what_a_walk_over_all_of_them_finds() {
    let mut file = file();
    let row = |leaf: u64| {
        let text = |texts: &[&str], by: u64| Some(texts[(leaf * leaf / by) as usize % texts.len()].to_owned());
        QueryRow {
            institution: text(&["bank", "housing", "bank"], 3),
            staff: text(&["staff-1", "staff-2"], 5),
            scenario: text(&["rental", "loan", "loan"], 7),
            code: text(&["", "case-limit", "", "stopped", ""], 11).filter(|code| !code.is_empty()),
            case: text(&["c-1", "c-2", "c-3"], 13),
            ..query(leaf, None)
        }
    };
    take(&mut file, (0..200).map(|leaf| of(row(leaf))).collect());
    let mut found_some = 0;
    for search in every_search() {
        let is = |wanted: &Option<String>, value: &Option<String>| wanted.is_none() || wanted == value;
        let fits = |leaf: &u64| {
            let QueryRow { institution, staff, scenario, code, case, at, .. } = row(*leaf);
            let ended = match &search.outcome {
                None => true,
                Some(Outcome::Answered) => code.is_none(),
                Some(Outcome::Refused) => code.is_some(),
                Some(Outcome::Code(wanted)) => code.as_ref() == Some(wanted),
            };
            let in_time = search.from.is_none_or(|from| at >= from) && search.until.is_none_or(|until| at < until);
            let of_whom = is(&search.institution, &institution) && is(&search.staff, &staff);
            of_whom
                && is(&search.scenario, &scenario)
                && is(&search.case, &case)
                && ended
                && in_time
                && search.before.is_none_or(|before| *leaf < before)
        };
        let expected: Vec<u64> = (0..200).rev().filter(fits).take(PAGE as usize).collect();
        found_some += usize::from(!expected.is_empty());
        let found: Vec<u64> = file.search(&search, PAGE).unwrap().iter().map(|listed| listed.index).collect();
        assert_eq!(found, expected, "{search:?}");
    }
    assert!(found_some > 300, "{found_some}");
}

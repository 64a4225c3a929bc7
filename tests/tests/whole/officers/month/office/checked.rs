//! What the generated month has: as many queries and misuses as asked for, each misuse with its trace, and honest work with
//! innocent look-alikes, which are rare.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    super::{
        misuse::MADE_UP,
        work::{DAY, DEPARTMENTS, Event, HOUR, ROUND_THE_CLOCK, What},
    },
    DAYS, FIRST, MOST,
    misuses::Kind,
    month,
};

/// Whether the long form is wanted.
fn is_long() -> bool {
    std::env::var_os("CREDIT_TESTS_FULL").is_some()
}

/// Sizes: queries and misuses.
fn sizes() -> Vec<(u64, usize)> {
    let mut all = vec![(600, 16), (10_000, 40)];
    all.extend(is_long().then_some((100_000, 200)));
    all
}

fn misuse(event: &Event) -> Option<usize> {
    match event.what {
        What::Asked { misuse, .. } => misuse,
        _ => None,
    }
}

fn is_asked(event: &Event) -> bool {
    matches!(event.what, What::Asked { .. })
}

/// What of all events is about a case, by case.
fn by_case(events: &[Event]) -> HashMap<&str, Vec<&Event>> {
    let mut cases: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in events {
        cases.entry(&event.case).or_default().push(event);
    }
    cases
}

#[test]
fn the_same_seed_gives_the_same_month() {
    let text = |seed| format!("{:?}", month(seed, 0, 600, 16).0);
    assert!(text(5) == text(5));
    assert!(text(5) != text(6));
}

#[test]
fn there_are_as_many_queries_and_misuses_as_asked_for() {
    for (queries, misuses) in sizes() {
        let events = month(3, 0, queries, misuses).0;
        let honest = events.iter().filter(|event| is_asked(event) && misuse(event).is_none()).count();
        assert_eq!(honest as u64, queries);
        let departments: HashSet<u64> = events.iter().map(|event| event.department).collect();
        assert_eq!(departments.len() as u64, DEPARTMENTS);
        let numbers: BTreeSet<usize> = events.iter().filter_map(misuse).collect();
        assert!(numbers.iter().copied().eq(0..misuses));
        for kind in Kind::ALL {
            assert_eq!(numbers.iter().filter(|number| Kind::of(**number) == kind).count(), misuses / 8);
        }
    }
}

#[test]
fn all_of_it_is_within_the_month_whichever_weekday_that_begins_with() {
    for first_day in 0..7 {
        let events = month(11, first_day, 2_000, 24).0;
        assert!(events.is_sorted_by_key(|event| event.at));
        for event in &events {
            assert!(
                match event.what {
                    What::Asked { .. } => 0..DAYS * DAY,
                    // What is open when it begins, and what is decided before it is looked at.
                    What::Opened => FIRST..DAYS * DAY,
                    What::Decided => 0..(DAYS + 18) * DAY,
                }
                .contains(&event.at)
            );
        }
    }
}

#[test]
fn nobody_asks_more_than_the_gateway_allows_or_about_who_does_not_exist() {
    for (queries, misuses) in sizes() {
        let events = month(4, 3, queries, misuses).0;
        let (mut of_case, mut of_staff) = (HashMap::new(), HashMap::new());
        for event in events.iter().filter(|event| is_asked(event)) {
            assert!(!MADE_UP.contains(&event.person));
            *of_case.entry((&event.case, event.person)).or_insert(0) += 1;
            *of_staff.entry((event.department, event.staff, event.at.div_euclid(DAY))).or_insert(0) += 1;
        }
        assert!(of_case.values().all(|many| *many <= MOST));
        assert!(of_staff.values().all(|many| *many < 300));
    }
}

/// The trace of each kind, as a reader of the record sees it.
#[test]
fn each_misuse_leaves_its_trace() {
    for (queries, misuses) in sizes() {
        let events = month(8, 5, queries, misuses).0;
        let cases = by_case(&events);
        for number in 0..misuses {
            let kind = Kind::of(number);
            let asked: Vec<&Event> = events.iter().filter(|event| misuse(event) == Some(number)).collect();
            assert!(has_trace(kind, &asked, &cases, &events), "{kind:?} {number} of {misuses}");
        }
    }
}

fn has_trace(kind: Kind, asked: &[&Event], cases: &HashMap<&str, Vec<&Event>>, events: &[Event]) -> bool {
    let one = asked[0];
    let about = |event: &Event| cases[event.case.as_str()].clone();
    let one_hand = asked.iter().all(|event| about(event).iter().all(|other| other.staff == event.staff));
    let is_opened_for =
        |event: &Event| about(event).iter().any(|other| other.what == What::Opened && other.person == event.person);
    let persons: HashSet<u64> = asked.iter().map(|event| event.person).collect();
    let staff: HashSet<_> = asked.iter().map(|event| (event.department, event.staff)).collect();
    let span = asked[asked.len() - 1].at - one.at;
    match kind {
        Kind::MadeUp => {
            one_hand
                && asked
                    .iter()
                    .all(|event| about(event).iter().map(|other| other.what == What::Opened).eq([true, false]))
        }
        Kind::RegisteredLate => {
            one_hand && asked.iter().all(|event| about(event)[0].what != What::Opened && is_opened_for(event))
        }
        Kind::BorrowedCase => asked.iter().all(|event| {
            let others = about(event);
            !is_opened_for(event) && others.iter().any(|other| is_asked(other) && other.staff != event.staff)
        }),
        Kind::TalkOfTheTown => persons.len() == 1 && staff.len() >= 3 && span < 5 * DAY,
        Kind::Watched => {
            let days: HashSet<i64> = asked.iter().map(|event| event.at.div_euclid(DAY)).collect();
            persons.len() <= 2 && staff.len() == 1 && days.len() >= 4 && span > 9 * DAY
        }
        Kind::Sold => {
            persons.len() >= 8 && staff.len() == 1 && span < 3 * HOUR && !asked.iter().any(|event| is_opened_for(event))
        }
        Kind::OwnHands => {
            one_hand
                && asked.iter().all(|event| {
                    let all = about(event);
                    all.len() == 3 && all[2].at - all[0].at < HOUR && all[2].what == What::Decided
                })
        }
        Kind::AbsentColleague => {
            // Nothing else of that member of staff for days.
            let honest = |event: &&Event| is_asked(event) && misuse(event).is_none();
            let theirs = |event: &&Event| event.department == one.department && event.staff == one.staff;
            asked.iter().all(|event| {
                let near = |other: &&Event| (other.at - event.at).abs() < DAY;
                !events.iter().filter(honest).filter(theirs).any(|other| near(&other))
            })
        }
    }
}

/// What honest work has in common with misuse is there, and rare.
#[test]
fn innocent_look_alikes_are_there_and_rare() {
    let queries = if is_long() { 100_000 } else { 20_000 };
    let events = month(21, 2, queries, 0).0;
    let cases = by_case(&events);
    let asked: Vec<&Event> = events.iter().filter(|event| is_asked(event)).collect();
    let by_statute = |event: &&&Event| !matches!(event.what, What::Asked { by_consent: true, .. });
    let first = |event: &Event, what: What| cases[event.case.as_str()].iter().find(|other| other.what == what).copied();
    let share = |is: &dyn Fn(&Event) -> bool| {
        asked.iter().filter(by_statute).filter(|event| is(event)).count() as u64 * 10_000 / queries
    };
    let opened = |event: &Event| first(event, What::Opened);
    let decided = |event: &Event| first(event, What::Decided);
    let mut days: HashMap<u64, HashSet<u64>> = HashMap::new();
    for event in &asked {
        days.entry(event.person).or_default().insert(event.department);
    }
    let is_late = |event: &Event| {
        event.department >= ROUND_THE_CLOCK && !(7 * HOUR..18 * HOUR + HOUR / 2).contains(&event.at.rem_euclid(DAY))
    };
    let is_own = |event: &Event| opened(event).is_some_and(|other| other.staff == event.staff);
    let shares = [
        (
            "registered after it was asked about",
            share(&|event| opened(event).is_some_and(|other| other.at > event.at)),
            20..300,
        ),
        ("never registered", share(&|event| opened(event).is_none()), 20..300),
        (
            "not in the case",
            share(&|event| {
                !cases[event.case.as_str()]
                    .iter()
                    .any(|other| other.what == What::Opened && other.person == event.person)
            }),
            40..400,
        ),
        ("never decided", share(&|event| decided(event).is_none()), 100..1_500),
        ("registered by who asked", share(&is_own), 100..2_000),
        (
            "and decided within the hour",
            share(&|event| {
                is_own(event)
                    && decided(event).is_some_and(|other| other.staff == event.staff && other.at - event.at < HOUR)
            }),
            20..1_500,
        ),
        ("after hours", share(&is_late), 50..400),
        ("after the decision", share(&|event| decided(event).is_some_and(|other| other.at < event.at)), 2..100),
        ("about who is known in three departments", share(&|event| days[&event.person].len() > 2), 20..500),
    ];
    for (what, share, rare) in shares {
        assert!(rare.contains(&share), "{what}: {share} of 10,000");
    }
}

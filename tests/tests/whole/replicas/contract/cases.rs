//! Limits, reservations, uses, idempotency keys: each case of the contract, however the counts are kept.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use credit_gateway::for_tests::{
    Claim, ConsentClaim, CountLimits, IdempotencyClaim, IdempotencyEntry, Refused, RepeatWindow, Settlement,
};
use credit_policy::{Code, consent::Frequency};
use credit_tests::figures;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{CATALOGUE, Held, LIMITS, NO_LIMITS, Place, State, claim, noon, today};

type Case = fn(&State<'_>);

macro_rules! cases {
    ($($name:ident),+ $(,)?) => { [$((stringify!($name), $name as Case)),+] };
}

/// Over any number of gateways.
const OF_ALL: [(&str, Case); 12] = cases![
    a_case_is_refused_after_its_look_ups_and_only_for_that_person,
    what_is_reserved_counts_before_it_is_spent,
    look_ups_under_an_earlier_key_count_for_the_case,
    look_ups_under_an_earlier_key_count_for_the_person_s_day,
    a_member_of_staff_s_day_is_its_own_and_ends_with_the_day,
    limits_of_a_day_end_with_the_day,
    different_persons_are_counted_in_each_purpose_group_also_while_they_are_reserved,
    a_query_of_another_day_that_is_not_recorded_changes_nothing,
    what_is_not_recorded_is_given_back,
    a_person_is_one_more_by_each_key_of_a_day_and_never_one_too_many_by_the_second,
    uses_of_a_time_count_from_their_leaves_and_at_once,
    uses_of_a_consent_that_is_over_do_not_count_for_another_of_its_name,
];

/// About what stands in one log: answers that are told again, and where a token is.
const OF_ONE: [(&str, Case); 6] = cases![
    an_idempotency_key_is_answered_for_ten_minutes_and_remembered_for_24_hours,
    after_24_hours_another_first_takes_the_key_for_24_of_its_own,
    only_what_is_under_way_is_worth_waiting_for,
    a_query_under_the_state_key_before_is_known_by_that_and_the_leaf_names_it,
    a_use_that_was_given_back_is_the_next_and_the_token_stands_where_it_was_first_recorded,
    a_repeat_of_a_query_on_consent_is_its_first_use_once_more,
];

/// Names the case that does not hold.
fn held(kept: &str, (name, case): (&str, Case), state: &State<'_>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(state))) {
        figures(format_args!("{name} does not hold: {kept}"));
        resume_unwind(panic);
    }
}

#[test]
fn each_case_holds_in_memory() {
    for case in OF_ALL.into_iter().chain(OF_ONE) {
        held("in memory", case, &State::embedded());
    }
}

#[test]
fn each_case_holds_over_one_gateway_and_over_three_in_turn() {
    let place = Place::new(3);
    for case in OF_ALL.into_iter().chain(OF_ONE) {
        held("one gateway", case, &State::shared(&place, 1));
    }
    for case in OF_ALL {
        held("three gateways", case, &State::shared(&place, 3));
    }
}

const USED: Refused = Refused::Final(Code::CaseAlreadyUsed);
fn a_case_is_refused_after_its_look_ups_and_only_for_that_person(counts: &State<'_>) {
    let day = today();
    for _ in 0..3 {
        counts.spend(claim("a", "c1", day)).unwrap();
    }
    assert_eq!(counts.refusal(claim("a", "c1", day)), USED);
    counts.spend(claim("b", "c1", day)).unwrap();
    counts.spend(claim("a", "c2", day)).unwrap();
}

fn what_is_reserved_counts_before_it_is_spent(counts: &State<'_>) {
    let day = today();
    let reserved: Vec<_> = (0..3).map(|_| counts.reserve(claim("a", "c1", day)).unwrap()).collect();
    assert_eq!(counts.refusal(claim("a", "c1", day)), USED);
    drop(reserved);
    counts.spend(claim("a", "c1", day)).unwrap();
}

fn look_ups_under_an_earlier_key_count_for_the_case(counts: &State<'_>) {
    let day = jiff::civil::date(2096, 11, 30);
    for _ in 0..3 {
        counts.spend(claim("november", "c1", day)).unwrap();
    }
    let earlier = ["november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "c1", day.tomorrow().unwrap()) };
    assert_eq!(counts.refusal(december), USED);
}

fn look_ups_under_an_earlier_key_count_for_the_person_s_day(counts: &State<'_>) {
    let day = jiff::civil::date(2096, 12, 1);
    for case in ["1", "2", "3", "4", "5"] {
        counts.spend(claim("november", case, day)).unwrap();
    }
    let earlier = ["october".to_owned(), "november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "6", day) };
    assert_eq!(counts.refusal(december), Refused::OfTheDay(Code::RateLimited, 5));
}

fn a_member_of_staff_s_day_is_its_own_and_ends_with_the_day(counts: &State<'_>) {
    let limits = CountLimits { staff_a_day: Some(2), distinct_a_day: 9, ..LIMITS };
    let day = today();
    let by = |staff: &'static str, subject: &'static str| Claim { staff, limits, ..claim(subject, "c1", day) };
    counts.spend(by("staff-1", "a")).unwrap();
    drop(counts.reserve(by("staff-1", "b")).unwrap());
    counts.spend(by("staff-1", "b")).unwrap();
    assert_eq!(counts.refusal(by("staff-1", "c")), Refused::OfTheDay(Code::RateLimited, 2));
    counts.spend(by("staff-2", "c")).unwrap();
    counts.spend(Claim { institution: "school", ..by("staff-1", "c") }).unwrap();
    counts.spend(Claim { day: day.tomorrow().unwrap(), ..by("staff-1", "c") }).unwrap();
}

fn limits_of_a_day_end_with_the_day(counts: &State<'_>) {
    let day = today();
    for case in ["1", "2", "3", "4", "5"] {
        counts.spend(claim("a", case, day)).unwrap();
    }
    assert_eq!(counts.refusal(claim("a", "6", day)), Refused::OfTheDay(Code::RateLimited, 5));
    counts.spend(claim("b", "7", day)).unwrap();
    assert_eq!(counts.refusal(claim("c", "8", day)), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
    counts.spend(claim("c", "8", day.tomorrow().unwrap())).unwrap();
}

fn different_persons_are_counted_in_each_purpose_group_also_while_they_are_reserved(counts: &State<'_>) {
    let day = today();
    let of = |group: &'static str, subject: &'static str| Claim { group, ..claim(subject, "c1", day) };
    let first = counts.reserve(of("housing", "a")).unwrap();
    counts.spend(of("housing", "b")).unwrap();
    assert_eq!(counts.refusal(of("housing", "c")), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
    counts.spend(of("housing", "b")).unwrap();
    counts.spend(of("work", "c")).unwrap();
    drop(first);
    counts.spend(of("housing", "d")).unwrap();
    assert_eq!(counts.refusal(of("housing", "a")), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
}

fn a_query_of_another_day_that_is_not_recorded_changes_nothing(counts: &State<'_>) {
    let limits = CountLimits { staff_a_day: Some(4), ..LIMITS };
    let day = today();
    let by = |case: &'static str, day: Date| Claim { limits, ..claim("a", case, day) };
    let after = day.tomorrow().and_then(Date::tomorrow).unwrap();
    for case in ["1", "2", "3", "4"] {
        counts.spend(by(case, day)).unwrap();
    }
    // The clock is two days ahead for one query, and the log takes nothing then.
    let ahead = counts.reserve(Claim { now: noon(after), ..by("5", after) }).unwrap();
    ahead.settle(Settlement::GivenBack);
    assert_eq!(counts.refusal(by("6", day)), Refused::OfTheDay(Code::RateLimited, 4));
    let person = Claim { staff: "staff-2", limits: CountLimits { person_a_day: 4, ..LIMITS }, ..claim("a", "7", day) };
    assert_eq!(counts.refusal(person), Refused::OfTheDay(Code::RateLimited, 4));
    // Once the log says so, the day has come.
    counts.spend(by("8", after)).unwrap();
}

fn what_is_not_recorded_is_given_back(counts: &State<'_>) {
    let day = today();
    let only = |subject: &'static str| Claim {
        limits: CountLimits { case: 1, person_a_day: 1, distinct_a_day: 1, staff_a_day: Some(1) },
        ..claim(subject, "c1", day)
    };
    for round in 0..2 {
        let reservation = counts.reserve(only("a")).unwrap();
        for subject in ["a", "b"] {
            assert_eq!(counts.refusal(only(subject)), Refused::OfTheDay(Code::RateLimited, 1));
        }
        match round {
            0 => drop(reservation),
            _ => reservation.settle(Settlement::GivenBack),
        }
    }
    counts.reserve(only("b")).map(drop).unwrap();
}

const UNDER_WAY: Refused = Refused::UnderWay;
const CHANGED: Refused = Refused::Final(Code::AnswerChanged);
const CONFLICT: Refused = Refused::Final(Code::IdempotencyConflict);

/// A query under the one idempotency key, with what was asked under it.
fn keyed(identity: u8, now: Timestamp) -> Claim<'static> {
    keyed_by(9, identity, now)
}

fn keyed_by(key: u8, identity: u8, now: Timestamp) -> Claim<'static> {
    let entry = IdempotencyEntry { key: [key; 16], identity: [identity; 16] };
    let idempotency = Some(IdempotencyClaim { entry, earlier: None, window: RepeatWindow::Query });
    Claim { now, case: None, idempotency, limits: NO_LIMITS, ..claim("a", "", CATALOGUE.today(now)) }
}

fn spend_keyed(counts: &State<'_>, identity: u8, now: Timestamp) -> Uuid {
    counts.spend(keyed(identity, now)).unwrap()
}

fn an_idempotency_key_is_answered_for_ten_minutes_and_remembered_for_24_hours(counts: &State<'_>) {
    let first_at: Timestamp = "2096-11-22T08:30:00.25Z".parse().unwrap();
    let (minutes, day) = (jiff::SignedDuration::from_mins(10), jiff::SignedDuration::from_hours(24));
    let instant = jiff::SignedDuration::from_nanos(1);
    for (key, now, repeated, remembered) in [
        (1, first_at, true, true),
        (2, first_at + minutes - instant, true, true),
        (3, first_at + minutes, false, true),
        (4, first_at + day - instant, false, true),
        (5, first_at + day, false, false),
    ] {
        let first = counts.spend(keyed_by(key, 1, first_at)).unwrap();
        let asked = |identity| counts.reserve(keyed_by(key, identity, now)).map(|held| held.reservation().repeats());
        let late = if remembered { Err(CHANGED) } else { Ok(None) };
        assert_eq!(asked(1), if repeated { Ok(Some(first)) } else { late }, "{now}");
        assert_eq!(asked(2), if remembered { Err(CONFLICT) } else { Ok(None) }, "{now}");
    }
}

fn after_24_hours_another_first_takes_the_key_for_24_of_its_own(counts: &State<'_>) {
    let first_at: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let (day, second) = (jiff::SignedDuration::from_hours(24), jiff::SignedDuration::from_secs(1));
    spend_keyed(counts, 1, first_at);
    // Repeats do not lengthen it, and those of the one are not counted for the other.
    for _ in 0..3 {
        spend_keyed(counts, 1, first_at + second);
    }
    assert_eq!(counts.refusal(keyed(1, first_at + second)), CHANGED);
    let later = first_at + day;
    let next = spend_keyed(counts, 2, later);
    assert_eq!(counts.refusal(keyed(1, later + day - second)), CONFLICT);
    assert_eq!(counts.refusal(keyed(2, later + day - second)), CHANGED);
    let repeat = counts.reserve(keyed(2, later + second)).unwrap();
    assert_eq!(repeat.reservation().repeats(), Some(next));
}

fn only_what_is_under_way_is_worth_waiting_for(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let first = counts.reserve(keyed(1, now)).unwrap();
    // It may be refused yet, and then the key is free for anything.
    assert_eq!(counts.refusal(keyed(1, now)), UNDER_WAY);
    assert_eq!(counts.refusal(keyed(2, now)), UNDER_WAY);
    drop(first);
    for _ in 0..3 {
        spend_keyed(counts, 2, now);
    }
    let last = counts.reserve(keyed(2, now)).unwrap();
    assert_eq!(counts.refusal(keyed(2, now)), UNDER_WAY);
    assert_eq!(counts.refusal(keyed(1, now)), CONFLICT, "the first was answered");
    last.spent_at(9, now);
    assert_eq!(counts.refusal(keyed(2, now)), CHANGED, "the fourth repeat");
}

fn a_query_under_the_state_key_before_is_known_by_that_and_the_leaf_names_it(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let (old, new) = ([9; 16], [8; 16]);
    let turned = |identity: u8| {
        let entry = IdempotencyEntry { key: new, identity: [identity + 100; 16] };
        let earlier = Some(IdempotencyEntry { key: old, identity: [identity; 16] });
        Claim { idempotency: Some(IdempotencyClaim { entry, earlier, window: RepeatWindow::Query }), ..keyed(1, now) }
    };
    let fresh = counts.reserve(turned(1)).unwrap();
    assert_eq!(fresh.reservation().idempotency().map(|entry| entry.key), Some(new));
    drop(fresh);
    let first = spend_keyed(counts, 1, now);
    let repeat = counts.reserve(turned(1)).unwrap();
    assert_eq!(
        (repeat.reservation().repeats(), repeat.reservation().idempotency().map(|entry| entry.key)),
        (Some(first), Some(old))
    );
    drop(repeat);
    assert_eq!(counts.refusal(turned(2)), CONFLICT);
}

fn on_consent(uses: u64, now: Timestamp) -> Claim<'static> {
    let frequency = Frequency::parse("1000/P1D").unwrap();
    let expires = "2097-01-01T00:00:00Z".parse().unwrap();
    let consent = Some(ConsentClaim { key: [5; 16], uses, frequency, expires });
    Claim { now, case: None, consent, limits: NO_LIMITS, ..claim("a", "", CATALOGUE.today(now)) }
}

fn a_use_that_was_given_back_is_the_next_and_the_token_stands_where_it_was_first_recorded(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let use_of = |held: &Held<'_>| held.reservation().consent_use().map(|use_| (use_.number, use_.first));
    let (one, two) = (counts.reserve(on_consent(3, now)).unwrap(), counts.reserve(on_consent(3, now)).unwrap());
    assert_eq!((use_of(&one), use_of(&two)), (Some((1, None)), Some((2, None))));
    two.spent_at(40, now);
    drop(one);
    let again = counts.reserve(on_consent(3, now)).unwrap();
    assert_eq!(use_of(&again), Some((1, Some(40))));
    again.spent_at(41, now);
    let last = counts.reserve(on_consent(3, now)).unwrap();
    assert_eq!(use_of(&last), Some((3, Some(40))));
    let used_up = Refused::Final(Code::ConsentUsedUp);
    assert_eq!(counts.refusal(on_consent(3, now)), used_up);
    last.spent_at(42, now);
    assert_eq!(counts.refusal(on_consent(3, now)), used_up);
}

fn a_repeat_of_a_query_on_consent_is_its_first_use_once_more(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let asked = Claim { idempotency: keyed(1, now).idempotency, ..on_consent(1, now) };
    let first = counts.reserve(asked).unwrap();
    first.spent_at(40, now);
    let repeat = counts.reserve(asked).unwrap();
    assert_eq!(repeat.reservation().consent_use(), None);
    assert_eq!(repeat.reservation().repeated_use().map(|use_| (use_.number, use_.first)), Some((1, Some(40))));
}

fn a_person_is_one_more_by_each_key_of_a_day_and_never_one_too_many_by_the_second(counts: &State<'_>) {
    let day = jiff::civil::date(2096, 12, 1);
    let earlier = ["november".to_owned()];
    let again = |limit| Claim {
        earlier_subjects: &earlier,
        limits: CountLimits { distinct_a_day: limit, ..NO_LIMITS },
        ..claim("december", "2", day)
    };
    counts.spend(claim("november", "1", day)).unwrap();
    counts.spend(again(1)).unwrap();
    counts.spend(again(1)).unwrap();
    let other = |limit| Claim { subject: "other", earlier_subjects: &[], ..again(limit) };
    assert_eq!(counts.refusal(other(2)), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
    counts.spend(other(3)).unwrap();
}

fn uses_of_a_time_count_from_their_leaves_and_at_once(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let once_an_hour = |now: Timestamp| {
        let frequency = Frequency::parse("1/PT1H").unwrap();
        let claim = on_consent(9, now);
        Claim { consent: claim.consent.map(|consent| ConsentClaim { frequency, ..consent }), ..claim }
    };
    let (second, hour) = (jiff::SignedDuration::from_secs(1), jiff::SignedDuration::from_hours(1));
    let held = counts.reserve(once_an_hour(now)).unwrap();
    let used_up = Refused::Final(Code::ConsentUsedUp);
    assert_eq!(counts.refusal(once_an_hour(now)), used_up);
    // Whatever becomes of it: it is under way.
    assert_eq!(counts.refusal(once_an_hour(now + hour + second)), used_up);
    held.spent_at(7, now + second);
    assert_eq!(counts.refusal(once_an_hour(now + hour)), used_up);
    counts.spend(once_an_hour(now + hour + second)).unwrap();
}

fn uses_of_a_consent_that_is_over_do_not_count_for_another_of_its_name(counts: &State<'_>) {
    let now: Timestamp = "2096-11-22T08:30:00Z".parse().unwrap();
    let until = |now: Timestamp, expires: Timestamp| {
        let claim = on_consent(2, now);
        Claim { consent: claim.consent.map(|consent| ConsentClaim { expires, ..consent }), ..claim }
    };
    let used_up = Refused::Final(Code::ConsentUsedUp);
    let (minute, hour) = (jiff::SignedDuration::from_mins(1), jiff::SignedDuration::from_hours(1));
    counts.spend(until(now, now + minute)).unwrap();
    counts.spend(until(now, now + minute + minute)).unwrap();
    // Kept for an hour after the later end.
    let last = now + minute + minute + hour;
    let second = jiff::SignedDuration::from_secs(1);
    assert_eq!(counts.refusal(until(last, last + hour)), used_up);
    let (one, two) =
        (counts.reserve(until(last + second, last + hour)), counts.reserve(until(last + second, last + hour)));
    let number = |held: &Result<Held<'_>, Refused>| {
        held.as_ref().ok().and_then(|held| held.reservation().consent_use()).map(|use_| use_.number)
    };
    assert_eq!((number(&one), number(&two)), (Some(1), Some(2)));
    assert_eq!(counts.refusal(until(last + second, last + hour)), used_up);
}

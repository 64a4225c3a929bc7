//! Limits, reservations, idempotency keys.

use super::*;

const USED: Unreserved = Unreserved::Refused(Code::CaseAlreadyUsed);
const LIMITS: Limits = Limits { case: 3, person_a_day: 5, distinct_a_day: 2, operator_a_day: None };

fn spend(reservation: Reservation) {
    reservation.spend(7, Uuid::nil(), Timestamp::UNIX_EPOCH);
}

fn claim<'a>(subject: &'a str, case: &'a str, day: Date) -> Claim<'a> {
    Claim {
        institution: "housing",
        now: Timestamp::UNIX_EPOCH,
        day,
        operator: "staff-1",
        subject,
        earlier_subjects: &[],
        case: Some(case),
        consent: None,
        ask: None,
    }
}

#[test]
fn a_case_is_refused_after_its_look_ups_and_only_for_that_person() {
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
    for _ in 0..3 {
        state.reserve(&claim("a", "c1", day), &LIMITS).map(spend).unwrap();
    }
    assert_eq!(state.reserve(&claim("a", "c1", day), &LIMITS).map(drop), Err(USED));
    state.reserve(&claim("b", "c1", day), &LIMITS).map(spend).unwrap();
    state.reserve(&claim("a", "c2", day), &LIMITS).map(spend).unwrap();
}

#[test]
fn look_ups_under_an_earlier_key_count_for_the_case() {
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 30));
    for _ in 0..3 {
        state.reserve(&claim("november", "c1", day), &LIMITS).map(spend).unwrap();
    }
    let earlier = ["november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "c1", day.tomorrow().unwrap()) };
    assert_eq!(state.reserve(&december, &LIMITS).map(drop), Err(USED));
}

#[test]
fn look_ups_under_an_earlier_key_count_for_the_person_s_day() {
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 12, 1));
    for case in ["1", "2", "3", "4", "5"] {
        state.reserve(&claim("november", case, day), &LIMITS).map(spend).unwrap();
    }
    let earlier = ["october".to_owned(), "november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "6", day) };
    let refused = Unreserved::OfTheDay(Code::RateLimited, 5);
    assert_eq!(state.reserve(&december, &LIMITS).map(drop), Err(refused));
}

#[test]
fn an_operator_s_day_is_its_own_and_ends_with_the_day() {
    let limits = Limits { operator_a_day: Some(2), distinct_a_day: 9, ..LIMITS };
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
    let by = |operator: &'static str, subject: &'static str| Claim { operator, ..claim(subject, "c1", day) };
    state.reserve(&by("staff-1", "a"), &limits).map(spend).unwrap();
    drop(state.reserve(&by("staff-1", "b"), &limits).unwrap());
    state.reserve(&by("staff-1", "b"), &limits).map(spend).unwrap();
    let refused = Unreserved::OfTheDay(Code::RateLimited, 2);
    assert_eq!(state.reserve(&by("staff-1", "c"), &limits).map(drop), Err(refused));
    state.reserve(&by("staff-2", "c"), &limits).map(spend).unwrap();
    let elsewhere = Claim { institution: "school", ..by("staff-1", "c") };
    state.reserve(&elsewhere, &limits).map(spend).unwrap();
    let tomorrow = Claim { day: day.tomorrow().unwrap(), ..by("staff-1", "c") };
    state.reserve(&tomorrow, &limits).map(spend).unwrap();
}

#[test]
fn limits_of_a_day_end_with_the_day() {
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
    for case in ["1", "2", "3", "4", "5"] {
        state.reserve(&claim("a", case, day), &LIMITS).map(spend).unwrap();
    }
    assert_eq!(
        state.reserve(&claim("a", "6", day), &LIMITS).map(drop),
        Err(Unreserved::OfTheDay(Code::RateLimited, 5))
    );
    state.reserve(&claim("b", "7", day), &LIMITS).map(spend).unwrap();
    assert_eq!(
        state.reserve(&claim("c", "8", day), &LIMITS).map(drop),
        Err(Unreserved::OfTheDay(Code::DistinctSubjectsExceeded, 2))
    );
    state.reserve(&claim("c", "8", day.tomorrow().unwrap()), &LIMITS).map(spend).unwrap();
}

#[test]
fn what_is_not_recorded_is_given_back() {
    let (state, day) = (State::new(Tally::default()), jiff::civil::date(2026, 11, 22));
    state.reserve(&claim("b", "c1", day), &LIMITS).map(spend).unwrap();
    let before = state.lock().tally.clone();
    let held = state.reserve(&claim("a", "c1", day), &LIMITS).unwrap();
    assert_ne!(state.lock().tally, before);
    drop(held);
    assert_eq!(state.lock().tally, before);
}

const UNDER_WAY: Unreserved = Unreserved::UnderWay;
const CONFLICT: Unreserved = Unreserved::Refused(Code::IdempotencyConflict);

/// A query under the one idempotency key, with what was asked under it.
fn keyed(identity: u8, now: Timestamp) -> Claim<'static> {
    let ask = AskClaim { slot: [9; 16], identity: [identity; 16] };
    Claim { now, case: None, ask: Some(ask), ..claim("a", "", jiff::civil::date(2026, 11, 22)) }
}

/// The id of a query that was asked then; ids count milliseconds.
fn id_of(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap();
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

fn asked_first(at: Timestamp) -> (Arc<State>, Uuid) {
    let (state, id) = (State::new(Tally::default()), id_of(at));
    state.reserve(&keyed(1, at), &NO_LIMITS).unwrap().spend(7, id, at);
    (state, id)
}

const NO_LIMITS: Limits =
    Limits { case: u32::MAX, person_a_day: u32::MAX, distinct_a_day: u32::MAX, operator_a_day: None };

#[test]
fn an_idempotency_key_is_remembered_for_24_hours_and_no_longer() {
    let first_at: Timestamp = "2026-11-22T08:30:00.25Z".parse().unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    let instant = jiff::SignedDuration::from_nanos(1);
    for (now, remembered) in
        [(first_at, true), (first_at + day - instant, true), (first_at + day, false), (first_at + day + instant, false)]
    {
        let (state, first) = asked_first(first_at);
        let asked = |identity| state.reserve(&keyed(identity, now), &NO_LIMITS).map(|held| held.repeats());
        assert_eq!(asked(1), Ok(remembered.then_some(first)), "{now}");
        assert_eq!(asked(2), if remembered { Err(CONFLICT) } else { Ok(None) }, "{now}");
    }
}

#[test]
fn after_24_hours_another_first_takes_the_key_for_24_of_its_own() {
    let first_at: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let (day, second) = (jiff::SignedDuration::from_hours(24), jiff::SignedDuration::from_secs(1));
    let (state, _) = asked_first(first_at);
    // Repeats do not lengthen it, and those of the one are not counted for the other.
    for _ in 0..5 {
        let again = state.reserve(&keyed(1, first_at + day - second), &NO_LIMITS).unwrap();
        again.spend(8, id_of(first_at + day - second), first_at);
    }
    assert_eq!(state.reserve(&keyed(1, first_at + day - second), &NO_LIMITS).map(drop), Err(CONFLICT));
    let (later, next) = (first_at + day, id_of(first_at + day));
    state.reserve(&keyed(2, later), &NO_LIMITS).unwrap().spend(9, next, later);
    assert_eq!(state.reserve(&keyed(1, later + day - second), &NO_LIMITS).map(drop), Err(CONFLICT));
    let repeat = state.reserve(&keyed(2, later + day - second), &NO_LIMITS).unwrap();
    assert_eq!(repeat.repeats(), Some(next));
}

#[test]
fn only_what_is_under_way_is_worth_waiting_for() {
    let now: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let state = State::new(Tally::default());
    let asked = |identity| state.reserve(&keyed(identity, now), &NO_LIMITS);
    let first = asked(1).unwrap();
    // It may be refused yet, and then the key is free for anything.
    assert_eq!(asked(1).map(drop), Err(UNDER_WAY));
    assert_eq!(asked(2).map(drop), Err(UNDER_WAY));
    drop(first);
    asked(2).unwrap().spend(7, id_of(now), now);
    for _ in 0..4 {
        asked(2).unwrap().spend(8, id_of(now), now);
    }
    let fifth = asked(2).unwrap();
    assert_eq!(asked(2).map(drop), Err(UNDER_WAY));
    assert_eq!(asked(1).map(drop), Err(CONFLICT), "the first was answered");
    fifth.spend(9, id_of(now), now);
    assert_eq!(asked(2).map(drop), Err(CONFLICT), "the sixth repeat");
}

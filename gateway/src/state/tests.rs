//! Limits, reservations, idempotency keys.

use std::sync::{Arc, LazyLock};

use credit_policy::{Catalogue, Code, catalogue, consent::Frequency};
use futures_util::FutureExt;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::claim::RepeatWindow;
use super::{
    claim::{Claim, ConsentClaim, IdempotencyClaim, IdempotencyEntry, Limits, Refused},
    counts::{Counts, Reservation, Settlement},
};

static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::load(&catalogue::shipped()).ok().unwrap()));

fn empty() -> Counts {
    Counts::empty(Arc::clone(&CATALOGUE))
}

/// What memory answers is there at once.
fn reserve(counts: &Counts, claim: Claim<'_>) -> Result<Reservation, Refused> {
    counts.reserve(claim).now_or_never().unwrap()
}

fn settle(reservation: Reservation, settlement: Settlement) {
    reservation.settle(settlement).now_or_never().unwrap();
}

/// Noon in the jurisdiction.
fn noon(day: Date) -> Timestamp {
    day.at(4, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

/// Reserves and spends.
fn spend(counts: &Counts, claim: Claim<'_>) -> Result<(), Refused> {
    let at = noon(claim.day);
    let id = id_of(claim.now);
    reserve(counts, claim).map(|reservation| settle(reservation, Settlement::Spent { index: 7, id, at }))
}

fn refusal(counts: &Counts, claim: Claim<'_>) -> Refused {
    reserve(counts, claim).map(drop).unwrap_err()
}

const USED: Refused = Refused::Final(Code::CaseAlreadyUsed);
const LIMITS: Limits = Limits { case: 3, person_a_day: 5, distinct_a_day: 2, staff_a_day: None };
const NO_LIMITS: Limits =
    Limits { case: u32::MAX, person_a_day: u32::MAX, distinct_a_day: u32::MAX, staff_a_day: None };

fn claim<'a>(subject: &'a str, case: &'a str, day: Date) -> Claim<'a> {
    Claim {
        id: Uuid::nil(),
        asker: "housing",
        institution: "housing",
        group: "housing",
        now: noon(day),
        day,
        staff: "staff-1",
        subject,
        earlier_subjects: &[],
        case: Some(case),
        consent: None,
        idempotency: None,
        limits: LIMITS,
    }
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 22)
}

#[test]
fn a_case_is_refused_after_its_look_ups_and_only_for_that_person() {
    let (counts, day) = (empty(), today());
    for _ in 0..3 {
        spend(&counts, claim("a", "c1", day)).unwrap();
    }
    assert_eq!(refusal(&counts, claim("a", "c1", day)), USED);
    spend(&counts, claim("b", "c1", day)).unwrap();
    spend(&counts, claim("a", "c2", day)).unwrap();
}

#[test]
fn what_is_reserved_counts_before_it_is_spent() {
    let (counts, day) = (empty(), today());
    let reserved: Vec<_> = (0..3).map(|_| reserve(&counts, claim("a", "c1", day)).unwrap()).collect();
    assert_eq!(refusal(&counts, claim("a", "c1", day)), USED);
    drop(reserved);
    spend(&counts, claim("a", "c1", day)).unwrap();
}

#[test]
fn look_ups_under_an_earlier_key_count_for_the_case() {
    let (counts, day) = (empty(), jiff::civil::date(2026, 11, 30));
    for _ in 0..3 {
        spend(&counts, claim("november", "c1", day)).unwrap();
    }
    let earlier = ["november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "c1", day.tomorrow().unwrap()) };
    assert_eq!(refusal(&counts, december), USED);
}

#[test]
fn look_ups_under_an_earlier_key_count_for_the_person_s_day() {
    let (counts, day) = (empty(), jiff::civil::date(2026, 12, 1));
    for case in ["1", "2", "3", "4", "5"] {
        spend(&counts, claim("november", case, day)).unwrap();
    }
    let earlier = ["october".to_owned(), "november".to_owned()];
    let december = Claim { earlier_subjects: &earlier, ..claim("december", "6", day) };
    assert_eq!(refusal(&counts, december), Refused::OfTheDay(Code::RateLimited, 5));
}

#[test]
fn a_member_of_staff_s_day_is_its_own_and_ends_with_the_day() {
    let limits = Limits { staff_a_day: Some(2), distinct_a_day: 9, ..LIMITS };
    let (counts, day) = (empty(), today());
    let by = |staff: &'static str, subject: &'static str| Claim { staff, limits, ..claim(subject, "c1", day) };
    spend(&counts, by("staff-1", "a")).unwrap();
    drop(reserve(&counts, by("staff-1", "b")).unwrap());
    spend(&counts, by("staff-1", "b")).unwrap();
    assert_eq!(refusal(&counts, by("staff-1", "c")), Refused::OfTheDay(Code::RateLimited, 2));
    spend(&counts, by("staff-2", "c")).unwrap();
    spend(&counts, Claim { institution: "school", ..by("staff-1", "c") }).unwrap();
    spend(&counts, Claim { day: day.tomorrow().unwrap(), ..by("staff-1", "c") }).unwrap();
}

#[test]
fn limits_of_a_day_end_with_the_day() {
    let (counts, day) = (empty(), today());
    for case in ["1", "2", "3", "4", "5"] {
        spend(&counts, claim("a", case, day)).unwrap();
    }
    assert_eq!(refusal(&counts, claim("a", "6", day)), Refused::OfTheDay(Code::RateLimited, 5));
    spend(&counts, claim("b", "7", day)).unwrap();
    assert_eq!(refusal(&counts, claim("c", "8", day)), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
    spend(&counts, claim("c", "8", day.tomorrow().unwrap())).unwrap();
}

#[test]
fn different_persons_are_counted_in_each_purpose_group_also_while_they_are_reserved() {
    let (counts, day) = (empty(), today());
    let of = |group: &'static str, subject: &'static str| Claim { group, ..claim(subject, "c1", day) };
    let first = reserve(&counts, of("housing", "a")).unwrap();
    spend(&counts, of("housing", "b")).unwrap();
    assert_eq!(refusal(&counts, of("housing", "c")), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
    spend(&counts, of("housing", "b")).unwrap();
    spend(&counts, of("work", "c")).unwrap();
    drop(first);
    spend(&counts, of("housing", "d")).unwrap();
    assert_eq!(refusal(&counts, of("housing", "a")), Refused::OfTheDay(Code::DistinctSubjectsExceeded, 2));
}

#[test]
fn a_query_of_another_day_that_is_not_recorded_changes_nothing() {
    let limits = Limits { staff_a_day: Some(4), ..LIMITS };
    let (counts, day) = (empty(), today());
    let by = |case: &'static str, day: Date| Claim { limits, ..claim("a", case, day) };
    let after = day.tomorrow().and_then(Date::tomorrow).unwrap();
    for case in ["1", "2", "3", "4"] {
        spend(&counts, by(case, day)).unwrap();
    }
    // The clock is two days ahead for one query, and the log takes nothing then.
    let ahead = reserve(&counts, Claim { now: noon(after), ..by("5", after) }).unwrap();
    settle(ahead, Settlement::GivenBack);
    assert_eq!(refusal(&counts, by("6", day)), Refused::OfTheDay(Code::RateLimited, 4));
    let person = Claim { staff: "staff-2", limits: Limits { person_a_day: 4, ..LIMITS }, ..claim("a", "7", day) };
    assert_eq!(refusal(&counts, person), Refused::OfTheDay(Code::RateLimited, 4));
    // Once the log says so, the day has come.
    spend(&counts, by("8", after)).unwrap();
}

#[test]
fn what_is_not_recorded_is_given_back() {
    let (counts, day) = (empty(), today());
    let only = |subject: &'static str| Claim {
        limits: Limits { case: 1, person_a_day: 1, distinct_a_day: 1, staff_a_day: Some(1) },
        ..claim(subject, "c1", day)
    };
    for round in 0..3 {
        let reservation = reserve(&counts, only("a")).unwrap();
        for subject in ["a", "b"] {
            assert_eq!(refusal(&counts, only(subject)), Refused::OfTheDay(Code::RateLimited, 1));
        }
        match round {
            0 => drop(reservation),
            1 => settle(reservation, Settlement::GivenBack),
            _ => drop(reservation.settle(Settlement::GivenBack)),
        }
    }
    reserve(&counts, only("b")).map(drop).unwrap();
}

const UNDER_WAY: Refused = Refused::UnderWay;
const CHANGED: Refused = Refused::Final(Code::AnswerChanged);
const CONFLICT: Refused = Refused::Final(Code::IdempotencyConflict);

/// A query under the one idempotency key, with what was asked under it.
fn keyed(identity: u8, now: Timestamp) -> Claim<'static> {
    let entry = IdempotencyEntry { key: [9; 16], identity: [identity; 16] };
    let idempotency = Some(IdempotencyClaim { entry, earlier: None, window: RepeatWindow::Query });
    Claim { now, case: None, idempotency, limits: NO_LIMITS, ..claim("a", "", CATALOGUE.today(now)) }
}

/// The id of a query that was asked then; ids count milliseconds.
fn id_of(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap();
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

fn spend_keyed(counts: &Counts, identity: u8, now: Timestamp) -> Uuid {
    let id = id_of(now);
    let reservation = reserve(counts, keyed(identity, now)).unwrap();
    settle(reservation, Settlement::Spent { index: 7, id, at: now });
    id
}

#[test]
fn an_idempotency_key_is_answered_for_ten_minutes_and_remembered_for_24_hours() {
    let first_at: Timestamp = "2026-11-22T08:30:00.25Z".parse().unwrap();
    let (minutes, day) = (jiff::SignedDuration::from_mins(10), jiff::SignedDuration::from_hours(24));
    let instant = jiff::SignedDuration::from_nanos(1);
    for (now, repeated, remembered) in [
        (first_at, true, true),
        (first_at + minutes - instant, true, true),
        (first_at + minutes, false, true),
        (first_at + day - instant, false, true),
        (first_at + day, false, false),
    ] {
        let counts = empty();
        let first = spend_keyed(&counts, 1, first_at);
        let asked = |identity| reserve(&counts, keyed(identity, now)).map(|reserved| reserved.repeats());
        let late = if remembered { Err(CHANGED) } else { Ok(None) };
        assert_eq!(asked(1), if repeated { Ok(Some(first)) } else { late }, "{now}");
        assert_eq!(asked(2), if remembered { Err(CONFLICT) } else { Ok(None) }, "{now}");
    }
}

#[test]
fn after_24_hours_another_first_takes_the_key_for_24_of_its_own() {
    let first_at: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let (day, second) = (jiff::SignedDuration::from_hours(24), jiff::SignedDuration::from_secs(1));
    let counts = empty();
    spend_keyed(&counts, 1, first_at);
    // Repeats do not lengthen it, and those of the one are not counted for the other.
    for _ in 0..3 {
        spend_keyed(&counts, 1, first_at + second);
    }
    assert_eq!(refusal(&counts, keyed(1, first_at + second)), CHANGED);
    let later = first_at + day;
    let next = spend_keyed(&counts, 2, later);
    assert_eq!(refusal(&counts, keyed(1, later + day - second)), CONFLICT);
    assert_eq!(refusal(&counts, keyed(2, later + day - second)), CHANGED);
    let repeat = reserve(&counts, keyed(2, later + second)).unwrap();
    assert_eq!(repeat.repeats(), Some(next));
}

#[test]
fn only_what_is_under_way_is_worth_waiting_for() {
    let now: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let counts = empty();
    let first = reserve(&counts, keyed(1, now)).unwrap();
    // It may be refused yet, and then the key is free for anything.
    assert_eq!(refusal(&counts, keyed(1, now)), UNDER_WAY);
    assert_eq!(refusal(&counts, keyed(2, now)), UNDER_WAY);
    drop(first);
    for _ in 0..3 {
        spend_keyed(&counts, 2, now);
    }
    let last = reserve(&counts, keyed(2, now)).unwrap();
    assert_eq!(refusal(&counts, keyed(2, now)), UNDER_WAY);
    assert_eq!(refusal(&counts, keyed(1, now)), CONFLICT, "the first was answered");
    settle(last, Settlement::Spent { index: 9, id: id_of(now), at: now });
    assert_eq!(refusal(&counts, keyed(2, now)), CHANGED, "the fourth repeat");
}

#[test]
fn a_query_under_the_state_key_before_is_known_by_that_and_the_leaf_names_it() {
    let now: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let (old, new) = ([9; 16], [8; 16]);
    let turned = |identity: u8| {
        let entry = IdempotencyEntry { key: new, identity: [identity + 100; 16] };
        let earlier = Some(IdempotencyEntry { key: old, identity: [identity; 16] });
        Claim { idempotency: Some(IdempotencyClaim { entry, earlier, window: RepeatWindow::Query }), ..keyed(1, now) }
    };
    let counts = empty();
    let fresh = reserve(&counts, turned(1)).unwrap();
    assert_eq!(fresh.idempotency().map(|entry| entry.key), Some(new));
    drop(fresh);
    let first = spend_keyed(&counts, 1, now);
    let repeat = reserve(&counts, turned(1)).unwrap();
    assert_eq!((repeat.repeats(), repeat.idempotency().map(|entry| entry.key)), (Some(first), Some(old)));
    drop(repeat);
    assert_eq!(refusal(&counts, turned(2)), CONFLICT);
}

fn on_consent(uses: u64, now: Timestamp) -> Claim<'static> {
    let frequency = Frequency::parse("1000/P1D").unwrap();
    let expires = "2027-01-01T00:00:00Z".parse().unwrap();
    let consent = Some(ConsentClaim { key: [5; 16], uses, frequency, expires });
    Claim { now, case: None, consent, limits: NO_LIMITS, ..claim("a", "", CATALOGUE.today(now)) }
}

#[test]
fn a_use_that_was_given_back_is_the_next_and_the_token_stands_where_it_was_first_recorded() {
    let now: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let counts = empty();
    let spent = |index| Settlement::Spent { index, id: id_of(now), at: now };
    let use_of = |reservation: &Reservation| reservation.consent_use().map(|use_| (use_.number, use_.first));
    let (one, two) = (reserve(&counts, on_consent(3, now)).unwrap(), reserve(&counts, on_consent(3, now)).unwrap());
    assert_eq!((use_of(&one), use_of(&two)), (Some((1, None)), Some((2, None))));
    settle(two, spent(40));
    drop(one);
    let again = reserve(&counts, on_consent(3, now)).unwrap();
    assert_eq!(use_of(&again), Some((1, Some(40))));
    settle(again, spent(41));
    let last = reserve(&counts, on_consent(3, now)).unwrap();
    assert_eq!(use_of(&last), Some((3, Some(40))));
    let used_up = Refused::Final(Code::ConsentUsedUp);
    assert_eq!(refusal(&counts, on_consent(3, now)), used_up);
    settle(last, spent(42));
    assert_eq!(refusal(&counts, on_consent(3, now)), used_up);
}

#[test]
fn a_repeat_of_a_query_on_consent_is_its_first_use_once_more() {
    let now: Timestamp = "2026-11-22T08:30:00Z".parse().unwrap();
    let counts = empty();
    let asked = Claim { idempotency: keyed(1, now).idempotency, ..on_consent(1, now) };
    let first = reserve(&counts, asked).unwrap();
    settle(first, Settlement::Spent { index: 40, id: id_of(now), at: now });
    let repeat = reserve(&counts, asked).unwrap();
    assert_eq!(repeat.consent_use(), None);
    assert_eq!(repeat.repeated_use().map(|use_| (use_.number, use_.first)), Some((1, Some(40))));
}

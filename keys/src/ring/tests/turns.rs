//! Turns that are asked for twice, by mistake or after a failed record, and clocks that jump.

use super::*;

use KeyState::{Accepted, Active, Retired};

fn ask(bench: &mut Bench, key_use: KeyUse, now: &str, introduced: &[&str]) -> Result<Turn, ChangeError> {
    let is_introduced = &|key: &KeyId| introduced.contains(&key.as_str());
    let rotation = Rotation { key_use, now: at(now), overlap_days: 30, end_overlap: false, is_introduced };
    bench.ring.rotate(&rotation, &bench.entropy)
}

fn turn(keys: &[&str], made: bool) -> Turn {
    Turn { keys: keys.iter().map(|key| id(key)).collect(), made }
}

fn pseudonyms(bench: &Bench, now: &str) -> Vec<KeyState> {
    let states = bench.states(now).into_iter();
    states.filter(|(id, _)| id.starts_with("pseudonym")).map(|(_, state)| state).collect()
}

#[test]
fn a_second_turn_by_mistake_retires_nothing() {
    let mut bench = Bench::new();
    let first = ["pseudonym-1", "tag-1", "pseudonym-2", "tag-2"];
    ask(&mut bench, KeyUse::Pseudonym, "2026-12-01T00:00:00Z", &first).expect("turned");
    for (now, introduced) in [("2026-12-01T00:00:01Z", &first[..]), ("2026-12-30T23:59:59Z", &first[..])] {
        let refused = ask(&mut bench, KeyUse::Pseudonym, now, introduced);
        let until = at("2026-12-31T00:00:00Z");
        assert!(
            matches!(&refused, Err(ChangeError::OverlapUnderWay { key, until: end }) if *key == id("pseudonym-1") && *end == until),
            "{refused:?}"
        );
        assert_eq!(pseudonyms(&bench, now), [Accepted, Active]);
    }
    let later = ask(&mut bench, KeyUse::Pseudonym, "2026-12-31T00:00:00Z", &first).expect("turned");
    assert_eq!(later, turn(&["pseudonym-3", "tag-3"], true));
    assert_eq!(pseudonyms(&bench, "2026-12-31T00:00:00Z"), [Retired, Accepted, Active]);
}

#[test]
fn a_turn_that_the_log_does_not_know_is_finished_before_another_begins() {
    let mut bench = Bench::new();
    let at_start = ["pseudonym-1", "tag-1", "state-1", "data-2026-11", "ring-1"];
    for (key_use, made, half) in [
        (KeyUse::Pseudonym, &["pseudonym-2", "tag-2"][..], "pseudonym-2"),
        (KeyUse::State, &["state-2"][..], "state-1"),
        (KeyUse::Data, &["data-2026-11-2"][..], "data-2026-11"),
        (KeyUse::Ring, &["ring-2"][..], "ring-1"),
    ] {
        let now = "2026-11-25T00:00:00Z";
        assert_eq!(ask(&mut bench, key_use, now, &at_start).expect("turned"), turn(made, true));
        let before = bench.states(now);
        let again = ask(&mut bench, key_use, "2026-11-25T00:00:05Z", &at_start);
        assert_eq!(again.expect("finished"), turn(made, false), "{key_use}");
        // Of a pair of which the log has one, the other is left to name.
        let known = [&at_start[..], &[half]].concat();
        let rest: Vec<_> = made.iter().copied().filter(|key| *key != half).collect();
        let again = ask(&mut bench, key_use, "2026-11-25T00:00:06Z", &known);
        assert_eq!(again.expect("finished"), turn(&rest, false), "{key_use}");
        assert_eq!(bench.states(now), before);
    }
}

#[test]
fn a_clock_that_jumps_and_comes_back_changes_nothing_for_good() {
    let mut bench = Bench::new();
    bench.rotate(KeyUse::Pseudonym, "2026-11-23T00:00:00Z", 30);
    let now = "2026-11-23T00:01:00Z";
    let before = (bench.states(now), issued(&bench.ring, now));
    let of_november = |bench: &Bench| {
        let sealer = bench.ring.sealer(at(now), ORIGIN).expect("a sealer");
        (sealer.key_id().clone(), sealer.person(PERSON).subject_tag("bank-1", "lending"))
    };
    let sealed_with = of_november(&bench);

    assert_eq!(ensure(&mut bench, "2027-01-02T00:00:00Z", 30), Some(id("data-2027-01")));
    let mut after = bench.states(now);
    assert_eq!(after.pop(), Some(("data-2027-01".to_owned(), KeyState::Pending)));
    assert_eq!((after, issued(&bench.ring, now)), before);
    assert_eq!(of_november(&bench), sealed_with);
    assert_eq!(ensure(&mut bench, now, 30), None);
    assert_eq!(ensure(&mut bench, "2026-12-01T00:00:00Z", 30), Some(id("data-2026-12")));
    // When its time comes, it is named again, so that the log can introduce it.
    let turn = bench.ring.ensure_period(at("2027-01-01T00:00:00Z"), 30, &bench.entropy).expect("there");
    assert_eq!(turn, Turn { keys: vec![id("data-2027-01")], made: false });
}

#[test]
fn a_snapshot_is_right_between_two_turns_of_any_key() {
    let mut bench = Bench::new();
    bench.rotate(KeyUse::Pseudonym, "2026-11-25T00:00:00Z", 2);
    ensure(&mut bench, "2026-12-01T00:00:00Z", 30);
    for (from, until) in [
        ("2026-11-22T02:00:00Z", "2026-11-24T23:55:00Z"),
        ("2026-11-24T23:55:00Z", "2026-11-25T00:00:00Z"),
        ("2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z"),
        ("2026-11-27T00:00:00Z", "2026-11-30T23:55:00Z"),
        ("2026-11-30T23:55:00Z", "2026-12-01T00:00:00Z"),
        ("2026-12-01T00:00:00Z", "2026-12-31T00:00:00Z"),
        ("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "2027-01-31T00:00:00Z"),
    ] {
        let steady = bench.ring.steady(at(from));
        let just_before = |text| at(text) - jiff::SignedDuration::from_micros(1);
        assert_eq!(bench.ring.steady(just_before(until)), steady, "{from}");
        assert!(steady.contains(at(from)) && steady.contains(just_before(until)), "{from}");
        assert!(!steady.contains(at(until)) && !steady.contains(just_before(from)), "{from}");
        assert_eq!(bench.states(from), states(&bench.ring, just_before(until)), "{from}");
    }
    assert!(bench.ring.steady(at("2030-01-01T00:00:00Z")).contains(Timestamp::MAX));
}

//! Turns that are handed out ahead of their time.

use super::{
    handed::{copies, copy},
    *,
};
use crate::SystemEntropy;

const ASKED: &str = "2026-11-25T00:00:00Z";
const TURN: &str = "2026-11-25T01:00:00Z";

fn ahead(key_use: KeyUse, at_text: &str) -> Ahead {
    Ahead { key_use, at: at(at_text), overlap_days: 30, end_overlap: false }
}

fn made(bench: &Bench, key_use: KeyUse) -> (KeyId, String) {
    bench.ring.hand_out_ahead(&ahead(key_use, TURN), at(ASKED), &bench.entropy).expect("handed out")
}

fn take(ring: &mut Ring, (id, text): &(KeyId, String)) -> bool {
    ring.take_handed(id, text, &SystemEntropy::new()).expect("taken")
}

fn names(ring: &Ring, now: &str) -> Vec<String> {
    let active = states(ring, at(now)).into_iter().filter(|(_, state)| *state == KeyState::Active);
    active.map(|(id, _)| id).filter(|id| !id.starts_with("log") && !id.starts_with("index")).collect()
}

#[test]
fn what_is_altered_of_another_key_or_of_another_ring_is_refused_and_nothing_is_taken() {
    let (bench, mut other) = copies();
    let (pseudonyms, state) = (made(&bench, KeyUse::Pseudonym), made(&bench, KeyUse::State));
    let before = other.digest();
    for (id, text) in [&pseudonyms, &state] {
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(other.examine_handed(id, &changed).is_err(), "byte {at}");
            assert!(other.take_handed(id, &changed, &bench.entropy).is_err(), "byte {at}");
        }
    }
    let (id, text) = &state;
    let misplaced = HandedError::Misplaced { key: pseudonyms.0.clone(), other: id.clone() };
    assert_eq!(other.examine_handed(&pseudonyms.0, text), Err(misplaced));
    for later in ["2026-11-25T00:00:01Z", "2026-11-26T01:00:00Z"] {
        assert_eq!(other.examine_handed(id, &text.replace(TURN, later)), Err(HandedError::Altered(id.clone())), "time");
    }
    let (scratch, entropy) = (Scratch::new(), SystemEntropy::new());
    let kek = Kek::create_key_file(&scratch.path().join("kek"), &entropy).expect("a key file");
    let stranger = Ring::create(&scratch.path().join("keys"), &kek, start(), ORIGIN, false, &entropy).expect("a ring");
    let stranger = stranger.hand_out_ahead(&ahead(KeyUse::State, TURN), at(ASKED), &entropy).expect("handed out").1;
    let refused = other.examine_handed(id, &stranger);
    assert_eq!(refused, Err(HandedError::OtherRingKey(id.clone())));
    // Another key of the same name, after the one is taken.
    assert!(take(&mut other, &state));
    let again = made(&bench, KeyUse::State);
    assert_eq!(other.examine_handed(id, &again.1), Err(HandedError::OtherKey(id.clone())));
    assert_ne!(other.digest(), before);
}

#[test]
fn what_does_not_follow_on_the_keys_of_a_ring_is_not_taken() {
    let (mut bench, mut other) = copies();
    let _ = bench.rotate(KeyUse::State, "2026-11-23T00:00:00Z", 0);
    let third = made(&bench, KeyUse::State);
    assert_eq!(third.0.as_str(), "state-3");
    let before = other.digest();
    let refused = other.take_handed(&third.0, &third.1, &bench.entropy);
    assert!(matches!(refused, Err(ChangeError::Handed(HandedError::Gap(_)))));
    assert_eq!(other.digest(), before);
    // Whoever has it hands out the second too; so both are taken, one after the other.
    assert!(take(&mut bench.ring, &third));
    let second = id("state-2");
    let turns: Vec<_> = bench.ring.of_turns().into_iter().map(|(id, _)| id.as_str().to_owned()).collect();
    assert_eq!(turns, ["state-2", "state-3"]);
    let text = bench.ring.hand_out(&second, &bench.entropy).expect("sealed").expect("it has it");
    assert!(take(&mut other, &(second, text)) && take(&mut other, &third));
    assert_eq!(bench.ring.status(at(TURN)), other.status(at(TURN)));
}

#[test]
fn nothing_is_handed_out_that_would_cut_an_overlap_short_or_is_on_its_way_or_of_another_month() {
    let (mut bench, _) = copies();
    let refused =
        |bench: &Bench, ahead: &Ahead| bench.ring.hand_out_ahead(ahead, at(ASKED), &bench.entropy).unwrap_err();
    for key_use in [KeyUse::Tag, KeyUse::Log, KeyUse::Index, KeyUse::Ring] {
        let _ = refused(&bench, &ahead(key_use, TURN));
    }
    for late in ["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"] {
        assert!(matches!(refused(&bench, &ahead(KeyUse::Data, late)), ChangeError::NotOfMonth), "{late}");
    }
    let state = made(&bench, KeyUse::State);
    let mut ring = bench.reopened();
    assert!(take(&mut ring, &state));
    bench.ring = ring;
    assert!(matches!(refused(&bench, &ahead(KeyUse::State, TURN)), ChangeError::OnItsWay { .. }));
    let after = |end_overlap| Ahead { end_overlap, ..ahead(KeyUse::State, "2026-11-27T00:00:00Z") };
    let handed = |ahead: &Ahead| bench.ring.hand_out_ahead(ahead, at("2026-11-26T00:00:00Z"), &bench.entropy);
    assert!(matches!(handed(&after(false)), Err(ChangeError::OverlapUnderWay { .. })));
    assert_eq!(handed(&after(true)).expect("on purpose").0.as_str(), "state-3");
}

#[test]
fn taken_ahead_it_is_what_a_rotation_at_that_instant_would_have_made() {
    for (key_use, keys) in [
        (KeyUse::Pseudonym, &["pseudonym-2", "tag-2"][..]),
        (KeyUse::State, &["state-2"]),
        (KeyUse::Data, &["data-2026-11-2"]),
    ] {
        let (mut bench, mut other) = copies();
        let mut off = copy(&bench, &bench.scratch.path().join("off"));
        let turn = made(&bench, key_use);
        assert_eq!(About::read(&turn.1).map(|about| about.activates), Some(at(TURN)));
        let before = names(&bench.ring, ASKED);
        for ring in [&mut bench.ring, &mut other] {
            assert_eq!(ring.examine_handed(&turn.0, &turn.1), Ok(Handed::New));
            assert!(ring.take_handed(&turn.0, &turn.1, &bench.entropy).expect("taken"));
            assert_eq!(ring.examine_handed(&turn.0, &turn.1), Ok(Handed::Ours));
            assert!(!ring.take_handed(&turn.0, &turn.1, &bench.entropy).expect("it is in it"));
            assert_eq!(names(ring, "2026-11-25T00:59:59.999999Z"), before, "its time has not come");
            let active = names(ring, TURN);
            assert!(keys.iter().all(|key| active.contains(&(*key).to_owned())) && active.len() == before.len());
        }
        let life = |ring: &Ring| {
            let status = ring.status(at(TURN)).into_iter();
            status.map(|key| (key.id, key.epoch, key.state, key.activates, key.ends)).collect::<Vec<_>>()
        };
        assert_eq!(bench.reopened().status(at(TURN)), other.status(at(TURN)));
        let mut alone = Bench::new();
        let _ = alone.rotate(key_use, TURN, 30);
        assert_eq!(life(&alone.ring), life(&other));
        // Put there again from the ring, also by who turned again since, it is the same for a copy that was off.
        let _ = rotate(&mut other, key_use, at("2026-11-26T00:00:00Z"), 30, &bench.entropy).expect("rotated");
        let again = other.hand_out(&turn.0, &bench.entropy).expect("sealed").expect("it has it");
        assert!(take(&mut off, &(turn.0.clone(), again)));
        let _ = rotate(&mut off, key_use, at("2026-11-26T00:00:00Z"), 30, &bench.entropy).expect("rotated");
        assert_eq!(life(&off), life(&other));
    }
}

#[test]
fn in_the_minutes_before_a_turn_what_is_counted_by_the_next_key_is_looked_for_too() {
    let (mut bench, _) = copies();
    let (state, data) = (made(&bench, KeyUse::State), made(&bench, KeyUse::Data));
    let mut ring = bench.reopened();
    assert!(take(&mut ring, &state) && take(&mut ring, &data));
    bench.ring = ring;
    let digest = |now: &str| bench.ring.state_key(at(now)).expect("in force").digest("x", &[b"y"]);
    let tags = |now: &str| {
        let taggers = bench.ring.previous_sealers(at(now)).expect("in force");
        taggers.iter().filter_map(|key| key.subject_tag("bank", "", PERSON)).collect::<Vec<_>>()
    };
    let own = |now: &str| bench.ring.sealer(at(now), ORIGIN).expect("in force").person(PERSON).subject_tag("bank", "");
    let (early, late) = ("2026-11-25T00:54:59Z", "2026-11-25T00:59:59Z");
    assert_eq!((digest(early).next, tags(early).len()), (None, 0));
    assert_eq!((digest(late).next, digest(late).previous), (Some(digest(TURN).current), None));
    assert_eq!(tags(late), [own(TURN)]);
    assert_eq!((digest(TURN).next, digest(TURN).previous), (None, Some(digest(late).current)));
    assert_eq!(tags(TURN), [own(late)]);
    assert!(!bench.ring.steady(at(early)).contains(at(late)), "a snapshot is taken anew");
}

#[test]
fn a_turn_of_which_something_was_destroyed_is_neither_handed_out_nor_taken_back() {
    let (mut bench, _) = copies();
    let data = made(&bench, KeyUse::Data);
    let mut ring = bench.reopened();
    assert!(take(&mut ring, &data));
    let later = "2027-02-01T00:00:00Z";
    bench.ring = ring;
    assert!(ensure(&mut bench, later, 30).is_some());
    bench.ring.destroy(&data.0, at(later), &bench.entropy).expect("destroyed");
    assert_eq!(bench.ring.examine_handed(&data.0, &data.1), Ok(Handed::Gone));
    assert!(!bench.ring.take_handed(&data.0, &data.1, &bench.entropy).expect("it is not taken"));
    assert!(bench.ring.hand_out(&data.0, &bench.entropy).expect("looked").is_none());
    assert!(bench.ring.of_turns().contains(&(data.0, false)));
}

#[test]
fn a_turn_under_a_ring_key_from_before_is_handed_out_again_by_who_has_it() {
    let (mut bench, mut other) = copies();
    let turn = made(&bench, KeyUse::State);
    let mut ring = bench.reopened();
    assert!(take(&mut ring, &turn));
    bench.ring = ring;
    let _ = bench.rotate(KeyUse::Ring, "2026-11-25T00:30:00Z", 0);
    assert_eq!(bench.ring.examine_handed(&turn.0, &turn.1), Ok(Handed::Before));
    let again = bench.ring.hand_out(&turn.0, &bench.entropy).expect("sealed").expect("it has it");
    assert_eq!(bench.ring.examine_handed(&turn.0, &again), Ok(Handed::Ours));
    let refused = other.take_handed(&turn.0, &again, &bench.entropy);
    assert!(matches!(refused, Err(ChangeError::Handed(HandedError::OtherRingKey(_)))));
}

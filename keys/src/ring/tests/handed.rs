//! Data keys that one copy of a ring hands to another.

use std::fs;

use super::*;
use crate::SystemEntropy;

/// Two copies of one ring, in folders of their own, made in November.
pub(super) fn copies() -> (Bench, Ring) {
    let bench = Bench::new();
    let other = bench.scratch.path().join("other");
    let copied = copy(&bench, &other);
    (bench, copied)
}

pub(super) fn copy(bench: &Bench, to: &std::path::Path) -> Ring {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(to).expect("a folder");
    fs::copy(bench.file(), to.join(FILE_NAME)).expect("copied");
    Ring::open(to, &bench.kek).expect("opened")
}

const NEXT: &str = "2026-12-01T00:00:00Z";

fn december(bench: &Bench) -> String {
    let (made, text) = bench.ring.hand_out_new(at(NEXT), 30, &bench.entropy).expect("made").expect("it is new");
    assert_eq!(made.as_str(), "data-2026-12");
    text
}

#[test]
fn what_is_altered_of_another_month_or_of_another_ring_is_refused_and_nothing_is_taken() {
    let (bench, mut other) = copies();
    let (text, key) = (december(&bench), id("data-2026-12"));
    let before = other.digest();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(other.examine_handed(&key, &changed).is_err(), "byte {at}");
    }
    for shorter in [0, 1, text.len() / 2, text.len() - 1] {
        let cut = text.get(..shorter).expect("ASCII");
        assert_eq!(other.examine_handed(&key, cut), Err(HandedError::Altered(key.clone())));
    }
    let january = id("data-2027-01");
    let misplaced = HandedError::Misplaced { key: january.clone(), other: key.clone() };
    assert_eq!(other.examine_handed(&january, &text), Err(misplaced));
    // The text of the one key under the name of the other.
    let renamed = text.replace("data-2026-12", "data-2027-01");
    assert_eq!(other.examine_handed(&january, &renamed), Err(HandedError::Altered(january)));
    let (scratch, entropy) = (Scratch::new(), SystemEntropy::new());
    let kek = Kek::create_key_file(&scratch.path().join("kek"), &entropy).expect("a key file");
    let stranger = Ring::create(&scratch.path().join("keys"), &kek, start(), ORIGIN, false, &entropy).expect("a ring");
    let stranger = stranger.hand_out_new(at(NEXT), 30, &entropy).expect("made").expect("it is new").1;
    assert_eq!(other.examine_handed(&key, &stranger), Err(HandedError::OtherRingKey(key.clone())));
    let refused = other.take_handed(&key, &stranger, &bench.entropy);
    assert!(matches!(refused, Err(ChangeError::Handed(HandedError::OtherRingKey(_)))));
    assert_eq!(other.digest(), before);
}

#[test]
fn a_key_is_in_no_ring_before_it_is_taken_and_then_it_is_one_key_in_all() {
    let (mut bench, mut other) = copies();
    let (text, key) = (december(&bench), id("data-2026-12"));
    assert!(!bench.ring.of_month(at(NEXT)).1 && !other.of_month(at(NEXT)).1);
    for ring in [&mut bench.ring, &mut other] {
        assert_eq!(ring.examine_handed(&key, &text), Ok(Handed::New));
        assert!(ring.take_handed(&key, &text, &bench.entropy).expect("taken"));
        assert_eq!(ring.examine_handed(&key, &text), Ok(Handed::Ours));
        assert!(!ring.take_handed(&key, &text, &bench.entropy).expect("it is in it"));
    }
    assert_eq!(bench.ring.status(at(NEXT)), other.status(at(NEXT)));
    let tag = |ring: &Ring| ring.sealer(at(NEXT), ORIGIN).expect("in force").person(PERSON).subject_tag("bank", "");
    assert_eq!(tag(&bench.ring), tag(&other));
    assert_eq!(tag(&bench.reopened()), tag(&other), "it is on the disk");
    assert!(matches!(other.hand_out_new(at(NEXT), 30, &bench.entropy), Ok(None)), "there is one");
    // As a ring would make it by itself.
    let (mut alone, _) = copies();
    assert!(ensure(&mut alone, NEXT, 30).is_some());
    let life = |ring: &Ring| ring.status(at(NEXT)).into_iter().map(|key| (key.id, key.epoch, key.activates, key.ends));
    assert_eq!(life(&alone.ring).collect::<Vec<_>>(), life(&other).collect::<Vec<_>>());
}

#[test]
fn two_keys_of_one_month_are_never_taken_for_one_another() {
    let (mut bench, mut other) = copies();
    let (one, two, key) = (december(&bench), december(&bench), id("data-2026-12"));
    assert!(bench.ring.take_handed(&key, &one, &bench.entropy).expect("taken"));
    assert!(other.take_handed(&key, &two, &bench.entropy).expect("taken"));
    assert_eq!(other.examine_handed(&key, &one), Err(HandedError::OtherKey(key.clone())));
    assert!(bench.ring.take_handed(&key, &two, &bench.entropy).is_err());
}

#[test]
fn what_was_handed_out_under_a_ring_key_from_before_is_handed_out_again_by_who_has_it() {
    let (mut bench, mut other) = copies();
    let (before, key) = (december(&bench), id("data-2026-12"));
    assert!(bench.ring.take_handed(&key, &before, &bench.entropy).expect("taken"));
    let _ = bench.rotate(KeyUse::Ring, "2026-11-25T00:00:00Z", 0);
    assert_eq!(bench.ring.examine_handed(&key, &before), Ok(Handed::Before));
    let again = bench.ring.hand_out(&key, &bench.entropy).expect("sealed").expect("it has it");
    assert_eq!(bench.ring.examine_handed(&key, &again), Ok(Handed::Ours));
    // The copy that has not the new ring key says so, whether it has the data key or not.
    assert_eq!(other.examine_handed(&key, &again), Err(HandedError::OtherRingKey(key.clone())));
    assert!(other.take_handed(&key, &before, &bench.entropy).expect("taken"));
    assert_eq!(other.examine_handed(&key, &again), Err(HandedError::OtherRingKey(key.clone())));
}

#[test]
fn a_key_of_which_something_was_destroyed_is_neither_handed_out_nor_taken_back() {
    let later = "2027-02-01T00:00:00Z";
    for person in [None, Some(PERSON)] {
        let (mut bench, _) = copies();
        let key = id("data-2026-11");
        let whole = bench.ring.hand_out(&key, &bench.entropy).expect("sealed").expect("it has it");
        assert!(ensure(&mut bench, later, 30).is_some());
        match person {
            None => bench.ring.destroy(&key, at(later), &bench.entropy).expect("destroyed"),
            Some(person) => {
                let keys = [key.clone()];
                bench.ring.destroy_person(&keys, person, at(later), &bench.entropy).expect("destroyed");
            }
        }
        assert_eq!(bench.ring.examine_handed(&key, &whole), Ok(Handed::Gone));
        assert!(!bench.ring.take_handed(&key, &whole, &bench.entropy).expect("it is not taken"));
        assert!(bench.ring.hand_out(&key, &bench.entropy).expect("looked").is_none());
    }
    let (bench, _) = copies();
    for other in ["data-2027-01", "state-1", "log-1"] {
        assert!(bench.ring.hand_out(&id(other), &bench.entropy).expect("looked").is_none(), "{other}");
    }
}

#[test]
fn a_ring_that_another_process_wrote_is_read_again() {
    let (mut bench, _) = copies();
    let mut same = bench.reopened();
    assert!(ensure(&mut bench, NEXT, 30).is_some());
    assert!(!same.of_month(at(NEXT)).1);
    same.refresh().expect("read again");
    assert!(same.of_month(at(NEXT)).1);
    assert_eq!(same.digest(), bench.ring.digest());
}

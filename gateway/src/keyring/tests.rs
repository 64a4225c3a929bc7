//! Keys that turn, and those that are handed out.

use credit_keys::{Ahead, Kek};
use jiff::ToSpan;

use super::*;
use crate::scratch::Scratch;

const ORIGIN: &str = "credit-gateway.example/test/r1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn keyring(now: Timestamp) -> (Scratch, Keyring) {
    let (folder, entropy) = (Scratch::new(), SystemEntropy::new());
    let kek = Kek::create_key_file(&folder.path().join("ring.key"), &entropy).unwrap();
    let ring = Ring::create(&folder.path().join("keys"), &kek, now, ORIGIN, true, &entropy).unwrap();
    (folder, Keyring::new(ring, ORIGIN, now, (Months::Own, &entropy)).unwrap())
}

fn names(keys: &[KeyId]) -> Vec<&str> {
    keys.iter().map(KeyId::as_str).collect()
}

#[test]
fn a_turn_that_is_not_on_the_record_is_finished_and_not_made_twice() {
    let begin = at("2026-11-20T00:00:00Z");
    let (_folder, keyring) = keyring(begin);
    let rotate = |days: i64, key_use| {
        let now = begin.saturating_add((24 * days).hours()).unwrap();
        keyring.rotate(key_use, now, 30, true, &SystemEntropy::new()).unwrap()
    };
    let issued = || keyring.current().pseudonyms.issue("bank", "credit", "990001199003071012");
    let before = issued().current.as_str().to_owned();
    let turned = rotate(1, KeyUse::Pseudonym);
    assert_eq!(names(&turned), ["pseudonym-2", "tag-2"]);
    assert_eq!(rotate(2, KeyUse::Pseudonym), turned, "its leaves are missing");
    assert_eq!(issued().previous.unwrap().as_str(), before, "institutions hold it");
    let mark = |key: &KeyId| keyring.mark_introduced(key, at("2026-11-22T00:00:00Z")).unwrap();
    mark(&turned[0]);
    assert_eq!(names(&rotate(2, KeyUse::Pseudonym)), ["tag-2"], "one leaf of the turn is there");
    assert_eq!(names(&rotate(2, KeyUse::State)), ["state-2"], "another use turns by itself");
    mark(&turned[1]);
    assert_eq!(names(&rotate(3, KeyUse::Pseudonym)), ["pseudonym-3", "tag-3"]);
}

#[test]
fn a_data_key_is_used_once_the_log_names_it() {
    let now = at("2026-11-30T23:59:59Z");
    let (_folder, keyring) = keyring(now);
    let sealer = || keyring.current().sealer.key_id().as_str().to_owned();
    let next = at("2026-12-01T00:00:00Z");
    for _ in 0..2 {
        assert!(keyring.is_due(now), "as long as its leaf is missing");
        keyring.renew(next, &SystemEntropy::new()).unwrap();
        assert_eq!(sealer(), "data-2026-11");
        assert_eq!(names(&keyring.unrecorded(now)), [""; 0], "its month has not come");
        assert_eq!(names(&keyring.unrecorded(next)), ["data-2026-12"]);
    }
    keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
    assert_eq!(sealer(), "data-2026-12");
    assert!(!keyring.is_due(next) && keyring.unrecorded(next).is_empty());
    let turned = keyring.rotate(KeyUse::Data, at("2026-12-05T00:00:00Z"), 30, false, &SystemEntropy::new()).unwrap();
    assert_eq!((sealer().as_str(), names(&turned)), ("data-2026-12", vec!["data-2026-12-2"]));
    assert_eq!(names(&keyring.unrecorded(at("2026-12-06T00:00:00Z"))), [""; 0], "who asked for it asks again");
    keyring.mark_introduced(&turned[0], at("2026-12-05T00:00:01Z")).unwrap();
    assert_eq!(sealer(), "data-2026-12-2");
}

#[test]
fn a_key_that_was_handed_out_before_its_month_is_named_by_this_log_before_it_is_used() {
    let now = at("2026-11-20T00:00:00Z");
    let (folder, keyring) = keyring(now);
    let entropy = SystemEntropy::new();
    let kek = Kek::from_key_file(&folder.path().join("ring.key")).unwrap();
    let (next, sealer) = (at("2026-12-01T00:00:00Z"), || keyring.current().sealer.key_id().as_str().to_owned());
    // Another process writes the ring, as one does that was given it by another gateway.
    let mut other = Ring::open(&folder.path().join("keys"), &kek).unwrap();
    assert!(other.ensure_period(next, DEFAULT_OVERLAP_DAYS, &entropy).unwrap().made);
    keyring.renew(next, &entropy).unwrap();
    assert_eq!((sealer().as_str(), names(&keyring.unrecorded(next))), ("data-2026-11", vec!["data-2026-12"]));
    keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
    assert_eq!(sealer(), "data-2026-12");
    let of = |ring: &Ring| ring.status(next).into_iter().map(|key| key.fingerprint).collect::<Vec<_>>();
    assert_eq!(keyring.with(|ring| of(ring)), of(&other), "the one that was handed out");
}

#[test]
fn keys_that_cannot_be_renewed_are_past_until_the_ring_can_be_written_again() {
    let (folder, keyring) = keyring(at("2026-11-30T23:59:58Z"));
    let (ring, away) = (folder.path().join("keys"), folder.path().join("away"));
    let entropy = SystemEntropy::new();
    std::fs::rename(&ring, &away).unwrap();
    let next = at("2026-12-01T00:00:00Z");
    assert!(keyring.renew(next, &entropy).is_err());
    assert!(!keyring.is_past(at("2026-11-30T23:59:59.999999Z")), "its month is not over");
    assert!(keyring.is_past(next));
    std::fs::rename(&away, &ring).unwrap();
    keyring.renew(next, &entropy).unwrap();
    assert!(keyring.is_past(next), "its leaf is missing");
    keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
    assert!(!keyring.is_past(next));
}

#[test]
fn keys_turn_back_when_the_clock_does() {
    let now = at("2026-11-20T00:00:00Z");
    let (_folder, keyring) = keyring(now);
    let entropy = SystemEntropy::new();
    let sealer = || keyring.current().sealer.key_id().as_str().to_owned();
    assert!(!keyring.is_due(now));
    // 40 days too far, for a moment in which even the log believed it.
    let wrong = at("2026-12-30T00:00:00Z");
    assert!(keyring.is_due(wrong));
    keyring.renew(wrong, &entropy).unwrap();
    keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), wrong).unwrap();
    assert_eq!(sealer(), "data-2026-12");
    let right = at("2026-11-20T00:00:02Z");
    assert!(keyring.is_due(right), "it stays with keys of another month");
    keyring.renew(right, &entropy).unwrap();
    assert_eq!(sealer(), "data-2026-11");
    assert!(!keyring.is_due(right));
}

#[test]
fn what_is_handed_out_is_in_force_from_its_very_instant_on_and_once_the_log_names_it() {
    let (_folder, keyring) = keyring(at("2026-11-20T00:00:00Z"));
    let entropy = SystemEntropy::new();
    let (asked, turn) = (at("2026-11-25T00:00:00Z"), at("2026-11-25T01:00:00Z"));
    for (key_use, is_named_in_time) in [(KeyUse::Pseudonym, true), (KeyUse::State, false)] {
        let issued = |now| keyring.at(now).pseudonyms.issue("bank", "credit", "990001199003071012").current;
        let digest = |now| keyring.at(now).state.digest("a", &[]).current;
        let stands_for = |now| (issued(now).as_str().to_owned(), digest(now));
        let before = stands_for(asked);
        let ahead = Ahead { key_use, at: turn, overlap_days: 30, end_overlap: false };
        let (id, text) = keyring.with(|ring| ring.hand_out_ahead(&ahead, asked, &entropy)).unwrap();
        keyring.take_handed(&id, &text, asked, &entropy).unwrap();
        let unrecorded = keyring.unrecorded(asked);
        assert_eq!(unrecorded.first(), Some(&id), "at once");
        let name = |now| unrecorded.iter().for_each(|key| keyring.mark_introduced(key, now).unwrap());
        if is_named_in_time {
            name(asked);
            assert!(keyring.unrecorded(turn).is_empty());
        }
        let soon = at("2026-11-25T00:59:58.5Z");
        assert!(keyring.is_due(soon));
        keyring.renew(soon, &entropy).unwrap();
        assert_eq!(keyring.is_due(soon), !is_named_in_time);
        let last = at("2026-11-25T00:59:59.999999Z");
        assert!(!keyring.is_past(last) && stands_for(last) == before, "its time has not come");
        assert_eq!(keyring.is_past(turn), !is_named_in_time);
        assert_eq!(stands_for(turn) == before, !is_named_in_time);
        if !is_named_in_time {
            keyring.renew(turn, &entropy).unwrap();
            assert!(keyring.is_past(turn), "its leaf is missing");
            name(turn);
        }
        keyring.renew(turn, &entropy).unwrap();
        assert!(!keyring.is_past(turn) && !keyring.is_due(turn));
        assert!(stands_for(turn) != before && keyring.shared().iter().any(|key| key.id == id));
        // The next one begins at the same instants: the clock goes back.
        keyring.renew(asked, &entropy).unwrap();
    }
}

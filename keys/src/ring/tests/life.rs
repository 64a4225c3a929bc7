//! Epochs, overlaps, tracing, and refusals of changes that make no sense.

use proptest::prelude::*;

use super::*;

use KeyState::{Accepted, Active, Destroyed, Pending, Retired};

fn of(states: Vec<(String, KeyState)>, prefix: &str) -> Vec<KeyState> {
    let mine = states.into_iter().filter(|(id, _)| id.starts_with(prefix));
    mine.map(|(_, state)| state).collect()
}

#[test]
fn a_new_ring_has_one_key_of_every_use() {
    let bench = Bench::new();
    let status = bench.ring.status(start());
    let ids: Vec<_> = status.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["pseudonym-1", "tag-1", "state-1", "index-1", "log-1", "data-2026-11", "ring-1"]);
    assert!(status.iter().all(|key| key.state == Active));
    for key_use in KeyUse::ALL {
        assert_eq!(status.iter().filter(|key| key.key_use == key_use).count(), 1);
    }
    let mut materials: Vec<_> = bench.ring.content.keys.iter().map(|key| key.disclose(|key| *key)).collect();
    materials.dedup();
    assert_eq!(materials.len(), 6, "no two keys are the same");
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    let Bench { ring, entropy, .. } = &mut bench;
    let later = at("2026-12-01T00:00:00Z");
    let before = states(ring, later);

    let refused = rotate(ring, KeyUse::Tag, later, 30, entropy).err();
    assert!(matches!(refused, Some(ChangeError::TurnsWithPseudonym)));
    let refused = rotate(ring, KeyUse::Log, later, 30, entropy).err();
    assert!(matches!(refused, Some(ChangeError::NeedsOrigin)));
    for key_use in [KeyUse::Pseudonym, KeyUse::State, KeyUse::Ring] {
        for now in [start(), at("2026-11-22T01:59:59Z")] {
            let refused = rotate(ring, key_use, now, 30, entropy).err();
            assert!(matches!(refused, Some(ChangeError::ClockBehind(_))), "{key_use}");
        }
    }
    let refused = rotate(ring, KeyUse::Pseudonym, Timestamp::MAX, 1, entropy).err();
    assert!(matches!(refused, Some(ChangeError::Time)));
    let refused = ring.ensure_period(Timestamp::MAX, 1, entropy).err();
    assert!(matches!(refused, Some(ChangeError::Time)));
    for origin in ["", "a b", "a+b", "a\n", "日本", "a/", &"a".repeat(256)] {
        let refused = ring.open_log(origin, later, entropy).err();
        assert!(matches!(refused, Some(ChangeError::Origin { .. })), "{origin}");
    }
    let refused = ring.open_log(ORIGIN, later, entropy).err();
    assert!(matches!(refused, Some(ChangeError::OriginTaken { .. })));
    assert_eq!(states(ring, later), before);
}

#[test]
fn keys_in_force_are_not_destroyed() {
    let mut bench = Bench::new();
    let now = at("2026-11-30T23:59:59Z");
    for key in ["pseudonym-1", "tag-1", "state-1", "index-1", "log-1", "data-2026-11", "ring-1"] {
        let refused = bench.ring.destroy(&id(key), now, &bench.entropy).err();
        assert!(matches!(refused, Some(ChangeError::InUse(_))), "{key}");
    }
    let refused = bench.ring.destroy(&id("pseudonym-2"), now, &bench.entropy).err();
    assert!(matches!(refused, Some(ChangeError::UnknownKey(_))));
    let before_the_month = at("2026-10-31T23:59:59Z");
    let refused = bench.ring.destroy(&id("data-2026-11"), before_the_month, &bench.entropy).err();
    assert!(matches!(refused, Some(ChangeError::InUse(_))));
}

#[test]
fn no_pseudonym_is_issued_before_the_first_epoch() {
    let bench = Bench::new();
    let early = at("2026-11-22T01:59:59.999999Z");
    let refused = bench.ring.pseudonyms(early).err();
    assert!(matches!(refused, Some(KeyError::NotInForce { key_use: KeyUse::Pseudonym })));
    let refused = bench.ring.state_key(early).err();
    assert!(matches!(refused, Some(KeyError::NotInForce { key_use: KeyUse::State })));
    assert_eq!(of(states(&bench.ring, early), "pseudonym"), [Pending]);
}

#[test]
fn an_overlap_issues_both_pseudonyms_and_ends_by_itself() {
    let mut bench = Bench::new();
    let (first, none) = issued(&bench.ring, "2026-11-22T02:00:00Z");
    assert_eq!(none, None);
    let ids = bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 30);
    assert_eq!(ids, [id("pseudonym-2"), id("tag-2")]);

    let (second, _) = issued(&bench.ring, "2026-12-01T00:00:00Z");
    assert_ne!(first, second);
    for (now, current, previous, old_state) in [
        ("2026-11-30T23:59:59.999999Z", &first, None, Active),
        ("2026-12-01T00:00:00Z", &second, Some(&first), Accepted),
        ("2026-12-30T23:59:59.999999Z", &second, Some(&first), Accepted),
        ("2026-12-31T00:00:00Z", &second, None, Retired),
        ("2036-12-31T00:00:00Z", &second, None, Retired),
    ] {
        for ring in [&bench.ring, &bench.reopened()] {
            assert_eq!(issued(ring, now), (current.clone(), previous.cloned()), "{now}");
            for kind in ["pseudonym", "tag"] {
                assert_eq!(of(states(ring, at(now)), kind)[0], old_state, "{now}");
            }
        }
    }
}

#[test]
fn an_overlap_of_no_days_issues_no_previous_pseudonym() {
    let mut bench = Bench::new();
    bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 0);
    assert_eq!(issued(&bench.ring, "2026-12-01T00:00:00Z").1, None);
    assert_eq!(of(bench.states("2026-12-01T00:00:00Z"), "pseudonym"), [Retired, Active]);
}

#[test]
fn a_second_rotation_ends_the_overlap_under_way() {
    let mut bench = Bench::new();
    bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 30);
    let (second, _) = issued(&bench.ring, "2026-12-02T00:00:00Z");
    bench.rotate(KeyUse::Pseudonym, "2026-12-05T00:00:00Z", 2);
    assert_eq!(issued(&bench.ring, "2026-12-05T00:00:00Z").1, Some(second));
    for (now, expected) in [
        ("2026-12-04T00:00:00Z", [Accepted, Active, Pending]),
        ("2026-12-05T00:00:00Z", [Retired, Accepted, Active]),
        ("2026-12-07T00:00:00Z", [Retired, Retired, Active]),
    ] {
        assert_eq!(of(bench.states(now), "pseudonym"), expected, "{now}");
    }
}

#[test]
fn pseudonyms_of_every_epoch_are_traced_until_their_tag_key_is_destroyed() {
    let mut bench = Bench::new();
    let (first, _) = issued(&bench.ring, "2026-11-22T02:00:00Z");
    bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 1);
    let (second, _) = issued(&bench.ring, "2026-12-01T00:00:00Z");
    let trace = |ring: &Ring, candidate: &str| {
        let traced = ring.trace(candidate, &["bank-1", "housing-hz"], &["lending", "housing"])?;
        assert_eq!((traced.institution.as_str(), traced.purpose_group.as_str()), ("housing-hz", "housing"));
        Some(traced.epoch)
    };
    for ring in [&bench.ring, &bench.reopened()] {
        assert_eq!(trace(ring, &first), Some(1));
        assert_eq!(trace(ring, &second), Some(2));
        assert_eq!(ring.trace(&first, &["bank-1"], &["housing"]), None);
    }
    assert_eq!(Bench::new().ring.status(start()).len(), 7);

    // Without the body key nothing can be issued, yet what leaked can still be traced.
    let now = at("2027-01-01T00:00:00Z");
    bench.ring.destroy(&id("pseudonym-1"), now, &bench.entropy).expect("destroyed");
    assert_eq!(trace(&bench.reopened(), &first), Some(1));
    bench.ring.destroy(&id("tag-1"), now, &bench.entropy).expect("destroyed");
    assert_eq!(trace(&bench.reopened(), &first), None);
    assert_eq!(trace(&bench.reopened(), &second), Some(2));
}

#[test]
fn a_destroyed_epoch_ends_its_overlap_and_nothing_else() {
    for (key, kind) in [("pseudonym-1", "pseudonym"), ("tag-1", "tag")] {
        let mut bench = Bench::new();
        bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 30);
        let before = issued(&bench.ring, "2026-12-02T00:00:00Z");
        assert!(before.1.is_some());
        let now = at("2026-12-02T00:00:00Z");
        bench.ring.destroy(&id(key), now, &bench.entropy).expect("destroyed");
        let after = issued(&bench.reopened(), "2026-12-02T00:00:00Z");
        assert_eq!(after, (before.0, None));
        assert_eq!(of(bench.states("2026-12-02T00:00:00Z"), kind), [Destroyed, Active]);
        let again = bench.ring.destroy(&id(key), now, &bench.entropy).err();
        assert!(matches!(again, Some(ChangeError::AlreadyDestroyed(_))));
    }
}

#[test]
fn a_snapshot_outlives_a_rotation_unchanged() {
    let mut bench = Bench::new();
    let snapshot = bench.ring.pseudonyms(start()).expect("pseudonyms");
    let issue = || snapshot.issue("housing-hz", "housing", PERSON).current.as_str().to_owned();
    let before = issue();
    bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 30);
    assert_eq!(issue(), before);
}

#[test]
fn state_digests_overlap_too() {
    let mut bench = Bench::new();
    let digest = |ring: &Ring, now| {
        let key = ring.state_key(at(now)).expect("a state key");
        key.digest("credit/idempotency", &[b"bank-1", b"key-1"])
    };
    let first = digest(&bench.ring, "2026-11-22T02:00:00Z");
    assert_eq!(first.previous, None);
    assert_eq!(bench.rotate(KeyUse::State, "2026-12-01T00:00:00Z", 1), [id("state-2")]);
    let second = digest(&bench.reopened(), "2026-12-01T00:00:00Z");
    assert_ne!(second.current, first.current);
    assert_eq!(second.previous, Some(first.current));
    assert_eq!(digest(&bench.ring, "2026-12-02T00:00:00Z").previous, None);
}

#[test]
fn a_log_key_signs_for_its_own_origin_and_is_never_changed_under_it() {
    const SECOND: &str = "credit-gateway.example/2027/r1";
    let mut bench = Bench::new();
    let unknown = bench.ring.log_signer(SECOND).err();
    assert!(matches!(unknown, Some(KeyError::UnknownOrigin { .. })));
    let old = bench.ring.log_signer(ORIGIN).expect("a signer").public_key();

    let now = at("2027-01-01T00:00:00Z");
    let opened = bench.ring.open_log(SECOND, now, &bench.entropy).expect("opened");
    assert_eq!(opened, id("log-2"));
    assert_eq!(of(states(&bench.ring, now), "log"), [Retired, Active]);
    let reopened = bench.reopened();
    assert_eq!(reopened.log_signer(ORIGIN).expect("still signs").public_key(), old);
    assert_ne!(reopened.log_signer(SECOND).expect("a signer").public_key(), old);
    let origins: Vec<_> = reopened.status(now).into_iter().filter_map(|key| key.origin).collect();
    assert_eq!(origins, [ORIGIN, SECOND]);

    bench.ring.destroy(&id("log-1"), now, &bench.entropy).expect("destroyed");
    let gone = bench.ring.log_signer(ORIGIN).err();
    assert!(matches!(gone, Some(KeyError::Destroyed(key)) if key == id("log-1")));
}

/// A step of a custodian, hours after the step before.
#[derive(Debug, Clone)]
enum Step {
    Rotate(KeyUse, u16),
    EnsurePeriod(u16),
    OpenLog,
    Destroy(usize),
    DestroyPerson(usize),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let rotated = prop::sample::select(vec![KeyUse::Pseudonym, KeyUse::State, KeyUse::Data, KeyUse::Ring]);
    let step = prop_oneof![
        (rotated, 0_u16..60).prop_map(|(key_use, days)| Step::Rotate(key_use, days)),
        (0_u16..60).prop_map(Step::EnsurePeriod),
        Just(Step::OpenLog),
        (0_usize..16).prop_map(Step::Destroy),
        (0_usize..16).prop_map(Step::DestroyPerson),
    ];
    // Now and then the clock steps back.
    prop::collection::vec((-100_i64..1200, step), 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a custodian does, and however the clock steps: ids stay unique, never two keys of a use are in force,
    /// what was in force stays so until it is superseded, and the file says what the memory says.
    #[test]
    fn a_ring_stays_sound_through_any_life(steps in steps()) {
        let mut bench = Bench::new();
        let mut now = start();
        for (hours, step) in steps {
            now = now.max(start()) + jiff::SignedDuration::from_hours(hours);
            let Bench { ring, entropy, .. } = &mut bench;
            let name = format!("log/{now}");
            let before = ring.status(now);
            // Refusals are part of life; what counts is what the ring is afterwards.
            let done = match step {
                Step::Rotate(key_use, days) => rotate(ring, key_use, now, days, entropy).is_ok(),
                Step::EnsurePeriod(days) => ring.ensure_period(now, days, entropy).is_ok(),
                Step::OpenLog => ring.open_log(&name, now, entropy).is_ok(),
                Step::Destroy(which) => {
                    let id = before[which % before.len()].id.clone();
                    ring.destroy(&id, now, entropy).is_ok()
                }
                Step::DestroyPerson(which) => {
                    let id = before[which % before.len()].id.clone();
                    ring.destroy_person(&[id], PERSON, now, entropy).is_ok()
                }
            };
            let after = ring.status(now);
            prop_assert!(done || after == before);
            prop_assert_eq!(&bench.reopened().status(now), &after);
            let ids: std::collections::HashSet<_> = after.iter().map(|key| key.id.clone()).collect();
            prop_assert_eq!(ids.len(), after.len());
            let instants = after.iter().flat_map(|key| [Some(key.activates), key.ends.map(|ends| ends.superseded)]);
            for instant in instants.flatten().chain([now]) {
                for key_use in KeyUse::ALL {
                    let status = bench.ring.status(instant);
                    let active = status.iter().filter(|key| key.key_use == key_use && key.state == Active);
                    prop_assert!(active.count() <= 1, "{} at {}", key_use, instant);
                }
            }
            if now >= start() {
                prop_assert!(bench.ring.pseudonyms(now.max(latest(&after, KeyUse::Pseudonym))).is_ok());
                prop_assert!(bench.ring.state_key(now.max(latest(&after, KeyUse::State))).is_ok());
            }
        }
    }
}

/// When the newest key of a use was put in force.
fn latest(status: &[KeyStatus], key_use: KeyUse) -> Timestamp {
    let of_use = status.iter().filter(|key| key.key_use == key_use);
    of_use.map(|key| key.activates).max().expect("a key")
}

#[test]
fn a_ring_that_is_locked_anew_opens_by_the_new_key_alone_and_keeps_all_others() {
    let mut bench = Bench::new();
    let copy = std::fs::read(bench.file()).expect("read");
    let next = Kek::create_key_file(&bench.scratch.path().join("next"), &bench.entropy).expect("a key file");
    let later = at("2026-12-01T00:00:00Z");
    let refused = bench.ring.lock_anew(&next, start(), &bench.entropy).err();
    assert!(matches!(refused, Some(ChangeError::ClockBehind(_))));
    assert_eq!(std::fs::read(bench.file()).expect("read"), copy);
    assert_eq!(bench.ring.lock_anew(&next, later, &bench.entropy).expect("locked").as_str(), "ring-2");
    let without_ring_key = |ring: &Ring| {
        ring.status(later)
            .into_iter()
            .filter(|key| key.key_use != KeyUse::Ring)
            .map(|key| key.fingerprint)
            .collect::<Vec<_>>()
    };
    let opened = Ring::open(&bench.dir(), &next).expect("by the new key");
    assert_eq!(without_ring_key(&opened), without_ring_key(&bench.ring));
    assert!(matches!(Ring::open(&bench.dir(), &bench.kek).err(), Some(RingError::WrongKek)));
    // By a passphrase, too; and what is in use goes on with it.
    let phrase = passphrase("correct horse battery staple");
    drop(bench.ring.lock_anew(&phrase, at("2026-12-02T00:00:00Z"), &bench.entropy).expect("locked"));
    bench.rotate(KeyUse::State, "2026-12-03T00:00:00Z", 0);
    let opened = Ring::open(&bench.dir(), &phrase).expect("by the passphrase");
    assert_eq!(opened.status(later).len(), bench.ring.status(later).len());
}

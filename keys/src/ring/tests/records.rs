//! Data keys: a key a month, subject tags over the turn of a month, and destruction.

use super::*;
use crate::{Sealed, SealedBytes, Sealer, SubjectTagger, UnsealError};

const QUERY: &str = "01930000-0000-7000-8000-000000000001";
const PLAIN: &[u8] = br#"{"number":"990001199003071012"}"#;

fn seal(bench: &Bench, now: &str) -> (Sealer, Sealed) {
    let sealer = bench.ring.sealer(at(now), ORIGIN).expect("a sealer");
    let sealed = sealer.person(PERSON).seal(QUERY, PLAIN, SealedBytes::B1024, &bench.entropy);
    let sealed = sealed.expect("sealed");
    (sealer, sealed)
}

fn unseal(ring: &Ring, key: &str, sealed: &Sealed) -> Result<Vec<u8>, UnsealError> {
    let Sealed { ciphertext, commit } = sealed;
    let opened = ring.unseal(&id(key), ORIGIN, QUERY, ciphertext, commit)?;
    Ok(opened.disclose(Clone::clone))
}

fn tag(sealer: &Sealer) -> [u8; 32] {
    sealer.person(PERSON).subject_tag("bank-1", "lending")
}

fn tag_before(tagger: &SubjectTagger) -> Option<[u8; 32]> {
    tagger.subject_tag("bank-1", "lending", PERSON)
}

fn previous(ring: &Ring, now: &str) -> Vec<String> {
    let taggers = ring.previous_sealers(at(now)).expect("taggers");
    taggers.iter().map(|tagger| tagger.key_id().as_str().to_owned()).collect()
}

#[test]
fn a_month_without_a_key_seals_nothing_until_it_is_made() {
    let mut bench = Bench::new();
    for now in ["2026-10-31T23:59:59.999999Z", "2026-12-01T00:00:00Z"] {
        let refused = bench.ring.sealer(at(now), ORIGIN).err();
        assert_eq!(refused, Some(KeyError::NeedsPeriod), "{now}");
    }
    let now = at("2026-12-01T00:00:00.5Z");
    let keys = vec![id("data-2026-12")];
    for made in [true, false] {
        let turn = bench.ring.ensure_period(now, 30, &bench.entropy).expect("a key");
        assert_eq!(turn, Turn { keys: keys.clone(), made });
    }
    // The first key of a month holds from its beginning, so a clock that steps back a little stops nothing.
    for (now, key, until) in [
        ("2026-11-01T00:00:00Z", "data-2026-11", "2026-12-01T00:00:00Z"),
        ("2026-11-30T23:59:59.999999Z", "data-2026-11", "2026-12-01T00:00:00Z"),
        ("2026-12-01T00:00:00Z", "data-2026-12", "2027-01-01T00:00:00Z"),
        ("2026-12-31T23:59:59.999999Z", "data-2026-12", "2027-01-01T00:00:00Z"),
    ] {
        let sealer = bench.reopened().sealer(at(now), ORIGIN).expect("a sealer");
        assert_eq!(sealer.key_id(), &id(key), "{now}");
        assert_eq!(sealer.valid_until(), at(until), "{now}");
    }
}

#[test]
fn a_record_opens_with_its_own_ring_key_log_and_query_only() {
    let mut bench = Bench::new();
    bench.ring.ensure_period(at("2026-12-01T00:00:00Z"), 30, &bench.entropy).expect("made");
    let (_, sealed) = seal(&bench, "2026-11-22T03:00:00Z");
    assert_eq!(unseal(&bench.ring, "data-2026-12", &sealed), Err(UnsealError::NotGenuine));
    let unknown = UnsealError::UnknownKey(id("data-2026-10"));
    assert_eq!(unseal(&bench.ring, "data-2026-10", &sealed), Err(unknown));
    // Only data keys open records, whatever an id says.
    let unknown = UnsealError::UnknownKey(id("state-1"));
    assert_eq!(unseal(&bench.ring, "state-1", &sealed), Err(unknown));
    let Sealed { ciphertext, commit } = &sealed;
    let other_log = bench.ring.unseal(&id("data-2026-11"), "other/log", QUERY, ciphertext, commit);
    assert_eq!(other_log.err(), Some(UnsealError::NotGenuine));
    let other_commit = bench.ring.unseal(&id("data-2026-11"), ORIGIN, QUERY, ciphertext, &[0; 32]);
    assert_eq!(other_commit.err(), Some(UnsealError::Commitment));
    for ring in [&bench.ring, &bench.reopened()] {
        assert_eq!(unseal(ring, "data-2026-11", &sealed).as_deref(), Ok(PLAIN));
    }
}

#[test]
fn one_plaintext_is_never_sealed_to_the_same_bytes() {
    let bench = Bench::new();
    let (_, one) = seal(&bench, "2026-11-22T03:00:00Z");
    let (_, two) = seal(&bench, "2026-11-22T03:00:00Z");
    assert_ne!(one.ciphertext[..12], two.ciphertext[..12]);
    assert_ne!(one.commit, two.commit);
}

#[test]
fn subject_tags_change_with_the_month_and_are_followed_through_the_overlap() {
    let mut bench = Bench::new();
    let (november, _) = seal(&bench, "2026-11-22T03:00:00Z");
    bench.ring.ensure_period(at("2026-12-05T00:00:00Z"), 45, &bench.entropy).expect("made");
    bench.ring.ensure_period(at("2027-01-05T00:00:00Z"), 45, &bench.entropy).expect("made");
    let (december, _) = seal(&bench, "2026-12-05T00:00:00Z");
    assert_ne!(tag(&november), tag(&december));
    let taggers = bench.ring.previous_sealers(at("2026-12-05T00:00:00Z")).expect("taggers");
    assert_eq!(taggers.len(), 1);
    assert_eq!(tag_before(&taggers[0]), Some(tag(&november)));
    // November's key was made with the ring, and so with the default overlap of 30 days.
    for (now, expected) in [
        ("2026-11-30T23:54:59Z", &[][..]),
        // In the minutes before the turn that of another gateway's queries.
        ("2026-11-30T23:55:00Z", &["data-2026-12"][..]),
        ("2026-12-01T00:00:00Z", &["data-2026-11"][..]),
        ("2026-12-30T23:59:59Z", &["data-2026-11"][..]),
        ("2026-12-31T00:00:00Z", &[][..]),
        ("2027-01-01T00:00:00Z", &["data-2026-12"][..]),
        ("2027-02-14T23:59:59Z", &["data-2026-12", "data-2027-01"][..]),
        ("2027-02-15T00:00:00Z", &["data-2027-01"][..]),
    ] {
        assert_eq!(previous(&bench.reopened(), now), expected, "{now}");
    }
}

#[test]
fn destroying_a_data_key_ends_opening_and_linking() {
    let mut bench = Bench::new();
    let (sealer, sealed) = seal(&bench, "2026-11-22T03:00:00Z");
    let gone = tag(&sealer);
    let now = at("2026-12-02T00:00:00Z");
    bench.ring.ensure_period(now, 30, &bench.entropy).expect("made");
    let (_, kept) = seal(&bench, "2026-12-02T00:00:00Z");
    let body_bytes = |bench: &Bench| {
        let text = std::fs::read_to_string(bench.file()).expect("read");
        text.rsplit_once("\"body\":").map(|(_, body)| body.len()).expect("a body")
    };
    let before = body_bytes(&bench);
    bench.ring.destroy(&id("data-2026-11"), now, &bench.entropy).expect("destroyed");
    assert!(body_bytes(&bench) < before, "the material has left the file");

    for ring in [&bench.ring, &bench.reopened()] {
        let refused = UnsealError::Destroyed(id("data-2026-11"));
        assert_eq!(unseal(ring, "data-2026-11", &sealed), Err(refused));
        assert_eq!(previous(ring, "2026-12-02T00:00:00Z"), [""; 0]);
        let refused = ring.sealer(at("2026-11-22T03:00:00Z"), ORIGIN).err();
        assert_eq!(refused, Some(KeyError::NeedsPeriod));
        assert_eq!(unseal(ring, "data-2026-12", &kept).as_deref(), Ok(PLAIN));
        let status = ring.status(now);
        let destroyed = status.iter().find(|key| key.id == id("data-2026-11")).expect("named");
        assert_eq!((destroyed.state, destroyed.destroyed), (KeyState::Destroyed, Some(now)));
    }

    // Should the clock go back into that month, it gets a new key under a new name, which links to nothing.
    let back = at("2026-11-29T00:00:00Z");
    assert_eq!(ensure(&mut bench, "2026-11-29T00:00:00Z", 30), Some(id("data-2026-11-2")));
    let sealer = bench.ring.sealer(back, ORIGIN).expect("a sealer");
    assert_ne!(tag(&sealer), gone);
}

#[test]
fn a_data_key_is_replaced_within_its_month() {
    let mut bench = Bench::new();
    let (_, sealed) = seal(&bench, "2026-11-22T03:00:00Z");
    let ids = bench.rotate(KeyUse::Data, "2026-11-25T00:00:00Z", 2);
    assert_eq!(ids, [id("data-2026-11-2")]);
    for (now, key, before) in [
        ("2026-11-24T23:54:59Z", "data-2026-11", &[][..]),
        ("2026-11-24T23:59:59Z", "data-2026-11", &["data-2026-11-2"][..]),
        ("2026-11-25T00:00:00Z", "data-2026-11-2", &["data-2026-11"][..]),
        ("2026-11-27T00:00:00Z", "data-2026-11-2", &[][..]),
    ] {
        let ring = bench.reopened();
        assert_eq!(ring.sealer(at(now), ORIGIN).expect("a sealer").key_id(), &id(key));
        assert_eq!(previous(&ring, now), before, "{now}");
    }
    assert_eq!(unseal(&bench.ring, "data-2026-11", &sealed).as_deref(), Ok(PLAIN));
    for now in ["2026-11-25T00:00:00Z", "2026-11-24T00:00:00Z"] {
        let refused = rotate(&mut bench.ring, KeyUse::Data, at(now), 2, &bench.entropy).err();
        assert!(matches!(refused, Some(ChangeError::ClockBehind(_))), "{now}");
    }
    let now = at("2026-11-26T00:00:00Z");
    bench.ring.destroy(&id("data-2026-11"), now, &bench.entropy).expect("destroyed");
    // In a month without a key, rotating makes the first.
    assert_eq!(bench.rotate(KeyUse::Data, "2026-12-09T00:00:00Z", 2), [id("data-2026-12")]);
}

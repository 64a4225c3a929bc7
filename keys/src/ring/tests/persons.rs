//! One person's records destroyed alone.

use super::*;
use crate::{Sealed, SealedBytes, Sealer, UnsealError};

const QUERY: &str = "01930000-0000-7000-8000-000000000001";
const OTHER: &str = "990028195512310087";
const THIRD: &str = "990002198802292024";
const NOVEMBER: &str = "data-2026-11";
const NOW: &str = "2026-12-02T00:00:00Z";

fn seal(sealer: &Sealer, bench: &Bench, number: &str) -> Sealed {
    let sealed = sealer.person(number).seal(QUERY, number.as_bytes(), SealedBytes::B1024, &bench.entropy);
    sealed.expect("sealed")
}

fn unseal(ring: &Ring, key: &str, sealed: &Sealed) -> Result<String, UnsealError> {
    let Sealed { ciphertext, commit } = sealed;
    let opened = ring.unseal(&id(key), ORIGIN, QUERY, ciphertext, commit)?;
    Ok(opened.disclose(|plain| String::from_utf8_lossy(plain).into_owned()))
}

/// A ring in December that has sealed a record of each in November.
fn december() -> (Bench, Sealer, [Sealed; 3]) {
    let mut bench = Bench::new();
    let sealer = bench.ring.sealer(start(), ORIGIN).expect("a sealer");
    ensure(&mut bench, NOW, 30);
    let sealed = [PERSON, OTHER, THIRD].map(|number| seal(&sealer, &bench, number));
    (bench, sealer, sealed)
}

fn destroy(bench: &mut Bench, keys: &[&str], number: &str) -> Result<(), ChangeError> {
    let keys: Vec<_> = keys.iter().map(|key| id(key)).collect();
    bench.ring.destroy_person(&keys, number, at(NOW), &bench.entropy)
}

#[test]
fn persons_are_not_destroyed_under_keys_in_force_of_other_uses_or_unknown() {
    let (mut bench, _, sealed) = december();
    bench.rotate(KeyUse::State, NOW, 0);
    let before = std::fs::read(bench.file()).expect("read");
    let mut refused = |keys: &[&str]| destroy(&mut bench, keys, PERSON).expect_err("refused");
    assert!(matches!(refused(&["data-2026-12"]), ChangeError::InUse(_)));
    assert!(matches!(refused(&["ring-1"]), ChangeError::InUse(_)));
    assert!(matches!(refused(&["data-2026-10"]), ChangeError::UnknownKey(_)));
    assert!(matches!(refused(&["state-1"]), ChangeError::NotData(_)));
    // All of the keys or none.
    assert!(matches!(refused(&[NOVEMBER, "data-2026-12"]), ChangeError::InUse(_)));
    assert_eq!(std::fs::read(bench.file()).expect("read"), before);
    assert_eq!(unseal(&bench.ring, NOVEMBER, &sealed[0]).as_deref(), Ok(PERSON));
}

#[test]
fn the_persons_records_are_gone_and_all_others_stay() {
    let (mut bench, sealer, sealed) = december();
    let tags = |number| sealer.person(number).subject_tag("bank-1", "lending");
    assert_eq!(bench.ring.whole_data_keys(), [NOVEMBER, "data-2026-12"].map(id));
    destroy(&mut bench, &[NOVEMBER], PERSON).expect("destroyed");
    for ring in [&bench.ring, &bench.reopened()] {
        assert_eq!(ring.whole_data_keys(), [id("data-2026-12")], "of the other key nobody can say what opens");
        let gone = UnsealError::PersonDestroyed(id(NOVEMBER));
        assert_eq!(unseal(ring, NOVEMBER, &sealed[0]), Err(gone));
        assert_eq!(unseal(ring, NOVEMBER, &sealed[1]).as_deref(), Ok(OTHER));
        assert_eq!(unseal(ring, NOVEMBER, &sealed[2]).as_deref(), Ok(THIRD));
        let taggers = ring.previous_sealers(at(NOW)).expect("taggers");
        let tag = |number| taggers[0].subject_tag("bank-1", "lending", number);
        assert_eq!(tag(PERSON), None);
        assert_eq!((tag(OTHER), tag(THIRD)), (Some(tags(OTHER)), Some(tags(THIRD))));
        let status = ring.status(at(NOW)).into_iter().find(|key| key.id == id(NOVEMBER)).expect("named");
        assert_eq!((status.state, status.person_destroyed), (KeyState::Accepted, Some(at(NOW))));
    }
    // The new month knows the person again, under keys that have nothing to do with the old ones.
    let december = bench.ring.sealer(at(NOW), ORIGIN).expect("a sealer");
    let again = seal(&december, &bench, PERSON);
    assert_eq!(unseal(&bench.ring, "data-2026-12", &again).as_deref(), Ok(PERSON));
    assert_ne!(december.person(PERSON).subject_tag("bank-1", "lending"), tags(PERSON));
}

#[test]
fn the_data_key_itself_leaves_the_ring_and_its_fingerprint_stays() {
    let (mut bench, _, _) = december();
    let fingerprint = |bench: &Bench| {
        let status = bench.reopened().status(at(NOW)).into_iter();
        status.filter(|key| key.id == id(NOVEMBER)).map(|key| key.fingerprint).collect::<Vec<_>>()
    };
    let before = fingerprint(&bench);
    destroy(&mut bench, &[NOVEMBER], PERSON).expect("destroyed");
    for ring in [&bench.ring, &bench.reopened()] {
        let key = ring.content.keys.iter().find(|key| key.entry.id == id(NOVEMBER)).expect("named");
        assert!(matches!(key.disclose(|key| *key), Err(KeyError::Destroyed(_))));
    }
    assert_eq!(fingerprint(&bench), before);
}

#[test]
fn a_second_person_and_then_the_month_can_be_destroyed() {
    let (mut bench, _, sealed) = december();
    destroy(&mut bench, &[NOVEMBER], PERSON).expect("destroyed");
    let again = destroy(&mut bench, &[NOVEMBER], PERSON).expect_err("gone");
    assert!(matches!(again, ChangeError::PersonDestroyed(key) if key == id(NOVEMBER)));
    destroy(&mut bench, &[NOVEMBER], OTHER).expect("destroyed");
    let opened = |bench: &Bench| sealed.each_ref().map(|sealed| unseal(&bench.reopened(), NOVEMBER, sealed).is_ok());
    assert_eq!(opened(&bench), [false, false, true]);

    bench.ring.destroy(&id(NOVEMBER), at(NOW), &bench.entropy).expect("destroyed");
    assert_eq!(opened(&bench), [false, false, false]);
    let gone = unseal(&bench.reopened(), NOVEMBER, &sealed[2]);
    assert_eq!(gone, Err(UnsealError::Destroyed(id(NOVEMBER))));
    let refused = destroy(&mut bench, &[NOVEMBER], THIRD).expect_err("gone");
    assert!(matches!(refused, ChangeError::AlreadyDestroyed(_)));
}

#[test]
fn what_was_changed_does_not_open_and_a_long_record_opens_whoever_was_destroyed() {
    let (mut bench, sealer, sealed) = december();
    let long = sealer.person(OTHER).seal(QUERY, &[b'7'; 2015], SealedBytes::B2048, &bench.entropy).expect("sealed");
    destroy(&mut bench, &[NOVEMBER], PERSON).expect("destroyed");
    let mut changed = sealed[1].clone();
    changed.ciphertext[14] ^= 1;
    let refused = unseal(&bench.ring, NOVEMBER, &changed);
    assert_eq!(refused, Err(UnsealError::PersonDestroyed(id(NOVEMBER))));
    assert_eq!(unseal(&bench.ring, NOVEMBER, &long).map(|plain| plain.len()), Ok(2015));
}

#[test]
fn a_key_under_which_a_person_was_destroyed_seals_nothing_more() {
    let (mut bench, _, _) = december();
    destroy(&mut bench, &[NOVEMBER], PERSON).expect("destroyed");
    let back = "2026-11-29T00:00:00Z";
    assert_eq!(bench.ring.sealer(at(back), ORIGIN).err(), Some(KeyError::NeedsPeriod));
    assert_eq!(ensure(&mut bench, back, 30), Some(id("data-2026-11-2")));
    let sealer = bench.ring.sealer(at(back), ORIGIN).expect("a sealer");
    assert_eq!(sealer.key_id(), &id("data-2026-11-2"));
}

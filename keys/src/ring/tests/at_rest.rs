//! The file: who may read it, what happens to a changed one, and what a failed write leaves.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sha2::{Digest, Sha256};

use super::{super::file, *};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
}

fn refusal(bench: &Bench) -> RingError {
    Ring::open(&bench.dir(), &bench.kek).err().expect("a refusal")
}

#[test]
fn a_ring_that_others_may_see_is_not_opened() {
    let bench = Bench::new();
    for (path, right, wrong) in [
        (bench.file(), 0o600, 0o644),
        (bench.file(), 0o600, 0o640),
        (bench.dir(), 0o700, 0o755),
        (bench.dir(), 0o700, 0o711),
    ] {
        set_mode(&path, wrong);
        let refused = refusal(&bench);
        assert!(matches!(refused, RingError::File(FileError::Mode { mode, .. }) if mode == wrong));
        set_mode(&path, right);
        bench.reopened();
    }
}

#[test]
fn a_ring_is_not_written_where_others_may_see_it() {
    let bench = Bench::new();
    let open = bench.scratch.path().join("open");
    fs::create_dir(&open).expect("a folder");
    set_mode(&open, 0o755);
    let refused = Ring::create(&open, &bench.kek, start(), ORIGIN, false, &bench.entropy);
    assert!(matches!(refused.err(), Some(ChangeError::Ring(RingError::File(FileError::Mode { .. })))));
    assert_eq!(fs::read_dir(&open).expect("listed").count(), 0);
}

#[test]
fn a_missing_ring_is_named_as_such() {
    let bench = Bench::new();
    fs::remove_file(bench.file()).expect("removed");
    assert!(matches!(refusal(&bench), RingError::Missing { .. }));
    fs::remove_dir(bench.dir()).expect("removed");
    assert!(matches!(refusal(&bench), RingError::Missing { .. }));
}

#[test]
fn an_existing_ring_is_never_overwritten() {
    let bench = Bench::new();
    let before = fs::read(bench.file()).expect("read");
    let refused = Ring::create(&bench.dir(), &bench.kek, start(), ORIGIN, true, &bench.entropy);
    assert!(matches!(refused.err(), Some(ChangeError::Ring(RingError::Exists { .. }))));
    assert_eq!(fs::read(bench.file()).expect("read"), before);
}

#[test]
fn another_key_does_not_open_the_ring() {
    let bench = Bench::new();
    let other = bench.scratch.path().join("other");
    let other = Kek::create_key_file(&other, &bench.entropy).expect("a key file");
    let refused = Ring::open(&bench.dir(), &other).err();
    assert!(matches!(refused, Some(RingError::WrongKek)));
    let phrase = passphrase("correct horse battery");
    let refused = Ring::open(&bench.dir(), &phrase).err();
    assert!(matches!(refused, Some(RingError::Kek(KekError::OtherKind { .. }))));
}

#[test]
fn a_ring_under_a_passphrase_opens_with_that_passphrase_only() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("keys");
    let kek = passphrase("correct horse battery");
    Ring::create(&dir, &kek, start(), ORIGIN, false, &Stream::new()).expect("a ring");
    let refused = Ring::open(&dir, &passphrase("correct horse Battery")).err();
    assert!(matches!(refused, Some(RingError::WrongKek)));
    // The cost comes from the header, not from who opens.
    let dearer = crate::kek::Argon2Cost { passes: 2, ..CHEAP };
    let phrase = Secret::new("correct horse battery".to_owned());
    let kek = Kek::from_passphrase(phrase, dearer).expect("long enough");
    Ring::open(&dir, &kek).expect("opened");
}

#[test]
fn a_change_of_any_byte_is_refused() {
    let by_file = Bench::new();
    let scratch = Scratch::new();
    let phrase = passphrase("correct horse battery");
    let dir = scratch.path().join("keys");
    Ring::create(&dir, &phrase, start(), ORIGIN, true, &Stream::new()).expect("a ring");

    for (path, kek) in [(by_file.file(), &by_file.kek), (dir.join(FILE_NAME), &phrase)] {
        let bytes = fs::read(path).expect("read");
        file::read(&bytes, kek).expect("sound");
        for place in 0..bytes.len() {
            for flip in [0x01, 0x02, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[place] ^= flip;
                assert!(file::read(&changed, kek).is_err(), "byte {place} ^ {flip}");
            }
            assert!(file::read(&bytes[..place], kek).is_err(), "cut at {place}");
            let mut longer = bytes.clone();
            longer.insert(place, b' ');
            assert!(file::read(&longer, kek).is_err(), "blank before {place}");
        }
        assert!(file::read(&[bytes, b"\n".to_vec()].concat(), kek).is_err());
    }
}

#[test]
fn a_header_of_another_ring_or_moment_is_refused() {
    let mut bench = Bench::new();
    let header_of = |text: &str| {
        let (header, body) = text.rsplit_once(",\"body\"").expect("a ring");
        (header.to_owned(), body.to_owned())
    };
    let before = fs::read_to_string(bench.file()).expect("read");
    bench.rotate(KeyUse::State, "2026-12-01T00:00:00Z", 1);
    let after = fs::read_to_string(bench.file()).expect("read");
    let (old, new) = (header_of(&before), header_of(&after));
    for mixed in [(&old.0, &new.1), (&new.0, &old.1)] {
        let text = format!("{},\"body\"{}", mixed.0, mixed.1);
        let refused = file::read(text.as_bytes(), &bench.kek).err();
        assert!(matches!(refused, Some(RingError::Damaged)));
    }
}

#[test]
fn the_demo_mark_stays_and_cannot_be_rubbed_out() {
    assert!(!Bench::new().reopened().is_demo());
    let mut bench = Bench::made(true);
    bench.rotate(KeyUse::Ring, "2026-12-01T00:00:00Z", 0);
    assert!(bench.ring.is_demo() && bench.reopened().is_demo());

    let text = fs::read_to_string(bench.file()).expect("read");
    let rubbed = text.replace("\"demo\":true", "\"demo\":false");
    assert_ne!(rubbed, text);
    let refused = file::read(rubbed.as_bytes(), &bench.kek).err();
    assert!(matches!(refused, Some(RingError::Damaged)));
}

#[test]
fn a_change_by_another_process_is_not_lost() {
    let mut bench = Bench::new();
    let mut other = bench.reopened();
    let ids = bench.rotate(KeyUse::State, "2026-12-01T00:00:00Z", 1);
    let now = at("2026-12-02T00:00:00Z");
    let refused = rotate(&mut other, KeyUse::State, now, 1, &bench.entropy).err();
    assert!(matches!(refused, Some(ChangeError::Ring(RingError::Overtaken))));
    assert_eq!(ids, [id("state-2")]);
    assert_eq!(states(&bench.reopened(), now), bench.states("2026-12-02T00:00:00Z"));

    // Once it has read the other's change, it may make its own.
    other.reopen().expect("reopened");
    assert_eq!(states(&other, now), bench.states("2026-12-02T00:00:00Z"));
    let ids = rotate(&mut other, KeyUse::State, now, 1, &bench.entropy).expect("rotated");
    assert_eq!(ids, [id("state-3")]);
}

#[test]
fn a_ring_of_another_release_is_named_as_such() {
    let bench = Bench::new();
    let text = fs::read_to_string(bench.file()).expect("read").replace("ring/2", "ring/1");
    assert!(matches!(file::read(text.as_bytes(), &bench.kek).err(), Some(RingError::Format)));
}

#[test]
fn a_refusal_of_what_the_file_contains_names_the_file() {
    let mut bench = Bench::new();
    let text = fs::read_to_string(bench.file()).expect("read");
    for changed in [text.replace("ring/2", "ring/1"), text.replace("\"demo\":false", "\"demo\":true"), "{}".to_owned()]
    {
        assert_ne!(changed, text);
        fs::write(bench.file(), &changed).expect("written");
        let named = format!("`{}`: the ring", bench.file().display());
        for refused in [refusal(&bench), bench.ring.reopen().expect_err("a refusal")] {
            assert!(refused.to_string().starts_with(&named), "{refused}");
        }
    }
}

#[test]
fn a_write_of_unknown_fate_is_settled_by_the_next_change() {
    let mut bench = Bench::new();
    let december = "2026-12-01T00:00:00Z";
    let failed = |bench: &mut Bench| {
        let refused = bench.ring.ensure_period(at(december), 30, &bench.entropy).err();
        assert!(matches!(refused, Some(ChangeError::Ring(RingError::File(FileError::UnknownFate { .. })))));
    };
    SYNC_FAILS.set(true);
    failed(&mut bench);
    failed(&mut bench);
    SYNC_FAILS.set(false);
    // The file has the key; memory takes it over instead of making another.
    let turn = bench.ring.ensure_period(at(december), 30, &bench.entropy).expect("settled");
    assert_eq!(turn, Turn { keys: vec![id("data-2026-12")], made: false });
    assert_eq!(states(&bench.reopened(), at(december)), bench.states(december));
    assert_eq!(bench.rotate(KeyUse::State, "2026-12-02T00:00:00Z", 1), [id("state-2")]);
}

#[test]
fn after_a_power_cut_that_kept_the_old_file_the_change_is_made_again() {
    let mut bench = Bench::new();
    let old = fs::read(bench.file()).expect("read");
    SYNC_FAILS.set(true);
    let refused = bench.ring.ensure_period(at("2026-12-01T00:00:00Z"), 30, &bench.entropy).err();
    assert!(refused.is_some());
    SYNC_FAILS.set(false);
    fs::write(bench.file(), &old).expect("written");
    assert_eq!(ensure(&mut bench, "2026-12-01T00:00:00Z", 30), Some(id("data-2026-12")));

    // A file that is neither the old one nor the new one is somebody else's.
    SYNC_FAILS.set(true);
    let refused = bench.ring.ensure_period(at("2027-01-01T00:00:00Z"), 30, &bench.entropy).err();
    assert!(refused.is_some());
    SYNC_FAILS.set(false);
    fs::write(bench.file(), &old).expect("written");
    let refused = bench.ring.ensure_period(at("2027-01-01T00:00:00Z"), 30, &bench.entropy).err();
    assert!(matches!(refused, Some(ChangeError::Ring(RingError::Overtaken))));
    // Nor is it taken over: it lacks a key that this process has used.
    assert!(matches!(bench.ring.reopen(), Err(RingError::Older)));
}

#[test]
fn a_file_without_a_destruction_is_not_taken_over() {
    let mut bench = Bench::new();
    ensure(&mut bench, "2026-12-02T00:00:00Z", 30);
    let (key, now) = (id("data-2026-11"), at("2026-12-02T00:00:00Z"));
    let whole = fs::read(bench.file()).expect("read");
    bench.ring.destroy_person(std::slice::from_ref(&key), PERSON, now, &bench.entropy).expect("destroyed");
    let cut = fs::read(bench.file()).expect("read");
    fs::write(bench.file(), &whole).expect("written");
    assert!(matches!(bench.ring.reopen(), Err(RingError::Older)));
    fs::write(bench.file(), &cut).expect("written");
    bench.ring.destroy(&key, now, &bench.entropy).expect("destroyed");
    fs::write(bench.file(), &cut).expect("written");
    assert!(matches!(bench.ring.reopen(), Err(RingError::Older)));
}

#[test]
fn fingerprints_tell_two_keys_of_one_id_apart_and_outlive_the_key() {
    let (mut one, two) = (Bench::new(), Bench::new());
    let fingerprints = |ring: &Ring| {
        let status = ring.status(start()).into_iter();
        status.map(|key| (key.id, key.fingerprint)).collect::<Vec<_>>()
    };
    let before = fingerprints(&one.ring);
    assert!(before.iter().all(|(_, fingerprint)| fingerprint.len() == 22), "{before:?}");
    assert_eq!(fingerprints(&one.reopened()), before);
    // The rings of these tests have the same randomness, so a second one has the same keys; a turn makes others.
    assert_eq!(fingerprints(&two.ring), before);
    let state = one.rotate(KeyUse::State, "2026-12-01T00:00:00Z", 0);
    let data = ensure(&mut one, "2026-12-01T00:00:00Z", 0);
    one.ring.destroy(&id("state-1"), at("2026-12-02T00:00:00Z"), &one.entropy).expect("destroyed");
    let after = fingerprints(&one.reopened());
    assert_eq!(&after[..6], &before[..6]);
    let distinct: std::collections::HashSet<_> = after.iter().map(|(_, fingerprint)| fingerprint).collect();
    assert_eq!((distinct.len(), state, data), (9, vec![id("state-2")], Some(id("data-2026-12"))));

    let public_key = one.ring.log_signer(ORIGIN).expect("a signer").public_key();
    let digest = Sha256::digest(public_key);
    let log = one.ring.status(start()).into_iter().find(|key| key.key_use == KeyUse::Log).expect("a log key");
    let read = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, log.fingerprint);
    assert_eq!(read.expect("base64url"), digest[..16]);
}

#[test]
fn a_failed_write_leaves_the_ring_as_it_was() {
    let mut bench = Bench::new();
    let now = at("2026-12-01T00:00:00Z");
    let before = fs::read(bench.file()).expect("read");
    let before_states = bench.states("2026-12-01T00:00:00Z");

    let refused = rotate(&mut bench.ring, KeyUse::Pseudonym, now, 30, &NoEntropy).err();
    assert!(matches!(refused, Some(ChangeError::Ring(RingError::Entropy(_)))));
    // A folder stands where the temporary file should go.
    let in_the_way = bench.dir().join(".ring.json.new");
    fs::create_dir(&in_the_way).expect("a folder");
    for key_use in [KeyUse::Pseudonym, KeyUse::State, KeyUse::Data, KeyUse::Ring] {
        let refused = rotate(&mut bench.ring, key_use, now, 30, &bench.entropy).err();
        assert!(matches!(refused, Some(ChangeError::Ring(RingError::File(FileError::Io { .. })))));
    }
    assert_eq!(bench.states("2026-12-01T00:00:00Z"), before_states);
    assert_eq!(fs::read(bench.file()).expect("read"), before);

    fs::remove_dir(in_the_way).expect("removed");
    bench.rotate(KeyUse::Pseudonym, "2026-12-01T00:00:00Z", 30);
    let reopened = states(&bench.reopened(), now);
    assert_eq!(reopened, bench.states("2026-12-01T00:00:00Z"));
}

#[test]
fn the_ring_key_turns_without_changing_what_it_guards() {
    let mut bench = Bench::new();
    let before = issued(&bench.ring, "2026-12-01T00:00:00Z");
    let wrapped = |bench: &Bench| bench.ring.ring_key.disclose(|key| *key);
    let old = wrapped(&bench);
    let ids = bench.rotate(KeyUse::Ring, "2026-12-01T00:00:00Z", 0);
    assert_eq!(ids, [id("ring-2")]);
    assert_ne!(wrapped(&bench), old);
    assert_eq!(issued(&bench.reopened(), "2026-12-01T00:00:00Z"), before);
    // The next change is written under the new key.
    bench.rotate(KeyUse::State, "2026-12-02T00:00:00Z", 0);
    assert_eq!(issued(&bench.reopened(), "2026-12-02T00:00:00Z"), before);
}

#[test]
fn no_key_stands_in_the_file() {
    let bench = Bench::new();
    let bytes = fs::read(bench.file()).expect("read");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = String::from_utf8(bytes.clone()).expect("text");
    for key in &bench.ring.content.keys {
        let material = key.disclose(|key| *key).expect("material");
        assert!(!bytes.windows(8).any(|window| material.starts_with(window)));
        assert!(!text.contains(&hex(&material[..8])));
    }
    let names = fs::read_dir(bench.dir()).expect("listed");
    let names: Vec<_> = names.map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(names, [FILE_NAME]);
}

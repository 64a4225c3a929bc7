//! The ring as a custodian meets it.

mod ahead;
mod at_rest;
mod handed;
mod life;
mod persons;
mod records;
mod turns;

use std::path::PathBuf;

use jiff::Timestamp;

use super::{at_rest::FILE_NAME, *};
use crate::{
    Entropy, FileError, Issued, Kek, KekError, KeyId, KeyUse, Pseudonym, Secret,
    kek::{CHEAP, passphrase},
    scratch::{NoEntropy, SYNC_FAILS, Scratch, Stream},
};

const ORIGIN: &str = "credit-gateway.example/2026/r1";
const PERSON: &str = "990001199003071012";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// When the rings of these tests are made.
fn start() -> Timestamp {
    at("2026-11-22T02:00:00Z")
}

fn id(text: &str) -> KeyId {
    KeyId::parse(text).expect("an id")
}

/// A ring in a folder of its own, with its key file beside it and randomness that never repeats.
struct Bench {
    scratch: Scratch,
    entropy: Stream,
    kek: Kek,
    ring: Ring,
}

impl Bench {
    fn new() -> Self {
        Self::made(false)
    }

    fn made(demo: bool) -> Self {
        let (scratch, entropy) = (Scratch::new(), Stream::new());
        let kek = Kek::create_key_file(&scratch.path().join("kek"), &entropy).expect("a key file");
        let dir = scratch.path().join("keys");
        let ring = Ring::create(&dir, &kek, start(), ORIGIN, demo, &entropy).expect("a ring");
        Self { scratch, entropy, kek, ring }
    }

    fn dir(&self) -> PathBuf {
        self.scratch.path().join("keys")
    }

    fn file(&self) -> PathBuf {
        self.dir().join(FILE_NAME)
    }

    fn reopened(&self) -> Ring {
        Ring::open(&self.dir(), &self.kek).expect("reopened")
    }

    fn rotate(&mut self, key_use: KeyUse, now: &str, overlap_days: u16) -> Vec<KeyId> {
        let rotated = rotate(&mut self.ring, key_use, at(now), overlap_days, &self.entropy);
        rotated.expect("rotated")
    }

    /// The state of every key that is not of the ring itself.
    fn states(&self, now: &str) -> Vec<(String, KeyState)> {
        states(&self.ring, at(now))
    }
}

/// Turns the keys of a use on purpose, with all keys before in the log.
fn rotate(
    ring: &mut Ring,
    key_use: KeyUse,
    now: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<Vec<KeyId>, ChangeError> {
    let is_introduced = &|_: &KeyId| true;
    let turn = ring.rotate(&Rotation { key_use, now, overlap_days, end_overlap: true, is_introduced }, entropy)?;
    assert!(turn.made);
    Ok(turn.keys)
}

/// The key that was made for the month of `now`, if one was.
fn ensure(bench: &mut Bench, now: &str, overlap_days: u16) -> Option<KeyId> {
    let turn = bench.ring.ensure_period(at(now), overlap_days, &bench.entropy).expect("ensured");
    if turn.made { turn.keys.first().cloned() } else { None }
}

fn states(ring: &Ring, now: Timestamp) -> Vec<(String, KeyState)> {
    let status = ring.status(now).into_iter();
    let named = status.map(|key| (key.id.as_str().to_owned(), key.state));
    named.filter(|(id, _)| !id.starts_with("ring")).collect()
}

/// Current and previous pseudonym of the test's person.
fn issued(ring: &Ring, now: &str) -> (String, Option<String>) {
    let pseudonyms = ring.pseudonyms(at(now)).expect("pseudonyms");
    let Issued { current, previous } = pseudonyms.issue("housing-hz", "housing", PERSON);
    let text = |pseudonym: Pseudonym| pseudonym.as_str().to_owned();
    (text(current), previous.map(text))
}

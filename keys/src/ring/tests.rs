//! The ring as a custodian meets it.

mod at_rest;
mod life;
mod records;

use super::*;
use crate::scratch::{CHEAP, NoEntropy, Scratch, Stream, passphrase};
use crate::{Issued, KekError, Pseudonym};

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
        let rotated = self.ring.rotate(key_use, at(now), overlap_days, &self.entropy);
        rotated.expect("rotated")
    }

    /// The state of every key that is not of the ring itself.
    fn states(&self, now: &str) -> Vec<(String, KeyState)> {
        states(&self.ring, at(now))
    }
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

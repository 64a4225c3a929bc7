//! Whether the gateways have the same keys in force, without a database.
//!
//! Each says which keys it has that are in force, or will be: id, fingerprint and from when on. Who has another key of the same id has
//! another ring, and both refuse. Who lacks one whose time comes refuses by itself, and the others go on. So nobody has to turn at the
//! very moment at which another one does.

use std::sync::Arc;

use credit_keys::{KeyStatus, KeyUse};
use jiff::{SignedDuration, Timestamp};

use super::fault::StateFault;

/// So long before a key is in force it must be there.
const BEFORE: SignedDuration = SignedDuration::from_secs(1);

/// The keys of this gateway.
#[derive(Clone)]
pub(crate) struct OwnKeys {
    /// Stands for those in force, for gateways of a release that compares nothing else.
    pub(crate) digest: [u8; 32],
    /// All that those who count together have in common, by whatever state.
    pub(crate) shared: Arc<Vec<KeyStatus>>,
    pub(crate) now: Timestamp,
}

/// What another gateway said of its keys.
pub(super) struct Other {
    pub(super) origin: String,
    pub(super) digest: Vec<u8>,
    /// Nothing of a release that says no more than the digest.
    pub(super) keys: Option<String>,
    /// Whether it was here within seconds.
    pub(super) is_here: bool,
}

/// Of the tag keys those of pseudonyms say enough: they turn together.
fn is_said(key: &KeyStatus) -> bool {
    matches!(key.key_use, KeyUse::Pseudonym | KeyUse::State | KeyUse::Data) && key.destroyed.is_none()
}

impl OwnKeys {
    /// What this gateway says of its keys: a line each.
    pub(super) fn said(&self) -> String {
        let is_over = |key: &KeyStatus| key.ends.is_some_and(|ends| ends.superseded <= self.now);
        let said = self.shared.iter().filter(|key| is_said(key) && !is_over(key));
        let lines = said.map(|key| format!("{} {} {}\n", key.id, key.fingerprint, key.activates.as_microsecond()));
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines.concat()
    }

    /// Compares them with those of others.
    ///
    /// # Errors
    /// [`StateFault::OtherRing`], [`StateFault::Lacks`].
    pub(super) fn compare(&self, others: &[Other]) -> Result<(), StateFault> {
        for other in others {
            self.compare_one(other)?;
        }
        Ok(())
    }

    fn compare_one(&self, Other { origin, digest, keys, is_here }: &Other) -> Result<(), StateFault> {
        let other_ring = || if *is_here { Err(StateFault::OtherRing(origin.clone())) } else { Ok(()) };
        let Some(keys) = keys else {
            return if digest[..] == self.digest { Ok(()) } else { other_ring() };
        };
        let soon = self.now.saturating_add(BEFORE).unwrap_or(self.now).as_microsecond();
        for line in keys.lines() {
            let Some((id, fingerprint, activates)) = parsed(line) else { return other_ring() };
            match self.shared.iter().find(|own| own.id.as_str() == id) {
                Some(own) if own.fingerprint == fingerprint => {}
                Some(_) => return other_ring(),
                None if activates > soon => {}
                None => return Err(StateFault::Lacks { key: id.to_owned(), origin: origin.clone() }),
            }
        }
        Ok(())
    }
}

/// Id, fingerprint, and microseconds of Unix time.
pub(super) fn parsed(line: &str) -> Option<(&str, &str, i64)> {
    let mut words = line.split(' ');
    let (id, fingerprint, activates) = (words.next()?, words.next()?, words.next()?);
    Some((id, fingerprint, activates.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use credit_keys::{Ahead, Kek, Ring, SystemEntropy};

    use super::*;
    use crate::scratch::Scratch;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn keys(ring: &Ring, now: &str) -> OwnKeys {
        OwnKeys { digest: [1; 32], shared: Arc::new(ring.status(at(now))), now: at(now) }
    }

    fn other(keys: &OwnKeys, is_here: bool) -> [Other; 1] {
        [Other { origin: "r1".to_owned(), digest: keys.digest.to_vec(), keys: Some(keys.said()), is_here }]
    }

    #[test]
    fn who_lacks_a_key_whose_time_comes_refuses_and_who_has_it_goes_on() {
        let (scratch, entropy) = (Scratch::new(), SystemEntropy::new());
        let kek = Kek::create_key_file(&scratch.path().join("key"), &entropy).unwrap();
        let made = |name: &str| {
            Ring::create(&scratch.path().join(name), &kek, at("2026-11-20T00:00:00Z"), "log/1", true, &entropy).unwrap()
        };
        let mut ring = made("keys");
        let (early, late) = ("2026-11-21T00:00:00Z", "2026-11-21T00:59:59Z");
        let before = |now| OwnKeys { now: at(now), ..keys(&made("keys-of-none"), now) };
        let behind = keys(&ring, early);
        let ahead =
            Ahead { key_use: KeyUse::State, at: at("2026-11-21T01:00:00Z"), overlap_days: 30, end_overlap: false };
        let (id, text) = ring.hand_out_ahead(&ahead, at(early), &entropy).unwrap();
        assert!(ring.take_handed(&id, &text, &entropy).unwrap());
        let has = |now| keys(&ring, now);
        assert!(behind.compare(&other(&has(early), true)).is_ok(), "its time has not come");
        for is_here in [true, false] {
            let lacks = OwnKeys { now: at(late), ..behind.clone() }.compare(&other(&has(early), is_here));
            assert!(matches!(lacks, Err(StateFault::Lacks { key, .. }) if key == "state-2"));
        }
        for now in [early, late, "2026-11-21T02:00:00Z"] {
            let here = has(now);
            assert!(here.compare(&other(&behind, true)).is_ok(), "it goes on");
            assert!(here.compare(&other(&has(early), true)).is_ok(), "whose clock is behind");
        }
        // Another key of the same name; and of one that is gone nothing is compared but what is lacking.
        let stranger = before(early);
        assert!(matches!(stranger.compare(&other(&behind, true)), Err(StateFault::OtherRing(_))));
        assert!(stranger.compare(&other(&behind, false)).is_ok());
        let malformed = Other { keys: Some("state-1".to_owned()), ..other(&behind, true).into_iter().next().unwrap() };
        assert!(matches!(behind.compare(&[malformed]), Err(StateFault::OtherRing(_))));
        // Of a release that says the digest alone.
        let old = |digest: u8| Other { origin: "r1".to_owned(), digest: vec![digest; 32], keys: None, is_here: true };
        assert!(behind.compare(&[old(1)]).is_ok());
        assert!(matches!(behind.compare(&[old(2)]), Err(StateFault::OtherRing(_))));
    }
}

//! Snapshots of the ring at one instant, for what serves queries.

use jiff::{SignedDuration, Timestamp};

use super::{
    at_rest::Ring,
    entry::{Key, KeyState},
    error::KeyError,
};
use crate::{
    data_key::DataKey,
    id::{KeyId, KeyUse},
    index_key::IndexKey,
    mac::MacKey,
    pseudonym::{self, EpochKeys, Pseudonyms, TagKey, Traced},
    seal::{self, Sealer, SubjectTagger, UnsealError},
    secret::Secret,
    signer::LogSigner,
    state::StateKey,
};

/// So long before its time a key is looked for beside the one in force: clocks differ, and a query that began before the turn may
/// still be counted after it.
const BESIDE: SignedDuration = SignedDuration::from_mins(5);

/// A stretch of time in which no key of a ring changes its state: snapshots taken in it are right all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    from: Timestamp,
    until: Option<Timestamp>,
}

impl Steady {
    /// Whether `at` lies in it. Ask in both directions: a clock may be set back.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// When the next key changes its state.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl Ring {
    /// Whether a key's time comes within [`BESIDE`]: what another copy of the ring counts by it, as its clock is ahead, counts here too.
    fn is_next(key: &Key, at: Timestamp) -> bool {
        let is_soon = at < key.entry.activates && key.entry.activates <= at.saturating_add(BESIDE).unwrap_or(at);
        is_soon && key.entry.state(at) == KeyState::Pending
    }

    /// The stretch around `at` for which snapshots taken now are right, as long as the ring is not changed.
    #[must_use]
    pub fn steady(&self, at: Timestamp) -> Steady {
        let turns = self.content.keys.iter().flat_map(|key| {
            let ends = key.entry.ends;
            let soon = key.entry.activates.checked_sub(BESIDE).ok();
            [soon, Some(key.entry.activates), ends.map(|ends| ends.superseded), ends.map(|ends| ends.accepted_until)]
        });
        let mut steady = Steady { from: Timestamp::MIN, until: None };
        for turn in turns.flatten() {
            if turn <= at {
                steady.from = steady.from.max(turn);
            } else {
                steady.until = Some(steady.until.map_or(turn, |until| until.min(turn)));
            }
        }
        steady
    }

    /// A snapshot that issues pseudonyms at `at`.
    ///
    /// # Errors
    /// [`KeyError::NotInForce`] before the first epoch.
    pub fn pseudonyms(&self, at: Timestamp) -> Result<Pseudonyms, KeyError> {
        let current = self.in_force(KeyUse::Pseudonym, at)?;
        let previous = self.accepted(KeyUse::Pseudonym, at).last();
        Ok(Pseudonyms::new(
            self.epoch_keys(current)?,
            // Without its tag key, destroyed alone, the epoch before issues nothing more.
            previous.and_then(|key| self.epoch_keys(key).ok()),
        ))
    }

    /// Finds to which institution and purpose group, and in which epoch, a pseudonym was issued, by trying them all;
    /// also in retired epochs. One that is altered in any character, or invented, is traced to nobody.
    #[must_use]
    pub fn trace(&self, candidate: &str, institutions: &[&str], purpose_groups: &[&str]) -> Option<Traced> {
        let tags = self.of_use(KeyUse::Tag);
        let keys: Vec<_> = tags.filter_map(|key| key.disclose(|tag| TagKey::new(key.entry.epoch, tag)).ok()).collect();
        pseudonym::trace(&keys, candidate, institutions, purpose_groups)
    }

    /// A snapshot that seals records of `log` and makes subject tags at `at`.
    ///
    /// # Errors
    /// [`KeyError::NeedsPeriod`] in a month without a data key: call [`ensure_period`](Self::ensure_period).
    pub fn sealer(&self, at: Timestamp, log: &str) -> Result<Sealer, KeyError> {
        let key = self.in_force(KeyUse::Data, at).map_err(|_| KeyError::NeedsPeriod)?;
        let ends = key.entry.ends.ok_or(KeyError::NeedsPeriod)?;
        Sealer::new(data_key(key)?, log, ends.superseded).ok_or(KeyError::NeedsPeriod)
    }

    /// Subject tags of earlier data keys that are still accepted at `at`, oldest first: for counts that reach back over
    /// the turn of a month. Before all of them that of the key whose time comes within minutes: who has a faster clock, or began later,
    /// counts by it already.
    ///
    /// # Errors
    /// None in a sound ring.
    pub fn previous_sealers(&self, at: Timestamp) -> Result<Vec<SubjectTagger>, KeyError> {
        let next = self.of_use(KeyUse::Data).filter(|key| Self::is_next(key, at));
        next.chain(self.accepted(KeyUse::Data, at)).map(|key| data_key(key).map(SubjectTagger::new)).collect()
    }

    /// Makes the subject tags of one data key, whatever its age; nothing where there is none of this id, or it was destroyed.
    #[must_use]
    pub fn subject_tagger(&self, key_id: &KeyId) -> Option<SubjectTagger> {
        let key = self.of_use(KeyUse::Data).find(|key| key.entry.id == *key_id)?;
        data_key(key).ok().map(SubjectTagger::new)
    }

    /// The data keys that open all that they ever sealed: neither destroyed, nor anybody's part of them.
    #[must_use]
    pub fn whole_data_keys(&self) -> Vec<KeyId> {
        self.of_use(KeyUse::Data).filter(|key| key.is_whole()).map(|key| key.entry.id.clone()).collect()
    }

    /// Opens the sealed part of the record of query `id` in `log`.
    ///
    /// # Errors
    /// [`UnsealError`].
    pub fn unseal(
        &self,
        key_id: &KeyId,
        log: &str,
        id: &str,
        sealed: &[u8],
        commit: &[u8; 32],
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        let key = self
            .of_use(KeyUse::Data)
            .find(|key| key.entry.id == *key_id)
            .ok_or_else(|| UnsealError::UnknownKey(key_id.clone()))?;
        let key = data_key(key).map_err(|_| UnsealError::Destroyed(key_id.clone()))?;
        seal::unseal(&key, log, id, sealed, commit)
    }

    /// A snapshot that makes digests for the gateway's own state at `at`.
    ///
    /// # Errors
    /// [`KeyError::NotInForce`] before the first state key.
    pub fn state_key(&self, at: Timestamp) -> Result<StateKey, KeyError> {
        let current = self.in_force(KeyUse::State, at)?;
        let previous = self.accepted(KeyUse::State, at).last();
        let is_former =
            |key: &&Key| [Some(current), previous].into_iter().flatten().all(|used| used.entry.id != key.entry.id);
        // A key that is destroyed names nothing any more.
        let former = self.of_use(KeyUse::State).filter(is_former).filter_map(|key| key.disclose(MacKey::new).ok());
        let previous = previous.map(|key| key.disclose(MacKey::new)).transpose()?;
        let next = self.of_use(KeyUse::State).find(|key| Self::is_next(key, at));
        let next = next.map(|key| key.disclose(MacKey::new)).transpose()?;
        Ok(StateKey::with_former(current.disclose(MacKey::new)?, (previous, next), former.collect()))
    }

    /// A snapshot that makes the keys of persons in the index.
    ///
    /// # Errors
    /// [`KeyError::NotInForce`] before the first index key: call [`ensure_index`](Self::ensure_index).
    pub fn index_key(&self, at: Timestamp) -> Result<IndexKey, KeyError> {
        let key = self.in_force(KeyUse::Index, at)?;
        Ok(IndexKey::new(key.entry.id.clone(), key.disclose(MacKey::new)?))
    }

    /// The signer of the log of this origin; also of a retired one, whose last checkpoint it signs.
    ///
    /// # Errors
    /// [`KeyError::UnknownOrigin`] or [`KeyError::Destroyed`].
    pub fn log_signer(&self, origin: &str) -> Result<LogSigner, KeyError> {
        let unknown = || KeyError::UnknownOrigin { origin: origin.to_owned() };
        let key =
            self.of_use(KeyUse::Log).find(|key| key.entry.origin.as_deref() == Some(origin)).ok_or_else(unknown)?;
        LogSigner::new(key.material()?).ok_or_else(unknown)
    }

    /// The pseudonym key and the tag key of one epoch.
    fn epoch_keys(&self, body: &Key) -> Result<EpochKeys, KeyError> {
        let epoch = body.entry.epoch;
        let tag = self
            .of_use(KeyUse::Tag)
            .find(|key| key.entry.epoch == epoch)
            .ok_or(KeyError::NotInForce { key_use: KeyUse::Tag })?;
        body.disclose(|body| tag.disclose(|tag| EpochKeys::new(epoch, body, tag)))?
    }
}

fn data_key(key: &Key) -> Result<DataKey, KeyError> {
    Ok(DataKey::new(key.entry.id.clone(), key.person_keys()?))
}

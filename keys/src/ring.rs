//! The key ring: every key of the gateway, its life, and its file.
//!
//! A ring belongs to one process; what serves queries takes snapshots ([`Pseudonyms`], [`Sealer`], [`StateKey`],
//! [`LogSigner`]) and never touches the ring.

mod change;
mod entry;
mod error;
mod file;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use change::DEFAULT_OVERLAP_DAYS;
pub use entry::{Ends, KeyState, KeyStatus};
pub use error::{ChangeError, KeyError, RingError};

use crate::{
    entropy::Entropy,
    folder::{FileError, PrivateFolder, read_private},
    id::{KeyId, KeyUse},
    kek::Kek,
    mac::MacKey,
    pseudonym::{self, EpochKeys, Pseudonyms, TagKey, Traced},
    seal::{DataKey, Sealer, SubjectTagger, UnsealError},
    secret::{Material, Secret},
    signer::LogSigner,
    state::StateKey,
};
use entry::Key;
use file::{Content, Opened, RingKey};

/// Name of the ring's file in its folder.
const FILE_NAME: &str = "ring.json";

/// Every key of the gateway. It has no `Debug` and no `Clone`.
pub struct Ring {
    dir: PathBuf,
    content: Content,
    kek: Material,
    ring_key: Material,
    /// SHA-256 of the file as last read or written, so that no other process's change is lost.
    stored: [u8; 32],
}

impl Ring {
    /// Makes a ring with a first key of every use, in force at `now`, and writes it into `dir`, which is made with mode
    /// 0700 where it does not exist. `origin` names the log that the log key signs; a `demo` ring is marked for good.
    ///
    /// # Errors
    /// [`ChangeError`]: an existing ring is never overwritten.
    pub fn create(
        dir: &Path,
        kek: &Kek,
        now: Timestamp,
        origin: &str,
        demo: bool,
        entropy: &dyn Entropy,
    ) -> Result<Self, ChangeError> {
        let keys = change::first_keys(now, origin, entropy)?;
        PrivateFolder::create(dir).map_err(RingError::from)?;
        let folder = PrivateFolder::lock(dir).map_err(RingError::from)?;
        if dir.join(FILE_NAME).symlink_metadata().is_ok() {
            let dir = dir.to_owned();
            return Err(RingError::Exists { dir }.into());
        }
        let (kek, lock) = kek.lock(entropy).map_err(RingError::from)?;
        let (ring, ring_key) = RingKey::make(1, now, &kek, entropy)?;
        let content = Content { demo, lock, ring, keys };
        let stored = store(&folder, &content, &ring_key, entropy)?;
        Ok(Self { dir: dir.to_owned(), content, kek, ring_key, stored })
    }

    /// Opens the ring in `dir`: the folder must have mode 0700 and the file 0600, both owned by who runs this.
    ///
    /// # Errors
    /// [`RingError`].
    pub fn open(dir: &Path, kek: &Kek) -> Result<Self, RingError> {
        let missing = || RingError::Missing { dir: dir.to_owned() };
        let not_found = |error: FileError| match error {
            FileError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => missing(),
            other => other.into(),
        };
        // No lock: the file is only ever replaced whole.
        PrivateFolder::examine(dir).map_err(not_found)?;
        let bytes = read_private(&dir.join(FILE_NAME)).map_err(not_found)?;
        let Opened { content, kek, ring_key } = file::read(&bytes, kek)?;
        Ok(Self { dir: dir.to_owned(), content, kek, ring_key, stored: Sha256::digest(&*bytes).into() })
    }

    /// Whether the ring was made for the demo. The mark is authenticated with the keys.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.content.demo
    }

    /// Every key and where it stands at `at`, in the order in which they were made; the ring's own key last.
    #[must_use]
    pub fn status(&self, at: Timestamp) -> Vec<KeyStatus> {
        let ring = &self.content.ring;
        let keys = self.content.keys.iter().map(|key| key.entry.status(at));
        keys.chain([KeyStatus {
            id: ring.id(),
            key_use: KeyUse::Ring,
            epoch: ring.epoch,
            origin: None,
            state: KeyState::Active,
            activates: ring.activates,
            ends: None,
            destroyed: None,
        }])
        .collect()
    }

    /// A snapshot that issues pseudonyms at `at`.
    ///
    /// # Errors
    /// [`KeyError::NotInForce`] before the first epoch.
    pub fn pseudonyms(&self, at: Timestamp) -> Result<Pseudonyms, KeyError> {
        let current = self.in_force(KeyUse::Pseudonym, at)?;
        let previous = self.accepted(KeyUse::Pseudonym, at).last();
        let valid_until = previous.and_then(|key| key.entry.ends);
        Ok(Pseudonyms::new(
            self.epoch_keys(current)?,
            // Without its tag key, destroyed alone, the epoch before issues nothing more.
            previous.and_then(|key| self.epoch_keys(key).ok()),
            valid_until.map(|ends| ends.accepted_until),
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
        Ok(Sealer::new(data_key(key)?, log, ends.superseded))
    }

    /// Subject tags of earlier data keys that are still accepted at `at`, oldest first: for counts that reach back over
    /// the turn of a month.
    ///
    /// # Errors
    /// None in a sound ring.
    pub fn previous_sealers(&self, at: Timestamp) -> Result<Vec<SubjectTagger>, KeyError> {
        self.accepted(KeyUse::Data, at).map(|key| data_key(key).map(SubjectTagger::new)).collect()
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
        data_key(key).map_err(|_| UnsealError::Destroyed(key_id.clone()))?.unseal(log, id, sealed, commit)
    }

    /// A snapshot that makes digests for the gateway's own state at `at`.
    ///
    /// # Errors
    /// [`KeyError::NotInForce`] before the first state key.
    pub fn state_key(&self, at: Timestamp) -> Result<StateKey, KeyError> {
        let current = self.in_force(KeyUse::State, at)?;
        let previous = self.accepted(KeyUse::State, at).last();
        Ok(StateKey::new(current.disclose(MacKey::new)?, previous.map(|key| key.disclose(MacKey::new)).transpose()?))
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

    fn of_use(&self, key_use: KeyUse) -> impl Iterator<Item = &Key> {
        let keys = self.content.keys.iter();
        keys.filter(move |key| key.entry.key_use == key_use)
    }

    fn in_force(&self, key_use: KeyUse, at: Timestamp) -> Result<&Key, KeyError> {
        self.of_use(key_use).find(|key| key.entry.state(at) == KeyState::Active).ok_or(KeyError::NotInForce { key_use })
    }

    fn accepted(&self, key_use: KeyUse, at: Timestamp) -> impl Iterator<Item = &Key> {
        self.of_use(key_use).filter(move |key| key.entry.state(at) == KeyState::Accepted)
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

    /// Writes the next content and then takes it over; refused if another process wrote in the meantime.
    fn commit(&mut self, content: Content, ring_key: Option<Material>, entropy: &dyn Entropy) -> Result<(), RingError> {
        let folder = PrivateFolder::lock(&self.dir)?;
        let present = read_private(&self.dir.join(FILE_NAME))?;
        if self.stored != <[u8; 32]>::from(Sha256::digest(&*present)) {
            return Err(RingError::Overtaken);
        }
        let sealing_key = ring_key.as_ref().unwrap_or(&self.ring_key);
        self.stored = store(&folder, &content, sealing_key, entropy)?;
        self.content = content;
        if let Some(ring_key) = ring_key {
            self.ring_key = ring_key;
        }
        Ok(())
    }
}

/// Writes the file; its digest.
fn store(
    folder: &PrivateFolder,
    content: &Content,
    ring_key: &Material,
    entropy: &dyn Entropy,
) -> Result<[u8; 32], RingError> {
    let text = file::write(content, ring_key, entropy)?;
    folder.replace(FILE_NAME, text.as_bytes())?;
    Ok(Sha256::digest(text.as_bytes()).into())
}

fn data_key(key: &Key) -> Result<DataKey, KeyError> {
    key.disclose(|material| DataKey::new(key.entry.id.clone(), material))
}

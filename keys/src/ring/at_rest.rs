//! The ring on disk and in memory: made, opened, written.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    entry::{Key, KeyState, KeyStatus},
    error::{ChangeError, KeyError, RingError},
    file::{self, Content, Opened, RingKey},
    turn,
};
use crate::{
    entropy::Entropy,
    folder::{FileError, PrivateFolder, read_private_up_to},
    id::KeyUse,
    kek::Kek,
    secret::Material,
};

/// Name of the ring's file in its folder.
pub(super) const FILE_NAME: &str = "ring.json";

/// Bounds what is read and written: a thousand destructions of persons are 65 MB.
const LARGEST_FILE_BYTES: u64 = 1 << 28;

/// Every key of the gateway. It has no `Debug` and no `Clone`.
pub struct Ring {
    dir: PathBuf,
    pub(super) content: Content,
    pub(super) kek: Material,
    pub(super) ring_key: Arc<Material>,
    /// SHA-256 of the file as last read or written, so that no other process's change is lost.
    stored: [u8; 32],
    /// What was renamed into place, but may not survive a power cut.
    unsettled: Option<Unsettled>,
}

struct Unsettled {
    content: Content,
    ring_key: Arc<Material>,
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
        let keys = turn::first_keys(now, origin, entropy)?;
        PrivateFolder::create(dir).map_err(RingError::from)?;
        let folder = PrivateFolder::lock(dir).map_err(RingError::from)?;
        if dir.join(FILE_NAME).symlink_metadata().is_ok() {
            let dir = dir.to_owned();
            return Err(RingError::Exists { dir }.into());
        }
        let (kek, lock) = kek.lock(entropy).map_err(RingError::from)?;
        let (ring, ring_key) = RingKey::make(1, now, &kek, entropy)?;
        let content = Content { demo, lock, ring, keys };
        let text = file::write(&content, &ring_key, entropy)?;
        store(&folder, &text)?;
        let (ring_key, stored) = (Arc::new(ring_key), Sha256::digest(text.as_bytes()).into());
        Ok(Self { dir: dir.to_owned(), content, kek, ring_key, stored, unsettled: None })
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
        let path = dir.join(FILE_NAME);
        let bytes = read_private_up_to(LARGEST_FILE_BYTES, &path).map_err(not_found)?;
        let Opened { content, kek, ring_key } = file::read(&bytes, kek).map_err(|error| error.of_file(&path))?;
        let (ring_key, stored) = (Arc::new(ring_key), Sha256::digest(&*bytes).into());
        Ok(Self { dir: dir.to_owned(), content, kek, ring_key, stored, unsettled: None })
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
            fingerprint: ring.fingerprint.clone(),
            epoch: ring.epoch,
            origin: None,
            state: KeyState::Active,
            activates: ring.activates,
            ends: None,
            person_destroyed: None,
            destroyed: None,
        }])
        .collect()
    }

    /// Reads the file again with the key encryption key that opened it: after [`RingError::Overtaken`].
    ///
    /// # Errors
    /// [`RingError`], of which [`RingError::Older`] for a file that lacks a key or a destruction; then the ring is as it
    /// was.
    pub fn reopen(&mut self) -> Result<(), RingError> {
        let bytes = read_private_up_to(LARGEST_FILE_BYTES, &self.file())?;
        let kek = || {
            Material::make(|copy| {
                self.kek.disclose(|kek| copy.clone_from(kek));
                Ok(())
            })
        };
        let Opened { content, kek, ring_key } =
            file::read_by(&bytes, |_| kek()).map_err(|error| error.of_file(&self.file()))?;
        if !continues(&self.content, &content) {
            return Err(RingError::Older);
        }
        let (ring_key, stored) = (Arc::new(ring_key), Sha256::digest(&*bytes).into());
        *self = Self { dir: self.dir.clone(), content, kek, ring_key, stored, unsettled: None };
        Ok(())
    }

    /// Reads the file again if another process wrote it.
    ///
    /// # Errors
    /// As for [`reopen`](Self::reopen).
    pub fn refresh(&mut self) -> Result<(), RingError> {
        match self.settle() {
            Ok(()) if self.stored == self.digest_of_file()? => Ok(()),
            Ok(()) | Err(RingError::Overtaken) => self.reopen(),
            Err(error) => Err(error),
        }
    }

    /// Stands for all that the ring has, as it is in memory.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.stored
    }

    pub(super) fn of_use(&self, key_use: KeyUse) -> impl Iterator<Item = &Key> {
        let keys = self.content.keys.iter();
        keys.filter(move |key| key.entry.key_use == key_use)
    }

    pub(super) fn in_force(&self, key_use: KeyUse, at: Timestamp) -> Result<&Key, KeyError> {
        self.of_use(key_use).find(|key| key.entry.state(at) == KeyState::Active).ok_or(KeyError::NotInForce { key_use })
    }

    pub(super) fn accepted(&self, key_use: KeyUse, at: Timestamp) -> impl Iterator<Item = &Key> {
        self.of_use(key_use).filter(move |key| key.entry.state(at) == KeyState::Accepted)
    }

    /// Finds out what became of a write of unknown fate, so that memory and file are one again.
    ///
    /// # Errors
    /// [`RingError::File`] while the folder cannot be synced, [`RingError::Overtaken`] if another process wrote since.
    pub(super) fn settle(&mut self) -> Result<(), RingError> {
        let Some(Unsettled { stored, .. }) = &self.unsettled else {
            return Ok(());
        };
        let folder = PrivateFolder::lock(&self.dir)?;
        folder.sync(&self.file())?;
        let present = self.digest_of_file()?;
        if present != *stored && present != self.stored {
            return Err(RingError::Overtaken);
        }
        if let Some(unsettled) = self.unsettled.take().filter(|unsettled| unsettled.stored == present) {
            self.take_over(unsettled);
        }
        Ok(())
    }

    /// Writes the next content and then takes it over; refused if another process wrote in the meantime.
    pub(super) fn commit(
        &mut self,
        content: Content,
        ring_key: Arc<Material>,
        entropy: &dyn Entropy,
    ) -> Result<(), RingError> {
        let folder = PrivateFolder::lock(&self.dir)?;
        if self.stored != self.digest_of_file()? {
            return Err(RingError::Overtaken);
        }
        let text = file::write(&content, &ring_key, entropy)?;
        let next = Unsettled { content, ring_key, stored: Sha256::digest(text.as_bytes()).into() };
        match store(&folder, &text) {
            Ok(()) => {
                self.take_over(next);
                Ok(())
            }
            Err(error) => {
                if matches!(error, RingError::File(FileError::UnknownFate { .. })) {
                    self.unsettled = Some(next);
                }
                Err(error)
            }
        }
    }

    fn take_over(&mut self, Unsettled { content, ring_key, stored }: Unsettled) {
        self.content = content;
        self.ring_key = ring_key;
        self.stored = stored;
    }

    fn file(&self) -> PathBuf {
        self.dir.join(FILE_NAME)
    }

    fn digest_of_file(&self) -> Result<[u8; 32], RingError> {
        let present = read_private_up_to(LARGEST_FILE_BYTES, &self.file())?;
        Ok(Sha256::digest(&*present).into())
    }
}

/// Whether the one content has every key and every destruction of the other.
fn continues(before: &Content, after: &Content) -> bool {
    let is_kept = |old: &Key| {
        let same = |new: &&Key| new.entry.id == old.entry.id && new.entry.fingerprint == old.entry.fingerprint;
        let (old_cut, old_gone) = (old.entry.punctured.map(|cut| cut.last), old.entry.destroyed.is_some());
        let of = |new: &Key| (new.entry.punctured.map(|cut| cut.last), new.entry.destroyed.is_some());
        after.keys.iter().find(same).map(of).is_some_and(|(cut, gone)| gone || (!old_gone && cut >= old_cut))
    };
    before.ring.epoch <= after.ring.epoch && before.keys.iter().all(is_kept)
}

fn store(folder: &PrivateFolder, text: &str) -> Result<(), RingError> {
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > LARGEST_FILE_BYTES) {
        return Err(RingError::Full);
    }
    Ok(folder.replace(FILE_NAME, text.as_bytes())?)
}

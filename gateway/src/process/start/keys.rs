//! Opening the key ring.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use credit_audit::{
    clock::Clock,
    leaf::{KeyEvent, KeyState as Recorded},
    log::Signer,
};
use credit_keys::{Kek, KeyId, KeyState, KeyStatus, KeyUse, LogSigner, Ring, RingError, SystemEntropy};
use jiff::Timestamp;

use super::{directory::logs_of_all, error::StartError, shared_keys};
use crate::{
    changes::unfinished,
    keyring::{Keyring, Months, by_log},
    process::replicas::Counted,
    settings::Settings,
};

/// Signs checkpoints with the ring's log key.
pub(super) struct RingSigner(pub(super) LogSigner);

impl Signer for RingSigner {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
}

/// Opens the key ring of the configuration.
///
/// # Errors
/// When it does not open, or is the demo's outside the demo.
pub(crate) fn open_ring(settings: &Settings) -> Result<Ring, StartError> {
    let dir = &settings.keys.dir;
    let ring = match Ring::open(dir, &read_kek(settings)?) {
        // The key encryption key was rotated, and the process ended before its file had its name.
        Err(RingError::WrongKek) if next_kek_file(settings).exists() => Ring::open(dir, &read_next_kek(settings)?)?,
        opened => opened?,
    };
    if ring.is_demo() && !settings.demo {
        return Err(StartError::DemoKeys(settings.keys.dir.display().to_string()));
    }
    Ok(ring)
}

/// The key that opens the ring, from its file or by the passphrase.
///
/// # Errors
/// When the file is missing, open to others or holds no key.
pub(crate) fn read_kek(settings: &Settings) -> Result<Kek, StartError> {
    if let Some(path) = &settings.keys.key_file {
        return Ok(Kek::from_key_file(path)?);
    }
    let path = settings.keys.passphrase_file.clone().unwrap_or_default();
    Ok(Kek::from_passphrase_file(&path)?)
}

/// The ring in use for a log, with the data keys that all have together, and without what the log says is destroyed: the process
/// ended in between, or the ring is from a copy.
///
/// # Errors
/// When a key that is needed now is missing, or the ring cannot be written.
pub(super) async fn keyring(
    (ring, settings): (Ring, &Settings),
    recorded: &BTreeMap<String, KeyEvent>,
    counted: &Counted<'_>,
    (clock, entropy): (&Arc<dyn Clock>, &SystemEntropy),
) -> Result<Arc<Keyring>, StartError> {
    let destroyed = destroyed(recorded);
    let ring = shared_keys::with_keys_of_all(settings, (ring, &destroyed), counted, clock).await?;
    let now = clock.now();
    let keys = Keyring::new(ring, &settings.log.origin, now, (Months::of(settings), entropy))?;
    let keys = keys.keeping_back(destroyed);
    keys.await_leaves(now, |key| recorded.contains_key(key.as_str()));
    let unfinished = unfinished(recorded.values(), &keys.with(|ring| ring.status(now)));
    unfinished.into_iter().for_each(|key| keys.mark_destroyed(key));
    keys.finish_destructions(now, entropy)?;
    Ok(Arc::new(keys))
}

/// The keys of which the log says that they, or one person's part of them, were destroyed.
pub(super) fn destroyed(recorded: &BTreeMap<String, KeyEvent>) -> BTreeSet<KeyId> {
    let gone = recorded.values().filter(|event| event.state == Recorded::Destroyed);
    gone.filter_map(|event| KeyId::parse(&event.key).ok()).collect()
}

/// Where the next key file or passphrase file stands until it has the name of the one before.
pub(crate) fn next_kek_file(settings: &Settings) -> PathBuf {
    let mut name = kek_file(settings).into_os_string();
    name.push(".new");
    name.into()
}

/// The key file or passphrase file of the configuration.
pub(crate) fn kek_file(settings: &Settings) -> PathBuf {
    settings.keys.key_file.clone().or_else(|| settings.keys.passphrase_file.clone()).unwrap_or_default()
}

/// As [`read_kek`], from the file of [`next_kek_file`].
///
/// # Errors
/// As for [`read_kek`].
pub(crate) fn read_next_kek(settings: &Settings) -> Result<Kek, StartError> {
    let path = next_kek_file(settings);
    Ok(match settings.keys.key_file {
        Some(_) => Kek::from_key_file(&path)?,
        None => Kek::from_passphrase_file(&path)?,
    })
}

/// The keys of the configuration's ring. A log's key is in use where the configuration, or the directory that it names, has the log
/// and it is not closed; what cannot be read of the directory is left to the ring.
pub(crate) fn status(settings: &Settings, ring: &Ring, now: Timestamp) -> Vec<KeyStatus> {
    let logs = logs_of_all(settings).unwrap_or_else(|_| vec![(settings.log.origin.clone(), false)]);
    let is_open = |origin: &str| logs.iter().find(|(log, _)| log == origin).map(|(_, is_closed)| !is_closed);
    by_log(ring.status(now), is_open)
}

/// The keys in use that no leaf of this log introduces yet: a key is on the record before anything is made with it.
pub(super) fn not_introduced(status: &[KeyStatus], introduced: &BTreeMap<String, KeyEvent>) -> Vec<KeyId> {
    let in_use = status.iter().filter(|key| matches!(key.state, KeyState::Active | KeyState::Accepted));
    // Nothing that the index's key makes is in a leaf, so no leaf names it.
    let in_use = in_use.filter(|key| key.key_use != KeyUse::Index);
    let new = in_use.filter(|key| !introduced.contains_key(key.id.as_str()));
    new.map(|key| key.id.clone()).collect()
}

/// Compares the ring with the keys that the log names: an older ring would make the same key again, as another.
///
/// # Errors
/// The first key that the ring has not, or has as another.
pub(super) fn check_ring(status: &[KeyStatus], introduced: &BTreeMap<String, KeyEvent>) -> Result<(), StartError> {
    // The ring keeps the newest key that seals it, and no other: nothing else was ever sealed by one. The log may not know it yet.
    let own = status.iter().find(|key| key.key_use == KeyUse::Ring);
    let epoch = |event: &KeyEvent| event.key.strip_prefix("ring-").and_then(|epoch| epoch.parse::<u32>().ok());
    let is_from_before = |event: &KeyEvent| own.zip(epoch(event)).is_some_and(|(own, epoch)| epoch < own.epoch);
    for event in introduced.values() {
        let Some(recorded) = &event.fingerprint else { continue };
        if event.use_ == KeyUse::Ring.as_str() && is_from_before(event) {
            continue;
        }
        let has = match status.iter().find(|key| key.id.as_str() == event.key) {
            Some(key) if key.fingerprint == *recorded => continue,
            Some(key) => format!("has it with {}", key.fingerprint),
            None => "does not have it".to_owned(),
        };
        return Err(StartError::OtherKey { key: event.key.clone(), recorded: recorded.clone(), has });
    }
    Ok(())
}

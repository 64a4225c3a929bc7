//! Opening the key ring.

use std::collections::BTreeMap;

use credit_audit::{leaf::KeyEvent, log::Signer};
use credit_keys::{Kek, KeyId, KeyState, KeyStatus, LogSigner, Ring};
use jiff::Timestamp;

use super::error::StartError;
use crate::settings::Settings;

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
    let ring = Ring::open(&settings.keys.dir, &read_kek(settings)?)?;
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

/// The keys in use that no leaf of this log introduces yet: a key is on the record before anything is made with it.
pub(super) fn not_introduced(status: &[KeyStatus], introduced: &BTreeMap<String, KeyEvent>) -> Vec<KeyId> {
    let in_use = status.iter().filter(|key| matches!(key.state, KeyState::Active | KeyState::Accepted));
    in_use.filter(|key| !introduced.contains_key(key.id.as_str())).map(|key| key.id.clone()).collect()
}

/// Every key that the log names must be in the ring, and be the same: an older copy of the ring would make other keys
/// under the same names, and what was sealed since would never open.
///
/// # Errors
/// The first key that is missing or another one.
pub(super) fn compare(named: &BTreeMap<String, KeyEvent>, ring: &Ring, settings: &Settings) -> Result<(), StartError> {
    let status = ring.status(Timestamp::UNIX_EPOCH);
    for (id, event) in named {
        let fingerprint = status.iter().find(|key| key.id.as_str() == id).map(|key| key.fingerprint.as_str());
        if fingerprint.is_none() || (event.fingerprint.is_some() && event.fingerprint.as_deref() != fingerprint) {
            let ring = settings.keys.dir.display().to_string();
            return Err(StartError::OtherRing { ring, key: id.clone() });
        }
    }
    Ok(())
}

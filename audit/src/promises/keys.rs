//! Keys of the ring: each is introduced once, and used between that and its destruction.

use std::collections::HashMap;

use crate::leaf::{KeyEvent, KeyState};

use super::broken::Broken;

#[derive(Default)]
pub(super) struct Keys(HashMap<String, Known>);

struct Known {
    use_: String,
    state: KeyState,
    fingerprint: Option<String>,
}

impl Keys {
    pub(super) fn event(&mut self, event: &KeyEvent) -> Result<(), Broken> {
        let again = || Broken::KeyAgain(event.key.clone());
        let Some(known) = self.0.get_mut(&event.key) else {
            let (use_, state, fingerprint) = (event.use_.clone(), event.state, event.fingerprint.clone());
            self.0.insert(event.key.clone(), Known { use_, state, fingerprint });
            return Ok(());
        };
        let same = known.fingerprint.is_none() || event.fingerprint.is_none() || known.fingerprint == event.fingerprint;
        if !same || known.use_ != event.use_ {
            return Err(again());
        }
        // The destruction of one person's part leaves the key as it is.
        if event.part.is_some() {
            return if event.state == KeyState::Destroyed { Ok(()) } else { Err(again()) };
        }
        if rank(event.state) <= rank(known.state) {
            return Err(again());
        }
        known.state = event.state;
        Ok(())
    }

    /// The data key under which a leaf is sealed.
    pub(super) fn used(&self, key: &str) -> Result<(), Broken> {
        let known = self.0.get(key).filter(|known| known.use_ == "data" && known.state != KeyState::Destroyed);
        known.map(drop).ok_or_else(|| Broken::Key(key.to_owned()))
    }
}

/// A key goes through its states in this order, and back to none.
fn rank(state: KeyState) -> u8 {
    match state {
        KeyState::Active => 0,
        KeyState::Accepted => 1,
        KeyState::Retired => 2,
        KeyState::Destroyed => 3,
    }
}

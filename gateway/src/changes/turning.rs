//! Keys that turn while a gateway serves.

use credit_keys::KeyUse;
use serde::{Deserialize, Serialize};

/// The uses of keys that turn in a running gateway. Tag keys turn with pseudonym keys; a log key is a new log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurningUse {
    /// Pseudonym and tag.
    Pseudonym,
    /// State.
    State,
    /// Data.
    Data,
    /// Ring.
    Ring,
}

impl TurningUse {
    /// The use of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pseudonym, Self::State, Self::Data, Self::Ring]
            .into_iter()
            .find(|known| KeyUse::from(*known).as_str() == name)
    }
}

impl From<TurningUse> for KeyUse {
    fn from(turning: TurningUse) -> Self {
        match turning {
            TurningUse::Pseudonym => Self::Pseudonym,
            TurningUse::State => Self::State,
            TurningUse::Data => Self::Data,
            TurningUse::Ring => Self::Ring,
        }
    }
}

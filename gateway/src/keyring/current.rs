//! The keys at one instant, as a query uses them.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{
    ChangeError, KeyError, KeyState, KeyUse, Person, Pseudonyms, Ring, Sealer, StateKey, Steady, SubjectTagger,
};
use jiff::Timestamp;

/// Why there are no keys to go on with.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A key that is needed now is not in the ring.
    #[error(transparent)]
    Missing(#[from] KeyError),
    /// The ring could not be changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Whether keys of this use are the same at all who count together.
pub(super) fn is_shared(key_use: KeyUse) -> bool {
    match key_use {
        KeyUse::Pseudonym | KeyUse::Tag | KeyUse::State | KeyUse::Data => true,
        KeyUse::Index | KeyUse::Log | KeyUse::Ring => false,
    }
}

/// What the journey needs of the ring.
pub struct Current {
    /// Pseudonyms of the epochs in force.
    pub pseudonyms: Pseudonyms,
    /// The data key of the period.
    pub sealer: Sealer,
    /// For what the gateway remembers of its callers' words.
    pub state: StateKey,
    earlier: Vec<SubjectTagger>,
    pub(super) steady: Steady,
    /// When others come in force. Then these are right no more.
    pub(super) turns_at: Option<Timestamp>,
}

/// The subject tags of one person for one institution, in base64 as they stand in leaves.
pub struct SubjectTags {
    /// Under the data key in force.
    pub current: String,
    /// The bytes of it.
    pub tag: [u8; 32],
    /// Under the data keys of earlier periods that still open.
    pub earlier: Vec<String>,
}

impl Current {
    /// The tags of the person with `number` for `institution` and a group of purposes; `person` has the keys of the
    /// present period.
    #[must_use]
    pub fn subject_tags(&self, person: &Person, institution: &str, purpose_group: &str, number: &str) -> SubjectTags {
        let earlier = self.earlier.iter().filter_map(|key| key.subject_tag(institution, purpose_group, number));
        let tag = person.subject_tag(institution, purpose_group);
        SubjectTags { current: STANDARD.encode(tag), tag, earlier: earlier.map(|tag| STANDARD.encode(tag)).collect() }
    }

    /// The data keys of earlier periods that still open.
    pub(crate) fn earlier(&self) -> impl Iterator<Item = &SubjectTagger> {
        self.earlier.iter()
    }

    pub(super) fn of(ring: &Ring, origin: &str, now: Timestamp) -> Result<Self, KeyringError> {
        let status = ring.status(now);
        let pending = status.iter().filter(|key| key.state == KeyState::Pending && is_shared(key.key_use));
        Ok(Self {
            pseudonyms: ring.pseudonyms(now)?,
            sealer: ring.sealer(now, origin)?,
            state: ring.state_key(now)?,
            earlier: ring.previous_sealers(now)?,
            steady: ring.steady(now),
            turns_at: pending.map(|key| key.activates).min(),
        })
    }
}

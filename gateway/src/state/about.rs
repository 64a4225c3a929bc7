//! What proposals are about, for whoever is to approve them: the log has their digests alone.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use credit_audit::pruned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::approvals::{Digest, of_reinstatement, of_resumption, of_unsealing};

/// So many are remembered; the oldest go first.
const REMEMBERED: usize = 500;

/// What an officer proposes in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum About {
    /// To open the sealed part of a record.
    Unseal {
        /// Its index.
        entry: u64,
        /// Why.
        reason: String,
    },
    /// To let an officer or the supervisor act again.
    Reinstate {
        /// Whom.
        institution: String,
    },
    /// To answer queries again.
    Resume {
        /// Of which scenario; of all, without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scenario: Option<String>,
        /// Why.
        reason: String,
    },
    /// To let records go.
    Prune {
        /// Those before this index.
        until: u64,
    },
}

impl About {
    /// The digest that stands on the record for it.
    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::Unseal { entry, reason } => of_unsealing(*entry, reason),
            Self::Reinstate { institution } => of_reinstatement(institution),
            Self::Resume { scenario, reason } => of_resumption(scenario.as_deref(), Some(reason)),
            Self::Prune { until } => pruned::digest(*until),
        }
    }
}

/// Of the proposals that came in words since the process began.
#[derive(Default)]
pub(crate) struct Abouts(Mutex<BTreeMap<Uuid, About>>);

impl Abouts {
    pub(crate) fn put(&self, proposal: Uuid, about: About) {
        let mut all = self.lock();
        all.insert(proposal, about);
        while all.len() > REMEMBERED {
            all.pop_first();
        }
    }

    pub(crate) fn of(&self, proposal: Uuid) -> Option<About> {
        self.lock().get(&proposal).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, About>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What proposals are about, for whoever is to approve them: the log has their digests alone. Their words are kept in a file that is
//! believed in nothing: what it says of a proposal counts where its digest is the one on the record.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use credit_audit::pruned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::approvals::{Digest, of_destruction, of_reinstatement, of_resumption, of_unsealing};

/// The file, beside the log.
pub(crate) const FILE: &str = "proposals.json";

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
    /// To destroy the data keys of a month.
    Destroy {
        /// As ids of data keys have it: `2021-01`.
        month: String,
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
            Self::Destroy { month } => of_destruction(month),
        }
    }
}

/// Of the proposals that came in words.
pub(crate) struct Abouts {
    file: PathBuf,
    all: Mutex<BTreeMap<Uuid, About>>,
}

impl Abouts {
    /// Those that this data folder has; a file that cannot be read tells nothing, and officers say again by command what they
    /// approve.
    pub(crate) fn open(data_folder: &Path) -> Self {
        let file = data_folder.join(FILE);
        let all = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { file, all: Mutex::new(all) }
    }

    /// Keeps what a proposal is about. Blocks.
    ///
    /// # Errors
    /// When it is not in the file: it is known until the process ends.
    pub(crate) fn put(&self, proposal: Uuid, about: About) -> io::Result<()> {
        let text = {
            let mut all = self.lock();
            all.insert(proposal, about);
            while all.len() > REMEMBERED {
                all.pop_first();
            }
            serde_json::to_vec(&*all)?
        };
        let next = self.file.with_extension("next");
        drop(fs::remove_file(&next));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        file.write_all(&text)?;
        file.sync_all()?;
        // A crash before it leaves the words before.
        fs::rename(&next, &self.file)
    }

    /// What a proposal of this digest is about.
    pub(crate) fn of(&self, proposal: Uuid, digest: &Digest) -> Option<About> {
        self.lock().get(&proposal).filter(|about| about.digest() == *digest).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, About>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn words_are_there_after_a_start_and_count_for_their_digest_alone() {
        let folder = Scratch::new();
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let resume = |reason: &str| About::Resume { scenario: None, reason: reason.to_owned() };
        let all = [
            resume("over"),
            About::Unseal { entry: 7, reason: "court order 7".to_owned() },
            About::Reinstate { institution: "supervisor".to_owned() },
            About::Prune { until: 256 },
            About::Destroy { month: "2021-01".to_owned() },
        ];
        for about in all {
            Abouts::open(folder.path()).put(id, about.clone()).unwrap();
            let read = Abouts::open(folder.path());
            assert_eq!(read.of(id, &about.digest()), Some(about));
            assert_eq!((read.of(id, &resume("enough").digest()), read.of(other, &[0; 32])), (None, None));
        }
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(Abouts::open(folder.path()).of(id, &resume("over").digest()), None);
    }
}

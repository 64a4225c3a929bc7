//! Loading the law: the classes that no row may name.

use super::Loader;
use crate::catalogue::{Sensitivity, Statute};

impl Loader {
    /// The statute by which no row may name a class of that sensitivity.
    pub(super) fn forbidding(sensitivity: Sensitivity) -> Option<Statute> {
        match sensitivity {
            Sensitivity::Forbidden => Some(Statute::ForbiddenClassesNever),
            Sensitivity::ConfidentialSource => Some(Statute::ConfidentialSourceNever),
            Sensitivity::Sealed => Some(Statute::SealedRecordsNever),
            Sensitivity::Adverse
            | Sensitivity::Neutral
            | Sensitivity::Positive
            | Sensitivity::Identity
            | Sensitivity::Evaluation => None,
        }
    }
}

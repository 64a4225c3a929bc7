//! The list of measures (R25): what may be done with an answer, and which instrument has it.

use super::legal_source::LegalSource;
use crate::words::words;

words! {
    /// What a measure does for or against the person.
    "result of a measure" pub MeasureResult {
        /// An incentive (守信激励).
        Reward = "reward",
        /// A restraint (失信惩戒).
        Restraint = "restraint",
        /// A priority among several persons (优先).
        Priority = "priority",
    }
}

/// One measure of the list.
#[derive(Clone, Debug)]
pub struct Measure {
    pub(super) name: String,
    pub(super) result: MeasureResult,
    pub(super) legal_source: LegalSource,
}

impl Measure {
    /// Its name in feedback.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does.
    #[must_use]
    pub fn result(&self) -> MeasureResult {
        self.result
    }

    /// Its title, and the instrument with its article.
    #[must_use]
    pub fn legal_source(&self) -> &LegalSource {
        &self.legal_source
    }
}

//! When the gateway suspends by itself.

use schemars::JsonSchema;
use serde::Deserialize;

/// The alarm rule: who is refused so often within a time for asking what is not theirs to ask (`scenario-not-allowed`,
/// `field-not-allowed`, `consent-invalid`, `consent-wrong-…`, `consent-exceeds-bound`, `statute-forbids`, `subject-minor`,
/// `case-already-used`, `distinct-subjects-exceeded`) is suspended by the gateway itself, on the record, until an officer
/// resumes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SuspendAfter {
    /// So many of one member of staff suspend that one; left out = none does.
    #[schemars(range(min = 1))]
    pub staff_refusals: Option<u32>,
    /// So many of all staff together suspend the institution; left out = none does.
    #[schemars(range(min = 1))]
    pub institution_refusals: Option<u32>,
    /// Within this time, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub within_s: u64,
}

impl Default for SuspendAfter {
    fn default() -> Self {
        Self { staff_refusals: None, institution_refusals: None, within_s: 600 }
    }
}

impl SuspendAfter {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let counts = [self.staff_refusals, self.institution_refusals];
        let right = !counts.contains(&Some(0)) && (1..=86_400).contains(&self.within_s);
        (!right).then(|| "suspend_after: its numbers must be at least 1, within_s at most 86400".to_owned())
    }
}

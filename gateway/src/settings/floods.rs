//! What becomes of an institution that asks faster than it may and does not stop.

use schemars::JsonSchema;
use serde::Deserialize;

/// What becomes of an institution that asks faster than it may and does not stop.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FloodSettings {
    /// Refusals for the rate are recorded one by one up to this multiple of the institution's `rate_per_s` and `burst`;
    /// beyond it the connection is closed without an answer.
    #[schemars(range(min = 1))]
    pub multiple: u32,
    /// What has no record of its own is counted in one `flood` leaf of the institution, written this long after the
    /// first of it, in seconds.
    #[schemars(range(min = 1, max = 3_600))]
    pub leaf_every_s: u64,
}

impl Default for FloodSettings {
    fn default() -> Self {
        Self { multiple: 10, leaf_every_s: 60 }
    }
}

impl FloodSettings {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let right = self.multiple >= 1 && (1..=3_600).contains(&self.leaf_every_s);
        (!right).then(|| "floods.multiple must be at least 1, floods.leaf_every_s between 1 and 3600".to_owned())
    }
}

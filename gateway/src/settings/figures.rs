//! Figures that are published.

use schemars::JsonSchema;
use serde::Deserialize;

/// Figures that are published with differential privacy.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FigureSettings {
    /// The privacy budget ε of a person and year; each month takes a twelfth. What is published is on the record with the
    /// part that it took, and once the budget is spent nothing more is published.
    #[schemars(range(min = 0.012, max = 10.0))]
    pub epsilon_a_year: f64,
}

impl Default for FigureSettings {
    fn default() -> Self {
        Self { epsilon_a_year: 1.0 }
    }
}

impl FigureSettings {
    /// The budget in thousandths.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 12 and 10,000")]
    pub(crate) fn milli_epsilon_a_year(self) -> u64 {
        (self.epsilon_a_year * 1_000.0).round() as u64
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let right = (0.012..=10.0).contains(&self.epsilon_a_year);
        (!right).then(|| "figures.epsilon_a_year must be between 0.012 and 10".to_owned())
    }
}

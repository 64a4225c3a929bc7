//! Figures that are published.

use schemars::JsonSchema;
use serde::Deserialize;

/// Figures that are published with differential privacy.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FigureSettings {
    /// The privacy budget ε of a person and year; each month takes a twelfth, divided by the number of logs that the directory lists, as
    /// a person may stand in each of them. What is published is on the record with the part that it took, and once the budget is spent
    /// nothing more is published.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_none_is_refused_and_counted_in_thousandths() {
        for wrong in [0.0, 0.011, 10.1, -1.0, f64::NAN, f64::INFINITY] {
            assert!(FigureSettings { epsilon_a_year: wrong }.fault().is_some(), "{wrong}");
        }
        for (right, milli) in [(1.0, 1_000), (0.012, 12), (10.0, 10_000), (0.5, 500)] {
            let settings = FigureSettings { epsilon_a_year: right };
            assert_eq!((settings.fault(), settings.milli_epsilon_a_year()), (None, milli));
        }
    }
}

//! Periods as the catalogue's files write them.
//!
//! They run as the Civil Code, art. 201 and 202, says: the day on which a period starts is not counted, and its last
//! day is the corresponding day of the last month, or the last day of that month where there is none. Art. 203 (a
//! period that ends on a holiday) protects who must act; nobody acts on these, so it is not applied.

use serde::Deserialize;

use crate::consent::{Frequency, Period};

/// A period of years, months, weeks and days in a file: `P1M`, `P3Y`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Days(pub(super) Period);

impl TryFrom<String> for Days {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let period = Period::parse(&text).ok().filter(|period| period.is_of_days());
        period.map(Self).ok_or_else(|| format!("`{text}` is no period: write years, months, weeks and days as `P1Y6M`"))
    }
}

/// How often, in a file: `1/P1M`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Often(pub(super) Frequency);

impl TryFrom<String> for Often {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let frequency = Frequency::parse(&text).ok();
        frequency.map(Self).ok_or_else(|| format!("`{text}` is no frequency: write times and period as `1/P1M`"))
    }
}

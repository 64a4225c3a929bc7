//! Figures of queries that wait for reviewers.

use prometheus::{IntGaugeVec, Result};

use super::registrar::Registrar;

pub(super) struct Reviews(IntGaugeVec);

impl Reviews {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self> {
        let reviews = registrar.gauges(
            "credit_gateway_reviews",
            "Queries under review: those that are not closed, and of them those that were not judged in time.",
            &["state"],
        )?;
        let reviews = Self(reviews);
        reviews.set(0, 0);
        Ok(reviews)
    }

    pub(super) fn open(&self) -> u64 {
        self.of("open")
    }

    pub(super) fn late(&self) -> u64 {
        self.of("late")
    }

    fn of(&self, state: &str) -> u64 {
        u64::try_from(self.0.with_label_values(&[state]).get()).unwrap_or_default()
    }

    pub(super) fn set(&self, open: u64, late: u64) {
        for (state, count) in [("open", open), ("late", late)] {
            self.0.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

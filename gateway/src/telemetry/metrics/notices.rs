//! Figures of notices that persons are owed.

use prometheus::{IntGaugeVec, Result};

use super::registrar::Registrar;

pub(super) struct Notices(IntGaugeVec);

impl Notices {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self> {
        let notices = registrar.gauges(
            "credit_gateway_notices",
            "Notices that persons are owed and were not given: all of them, and those whose time is over; 10,000 stands for more.",
            &["state"],
        )?;
        let notices = Self(notices);
        notices.set(0, 0);
        Ok(notices)
    }

    pub(super) fn overdue(&self) -> u64 {
        self.0.with_label_values(&["overdue"]).get().unsigned_abs()
    }

    pub(super) fn set(&self, owed: u64, overdue: u64) {
        for (state, count) in [("owed", owed), ("overdue", overdue)] {
            self.0.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

//! Figures of the published log in the object store.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use prometheus::{IntCounterVec, IntGauge, Result};

use super::registrar::Registrar;

pub(super) struct Objects {
    leaves: IntGauge,
    behind: IntGauge,
    failing: IntGauge,
    fails: AtomicBool,
    restored: IntCounterVec,
}

impl Objects {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self> {
        let restored = registrar.counters(
            "credit_gateway_objects_restored_total",
            "Objects of the log in the store that were not there or other ones, and were put again.",
            &["found"],
        )?;
        for found in ["missing", "other"] {
            restored.with_label_values(&[found]).inc_by(0);
        }
        Ok(Self {
            leaves: registrar.gauge(
                "credit_gateway_objects_leaves",
                "Leaves under the checkpoint in the object store; 0 where there is none.",
            )?,
            behind: registrar.gauge(
                "credit_gateway_objects_behind_seconds",
                "How long something that is published has not been in the object store.",
            )?,
            failing: registrar.gauge(
                "credit_gateway_objects_failing",
                "1 while the published log does not go to the object store.",
            )?,
            fails: AtomicBool::new(false),
            restored,
        })
    }

    pub(super) fn set(&self, leaves: u64, behind: Duration, is_failing: bool) {
        self.leaves.set(i64::try_from(leaves).unwrap_or(i64::MAX));
        self.behind.set(i64::try_from(behind.as_secs()).unwrap_or(i64::MAX));
        self.failing.set(i64::from(is_failing));
        self.fails.store(is_failing, Ordering::Relaxed);
    }

    pub(super) fn fails(&self) -> bool {
        self.fails.load(Ordering::Relaxed)
    }

    pub(super) fn restored(&self, found: &str) {
        self.restored.with_label_values(&[found]).inc();
    }
}

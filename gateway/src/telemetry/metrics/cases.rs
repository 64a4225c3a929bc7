//! Figures of cases that must be checked.

use prometheus::{IntGauge, IntGaugeVec, Result};

use super::registrar::Registrar;

pub(super) struct Cases {
    misses: IntGaugeVec,
    in_all: IntGauge,
}

impl Cases {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self> {
        let help = "Decisions without a look-up before them that stand in no list that was handed over";
        Ok(Self {
            misses: registrar.gauges(
                "credit_gateway_case_misses",
                &format!("{help}, by institution and scenario."),
                &["institution", "scenario"],
            )?,
            in_all: registrar.gauge("credit_gateway_case_misses_in_all", &format!("{help}."))?,
        })
    }

    pub(super) fn misses<'a>(&self, misses: impl Iterator<Item = (&'a str, &'a str)>) {
        self.misses.reset();
        let mut all = 0;
        for (institution, scenario) in misses {
            self.misses.with_label_values(&[institution, scenario]).inc();
            all += 1;
        }
        self.in_all.set(all);
    }
}

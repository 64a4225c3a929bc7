//! Figures of what institutions report: cases that must be checked, feedback.

use prometheus::{IntCounter, IntGauge, IntGaugeVec, Result};

use super::registrar::Registrar;

pub(super) struct Cases {
    misses: IntGaugeVec,
    in_all: IntGauge,
    unknown: IntGaugeVec,
    unknown_in_all: IntGauge,
    contradictions: IntCounter,
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
            unknown: registrar.gauges(
                "credit_gateway_cases_unknown",
                "Decisions of which it is not known after ten seconds whether another gateway has a look-up before them, by institution and scenario.",
                &["institution", "scenario"],
            )?,
            unknown_in_all: registrar.gauge(
                "credit_gateway_cases_unknown_in_all",
                "Decisions of which it is not known after ten seconds whether another gateway has a look-up before them.",
            )?,
            contradictions: registrar.counter(
                "credit_gateway_feedback_contradictions_total",
                "Feedback that an answer was used for a restraint, although its scenario serves none.",
            )?,
        })
    }

    pub(super) fn contradiction(&self) {
        self.contradictions.inc();
    }

    pub(super) fn contradictions(&self) -> u64 {
        self.contradictions.get()
    }

    pub(super) fn missed(&self) -> u64 {
        self.in_all.get().unsigned_abs()
    }

    pub(super) fn unknown_in_all(&self) -> u64 {
        self.unknown_in_all.get().unsigned_abs()
    }

    pub(super) fn misses<'a>(&self, misses: impl Iterator<Item = (&'a str, &'a str)>) {
        count(&self.misses, &self.in_all, misses);
    }

    pub(super) fn unknown<'a>(&self, unknown: impl Iterator<Item = (&'a str, &'a str)>) {
        count(&self.unknown, &self.unknown_in_all, unknown);
    }
}

fn count<'a>(by_place: &IntGaugeVec, in_all: &IntGauge, counted: impl Iterator<Item = (&'a str, &'a str)>) {
    by_place.reset();
    let mut all = 0;
    for (institution, scenario) in counted {
        by_place.with_label_values(&[institution, scenario]).inc();
        all += 1;
    }
    in_all.set(all);
}

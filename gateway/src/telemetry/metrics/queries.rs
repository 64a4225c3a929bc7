//! Figures of recorded queries: how many, what became of them, and how long they took.

use std::time::Duration;

use credit_policy::{Catalogue, ClassName, Code, Scenario};
use prometheus::{Histogram, IntCounterVec, Result};

use super::{
    registrar::Registrar,
    stage_timer::{Stage, StageTimer},
};

/// Upper bounds in seconds of a query: up to the longest time that the bounds of the configuration allow by default.
const QUERY_SECONDS: [f64; 11] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Upper bounds in seconds of a stage: from those that only look into memory to those that wait.
const STAGE_SECONDS: [f64; 14] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0,
];

pub(super) struct Queries {
    queries: IntCounterVec,
    refusals: IntCounterVec,
    outside_domain: IntCounterVec,
    answered_seconds: Histogram,
    refused_seconds: Histogram,
    /// One a stage, in the order of [`Stage::ALL`].
    stages: [Histogram; Stage::ALL.len()],
}

impl Queries {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self> {
        let queries = registrar.counters(
            "credit_gateway_queries_total",
            "Recorded queries by institution, scenario and outcome.",
            &["institution", "scenario", "outcome"],
        )?;
        let refusals = registrar.counters("credit_gateway_refusals_total", "Recorded refusals by code.", &["code"])?;
        for code in Code::ALL {
            refusals.with_label_values(&[code.as_str()]);
        }
        let outside_domain = registrar.counters(
            "credit_gateway_store_values_outside_domain_total",
            "Look-ups that failed because a value of that class lay outside its domain in the data list.",
            &["class"],
        )?;
        let [answered_seconds, refused_seconds] = registrar.histograms(
            "credit_gateway_query_seconds",
            "Time from the head of a query to its durable record.",
            &QUERY_SECONDS,
            "outcome",
            ["answered", "refused"],
        )?;
        let stages = registrar.histograms(
            "credit_gateway_stage_seconds",
            "Time of a recorded query in a stage of its journey; record includes the wait until its leaf is durable.",
            &STAGE_SECONDS,
            "stage",
            Stage::ALL.map(Stage::as_str),
        )?;
        Ok(Self { queries, refusals, outside_domain, answered_seconds, refused_seconds, stages })
    }

    pub(super) fn query(&self, institution: &str, scenario: Option<&Scenario>, code: Option<Code>, took: Duration) {
        let scenario = scenario.map_or("none", |scenario| scenario.name().as_str());
        let outcome = code.map_or("answered", Code::as_str);
        self.queries.with_label_values(&[institution, scenario, outcome]).inc();
        let seconds = if let Some(code) = code {
            self.refusals.with_label_values(&[code.as_str()]).inc();
            &self.refused_seconds
        } else {
            &self.answered_seconds
        };
        seconds.observe(took.as_secs_f64());
    }

    pub(super) fn classes(&self, catalogue: &Catalogue) {
        for class in catalogue.classes().filter(|class| !class.attributes().is_empty()) {
            self.outside_domain.with_label_values(&[class.name().as_str()]);
        }
    }

    pub(super) fn outside_domain(&self, class: &ClassName) {
        self.outside_domain.with_label_values(&[class.as_str()]).inc();
    }

    pub(super) fn stages(&self, timer: &StageTimer) {
        for (stage, took) in timer.took() {
            if let Some(seconds) = self.stages.get(stage) {
                seconds.observe(took.as_secs_f64());
            }
        }
    }
}

//! Figures for the operator (Prometheus). Never a label that a person could be told from: the labels are institutions of
//! the register, scenarios of the catalogue, codes, and words of this code.
//!
//! Where the values of a label are known, its series are there from the start, at zero, so that an alert sees the first
//! increase. Only `credit_gateway_queries_total`, with three labels, grows by what was asked. The meaning of each figure
//! is its help text; the board and the alerts are in `docs/grafana/` and `docs/prometheus/`.

mod closed;
mod exposition;
mod process;
mod stage_timer;

use std::time::Duration;

use credit_audit::log::Cause;
use credit_policy::{Code, Scenario};
use jiff::Timestamp;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

pub use closed::Closed;
pub use stage_timer::{Stage, StageTimer};

use crate::{callers::flood::Unrecorded, gateway::Gateway, stores::figures::Figures};
use exposition::Exposition;
use process::{Process, free_bytes};

/// Upper bounds in seconds of a query: up to the longest time that the bounds of the configuration allow by default.
const QUERY_SECONDS: [f64; 11] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Upper bounds in seconds of a stage: from those that only look into memory to those that wait.
const STAGE_SECONDS: [f64; 14] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0,
];

/// All figures.
pub struct Metrics {
    registry: Registry,
    queries: IntCounterVec,
    refusals: IntCounterVec,
    answered_seconds: Histogram,
    refused_seconds: Histogram,
    /// One a stage, in the order of [`Stage::ALL`].
    stages: Vec<Histogram>,
    unregistered: IntCounter,
    broken_off: IntCounter,
    unrecorded: IntCounter,
    overloaded: IntCounter,
    closed: Closed,
    floods: IntCounterVec,
    certificate_expiry: IntGauge,
    list_next_update: IntGauge,
    list_refused: IntGauge,
    started: Timestamp,
}

impl Metrics {
    /// All at zero. `started`: when the process started, or near enough.
    ///
    /// # Errors
    /// Only for a name that Prometheus does not take: a defect.
    pub fn new(started: Timestamp) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let histograms = |name: &str, help: &str, bounds: &[f64], label: &str| {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            let histograms = HistogramVec::new(options, &[label])?;
            registry.register(Box::new(histograms.clone()))?;
            Ok::<_, prometheus::Error>(histograms)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let refusals = counters("credit_gateway_refusals_total", "Recorded refusals by code.", &["code"])?;
        for code in Code::ALL {
            refusals.with_label_values(&[code.as_str()]);
        }
        let seconds = histograms(
            "credit_gateway_query_seconds",
            "Time from the head of a query to its durable record.",
            &QUERY_SECONDS,
            "outcome",
        )?;
        let stages = histograms(
            "credit_gateway_stage_seconds",
            "Time of a recorded query in a stage of its journey; record includes the wait until its leaf is durable.",
            &STAGE_SECONDS,
            "stage",
        )?;
        Ok(Self {
            queries: counters(
                "credit_gateway_queries_total",
                "Recorded queries by institution, scenario and outcome.",
                &["institution", "scenario", "outcome"],
            )?,
            refusals,
            answered_seconds: seconds.with_label_values(&["answered"]),
            refused_seconds: seconds.with_label_values(&["refused"]),
            stages: Stage::ALL.iter().map(|stage| stages.with_label_values(&[stage.as_str()])).collect(),
            unregistered: counter(
                "credit_gateway_unregistered_total",
                "Requests with a trusted certificate that is in no register.",
            )?,
            broken_off: counter("credit_gateway_broken_off_total", "Requests that never became complete.")?,
            unrecorded: counter(
                "credit_gateway_not_recordable_total",
                "Requests refused because nothing could be recorded.",
            )?,
            overloaded: counter(
                "credit_gateway_overloaded_total",
                "Requests refused because too many were under way.",
            )?,
            closed: Closed::new(
                counter("credit_gateway_failed_handshakes_total", "TLS handshakes that failed or did not end.")?,
                &counters(
                    "credit_gateway_closed_connections_total",
                    "Connections that were closed before their time.",
                    &["why"],
                )?,
            ),
            certificate_expiry: gauge(
                "credit_gateway_certificate_expiry_seconds",
                "When the first certificate of the server's chain expires (Unix time).",
            )?,
            list_next_update: gauge(
                "credit_gateway_revocation_list_next_update_seconds",
                "When the revocation list in force ought to be followed by the next (Unix time).",
            )?,
            list_refused: gauge(
                "credit_gateway_revocation_list_refused",
                "1 while the file of the revocation list holds one that was not taken.",
            )?,
            floods: counters(
                "credit_gateway_floods_total",
                "Requests without a record of their own, by institution and code; `cut-off` where the connection was closed.",
                &["institution", "code"],
            )?,
            started,
            registry,
        })
    }

    /// A recorded query.
    pub fn query(&self, institution: &str, scenario: Option<&Scenario>, code: Option<Code>, took: Duration) {
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

    /// The stages of a journey that is over.
    pub fn stages(&self, timer: &StageTimer) {
        for (stage, took) in timer.took() {
            if let Some(seconds) = self.stages.get(stage) {
                seconds.observe(took.as_secs_f64());
            }
        }
    }

    /// A request of a registered institution that has no record of its own.
    pub fn flood(&self, institution: &str, what: Unrecorded) {
        self.floods.with_label_values(&[institution, what.as_str()]).inc();
    }

    /// A trusted certificate in no register.
    pub fn unregistered(&self) {
        self.unregistered.inc();
    }

    /// A request that never became complete.
    pub fn broken_off(&self) {
        self.broken_off.inc();
    }

    /// A request that could not be recorded.
    pub fn unrecorded(&self) {
        self.unrecorded.inc();
    }

    /// A request too many.
    pub fn overloaded(&self) {
        self.overloaded.inc();
    }

    /// When the first certificate of the server's chain expires.
    pub fn certificate_expires(&self, at: Timestamp) {
        self.certificate_expiry.set(at.as_second());
    }

    /// The counters of connections that are closed before their time, for the listeners.
    #[must_use]
    pub fn closed(&self) -> Closed {
        self.closed.clone()
    }

    /// The revocation list in force, and whether it is the one in the file.
    pub fn revocation_list(&self, next_update: Timestamp, is_of_file: bool) {
        self.list_next_update.set(next_update.as_second());
        self.list_refused.set(i64::from(!is_of_file));
    }

    /// The text that Prometheus reads. Reads a few small files of `/proc`.
    #[must_use]
    pub fn text(&self, gateway: &Gateway) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written");
        }
        let mut more = Exposition::default();
        let bound = gateway.settings.bounds.journeys;
        more.gauge(
            "credit_gateway_queries_under_way",
            "Queries that are not recorded yet.",
            bound.saturating_sub(gateway.journeys.available_permits()) as f64,
        );
        log(&mut more, gateway);
        store(&mut more, gateway.store.figures());
        self.process(&mut more);
        text.extend_from_slice(more.text().as_bytes());
        text
    }

    fn process(&self, more: &mut Exposition) {
        let version = [(env!("CARGO_PKG_VERSION"), 1.0)];
        more.gauges("credit_gateway_build_info", "The version that runs.", "version", version);
        more.gauge(
            "process_start_time_seconds",
            "When the process started.",
            self.started.as_millisecond() as f64 / 1e3,
        );
        let now = Process::now();
        if let Some(seconds) = now.cpu_seconds {
            more.counter("process_cpu_seconds_total", "Processor time used.", seconds);
        }
        for (name, help, value) in [
            ("process_open_fds", "Open file descriptors.", now.open_fds),
            ("process_max_fds", "Most file descriptors that may be open.", now.max_fds),
            ("process_resident_memory_bytes", "Memory in use.", now.resident_bytes),
        ] {
            if let Some(value) = value {
                more.gauge(name, help, value as f64);
            }
        }
    }
}

fn log(more: &mut Exposition, gateway: &Gateway) {
    let figures = gateway.log.metrics();
    let holds = |holds: bool| if holds { 1.0 } else { 0.0 };
    let causes = Cause::ALL.map(|cause| (cause.as_str(), holds(figures.not_recordable.contains(&cause))));
    for (name, help, value) in [
        ("credit_gateway_log_durable_leaves", "Leaves that are durable.", figures.size as f64),
        ("credit_gateway_log_published_leaves", "Leaves under the published checkpoint.", figures.published as f64),
        ("credit_gateway_log_waiting_entries", "Entries that wait for the log's writer.", figures.waiting as f64),
        (
            "credit_gateway_log_unpublished_seconds",
            "How long the oldest durable leaf that is not published has waited.",
            figures.unpublished_for.as_secs_f64(),
        ),
        (
            "credit_gateway_log_reserved_bytes",
            "Room for records that is reserved on the disk.",
            figures.reserved_bytes as f64,
        ),
        ("credit_gateway_log_recordable", "1 while queries can be recorded.", holds(figures.not_recordable.is_empty())),
    ] {
        more.gauge(name, help, value);
    }
    if let Some(free) = free_bytes(&gateway.settings.data.dir) {
        more.gauge("credit_gateway_data_free_bytes", "Free on the disk of the data folder.", free as f64);
    }
    more.gauges(
        "credit_gateway_log_not_recordable",
        "1 while this keeps the log from recording; `clock` is a clock that stepped.",
        "cause",
        causes,
    );
    more.counter("credit_gateway_log_checkpoints_total", "Checkpoints signed.", figures.checkpoints as f64);
    for (name, help, histogram) in [
        ("credit_gateway_log_batch_leaves", "Leaves in a batch.", &figures.batch_leaves),
        ("credit_gateway_log_commit_seconds", "Write and fdatasync of a batch.", &figures.commit_seconds),
        (
            "credit_gateway_log_publish_lag_seconds",
            "From a leaf durable to its checkpoint published.",
            &figures.publish_lag_seconds,
        ),
    ] {
        more.histogram(name, help, histogram);
    }
}

fn store(more: &mut Exposition, figures: &Figures) {
    let up = if figures.is_up() { 1.0 } else { 0.0 };
    more.gauge("credit_gateway_store_up", "1 while the store answers.", up);
    let waiting = figures.waiting() as f64;
    more.gauge("credit_gateway_store_waiting_look_ups", "Look-ups that wait for a reader of the store.", waiting);
    more.counters(
        "credit_gateway_store_look_ups_total",
        "Look-ups in the store by what came of them.",
        "outcome",
        figures.look_ups().map(|(outcome, count)| (outcome, count as f64)),
    );
}

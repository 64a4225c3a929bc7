//! Figures for the operator (Prometheus). Never a label that a person could be told from.

use std::time::Duration;

use credit_audit::log::{Histogram, Log};
use credit_policy::{Code, Scenario};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::flood::Unrecorded;

/// All figures.
pub struct Metrics {
    registry: Registry,
    queries: IntCounterVec,
    seconds: HistogramVec,
    unregistered: IntCounter,
    broken_off: IntCounter,
    unrecorded: IntCounter,
    overloaded: IntCounter,
    closed: Closed,
    floods: IntCounterVec,
    durable: IntGauge,
    published: IntGauge,
    waiting: IntGauge,
    reserved: IntGauge,
    recordable: IntGauge,
    list_next_update: IntGauge,
    list_refused: IntGauge,
}

/// Connections that are closed before their time, by why.
#[derive(Clone)]
pub struct Closed {
    /// The handshake failed, or did not end.
    pub handshake: IntCounter,
    /// There were too many already, of the caller or in all.
    pub too_many: IntCounter,
    /// The certificate is trusted no more.
    pub revoked: IntCounter,
    /// The caller did not take what was written, or left a stream open for too long.
    pub stalled: IntCounter,
    /// The caller sent too many frames that ask for nothing.
    pub flooding: IntCounter,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// Only for a name that Prometheus does not take: a defect.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let queries = IntCounterVec::new(
            Opts::new("credit_gateway_queries_total", "Recorded queries by institution, scenario and outcome."),
            &["institution", "scenario", "outcome"],
        )?;
        registry.register(Box::new(queries.clone()))?;
        let seconds = HistogramVec::new(
            HistogramOpts::new("credit_gateway_query_seconds", "Time from the head of a query to its durable record.")
                .buckets(vec![0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0]),
            &["outcome"],
        )?;
        registry.register(Box::new(seconds.clone()))?;
        let connections = IntCounterVec::new(
            Opts::new("credit_gateway_closed_connections_total", "Connections that were closed before their time."),
            &["why"],
        )?;
        registry.register(Box::new(connections.clone()))?;
        let closed = |why: &str| connections.with_label_values(&[why]);
        let floods = IntCounterVec::new(
            Opts::new(
                "credit_gateway_floods_total",
                "Requests without a record of their own, by institution and code; `cut-off` where the connection was closed.",
            ),
            &["institution", "code"],
        )?;
        registry.register(Box::new(floods.clone()))?;
        Ok(Self {
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
            closed: Closed {
                handshake: counter(
                    "credit_gateway_failed_handshakes_total",
                    "TLS handshakes that failed or did not end.",
                )?,
                too_many: closed("too-many"),
                revoked: closed("revoked"),
                stalled: closed("stalled"),
                flooding: closed("flooding"),
            },
            durable: gauge("credit_gateway_log_durable_leaves", "Leaves that are durable.")?,
            published: gauge("credit_gateway_log_published_leaves", "Leaves under the published checkpoint.")?,
            waiting: gauge("credit_gateway_log_waiting_entries", "Entries that wait for the log's writer.")?,
            reserved: gauge("credit_gateway_log_reserved_bytes", "Room for records that is reserved on the disk.")?,
            recordable: gauge("credit_gateway_log_recordable", "1 while queries can be recorded.")?,
            list_next_update: gauge(
                "credit_gateway_revocation_list_next_update_seconds",
                "When the revocation list in force ought to be followed by the next (Unix time).",
            )?,
            list_refused: gauge(
                "credit_gateway_revocation_list_refused",
                "1 while the file of the revocation list holds one that was not taken.",
            )?,
            registry,
            queries,
            seconds,
            floods,
        })
    }

    /// A recorded query.
    pub fn query(&self, institution: &str, scenario: Option<&Scenario>, code: Option<Code>, took: Duration) {
        let scenario = scenario.map_or("none", |scenario| scenario.name().as_str());
        let outcome = code.map_or("answered", Code::as_str);
        self.queries.with_label_values(&[institution, scenario, outcome]).inc();
        let outcome = if code.is_none() { "answered" } else { "refused" };
        self.seconds.with_label_values(&[outcome]).observe(took.as_secs_f64());
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

    /// The counters of connections that are closed before their time, for the listeners.
    #[must_use]
    pub fn closed(&self) -> Closed {
        self.closed.clone()
    }

    /// The revocation list in force, and whether it is the one in the file.
    pub fn revocation_list(&self, next_update: jiff::Timestamp, is_of_file: bool) {
        self.list_next_update.set(next_update.as_second());
        self.list_refused.set(i64::from(!is_of_file));
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self, log: &Log) -> Vec<u8> {
        let figures = log.metrics();
        let gauge = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        gauge(&self.durable, figures.size);
        gauge(&self.published, figures.published);
        gauge(&self.waiting, figures.waiting as u64);
        gauge(&self.reserved, figures.reserved_bytes);
        gauge(&self.recordable, u64::from(figures.not_recordable.is_empty()));
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written");
        }
        for (name, help, histogram) in [
            ("credit_gateway_log_batch_leaves", "Leaves in a batch.", &figures.batch_leaves),
            ("credit_gateway_log_commit_seconds", "Write and fdatasync of a batch.", &figures.commit_seconds),
            (
                "credit_gateway_log_publish_lag_seconds",
                "From a leaf durable to its checkpoint published.",
                &figures.publish_lag_seconds,
            ),
        ] {
            text.extend_from_slice(exposition(name, help, histogram).as_bytes());
        }
        text
    }
}

/// A histogram of the log in the text format of Prometheus; the log counts by itself, without that library.
fn exposition(name: &str, help: &str, histogram: &Histogram) -> String {
    use std::fmt::Write;
    let mut text = format!("# HELP {name} {help}\n# TYPE {name} histogram\n");
    let infinity = (f64::INFINITY, histogram.count);
    for (bound, count) in histogram.buckets.iter().chain([&infinity]) {
        let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
        // Writing into a string cannot fail.
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}").unwrap_or_default();
    }
    writeln!(text, "{name}_sum {}\n{name}_count {}", histogram.sum, histogram.count).unwrap_or_default();
    text
}

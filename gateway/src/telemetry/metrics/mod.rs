//! Figures for the operator (Prometheus). Never a label that a person could be told from: the labels are institutions of
//! the register, scenarios of the catalogue, codes, and words of this code.
//!
//! Where the values of a label are known, its series are there from the start, at zero, so that an alert sees the first
//! increase. Only `credit_gateway_queries_total`, with three labels, grows by what was asked. The meaning of each figure
//! is its help text; the board and the alerts are in `docs/grafana/` and `docs/prometheus/`.

mod cases;
mod closed;
mod duties;
mod exposition;
mod notices;
mod objects;
mod queries;
mod readings;
mod registrar;
mod reviews;
mod stage_timer;
mod system;

use std::time::Duration;

use credit_policy::{Catalogue, ClassName, Code, Scenario};
use jiff::Timestamp;
use prometheus::{Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder};

pub(crate) use closed::Closed;
pub use duties::Duty;
pub(crate) use readings::{Readings, StoreReadings};
pub use stage_timer::Stage;
pub(crate) use stage_timer::StageTimer;

use cases::Cases;
use duties::Duties;
use exposition::Exposition;
use notices::Notices;
use objects::Objects;
use queries::Queries;
use registrar::Registrar;
use reviews::Reviews;

/// All figures.
pub struct Metrics {
    registry: Registry,
    queries: Queries,
    unregistered: IntCounter,
    broken_off: IntCounter,
    unrecorded: IntCounter,
    overloaded: IntCounter,
    closed: Closed,
    floods: IntCounterVec,
    cases: Cases,
    duties: Duties,
    notices: Notices,
    objects: Objects,
    reviews: Reviews,
    reads: IntCounterVec,
    certificate_expiry: IntGauge,
    institution_certificates_end: IntGaugeVec,
    list_next_update: IntGauge,
    list_refused: IntGauge,
    authorities_refused: IntGauge,
    issuer_keys_refused: IntGauge,
    started: Timestamp,
}

impl Metrics {
    /// All at zero. `started`: when the process started, or near enough.
    ///
    /// # Errors
    /// Only for a name that Prometheus does not take: a defect.
    pub fn new(started: Timestamp) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let registrar = Registrar(&registry);
        let counter = |name, help| registrar.counter(name, help);
        Ok(Self {
            queries: Queries::new(&registrar)?,
            unregistered: counter("credit_gateway_unregistered_total", "Requests by who is trusted and in no register.")?,
            broken_off: counter("credit_gateway_broken_off_total", "Requests that never became complete.")?,
            unrecorded: registrar.counter(
                "credit_gateway_not_recordable_total",
                "Requests refused because nothing could be recorded.",
            )?,
            overloaded: counter("credit_gateway_overloaded_total", "Requests refused because too many were under way.")?,
            closed: Closed::new(
                registrar.counters(
                    "credit_gateway_failed_handshakes_total",
                    "TLS handshakes that failed or did not end, by cause; `probe` is a caller that connected and said nothing, such \
                     as a load balancer, and no fault.",
                    &["cause"],
                )?,
                &registrar.counters(
                    "credit_gateway_closed_connections_total",
                    "Connections that were closed before their time.",
                    &["why"],
                )?,
            ),
            certificate_expiry: registrar.gauge(
                "credit_gateway_certificate_expiry_seconds",
                "When the first certificate of the server's chain expires (Unix time).",
            )?,
            institution_certificates_end: registrar.gauges(
                "credit_gateway_institution_certificates_end_seconds",
                "When the last of an institution's certificates expires (Unix time), where that is known: then it cannot call.",
                &["institution"],
            )?,
            list_next_update: registrar.gauge(
                "credit_gateway_revocation_list_next_update_seconds",
                "When the revocation list in force ought to be followed by the next (Unix time).",
            )?,
            list_refused: registrar.gauge(
                "credit_gateway_revocation_list_refused",
                "1 while the file of the revocation list contains a list that was not accepted.",
            )?,
            authorities_refused: registrar.gauge(
                "credit_gateway_authorities_refused",
                "1 while the file of the authorities cannot be used and the authorities before stay in force.",
            )?,
            issuer_keys_refused: registrar.gauge(
                "credit_gateway_issuer_keys_refused",
                "1 while a key file of an issuer cannot be used and the keys before stay in force.",
            )?,
            reads: registrar.counters(
                "credit_gateway_reads_total",
                "Requests for receipts and records, answered or not, by institution.",
                &["institution"],
            )?,
            floods: registrar.counters(
                "credit_gateway_floods_total",
                "Requests without a record of their own, by institution and code; `cut-off` where the connection was closed.",
                &["institution", "code"],
            )?,
            cases: Cases::new(&registrar)?,
            notices: Notices::new(&registrar)?,
            objects: Objects::new(&registrar)?,
            reviews: Reviews::new(&registrar)?,
            duties: Duties::new(&registrar, started)?,
            started,
            registry,
        })
    }

    /// Queries under review that are not closed, and those that were not judged in time.
    pub(crate) fn reviews(&self, open: u64, late: u64) {
        self.reviews.set(open, late);
    }

    /// Notices that are owed, and those whose time is over.
    pub(crate) fn notices(&self, owed: u64, overdue: u64) {
        self.notices.set(owed, overdue);
    }

    /// How many leaves the object store has, for how long something has been missing there, and whether the last try failed.
    pub(crate) fn objects(&self, leaves: u64, behind: Duration, is_failing: bool) {
        self.objects.set(leaves, behind, is_failing);
    }

    /// Whether the published log does not go to the object store.
    pub(crate) fn objects_fail(&self) -> bool {
        self.objects.fails()
    }

    /// An object of the log was `missing` or `other`, and was put again.
    pub(crate) fn object_restored(&self, found: &str) {
        self.objects.restored(found);
    }

    /// A recorded query.
    pub fn query(&self, institution: &str, scenario: Option<&Scenario>, code: Option<Code>, took: Duration) {
        self.queries.query(institution, scenario, code, took);
    }

    /// The stages of a journey that is over.
    pub fn stages(&self, timer: &StageTimer) {
        self.queries.stages(timer);
    }

    /// A request of a registered institution that has no record of its own, by code or `cut-off`.
    pub fn flood(&self, institution: &str, what: &str) {
        self.floods.with_label_values(&[institution, what]).inc();
    }

    /// A request of an institution for a receipt or record of its own.
    pub fn read(&self, institution: &str) {
        self.reads.with_label_values(&[institution]).inc();
    }

    /// The classes of this catalogue whose values may lie outside their domain.
    pub fn classes(&self, catalogue: &Catalogue) {
        self.queries.classes(catalogue);
    }

    /// A value of that class lay outside its domain, and the look-up failed.
    pub fn outside_domain(&self, class: &ClassName) {
        self.queries.outside_domain(class);
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

    /// When each institution's certificates end, all of them; those that are not known are left out.
    pub fn institution_certificates_end<'a>(&self, ends: impl Iterator<Item = (&'a str, Timestamp)>) {
        self.institution_certificates_end.reset();
        for (institution, end) in ends {
            self.institution_certificates_end.with_label_values(&[institution]).set(end.as_second());
        }
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

    /// Whether the file of the authorities cannot be used.
    pub fn authorities_refused(&self, are_refused: bool) {
        self.authorities_refused.set(i64::from(are_refused));
    }

    /// Whether a key file of an issuer cannot be used.
    pub fn issuer_keys_refused(&self, are_refused: bool) {
        self.issuer_keys_refused.set(i64::from(are_refused));
    }

    /// Notices whose time is over.
    pub(crate) fn notices_overdue(&self) -> u64 {
        self.notices.overdue()
    }

    /// Queries under review that are not closed.
    pub(crate) fn reviews_open(&self) -> u64 {
        self.reviews.open()
    }

    /// Queries under review that were not judged in time.
    pub(crate) fn reviews_late(&self) -> u64 {
        self.reviews.late()
    }

    /// Decisions without a look-up before them that were not handed over.
    pub(crate) fn missed(&self) -> u64 {
        self.cases.missed()
    }

    /// How often feedback told of a restraint by a scenario that serves none.
    pub(crate) fn feedback_contradictions(&self) -> u64 {
        self.cases.contradictions()
    }

    /// Feedback says that an answer was used for a restraint, although its scenario serves none.
    pub fn contradiction(&self) {
        self.cases.contradiction();
    }

    /// Decisions without a look-up before them that were not handed over, each by institution and scenario.
    pub fn case_misses<'a>(&self, misses: impl Iterator<Item = (&'a str, &'a str)>) {
        self.cases.misses(misses);
    }

    /// Decisions of which it is not known yet what the logs of other gateways have, each by institution and scenario.
    pub fn cases_unknown<'a>(&self, unknown: impl Iterator<Item = (&'a str, &'a str)>) {
        self.cases.unknown(unknown);
    }

    /// So many.
    #[must_use]
    pub fn unknown_cases(&self) -> u64 {
        self.cases.unknown_in_all()
    }

    /// A duty in the background was done, or failed; its first failure for each reason and its first success after one are lines of
    /// the log.
    pub fn duty<E: std::fmt::Display>(&self, duty: Duty, done: Result<(), E>, now: Timestamp) {
        let done = done.map_err(|error| error.to_string());
        if !self.duties.done(duty, done.as_ref().map_err(String::as_str).copied(), now) {
            return;
        }
        match done {
            Err(error) => tracing::error!(%error, place = duty.as_str(), "a duty in the background fails"),
            Ok(()) => tracing::info!(place = duty.as_str(), "a duty in the background succeeds again"),
        }
    }

    /// Whether a duty in the background failed the last time that it was due.
    pub(crate) fn fails(&self, duty: Duty) -> bool {
        self.duties.fails(duty)
    }

    /// The text that Prometheus reads. Reads a few small files of `/proc`.
    #[must_use]
    pub fn text(&self, readings: &Readings<'_>) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written");
        }
        let mut more = Exposition::default();
        readings.write(&mut more);
        readings::process(&mut more, self.started.as_millisecond() as f64 / 1e3);
        text.extend_from_slice(more.text().as_bytes());
        text
    }
}

//! Figures that are counted elsewhere and read for each scrape: whoever answers the scrape gathers them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use credit_audit::log::{Cause, Metrics as LogMetrics};

use super::{
    exposition::Exposition,
    system::{Process, free_bytes},
};

/// What is read for one scrape.
pub struct Readings<'a> {
    /// Queries that are not recorded yet.
    pub queries_under_way: usize,
    /// The log's figures.
    pub log: LogMetrics,
    /// Lines of the log on standard error that were dropped.
    pub dropped_lines: u64,
    /// The data folder, for the room on its disk.
    pub data_folder: &'a Path,
    /// The figures of each store.
    pub stores: Vec<StoreReadings<'a>>,
    /// When the first day begins on which a deadline would begin that has no date (Unix time).
    pub deadlines_end: i64,
    /// Objections of persons that are not decided: all, and those whose day is over.
    pub objections: (u64, u64),
    /// Acts of one officer in an emergency that wait for the second one, and those for which it is too late.
    pub emergencies: (usize, usize),
}

/// What a store counted of itself.
pub struct StoreReadings<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it answers.
    pub is_up: bool,
    /// Look-ups that wait for a reader.
    pub waiting: u64,
    /// Values that do not fit the data list.
    pub faulty_values: u64,
    /// Rows of classes that may not be there, by class.
    pub unlawful: Arc<BTreeMap<String, u64>>,
    /// Look-ups by what came of them.
    pub look_ups: [(&'static str, u64); 3],
    /// Whether its certificates or keys are those of before.
    pub are_files_refused: bool,
}

impl Readings<'_> {
    pub(super) fn write(&self, to: &mut Exposition) {
        to.gauge(
            "credit_gateway_queries_under_way",
            "Queries that are not recorded yet.",
            self.queries_under_way as f64,
        );
        self.log_gauges(to);
        self.log_counts(to);
        to.counter(
            "credit_gateway_lines_dropped_total",
            "Lines on standard error that were dropped because nobody read them.",
            self.dropped_lines as f64,
        );
        self.store_figures(to);
        let (open, overdue) = self.objections;
        to.gauges(
            "credit_gateway_objections",
            "Objections of persons to records that are not decided: all of them, and those whose day is over.",
            "state",
            [("open", open as f64), ("overdue", overdue as f64)],
        );
        let (waiting, alone) = self.emergencies;
        to.gauges(
            "credit_gateway_emergencies",
            "What one officer did alone in an emergency: where another may still approve it, and where it is too late.",
            "state",
            [("waiting", waiting as f64), ("alone", alone as f64)],
        );
        to.gauge(
            "credit_gateway_deadlines_end_seconds",
            "When deadlines begin to have no date, as the calendar ends (Unix time); in 62 days where it is later.",
            self.deadlines_end as f64,
        );
    }

    fn log_gauges(&self, to: &mut Exposition) {
        let log = &self.log;
        for (name, help, value) in [
            ("credit_gateway_log_durable_leaves", "Leaves that are durable.", log.size as f64),
            ("credit_gateway_log_published_leaves", "Leaves under the published checkpoint.", log.published as f64),
            ("credit_gateway_log_waiting_entries", "Entries that wait for the log's writer.", log.waiting as f64),
            (
                "credit_gateway_log_unpublished_seconds",
                "How long the oldest durable leaf that is not published has waited.",
                log.unpublished_for.as_secs_f64(),
            ),
            (
                "credit_gateway_log_commit_under_way_seconds",
                "How long the batch that is being written has taken until now; beyond 2 nothing can be recorded.",
                log.writing_for.as_secs_f64(),
            ),
            (
                "credit_gateway_log_reserved_bytes",
                "Room for records that is reserved on the disk.",
                log.reserved_bytes as f64,
            ),
            (
                "credit_gateway_log_recordable",
                "1 while queries can be recorded.",
                one_if(log.not_recordable.is_empty()),
            ),
        ] {
            to.gauge(name, help, value);
        }
        if let Some(free) = free_bytes(self.data_folder) {
            to.gauge("credit_gateway_data_free_bytes", "Free on the disk of the data folder.", free as f64);
        }
        to.gauges(
            "credit_gateway_log_not_recordable",
            "1 while this keeps the log from recording; `clock` is a clock that stepped.",
            "cause",
            Cause::ALL.map(|cause| (cause.as_str(), one_if(log.not_recordable.contains(&cause)))),
        );
    }

    fn store_figures(&self, to: &mut Exposition) {
        let gauges: [Gauge; 4] = [
            ("credit_gateway_store_up", "1 while the store answers.", |store| one_if(store.is_up)),
            (
                "credit_gateway_store_waiting_look_ups",
                "Look-ups that wait for a reader or a connection of the store.",
                |store| store.waiting as f64,
            ),
            (
                "credit_gateway_store_faulty_values",
                "Values in the store that do not fit the data list; persons whom they could clear are not answered about.",
                |store| store.faulty_values as f64,
            ),
            (
                "credit_gateway_store_files_refused",
                "1 while new certificates or keys of the store cannot be used, and those before stay in force.",
                |store| one_if(store.are_files_refused),
            ),
        ];
        for (name, help, value) in gauges {
            to.family(name, "gauge", help, self.stores.iter().map(|store| (store_label(store), value(store))));
        }
        to.family(
            "credit_gateway_store_unlawful_rows",
            "gauge",
            "Rows in the store of a class that may not be collected, is confidential or is sealed, by class.",
            self.stores.iter().flat_map(|store| {
                let labels = store_label(store);
                let label = |(class, rows): (&String, &u64)| (format!("{labels},class=\"{class}\""), *rows as f64);
                store.unlawful.iter().map(label).collect::<Vec<_>>()
            }),
        );
        to.family(
            "credit_gateway_store_look_ups_total",
            "counter",
            "Look-ups in the store by what came of them.",
            self.stores.iter().flat_map(|store| {
                let labels = store_label(store);
                store.look_ups.map(|(outcome, count)| (format!("{labels},outcome=\"{outcome}\""), count as f64))
            }),
        );
    }

    fn log_counts(&self, to: &mut Exposition) {
        let log = &self.log;
        to.counter("credit_gateway_log_checkpoints_total", "Checkpoints signed.", log.checkpoints as f64);
        to.counter(
            "credit_gateway_log_restored_files_total",
            "Files of the published log that were missing or damaged and were made again.",
            log.restored as f64,
        );
        for (name, help, histogram) in [
            ("credit_gateway_log_batch_leaves", "Leaves in a batch.", &log.batch_leaves),
            ("credit_gateway_log_commit_seconds", "Write and fdatasync of a batch.", &log.commit_seconds),
            (
                "credit_gateway_log_publish_lag_seconds",
                "From a leaf durable to its checkpoint published.",
                &log.publish_lag_seconds,
            ),
        ] {
            to.histogram(name, help, histogram);
        }
    }
}

/// What Linux says of this process.
pub(super) fn process(to: &mut Exposition, started_s: f64) {
    to.gauges("credit_gateway_build_info", "The version that runs.", "version", [(env!("CARGO_PKG_VERSION"), 1.0)]);
    to.gauge("process_start_time_seconds", "When the process started.", started_s);
    let now = Process::now();
    if let Some(seconds) = now.cpu_seconds {
        to.counter("process_cpu_seconds_total", "Processor time used.", seconds);
    }
    for (name, help, value) in [
        ("process_open_fds", "Open file descriptors.", now.open_fds),
        ("process_max_fds", "Most file descriptors that may be open.", now.max_fds),
        ("process_resident_memory_bytes", "Memory in use.", now.resident_bytes),
    ] {
        if let Some(value) = value {
            to.gauge(name, help, value as f64);
        }
    }
}

/// The names of stores are letters, digits and hyphens.
fn store_label(store: &StoreReadings<'_>) -> String {
    format!("store=\"{}\"", store.name)
}

fn one_if(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// Name, help and value of a figure of a store.
type Gauge = (&'static str, &'static str, fn(&StoreReadings<'_>) -> f64);

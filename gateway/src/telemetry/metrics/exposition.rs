//! Figures that are read for each scrape and counted elsewhere, in the text format of Prometheus.

use std::fmt::Write;

use credit_audit::log::Histogram;

/// A text that grows by one figure after the other. Writing into a string cannot fail.
#[derive(Default)]
pub(super) struct Exposition(String);

impl Exposition {
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        self.line(format_args!("{name} {value}"));
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "counter", help);
        self.line(format_args!("{name} {value}"));
    }

    /// Gauges with one label, whose values are words of ours.
    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: [(&'static str, f64); N],
    ) {
        self.head(name, "gauge", help);
        self.series(name, label, values);
    }

    /// Figures with labels that are written already.
    pub(super) fn family(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (String, f64)>,
    ) {
        self.head(name, kind, help);
        for (labels, value) in values {
            self.line(format_args!("{name}{{{labels}}} {value}"));
        }
    }

    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let infinity = (f64::INFINITY, histogram.count);
        for (bound, count) in histogram.buckets.iter().chain([&infinity]) {
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            self.line(format_args!("{name}_bucket{{le=\"{bound}\"}} {count}"));
        }
        self.line(format_args!("{name}_sum {}", histogram.sum));
        self.line(format_args!("{name}_count {}", histogram.count));
    }

    pub(super) fn text(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn series<const N: usize>(&mut self, name: &str, label: &str, values: [(&'static str, f64); N]) {
        for (word, value) in values {
            self.line(format_args!("{name}{{{label}=\"{word}\"}} {value}"));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").unwrap_or_default();
    }
}

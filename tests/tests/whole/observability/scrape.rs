//! A scrape, read: just enough of Prometheus' text format, in the form in which the gateway writes it.

use std::collections::BTreeMap;

use credit_tests::{Folder, plain};

/// One line: a name, its labels, its value.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// What a running gateway tells.
pub(super) fn scraped(folder: &Folder) -> String {
    plain(folder.port_base() + 4, "GET", "/metrics").text()
}

/// Every sample of a scrape.
pub(super) fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

/// The value of the one sample with this name and this label.
#[track_caller]
pub(super) fn value(text: &str, name: &str, label: Option<(&str, &str)>) -> f64 {
    let found: Vec<_> = samples(text)
        .into_iter()
        .filter(|sample| sample.name == name)
        .filter(|sample| label.is_none_or(|(key, value)| sample.labels.get(key).is_some_and(|told| told == value)))
        .collect();
    assert_eq!(found.len(), 1, "{name} {label:?}: {found:?}");
    found[0].value
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap_or_else(|_| panic!("{line}")) };
    let Some((name, labels)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels: BTreeMap::new(), value };
    };
    let labels = labels.strip_suffix('}').unwrap();
    assert!(!labels.contains('\\'), "no label of ours is escaped: {line}");
    let labels = labels.split("\",").map(|label| {
        let (key, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        (key.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Sample { name: name.to_owned(), labels: labels.collect(), value }
}

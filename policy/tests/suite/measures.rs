//! The list of measures: each with its instrument, and none that a record could not hold.

use credit_policy::{
    Catalogue, Language,
    catalogue::{MeasureResult, shipped},
};

/// What is wrong with the shipped catalogue, with another list of measures.
fn faults(list: &str) -> Vec<String> {
    let mut files = shipped();
    let (_, text) = files.iter_mut().find(|(path, _)| path == "measures.toml").unwrap();
    *text = list.to_owned();
    match Catalogue::load(&files) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

fn row(name: &str, result: &str, source: &str) -> String {
    format!(
        "[[measure]]\nmeasure = \"{name}\"\nresult = \"{result}\"\ntitle = {{ zh = \"措施\", en = \"a measure\" }}\n\
         sources = [\"{source}\"]\ncitation = \"《条例》第一条\"\n"
    )
}

#[test]
fn a_measure_without_an_instrument_or_a_name_does_not_load() {
    assert_eq!(faults(&row("a-measure", "reward", "WAGES 48")), Vec::<String>::new());
    for (list, says) in [
        (row("A measure", "reward", "WAGES 48"), "is no name"),
        (row("", "reward", "WAGES 48"), "is no name"),
        (row("a-measure", "punishment", "WAGES 48"), "is no result of a measure"),
        (row("a-measure", "reward", "NOWHERE 1"), "is no source"),
        (row("a-measure", "reward", "WAGES 48").repeat(2), "stands twice"),
        (row("a-measure", "reward", "WAGES 48").replace("citation", "cited"), "unknown field"),
    ] {
        let found = faults(&list);
        assert!(found.iter().any(|fault| fault.contains(says)), "{list}: {found:?}");
    }
}

#[test]
fn every_result_has_measures_and_every_measure_has_both_titles_and_an_article() {
    let catalogue = Catalogue::load(&shipped()).unwrap();
    for result in MeasureResult::ALL {
        assert!(catalogue.measures().any(|measure| measure.result() == *result), "{result}");
    }
    for measure in catalogue.measures() {
        let source = measure.legal_source();
        assert!(source.title(Language::Zh) != source.title(Language::En), "{}", measure.name());
        assert!(source.citation().contains(['第', '(', '〔']), "{}", measure.name());
        assert_eq!(catalogue.measure(measure.name()).map(|found| found.name()), Some(measure.name()));
    }
}

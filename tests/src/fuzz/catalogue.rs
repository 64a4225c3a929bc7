//! The catalogue's files. The bytes are the path of a file, a line end, and its text, which is put in the place of that
//! file of a small catalogue, or beside its files.
//!
//! 1. A catalogue does not load, and then says why: sorted faults, each at a line of one of its files, in one line.
//! 2. Or it loads, and then what no rule of law lets pass is not in it: no scenario releases a field that is unknown or
//!    of a forbidden or confidential class; none of restraint or basic public service rests on a score; each has its
//!    citation, a consent its bounds within the ceilings; a suspended institution and a minor are refused.

use std::sync::LazyLock;

use credit_policy::{
    Asker, Catalogue, Decision, Facts, Fault, Field, Ground, Language, Scenario, Sensitivity, catalogue::shipped,
    decide,
};
use jiff::civil::{Date, date};

const ON: Date = date(2026, 11, 22);

/// The scenarios of the small catalogue: one of each ground, and each that a statute is about.
const SCENARIOS: [&str; 6] = [
    "scenarios/commercial-loan.toml",
    "scenarios/joint-restraint.toml",
    "scenarios/library-borrowing.toml",
    "scenarios/public-disclosure.toml",
    "scenarios/public-rental-housing.toml",
    "scenarios/self-query.toml",
];

/// Small, because the shipped one takes thirty times as long to load.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut files = shipped();
    files.retain(|(path, _)| !path.starts_with("scenarios/") || SCENARIOS.contains(&path.as_str()));
    files
});

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some((path, text)) = text.split_once('\n') else { return false };
    let mut files = FILES.clone();
    files.retain(|(other, _)| other != path);
    files.push((path.to_owned(), text.to_owned()));
    match Catalogue::load(&files) {
        Ok(catalogue) => {
            loaded(&catalogue);
            true
        }
        Err(faults) => {
            refused(&faults, &files);
            false
        }
    }
}

fn refused(faults: &[Fault], files: &[(String, String)]) {
    assert!(!faults.is_empty() && faults.is_sorted());
    for fault in faults {
        let Fault { path, line, message } = fault;
        let text = files.iter().find(|(other, _)| other == path).map(|(_, text)| text);
        // A file that must be there and is not has no text; its fault stands in its first line.
        let lines = text.map_or(1, |text| text.matches('\n').count() + 1);
        assert!((1..=lines).contains(line), "{path} has {lines} lines, and its fault stands in line {line}");
        assert!(!message.is_empty() && !message.trim().is_empty(), "{path}:{line} does not say what is wrong");
    }
}

fn loaded(catalogue: &Catalogue) {
    for scenario in catalogue.scenarios() {
        let name = scenario.name();
        let fields: Vec<&Field> = scenario.field_rows().collect();
        assert_eq!(fields.len(), scenario.fields().len());
        let unlike = scenario.fields().iter().zip(&fields).find(|(name, row)| *name != row.name());
        assert!(unlike.is_none(), "{name}: a field and its row differ");
        for field in fields {
            released(catalogue, scenario, field);
        }
        assert!(!scenario.title(Language::Zh).is_empty() && scenario.sources().next().is_some(), "{name}: no source");
        match scenario.ground() {
            Ground::Consent => {
                let (maxima, ceilings) = (scenario.maxima().expect("bounds"), &catalogue.ceilings().consent);
                assert!(maxima.uses <= ceilings.uses, "{name}: uses above the ceiling");
                for (bound, ceiling) in [
                    (maxima.lifetime, ceilings.lifetime),
                    (maxima.look_back, ceilings.look_back),
                    (maxima.data_life, ceilings.data_life),
                ] {
                    assert!(bound.last_day(ON) <= ceiling.last_day(ON), "{name}: {bound} above {ceiling}");
                }
            }
            Ground::Statute => assert!(scenario.statute().is_some_and(|statute| !statute.is_empty()), "{name}"),
            Ground::Person | Ground::Public => assert!(scenario.maxima().is_none(), "{name}"),
        }
        assert!(scenario.case_limit() <= catalogue.ceilings().case_limit, "{name}");
        let ceiling = catalogue.ceilings().consent.data_life.last_day(ON);
        assert!(scenario.data_life().last_day(ON) <= ceiling, "{name}: kept for longer than the ceiling");
        decided(catalogue, scenario);
    }
}

fn released(catalogue: &Catalogue, scenario: &Scenario, field: &Field) {
    let (scenario_name, name) = (scenario.name(), field.name());
    assert!(catalogue.field(name.as_str()).is_some(), "{scenario_name} releases `{name}`, which does not exist");
    for class in field.classes() {
        let class = catalogue.class(class.as_str()).expect("a class");
        match class.sensitivity() {
            Sensitivity::Forbidden | Sensitivity::ConfidentialSource | Sensitivity::Sealed => {
                panic!("{scenario_name} releases `{name}` of class `{}`", class.name());
            }
            Sensitivity::Evaluation => assert!(
                !scenario.restraint() && !scenario.basic_public_service(),
                "{scenario_name} rests on an evaluation by `{name}`"
            ),
            Sensitivity::Adverse | Sensitivity::Neutral | Sensitivity::Positive | Sensitivity::Identity => {}
        }
    }
}

fn decided(catalogue: &Catalogue, scenario: &Scenario) {
    let askers: Vec<Asker> = match scenario.ground() {
        Ground::Consent | Ground::Statute => scenario.kinds().iter().map(|kind| Asker::from(*kind)).collect(),
        Ground::Person => vec![Asker::Person],
        Ground::Public => vec![Asker::Public],
    };
    for asker in askers {
        let whole = Facts { operator: true, case: true, minor: Some(false), ..Facts::new(asker, ON) };
        for wrong in [Facts { suspended: true, ..whole.clone() }, Facts { minor: Some(true), ..whole.clone() }] {
            let decision = decide(catalogue, Some(scenario.name()), &wrong);
            assert!(matches!(decision, Decision::Refuse { .. }), "{}: {wrong:?}", scenario.name());
        }
    }
}

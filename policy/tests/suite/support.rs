//! What the tests share: catalogues with a change, dates, citizen numbers that are nobody's.

use std::sync::LazyLock;

use credit_policy::catalogue::shipped;
use credit_policy::consent::{Frequency, Period};
use credit_policy::{
    Asker, Catalogue, ConsentFacts, Decision, Facts, Fault, FieldName, Ground, InstitutionKind, Minimised, Permit,
    Scenario, ScenarioName, Value, decide,
};
use jiff::civil::Date;

pub(crate) const HOUSING: &str = "public-rental-housing";

/// The shipped catalogue.
pub(crate) fn catalogue() -> &'static Catalogue {
    static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| loaded(&shipped()));
    &SHIPPED
}

/// A kind of institution of the shipped catalogue.
pub(crate) fn kind(name: &str) -> InstitutionKind {
    catalogue().kind(name).unwrap_or_else(|unknown| panic!("{unknown}"))
}

/// The same where minor acts are shown for three months, as the national measures allow.
pub(crate) fn three_months() -> &'static Catalogue {
    static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| loaded(&three_months_with("", "")));
    &SHIPPED
}

/// The files of [`three_months`] with a change in the national pack, and in the one that held before.
pub(crate) fn three_months_with(old: &str, new: &str) -> Vec<(String, String)> {
    let minor = "minor = \"never\", general = \"P1Y\"";
    let mut files = shipped();
    for (_, pack) in files.iter_mut().filter(|(path, _)| path.starts_with("packs/national-")) {
        assert_eq!(pack.matches(minor).count(), 1);
        *pack = pack.replace(minor, &minor.replace("never", "P3M")).replacen(old, new, 1);
    }
    files
}

/// Loads files that must have no fault.
pub(crate) fn loaded(files: &[(String, String)]) -> Catalogue {
    Catalogue::load(files).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

/// The faults of files.
pub(crate) fn faults(files: &[(String, String)]) -> Vec<Fault> {
    // Not `expect_err`: it would print a whole catalogue.
    Catalogue::load(files).err().unwrap_or_default()
}

pub(crate) fn lines(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// The shipped files with `old`, which must stand once in the file, replaced by `new`.
pub(crate) fn shipped_with(path: &str, old: &str, new: &str) -> Vec<(String, String)> {
    let mut files = shipped();
    let (_, text) = files.iter_mut().find(|(at, _)| at == path).expect(path);
    assert_eq!(text.matches(old).count(), 1, "`{old}` must stand once in {path}");
    *text = text.replace(old, new);
    files
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().expect(text)
}

pub(crate) fn scenario(name: &str) -> ScenarioName {
    ScenarioName::parse(name).expect(name)
}

/// The facts of a housing department's query with nothing wrong in it.
pub(crate) fn facts(on: Date) -> Facts {
    let facts = Facts::new(kind("housing-department"), on);
    Facts { operator: true, case: true, minor: Some(false), ..facts }
}

/// The terms of the consent in formats.md §3, to the scenario's first tier.
pub(crate) fn terms() -> ConsentFacts {
    ConsentFacts {
        fields: None,
        unknown_fields: false,
        issued_on: date("2026-11-22"),
        lifetime_s: 3600,
        uses: 1,
        frequency: Frequency::parse("1/P1M").unwrap(),
        look_back: period("P5Y"),
        data_life: period("P1M"),
    }
}

pub(crate) fn period(text: &str) -> Period {
    Period::parse(text).expect(text)
}

pub(crate) fn fields(names: &[&str]) -> Vec<FieldName> {
    names.iter().map(|name| FieldName::parse(name).expect(name)).collect()
}

/// The facts of a query for that scenario with nothing wrong in it, by the first kind that may ask.
pub(crate) fn facts_for(scenario: &Scenario, on: Date) -> Facts {
    let asker = match scenario.ground() {
        Ground::Consent | Ground::Statute => scenario.kinds()[0].into(),
        Ground::Person => Asker::Person,
        Ground::Public => Asker::Public,
    };
    let consent = (scenario.ground() == Ground::Consent).then(|| {
        let maxima = scenario.maxima().expect("maxima");
        let data_life = maxima.data_life;
        // Within those of every scenario, and naming every field.
        let frequency = Frequency::parse("1/P1D").unwrap();
        let look_back = maxima.look_back;
        let fields = Some(scenario.fields().to_vec());
        ConsentFacts { fields, data_life, frequency, look_back, ..terms() }
    });
    let institution = matches!(asker, Asker::Institution(_));
    let case = scenario.ground() == Ground::Statute;
    Facts { operator: institution, case, consent, minor: Some(false), ..Facts::new(asker, on) }
}

/// The name of a field of one class of records: `tax`, `exists` → `tax_offence_exists`.
pub(crate) fn field_of(class: &str, what: &str) -> String {
    let class = match class {
        "court-judgment" => "unperformed_judgment",
        "credit-card-performance" => "card_overdue",
        "safety" => "safety_offence",
        "social-insurance" => "social_insurance_offence",
        "student-loan" => "student_loan_default",
        "tax" => "tax_offence",
        other => other,
    };
    format!("{}_{what}", class.replace('-', "_"))
}

/// The value of a field, as JSON.
pub(crate) fn value(told: &Minimised, name: &str) -> serde_json::Value {
    let (_, value) = told.data.iter().find(|(field, _)| field.as_str() == name).expect(name);
    serde_json::to_value::<&Value>(value).unwrap()
}

/// The permit of housing facts that must be permitted.
pub(crate) fn permit(catalogue: &Catalogue, facts: &Facts) -> Permit {
    permit_for(catalogue, HOUSING, facts)
}

/// The permit of facts that must be permitted.
pub(crate) fn permit_for(catalogue: &Catalogue, name: &str, facts: &Facts) -> Permit {
    match decide(catalogue, Some(&scenario(name)), facts) {
        Decision::Permit(permit) => permit,
        Decision::Refuse { code, .. } => panic!("{name} refused: {code}"),
    }
}

/// A number of nobody: division code 99 and the rest, with the check character by the weights of GB 11643, annex A.
pub(crate) fn number(birth: &str, sequence: u16) -> String {
    let digits = format!("990101{birth}{sequence:03}");
    let check = check_by_weights(&digits);
    format!("{digits}{check}")
}

pub(crate) fn check_by_weights(digits: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        digits.chars().zip(WEIGHTS).map(|(digit, weight)| digit.to_digit(10).expect("a digit") * weight).sum();
    "10X98765432".chars().nth(usize::try_from(sum % 11).expect("small")).expect("below 11")
}

/// A number of nobody whose check character is `X`.
pub(crate) fn number_with_x() -> String {
    (1..1000).map(|sequence| number("19900307", sequence)).find(|number| number.ends_with('X')).expect("one of eleven")
}

//! What the tests share: catalogues with a change, dates, citizen numbers that are nobody's.

use credit_policy::catalogue::shipped;
use credit_policy::{Catalogue, Decision, Facts, Fault, InstitutionKind, Permit, ScenarioName, decide};
use jiff::civil::Date;

pub(crate) const HOUSING: &str = "public-rental-housing";

/// The shipped catalogue.
pub(crate) fn catalogue() -> Catalogue {
    loaded(&shipped())
}

/// Loads files that must have no fault.
pub(crate) fn loaded(files: &[(String, String)]) -> Catalogue {
    Catalogue::load(files).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

/// The faults of files that must have some, a line each.
pub(crate) fn faults(files: &[(String, String)]) -> Vec<Fault> {
    Catalogue::load(files).expect_err("a fault")
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
    let facts = Facts::new(InstitutionKind::HousingDepartment, on);
    Facts { operator: true, case: true, minor: Some(false), ..facts }
}

/// The permit of facts that must be permitted.
pub(crate) fn permit(catalogue: &Catalogue, facts: &Facts) -> Permit {
    match decide(catalogue, Some(&scenario(HOUSING)), facts) {
        Decision::Permit(permit) => permit,
        Decision::Refuse { code, .. } => panic!("refused: {code}"),
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

//! What changes between two catalogues, and why one request is decided as it is.

use credit_policy::catalogue::shipped;
use credit_policy::{Access, Asker, Code, ConsentFacts, Diff, Facts, Language, diff, explain};

use crate::support::{HOUSING, catalogue, date, facts, facts_for, fields, kind, loaded, scenario, shipped_with, terms};

fn changed(path: &str, old: &str, new: &str) -> Diff {
    diff(catalogue(), &loaded(&shipped_with(path, old, new)))
}

#[test]
fn the_same_files_make_no_difference() {
    let mut files = shipped();
    files.reverse();
    let same = diff(catalogue(), &loaded(&files));
    assert!(same.is_empty() && same.old == same.new, "{}", same.text(Language::En));
    // Titles open nothing.
    let title = changed("scenarios/rental.toml", "zh = \"信易租\"", "zh = \"信易租房\"");
    assert!(title.is_empty() && title.old != title.new, "{}", title.text(Language::En));
}

#[test]
fn who_gains_and_who_loses_is_told() {
    let rental = "scenarios/public-rental-housing.toml";
    let swapped = changed(rental, "\"clean_three_years\"", "\"tax_offence_exists\"");
    let lines = swapped.text(Language::En);
    let told: Vec<_> = lines.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "public-rental-housing: housing-department loses clean_three_years",
            "public-rental-housing: housing-department gains tax_offence_exists",
        ]
    );
    assert!(swapped.text(Language::Zh).contains("public-rental-housing: housing-department 失去 clean_three_years"));
    assert!(swapped.altered.is_empty());

    // Another kind gains every field of the row, and back it loses them.
    let kinds = changed(rental, "[\"housing-department\"]", "[\"court\", \"housing-department\"]");
    assert_eq!(kinds.shifts.len(), 3);
    let court = Asker::Institution(kind("court"));
    assert!(kinds.shifts.iter().all(|shift| shift.asker == court && shift.old.is_none()));
    let wider = loaded(&shipped_with(rental, "[\"housing-department\"]", "[\"court\", \"housing-department\"]"));
    assert!(diff(&wider, catalogue()).shifts.iter().all(|shift| shift.new.is_none()));
}

#[test]
fn a_change_of_tier_is_a_change_of_access() {
    let closed = changed("data-list/objection-and-repair.toml", "tier = \"first\"", "tier = \"second\"");
    let shifts: Vec<_> = closed.shifts.iter().map(|shift| (shift.field.as_str(), shift.old, shift.new)).collect();
    let by_name = |field| (field, Some(Access::Open), Some(Access::ByName));
    assert_eq!(shifts, [by_name("objection_open"), by_name("subject_statement")]);
    let altered: Vec<_> = closed.altered.iter().map(|altered| (altered.row.as_str(), altered.what.as_str())).collect();
    let fields = ["field/objection_open", "field/repair_applied_for", "field/subject_statement"];
    assert_eq!(altered[0], ("class/objection-and-repair", "tier"));
    assert_eq!(altered[1..], fields.map(|row| (row, "tier")));
}

#[test]
fn changed_bounds_clocks_definitions_and_statutes_are_told() {
    for (path, old, new, line) in [
        ("scenarios/commercial-loan.toml", "uses = 12", "uses = 24", "scenario/commercial-loan: uses 12 → 24"),
        ("scenarios/commercial-loan.toml", "restraint = false", "restraint = false # no", ""),
        ("scenarios/commendation.toml", "case_limit = 3", "case_limit = 5", "scenario/commendation: case_limit 3 → 5"),
        (
            "scenarios/commendation.toml",
            "restraint = false",
            "restraint = true",
            "scenario/commendation: restraint false → true",
        ),
        ("catalogue.toml", "look_back = \"P5Y\"", "look_back = \"P7Y\"", "ceilings: look_back P5Y → P7Y"),
        ("catalogue.toml", "pack = \"national-2026\"", "pack = \"national-2026\" # still", ""),
        (
            "derived/personal-credit-score.toml",
            "least = 600",
            "least = 500",
            "field/score_at_least_600: definition score at least 600 → score at least 500",
        ),
        ("statutes/adults-only.cedar", "// R24.", "// R 24.", "statute/adults-only: text sha256:"),
        (
            "packs/national-2026.toml",
            "general = \"P1Y\", serious = \"P3Y\"",
            "general = \"P1Y\", serious = \"P5Y\"",
            "class/tax: clock determination never P1Y P3Y, at least none P3M P1Y → determination never P1Y P3Y, at least \
             none P3M P1Y; from 2026-04-01 determination never P1Y P5Y, at least none P3M P1Y",
        ),
    ] {
        let told = changed(path, old, new).text(Language::En);
        assert!(told.contains(line), "{path}: {new}:\n{told}");
        if line.is_empty() {
            assert!(told.contains("nobody gains or loses a field"), "{told}");
        }
    }
    let without = shipped().into_iter().filter(|(path, _)| path != "scenarios/rental.toml").collect::<Vec<_>>();
    let gone = diff(catalogue(), &loaded(&without));
    assert!(gone.text(Language::En).contains("scenario/rental: removed"));
    assert!(gone.shifts.iter().all(|shift| shift.scenario.as_str() == "rental" && shift.new.is_none()));
}

#[test]
fn a_refusal_is_explained_by_its_rules_in_both_languages() {
    let on = date("2026-11-22");
    let minor = Facts { minor: Some(true), ..facts(on) };
    let why = explain(catalogue(), Some(&scenario(HOUSING)), &minor);
    assert_eq!(why.refused, Some(Code::SubjectMinor));
    assert!(why.fields.iter().all(|field| !field.released && field.lawful), "the fields are not what is amiss");
    let (zh, en) = (why.text(Language::Zh), why.text(Language::En));
    assert!(zh.starts_with("拒绝：subject-minor\n* statute/adults-only: 不满十八周岁者的记录不予答复"), "{zh}");
    assert!(
        en.contains("* statute/adults-only: Records of persons under 18 are not answered about (HD 二(一)4; SX 15)"),
        "{en}"
    );

    let unknown = explain(catalogue(), Some(&scenario("no-such-scenario")), &facts(on));
    assert!(unknown.refused == Some(Code::UnknownScenario) && unknown.fields.is_empty());
    assert!(unknown.text(Language::En).contains("* application-list"));
}

#[test]
fn a_permit_is_explained_field_by_field() {
    let loan = catalogue().scenario("commercial-loan").unwrap();
    let consent = ConsentFacts { fields: Some(fields(&["score_band", "property"])), ..terms() };
    let named = Facts { consent: Some(consent), ..facts_for(loan, date("2026-11-22")) };
    let why = explain(catalogue(), Some(loan.name()), &named);
    assert!(why.refused.is_none());
    let of = |name: &str| why.fields.iter().find(|field| field.field.as_str() == name).unwrap();
    assert!(of("property").released && of("score_band").released && !of("black_listed").released);
    assert!(!of("tax_paid_band").lawful);
    assert_eq!(of("tax_paid_band").rules[0].as_str(), "statute/second-tier-by-consent");

    // Without names the second tier stays closed, and what a query does not ask for may be released all the same.
    let unnamed = Facts { consent: Some(terms()), fields: Some(fields(&["score_band"])), ..named };
    let why = explain(catalogue(), Some(loan.name()), &unnamed);
    let of = |name: &str| why.fields.iter().find(|field| field.field.as_str() == name).unwrap();
    assert!(of("score_band").released && !of("property").lawful);
    assert!(of("black_listed").lawful && !of("black_listed").released);
    assert!(
        why.text(Language::En)
            .contains("  black_listed: permitted by the statutes, not granted in this request [data-list]")
    );
}

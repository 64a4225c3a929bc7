//! The statutes: a catalogue that breaks one does not load, and a statute that is not what it was is found by the proof.

use credit_policy::{Catalogue, Counterexample, Finding, Proof, RuleId, prove, prove_labels};

use crate::support::{catalogue, faults, lines, loaded, shipped_with};

/// Statute, file, what is replaced, by what: the row then breaks the statute, and the fault stands where `new` begins.
const BROKEN_ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "score-never-for-restraint",
        "scenarios/joint-restraint.toml",
        "[\"black_listed\"",
        "[\"score_band\", \"black_listed\"",
    ),
    (
        "score-never-for-restraint",
        "scenarios/industry-association-member.toml",
        "\"black_listed\"",
        "\"score_at_least_600\"",
    ),
    (
        "score-never-for-restraint",
        "scenarios/joint-restraint.toml",
        "[\"black_listed\"",
        "[\"creditability\", \"black_listed\"",
    ),
    (
        "score-never-for-restraint",
        "scenarios/joint-restraint.toml",
        "[\"black_listed\"",
        "[\"present_employment_since\", \"black_listed\"",
    ),
    (
        "score-never-for-basic-services",
        "scenarios/clinic-visit.toml",
        "\"eligible_for_clinic_visit\"",
        "\"objection_open\"",
    ),
    ("lending-data-by-consent", "scenarios/commendation.toml", "\"black_listed\"", "\"score_at_least_600\""),
    ("lending-data-by-consent", "scenarios/commendation.toml", "\"black_listed\"", "\"loan_overdue_exists\""),
    ("lending-data-by-consent", "scenarios/joint-restraint.toml", "\"black_listed\"", "\"card_overdue_band\""),
    (
        "lending-data-by-consent",
        "scenarios/clinic-visit.toml",
        "\"eligible_for_clinic_visit\"",
        "\"card_overdue_exists\"",
    ),
    ("lending-data-by-consent", "scenarios/supervision-inspection.toml", "\"black_listed\"", "\"objection_open\""),
    (
        "score-never-for-basic-services",
        "scenarios/clinic-visit.toml",
        "\"eligible_for_clinic_visit\"",
        "\"score_at_least_600\"",
    ),
    (
        "score-never-for-basic-services",
        "scenarios/social-security-service.toml",
        "\"clean_three_years\"",
        "\"score_band\"",
    ),
    ("identity-only-to-the-person", "scenarios/commercial-loan.toml", "\"black_listed\"", "\"citizen_number\""),
    ("identity-only-to-the-person", "scenarios/commercial-loan.toml", "\"black_listed\"", "\"masked_name\""),
    ("identity-only-to-the-person", "scenarios/public-disclosure.toml", "\"masked_name\"", "\"name\""),
    (
        "public-only-masked-by-statute",
        "scenarios/public-disclosure.toml",
        "\"black_listed\"",
        "\"traffic_violation_band\"",
    ),
    ("second-tier-by-consent", "scenarios/commendation.toml", "\"red_listed\"", "\"tax_paid_band\""),
    ("second-tier-by-consent", "scenarios/public-disclosure.toml", "\"black_listed\"", "\"property\""),
    ("statute-only-to-listed-organs", "scenarios/joint-restraint.toml", "\"measures-department\"", "\"platform\""),
    (
        "yes-no-releases-no-record",
        "scenarios/restricted-consumption.toml",
        "\"consumption_restriction_exists\"",
        "\"traffic_violation_band\"",
    ),
    (
        "yes-no-releases-no-record",
        "scenarios/library-borrowing.toml",
        "\"eligible_for_library_borrowing\"",
        "\"loan_overdue_band\"",
    ),
    ("forbidden-classes-never", "scenarios/commercial-loan.toml", "\"black_listed\"", "\"religion\""),
    ("confidential-source-never", "scenarios/commercial-loan.toml", "\"black_listed\"", "\"confidential_source\""),
];

/// The same, where the fault stands at the beginning of another line.
const BROKEN_ELSEWHERE: &[(&str, &str, &str, &str, &str)] = &[
    ("rows-only-stricter", "scenarios/joint-restraint.toml", "restraint = true", "restraint = false", "kinds = "),
    (
        "rows-only-stricter",
        "scenarios/clinic-visit.toml",
        "basic_public_service = true",
        "basic_public_service = false",
        "kinds = ",
    ),
    ("rows-only-stricter", "scenarios/clinic-visit.toml", "yes_no_only = true", "yes_no_only = false", "kinds = "),
    (
        "rows-only-stricter",
        "scenarios/student-admission.toml",
        "basic_public_service = true",
        "basic_public_service = false",
        "kinds = ",
    ),
    // Another kind of institution makes another scenario of it.
    ("rows-only-stricter", "scenarios/commercial-loan.toml", "\"bank\"", "\"court\"", "kinds = "),
    ("rows-only-stricter", "scenarios/joint-restraint.toml", "\"measures-department\"", "\"police\"", "kinds = "),
    (
        "classes-only-stricter",
        "data-list/personal-credit-score.toml",
        "sensitivity = \"evaluation\"",
        "sensitivity = \"neutral\"",
        "class = ",
    ),
    (
        "classes-only-stricter",
        "data-list/credit-evaluation.toml",
        "sensitivity = \"evaluation\"",
        "sensitivity = \"positive\"",
        "class = ",
    ),
    (
        "classes-only-stricter",
        "data-list/loan-overdue.toml",
        "sensitivity = \"adverse\"",
        "sensitivity = \"neutral\"",
        "class = ",
    ),
    (
        "classes-only-stricter",
        "data-list/tax.toml",
        "sensitivity = \"adverse\"",
        "sensitivity = \"positive\"",
        "class = ",
    ),
    ("classes-only-stricter", "data-list/tax-amount.toml", "tier = \"second\"", "tier = \"first\"", "class = "),
    (
        "classes-only-stricter",
        "data-list/identity.toml",
        "sensitivity = \"identity\"",
        "sensitivity = \"neutral\"",
        "class = ",
    ),
    ("public-only-masked-by-statute", "scenarios/public-disclosure.toml", "\"masked\"", "\"pseudonym\"", "scenario = "),
    (
        "identity-only-to-the-person",
        "scenarios/commercial-loan.toml",
        "disclosure = \"pseudonym\"",
        "disclosure = \"whole\"",
        "kinds = ",
    ),
    (
        "score-never-for-restraint",
        "scenarios/commercial-loan.toml",
        "restraint = false",
        "restraint = true",
        "  \"score_band\"",
    ),
    (
        "yes-no-releases-no-record",
        "scenarios/commercial-loan.toml",
        "yes_no_only = false",
        "yes_no_only = true",
        "  \"age_band\"",
    ),
];

#[test]
fn a_row_that_breaks_a_statute_does_not_load() {
    for (statute, path, old, new) in BROKEN_ROWS {
        let files = shipped_with(path, old, new);
        let (_, text) = files.iter().find(|(at, _)| at == path).unwrap();
        assert_breaks(&files, statute, path, text[..text.find(new).unwrap()].matches('\n').count() + 1);
    }
    for (statute, path, old, new, line) in BROKEN_ELSEWHERE {
        let files = shipped_with(path, old, new);
        let (_, text) = files.iter().find(|(at, _)| at == path).unwrap();
        let line = text.lines().position(|text| text.starts_with(line)).expect(line) + 1;
        assert_breaks(&files, statute, path, line);
    }
}

/// What the person alone may see, open to everybody. Its many exact values would be refused before the statutes are asked,
/// so one field is left, which leaves as yes or no.
#[test]
fn a_self_query_that_is_made_public_breaks_the_statute_of_public_disclosure() {
    let path = "scenarios/self-query.toml";
    let mut files = shipped_with(path, "ground = \"self\"", "ground = \"public\"");
    let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap();
    let (before, behind) = text.split_once("fields = [").unwrap();
    let (_, behind) = behind.split_once(']').unwrap();
    const BASIS: &str =
        "[[basis]]\nsource = \"CIVIL-PROCEDURE\"\narticle = \"266\"\npower = \"publish\"\nclasses = [\"black-list\"]\n";
    *text = format!("{before}fields = [\"black_listed\"]{behind}\n{BASIS}");
    assert_breaks(&files, "public-only-masked-by-statute", path, 1);
}

fn assert_breaks(files: &[(String, String)], statute: &str, path: &str, line: usize) {
    let found = faults(files);
    let named = format!("`statute/{statute}`");
    let fault = found.iter().find(|fault| fault.message.contains(&named) && fault.line == line);
    assert!(fault.is_some_and(|fault| fault.path == path), "{statute} {path}:{line}:\n{}", lines(&found));
}

#[test]
fn the_shipped_catalogue_is_proved() {
    let proof = proved(catalogue());
    // Scenarios × askers × (suspended, minor, case) × consents, and every field of each.
    assert!(proof.decisions > 200_000 && proof.comparisons > 8_000_000, "{proof:?}");
    // Scenarios × labels, alone and two together.
    assert!(proof.labels > 8_000, "{proof:?}");
    assert!(proof.released > 1_000 && proof.states > 500, "{proof:?}");
    assert!(proof.stricter > 0 && proof.floor == 0, "{proof:?}");
    // A statute that never forbade anything would be proved of nothing. The two that no row can come near are not here:
    // their classes hold nothing.
    for statute in [
        "adults-only",
        "consent-within-maxima",
        "expired-or-repaired-never",
        "identity-only-to-the-person",
        "public-only-masked-by-statute",
        "score-never-for-basic-services",
        "score-never-for-restraint",
        "second-tier-by-consent",
        "statute-only-to-listed-organs",
        "suspended-never",
        "yes-no-releases-no-record",
        "lending-data-by-consent",
        "kept-out-penalties-never",
        "sealed-records-never",
    ] {
        let rule = RuleId::parse(&format!("statute/{statute}")).unwrap();
        assert!(proof.forbade.get(&rule).is_some_and(|times| *times > 0), "{statute}");
    }
}

fn proved(catalogue: &Catalogue) -> Proof {
    prove(catalogue).unwrap_or_else(|found| panic!("{}", found.text(credit_policy::Language::En)))
}

fn refuted(path: &str, old: &str, new: &str) -> Counterexample {
    let changed = loaded(&shipped_with(path, old, new));
    match prove(&changed) {
        Ok(proof) => panic!("`{new}` in {path} was not found: {proof:?}"),
        Err(found) => *found,
    }
}

/// Statute, what is replaced in its text, by what: it then forbids less, and loads all the same.
pub(crate) const WEAKER: &[(&str, &str, &str)] = &[
    ("forbidden-classes-never", "Action::\"release\", Action::\"tell\"]", "Action::\"release\"]"),
    ("confidential-source-never", "Action::\"collect\", Action::\"release\"", "Action::\"collect\""),
    ("suspended-never", "context.suspended }", "context.suspended && !context.case }"),
    ("suspended-never", "context.suspended }", "context.suspended } unless { principal == Asker::\"court\" }"),
    (
        "score-never-for-restraint",
        "context.scenario.restraint &&",
        "context.scenario.restraint && resource.shape != Shape::\"band\" &&",
    ),
    ("score-never-for-restraint", ".contains(Sensitivity::\"evaluation\")", ".contains(Sensitivity::\"forbidden\")"),
    (
        "score-never-for-basic-services",
        "basic_public_service &&",
        "basic_public_service && principal != Asker::\"service-operator\" &&",
    ),
    (
        "identity-only-to-the-person",
        "principal == Asker::\"person\" ||",
        "principal == Asker::\"person\" || principal == Asker::\"police\" ||",
    ),
    ("identity-only-to-the-person", "resource.shape == Shape::\"masked\" &&", ""),
    ("public-only-masked-by-statute", "resource == Scenario::\"public-disclosure\" && ", ""),
    (
        "public-only-masked-by-statute",
        "Shape::\"masked\", Shape::\"yes-no\"",
        "Shape::\"masked\", Shape::\"day\", Shape::\"yes-no\"",
    ),
    ("adults-only", "context.adult }", "context.adult || resource.ground == Ground::\"self\" }"),
    (
        "second-tier-by-consent",
        "context.named.contains(resource)",
        "!(resource.shape == Shape::\"day\" && context.named.contains(resource))",
    ),
    (
        "second-tier-by-consent",
        "principal == Asker::\"person\"",
        "principal == Asker::\"person\" || principal == Asker::\"court\"",
    ),
    ("statute-only-to-listed-organs", "context.case &&", "(context.case || principal == Asker::\"police\") &&"),
    ("statute-only-to-listed-organs", "Asker::\"court\",", "Asker::\"court\", Asker::\"bank\","),
    ("consent-within-maxima", "  context.consent.uses <= context.maxima.uses &&\n", ""),
    (
        "consent-within-maxima",
        "context.consent.look_back <= context.maxima.look_back",
        "context.consent.data_life <= context.maxima.look_back",
    ),
    (
        "consent-within-maxima",
        "context.consent.lifetime <= context.maxima.lifetime",
        "context.consent.lifetime <= context.maxima.lifetime + 1",
    ),
    (
        "yes-no-releases-no-record",
        "resource.shape != Shape::\"yes-no\"",
        "![Shape::\"count\", Shape::\"yes-no\"].contains(resource.shape)",
    ),
    (
        "rows-only-stricter",
        "when { !resource.restraint }",
        "when { !resource.restraint && principal != Asker::\"bank\" }",
    ),
    (
        "rows-only-stricter",
        "    Scenario::\"volunteer-star\"\n  ].contains",
        "    Scenario::\"joint-restraint\",\n    Scenario::\"volunteer-star\"\n  ].contains",
    ),
    ("rows-only-stricter", "when { !resource.yes_no_only }", "when { !resource.yes_no_only && !resource.restraint }"),
    ("rows-only-stricter", "      Asker::\"school\",\n", ""),
    ("classes-only-stricter", "Holding::\"list\", ", ""),
    ("classes-only-stricter", "Class::\"volunteer-service\"", "Class::\"tax\",\n    Class::\"volunteer-service\""),
    (
        "classes-only-stricter",
        "Class::\"loan-performance\"",
        "Class::\"credit-evaluation\",\n    Class::\"loan-performance\"",
    ),
    (
        "classes-only-stricter",
        "== Sensitivity::\"adverse\" }",
        "== Sensitivity::\"adverse\" && resource.tier == Tier::\"first\" }",
    ),
    ("lending-data-by-consent", "Class::\"wage-arrears\"", "Class::\"loan-overdue\",\n    Class::\"wage-arrears\""),
    ("lending-data-by-consent", ".containsAll(resource.classes)", ".containsAny(resource.classes)"),
    ("lending-data-by-consent", "  context.scenario.restraint ||\n", ""),
    ("lending-data-by-consent", "resource.shape == Shape::\"masked\" &&", "resource.shape == Shape::\"masked\" ||"),
    ("sealed-records-never", "Action::\"release\", Action::\"tell\"]", "Action::\"release\"]"),
    (
        "sealed-records-never",
        "== Standing::\"sealed\" }",
        "== Standing::\"sealed\" && principal != Asker::\"police\" }",
    ),
    (
        "kept-out-penalties-never",
        "== Standing::\"kept-out\" }",
        "== Standing::\"kept-out\" && principal != Asker::\"person\" }",
    ),
    ("expired-or-repaired-never", "Standing::\"expired\", ", ""),
    (
        "expired-or-repaired-never",
        "principal == Asker::\"person\"",
        "principal == Asker::\"person\" || principal == Asker::\"court\"",
    ),
];

#[test]
fn a_statute_that_forbids_less_is_found() {
    for (statute, old, new) in WEAKER {
        let found = refuted(&format!("statutes/{statute}.cedar"), old, new);
        assert_eq!(found.finding, Finding::Laxer, "{statute}: {new}");
        assert_eq!(found.rules, [RuleId::parse(&format!("statute/{statute}")).unwrap()], "{new}");
    }
}

/// What is replaced in the text of a statute, and by what.
type Weaker = (&'static str, &'static str, &'static str);

/// Label, and what makes statutes weaker: what a row says by that label then opens what it is not.
const LABELLED: &[(&str, &[Weaker])] = &[
    (
        "restraint",
        &[(
            "rows-only-stricter",
            "    Scenario::\"volunteer-star\"\n  ].contains",
            "    Scenario::\"industry-association-member\",\n    Scenario::\"volunteer-star\"\n  ].contains",
        )],
    ),
    (
        "basic_public_service",
        &[(
            "rows-only-stricter",
            "      Scenario::\"cadre-selection\",\n",
            "      Scenario::\"cadre-selection\",\n      Scenario::\"clinic-visit\",\n",
        )],
    ),
    (
        "yes_no_only",
        &[(
            "rows-only-stricter",
            "  resource == Scenario::\"public-disclosure\" ||\n",
            "  resource == Scenario::\"public-disclosure\" || resource == Scenario::\"library-borrowing\" ||\n",
        )],
    ),
    ("ground = public", &[("public-only-masked-by-statute", "resource == Scenario::\"public-disclosure\" && ", "")]),
    (
        "disclosure = whole",
        &[(
            "identity-only-to-the-person",
            "when { resource.disclosure == Disclosure::\"whole\" }",
            "when { resource.disclosure == Disclosure::\"whole\" && resource.restraint }",
        )],
    ),
    (
        "sensitivity = ",
        &[
            (
                "classes-only-stricter",
                "    Class::\"loan-performance\"",
                "    Class::\"personal-credit-score\",\n    Class::\"loan-performance\"",
            ),
            // Evaluations are kept out by their class, too.
            (
                "lending-data-by-consent",
                "    Class::\"tax\",",
                "    Class::\"tax\",\n    Class::\"personal-credit-score\",",
            ),
        ],
    ),
    (
        "tier = first",
        &[(
            "classes-only-stricter",
            "resource.tier != Tier::\"second\" &&",
            "resource.tier != Tier::\"second\" && resource != Class::\"securities\" &&",
        )],
    ),
    // A class of records that says it is one of facts.
    (
        "a class of attributes",
        &[(
            "yes-no-releases-no-record",
            "resource.shape != Shape::\"yes-no\"",
            "resource.shape != Shape::\"yes-no\" && resource.origin == Origin::\"entry\"",
        )],
    ),
];

#[test]
fn a_statute_that_a_label_evades_is_found() {
    for (label, weaker) in LABELLED {
        let mut files = credit_policy::catalogue::shipped();
        for (statute, old, new) in *weaker {
            let path = format!("statutes/{statute}.cedar");
            let (_, text) = files.iter_mut().find(|(at, _)| *at == path).unwrap();
            assert_eq!(text.matches(old).count(), 1, "{label}");
            *text = text.replace(old, new);
        }
        let found = prove_labels(&loaded(&files)).err().unwrap_or_else(|| panic!("{label} was not found"));
        assert_eq!(found.finding, Finding::Label, "{label}: {found:?}");
        assert!(found.request.labels.iter().any(|own| own.starts_with(label)), "{label}: {found:?}");
        assert!(found.text(credit_policy::Language::En).contains(label));
    }
}

/// Statutes that forbid more than the decision knows, and tables that permit more: the walk over requests finds them.
#[test]
fn a_decision_that_is_not_cedars_is_found() {
    for (finding, path, old, new) in [
        (
            Finding::Leaks,
            "statutes/suspended-never.cedar",
            "context.suspended }",
            "context.suspended || (!context.case && resource.ground == Ground::\"consent\") }",
        ),
        (
            Finding::Leaks,
            "statutes/consent-within-maxima.cedar",
            "  context.consent.uses <= context.maxima.uses &&",
            "  context.consent.uses <= context.maxima.uses &&\n  (context.consent.uses == context.maxima.uses || context.case) &&",
        ),
        (
            Finding::Withholds,
            "statutes/tables.cedar",
            "resource.askers.contains(principal)",
            "resource.askers.contains(principal) || (principal == Asker::\"court\" && resource.ground == Ground::\"statute\")",
        ),
        (
            Finding::Withholds,
            "statutes/tables.cedar",
            "when { context.scenario.fields.contains(resource) }",
            "when { context.scenario.fields.contains(resource) || context.scenario.fields.isEmpty() || resource.shape == Shape::\"yes-no\" }",
        ),
    ] {
        assert_eq!(refuted(path, old, new).finding, finding, "{new}");
    }
}

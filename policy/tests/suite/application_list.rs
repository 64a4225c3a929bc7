//! The application list: every scenario of the sources, who may use it, and what statutes will be held against.

use credit_policy::{Asker, Code, Decision, Disclosure, Facts, Ground, Scenario, Sensitivity, Shape, Tier, decide};

use crate::support::{catalogue, date, facts_for, permit_for, scenario};

/// The table of the sources: ground, who asks, scenarios. Where no law lets an organ look up, the ground is consent.
const TABLE: &[(Ground, &str, &str)] = &[
    (Ground::Consent, "bank", "commercial-loan"),
    (Ground::Consent, "insurer", "commercial-insurance"),
    (Ground::Consent, "bank insurer", "wealth-management"),
    (Ground::Consent, "platform", "online-shopping matchmaking rental"),
    (Ground::Consent, "employer", "employment"),
    (Ground::Consent, "employer platform", "household-service-hiring"),
    (Ground::Consent, "bank platform", "loan-facilitation"),
    (Ground::Consent, "credit-bureau", "credit-bureau-supply"),
    (Ground::Consent, "association", "industry-association-member"),
    (
        Ground::Consent,
        "service-operator",
        "library-borrowing volunteer-star clinic-visit public-transport utilities culture-sport-tourism",
    ),
    (Ground::Statute, "police", "household-registration"),
    (Ground::Statute, "police settlement-office", "points-based-settlement"),
    (Ground::Consent, "approving-department", "administrative-confirmation administrative-filing"),
    (Ground::Consent, "measures-department", "joint-incentive"),
    (Ground::Consent, "school", "scholarship-award"),
    (Ground::Statute, "personnel-department", "professional-title commendation personnel-examination cadre-selection"),
    (Ground::Statute, "market-regulator industry-department", "special-industry-entry company-officer"),
    (Ground::Statute, "housing-department", "public-rental-housing"),
    (Ground::Statute, "clearing-desk court", "restricted-consumption"),
    (Ground::Statute, "approving-department", "administrative-licence subsidy-application tax-relief"),
    (Ground::Statute, "measures-department", "joint-restraint"),
    (Ground::Statute, "school", "student-admission"),
    (Ground::Statute, "social-security-department", "social-security-service"),
    (Ground::Statute, "market-regulator industry-department credit-supervisor", "supervision-inspection"),
    (Ground::Person, "", "self-query"),
    (Ground::Public, "", "public-disclosure"),
];

fn sorted(words: &str) -> String {
    let mut words: Vec<_> = words.split_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

#[test]
fn the_scenarios_are_those_of_the_sources() {
    let mut expected: Vec<_> = TABLE
        .iter()
        .flat_map(|(ground, kinds, names)| names.split_whitespace().map(move |name| (name, *ground, sorted(kinds))))
        .collect();
    expected.sort_by_key(|(name, ..)| *name);
    let found: Vec<_> = catalogue()
        .scenarios()
        .into_iter()
        .map(|scenario| {
            let kinds: Vec<_> = scenario.kinds().iter().map(|kind| kind.as_str()).collect();
            (scenario.name().as_str(), scenario.ground(), kinds.join(" "))
        })
        .collect();
    assert_eq!(found, expected);
}

/// Everybody who may ask at all.
fn askers() -> impl Iterator<Item = Asker> {
    catalogue().askers()
}

#[test]
fn a_scenario_is_open_to_those_of_its_row_and_to_nobody_else() {
    let on = date("2026-11-22");
    for row in catalogue().scenarios() {
        for kind in askers() {
            // An operator and a case more than needed make no difference.
            let facts = Facts { kind, operator: true, case: true, ..facts_for(row, on) };
            let allowed = match kind {
                Asker::Institution(kind) => row.kinds().contains(&kind),
                Asker::Person => row.ground() == Ground::Person,
                Asker::Public => row.ground() == Ground::Public,
            };
            match decide(catalogue(), Some(row.name()), &facts) {
                Decision::Permit(permit) => {
                    assert!(allowed, "{} for {}", row.name(), kind.as_str());
                    assert_eq!(permit.fields(), row.fields(), "{}", row.name());
                    assert_eq!(permit.rules()[0].as_str(), format!("scenario/{}", row.name()));
                }
                Decision::Refuse { code, .. } => {
                    assert_eq!(
                        (allowed, code),
                        (false, Code::ScenarioNotAllowed),
                        "{} for {}",
                        row.name(),
                        kind.as_str()
                    );
                }
            }
        }
    }
}

#[test]
fn a_scenario_asks_stores_for_nothing_that_its_fields_do_not_rest_on() {
    let on = date("2026-11-22");
    for row in catalogue().scenarios() {
        let permit = permit_for(catalogue(), row.name().as_str(), &facts_for(row, on));
        let rests_on: Vec<_> = row.field_rows().flat_map(|field| field.classes()).collect();
        let plan = permit.plan();
        for class in plan.classes() {
            assert!(rests_on.contains(&class), "{} asks for {class}", row.name());
        }
        for class in catalogue().classes() {
            let asked = class.attributes().iter().any(|name| plan.attributes().contains(name))
                || class.list().is_some_and(|list| plan.lists().contains(&list));
            assert!(!asked || rests_on.contains(&class.name()), "{} asks {}", row.name(), class.name());
        }
    }
}

fn has(row: &Scenario, sensitivity: Sensitivity) -> bool {
    let is = |class: &str| catalogue().class(class).expect(class).sensitivity() == sensitivity;
    row.field_rows().any(|field| field.classes().iter().any(|class| is(class.as_str())))
}

#[test]
fn the_rows_keep_what_the_statutes_say() {
    for row in catalogue().scenarios() {
        let name = row.name();
        let no_score = row.restraint() || row.basic_public_service();
        assert!(!(no_score && has(row, Sensitivity::Evaluation)), "{name}: R22");
        assert!(!has(row, Sensitivity::Forbidden) && !has(row, Sensitivity::ConfidentialSource), "{name}: R13, R14");
        if row.yes_no_only() {
            assert!(row.field_rows().all(|field| field.shape() == Shape::YesNo), "{name}: R28");
        }
        let identity =
            row.field_rows().filter(|field| field.classes().iter().any(|class| class.as_str() == "identity"));
        let shapes: Vec<_> = identity.map(|field| field.shape()).collect();
        let named = match row.disclosure() {
            Disclosure::Pseudonym => shapes.is_empty(),
            Disclosure::Masked => row.ground() == Ground::Public && shapes.iter().all(|shape| *shape == Shape::Masked),
            Disclosure::Whole => row.ground() == Ground::Person,
        };
        assert!(named, "{name}: R23");
        let second = row.field_rows().any(|field| field.tier() == Tier::Second);
        assert!(!second || matches!(row.ground(), Ground::Consent | Ground::Person), "{name}: second tier");
    }
    let named = |names: &str, is: fn(&Scenario) -> bool| {
        let found: Vec<_> =
            catalogue().scenarios().into_iter().filter(|row| is(row)).map(|row| row.name().as_str()).collect();
        assert_eq!(found.join(" "), names);
    };
    named(
        "cadre-selection company-officer industry-association-member joint-restraint personnel-examination \
         professional-title public-disclosure restricted-consumption special-industry-entry",
        Scenario::restraint,
    );
    named(
        "clinic-visit culture-sport-tourism household-registration library-borrowing points-based-settlement \
         public-rental-housing public-transport scholarship-award social-security-service student-admission \
         subsidy-application utilities volunteer-star",
        Scenario::basic_public_service,
    );
}

#[test]
fn what_the_demo_promises_is_in_the_rows() {
    let fields = |name: &str| {
        let row = catalogue().scenario(name).expect(name);
        row.field_rows()
            .filter(|field| field.tier() == Tier::First)
            .map(|field| field.name().to_string())
            .collect::<Vec<_>>()
    };
    for first_tier in ["score_band", "clean_three_years"] {
        assert!(fields("commercial-loan").contains(&first_tier.to_owned()), "{first_tier}");
    }
    assert_eq!(fields("public-rental-housing"), ["black_listed", "clean_three_years", "grey_listed"]);
}

#[test]
fn a_person_who_asks_gets_every_field_that_is_not_masked() {
    let own = catalogue().scenario("self-query").expect("a person may ask");
    for field in catalogue().fields() {
        let expected = field.shape() != Shape::Masked;
        assert_eq!(own.fields().contains(field.name()), expected, "{}", field.name());
    }
}

#[test]
fn minors_are_not_answered_about_in_any_scenario() {
    for row in catalogue().scenarios() {
        for minor in [None, Some(true)] {
            let facts = Facts { minor, ..facts_for(row, date("2026-11-22")) };
            let decision = decide(catalogue(), Some(&scenario(row.name().as_str())), &facts);
            assert!(matches!(decision, Decision::Refuse { code: Code::SubjectMinor, .. }), "{}", row.name());
        }
    }
}

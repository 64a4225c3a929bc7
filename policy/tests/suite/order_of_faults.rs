//! Of several faults the first of formats.md §2 wins, wherever each was met.

use credit_policy::consent::Frequency;
use credit_policy::{Code, ConsentFacts, Decision, Facts, FieldName, Ground, decide};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::support::{HOUSING, catalogue, date, facts_for, fields, kind, period, scenario, terms};

/// The order of formats.md §2, written out: a code on an earlier line wins over those on later ones.
const ORDER: &[&[Code]] = &[
    &[Code::CertificateUnknown],
    &[Code::InstitutionSuspended],
    // The coarse rate, and what can happen at any moment.
    &[
        Code::RateLimited,
        Code::InternalError,
        Code::NotRecordable,
        Code::Draining,
        Code::Overloaded,
        Code::Stopped,
        Code::StateUnavailable,
        // Syntax.
        Code::MalformedRequest,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::HeadersTooLarge,
    ],
    &[Code::UnknownScenario],
    &[Code::OperatorRequired],
    &[Code::CaseRequired],
    &[Code::InvalidCitizenNumber],
    &[Code::ScenarioNotAllowed],
    &[
        Code::ConsentRequired,
        Code::ConsentInvalid,
        Code::ConsentExpired,
        Code::ConsentNotYetValid,
        Code::ConsentWrongInstitution,
        Code::ConsentWrongScenario,
        Code::ConsentWrongSubject,
        Code::ConsentRevoked,
    ],
    &[Code::ConsentExceedsBound],
    &[Code::UnknownField],
    &[Code::FieldNotAllowed],
    &[Code::SubjectMinor],
    &[Code::StatuteForbids],
    &[Code::IdempotencyConflict, Code::CaseAlreadyUsed, Code::ConsentUsedUp, Code::DistinctSubjectsExceeded],
    &[Code::StoreFailed, Code::StoreTimeout, Code::AnswerChanged],
];

fn place(code: Code) -> usize {
    ORDER.iter().position(|line| line.contains(&code)).unwrap()
}

/// A query with faults: the scenario, whether it is known, and the facts.
#[derive(Clone)]
struct Query {
    scenario: &'static str,
    known: bool,
    facts: Facts,
}

/// What makes a fault.
type Make = fn(&mut Query);

/// The faults that policy finds by itself on every ground, and how each comes about.
const FOUND: &[(Code, Make)] = &[
    (Code::InstitutionSuspended, |query| query.facts.suspended = true),
    (Code::UnknownScenario, |query| query.known = false),
    (Code::OperatorRequired, |query| query.facts.operator = false),
    (Code::ScenarioNotAllowed, |query| query.facts.kind = kind("court").into()),
    (Code::FieldNotAllowed, |query| ask(query, "red_listed")),
    (Code::UnknownField, |query| ask(query, "no_such_field")),
    (Code::SubjectMinor, |query| query.facts.minor = Some(true)),
];

/// Those of a look-up by statute.
const BY_STATUTE: &[(Code, Make)] = &[(Code::CaseRequired, |query| query.facts.case = false)];

/// Those of a query by consent.
const BY_CONSENT: &[(Code, Make)] = &[
    (Code::ConsentRequired, |query| query.facts.consent = None),
    (Code::ConsentExceedsBound, |query| agree(query, |consent| consent.uses = 1_000_000)),
    (Code::ConsentExceedsBound, |query| agree(query, |consent| consent.look_back = period("P6Y"))),
    (Code::UnknownField, |query| agree(query, |consent| consent.unknown_fields = true)),
    (Code::FieldNotAllowed, |query| agree(query, |consent| consent.fields = Some(fields(&["score_band", "name"])))),
];

fn ask(query: &mut Query, field: &str) {
    query.facts.fields.get_or_insert_default().extend(fields(&[field]));
}

/// Changes the consent, if there is one left to change.
fn agree(query: &mut Query, change: impl FnOnce(&mut ConsentFacts)) {
    if let Some(consent) = &mut query.facts.consent {
        change(consent);
    }
}

fn decided(query: &Query) -> Option<Code> {
    let name = query.known.then(|| scenario(query.scenario));
    match decide(catalogue(), name.as_ref(), &query.facts) {
        Decision::Permit(_) => None,
        Decision::Refuse { code, .. } => Some(code),
    }
}

#[test]
fn the_order_holds_every_code_once() {
    assert_eq!(ORDER.iter().map(|line| line.len()).sum::<usize>(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| place(*code) < ORDER.len()));
}

#[test]
fn of_two_faults_the_first_wins() {
    for (name, own) in [(HOUSING, BY_STATUTE), ("commercial-loan", BY_CONSENT)] {
        let facts = facts_for(catalogue().scenario(name).unwrap(), date("2026-11-22"));
        let base = Query { scenario: name, known: true, facts };
        assert_eq!(decided(&base), None, "{name}");
        for (code, make) in FOUND.iter().chain(own) {
            for (other, make_other) in FOUND.iter().chain(own) {
                let mut query = base.clone();
                make_other(&mut query);
                make(&mut query);
                let first = if place(*code) <= place(*other) { code } else { other };
                assert_eq!(decided(&query), Some(*first), "{name}: {code} and {other}");
            }
            for other in Code::ALL {
                let mut query = base.clone();
                make(&mut query);
                query.facts.observed = Some(*other);
                // The withdrawal of a consent names no scenario: there, what was observed says more.
                let withdrawal = (*code, *other) == (Code::UnknownScenario, Code::ScenarioNotAllowed);
                let first = if place(*code) < place(*other) && !withdrawal { code } else { other };
                assert_eq!(decided(&query), Some(*first), "{name}: {code} and {other} observed");
            }
        }
    }
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let names =
        prop::sample::select(vec!["black_listed", "clean_three_years", "property", "no_such_field", "grey_listed"]);
    (
        prop::sample::select(vec![kind("housing-department"), kind("bank"), kind("officer")]),
        any::<[bool; 3]>(),
        (1900_i16..2100, 1_i8..=12, 1_i8..=28),
        prop::option::of(prop::collection::vec(names, 0..4)),
        any::<Option<bool>>(),
        prop::option::of(prop::sample::select(Code::ALL.to_vec())),
    )
        .prop_map(|(kind, [suspended, operator, case], (year, month, day), fields, minor, observed)| Facts {
            kind: kind.into(),
            suspended,
            on: Date::new(year, month, day).unwrap(),
            operator,
            case,
            consent: None,
            fields: fields.map(|fields| fields.iter().map(|name| FieldName::parse(name).unwrap()).collect()),
            minor,
            observed,
        })
}

fn any_consent() -> impl Strategy<Value = ConsentFacts> {
    let names = prop::sample::select(vec!["score_band", "property", "name", "clean_three_years", "no_such_field"]);
    let some_period = || prop::sample::select(vec!["P1D", "P1M", "P5Y", "P6Y", "P9999Y"]).prop_map(period);
    let frequencies = prop::sample::select(vec!["1/P1M", "18446744073709551615/PT1S", "1/P9999Y"]);
    (
        prop::option::of(prop::collection::vec(names, 0..3)),
        any::<bool>(),
        (-9999_i16..=9999, 1_i8..=12, 1_i8..=28),
        any::<[u64; 2]>(),
        frequencies,
        some_period(),
        some_period(),
    )
        .prop_map(
            |(names, unknown_fields, (year, month, day), [lifetime_s, uses], frequency, look_back, data_life)| {
                ConsentFacts {
                    fields: names.map(|names| fields(&names)),
                    unknown_fields,
                    issued_on: Date::new(year, month, day).unwrap(),
                    lifetime_s,
                    uses,
                    frequency: Frequency::parse(frequency).unwrap(),
                    look_back,
                    data_life,
                }
            },
        )
}

proptest! {
    /// On every ground, whatever stands in the facts: no panic, and the same decision again from a leaf. What is
    /// released is the scenario's, and where a consent names fields, the consent's.
    #[test]
    fn a_decision_is_total_on_every_ground(
        facts in any_facts(),
        consent in prop::option::of(prop_oneof![Just(terms()), any_consent()]),
        at in 0_usize..40,
        fitting in any::<bool>(),
    ) {
        let row = catalogue().scenarios()[at];
        let base = facts_for(row, facts.on);
        let facts = if fitting { Facts { consent, fields: facts.fields, ..base } } else { Facts { consent, ..facts } };
        let decision = decide(catalogue(), Some(row.name()), &facts);
        if let Decision::Permit(permit) = &decision {
            prop_assert!(permit.fields().iter().all(|field| row.fields().contains(field)));
            let agreed = facts.consent.as_ref().and_then(|consent| consent.fields.as_ref());
            if let (Ground::Consent, Some(agreed)) = (row.ground(), agreed) {
                prop_assert!(permit.fields().iter().all(|field| agreed.contains(field)));
            }
        }
        let from_leaf: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        let again = decide(catalogue(), Some(row.name()), &from_leaf);
        prop_assert_eq!(format!("{again:?}"), format!("{decision:?}"));
    }

    /// A permit only without any fault, and the same decision again from the facts as a leaf holds them.
    #[test]
    fn a_decision_is_total_and_can_be_made_again(facts in any_facts(), known in any::<bool>()) {
        let name = known.then(|| scenario(HOUSING));
        let decision = decide(catalogue(), name.as_ref(), &facts);
        let clean = known && !facts.suspended && facts.operator && facts.case && facts.observed.is_none()
            && facts.minor == Some(false) && facts.kind == kind("housing-department").into()
            && facts.fields.iter().flatten().all(|field| field.as_str() != "property" && field.as_str() != "no_such_field");
        prop_assert_eq!(matches!(decision, Decision::Permit(_)), clean);

        let from_leaf: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        prop_assert_eq!(&from_leaf, &facts);
        let again = decide(catalogue(), name.as_ref(), &from_leaf);
        prop_assert_eq!(format!("{again:?}"), format!("{decision:?}"));
    }
}

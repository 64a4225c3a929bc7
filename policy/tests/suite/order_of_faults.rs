//! Of several faults the first of formats.md §2 wins, wherever each was met.

use credit_policy::{Code, Decision, Facts, FieldName, InstitutionKind, decide};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::support::{HOUSING, catalogue, date, facts, scenario};

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
    &[Code::ConsentExceedsBound, Code::UnknownField],
    &[Code::FieldNotAllowed],
    &[Code::SubjectMinor],
    &[Code::StatuteForbids],
    &[Code::IdempotencyConflict, Code::CaseAlreadyUsed, Code::ConsentUsedUp, Code::DistinctSubjectsExceeded],
    &[Code::StoreFailed, Code::StoreTimeout],
];

fn place(code: Code) -> usize {
    ORDER.iter().position(|line| line.contains(&code)).unwrap()
}

/// A query with faults: whether the scenario is known, and the facts.
type Query = (bool, Facts);

/// What makes a fault.
type Make = fn(&mut Query);

/// The faults that policy finds by itself, and how each comes about.
const FOUND: &[(Code, Make)] = &[
    (Code::InstitutionSuspended, |query| query.1.suspended = true),
    (Code::UnknownScenario, |query| query.0 = false),
    (Code::OperatorRequired, |query| query.1.operator = false),
    (Code::CaseRequired, |query| query.1.case = false),
    (Code::ScenarioNotAllowed, |query| query.1.kind = InstitutionKind::Bank),
    (Code::FieldNotAllowed, |query| ask(query, "property")),
    (Code::UnknownField, |query| ask(query, "score")),
    (Code::SubjectMinor, |query| query.1.minor = Some(true)),
];

fn ask(query: &mut Query, field: &str) {
    query.1.fields.get_or_insert_default().push(FieldName::parse(field).unwrap());
}

fn decided((known, facts): &Query) -> Option<Code> {
    let name = known.then(|| scenario(HOUSING));
    match decide(&catalogue(), name.as_ref(), facts) {
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
    let base = || (true, facts(date("2026-11-22")));
    for (code, make) in FOUND {
        for (other, make_other) in FOUND {
            let mut query = base();
            make(&mut query);
            make_other(&mut query);
            let first = if place(*code) <= place(*other) { code } else { other };
            assert_eq!(decided(&query), Some(*first), "{code} and {other}");
        }
        for other in Code::ALL {
            let mut query = base();
            make(&mut query);
            query.1.observed = Some(*other);
            let first = if place(*code) < place(*other) { code } else { other };
            assert_eq!(decided(&query), Some(*first), "{code} and {other} observed");
        }
    }
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let names = prop::sample::select(vec!["black_listed", "clean_three_years", "property", "score", "grey_listed"]);
    (
        prop::sample::select(vec![InstitutionKind::HousingDepartment, InstitutionKind::Bank, InstitutionKind::Officer]),
        any::<[bool; 3]>(),
        (1900_i16..2100, 1_i8..=12, 1_i8..=28),
        prop::option::of(prop::collection::vec(names, 0..4)),
        any::<Option<bool>>(),
        prop::option::of(prop::sample::select(Code::ALL.to_vec())),
    )
        .prop_map(|(kind, [suspended, operator, case], (year, month, day), fields, minor, observed)| Facts {
            kind,
            suspended,
            on: Date::new(year, month, day).unwrap(),
            operator,
            case,
            fields: fields.map(|fields| fields.iter().map(|name| FieldName::parse(name).unwrap()).collect()),
            minor,
            observed,
        })
}

proptest! {
    /// A permit only without any fault, and the same decision again from the facts as a leaf holds them.
    #[test]
    fn a_decision_is_total_and_can_be_made_again(facts in any_facts(), known in any::<bool>()) {
        let catalogue = catalogue();
        let name = known.then(|| scenario(HOUSING));
        let decision = decide(&catalogue, name.as_ref(), &facts);
        let clean = known && !facts.suspended && facts.operator && facts.case && facts.observed.is_none()
            && facts.minor == Some(false) && facts.kind == InstitutionKind::HousingDepartment
            && facts.fields.iter().flatten().all(|field| field.as_str() != "property" && field.as_str() != "score");
        prop_assert_eq!(matches!(decision, Decision::Permit(_)), clean);

        let from_leaf: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        prop_assert_eq!(&from_leaf, &facts);
        let again = decide(&catalogue, name.as_ref(), &from_leaf);
        prop_assert_eq!(format!("{again:?}"), format!("{decision:?}"));
    }
}

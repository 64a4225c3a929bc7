//! Decisions on the ground of consent: what a consent covers, how wide it may be, and what the facts of it say.

use credit_policy::consent::{Bound, Frequency};
use credit_policy::{
    ClassName, Code, ConsentFacts, Decision, Facts, Ground, History, Permit, Record, Severity, Tier, decide, minimise,
};
use serde_json::json;

use crate::consent::draft::{Draft, verify};
use crate::support::{catalogue, date, facts_for, fields, period, permit_for, scenario, terms, value};

const LOAN: &str = "commercial-loan";
const HIRING: &str = "household-service-hiring";
const ON: &str = "2026-11-22";

/// A bank's query with that consent.
fn with(consent: ConsentFacts) -> Facts {
    Facts { consent: Some(consent), ..facts_for(catalogue().scenario(LOAN).unwrap(), date(ON)) }
}

fn refused(name: &str, facts: &Facts) -> (Code, Option<Bound>) {
    match decide(catalogue(), Some(&scenario(name)), facts) {
        Decision::Permit(permit) => panic!("permitted: {:?}", permit.fields()),
        Decision::Refuse { code, bound, .. } => (code, bound),
    }
}

fn released(permit: &Permit) -> Vec<&str> {
    permit.fields().iter().map(|name| name.as_str()).collect()
}

#[test]
fn no_consent_no_answer() {
    for row in catalogue().scenarios().into_iter().filter(|row| row.ground() == Ground::Consent) {
        let facts = Facts { consent: None, ..facts_for(row, date(ON)) };
        assert_eq!(refused(row.name().as_str(), &facts), (Code::ConsentRequired, None), "{}", row.name());
    }
}

#[test]
fn a_consent_wider_than_the_maxima_is_refused_with_its_bound() {
    let often = |text| Frequency::parse(text).unwrap();
    let cases = [
        (Bound::Lifetime, ConsentFacts { lifetime_s: 365 * 86_400 + 1, ..terms() }),
        (Bound::Lifetime, ConsentFacts { lifetime_s: u64::MAX, ..terms() }),
        (Bound::Uses, ConsentFacts { uses: 13, ..terms() }),
        (Bound::Uses, ConsentFacts { uses: u64::MAX, ..terms() }),
        (Bound::Frequency, ConsentFacts { frequency: often("11/P1D"), ..terms() }),
        (Bound::Frequency, ConsentFacts { frequency: often("1/PT1H"), ..terms() }),
        (Bound::LookBack, ConsentFacts { look_back: period("P61M"), ..terms() }),
        (Bound::LookBack, ConsentFacts { look_back: period("P9999Y"), ..terms() }),
        (Bound::DataLife, ConsentFacts { data_life: period("P7M"), ..terms() }),
        // Periods run from the day of issue: a year from 1 March 2027 has 366 days, one from that of 2026 has not.
        (Bound::Lifetime, ConsentFacts { lifetime_s: 366 * 86_400, issued_on: date("2026-03-01"), ..terms() }),
        (Bound::Lifetime, ConsentFacts { lifetime_s: 366 * 86_400 + 1, issued_on: date("2027-03-01"), ..terms() }),
        // The first in order, and before any field.
        (Bound::Uses, ConsentFacts { uses: 13, look_back: period("P6Y"), fields: Some(fields(&["name"])), ..terms() }),
    ];
    for (bound, consent) in cases {
        assert_eq!(refused(LOAN, &with(consent)), (Code::ConsentExceedsBound, Some(bound)));
    }
}

#[test]
fn a_consent_as_wide_as_the_maxima_is_taken() {
    for row in catalogue().scenarios().into_iter().filter(|row| row.ground() == Ground::Consent) {
        let maxima = row.maxima().unwrap();
        let consent = ConsentFacts {
            fields: None,
            unknown_fields: false,
            issued_on: date(ON),
            lifetime_s: 28 * 86_400,
            uses: maxima.uses,
            frequency: maxima.frequency,
            look_back: maxima.look_back,
            data_life: maxima.data_life,
        };
        let facts = Facts { consent: Some(consent.clone()), ..facts_for(row, date(ON)) };
        drop(permit_for(catalogue(), row.name().as_str(), &facts));
        let wider = ConsentFacts { uses: maxima.uses + 1, ..consent };
        let facts = Facts { consent: Some(wider), ..facts };
        assert_eq!(refused(row.name().as_str(), &facts), (Code::ConsentExceedsBound, Some(Bound::Uses)));
    }
}

#[test]
fn a_year_is_as_long_as_it_is_from_the_day_of_issue() {
    let over_a_leap_day = ConsentFacts { lifetime_s: 366 * 86_400, issued_on: date("2027-03-01"), ..terms() };
    for on in ["2027-03-01", "2028-02-28", "2028-02-29"] {
        drop(permit_for(catalogue(), LOAN, &Facts { on: date(on), ..with(over_a_leap_day.clone()) }));
    }
}

/// formats.md §3: P5Y, one use, 1/P1M, P1M and an hour.
#[test]
fn the_consent_of_the_contract_is_within_loan_and_employment() {
    for name in [LOAN, "employment"] {
        let row = catalogue().scenario(name).unwrap();
        let facts = Facts { consent: Some(terms()), ..facts_for(row, date(ON)) };
        let permit = permit_for(catalogue(), name, &facts);
        let first: Vec<_> =
            row.field_rows().filter(|field| field.tier() == Tier::First).map(|field| field.name().as_str()).collect();
        assert_eq!(released(&permit), first, "{name}");
    }
}

#[test]
fn second_tier_fields_open_only_by_name() {
    let asked = |names: &[&str]| Facts { fields: Some(fields(names)), ..with(terms()) };
    assert_eq!(refused(LOAN, &asked(&["property"])), (Code::FieldNotAllowed, None));
    assert!(!released(&permit_for(catalogue(), LOAN, &with(terms()))).contains(&"property"));

    let named = ConsentFacts { fields: Some(fields(&["property", "score_band"])), ..terms() };
    let permit = permit_for(catalogue(), LOAN, &with(named));
    assert_eq!(released(&permit), ["property", "score_band"]);
    assert_eq!(permit.plan().attributes(), fields(&["property", "score"]));
    assert!(permit.plan().classes().is_empty() && permit.plan().lists().is_empty());
}

#[test]
fn a_query_releases_what_consent_and_query_both_name() {
    let consent = ConsentFacts { fields: Some(fields(&["score_band", "clean_three_years"])), ..terms() };
    let asked = |names: &[&str]| Facts { fields: Some(fields(names)), ..with(consent.clone()) };
    assert_eq!(released(&permit_for(catalogue(), LOAN, &asked(&["score_band"]))), ["score_band"]);
    // The scenario's, and not the consent's.
    assert_eq!(refused(LOAN, &asked(&["black_listed"])), (Code::FieldNotAllowed, None));
    assert_eq!(refused(LOAN, &asked(&["score_band", "no_such_field"])), (Code::UnknownField, None));
    // The consent's, and not the scenario's: what a person agrees to opens nothing that the law does not.
    for name in ["red_listed", "score", "name", "subject_statement"] {
        let wide = ConsentFacts { fields: Some(fields(&["score_band", name])), ..terms() };
        assert_eq!(refused(LOAN, &with(wide)), (Code::FieldNotAllowed, None), "{name}");
    }
    let unknown = ConsentFacts { unknown_fields: true, ..consent };
    assert_eq!(refused(LOAN, &with(unknown)), (Code::UnknownField, None));
}

#[test]
fn an_answer_is_kept_no_longer_than_the_person_agreed() {
    for (life, until) in [("P1D", "2026-11-23"), ("P1M", "2026-12-22"), ("P6M", "2027-05-22")] {
        let consent = ConsentFacts { data_life: period(life), ..terms() };
        let permit = permit_for(catalogue(), LOAN, &with(consent));
        assert_eq!(permit.obligations(date(ON)).keep_until, date(until), "{life}");
    }
}

#[test]
fn who_may_look_back_a_year_is_not_told_of_three() {
    let consent = ConsentFacts { look_back: period("P1Y"), ..terms() };
    let permit = permit_for(catalogue(), LOAN, &with(consent));
    let told = minimise(&permit, &History::default(), date(ON));
    assert_eq!(value(&told, "clean_three_years"), json!(null));
    assert_eq!(value(&told, "unperformed_judgment_band"), json!(null));
    let whole = permit_for(catalogue(), LOAN, &with(terms()));
    assert_eq!(value(&minimise(&whole, &History::default(), date(ON)), "clean_three_years"), json!(true));
}

/// A record of a class and day.
fn of(class: &str, severity: Severity, determined: &str) -> History {
    let (act, determined) = (date(determined), date(determined));
    let class = ClassName::parse(class).unwrap();
    let (sentence_end, effect_end, repaired, repair_revoked, performed, amount) = (None, None, None, None, None, None);
    let disputed = false;
    let record = Record {
        class,
        severity,
        act,
        determined,
        sentence_end,
        effect_end,
        repaired,
        repair_revoked,
        disputed,
        performed,
        amount,
    };
    History { records: vec![record], ..History::default() }
}

#[test]
fn a_look_back_that_is_shorter_than_records_are_displayed_is_told_neither_that_there_are_any_nor_that_there_are_none() {
    let field = "administrative_penalty_exists";
    let told = |look_back: &str, history: &History| {
        let consent = ConsentFacts { look_back: period(look_back), fields: Some(fields(&[field])), ..terms() };
        let facts = Facts { consent: Some(consent), ..facts_for(catalogue().scenario(HIRING).unwrap(), date(ON)) };
        value(&minimise(&permit_for(catalogue(), HIRING, &facts), history, date(ON)), field)
    };
    let old = of("administrative-penalty", Severity::Serious, "2024-10-01");
    let new = of("administrative-penalty", Severity::Serious, "2026-10-01");
    for history in [&old, &new, &History::default()] {
        for short in ["P1D", "P1Y", "P35M", "P1095D"] {
            assert_eq!(told(short, history), json!(null), "{short}");
        }
    }
    for (history, exists) in [(&old, true), (&new, true), (&History::default(), false)] {
        assert_eq!(told("P3Y", history), json!(exists));
        assert_eq!(told("P36M", history), json!(exists));
    }
}

#[test]
fn what_is_in_force_is_of_today_however_short_the_look_back() {
    let field = "qualification_exists";
    let mut held = of("qualification", Severity::General, "2009-06-01");
    for (ends, look_back, exists) in [
        (Some("2026-11-21"), "P1D", false),
        (Some("2026-11-21"), "P3Y", false),
        (Some("2026-11-22"), "P1D", true),
        (None, "P1D", true),
        (None, "P3Y", true),
    ] {
        held.records[0].effect_end = ends.map(date);
        let consent = ConsentFacts { look_back: period(look_back), fields: Some(fields(&[field])), ..terms() };
        let facts = Facts { consent: Some(consent), ..facts_for(catalogue().scenario(HIRING).unwrap(), date(ON)) };
        let told = minimise(&permit_for(catalogue(), HIRING, &facts), &held, date(ON));
        assert_eq!(value(&told, field), json!(exists), "{ends:?} {look_back}");
    }
}

#[test]
fn the_facts_of_a_consent_stand_in_the_leaf() {
    let consent = ConsentFacts { fields: Some(fields(&["score_band"])), ..terms() };
    let text = serde_json::to_string(&with(consent)).unwrap();
    let expected = r#"{"kind":"bank","suspended":false,"on":"2026-11-22","operator":true,"case":false,"consent":{"fields":["score_band"],"issued_on":"2026-11-22","lifetime_s":3600,"uses":1,"frequency":"1/P1M","look_back":"P5Y","data_life":"P1M"},"minor":false}"#;
    assert_eq!(text, expected);
    let again: Facts = serde_json::from_str(&text).unwrap();
    assert_eq!(again, serde_json::from_str(expected).unwrap());

    for (key, wrong) in [
        ("uses", json!(-1)),
        ("look_back", json!("5 years")),
        ("frequency", json!("0/P1M")),
        ("person", json!("x")),
        ("fields", json!(["990101199003070012"])),
    ] {
        let mut facts: serde_json::Value = serde_json::from_str(expected).unwrap();
        facts["consent"][key] = wrong;
        assert!(serde_json::from_value::<Facts>(facts).is_err(), "{key}");
    }
}

#[test]
fn the_facts_are_those_of_the_token_and_name_nobody() {
    let consent = verify(&Draft::good("EdDSA").token()).ok().unwrap();
    let facts = with(ConsentFacts::of(catalogue(), &consent));
    let permit = permit_for(catalogue(), LOAN, &facts);
    assert_eq!(released(&permit), ["clean_three_years", "score_band"]);
    let text = serde_json::to_string(&facts.consent).unwrap();
    let expected = r#"{"fields":["score_band","clean_three_years"],"issued_on":"2026-11-22","lifetime_s":3600,"uses":1,"frequency":"1/P1M","look_back":"P5Y","data_life":"P1M"}"#;
    assert_eq!(text, expected);

    let naming = |fields: serde_json::Value| {
        let token = Draft::good("ES256").with_claims(|claims| claims["authorization_details"][0]["fields"] = fields);
        ConsentFacts::of(catalogue(), &verify(&token.token()).ok().unwrap())
    };
    let unknown = naming(json!(["score_band", "favourite_colour"]));
    // What was not recognised is never copied into a record.
    assert_eq!((unknown.fields.as_deref(), unknown.unknown_fields), (Some(&fields(&["score_band"])[..]), true));
    assert_eq!(refused(LOAN, &with(unknown)), (Code::UnknownField, None));
}

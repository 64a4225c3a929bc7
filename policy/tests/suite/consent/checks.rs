//! A verified consent against the query, and its terms against maxima.

use credit_policy::consent::{Bound, Consent, ConsentFault, Frequency, Maxima, Period};
use credit_policy::{CitizenNumber, Code, ConsentFacts};
use serde_json::{Value, json};

use super::draft::{CERTIFICATE, Draft, NOW, person, verify};
use crate::support::{catalogue, number, scenario};

fn consent(change: impl FnOnce(&mut Value)) -> Consent {
    verify(&Draft::good("EdDSA").with_claims(change).token()).unwrap_or_else(|fault| panic!("{fault}"))
}

fn period(text: &str) -> Period {
    Period::parse(text).expect(text)
}

fn maxima() -> Maxima {
    Maxima {
        lifetime: period("P30D"),
        uses: 3,
        frequency: Frequency::parse("1/P1M").unwrap(),
        look_back: period("P5Y"),
        data_life: period("P1M"),
    }
}

fn exceeds(consent: &Consent) -> Option<Bound> {
    ConsentFacts::of(catalogue(), consent).exceeds(&maxima())
}

/// The institution's certificates, the scenario, the subject in the body, and what is found wrong.
type Presented<'a> = (&'a [[u8; 32]], &'a str, Option<&'a str>, Option<ConsentFault>);

#[test]
fn it_is_for_one_institution_one_scenario_and_one_person() {
    use ConsentFault::{WrongInstitution, WrongScenario, WrongSubject};
    let (same, another) = (person(), number("19900307", 2));
    let (mine, theirs) = ([[1; 32], CERTIFICATE], [[1; 32], [2; 32]]);
    let cases: [Presented; 10] = [
        (&theirs, "commercial-loan", Some(&same), Some(WrongInstitution)),
        (&[], "commercial-loan", Some(&same), Some(WrongInstitution)),
        (&mine, "employment", Some(&same), Some(WrongScenario)),
        (&mine, "commercial-loan", Some(&another), Some(WrongSubject)),
        // Of several the first.
        (&theirs, "employment", Some(&another), Some(WrongInstitution)),
        (&theirs, "commercial-loan", Some(&another), Some(WrongInstitution)),
        (&mine, "employment", Some(&another), Some(WrongScenario)),
        (&mine, "commercial-loan", Some(&same), None),
        (&mine, "commercial-loan", None, None),
        (&[CERTIFICATE], "commercial-loan", None, None),
    ];
    let consent = consent(|_| {});
    for (certificates, name, subject, fault) in cases {
        let subject = subject.map(|text| CitizenNumber::parse(text).unwrap_or_else(|error| panic!("{error}")));
        assert_eq!(
            consent.check_presented(certificates, &scenario(name), subject.as_ref()).err(),
            fault,
            "{name} {fault:?}"
        );
    }
    assert_eq!(WrongInstitution.code(), Code::ConsentWrongInstitution);
    assert_eq!(WrongScenario.code(), Code::ConsentWrongScenario);
    assert_eq!(WrongSubject.code(), Code::ConsentWrongSubject);
}

#[test]
fn it_may_not_be_wider_than_the_catalogue() {
    const DAY: i64 = 86_400;
    let detail =
        |key: &'static str, value: Value| consent(move |claims| claims["authorization_details"][0][key] = value);
    // The token is of November, so that P1M are 30 days and P5Y have 1826.
    let lifetime = |seconds: i64| consent(move |claims| claims["exp"] = json!(NOW - 60 + seconds));
    let cases = [
        ("lifetime, to the second", lifetime(30 * DAY), None),
        ("lifetime, a second more", lifetime(30 * DAY + 1), Some(Bound::Lifetime)),
        ("lifetime of a century", lifetime(36_525 * DAY), Some(Bound::Lifetime)),
        ("uses", detail("uses", 3.into()), None),
        ("uses, one more", detail("uses", 4.into()), Some(Bound::Uses)),
        ("uses, all there are", detail("uses", json!(u64::MAX)), Some(Bound::Uses)),
        ("frequency, twice", detail("frequency", "2/P1M".into()), Some(Bound::Frequency)),
        ("frequency, in half the time", detail("frequency", "1/P15D".into()), Some(Bound::Frequency)),
        ("frequency, in a day less", detail("frequency", "1/P29D".into()), Some(Bound::Frequency)),
        ("frequency, once an hour", detail("frequency", "1/PT1H".into()), Some(Bound::Frequency)),
        ("frequency, in as many days", detail("frequency", "1/P30D".into()), None),
        ("frequency, twelve a year", detail("frequency", "12/P1Y".into()), Some(Bound::Frequency)),
        ("frequency, once in longer", detail("frequency", "1/P6M".into()), None),
        ("frequency, all there are", detail("frequency", format!("{}/PT1S", u64::MAX).into()), Some(Bound::Frequency)),
        ("look-back in months", detail("look_back", "P60M".into()), None),
        ("look-back in days", detail("look_back", "P1826D".into()), None),
        ("look-back, a day more", detail("look_back", "P5Y1D".into()), Some(Bound::LookBack)),
        ("look-back, beyond the calendar", detail("look_back", "P9999Y".into()), Some(Bound::LookBack)),
        ("data life in weeks", detail("data_life", "P4W".into()), None),
        ("data life, a day more", detail("data_life", "P31D".into()), Some(Bound::DataLife)),
        ("as the profile's example", consent(|_| {}), None),
    ];
    for (name, consent, bound) in cases {
        assert_eq!(exceeds(&consent), bound, "{name}");
    }
}

#[test]
fn of_several_bounds_the_first_is_named() {
    let wide = |from: usize| {
        consent(move |claims| {
            let members = [("frequency", json!("9/P1M")), ("look_back", json!("P9Y")), ("data_life", json!("P9M"))];
            let detail = &mut claims["authorization_details"][0];
            detail["uses"] = if from <= 1 { 9.into() } else { 1.into() };
            for (key, value) in members.into_iter().skip(from.saturating_sub(2)) {
                detail[key] = value;
            }
            if from == 0 {
                claims["exp"] = json!(NOW + 86_400 * 31);
            }
        })
    };
    for (from, bound) in Bound::ALL.iter().enumerate() {
        assert_eq!(exceeds(&wide(from)), Some(*bound));
    }
}

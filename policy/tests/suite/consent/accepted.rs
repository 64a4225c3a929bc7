//! Good tokens: what they say comes out, and what the profile leaves open is left open.

use credit_policy::consent::{Consent, ConsentFault, Frequency, Period};
use serde_json::json;

use super::draft::{CERTIFICATE, Draft, ISS, NOW, at, disclosure, encode, good, person, verify, verify_at};

fn accepted(draft: &Draft) -> Consent {
    verify(&draft.token()).unwrap_or_else(|fault| panic!("{fault}"))
}

#[test]
fn a_good_token_of_either_algorithm_says_what_the_person_agreed_to() {
    for alg in ["EdDSA", "ES256"] {
        let token = good(alg);
        let consent = verify(&token).unwrap_or_else(|fault| panic!("{alg}: {fault}"));
        assert_eq!(consent.id().iss, ISS);
        assert_eq!(consent.id().jti.as_str(), "0b9c6c2e-3f52-4d43-9d0e-6f4b1e0f9a11");
        assert_eq!((consent.issued_at(), consent.expires_at()), (at(NOW - 60), at(NOW + 3540)));
        assert_eq!(consent.certificate(), &CERTIFICATE);
        let terms = consent.terms();
        assert_eq!(terms.scenario.as_str(), "commercial-loan");
        let fields: Vec<_> = terms.fields.iter().flatten().map(|field| field.as_str()).collect();
        assert_eq!(fields, ["score_band", "clean_three_years"]);
        assert_eq!(terms.look_back, Period::parse("P5Y").unwrap());
        assert_eq!(terms.uses, 1);
        assert_eq!(terms.frequency, Frequency::parse("1/P1M").unwrap());
        assert_eq!(terms.data_life, Period::parse("P1M").unwrap());
        consent.person().disclose(|number| assert_eq!(number.as_str(), person()));
        assert_eq!(consent.issuer_signed(), token.split('~').next().unwrap());
        assert!(!consent.issuer_signed().contains(token.split('~').nth(1).unwrap()));
    }
}

fn decoy(nr: u8) -> String {
    encode([nr; 32])
}

#[test]
fn what_the_profile_leaves_open_is_taken() {
    let good = || Draft::good("EdDSA");
    let drafts = [
        ("decoys before and after", good().with_claims(|c| c["_sd"] = json!([decoy(1), c["_sd"][0], decoy(2)]))),
        ("decoys in every object", {
            good().with_claims(|c| {
                c["cnf"]["_sd"] = json!([decoy(1)]);
                c["authorization_details"][0]["_sd"] = json!([decoy(2), decoy(3)]);
            })
        }),
        ("decoys in every list", {
            good().with_claims(|c| {
                let detail = c["authorization_details"][0].take();
                c["authorization_details"] = json!([{"...": decoy(1)}, detail, {"...": decoy(2)}]);
                c["authorization_details"][1]["fields"] = json!(["score_band", {"...": decoy(3)}]);
            })
        }),
        ("empty `_sd`", good().with_claims(|c| c["cnf"]["_sd"] = json!([]))),
        ("no `_sd_alg`", good().with_claims(|c| drop(c.as_object_mut().unwrap().remove("_sd_alg")))),
        ("a type of the token", good().with_claims(|c| c["vct"] = "https://consent.example/credit-query".into())),
        ("no fields", {
            good().with_claims(|c| drop(c["authorization_details"][0].as_object_mut().unwrap().remove("fields")))
        }),
        ("an escaped solidus", {
            let draft = good();
            Draft { claims: draft.claims.replace("https://consent", r"https:\/\/consent"), ..draft }
        }),
        ("spaces in header and claims", {
            let draft = good();
            let spaced = |text: &str| text.replace("\":", "\" :\n\t").replace(",\"", " , \"");
            Draft { header: spaced(&draft.header), claims: spaced(&draft.claims), ..draft }
        }),
        ("spaces in the disclosure, as Python writes it", {
            let draft = good();
            Draft { disclosure: draft.disclosure.replace(',', ", "), ..draft }
        }),
        ("a salt of 128 bits in hexadecimal", {
            Draft { disclosure: disclosure(&"0a".repeat(16), "citizen_number", &person()), ..good() }
        }),
        ("fields that no data list knows", {
            good().with_claims(|c| c["authorization_details"][0]["fields"] = json!(["no_such_field"]))
        }),
        ("as many uses as there are", {
            good().with_claims(|c| c["authorization_details"][0]["uses"] = json!(u64::MAX))
        }),
        ("long digits that are no citizen number", good().with_claims(|c| c["jti"] = "1234567890123456".into())),
    ];
    for (name, draft) in drafts {
        assert!(verify(&draft.token()).is_ok(), "{name}");
    }
    assert!(
        accepted(&good().with_claims(|c| c["authorization_details"][0]["scenario"] = "employment".into()))
            .terms()
            .scenario
            .as_str()
            == "employment"
    );
}

#[test]
fn clocks_may_differ_by_ten_seconds_and_an_expiry_by_none() {
    let with =
        |key: &str, seconds: i64| Draft::good("EdDSA").with_claims(|claims| claims[key] = json!(NOW + seconds)).token();
    let almost = at(NOW) - jiff::SignedDuration::from_nanos(1);
    let just = at(NOW) + jiff::SignedDuration::from_nanos(1);
    let cases = [
        ("iat", 9, at(NOW), None),
        ("iat", 10, at(NOW), None),
        ("iat", 10, almost, Some(ConsentFault::NotYetValid)),
        ("iat", 11, just, Some(ConsentFault::NotYetValid)),
        ("nbf", 10, at(NOW), None),
        ("nbf", 10, almost, Some(ConsentFault::NotYetValid)),
        ("nbf", 11, at(NOW), Some(ConsentFault::NotYetValid)),
        ("exp", 1, at(NOW), None),
        ("exp", 0, almost, None),
        ("exp", 0, at(NOW), Some(ConsentFault::Expired)),
        ("exp", 0, just, Some(ConsentFault::Expired)),
    ];
    for (key, seconds, now, fault) in cases {
        assert_eq!(verify_at(&with(key, seconds), now).err(), fault, "{key} {seconds} at {now}");
    }
    for extreme in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
        assert!(verify_at(&good("EdDSA"), extreme).is_err());
    }
}

//! Whatever is presented, the parser answers; and nothing that was signed can be changed.

use credit_policy::consent::Unverified;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::draft::{Draft, at, ed25519, good, issuers, verify};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_#]{0,8}", inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

/// Where a claim stands, or a member of the one detail.
fn any_place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/iss",
        "/aud",
        "/jti",
        "/iat",
        "/nbf",
        "/exp",
        "/cnf",
        "/cnf/x5t#S256",
        "/_sd_alg",
        "/_sd",
        "/_sd/0",
        "/authorization_details",
        "/authorization_details/0",
        "/authorization_details/0/type",
        "/authorization_details/0/scenario",
        "/authorization_details/0/fields",
        "/authorization_details/0/look_back",
        "/authorization_details/0/uses",
        "/authorization_details/0/frequency",
        "/authorization_details/0/data_life",
    ])
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,80}|[A-Za-z0-9_~.=-]{0,400}|([A-Za-z0-9_-]{0,60}\\.){2}[A-Za-z0-9_-]{0,90}~[A-Za-z0-9_-]{0,60}~") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn any_bytes_where_json_is_meant_get_an_answer(
        header in prop::collection::vec(any::<u8>(), 0..60),
        claims in prop::collection::vec(any::<u8>(), 0..200),
        disclosure in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let draft = Draft::good("EdDSA");
        let drafts = [
            Draft { header: text(header), ..draft.clone() },
            Draft { claims: text(claims), ..draft.clone() },
            Draft { disclosure: text(disclosure), ..draft },
        ];
        for draft in drafts {
            let taken = verify(&draft.by(&ed25519())).is_ok();
            prop_assert!(!taken);
        }
    }

    /// Whatever stands where a claim stood: taken are other texts, whole numbers and names of fields at most.
    #[test]
    fn any_value_of_a_claim_gets_an_answer(place in any_place(), value in any_json()) {
        let token = Draft::good("EdDSA").with_claims(|claims| *claims.pointer_mut(place).unwrap() = value.clone()).token();
        if verify(&token).is_ok() {
            let fields = place.ends_with("/fields") && value.is_array();
            prop_assert!(fields || value.is_string() || value.is_u64(), "{}: {}", place, value);
        }
    }

    #[test]
    fn any_instant_gets_an_answer(seconds in -377_705_000_000_i64..253_402_000_000) {
        let token = good("EdDSA");
        let accepted = Unverified::parse(&token).and_then(|token| token.verify(&issuers(), at(seconds))).is_ok();
        prop_assert_eq!(accepted, (super::draft::NOW - 70..super::draft::NOW + 3540).contains(&seconds));
    }

    #[test]
    fn no_character_can_be_altered(es256 in any::<bool>(), at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_.~=+/ -]|\\PC") {
        let token = good(if es256 { "ES256" } else { "EdDSA" });
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != other);
        let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        prop_assert!(verify(&altered).is_err(), "at {}", at);
    }

    #[test]
    fn no_character_can_be_left_out_or_put_in(es256 in any::<bool>(), at in any::<prop::sample::Index>(), new in "[A-Za-z0-9_.~-]") {
        let token = good(if es256 { "ES256" } else { "EdDSA" });
        let at = at.index(token.len());
        let (left_out, put_in) =
            (format!("{}{}", &token[..at], &token[at + 1..]), format!("{}{new}{}", &token[..at], &token[at..]));
        prop_assert!(verify(&left_out).is_err() && verify(&put_in).is_err());
    }
}

/// Every character of the signed part, one after the other, with one bit or another turned.
#[test]
fn every_character_counts() {
    for alg in ["EdDSA", "ES256"] {
        let token = good(alg);
        for at in 0..token.find('~').unwrap() {
            let mut altered = token.clone().into_bytes();
            altered[at] ^= 1 << (at % 7);
            assert!(verify(&String::from_utf8(altered).unwrap()).is_err(), "{alg} at {at}");
        }
    }
}

//! The issuer's side: what it issues is accepted, and its private keys are read with care.

use credit_policy::consent::{
    Algorithm, ConsentFault, Frequency, Grant, IssueError, IssuerKeys, Period, SigningKey, Terms, TokenId, Unverified,
    issue,
};
use credit_policy::{CitizenNumber, FieldName};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::draft::{CERTIFICATE, ISS, NOW, at, ed25519, ed25519_jwk, encode, p256, p256_jwk, person};
use crate::support::scenario;

pub(crate) fn grant() -> Grant {
    Grant {
        iss: ISS.to_owned(),
        jti: TokenId::parse("c-1").unwrap(),
        issued_at: at(NOW),
        not_before: at(NOW),
        expires_at: at(NOW + 3600),
        certificate: CERTIFICATE,
        terms: Terms {
            scenario: scenario("employment"),
            fields: None,
            look_back: Period::parse("P5Y").unwrap(),
            uses: 2,
            frequency: Frequency::parse("1/P1M").unwrap(),
            data_life: Period::parse("P1M").unwrap(),
        },
    }
}

/// The private JWKs of the tests' keys.
pub(crate) fn private_jwks() -> [Value; 2] {
    let (mut ed, mut ec) = (ed25519_jwk("ed", &ed25519()), p256_jwk("p256", &p256()));
    ed["d"] = encode([7; 32]).into();
    ec["d"] = encode([9; 32]).into();
    [ed, ec]
}

pub(crate) fn signing_key(jwk: &Value) -> Result<SigningKey, IssueError> {
    SigningKey::from_jwk(&jwk.to_string(), &SystemRandom::new())
}

pub(crate) fn issued(jwk: &Value, grant: &Grant) -> String {
    let key = signing_key(jwk).unwrap_or_else(|error| panic!("{error}"));
    let person = CitizenNumber::parse(&person()).unwrap_or_else(|error| panic!("{error}"));
    issue(&key, grant, &person, &SystemRandom::new()).unwrap().to_string()
}

#[test]
fn other_private_keys_are_refused() {
    for jwk in private_jwks() {
        let with = |key: &str, value: Value| {
            let mut jwk = jwk.clone();
            jwk[key] = value;
            jwk
        };
        let cases = [
            with("d", Value::Null),
            with("d", encode([1; 31]).into()),
            // Another private key than the public one's.
            with("d", encode([11; 32]).into()),
            with("kid", Value::Null),
            with("kty", "oct".into()),
            with("crv", "P-521".into()),
            with("x", encode([1; 32]).into()),
            json!({}),
        ];
        for wrong in cases {
            assert_eq!(signing_key(&wrong).err(), Some(IssueError::Key), "{wrong}");
        }
    }
}

#[test]
fn what_is_issued_is_accepted_with_the_public_part_and_refused_when_its_time_is_over() {
    for jwk in private_jwks() {
        let key = signing_key(&jwk).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(key.algorithm()), Algorithm::parse(jwk["alg"].as_str().unwrap()));
        let public: Value = serde_json::from_str(&key.public_jwk()).unwrap();
        let mut expected = jwk.clone();
        expected.as_object_mut().unwrap().remove("d");
        assert_eq!(public, expected);

        let mut keys = IssuerKeys::default();
        keys.add(ISS, &key.public_jwk()).unwrap();
        let mut fields = grant();
        fields.terms.fields = Some(vec![FieldName::parse("income").unwrap()]);
        for grant in [grant(), fields] {
            let token = issued(&jwk, &grant);
            let verify = |now| Unverified::parse(&token).and_then(|token| token.verify(&keys, at(now)));
            let consent = verify(NOW).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(consent.terms(), &grant.terms);
            assert_eq!((consent.id().jti.as_str(), &*consent.id().iss), ("c-1", ISS));
            assert_eq!((consent.issued_at(), consent.expires_at()), (grant.issued_at, grant.expires_at));
            consent.person().disclose(|number| assert_eq!(number.as_str(), person()));
            assert_eq!(verify(NOW + 3600).err(), Some(ConsentFault::Expired));
            assert_eq!(verify(NOW - 11).err(), Some(ConsentFault::NotYetValid));
        }
        // A salt of its own each time: the same person, another digest.
        let disclosures: Vec<_> = [0; 2].map(|_| issued(&jwk, &grant()).split('~').nth(1).unwrap().to_owned()).into();
        assert_ne!(disclosures[0], disclosures[1]);
    }
}

#[test]
fn an_id_is_visible_ascii_that_names_nobody() {
    let long = "j".repeat(129);
    for text in ["", " ", "a b", "a\n", "é", "a\u{7f}", &person(), &format!("x-{}", person()), &long] {
        assert_eq!(TokenId::parse(text), None, "{text:?}");
    }
    for text in ["1", "urn:uuid:0b9c6c2e-3f52-4d43-9d0e-6f4b1e0f9a11", "~!{}", &long[1..]] {
        assert_eq!(TokenId::parse(text).unwrap().as_str(), text);
    }
}

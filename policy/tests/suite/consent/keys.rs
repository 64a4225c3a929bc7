//! The issuers' keys: what is no public key of the profile is refused before any token comes.

use credit_policy::consent::{ConsentFault, IssuerKeys, KeyError, Unverified};
use serde_json::{Value, json};

use super::draft::{ISS, NOW, OTHER_ISS, at, ed25519, ed25519_jwk, encode, good, p256, p256_jwk};

fn error(jwks: &Value) -> Option<KeyError> {
    IssuerKeys::default().add(ISS, &jwks.to_string()).err()
}

#[test]
fn other_keys_are_refused() {
    let ed = |key: &str, value: Value| {
        let mut jwk = ed25519_jwk("k", &ed25519());
        jwk[key] = value;
        jwk
    };
    let ec = |key: &str, value: Value| {
        let mut jwk = p256_jwk("k", &p256());
        jwk[key] = value;
        jwk
    };
    let cases = [
        (ed("d", encode([7; 32]).into()), KeyError::Private),
        (ec("d", encode([9; 32]).into()), KeyError::Private),
        (ed("d", Value::Null), KeyError::Private),
        (ed("kid", Value::Null), KeyError::Kid),
        (ed("kid", "".into()), KeyError::Kid),
        (ed("kid", "k".repeat(129).into()), KeyError::Kid),
        (ed("kid", "a key".into()), KeyError::Kid),
        (ed("k", encode([7; 32]).into()), KeyError::Private),
        (ed("kty", "oct".into()), KeyError::Key),
        (ed("kty", "EC".into()), KeyError::Key),
        (ed("crv", "X25519".into()), KeyError::Key),
        (ed("x", encode([7; 31]).into()), KeyError::Key),
        (ed("x", format!("{}=", encode([7; 32])).into()), KeyError::Key),
        (ec("crv", "P-384".into()), KeyError::Key),
        (ec("y", Value::Null), KeyError::Key),
        (ec("y", encode([7; 33]).into()), KeyError::Key),
        (ed("alg", "ES256".into()), KeyError::Use),
        (ec("alg", "EdDSA".into()), KeyError::Use),
        (ed("alg", "none".into()), KeyError::Use),
        (ed("alg", 1.into()), KeyError::Use),
        (ed("use", "enc".into()), KeyError::Use),
        (json!({"keys": 1}), KeyError::Form),
        (json!({"keys": [1]}), KeyError::Form),
        (json!({"keys": []}), KeyError::Empty),
        (json!({"keys": [ed("alg", "none".into()), {"kty": "RSA"}]}), KeyError::Use),
        (
            json!({"keys": [ed25519_jwk("k", &ed25519()), {"kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB", "d": "AQ"}]}),
            KeyError::Private,
        ),
        (json!({"keys": [ed25519_jwk("k", &ed25519()), {"kty": "oct", "kid": "o", "k": "AQ"}]}), KeyError::Private),
        (json!([]), KeyError::Form),
        (json!({}), KeyError::Kid),
        (
            json!({"keys": [ed("x", ed25519_jwk("k", &ed25519())["x"].clone()), p256_jwk("k", &p256())]}),
            KeyError::KidTwice,
        ),
    ];
    for (jwks, expected) in cases {
        assert_eq!(error(&jwks), Some(expected), "{jwks}");
    }
    assert_eq!(IssuerKeys::default().add(ISS, "{").err(), Some(KeyError::Form));
    let twice = ed25519_jwk("k", &ed25519()).to_string().replace(r#""kid":"k""#, r#""kid":"k","kid":"j""#);
    assert_eq!(IssuerKeys::default().add(ISS, &twice).err(), Some(KeyError::Form));
}

#[test]
fn a_kid_is_one_key_of_its_issuer_and_a_refused_file_adds_none() {
    let mut keys = IssuerKeys::default();
    assert_eq!(keys.add(ISS, &ed25519_jwk("k", &ed25519()).to_string()), Ok(vec!["k".to_owned()]));
    let set = json!({"keys": [p256_jwk("new", &p256()), p256_jwk("k", &p256())]}).to_string();
    assert_eq!(keys.add(ISS, &set), Err(KeyError::KidTwice));
    let mut without_hints = p256_jwk("new", &p256());
    without_hints.as_object_mut().unwrap().retain(|key, _| key != "alg" && key != "use");
    assert_eq!(keys.add(ISS, &without_hints.to_string()), Ok(vec!["new".to_owned()]));
}

/// RFC 7517 §4.5 makes a `kid` unique within its set alone.
#[test]
fn of_two_issuers_with_one_kid_the_signature_says_who_signed() {
    let kid = "ed";
    let own = ed25519_jwk(kid, &ed25519()).to_string();
    let verify =
        |keys: &IssuerKeys| Unverified::parse(&good("EdDSA")).and_then(|token| token.verify(keys, at(NOW))).err();
    let mut keys = IssuerKeys::default();
    keys.add(OTHER_ISS, &p256_jwk(kid, &p256()).to_string()).unwrap();
    assert_eq!(verify(&keys), Some(ConsentFault::Algorithm));
    keys.add(ISS, &own).unwrap();
    assert_eq!(verify(&keys), None);
    let published: Vec<_> = keys.published().into_iter().map(|key| (key.iss, key.kid)).collect();
    assert_eq!(published, [(ISS.to_owned(), kid.to_owned()), (OTHER_ISS.to_owned(), kid.to_owned())]);
    // Where the key is another issuer's, its token is none of this one's.
    let mut foreign = IssuerKeys::default();
    foreign.add(OTHER_ISS, &own).unwrap();
    assert_eq!(verify(&foreign), Some(ConsentFault::Issuer));
    foreign.take_over(&keys, ISS);
    assert_eq!(verify(&foreign), None);
}

#[test]
fn keys_are_published_as_they_were_given_and_taken_out_by_that() {
    let (ed, ec) = (ed25519_jwk("ed", &ed25519()), p256_jwk("ec", &p256()));
    let mut keys = IssuerKeys::default();
    keys.add(ISS, &json!({"keys": [&ed, &ec]}).to_string()).unwrap();
    let published = keys.published();
    for (key, given) in published.iter().zip([&ec, &ed]) {
        assert_eq!(key.kid, given["kid"]);
        for (member, value) in &key.jwk {
            assert_eq!(given[member], **value, "{member}");
        }
        assert_eq!(key.jwk.contains_key("y"), given.get("y").is_some());
        assert!(["crv", "kty", "x"].iter().all(|member| key.jwk.contains_key(*member)), "{key:?}");
    }
    let only = keys.only(&published[..1]);
    assert_eq!(only.published(), published[..1]);
    assert_eq!(
        Unverified::parse(&good("EdDSA")).and_then(|token| token.verify(&only, at(NOW))).err(),
        Some(ConsentFault::UnknownKey)
    );
    // One of that id and other material is another key.
    let mut other = published[1].clone();
    other.jwk.insert("x".to_owned(), encode([7; 32]));
    assert_eq!(keys.only(&[other]).published(), []);
}

/// RFC 7517 §5: what a set has beside the keys of consents, hinders nobody.
#[test]
fn keys_of_a_set_that_are_not_for_consents_are_left_out() {
    let without_kid = {
        let mut jwk = p256_jwk("", &p256());
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let foreign = [
        json!({"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "akp", "pub": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "x25519", "use": "enc", "x": encode([7; 32])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "short", "x": encode([7; 31])}),
        json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": encode([7; 48]), "y": encode([7; 48])}),
        json!({"kty": "EC", "crv": "P-256", "kid": "no-y", "x": encode([7; 32])}),
        json!({"kty": 1, "kid": {}}),
        json!({}),
        without_kid,
        // It shares its `kid` with one that is used.
        json!({"kty": "RSA", "kid": "ed", "n": "AQ", "e": "AQAB"}),
    ];
    let ours = [ed25519_jwk("ed", &ed25519()), p256_jwk("p256", &p256())];
    let keys = [&foreign[..], &ours[..]].concat();
    let set = json!({ "keys": keys }).to_string();
    let mut kids = IssuerKeys::default().add(ISS, &set).unwrap();
    kids.sort();
    assert_eq!(kids, ["ed", "p256"]);
}

/// RFC 9864 renames `EdDSA` with this curve; a key of either name verifies the tokens of the profile.
#[test]
fn a_key_may_say_ed25519_for_its_algorithm() {
    let mut keys = IssuerKeys::default();
    let mut jwk = ed25519_jwk("ed", &ed25519());
    jwk["alg"] = "Ed25519".into();
    assert_eq!(keys.add(ISS, &jwk.to_string()), Ok(vec!["ed".to_owned()]));
    assert!(Unverified::parse(&good("EdDSA")).and_then(|token| token.verify(&keys, at(NOW))).is_ok());
}

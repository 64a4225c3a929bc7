//! The issuers' keys: what is no public key of the profile is refused before any token comes.

use credit_policy::consent::{IssuerKeys, KeyError};
use serde_json::{Value, json};

use super::draft::{ISS, OTHER_ISS, ed25519, ed25519_jwk, encode, p256, p256_jwk};

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
fn a_kid_is_one_key_among_all_issuers_and_a_refused_file_adds_none() {
    let mut keys = IssuerKeys::default();
    assert_eq!(keys.add(ISS, &ed25519_jwk("k", &ed25519()).to_string()), Ok(vec!["k".to_owned()]));
    let set = json!({"keys": [p256_jwk("new", &p256()), p256_jwk("k", &p256())]}).to_string();
    assert_eq!(keys.add(OTHER_ISS, &set), Err(KeyError::KidTwice));
    let mut without_hints = p256_jwk("new", &p256());
    without_hints.as_object_mut().unwrap().retain(|key, _| key != "alg" && key != "use");
    assert_eq!(keys.add(OTHER_ISS, &without_hints.to_string()), Ok(vec!["new".to_owned()]));
}

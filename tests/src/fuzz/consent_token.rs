//! Consent tokens. Bytes without a line end are what stands after `Bearer `; else header, disclosure and claims, a line
//! each, which the issuer's key signs here (the word [`DIGEST`] in the claims becomes the disclosure's digest).
//!
//! 1. A token verifies only with a signature by the issuer's key over the very bytes that are presented.
//! 2. What verifies is as formats.md §3 asks, by a second reading over `serde_json`'s own values: times, audience, issuer,
//!    one detail with nothing more in it, uses, the digest of the disclosure, no citizen number in clear.
//! 3. What the consent says is what the token says, and its parts for the record are those that were signed.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::{
    consent::{AUDIENCE, Consent, IssuerKeys, Unverified},
    holds_citizen_number,
};
use jiff::Timestamp;
use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use serde_json::{Value, json};

const ISS: &str = "https://consent.example";
const KID: &str = "ed";
/// Where the digest of the disclosure comes to stand.
const DIGEST: &str = "(digest)";
/// The instant at which tokens are presented, in seconds.
const NOW: u64 = 1_795_309_200;
/// How far clocks may differ, in seconds.
const AHEAD: u64 = 10;

static PAIR: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[0x22; 32]).expect("a seed"));

static KEYS: LazyLock<IssuerKeys> = LazyLock::new(|| {
    let mut keys = IssuerKeys::default();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": KID, "x": encode(PAIR.public_key().as_ref())});
    keys.add(ISS, &jwk.to_string()).expect("a key");
    let other = Ed25519KeyPair::from_seed_unchecked(&[0x33; 32]).expect("a seed");
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": encode(other.public_key().as_ref())});
    keys.add("https://other.example", &jwk.to_string()).expect("a key");
    keys
});

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The token of header, disclosure and claims, signed; its disclosure's digest where the claims say [`DIGEST`].
#[must_use]
pub fn issuer_signed(header: &str, disclosure: &str, claims: &str) -> String {
    let disclosure = encode(disclosure);
    let claims = claims.replace(DIGEST, &encode(digest(&SHA256, disclosure.as_bytes())));
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(PAIR.sign(input.as_bytes()));
    format!("{input}.{signature}~{disclosure}~")
}

/// The token that these bytes are fed as.
fn token(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let Some((header, rest)) = text.split_once('\n') else { return Some(text.to_owned()) };
    let (disclosure, claims) = rest.split_once('\n')?;
    Some(issuer_signed(header, disclosure, claims))
}

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Some(token) = token(bytes) else { return false };
    let now = Timestamp::from_second(NOW.try_into().expect("it fits")).expect("an instant");
    let Ok(parsed) = Unverified::parse(&token) else { return false };
    match parsed.verify(&KEYS, now) {
        Ok(consent) => {
            verified(&token, &consent);
            true
        }
        Err(fault) => {
            assert!(!holds_citizen_number(&fault.to_string()));
            false
        }
    }
}

fn verified(token: &str, consent: &Consent) {
    let parts: Vec<&str> = token.split('~').collect();
    let [jwt, disclosure, ""] = parts[..] else { panic!("not two parts and an end") };
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("not three parts") };
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("canonical");
    let public = UnparsedPublicKey::new(&ED25519, PAIR.public_key());
    public.verify(format!("{header}.{claims}").as_bytes(), &bytes(signature)).expect("verified without our signature");
    assert_eq!(consent.issuer_signed(), jwt);

    let header: Value = serde_json::from_slice(&bytes(header)).expect("JSON");
    assert_eq!(header, json!({"alg": "EdDSA", "typ": "consent+sd-jwt", "kid": KID}));
    let text = bytes(claims);
    let claims: Value = serde_json::from_slice(&text).expect("JSON");
    no_number(&claims);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISS), &json!(AUDIENCE)));
    assert!(claims.get("_sd_alg").is_none_or(|hash| hash == "sha-256"), "{claims}");
    let known = ["iss", "aud", "jti", "iat", "nbf", "exp", "cnf", "_sd_alg", "_sd", "authorization_details", "vct"];
    assert!(claims.as_object().expect("an object").keys().all(|key| known.contains(&key.as_str())), "{claims}");
    let claims = without_decoys(claims);
    let instant = |key: &str| claims[key].as_u64().expect(key);
    let (iat, nbf, exp) = (instant("iat"), instant("nbf"), instant("exp"));
    assert!(nbf < exp && exp > NOW && iat <= NOW + AHEAD && nbf <= NOW + AHEAD, "{iat} {nbf} {exp}");
    let seconds = |instant: Timestamp| u64::try_from(instant.as_second()).expect("after 1970");
    assert_eq!((seconds(consent.issued_at()), seconds(consent.expires_at())), (iat, exp));
    assert_eq!((&*consent.id().iss, consent.id().jti.as_str()), (ISS, claims["jti"].as_str().expect("jti")));
    assert_eq!(claims["cnf"], json!({"x5t#S256": encode(consent.certificate())}));

    detail(&claims["authorization_details"], consent);
    disclosed(disclosure, &claims["_sd"], consent);
}

fn detail(details: &Value, consent: &Consent) {
    let [detail] = &details.as_array().expect("details")[..] else { panic!("not one detail") };
    let (members, terms) = (detail.as_object().expect("an object"), consent.terms());
    assert_eq!(detail["type"], "credit-query");
    assert_eq!(detail["scenario"], terms.scenario.as_str());
    assert_eq!(detail["uses"].as_u64(), Some(terms.uses));
    assert!(terms.uses >= 1 && terms.frequency.uses >= 1);
    assert_eq!(detail["look_back"], terms.look_back.to_string());
    assert_eq!(detail["frequency"], terms.frequency.to_string());
    assert_eq!(detail["data_life"], terms.data_life.to_string());
    assert!(terms.look_back.is_of_days() && terms.data_life.is_of_days());
    let fields = terms.fields.as_ref().map(|fields| fields.iter().map(|field| field.as_str()).collect::<Vec<_>>());
    assert_eq!(members.get("fields"), fields.map(|fields| json!(fields)).as_ref());
    assert_eq!(members.len(), 6 + usize::from(members.contains_key("fields")), "something more in the detail");
}

fn disclosed(disclosure: &str, digests: &Value, consent: &Consent) {
    let expected = encode(digest(&SHA256, disclosure.as_bytes()));
    let there = digests.as_array().expect("_sd").iter().filter(|digest| **digest == expected).count();
    assert_eq!(there, 1, "the digest must stand in `_sd` once");
    let disclosure: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(disclosure).expect("canonical")).expect("JSON");
    let [salt, name, number] = &disclosure.as_array().expect("an array")[..] else { panic!("not three values") };
    let salt = salt.as_str().expect("a salt");
    let hexadecimal = salt.bytes().all(|c| c.is_ascii_hexdigit());
    assert!(salt.len() >= if hexadecimal { 32 } else { 22 }, "a salt of less than 128 bits");
    assert_eq!(name, "citizen_number");
    consent.person().disclose(|person| assert_eq!(number, person.as_str()));
}

/// The claims with what RFC 9901 hides among them taken out, but for `_sd` of the payload itself.
fn without_decoys(mut claims: Value) -> Value {
    fn take(value: &mut Value) {
        if let Value::Array(values) = value {
            values.retain(|value| value.get("...").is_none());
            values.iter_mut().for_each(take);
        } else if let Value::Object(members) = value {
            members.remove("_sd");
            members.values_mut().for_each(take);
        }
    }
    for key in ["cnf", "authorization_details"] {
        take(&mut claims[key]);
    }
    claims
}

/// No citizen number in any text, key or number of what an issuer signed.
fn no_number(value: &Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => assert!(!holds_citizen_number(&number.to_string()) || !number.is_u64()),
        Value::String(text) => assert!(!holds_citizen_number(text), "a citizen number in clear"),
        Value::Array(values) => values.iter().for_each(no_number),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            assert!(key != "citizen_number" && !holds_citizen_number(key), "a citizen number in clear");
            no_number(value);
        }),
    }
}

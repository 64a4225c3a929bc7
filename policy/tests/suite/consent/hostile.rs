//! Hostile tokens, each a good one with one thing wrong, each with its fault and code.

use credit_policy::Code;
use credit_policy::consent::ConsentFault::{
    self, Algorithm, Audience, Claim, Claims, Digest, Disclosure, Encoding, Expired, Header, Issuer, Lifetime,
    NotYetValid, Parts, Signature, Size, UnknownClaim, UnknownKey,
};
use ed25519_dalek::Signer;
use p256::elliptic_curve::scalar::IsHigh;
use serde_json::{Value, json};

use super::draft::{Draft, NOW, disclosure, ed25519, encode, good, other, person, verify};
use crate::support::number;

/// A name, what is found wrong, and the token.
type Case = (String, ConsentFault, String);

fn case(name: impl Into<String>, fault: ConsentFault, token: String) -> Case {
    (name.into(), fault, token)
}

fn draft() -> Draft {
    Draft::good("EdDSA")
}

fn header(name: &str, fault: ConsentFault, change: impl FnOnce(&mut Value)) -> Case {
    case(format!("header: {name}"), fault, draft().with_header(change).token())
}

fn claims(name: &str, fault: ConsentFault, change: impl FnOnce(&mut Value)) -> Case {
    case(format!("claims: {name}"), fault, draft().with_claims(change).token())
}

fn detail(name: &str, change: impl FnOnce(&mut Value)) -> Case {
    claims(&format!("detail: {name}"), Claims, |claims| change(&mut claims["authorization_details"][0]))
}

/// Claims as a text in which `old`, which must stand there once, is replaced.
fn text_of_claims(name: &str, old: &str, new: &str) -> Case {
    let mut draft = draft();
    assert_eq!(draft.claims.matches(old).count(), 1, "{old}");
    draft.claims = draft.claims.replace(old, new);
    case(format!("claims: {name}"), Claims, draft.token())
}

fn without(key: &str) -> impl FnOnce(&mut Value) {
    move |value| assert!(value.as_object_mut().unwrap().remove(key).is_some(), "{key}")
}

fn with(key: &str, member: Value) -> impl FnOnce(&mut Value) {
    move |value| value[key] = member
}

fn disclosed(name: &str, text: impl Into<String>) -> Case {
    let draft = Draft { disclosure: text.into(), ..draft() };
    case(format!("disclosure: {name}"), Disclosure, draft.token())
}

/// The token with its parts between `.` and `~` changed.
fn parts(name: &str, fault: ConsentFault, change: impl FnOnce([&str; 4]) -> String) -> Case {
    let token = good("EdDSA");
    let parts: Vec<_> = token.split(['.', '~']).collect();
    case(format!("parts: {name}"), fault, change([parts[0], parts[1], parts[2], parts[3]]))
}

fn shapes() -> Vec<Case> {
    let token = good("EdDSA");
    let long = draft().with_claims(with("vct", "x".repeat(8 * 1024).into())).token();
    let text = |name: &str, fault, token: &str| case(format!("text: {name}"), fault, token.to_owned());
    vec![
        text("empty", Parts, ""),
        text("one tilde", Parts, "~"),
        text("tildes and dots only", Header, "..~~"),
        text("scheme left on", Encoding, &format!("Bearer {token}")),
        text("space before", Encoding, &format!(" {token}")),
        text("line feed after", Parts, &format!("{token}\n")),
        text("NUL in the header", Encoding, &format!("\0{}", &token[1..])),
        text("letters beyond ASCII", Encoding, &format!("é{}", &token[2..])),
        case("text: longer than a record has room for", Size, long),
        text("a megabyte", Size, &"A".repeat(1 << 20)),
        parts("no disclosure", Parts, |[h, p, s, _]| format!("{h}.{p}.{s}~")),
        parts("no tilde at all", Parts, |[h, p, s, _]| format!("{h}.{p}.{s}")),
        parts("an empty disclosure", Digest, |[h, p, s, _]| format!("{h}.{p}.{s}~~")),
        parts("last tilde missing", Parts, |[h, p, s, d]| format!("{h}.{p}.{s}~{d}")),
        parts("two disclosures", Parts, |[h, p, s, d]| format!("{h}.{p}.{s}~{d}~{d}~")),
        parts("key-binding JWT", Parts, |[h, p, s, d]| format!("{h}.{p}.{s}~{d}~{h}.{p}.{s}")),
        parts("two parts of a JWT", Signature, |[h, p, _, d]| format!("{h}.{p}.~{d}~")),
        parts("no signature part", Parts, |[h, _, _, d]| format!("{h}~{d}~")),
        parts("header and payload only", Parts, |[h, p, _, d]| format!("{h}.{p}~{d}~")),
        parts("four parts of a JWT", Parts, |[h, p, s, d]| format!("{h}.{p}.{s}.{s}~{d}~")),
        parts("five parts of a JWE", Parts, |[h, p, s, d]| format!("{h}.{p}.{s}.{s}.{s}~{d}~")),
        parts("padding in the header", Encoding, |[h, p, s, d]| format!("{h}==.{p}.{s}~{d}~")),
        parts("padding in the signature", Encoding, |[h, p, s, d]| format!("{h}.{p}.{s}==~{d}~")),
        parts("trailing bits in the signature", Encoding, |[h, p, s, d]| {
            // 64 bytes end in a character of which two bits count.
            assert!(s.ends_with(['A', 'Q', 'g', 'w']));
            let last = char::from(s.as_bytes()[s.len() - 1] + 1);
            format!("{h}.{p}.{}{last}~{d}~", &s[..s.len() - 1])
        }),
        parts("plain base64 in the signature", Encoding, |[h, p, s, d]| format!("{h}.{p}.+/{}~{d}~", &s[2..])),
        parts("line break in the payload", Signature, |[h, p, s, d]| format!("{h}.{}\n{}.{s}~{d}~", &p[..4], &p[4..])),
        parts("payload of another token", Signature, |[h, _, s, d]| {
            let other = draft().with_claims(with("jti", "another".into())).token();
            format!("{h}.{}.{s}~{d}~", other.split('.').nth(1).unwrap())
        }),
        parts("signature truncated", Signature, |[h, p, s, d]| format!("{h}.{p}.{}~{d}~", &s[..s.len() - 6])),
        parts("signature empty", Signature, |[h, p, _, d]| format!("{h}.{p}.~{d}~")),
        parts("padding in the disclosure", Digest, |[h, p, s, d]| format!("{h}.{p}.{s}~{d}=~")),
    ]
}

fn headers() -> Vec<Case> {
    let raw = |name: &str, text: String| {
        case(format!("header: {name}"), Header, Draft { header: text, ..draft() }.by(&ed25519()))
    };
    let good = draft().header;
    let hmac = {
        let draft = draft().with_header(with("alg", "HS256".into()));
        let public = ed25519().verifying_key().to_bytes();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
        draft.signed(ring::hmac::sign(&key, draft.signing_input().as_bytes()).as_ref())
    };
    vec![
        header("alg none", Header, with("alg", "none".into())),
        case("header: alg none without signature", Header, draft().with_header(with("alg", "none".into())).signed(&[])),
        case("header: HS256 keyed with the public key", Header, hmac),
        header("alg in lower case", Header, with("alg", "eddsa".into())),
        header("alg Ed25519", Header, with("alg", "Ed25519".into())),
        header("alg ES384", Header, with("alg", "ES384".into())),
        header("alg an array", Header, with("alg", json!(["EdDSA"]))),
        header("alg an object", Header, with("alg", json!({"EdDSA": null}))),
        header("alg missing", Header, without("alg")),
        header("typ missing", Header, without("typ")),
        header("typ JWT", Header, with("typ", "JWT".into())),
        header("typ sd-jwt", Header, with("typ", "dc+sd-jwt".into())),
        header("typ in upper case", Header, with("typ", "Consent+SD-JWT".into())),
        header("typ with application/", Header, with("typ", "application/consent+sd-jwt".into())),
        header("kid missing", Header, without("kid")),
        header("kid a number", Header, with("kid", 1.into())),
        header("kid null", Header, with("kid", Value::Null)),
        header("kid unknown", UnknownKey, with("kid", "nobody".into())),
        header("kid empty", UnknownKey, with("kid", "".into())),
        header("kid a path", UnknownKey, with("kid", "../../ed".into())),
        header("kid of another issuer, its signature", Signature, with("kid", "other".into())),
        case(
            "header: kid and key of another issuer",
            Issuer,
            draft().with_header(with("kid", "other".into())).by(&other()),
        ),
        header("kid of a key of another alg", Algorithm, with("kid", "p256".into())),
        case(
            "header: ES256 with the Ed25519 key",
            Algorithm,
            Draft::good("ES256").with_header(with("kid", "ed".into())).token(),
        ),
        header("crit", Header, with("crit", json!(["exp"]))),
        header("jwk", Header, with("jwk", json!({"kty": "OKP"}))),
        header("jku", Header, with("jku", "https://evil.example/jwks".into())),
        header("x5c", Header, with("x5c", json!([]))),
        header("b64", Header, with("b64", false.into())),
        header("cty", Header, with("cty", "json".into())),
        raw("alg twice", good.replace(r#""alg":"EdDSA""#, r#""alg":"EdDSA","alg":"EdDSA""#)),
        raw("alg twice, once escaped", good.replace(r#""alg":"EdDSA""#, r#""alg":"EdDSA","\u0061lg":"none""#)),
        raw("an array of the three values", r#"["EdDSA","consent+sd-jwt","ed"]"#.into()),
        raw("empty object", "{}".into()),
        raw("two objects", format!("{good}{good}")),
        raw("a byte order mark", format!("\u{FEFF}{good}")),
        raw("NUL after it", format!("{good}\0")),
        case(
            "header: longer than a header may be",
            Size,
            draft().with_header(with("kid", "k".repeat(400).into())).token(),
        ),
    ]
}

fn payloads() -> Vec<Case> {
    let mut cases: Vec<_> = ["iss", "aud", "jti", "iat", "nbf", "exp", "cnf", "_sd", "authorization_details"]
        .into_iter()
        .map(|key| claims(&format!("no {key}"), Claims, without(key)))
        .collect();
    let raw = |name: &str, text: &str| {
        case(format!("claims: {name}"), Claims, Draft { claims: text.into(), ..draft() }.by(&ed25519()))
    };
    let nested = |levels: usize| -> Value { (0..levels).fold(json!(1), |value, _| json!([value])) };
    cases.extend([
        claims("iss of another issuer", Issuer, with("iss", "https://other.example".into())),
        claims("iss with a slash more", Issuer, with("iss", "https://consent.example/".into())),
        claims("iss null", Claims, with("iss", Value::Null)),
        claims("aud of another gateway", Audience, with("aud", "credit-gateway-2".into())),
        claims("aud an array", Claims, with("aud", json!(["credit-gateway"]))),
        claims("aud in upper case", Audience, with("aud", "CREDIT-GATEWAY".into())),
        claims("jti empty", Claims, with("jti", "".into())),
        claims("jti with a line feed", Claims, with("jti", "a\nb".into())),
        claims("jti with NUL", Claims, with("jti", "a\0".into())),
        claims("jti a number", Claims, with("jti", 7.into())),
        claims("jti too long", Claims, with("jti", "j".repeat(129).into())),
        claims("jti that is a citizen number", Claims, with("jti", person().into())),
        claims("iat a text", Claims, with("iat", NOW.to_string().into())),
        claims("exp a text", Claims, with("exp", (NOW + 60).to_string().into())),
        claims("exp a fraction", Claims, with("exp", json!(1_795_312_740.5))),
        claims("exp null", Claims, with("exp", Value::Null)),
        claims("exp beyond the calendar", Claims, with("exp", json!(u64::MAX))),
        claims("nbf negative", Claims, with("nbf", json!(-1))),
        text_of_claims("iat as an exponent", r#""iat":1795309140"#, r#""iat":1.79530914e9"#),
        claims("nbf as late as exp", Lifetime, with("nbf", json!(NOW + 3540))),
        claims("nbf after exp", Lifetime, with("nbf", json!(NOW + 3541))),
        claims("iat 11 seconds ahead", NotYetValid, with("iat", json!(NOW + 11))),
        claims("nbf 11 seconds ahead", NotYetValid, with("nbf", json!(NOW + 11))),
        claims("iat a day ahead, after exp", NotYetValid, with("iat", json!(NOW + 86_400))),
        claims("exp this very second", Expired, with("exp", json!(NOW))),
        claims("exp a second ago", Expired, with("exp", json!(NOW - 1))),
        claims("cnf without thumbprint", Claims, with("cnf", json!({}))),
        claims("cnf with a jwk", Claims, |claims| claims["cnf"]["jwk"] = json!({})),
        claims("cnf with a jwk only", Claims, with("cnf", json!({"jwk": {}}))),
        claims("cnf an array", Claims, with("cnf", json!([encode([0xA5; 32])]))),
        claims("thumbprint padded", Claims, with("cnf", json!({"x5t#S256": format!("{}=", encode([0xA5; 32]))}))),
        claims("thumbprint too short", Claims, with("cnf", json!({"x5t#S256": encode([0xA5; 31])}))),
        claims("thumbprint in hexadecimal", Claims, with("cnf", json!({"x5t#S256": "a5".repeat(32)}))),
        claims("_sd_alg sha-512", Claims, with("_sd_alg", "sha-512".into())),
        claims("_sd_alg in upper case", Claims, with("_sd_alg", "SHA-256".into())),
        claims("_sd empty", Digest, with("_sd", json!([]))),
        claims("_sd with another digest", Digest, with("_sd", json!([encode([1; 32])]))),
        claims("_sd with the digest twice", Digest, |claims| {
            claims["_sd"] = json!([claims["_sd"][0], claims["_sd"][0]])
        }),
        claims("_sd with a decoy twice", Digest, |claims| {
            claims["_sd"] = json!([claims["_sd"][0], encode([1; 32]), encode([1; 32])]);
        }),
        claims("a decoy twice, in two objects", Digest, |claims| {
            claims["_sd"] = json!([claims["_sd"][0], encode([1; 32])]);
            claims["cnf"]["_sd"] = json!([encode([1; 32])]);
        }),
        claims("a decoy twice, once in a list", Digest, |claims| {
            claims["cnf"]["_sd"] = json!([encode([1; 32])]);
            claims["authorization_details"][0]["fields"] = json!(["score_band", {"...": encode([1; 32])}]);
        }),
        claims("the digest as a decoy too", Digest, |claims| claims["cnf"]["_sd"] = claims["_sd"].clone()),
        claims("the digest in cnf only", Digest, |claims| {
            claims["cnf"]["_sd"] = claims["_sd"].take();
            claims["_sd"] = json!([]);
        }),
        claims("the digest in a list only", Digest, |claims| {
            claims["authorization_details"][0]["fields"] = json!(["score_band", {"...": claims["_sd"][0]}]);
            claims["_sd"] = json!([encode([1; 32])]);
        }),
        claims("_sd with a text that is no digest", Claims, |claims| claims["_sd"] = json!([claims["_sd"][0], "张三"])),
        claims("_sd with a digest of 31 bytes", Claims, |claims| {
            claims["_sd"] = json!([claims["_sd"][0], encode([1; 31])]);
        }),
        claims("_sd of cnf a text", Claims, |claims| claims["cnf"]["_sd"] = encode([1; 32]).into()),
        claims("_sd of the detail with a name", Claims, |claims| {
            claims["authorization_details"][0]["_sd"] = json!(["someone"]);
        }),
        claims("an element of a list that hides no digest", Claims, |claims| {
            claims["authorization_details"][0]["fields"] = json!(["score_band", {"...": "someone"}]);
        }),
        claims("an element of a list that hides more", Claims, |claims| {
            claims["authorization_details"][0]["fields"] = json!(["score_band", {"...": encode([1; 32]), "x": 1}]);
        }),
        claims("`...` beside claims", UnknownClaim, with("...", encode([1; 32]).into())),
        claims("_sd_alg of cnf", Claims, |claims| claims["cnf"]["_sd_alg"] = "sha-256".into()),
        claims("_sd_alg null", Claims, with("_sd_alg", Value::Null)),
        claims("vct a number", Claims, with("vct", 1.into())),
        claims("vct empty", Claims, with("vct", "".into())),
        claims("vct with a name of a person", Claims, with("vct", "张三".into())),
        claims("an unknown claim", UnknownClaim, with("sub", "somebody".into())),
        claims("an unknown claim of the registry", UnknownClaim, with("ui_locales", "zh".into())),
        claims("an unknown claim that is null", UnknownClaim, with("note", Value::Null)),
        claims("_sd a text", Claims, |claims| claims["_sd"] = claims["_sd"][0].clone()),
        claims("_sd with a number", Claims, |claims| claims["_sd"] = json!([claims["_sd"][0], 1])),
        claims("citizen_number in clear", Claims, with("citizen_number", person().into())),
        claims("citizen_number null", Claims, with("citizen_number", Value::Null)),
        claims("citizen_number deep inside", Claims, with("note", json!({"a": [{"citizen_number": "x"}]}))),
        claims("a citizen number in an unknown claim", Claims, with("sub", person().into())),
        claims("a citizen number as a number", Claims, with("sub", json!(person_without_x()))),
        claims("a citizen number as a key", Claims, with(&person(), true.into())),
        claims("two details", Claims, |claims| {
            let detail = claims["authorization_details"][0].clone();
            claims["authorization_details"] = json!([detail, detail]);
        }),
        claims("no detail", Claims, with("authorization_details", json!([]))),
        claims("a detail that is no array", Claims, |claims| {
            claims["authorization_details"] = claims["authorization_details"][0].clone();
        }),
        claims("a detail that is an array", Claims, |claims| {
            claims["authorization_details"][0] = json!(["credit-query", "commercial-loan", ["score_band"]]);
        }),
        text_of_claims("jti twice", r#""aud":"#, r#""jti":"a","aud":"#),
        text_of_claims("exp twice, once escaped", r#""aud":"#, r#""\u0065xp":1,"aud":"#),
        text_of_claims("x5t#S256 twice", r#"{"x5t#S256":"#, r#"{"x5t#S256":"a","x5t#S256":"#),
        text_of_claims("uses twice", r#""uses":1"#, r#""uses":1,"uses":1"#),
        text_of_claims("a key twice in an unknown claim", r#""aud":"#, r#""x":{"y":[{"z":1,"z":1}]},"aud":"#),
        text_of_claims("an unknown claim twice", r#""aud":"#, r#""x":1,"x":2,"aud":"#),
        claims("as deep as may be", UnknownClaim, with("x", nested(15))),
        claims("deep", Claims, with("x", nested(16))),
        claims("very deep", Claims, with("x", nested(1000))),
        text_of_claims("a number out of range", r#""aud":"#, r#""x":1e999,"aud":"#),
        text_of_claims("a lone surrogate", r#""aud":"#, r#""x":"\ud800","aud":"#),
        text_of_claims("a trailing comma", r#""uses":1"#, r#""uses":1,"#),
        text_of_claims("a comment", r#""aud":"#, r#"/* */"aud":"#),
        text_of_claims("NaN", r#""uses":1"#, r#""uses":NaN"#),
        raw("empty", ""),
        raw("null", "null"),
        raw("an array", "[]"),
        raw("cut off", r#"{"iss":"https://consent.example""#),
        case("claims: NUL after them", Claims, Draft { claims: draft().claims + "\0", ..draft() }.token()),
        case("claims: not UTF-8", Claims, not_utf8()),
    ]);
    cases
}

fn details() -> Vec<Case> {
    let mut cases: Vec<_> = ["type", "scenario", "look_back", "uses", "frequency", "data_life"]
        .into_iter()
        .map(|key| detail(&format!("no {key}"), without(key)))
        .collect();
    cases.extend([
        detail("of another type", with("type", "payment".into())),
        detail("a member more", with("amount", 1.into())),
        detail("scenario not a name", with("scenario", "Commercial Loan".into())),
        detail("scenario an array", with("scenario", json!(["commercial-loan"]))),
        detail("fields null", with("fields", Value::Null)),
        detail("fields empty", with("fields", json!([]))),
        detail("fields a text", with("fields", "score_band".into())),
        detail("fields with a star", with("fields", json!(["*"]))),
        detail("fields with a number", with("fields", json!([1]))),
        detail("uses 0", with("uses", 0.into())),
        detail("uses -1", with("uses", json!(-1))),
        detail("uses 1.0", with("uses", json!(1.0))),
        detail("uses a text", with("uses", "1".into())),
        detail("uses true", with("uses", true.into())),
        detail("uses null", with("uses", Value::Null)),
        detail("look_back a number", with("look_back", 5.into())),
        detail("look_back negative", with("look_back", "-P5Y".into())),
        detail("look_back zero", with("look_back", "P0Y".into())),
        detail("look_back in lower case", with("look_back", "p5y".into())),
        detail("look_back in words", with("look_back", "5 years".into())),
        detail("look_back in hours", with("look_back", "PT24H".into())),
        detail("data_life empty", with("data_life", "P".into())),
        detail("data_life in minutes", with("data_life", "P1DT1M".into())),
        detail("frequency without a number", with("frequency", "/P1M".into())),
        detail("frequency 0", with("frequency", "0/P1M".into())),
        detail("frequency with a sign", with("frequency", "+1/P1M".into())),
        detail("frequency without a period", with("frequency", "1".into())),
        detail("frequency twice", with("frequency", "1/P1M/P1M".into())),
    ]);
    // Signed 64 bits are enough for seconds; uses have 64 without a sign.
    let mut draft = draft();
    draft.claims = draft.claims.replace(r#""uses":1"#, r#""uses":18446744073709551616"#);
    cases.push(case("detail: uses beyond 64 bits", Claims, draft.token()));
    cases
}

fn disclosures() -> Vec<Case> {
    let number = person();
    let salt = "_26bc4LT-ac6q2KI6cBW5e";
    let wrong = format!("{}{}", &number[..17], if number.ends_with('0') { '1' } else { '0' });
    vec![
        disclosed("of another claim", disclosure(salt, "name", &number)),
        disclosed("of the claim in upper case", disclosure(salt, "Citizen_Number", &number)),
        disclosed("of an array element", json!([salt, number]).to_string()),
        disclosed("with a member more", json!([salt, "citizen_number", number, 1]).to_string()),
        disclosed("an object", json!({"salt": salt, "citizen_number": number}).to_string()),
        disclosed("the number a number", json!([salt, "citizen_number", person_without_x()]).to_string()),
        disclosed("the number null", json!([salt, "citizen_number", null]).to_string()),
        disclosed("a wrong check character", disclosure(salt, "citizen_number", &wrong)),
        disclosed("of 15 digits", disclosure(salt, "citizen_number", "990101900307001")),
        disclosed("empty number", disclosure(salt, "citizen_number", "")),
        disclosed("a short salt", disclosure("0123456789", "citizen_number", &number)),
        disclosed("a salt of 21 characters", disclosure(&salt[1..], "citizen_number", &number)),
        disclosed("a salt of 16 hexadecimal digits", disclosure("0123456789abcdef", "citizen_number", &number)),
        disclosed("a salt of 31 hexadecimal digits", disclosure(&"a".repeat(31), "citizen_number", &number)),
        disclosed("a salt of 22 decimal digits", disclosure(&"7".repeat(22), "citizen_number", &number)),
        disclosed("an empty salt", disclosure("", "citizen_number", &number)),
        disclosed("a salt of NULs", disclosure(&"\0".repeat(22), "citizen_number", &number)),
        disclosed(
            "the number escaped",
            disclosure(salt, "citizen_number", &number).replace("\"99", "\"\\u0039\\u0039"),
        ),
        disclosed("more after it", disclosure(salt, "citizen_number", &number) + "[]"),
        disclosed("no JSON", "citizen_number"),
        case(
            "disclosure: too long",
            Size,
            Draft { disclosure: disclosure(&"s".repeat(300), "citizen_number", &number), ..draft() }.token(),
        ),
        parts("a disclosure of another person", Digest, |[h, p, s, _]| {
            let another = disclosure(salt, "citizen_number", &another_person());
            format!("{h}.{p}.{s}~{}~", encode(another))
        }),
        parts("the same array with a space", Digest, |[h, p, s, _]| {
            let spaced = disclosure(salt, "citizen_number", &number).replace(',', ", ");
            format!("{h}.{p}.{s}~{}~", encode(spaced))
        }),
    ]
}

fn p256_signatures() -> Vec<Case> {
    let draft = Draft::good("ES256");
    let signature = draft.p256_signature();
    let bytes: [u8; 64] = signature.to_bytes().into();
    let (r, s) = bytes.split_at(32);
    let zero = [0; 32];
    // The order of P-256 (FIPS 186-4, D.1.2.3).
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let signed = |name: &str, signature: &[u8]| case(format!("ES256: {name}"), Signature, draft.signed(signature));
    vec![
        signed("DER", signature.to_der().as_bytes()),
        signed("r = 0", &[&zero, s].concat()),
        signed("s = 0", &[r, &zero].concat()),
        signed("both 0", &[0; 64]),
        signed("r = n", &[&order, s].concat()),
        signed("s = n", &[r, &order].concat()),
        signed("all ones", &[0xff; 64]),
        signed("s before r", &[s, r].concat()),
        signed("63 bytes", &bytes[..63]),
        signed("65 bytes", &[&bytes[..], &[0]].concat()),
        signed("a byte before", &[&[0], &bytes[..]].concat()),
        signed("by an Ed25519 key", &ed25519().sign(draft.signing_input().as_bytes()).to_bytes()),
        signed("by another P-256 key", &another_p256(&draft)),
    ]
}

fn another_p256(draft: &Draft) -> Vec<u8> {
    let key = p256::ecdsa::SigningKey::from_slice(&[10; 32]).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(draft.signing_input().as_bytes());
    signature.to_vec()
}

fn another_person() -> String {
    number("19900307", 2)
}

/// A valid number of 18 digits.
fn person_without_x() -> u64 {
    (1..20).find_map(|sequence| number("19900307", sequence).parse().ok()).unwrap()
}

fn not_utf8() -> String {
    let draft = draft();
    let mut claims = draft.claims.clone().into_bytes();
    let at = draft.claims.find("commercial").unwrap();
    claims[at] = 0xff;
    let input = format!("{}.{}", encode(&draft.header), encode(claims));
    let signature = encode(ed25519().sign(input.as_bytes()).to_bytes());
    format!("{input}.{signature}~{}~", encode(&draft.disclosure))
}

#[test]
fn every_hostile_token_is_refused_for_its_own_fault() {
    let cases = [shapes(), headers(), payloads(), details(), disclosures(), p256_signatures()].concat();
    assert!(cases.len() >= 70, "{}", cases.len());
    for (name, fault, token) in &cases {
        // Which claim it is, the next test says.
        let found = verify(token).err().map(|fault| if matches!(fault, Claim(_)) { Claims } else { fault });
        assert_eq!(found, Some(*fault), "{name}");
        let code = match fault {
            NotYetValid => Code::ConsentNotYetValid,
            Expired => Code::ConsentExpired,
            _ => Code::ConsentInvalid,
        };
        assert_eq!(fault.code(), code, "{name}");
    }
    let mut names: Vec<_> = cases.iter().map(|(name, ..)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "every name once");
}

/// Ordinary signers give the high s as often as the low one; uses count by `jti`, so nothing hangs on it.
#[test]
fn either_s_is_taken() {
    let draft = Draft::good("ES256");
    let signature = draft.p256_signature();
    let (r, s) = signature.split_scalars();
    let mirrored = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    assert_ne!(bool::from(signature.s().is_high()), bool::from(mirrored.s().is_high()));
    for signature in [signature, mirrored] {
        assert!(verify(&draft.signed(&signature.to_bytes())).is_ok());
    }
}

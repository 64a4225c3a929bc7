//! The words on the wire.

use credit_policy::{Code, Ground, InstitutionKind, List, Severity, Value};
use serde_json::json;

use crate::support::catalogue;

/// The codes of formats.md §2, in its order, and those that HTTP's own statuses need.
const CODES: &str = "malformed-request unknown-scenario invalid-citizen-number case-required operator-required \
    unknown-field certificate-unknown consent-required consent-invalid consent-expired consent-not-yet-valid \
    institution-suspended scenario-not-allowed field-not-allowed consent-wrong-institution consent-wrong-scenario \
    consent-wrong-subject consent-exceeds-bound consent-revoked consent-used-up statute-forbids subject-minor \
    not-found method-not-allowed request-timeout payload-too-large unsupported-media-type headers-too-large \
    idempotency-conflict answer-changed case-already-used rate-limited distinct-subjects-exceeded internal-error store-failed \
    store-timeout not-recordable draining overloaded stopped state-unavailable";

#[test]
fn other_words_are_refused() {
    for word in ["", "Malformed-Request", "malformed_request", "malformed-request ", "permit"] {
        assert_eq!(Code::parse(word), None, "{word:?}");
        assert!(serde_json::from_value::<Code>(json!(word)).is_err(), "{word:?}");
    }
    for word in ["", "Bank", "bank ", "credit_bureau", "bank\0", "-bank", "a-name-that-is-longer-than-a-kind-is"] {
        assert!(serde_json::from_value::<InstitutionKind>(json!(word)).is_err(), "{word:?}");
    }
    let unknown = catalogue().kind("spy").unwrap_err().to_string();
    assert!(unknown.starts_with("`spy` is no kind of institution: use one of approving-department, association, "));
    assert!(serde_json::from_value::<Severity>(json!(1)).is_err());
}

#[test]
fn the_codes_are_those_of_the_contract() {
    let words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words, CODES.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn every_word_comes_back() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
        assert_eq!(serde_json::from_value::<Code>(json!(code)).unwrap(), *code);
    }
    for kind in catalogue().kinds() {
        assert_eq!(catalogue().kind(kind.as_str()), Ok(kind));
        assert_eq!(serde_json::from_value::<InstitutionKind>(json!(kind)).unwrap(), kind);
    }
    assert_eq!(catalogue().kinds().count(), 25);
    assert_eq!(
        Ground::ALL.iter().map(|ground| ground.as_str()).collect::<Vec<_>>(),
        ["consent", "statute", "self", "public"]
    );
    assert_eq!(List::ALL.iter().map(|list| list.as_str()).collect::<Vec<_>>(), ["red", "grey", "black"]);
}

#[test]
fn values_are_plain_json() {
    let value = Value::List(vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(-7),
        Value::Text("好\"".into()),
        Value::List(vec![]),
    ]);
    assert_eq!(serde_json::to_string(&value).unwrap(), r#"[null,true,-7,"好\"",[]]"#);
}

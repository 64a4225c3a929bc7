//! Issuers on the SD-JWT libraries of PyPI and npm, as they come: what they make is answered, or the token's fault is named.

use std::{ffi::OsString, fs, path::PathBuf};

use credit_policy::consent::ConsentFault;
use credit_tests::{
    Folder, checked, command_reading, scratch, shared,
    tools::{node_script, python},
};
use serde_json::{Value, json};

use super::{EDDSA, ES256, ask, issuer_signed, new_jti};

fn tokens(folder: &Folder, program: PathBuf, script: PathBuf, key: &str) -> Value {
    let number = folder.person("clean", 11);
    let arguments: [OsString; 4] =
        [script.into(), folder.join(key).into(), folder.join("institutions/bank.pem").into(), new_jti().into()];
    serde_json::from_str(&command_reading(program, &arguments, &number).held()).unwrap()
}

fn is_answered(folder: &Folder, token: &Value) {
    let token = token.as_str().unwrap();
    let leaf = checked::answer(folder, "bank", &ask(&folder.caller("bank"), token));
    assert_eq!(leaf.json["ground"], json!({"consent": issuer_signed(token), "use": 1}));
}

/// Refused for that fault, which the policy finds in the very token.
fn is_refused(folder: &Folder, token: &Value, fault: ConsentFault) {
    let token = token.as_str().unwrap();
    checked::refusal(folder, "bank", &ask(&folder.caller("bank"), token), 401, "consent-invalid");
    let mut keys = credit_policy::consent::IssuerKeys::default();
    let set = fs::read_to_string(folder.join("keys/consent-authority.jwks")).unwrap();
    keys.add("https://consent.example", &set).unwrap();
    let now = jiff::Timestamp::now();
    let found = credit_policy::consent::Unverified::parse(token).and_then(|token| token.verify(&keys, now)).err();
    assert_eq!(found, Some(fault));
}

#[test]
fn tokens_of_the_library_of_pypi_are_answered_with_decoys_too() {
    let folder = shared().folder();
    let script = scratch::folder("pypi").join("pypi_issuer.py");
    fs::write(&script, include_str!("pypi_issuer.py")).unwrap();
    for key in [EDDSA, ES256] {
        let tokens = tokens(folder, python(), script.clone(), key);
        is_refused(folder, &tokens["without typ"], ConsentFault::Header);
        is_answered(folder, &tokens["plain"]);
        is_answered(folder, &tokens["decoys"]);
    }
}

/// Its own generator of salts makes 64 bits, which whoever has the log could try.
#[test]
fn tokens_of_the_library_of_npm_are_answered_but_for_its_short_salts() {
    let folder = shared().folder();
    let script = node_script("npm_issuer.mjs", include_str!("npm_issuer.mjs"));
    let tokens = tokens(folder, "node".into(), script, ES256);
    is_refused(folder, &tokens["as it comes"], ConsentFault::Disclosure);
    for name in ["long salt", "hexadecimal salt", "decoys"] {
        is_answered(folder, &tokens[name]);
    }
}

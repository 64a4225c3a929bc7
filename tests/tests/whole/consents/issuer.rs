//! Tokens of an issuer with none of our code: Python's standard library and openssl.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use credit_tests::{Folder, checked, scratch, shared};
use serde_json::json;

use super::{EDDSA, ES256, answered, ask, issuer_signed, new_jti};

const ISSUER: &str = include_str!("issuer.py");

fn issued_elsewhere(folder: &Folder, key: &str, jti: &str, number: &str) -> String {
    let script = scratch::folder("issuer").join("issuer.py");
    fs::write(&script, ISSUER).unwrap();
    let certificate = folder.join("institutions/bank.pem");
    let mut child = Command::new("python3")
        .args([script.as_os_str(), folder.join(key).as_os_str(), certificate.as_os_str(), jti.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(number.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn tokens_of_another_issuer_s_tools_are_taken_in_both_algorithms() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 11));
    for key in [EDDSA, ES256] {
        let token = issued_elsewhere(folder, key, &new_jti(), &number);
        let reply = ask(&caller, &token);
        let leaf = checked::answer(folder, "bank", &reply);
        assert_eq!(leaf.json["ground"], json!({"consent": issuer_signed(&token), "use": 1}), "{key}");
        assert_eq!(leaf.json["fields"], json!(["clean_three_years", "score_band"]));
        checked::refusal(folder, "bank", &ask(&caller, &token), 403, "consent-used-up");
        assert_eq!(answered(&folder.leaves(), &token).len(), 1);
    }
}

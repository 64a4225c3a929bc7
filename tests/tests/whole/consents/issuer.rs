//! Tokens of an issuer with none of our code: Python's standard library and openssl.

use std::fs;

use credit_tests::{Folder, checked, command, command_reading, scratch, shared};
use serde_json::json;

use super::{EDDSA, ES256, answered, ask, fields, grant, issuer_signed, new_jti, sign};

const ISSUER: &str = include_str!("issuer.py");
const REGULATOR: &str = include_str!("regulator.py");

fn issued_elsewhere(folder: &Folder, key: &str, jti: &str, number: &str) -> String {
    let script = scratch::folder("issuer").join("issuer.py");
    fs::write(&script, ISSUER).unwrap();
    let certificate = folder.join("institutions/bank.pem");
    let key = folder.join(key);
    let arguments = [script.as_os_str(), key.as_os_str(), certificate.as_os_str(), jti.as_ref()];
    command_reading("python3", &arguments, number).held().trim().to_owned()
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

/// A regulator has the leaf and the authority's public keys, and needs nothing of ours.
#[test]
fn a_regulator_confirms_from_leaf_and_keys_that_the_consent_covered_the_query() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 11));
    let desk = scratch::folder("regulator");
    let keys = fs::read_to_string(folder.join("keys/consent-authority.jwks")).unwrap();
    for (file, text) in [("jwks", keys.as_str()), ("regulator.py", REGULATOR)] {
        fs::write(desk.join(file), text).unwrap();
    }
    let confirmed = |leaf: &str| {
        fs::write(desk.join("leaf"), leaf).unwrap();
        command("python3", &[desk.join("regulator.py"), desk.join("leaf"), desk.join("jwks")])
    };
    for key in [EDDSA, ES256] {
        let mut grant = grant(folder, &new_jti());
        grant.terms.fields = fields(&["clean_three_years", "score_band"]);
        let reply = ask(&caller, &sign(folder, key, &grant, &number));
        let leaf = String::from_utf8(checked::answer(folder, "bank", &reply).bytes).unwrap();
        drop(confirmed(&leaf).held());
        for (from, to) in [
            (r#""score_band"]"#, r#""tax_paid_band"]"#),
            (r#""scenario":"commercial-loan""#, r#""scenario":"employment""#),
            (r#""use":1"#, r#""use":2"#),
            (r#""at":"2"#, r#""at":"3"#),
            (r#""certificate":""#, r#""certificate":"x"#),
            (r#""outcome":"answered""#, r#""outcome":"refused""#),
            (r#"","use":1"#, r#"A","use":1"#),
        ] {
            let altered = leaf.replace(from, to);
            assert_ne!(altered, leaf, "{from}");
            let said = confirmed(&altered);
            assert_ne!(said.code, Some(0), "{to} was not noticed");
        }
    }
}

//! Tokens of the libraries that issuers use: joserfc and Authlib (Python), `jose` (node). What they sign is taken, and
//! they verify what `consent issue` makes.

use std::{ffi::OsString, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_tests::{
    Ended, Folder, binaries, checked, command_reading, scratch, shared,
    tools::{node_script, python},
};
use serde_json::{Value, json};

use super::{EDDSA, ES256, answered, ask, issuer_signed, new_jti, thumbprint};

const OF_PYTHON: &str = include_str!("libraries.py");
const OF_NODE: &str = include_str!("library.mjs");

/// A library, by the command that calls it.
struct Library {
    name: &'static str,
    program: PathBuf,
    before: Vec<OsString>,
}

impl Library {
    fn all() -> [Self; 3] {
        let script = scratch::folder("libraries").join("libraries.py");
        fs::write(&script, OF_PYTHON).unwrap();
        let of_python =
            |name: &'static str| Self { name, program: python(), before: vec![script.clone().into(), name.into()] };
        let script = node_script("library.mjs", OF_NODE);
        [
            of_python("joserfc"),
            of_python("authlib"),
            Self { name: "jose", program: "node".into(), before: vec![script.into()] },
        ]
    }

    fn call(&self, arguments: &[OsString], input: &str) -> Ended {
        command_reading(&self.program, &[&self.before, arguments].concat(), input)
    }

    /// A good token and bad ones, all of one name.
    fn issue(&self, folder: &Folder, key: &str, jti: &str, number: &str) -> Value {
        let files = [key, "institutions/bank.pem", "institutions/employer.pem"].map(|name| folder.join(name).into());
        let arguments = [&["issue".into()], &files[..], &[jti.into()]].concat();
        serde_json::from_str(&self.call(&arguments, number).held()).unwrap()
    }

    /// Verifies by the authority's public keys.
    fn verify(&self, keys: &str, token: &str) -> Ended {
        let file = scratch::folder("keys").join("jwks.json");
        fs::write(&file, keys).unwrap();
        self.call(&["verify".into(), file.into()], token)
    }
}

fn public(folder: &Folder, key: &str) -> Value {
    let read = |name: &str| -> Value { serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap() };
    let (private, mut set) = (read(key), read("keys/consent-authority.jwks"));
    let keys = set["keys"].as_array_mut().unwrap();
    let at = keys.iter().position(|public| public["kid"] == private["kid"]).unwrap();
    keys.swap_remove(at)
}

#[test]
fn what_three_libraries_sign_is_taken_and_their_bad_tokens_have_their_codes() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 11));
    for library in Library::all() {
        for key in [EDDSA, ES256] {
            let tokens = library.issue(folder, key, &new_jti(), &number);
            let token = |which: &str| tokens[which].as_str().unwrap();
            // The bad ones come first: they spend nothing of the one use that is under the name.
            for (which, status, code) in [
                ("expired", 401, "consent-expired"),
                ("wrong_cnf", 403, "consent-wrong-institution"),
                ("other_key", 401, "consent-invalid"),
            ] {
                let leaf = checked::refusal(folder, "bank", &ask(&caller, token(which)), status, code);
                assert!(leaf.json.get("ground").is_none(), "{}: {which}", library.name);
            }
            let good = token("good");
            let leaf = checked::answer(folder, "bank", &ask(&caller, good));
            assert_eq!(leaf.json["ground"], json!({"consent": issuer_signed(good), "use": 1}), "{}", library.name);
            assert_eq!(leaf.json["fields"], json!(["clean_three_years", "score_band"]));
            checked::refusal(folder, "bank", &ask(&caller, good), 403, "consent-used-up");
            assert_eq!(answered(&folder.leaves(), good).len(), 1);
        }
    }
}

/// `credit-gateway consent issue`, for the demo's bank.
fn issued_by_command(folder: &Folder, key: &str, jti: &str, number: &str) -> String {
    let (key, certificate) = (folder.join(key), folder.join("institutions/bank.pem"));
    let arguments = [
        "consent".as_ref(),
        "issue".as_ref(),
        "--key".as_ref(),
        key.as_os_str(),
        "--certificate".as_ref(),
        certificate.as_os_str(),
        "--jti".as_ref(),
        jti.as_ref(),
        "--fields".as_ref(),
        "score_band,tax_paid_band".as_ref(),
    ];
    command_reading(binaries::credit_gateway(), &arguments, number).held().trim().to_owned()
}

#[test]
fn three_libraries_verify_what_the_command_issues_and_nothing_else() {
    let folder = shared().folder();
    let number = folder.person("clean", 11);
    let keys = json!({"keys": [public(folder, EDDSA), public(folder, ES256)]}).to_string();
    for (key, other) in [(EDDSA, ES256), (ES256, EDDSA)] {
        let jti = new_jti();
        let token = issued_by_command(folder, key, &jti, &number);
        let other_keys = json!({"keys": [public(folder, other)]}).to_string();
        let wrong = [("~", "~A"), (".", ".A")].map(|(from, to)| token.replacen(from, to, 1));
        for library in Library::all() {
            let name = library.name;
            let verified: Value = serde_json::from_str(&library.verify(&keys, &token).held()).unwrap();
            let claims = &verified["claims"];
            assert_eq!((&claims["jti"], &claims["_sd_alg"]), (&json!(jti), &json!("sha-256")), "{name}");
            let certificate = URL_SAFE_NO_PAD.encode(thumbprint(folder, "bank"));
            assert_eq!(claims["cnf"], json!({"x5t#S256": certificate}));
            assert_eq!(
                claims["authorization_details"],
                json!([{
                    "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "tax_paid_band"],
                    "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M",
                }])
            );
            assert!(verified["citizen_number"] == number.as_str(), "{name} reads another person");
            assert!(!claims.to_string().contains(&number), "the signed part names the person");
            for wrong in &wrong {
                assert_eq!(library.verify(&keys, wrong).code, Some(1), "{name}");
            }
            assert_eq!(library.verify(&other_keys, &token).code, Some(1), "{name}");
        }
        // The gateway takes it too.
        checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token));
    }
}

//! Institutions whose certificates change: by command and by the configuration, without a stop and under the same id.

use std::fs;

use credit_tests::{Authority, Ended, Folder, Gateway, Wish, audit, checked, gateway, query::look_up, run};
use hyper::Method;
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};

const DAY_S: i64 = 86_400;

fn command(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat())
}

fn pem(folder: &Folder, name: &str) -> String {
    folder.join(format!("institutions/{name}.pem")).to_str().unwrap().to_owned()
}

/// The housing department calls with `first`; more certificates of its authority lie ready.
fn folder(authority: &Authority) -> Folder {
    let folder = Folder::new();
    let wishes = [
        Wish::caller("first", 1),
        Wish::caller("second", 2),
        Wish::caller("revoked", 3),
        Wish { valid_s: (-2 * DAY_S, -DAY_S), ..Wish::caller("ended", 4) },
        Wish { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..Wish::caller("server", 5) },
        Wish { valid_s: (DAY_S, 2 * DAY_S), ..Wish::caller("next", 6) },
    ];
    authority.take_over(&folder, &wishes, &authority.list(1, &[3], DAY_S));
    Authority::new("another authority").put(&folder, &Wish::caller("foreign", 7));
    folder.set_of_institution("housing", "\"institutions/housing.pem\"", "\"institutions/first.pem\"");
    folder
}

fn verified(folder: &Folder) {
    let key = folder.join("data/log/log.vkey");
    let (log, key) = (folder.log(), key.to_str().unwrap());
    drop(audit(&["verify", log.to_str().unwrap(), "--vkey", key]).held());
}

/// The certificates of an institution, as the list tells them.
fn listed(folder: &Folder, id: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(&command(folder, &["institution", "list", "--json"]).held()).unwrap();
    let one = all.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    one["fingerprints"].as_array().unwrap().clone()
}

fn changes(folder: &Folder) -> Vec<(String, String, usize)> {
    let leaves = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "institution");
    leaves
        .map(|leaf| {
            let count = leaf.json["certificates"].as_array().unwrap().len();
            (leaf.text("institution").to_owned(), leaf.text("change").to_owned(), count)
        })
        .collect()
}

#[test]
fn a_certificate_that_would_be_refused_is_not_registered_and_the_cause_is_plain() {
    let folder = folder(&Authority::new("an authority"));
    let key = folder.join("institutions/first.key");
    for (name, word) in
        [("foreign", "tls.authorities"), ("ended", "expired"), ("server", "clientAuth"), ("revoked", "revoked")]
    {
        for arguments in [
            vec!["institution", "add-certificate", "housing", "--certificate"],
            vec!["institution", "add", "new", "--kind", "bank", "--certificate"],
        ] {
            let file = pem(&folder, name);
            let said = command(&folder, &[&arguments[..], &[&file]].concat()).failed(64);
            assert!(said.contains(word) && said.contains(&file), "{name}: {said}");
            assert_eq!(said.trim().lines().count(), 1, "{said}");
        }
    }
    let (first, second) = (pem(&folder, "first"), pem(&folder, "second"));
    for (code, arguments, word) in [
        (1, ["add-certificate", "nobody", "--certificate", &second], "nobody"),
        (1, ["add-certificate", "housing", "--certificate", &first], "already"),
        (1, ["remove-certificate", "housing", "--certificate", &second], "does not have"),
        (1, ["remove-certificate", "housing", "--certificate", &first], "only certificate"),
        (64, ["remove-certificate", "housing", "--fingerprint", "00:11"], "64"),
        (64, ["add-certificate", "housing", "--certificate", key.to_str().unwrap()], "no certificate"),
        (64, ["add-certificate", "housing", "--certificate", "/nowhere.pem"], "/nowhere.pem"),
    ] {
        let said = command(&folder, &[&["institution"], &arguments[..]].concat()).failed(code);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert_eq!(changes(&folder), []);
    // The next certificate often comes before its time.
    let early =
        command(&folder, &["institution", "add-certificate", "housing", "--certificate", &pem(&folder, "next")]);
    assert!(early.err.contains("not valid yet"), "{early:?}");
    drop(early.held());
    assert_eq!(listed(&folder, "housing").len(), 2);
}

#[test]
fn a_certificate_is_renewed_by_command_while_its_institution_asks() {
    let gateway = Gateway::serve(folder(&Authority::new("an authority")));
    let folder = gateway.folder();
    let ([first, second], person) = (["first", "second"].map(|name| folder.caller(name)), folder.person("clean", 0));
    let before = first.ask(&look_up(&person));
    checked::answer(folder, "housing", &before);
    checked::fixed(&second.ask(&look_up(&person)), 401, "certificate-unknown");
    let change =
        |what: &str, more: &[&str]| command(folder, &[&["institution", what, "housing"], more].concat()).held();
    drop(change("add-certificate", &["--certificate", &pem(folder, "second")]));
    let after = second.ask(&look_up(&person));
    checked::answer(folder, "housing", &after);
    assert_eq!(before.json()["subject"], after.json()["subject"], "another certificate, the same pseudonym");
    checked::answer(folder, "housing", &first.ask(&look_up(&person)));
    let known = listed(folder, "housing");
    assert!(known.iter().all(|one| one["expires"].is_string()), "{known:?}");
    let openssl =
        credit_tests::command("openssl", &["x509", "-in", &pem(folder, "first"), "-noout", "-fingerprint", "-sha256"])
            .held();
    run(async {
        let mut open = first.http1().await.unwrap();
        checked::answer(folder, "housing", &open.ask(&look_up(&person)).await.unwrap());
        drop(change("remove-certificate", &["--fingerprint", openssl.trim()]));
        checked::fixed(&open.ask(&look_up(&person)).await.unwrap(), 401, "certificate-unknown");
    });
    checked::answer(folder, "housing", &second.ask(&look_up(&person)));
    assert_eq!(listed(folder, "housing"), known[1..]);
    let of = |change: &str, count| ("housing".to_owned(), change.to_owned(), count);
    assert_eq!(changes(folder), [of("changed", 2), of("changed", 2), of("changed", 1)]);
    // The configuration names the first one still, and only that.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    checked::fixed(&folder.caller("first").ask(&look_up(&person)), 401, "certificate-unknown");
    checked::answer(folder, "housing", &folder.caller("second").ask(&look_up(&person)));
    assert!(gateway.err().text().contains("stays removed"), "{}", gateway.err().text());
    assert_eq!(changes(folder).len(), 3, "nothing is said twice");
    verified(&gateway.stop());
}

#[test]
fn a_certificate_that_only_the_configuration_named_stays_removed() {
    let folder = folder(&Authority::new("an authority"));
    folder.set_of_institution("housing", "first.pem\"", "first.pem\", \"institutions/second.pem\"");
    let first = pem(&folder, "first");
    drop(command(&folder, &["institution", "remove-certificate", "housing", "--certificate", &first]).held());
    let gateway = Gateway::serve(folder);
    let (folder, person) = (gateway.folder(), gateway.folder().person("clean", 0));
    checked::fixed(&folder.caller("first").ask(&look_up(&person)), 401, "certificate-unknown");
    checked::answer(folder, "housing", &folder.caller("second").ask(&look_up(&person)));
    // By command it comes back.
    drop(command(folder, &["institution", "add-certificate", "housing", "--certificate", &first]).held());
    checked::answer(folder, "housing", &folder.caller("first").ask(&look_up(&person)));
    verified(&gateway.stop());
}

#[test]
fn an_institution_of_the_record_gets_certificates_and_limits_by_the_configuration_too() {
    let folder = folder(&Authority::new("an authority"));
    folder.unregister("housing");
    let add = ["institution", "add", "housing-2", "--kind", "housing-department", "--certificate"];
    drop(command(&folder, &[&add[..], &[&pem(&folder, "first")]].concat()).held());
    folder.edit_config(|config| {
        format!(
            "{config}\n[[institution]]\nid = \"housing-2\"\nkind = \"housing-department\"\ncertificates = \
             [\"institutions/first.pem\", \"institutions/second.pem\"]\nburst = 7\n"
        )
    });
    drop(command(&folder, &["check"]).held());
    let gateway = Gateway::serve(folder);
    let (folder, person) = (gateway.folder(), gateway.folder().person("clean", 0));
    for name in ["first", "second"] {
        checked::answer(folder, "housing-2", &folder.caller(name).ask(&look_up(&person)));
    }
    let of = |change: &str, count| ("housing-2".to_owned(), change.to_owned(), count);
    assert_eq!(changes(folder), [of("added", 1), of("changed", 2)]);
    let last = folder.leaves().into_iter().rfind(|leaf| leaf.text("kind") == "institution").unwrap();
    assert_eq!((&last.json["burst"], &last.json["rate_per_s"]), (&json!(7), &json!(100)));
    let gateway = Gateway::serve(gateway.stop());
    assert_eq!(changes(gateway.folder()).len(), 2, "nothing is said twice");
    verified(&gateway.stop());
}

#[test]
fn a_consent_is_withdrawn_in_the_name_of_a_known_issuer_only() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let ours = "https://consent.example";
    for (iss, word) in [("https://x.example", ours), ("", ours), ("https://consent.example/", ours)] {
        let said = command(folder, &["consent", "revoke", "token-1", "--iss", iss]).failed(64);
        assert!(said.contains(word), "{said}");
    }
    let ask = |name: &str, body: Value| {
        let headers = [("content-type", "application/json")];
        folder.caller(name).send(Method::POST, "/v1/revocations", &headers, body.to_string())
    };
    let foreign = ask("authority", json!({"jti": "token-1", "iss": "https://x.example"}));
    assert_eq!((foreign.status.as_u16(), foreign.code().as_str()), (403, "scenario-not-allowed"));
    let other = ask("bank", json!({"jti": "token-1", "iss": ours}));
    assert_eq!((other.status.as_u16(), other.code().as_str()), (403, "scenario-not-allowed"));
    let wrong = ask("authority", json!({"jti": "token-1", "iss": 7}));
    assert_eq!(wrong.code(), "malformed-request");
    let withdrawals = || folder.leaves().iter().filter(|leaf| leaf.text("kind") == "revocation").count();
    assert_eq!(withdrawals(), 0);
    for body in [json!({"jti": "token-1", "iss": ours}), json!({"jti": "token-1"})] {
        assert_eq!(ask("authority", body).json()["revoked"], true);
    }
    drop(command(folder, &["consent", "revoke", "token-2"]).held());
    assert_eq!(withdrawals(), 3);
    // Of several, one is named; without any there is nothing to withdraw.
    let folder = gateway.stop();
    let config = fs::read_to_string(folder.config()).unwrap();
    let start = config.find("[[consent_issuer]]").unwrap();
    let end = config[start..].find("\n[[institution]]").map_or(config.len(), |at| start + at);
    let second = config[start..end].replace(ours, "https://second.example");
    folder.edit_config(|config| format!("{config}\n{second}\n"));
    assert!(command(&folder, &["consent", "revoke", "token-3"]).failed(64).contains("https://second.example"));
    let gateway = Gateway::serve(folder);
    let headers = [("content-type", "application/json")];
    let reply = gateway.folder().caller("authority").send(
        Method::POST,
        "/v1/revocations",
        &headers,
        json!({"jti": "token-3"}).to_string(),
    );
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "malformed-request"));
}

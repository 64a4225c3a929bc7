//! What a configuration may not say of another gateway, and what commands say of it.

use std::fs;

use credit_audit::note::VerifierKey;
use credit_tests::{Folder, Gateway, gateway};

use super::{PEER, asks};

/// A folder that asks a gateway nobody serves: `check` looks at files alone.
fn asking() -> Folder {
    let folder = Folder::new();
    asks(&folder, 1);
    let key = VerifierKey::new("second.example/r1", [7; 32]).unwrap();
    fs::write(folder.join("second.vkey"), format!("{key}\n")).unwrap();
    folder
}

#[test]
fn what_is_said_wrong_of_another_gateway_is_found_before_a_port_opens() {
    let own = Gateway::serve(Folder::new());
    let own_key = fs::read_to_string(own.folder().log().join("log.vkey")).unwrap();
    type Change = fn(&Folder);
    let cases: [(&str, Change, &str); 8] = [
        (
            "a key that is none",
            |folder| fs::write(folder.join("second.vkey"), "x+y+z").unwrap(),
            "each line is the `log.vkey`",
        ),
        ("no key", |folder| fs::remove_file(folder.join("second.vkey")).unwrap(), "second.vkey"),
        ("an empty key", |folder| fs::write(folder.join("second.vkey"), "\n").unwrap(), "each line is the `log.vkey`"),
        ("no `vkey`", |folder| folder.replace_in_config("vkey = \"second.vkey\"\n", ""), "needs `authorities`"),
        ("plain http", |folder| folder.replace_in_config("https://127.0.0.1:1", "http://127.0.0.1:1"), "needs `url`"),
        ("a path", |folder| folder.replace_in_config("127.0.0.1:1\"", "127.0.0.1:1/v1/queries\""), "needs `url`"),
        ("a map", |folder| folder.replace_in_config("\nvkey = ", "\nmap = \"keyed\"\nvkey = "), "does not know `map`"),
        (
            "its classes in another store too",
            |folder| {
                let more = "[[store]]\nname = \"more\"\nkind = \"sqlite\"\npath = \"data/store.sqlite\"\n\n[[store]]\n";
                folder.replace_in_config("[[store]]\n", more);
            },
            "one of them is another gateway",
        ),
    ];
    for (what, change, told) in cases {
        let folder = asking();
        change(&folder);
        let found = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
        assert!(found.contains(told), "{what}: {found}");
    }
    let folder = asking();
    fs::write(folder.join("second.vkey"), own_key).unwrap();
    let found = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
    assert!(found.contains("a gateway does not ask itself"), "{found}");
    for wrong in ["[\"bank\"]", "[\"bank:pawnshop\"]", "[\"bank:gateway\"]", "[\"bank:bank\", \"bank:court\"]"] {
        let folder = Folder::new();
        let kind = format!("kind = \"gateway\"\non_behalf_of = {wrong}");
        folder.set_of_institution(PEER, "kind = \"employer\"", &kind);
        let found = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
        assert!(found.contains("bank") || found.contains("twice"), "{wrong}: {found}");
    }
    let folder = Folder::new();
    folder.set_of_institution("bank", "kind = \"bank\"", "kind = \"bank\"\non_behalf_of = [\"a:bank\"]");
    let found = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
    assert!(found.contains("for kind `gateway` alone"), "{found}");
}

#[test]
fn a_gateway_is_registered_by_command_and_is_what_it_was_after_a_restart() {
    let folder = Folder::new();
    folder.unregister(PEER);
    let running = Gateway::serve(folder);
    let folder = running.folder();
    let (config, certificate) = (folder.config(), folder.join(format!("institutions/{PEER}.pem")));
    let add = |kind: &str, ends: &[&str]| {
        let mut arguments = vec!["institution", "add", "shanxi", "--kind", kind];
        arguments.extend(["--certificate", certificate.to_str().unwrap(), "--config", config.to_str().unwrap()]);
        ends.iter().for_each(|end| arguments.extend(["--on-behalf-of", end]));
        gateway(&arguments)
    };
    for (kind, ends) in [("bank", &["a:bank"][..]), ("gateway", &["a"]), ("gateway", &["a:bank", "a:court"])] {
        drop(add(kind, ends).failed(64));
    }
    drop(add("gateway", &["bank-1:bank", "court-1:court"]).held());
    let list = || gateway(&["institution", "list", "--config", config.to_str().unwrap()]).held();
    assert!(list().contains("bank-1:bank, court-1:court"), "{}", list());
    let leaves = folder.leaves();
    let said: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "institution").collect();
    assert_eq!(said.last().unwrap().json["on_behalf_of"], serde_json::json!(["bank-1:bank", "court-1:court"]));
    let again = Gateway::serve(running.stop());
    assert!(list().contains("bank-1:bank, court-1:court"), "{}", list());
    drop(again);
}

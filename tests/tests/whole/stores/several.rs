//! Several stores behind one gateway: each is asked for its classes, and the loss of one refuses what needs it alone.

use std::{fs, time::Duration};

use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, Gateway, checked, gateway, plain, query::look_up};

use super::{ask, readiness, ready};
use crate::{
    consents::{bearer, loan, token},
    faults::within,
};

const LISTS: [&str; 3] = ["black-list", "grey-list", "red-list"];

/// A folder whose lists are in a store of their own.
fn split() -> Folder {
    let folder = Folder::new();
    fs::copy(folder.join("data/store.sqlite"), folder.join("data/lists.sqlite")).unwrap();
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let classes = catalogue.classes().map(|class| class.name().as_str());
    let rest: Vec<_> = classes.filter(|class| !LISTS.contains(class)).collect();
    folder.replace_in_config(
        "[[store]]\n",
        &format!("[[store]]\nname = \"lists\"\nkind = \"sqlite\"\npath = \"data/lists.sqlite\"\nclasses = {LISTS:?}\n\n[[store]]\nclasses = {rest:?}\n"),
    );
    let empty = |file: &str, table: &str| {
        let store = rusqlite::Connection::open(folder.join(file)).unwrap();
        store.execute_batch(&format!("DELETE FROM {table}")).unwrap();
    };
    // Only one of them can give the answers of before.
    empty("data/store.sqlite", "listing");
    empty("data/lists.sqlite", "record");
    folder
}

#[test]
fn the_parts_of_two_stores_are_the_answer_of_one() {
    let whole = Gateway::serve(Folder::new());
    let parts = Gateway::serve(split());
    let told = |gateway: &Gateway, note: &str| {
        let number = gateway.folder().person(note, 0);
        let reply = gateway.folder().caller("housing").ask(&look_up(&number));
        checked::answer(gateway.folder(), "housing", &reply);
        reply.json()["data"].clone()
    };
    let notes = ["clean", "black-listed", "late"];
    let both: Vec<_> = notes.iter().map(|note| told(&parts, note)).collect();
    assert_eq!(both, notes.iter().map(|note| told(&whole, note)).collect::<Vec<_>>());
    assert_ne!(both[0], both[1]);
}

#[test]
fn a_store_that_is_away_refuses_what_needs_it_and_nothing_else() {
    let parts = Gateway::serve(split());
    let folder = parts.folder();
    let (number, lists) = (folder.person("clean", 0), folder.join("data/lists.sqlite"));
    assert!(ask(folder, &number).is_some());
    fs::rename(&lists, folder.join("kept.sqlite")).unwrap();
    let warned = (200, "ready\nwarning: store-failed: lists\n".to_owned());
    assert!(within(Duration::from_secs(10), || readiness(folder) == warned), "{:?}", readiness(folder));
    super::refused(folder, &number);
    let mut asked = loan();
    asked["fields"] = serde_json::json!(["age_band"]);
    let token = token(folder, &number, 1);
    let loaned = folder.caller("bank").ask_with(&asked, &[("authorization", &bearer(&token))]);
    checked::answer(folder, "bank", &loaned);
    let figures = plain(folder.port_base() + 4, "GET", "/metrics").text();
    assert!(figures.contains("credit_gateway_store_up{store=\"lists\"} 0"), "{figures}");
    assert!(figures.contains("credit_gateway_store_up{store=\"own\"} 1"), "{figures}");
    fs::rename(folder.join("kept.sqlite"), &lists).unwrap();
    assert!(within(Duration::from_secs(10), || readiness(folder) == ready()), "{:?}", readiness(folder));
    assert!(ask(folder, &number).is_some());
}

#[test]
fn what_the_stores_are_said_to_have_is_checked_before_a_port_opens() {
    for (wrong, told) in [
        ("classes = [\"colour\"]\n", "the data list has no class `colour`"),
        ("name = \"more\"\nkind = \"sqlite\"\npath = \"data/store.sqlite\"\n\n[[store]]\n", "both have the attribute"),
    ] {
        let folder = Folder::new();
        folder.replace_in_config("[[store]]\n", &format!("[[store]]\n{wrong}"));
        let checked = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
        assert!(checked.contains(told), "{checked}");
    }
}

//! Keys and certificates between two gateways are renewed while both serve.

use std::{fs, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_tests::{Authority, Folder, Wish, checked, metric};

use sha2::{Digest, Sha256};

use super::{PEER, Pair};
use crate::{
    faults::within,
    stores::{put, readiness},
};

const SOON: Duration = Duration::from_secs(10);
const REFUSED: &str = "credit_gateway_store_files_refused";
const WARNED: &str = "ready\nwarning: store-files-refused: own\n";

/// What was put there is refused, is told, and the query is answered by what was there before.
#[track_caller]
fn keeps(pair: &Pair, number: &str) {
    let folder = pair.first.folder();
    let is_told = || metric(folder.port_base(), REFUSED) == 1 && readiness(folder) == (200, WARNED.to_owned());
    assert!(within(SOON, is_told), "{:?}", readiness(folder));
    checked::answer(folder, "housing", &pair.look_up(number));
}

#[track_caller]
fn takes(pair: &Pair) {
    let folder = pair.first.folder();
    let is_taken = || metric(folder.port_base(), REFUSED) == 0 && readiness(folder).1 == "ready\n";
    assert!(within(SOON, is_taken), "{:?}", readiness(folder));
}

/// The verifier key of another log, with the same key (C2SP signed-note).
fn of_log(name: &str, vkey: &str) -> String {
    let key = vkey.trim_end().splitn(3, '+').nth(2).unwrap();
    let named = [name.as_bytes(), b"\n", &STANDARD.decode(key).unwrap()].concat();
    let hash = Sha256::digest(named);
    format!("{name}+{:02x}{:02x}{:02x}{:02x}+{key}\n", hash[0], hash[1], hash[2], hash[3])
}

#[test]
fn the_verifier_keys_of_the_other_log_are_read_again() {
    let pair = Pair::new();
    let folder = pair.first.folder();
    let number = folder.person("clean", 23);
    checked::answer(folder, "housing", &pair.look_up(&number));
    let right = fs::read_to_string(folder.join("second.vkey")).unwrap();
    let own = fs::read_to_string(folder.log().join("log.vkey")).unwrap();
    for wrong in ["", "no key\n", &own] {
        put(folder, "second.vkey", wrong);
        keeps(&pair, &number);
        put(folder, "second.vkey", &right);
        takes(&pair);
    }
    assert!(pair.first.err().text().contains("new certificates or keys of a store were not taken"));
    // A key of another log is one, and from then on no receipt is believed but its own.
    let third = of_log("third.example/r1", &right);
    put(folder, "second.vkey", &third);
    let refused = || pair.look_up(&number).code() == "store-failed";
    assert!(within(SOON, refused));
    put(folder, "second.vkey", &format!("{right}{third}"));
    assert!(within(SOON, || pair.look_up(&number).status == 200));
    pair.sound();
}

#[test]
fn the_certificate_that_is_shown_to_the_other_gateway_is_read_again() {
    let authority = Authority::new("of gateways");
    let pair = Pair::with_second(|folder| {
        authority.put(folder, &Wish::caller("next", 7));
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        fs::write(folder.join("both.pem"), read("ca.pem") + &authority.pem()).unwrap();
        fs::write(folder.join("crl.pem"), read("crl.pem") + &authority.list(1, &[], 2 * 86_400)).unwrap();
        folder.replace_in_config("authorities = \"ca.pem\"", "authorities = \"both.pem\"");
        let own = format!("\"institutions/{PEER}.pem\"");
        folder.set_of_institution(PEER, &own, &format!("{own}, \"institutions/next.pem\""));
    });
    let (first, second) = (pair.first.folder(), pair.second.folder());
    let number = first.person("clean", 24);
    let shown = || pair.there().last().unwrap().text("certificate").to_owned();
    checked::answer(first, "housing", &pair.look_up(&number));
    let before = shown();
    let next = |name: &str| fs::read_to_string(second.join("institutions").join(name)).unwrap();
    // Half of it: certificate and key do not fit together.
    put(first, &format!("institutions/{PEER}.pem"), &next("next.pem"));
    keeps(&pair, &number);
    assert_eq!(shown(), before);
    put(first, &format!("institutions/{PEER}.key"), &next("next.key"));
    takes(&pair);
    assert!(within(SOON, || {
        checked::answer(first, "housing", &pair.look_up(&number));
        shown() != before
    }));
    pair.sound();
}

#[test]
fn authorities_that_did_not_certify_the_other_gateway_end_the_connections_to_it() {
    // In a file of its own: who calls the first gateway is by the other one.
    let alter = |folder: &Folder| {
        fs::copy(folder.join("ca.pem"), folder.join("peer-ca.pem")).unwrap();
        let key = format!("key = \"institutions/{PEER}.key\"");
        let ours = format!("authorities = \"ca.pem\"\ncertificate = \"institutions/{PEER}.pem\"\n{key}");
        folder.replace_in_config(&ours, &ours.replace("\"ca.pem\"", "\"peer-ca.pem\""));
    };
    let pair = Pair::with(alter, |_| ());
    let folder = pair.first.folder();
    let number = folder.person("clean", 25);
    checked::answer(folder, "housing", &pair.look_up(&number));
    let right = fs::read_to_string(folder.join("peer-ca.pem")).unwrap();
    put(folder, "peer-ca.pem", &Authority::new("another").pem());
    assert!(within(SOON, || pair.look_up(&number).code() == "store-failed"));
    put(folder, "peer-ca.pem", &right);
    assert!(within(SOON, || pair.look_up(&number).status == 200));
}

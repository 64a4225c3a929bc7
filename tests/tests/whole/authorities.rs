//! Several authorities: intermediates below a root, one that has two keys, one without a list, and which of two lists of
//! one authority counts.

use std::{fs, time::Duration};

use credit_tests::{Authority, Caller, Ended, Folder, Gateway, Wish, checked, gateway, metric, query::look_up, run};
use rustix::process::Signal;

use crate::{faults::within, stores::readiness};

const DAY_S: i64 = 86_400;
const LONG_S: i64 = 60 * DAY_S;
const SOON: Duration = Duration::from_secs(8);

/// The housing department calls with a certificate of each of these authorities, named after its place in the list.
fn folder(authorities: &[&Authority], lists: &[String]) -> Folder {
    let folder = Folder::new();
    for (nr, authority) in authorities.iter().enumerate() {
        authority.put(&folder, &Wish::caller(&format!("caller-{nr}"), 1));
    }
    let all: String = authorities.iter().map(|authority| authority.pem()).collect();
    fs::write(folder.join("own-ca.pem"), all).unwrap();
    put(&folder, lists);
    folder.replace_in_config("authorities = \"ca.pem\"", "authorities = \"own-ca.pem\"");
    let names: Vec<_> = (0..authorities.len()).map(|nr| format!("\"institutions/caller-{nr}.pem\"")).collect();
    folder.set_of_institution("housing", "\"institutions/housing.pem\"", &names.join(", "));
    folder
}

fn put(folder: &Folder, lists: &[String]) {
    fs::write(folder.join("crl.new"), lists.concat()).unwrap();
    fs::rename(folder.join("crl.new"), folder.join("crl.pem")).unwrap();
}

fn handshake(caller: &Caller) -> Result<(), String> {
    let said = caller.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    said.map(drop).map_err(|error| error.to_string())
}

/// Waits until this caller's handshakes are refused.
#[track_caller]
fn refused_soon(caller: &Caller, word: &str) {
    let refused = within(SOON, || handshake(caller).is_err_and(|error| error.contains(word)));
    assert!(refused, "{:?}", handshake(caller));
}

fn check(folder: &Folder) -> Ended {
    gateway(&["check", "--config", folder.config().to_str().unwrap()])
}

#[track_caller]
fn answered(folder: &Folder, nr: usize) {
    let person = folder.person("clean", 0);
    checked::answer(folder, "housing", &folder.caller(&format!("caller-{nr}")).ask(&look_up(&person)));
}

#[test]
fn an_intermediate_that_its_root_revokes_is_trusted_no_more() {
    let root = Authority::new("a root");
    let below = root.authority("below it", 9);
    let lowest = below.authority("the lowest", 8);
    let list = |authority: &Authority, number, revoked: &[u8]| authority.list(number, revoked, LONG_S);
    let lists = [list(&root, 1, &[]), list(&below, 1, &[]), list(&lowest, 1, &[])];
    let gateway = Gateway::serve(folder(&[&root, &below, &lowest], &lists));
    let folder = gateway.folder();
    (0..3).for_each(|nr| answered(folder, nr));
    let [through, lowest_caller] = ["caller-1", "caller-2"].map(|name| folder.caller(name));
    run(async {
        let mut open = through.http2().await.unwrap();
        let person = folder.person("clean", 0);
        checked::answer(folder, "housing", &open.ask(&look_up(&person)).await.unwrap());
        put(folder, &[list(&root, 2, &[9]), list(&below, 2, &[]), list(&lowest, 2, &[])]);
        assert!(gateway.err().wait(|text| text.contains("a new revocation list is in force")));
        assert!(open.ask(&look_up(&person)).await.is_err(), "a connection by it stayed open");
    });
    refused_soon(&through, "");
    refused_soon(&lowest_caller, "");
    answered(folder, 0);
    assert!(gateway.err().wait(|text| text.contains("CN=below it` is revoked by the authority above it")));
    // It sends its authority's certificate along.
    let chain = fs::read_to_string(folder.join("institutions/caller-1.pem")).unwrap() + &below.pem();
    fs::write(folder.join("institutions/caller-1.pem"), chain).unwrap();
    refused_soon(&folder.caller("caller-1"), "");
    // Nobody waits for the next list of one that is revoked.
    put(folder, &[list(&root, 3, &[9])]);
    assert!(gateway.err().wait(|text| text.matches("a new revocation list is in force").count() == 2));
    answered(folder, 0);
    let folder = gateway.stop();
    let said = check(&folder);
    assert!(said.err.contains("CN=the lowest` is revoked by"), "{said:?}");
    drop(said.held());
    let gateway = Gateway::serve(folder);
    refused_soon(&gateway.folder().caller("caller-1"), "");
    answered(gateway.folder(), 0);
}

#[test]
fn of_two_lists_of_one_authority_the_one_with_the_higher_number_counts_also_after_a_restart() {
    let authority = Authority::new("an authority");
    let list = |number, revoked: &[u8]| authority.list(number, revoked, LONG_S);
    // The older one has ended, and comes first.
    let ended = authority.list(1, &[], -60);
    let gateway = Gateway::serve(folder(&[&authority], &[ended, list(3, &[1]), list(2, &[])]));
    refused_soon(&gateway.folder().caller("caller-0"), "CertificateRevoked");
    gateway.signal(Signal::HUP);
    assert!(gateway.err().wait(|text| text.contains("it contains the list in force")));
    let text = gateway.err().text();
    assert!(!text.contains("a new revocation list is in force") && !text.contains("was not taken"), "{text}");
    let folder = gateway.stop();
    put(&folder, &[list(2, &[])]);
    let said = check(&folder).failed(64);
    assert!(said.contains("older") && said.contains("revocation-lists.json") && said.contains("crl.pem"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    let served = gateway_ends(&folder);
    assert_eq!(said, served);
    // Where the authority counts from the beginning again.
    fs::remove_file(folder.join("data/revocation-lists.json")).unwrap();
    drop(check(&folder).held());
    let gateway = Gateway::serve(folder);
    answered(gateway.folder(), 0);
    let folder = gateway.stop();
    fs::write(folder.join("data/revocation-lists.json"), "{").unwrap();
    let said = check(&folder).failed(64);
    assert!(said.contains("revocation-lists.json"), "{said}");
}

fn gateway_ends(folder: &Folder) -> String {
    gateway(&["serve", "--config", folder.config().to_str().unwrap()]).failed(64)
}

#[test]
fn an_authority_that_turns_its_key_has_two_lists_and_both_keys_are_good() {
    let (old, new) = (Authority::new("one name"), Authority::new("one name"));
    let list = |authority: &Authority, number, revoked: &[u8]| authority.list(number, revoked, LONG_S);
    let gateway = Gateway::serve(folder(&[&old, &new], &[list(&old, 7, &[]), list(&new, 1, &[])]));
    let folder = gateway.folder();
    (0..2).for_each(|nr| answered(folder, nr));
    // Numbers and serials of one key say nothing of the other's.
    put(folder, &[list(&old, 8, &[]), list(&new, 2, &[1])]);
    refused_soon(&folder.caller("caller-1"), "CertificateRevoked");
    answered(folder, 0);
    put(folder, &[list(&new, 3, &[]), list(&old, 9, &[1])]);
    refused_soon(&folder.caller("caller-0"), "CertificateRevoked");
    answered(folder, 1);
    // A key that has a list may not be left without one while it runs.
    put(folder, &[list(&new, 4, &[])]);
    assert!(gateway.err().wait(|text| text.contains("has none any more")));
    let folder = gateway.stop();
    let said = check(&folder);
    assert!(said.err.contains("CN=one name` has no list in tls.revocation_list"), "{said:?}");
    drop(said.held());
    let gateway = Gateway::serve(folder);
    answered(gateway.folder(), 1);
    refused_soon(&gateway.folder().caller("caller-0"), "");
}

fn put_authorities(folder: &Folder, text: &str) {
    fs::write(folder.join("ca.new"), text).unwrap();
    fs::rename(folder.join("ca.new"), folder.join("own-ca.pem")).unwrap();
}

/// What readiness says, and the gauges of both files: 1 = refused.
fn told(folder: &Folder) -> (String, [u64; 2]) {
    let gauge = |what: &str| metric(folder.port_base(), &format!("credit_gateway_{what}_refused"));
    (readiness(folder).1, ["authorities", "revocation_list"].map(gauge))
}

#[test]
fn authorities_are_read_again_and_those_before_stay_where_the_file_cannot_be_used() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let list = |authority: &Authority, number| authority.list(number, &[], LONG_S);
    let folder = folder(&[&old, &new], &[list(&old, 1)]);
    fs::write(folder.join("own-ca.pem"), old.pem()).unwrap();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let becomes = |warnings: &str, gauges| {
        let right = (format!("ready\n{warnings}"), gauges);
        assert!(within(SOON, || told(folder) == right), "{right:?}: {:?}", told(folder));
    };
    refused_soon(&folder.caller("caller-1"), "");
    becomes("", [0, 0]);
    for damaged in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        put_authorities(folder, damaged);
        becomes("warning: authorities-refused\n", [1, 0]);
        answered(folder, 0);
        put_authorities(folder, &old.pem());
        becomes("", [0, 0]);
    }
    // Nobody whom a list revokes waits for the authorities.
    fs::remove_file(folder.join("own-ca.pem")).unwrap();
    becomes("warning: authorities-refused\n", [1, 0]);
    put(folder, &[list(&old, 2)]);
    assert!(gateway.err().wait(|text| text.contains("a new revocation list is in force")));
    // One after the other: what does not go together waits.
    put(folder, &[list(&old, 3), list(&new, 1)]);
    becomes("warning: authorities-refused\nwarning: revocation-list-refused\n", [1, 1]);
    put_authorities(folder, &(old.pem() + &new.pem()));
    becomes("", [0, 0]);
    (0..2).for_each(|nr| answered(folder, nr));
    let leaving = folder.caller("caller-0");
    run(async {
        let mut open = leaving.http2().await.unwrap();
        let person = folder.person("clean", 0);
        checked::answer(folder, "housing", &open.ask(&look_up(&person)).await.unwrap());
        put_authorities(folder, &new.pem());
        becomes("warning: authorities-refused\n", [1, 0]);
        checked::answer(folder, "housing", &open.ask(&look_up(&person)).await.unwrap());
        put(folder, &[list(&new, 2)]);
        becomes("", [0, 0]);
        assert!(open.ask(&look_up(&person)).await.is_err(), "a connection by it stayed open");
    });
    refused_soon(&leaving, "");
    answered(folder, 1);
    assert_eq!(gateway.err().text().matches("new authorities are in force").count(), 2);
    // The same at the next start.
    let gateway = Gateway::serve(gateway.stop());
    answered(gateway.folder(), 1);
}

#[test]
fn an_authority_without_a_list_is_warned_of() {
    let (with, without) = (Authority::new("with"), Authority::new("without"));
    let folder = folder(&[&with, &without], &[with.list(1, &[], LONG_S)]);
    let said = check(&folder);
    for word in [
        "CN=without` has no list in tls.revocation_list",
        "caller-1.pem` will be refused: tls.revocation_list has no list",
    ] {
        assert!(said.err.lines().any(|line| line.contains("warning") && line.contains(word)), "{word}: {said:?}");
    }
    assert!(!said.err.contains("CN=with`"), "{said:?}");
    drop(said.held());
    let gateway = Gateway::serve(folder);
    assert!(gateway.err().wait(|text| text.contains("CN=without` has no list")));
    answered(gateway.folder(), 0);
    refused_soon(&gateway.folder().caller("caller-1"), "");
}

#[test]
fn lists_that_end_within_a_month_are_warned_of() {
    let (soon, later) = (Authority::new("soon"), Authority::new("later"));
    let folder = folder(&[&soon, &later], &[soon.list(1, &[], 29 * DAY_S), later.list(1, &[], 31 * DAY_S)]);
    let said = check(&folder);
    assert!(said.err.contains("the list of `CN=soon` is due to be followed at"), "{said:?}");
    assert!(!said.err.contains("CN=later"), "{said:?}");
    drop(said.held());
    let gateway = Gateway::serve(folder);
    assert!(gateway.err().wait(|text| text.contains("the list of `CN=soon` is due")));
}

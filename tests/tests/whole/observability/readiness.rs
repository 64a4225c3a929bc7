//! Health and readiness: each state that can be brought about from outside. `draining` is in `faults/drain.rs`, the two
//! causes of a full disk in `faults/room.rs`; a stepped clock is injected by the tests of the log.

use std::{net::TcpStream, time::Duration};

use credit_tests::{Folder, Gateway, checked, plain, query::look_up};
use rusqlite::Connection;

use super::scrape::{scraped, value};
use crate::{
    consents::{bearer, loan, token},
    faults::within,
};

fn said(folder: &Folder, path: &str) -> (u16, String) {
    if path == "/readyz" {
        return credit_tests::readiness(folder.port_base() + 4);
    }
    let reply = plain(folder.port_base() + 4, "GET", path);
    (reply.status.as_u16(), reply.text())
}

#[test]
fn a_store_that_is_broken_is_not_ready_until_it_is_mended_and_every_refusal_is_recorded() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    assert_eq!(said(folder, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(value(&scraped(folder), "credit_gateway_store_up", None), 1.0);

    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch("ALTER TABLE listing RENAME TO elsewhere").unwrap();
    let ready = || said(folder, "/readyz");
    assert!(within(Duration::from_secs(10), || ready() == (503, "store-failed\n".to_owned())), "{:?}", ready());
    assert_eq!(said(folder, "/healthz"), (200, "ok\n".to_owned()), "the process is well");
    let refused = caller.ask(&look_up(&number));
    checked::refusal(folder, "housing", &refused, 502, "store-failed");
    let figures = scraped(folder);
    assert_eq!(value(&figures, "credit_gateway_store_up", None), 0.0);
    assert_eq!(value(&figures, "credit_gateway_store_look_ups_total", Some(("outcome", "failed"))), 1.0);
    let lines = || gateway.err().text();
    assert_eq!(lines().matches("the store does not answer").count(), 1, "told once: {}", lines());

    store.execute_batch("ALTER TABLE elsewhere RENAME TO listing").unwrap();
    assert!(within(Duration::from_secs(10), || ready() == (200, "ready\n".to_owned())), "{:?}", ready());
    checked::answer(folder, "housing", &caller.ask(&look_up(&number)));
    assert_eq!(value(&scraped(folder), "credit_gateway_store_up", None), 1.0);
    assert_eq!(lines().matches("the store answers again").count(), 1, "{}", lines());
}

#[test]
fn a_store_that_is_locked_is_not_ready() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let mut store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    let lock = store.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    let ready = || said(folder, "/readyz");
    assert!(within(Duration::from_secs(20), || ready() == (503, "store-failed\n".to_owned())), "{:?}", ready());
    drop(lock);
    assert!(within(Duration::from_secs(10), || ready() == (200, "ready\n".to_owned())), "{:?}", ready());
}

#[test]
fn a_store_that_is_missing_opens_no_port() {
    let folder = Folder::new();
    std::fs::remove_file(folder.join("data/store.sqlite")).unwrap();
    let command = Gateway::serve_command(&folder);
    let gateway = Gateway::spawn(folder, command);
    assert!(!gateway.is_ready());
    let err = gateway.err().all();
    assert!(err.contains("cannot open the store") && err.contains("store.sqlite"), "{err}");
    let (status, folder) = gateway.ended();
    assert!(!status.success());
    assert!(TcpStream::connect(("127.0.0.1", folder.port_base() + 4)).is_err(), "nothing is there to be healthy");
}

#[test]
fn data_that_may_not_be_there_is_a_warning_and_counted_by_class_and_no_query_fails() {
    let folder = Folder::new();
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    let number = folder.person("clean", 0);
    let add = |class: &str| {
        let row = "INSERT INTO record(number, class, nr, severity, act, determined) VALUES (?1, ?2, 900, 'minor', '2026-01-02', '2026-01-02')";
        store.execute(row, (&folder.person("clean", 1), class)).unwrap();
    };
    add("religion");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let warned = (200, "ready\nwarning: unlawful-data\n".to_owned());
    assert_eq!(said(folder, "/readyz"), warned);
    let rows = |class: &str| value(&scraped(folder), "credit_gateway_store_unlawful_rows", Some(("class", class)));
    assert_eq!((rows("religion"), rows("confidential-source"), rows("genes")), (1.0, 0.0, 0.0));
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number)));
    // Another comes, and both go, while the gateway runs.
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute("UPDATE record SET class = 'confidential-source' WHERE class = 'religion'", []).unwrap();
    assert!(within(Duration::from_secs(10), || rows("confidential-source") == 1.0 && rows("religion") == 0.0));
    let lines = gateway.err().text();
    assert!(lines.contains("is confidential or is sealed: confidential-source\""), "{lines}");
    assert!(!lines.contains(&number) && !lines.contains(&folder.person("clean", 1)), "no person in a line");
    store.execute("DELETE FROM record WHERE class = 'confidential-source'", []).unwrap();
    assert!(within(Duration::from_secs(10), || said(folder, "/readyz") == (200, "ready\n".to_owned())));
}

#[test]
fn a_value_outside_its_domain_is_counted_by_class_while_serving() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let failed = |class: &str| {
        value(&scraped(folder), "credit_gateway_store_values_outside_domain_total", Some(("class", class)))
    };
    assert_eq!(failed("personal-credit-score"), 0.0, "there from the start");
    let number = folder.person("clean", 0);
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute("UPDATE attribute SET value = '99999' WHERE number = ?1 AND field = 'score'", [&number]).unwrap();
    drop(store);
    let faulty = || value(&scraped(folder), "credit_gateway_store_faulty_values", None) >= 1.0;
    assert!(within(Duration::from_secs(10), faulty));
    let token = token(folder, &number, 1);
    let refused = folder.caller("bank").ask_with(&loan(), &[("authorization", &bearer(&token))]);
    checked::refusal(folder, "bank", &refused, 502, "store-failed");
    assert_eq!((failed("personal-credit-score"), failed("tax-amount")), (1.0, 0.0));
}

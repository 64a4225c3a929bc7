//! Changes that are made twice: what is in force and on the record already makes no second leaf; what did not get on the
//! record does.

use std::{fs, time::Duration};

use credit_tests::{Caller, Folder, Gateway};

use super::{preload::on_a_disk, query, readiness, within};

/// The longest time that readiness may take to turn.
const TURNS: Duration = Duration::from_secs(10);

/// A command on a folder, and whether it is in order.
fn change(folder: &Folder, words: &[&str]) -> credit_tests::Ended {
    let config = folder.config();
    let config = ["--config".as_ref(), config.as_os_str()];
    credit_tests::gateway(&words.iter().map(|word| word.as_ref()).chain(config).collect::<Vec<_>>())
}

fn is_suspended(caller: &Caller, number: &str, case: &str) -> bool {
    caller.ask(&query(number, "staff-0017", case)).code() == "institution-suspended"
}

#[test]
fn what_is_in_force_already_makes_no_second_leaf() {
    let gateway = Gateway::serve(Folder::new());
    let changes = [
        (["institution", "suspend", "housing"], "suspension"),
        (["institution", "resume", "housing"], "suspension"),
        (["consent", "revoke", "given-up"], "revocation"),
    ];
    let folder = gateway.folder();
    // Nobody suspended it.
    let before = folder.leaves().len();
    assert!(change(folder, &changes[1].0).held().contains(r#""already":true"#));
    assert_eq!(folder.leaves().len(), before);
    for (words, kind) in &changes {
        let first = change(folder, words).held();
        assert!(first.contains(r#""index":"#) && !first.contains("already"), "{words:?}: {first}");
        let leaves = folder.leaves();
        assert_eq!(leaves.last().expect("a leaf").text("kind"), *kind);
        for _ in 0..2 {
            let again = change(folder, words).held();
            assert!(again.contains(r#""already":true"#) && !again.contains("index"), "{words:?}: {again}");
        }
        assert_eq!(folder.leaves().len(), leaves.len(), "{words:?}");
    }
    // Nor after the process that made them, by a command that needs none.
    let folder = gateway.stop();
    let before = folder.leaves().iter().filter(|leaf| leaf.text("kind") == "revocation").count();
    assert!(change(&folder, &changes[2].0).held().contains(r#""already":true"#));
    assert_eq!(folder.leaves().iter().filter(|leaf| leaf.text("kind") == "revocation").count(), before);
}

#[test]
fn what_did_not_get_on_the_record_does_when_it_is_made_again() {
    let (gateway, hangs) = on_a_disk(Folder::new(), "HANG_WHILE", ".seg");
    let folder = gateway.folder();
    let (housing, bank, number) = (folder.caller("housing"), folder.caller("bank"), folder.person("clean", 0));
    fs::write(&hangs, "").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| bank.ask(&query(&number, "waits", "waits")));
        assert!(within(TURNS, || readiness(folder).0 == 503));
        let not_recorded = change(folder, &["institution", "suspend", "housing"]).failed(1);
        assert!(not_recorded.contains("not on the record"), "{not_recorded}");
        fs::remove_file(&hangs).unwrap();
    });
    assert!(within(TURNS, || readiness(folder).0 == 200));
    assert!(is_suspended(&housing, &number, "in-force"));
    let again = change(folder, &["institution", "suspend", "housing"]).held();
    assert!(again.contains(r#""index":"#), "{again}");
    assert!(change(folder, &["institution", "suspend", "housing"]).held().contains("already"));
    let folder = gateway.stop();
    let suspensions = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "suspension").count();
    assert_eq!(suspensions, 1);
    let gateway = Gateway::serve(folder);
    assert!(is_suspended(&gateway.folder().caller("housing"), &number, "outlives"));
}

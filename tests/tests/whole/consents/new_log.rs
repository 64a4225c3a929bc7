//! A log that continues another: after its key turned, and from a backup put back. What was used up or withdrawn before
//! stays so.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

use credit_tests::{
    Folder, Gateway, checked,
    query::{look_up_under, new_case},
};

use super::{altered, ask, ask_under, assert_sound, forget_state, new_jti, token, withdraw};

/// Makes the log before a thing of the past: its folder becomes `data-<nr>`, and a log of the next name continues it.
pub(crate) fn continue_log(folder: &Folder, nr: u32, options: &[&str]) {
    let next = format!("credit-gateway.example/2026/next-{nr}");
    let config = folder.config();
    let rotate = ["keys", "rotate", "log", "--config", config.to_str().unwrap(), "--origin", &next];
    drop(credit_tests::gateway(&[&rotate[..], options].concat()).held());
    continued(folder, nr, &next);
}

/// A log of this name continues the one before, whose folder becomes `data-<nr>`.
pub(crate) fn continued(folder: &Folder, nr: u32, next: &str) {
    let old = folder.join(format!("data-{nr}"));
    fs::rename(folder.join("data"), &old).unwrap();
    DirBuilder::new().mode(0o700).create(folder.join("data")).unwrap();
    fs::rename(old.join("store.sqlite"), folder.join("data/store.sqlite")).unwrap();
    folder.edit_config(|text| {
        let lines = text.lines().map(|line| match line.split(" = ").next() {
            Some("origin") => format!("origin = \"{next}\"\ncontinues = \"data-{nr}/log/checkpoint\""),
            Some("continues") => String::new(),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
}

#[test]
fn while_a_gateway_runs_its_log_is_not_rotated_and_the_ring_stays_as_it_is() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let ring = || {
        let files = fs::read_dir(folder.join("keys")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|path| (fs::read(&path).unwrap(), path)).collect();
        files.sort();
        files
    };
    let before = ring();
    let config = folder.config();
    let rotate =
        ["keys", "rotate", "log", "--config", config.to_str().unwrap(), "--origin", "credit-gateway.example/next"];
    let said = credit_tests::gateway(&rotate).failed(69);
    assert!(said.contains("is running"), "{said}");
    assert!(ring() == before, "the ring is another");
    let number = folder.person("clean", 0);
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up_under(&number, &new_case())));
    drop(Gateway::serve(gateway.stop()).stop());
}

#[test]
fn what_was_used_up_or_withdrawn_stays_so_in_every_log_that_follows() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
    let (person, case, jti) = (folder.person("clean", 0), new_case(), new_jti());
    let once = token(folder, &person, 1);
    let twice = token(folder, &person, 2);
    let withdrawn = altered(folder, &jti, &person, |_| {});
    checked::answer(folder, "bank", &ask_under(&bank, &once, "a-key"));
    checked::answer(folder, "bank", &ask(&bank, &twice));
    assert_eq!(withdraw(folder, &jti).status, 200);
    for _ in 0..2 {
        checked::answer(folder, "housing", &housing.ask(&look_up_under(&person, &case)));
    }

    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
    checked::refusal(folder, "bank", &ask(&bank, &withdrawn), 403, "consent-revoked");
    checked::refusal(folder, "bank", &ask(&bank, &once), 403, "consent-used-up");
    // This log has to hold the token itself, so that its leaves can be checked alone.
    let second = checked::answer(folder, "bank", &ask(&bank, &twice));
    assert_eq!(second.json["ground"]["use"], 2);
    assert_eq!(second.json["ground"]["consent"], super::issuer_signed(&twice));
    checked::refusal(folder, "bank", &ask(&bank, &twice), 403, "consent-used-up");
    let repeat = ask_under(&bank, &once, "a-key");
    // What the first answer told stands in the log before, which this one does not open.
    checked::refusal(folder, "bank", &repeat, 409, "answer-changed");
    checked::refusal(folder, "bank", &ask_under(&bank, &twice, "a-key"), 409, "idempotency-conflict");
    checked::answer(folder, "housing", &housing.ask(&look_up_under(&person, &case)));
    checked::refusal(folder, "housing", &housing.ask(&look_up_under(&person, &case)), 409, "case-already-used");
    assert_sound(folder);

    // The same from the leaves alone, and in the log after that one.
    let folder = gateway.stop();
    forget_state(&folder);
    continue_log(&folder, 2, &[]);
    let mut gateway = Gateway::serve(folder);
    for restart in 0..2 {
        if restart > 0 {
            gateway = Gateway::serve(gateway.stop());
        }
        let folder = gateway.folder();
        let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
        checked::refusal(folder, "bank", &ask(&bank, &withdrawn), 403, "consent-revoked");
        for used_up in [&once, &twice] {
            checked::refusal(folder, "bank", &ask(&bank, used_up), 403, "consent-used-up");
        }
        checked::refusal(folder, "housing", &housing.ask(&look_up_under(&person, &case)), 409, "case-already-used");
        assert_eq!(folder.leaves().iter().filter(|leaf| leaf.text("kind") == "carried").count(), 6);
    }
    assert_sound(gateway.folder());
}

#[test]
fn a_backup_made_while_the_log_grew_continues_as_a_new_log_and_knows_what_it_held() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let once = token(folder, &person, 1);
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &once));
    drop(folder.leaves());
    // The checkpoint is copied first, as the operators' page says; then the log grows past its last bundle.
    let saved = fs::read_to_string(folder.log().join("checkpoint")).unwrap();
    credit_tests::run(async {
        let mut connection = folder.caller("housing").http1().await.unwrap();
        for _ in 0..256 {
            assert_eq!(connection.ask(&serde_json::json!({})).await.unwrap().status, 400);
        }
    });
    drop(folder.leaves());
    let partial = folder.log().join("tile/entries/000.p");
    let began = std::time::Instant::now();
    while partial.exists() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "partial bundles are not cleaned up");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let folder = gateway.stop();
    fs::write(folder.log().join("checkpoint"), &saved).unwrap();
    // The write-ahead log is lost, the published files were put back.
    fs::remove_dir_all(folder.join("data/wal")).unwrap();
    forget_state(&folder);
    continue_log(&folder, 1, &["--without-seal"]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &once), 403, "consent-used-up");
    assert_eq!(folder.leaf(0).json["previous"]["checkpoint"], saved);
    assert_sound(folder);
}

#[test]
fn a_log_before_that_does_not_hold_is_not_taken_over() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &token(folder, &person, 1)));
    let leaves = folder.leaves().len();
    let folder = gateway.stop();
    let bundle = folder.log().join(format!("tile/entries/000.p/{leaves}"));
    let checkpoint = folder.log().join("checkpoint");
    let (entries, signed) = (fs::read(&bundle).unwrap(), fs::read_to_string(&checkpoint).unwrap());
    continue_log(&folder, 1, &["--without-seal"]);
    let [bundle, checkpoint] = [bundle, checkpoint].map(|path| {
        let below = path.strip_prefix(folder.join("data")).unwrap().to_owned();
        folder.join("data-1").join(below)
    });
    let refused = |what: &str| {
        let config = folder.config();
        let why = credit_tests::gateway(&["serve", "--config", config.to_str().unwrap()]).failed(64);
        assert!(why.contains("data-1/log/checkpoint") && why.contains("nothing of it is taken over"), "{what}: {why}");
        assert!(!folder.join("data/wal").join("0000000000000000.seg").exists(), "{what}");
    };
    // An edited leaf of the same length; then a checkpoint that the ring's key did not sign.
    let edited = String::from_utf8_lossy(&entries).replace(r#""outcome":"answered""#, r#""outcome":"refused-""#);
    assert_ne!(edited.as_bytes(), entries);
    fs::write(&bundle, edited).unwrap();
    refused("an edited leaf");
    fs::write(&bundle, &entries).unwrap();
    let (text, _) = signed.split_once("\n\n").unwrap();
    fs::write(&checkpoint, format!("{text}\n\n\u{2014} somebody-else AAAAAAAA\n")).unwrap();
    refused("a checkpoint of somebody else");
    fs::write(&checkpoint, signed).unwrap();
    drop(Gateway::serve(folder).stop());
}

#[test]
fn a_log_before_is_not_taken_over_with_an_older_ring_than_it_knows() {
    let gateway = Gateway::serve(Folder::new());
    let ring = gateway.folder().join("keys/ring.json");
    let older = fs::read(&ring).unwrap();
    let config = gateway.folder().config();
    let config = config.to_str().unwrap();
    // As the month does it by itself.
    drop(credit_tests::gateway(&["keys", "rotate", "data", "--config", config]).held());
    let folder = gateway.stop();
    fs::write(&ring, older).unwrap();
    continue_log(&folder, 1, &["--without-seal"]);
    // A command that ends also where the start is not refused.
    let why = credit_tests::gateway(&["institution", "list", "--config", config]).failed(64);
    assert!(why.contains("names the key `data-") && why.contains("this is an older ring"), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");
    assert!(!folder.join("data/wal/0000000000000000.seg").exists(), "a log was begun");
}

#[test]
fn a_log_does_not_continue_one_of_its_own_name() {
    let folder = Gateway::serve(Folder::new()).stop();
    continue_log(&folder, 1, &["--without-seal"]);
    // Two logs of one name, signed by the same key, would contradict each other.
    folder.replace_in_config("credit-gateway.example/2026/next-1", "credit-gateway.example/demo/r1");
    let config = folder.config();
    let why = credit_tests::gateway(&["institution", "list", "--config", config.to_str().unwrap()]).failed(64);
    assert!(why.contains("data-1/log/checkpoint") && why.contains("has the same origin"), "{why}");
    assert!(!folder.join("data/wal/0000000000000000.seg").exists(), "a log was begun");
}

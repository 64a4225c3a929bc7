//! Refusals that name nobody share leaves where they are many: each is on the record before it leaves, its receipt names the
//! leaf, and the log grows by a known number of bytes whatever is sent.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    time::{Duration, Instant},
};

use credit_tests::{
    Folder, Gateway, Leaf, audit, checked, figures,
    query::{look_up, look_up_under, new_case, with, wrong_check},
    run,
};
use serde_json::{Value, json};

use super::{at_once, is_wholly_recorded};

/// Bodies that name nobody, with status and code of each.
fn nameless(folder: &Folder) -> Vec<(Value, u16, &'static str)> {
    let sound = look_up(&folder.person("clean", 0));
    vec![
        (json!({}), 400, "malformed-request"),
        (with(sound, "scenario", "no-such-scenario"), 400, "unknown-scenario"),
        (look_up(&wrong_check(&folder.person("clean", 0))), 400, "invalid-citizen-number"),
    ]
}

#[test]
fn many_refusals_that_name_nobody_share_leaves_which_their_receipts_name() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, nameless) = (folder.caller("housing"), nameless(folder));
    let asked: Vec<_> = nameless.iter().cycle().take(600).collect();
    let bodies: Vec<Value> = asked.iter().map(|(body, ..)| body.clone()).collect();
    let replies = run(async {
        let connection = caller.http2().await.unwrap();
        let mut replies = Vec::new();
        for bodies in bodies.chunks(100) {
            replies.extend(at_once(&connection, &caller, bodies).await);
        }
        replies
    });
    let mut shared: BTreeMap<u64, HashMap<&str, u64>> = BTreeMap::new();
    for ((_, status, code), reply) in asked.iter().zip(&replies) {
        let reply = reply.as_ref().expect("a reply");
        if checked::shares_its_leaf(reply) {
            let leaf = checked::shared_refusal(folder, "housing", reply, *status, code);
            *shared.entry(leaf.index).or_default().entry(code).or_default() += 1;
        } else {
            checked::refusal(folder, "housing", reply, *status, code);
        }
    }
    let leaves = folder.leaves();
    let own = replies.iter().flatten().filter(|reply| !checked::shares_its_leaf(reply)).count();
    assert!((60..420).contains(&own), "{own} had a leaf of their own");
    for (index, told) in &shared {
        let counts = &leaves[usize::try_from(*index).unwrap()].json["counts"];
        let told: Value = told.iter().map(|(code, count)| ((*code).to_owned(), json!(count))).collect();
        assert_eq!(*counts, told, "leaf {index} counts others than were told of it");
    }

    // Receipt and record of one, checked as an institution checks them.
    let reply = replies.iter().flatten().find(|reply| checked::shares_its_leaf(reply)).expect("one that shares");
    let id = reply.json()["query"].as_str().unwrap().to_owned();
    let [receipt, record] = [format!("/v1/receipts/{id}"), format!("/v1/queries/{id}/record")]
        .map(|path| caller.get_when_there(&path).body);
    let [receipt_file, leaf_file] = ["receipt.txt", "record.json"].map(|name| folder.join(name));
    fs::write(&receipt_file, receipt).unwrap();
    fs::write(&leaf_file, &record).unwrap();
    let arguments: [&Path; 7] = [
        Path::new("verify"),
        Path::new("--vkey"),
        &folder.log().join("log.vkey"),
        Path::new("--receipt"),
        &receipt_file,
        Path::new("--leaf"),
        &leaf_file,
    ];
    drop(audit(&arguments.map(Path::as_os_str)).held());
    checked::fixed(&folder.caller("bank").get(&format!("/v1/receipts/{id}")), 404, "not-found");

    // Numbers go on after them, also after a start that reads the log again.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    let last = last_number(&folder.leaves(), "housing");
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    assert_eq!(checked::answer(folder, "housing", &reply).json["seq"], last + 1);
    is_wholly_recorded(&gateway.stop());
}

fn last_number(leaves: &[Leaf], institution: &str) -> u64 {
    let own = leaves.iter().filter(|leaf| leaf.text("institution") == institution);
    own.filter_map(|leaf| leaf.json["seq"].as_u64()).max().unwrap_or_default()
}

#[test]
fn who_recognises_a_person_keeps_a_leaf_for_each_refusal() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    // The fourth look-up on one person under one case, and all after it, are refused.
    let caller = folder.caller("housing");
    let named = look_up_under(&folder.person("clean", 0), &new_case());
    let leaves = folder.leaves().len();
    let replies = run(async {
        let connection = caller.http2().await.unwrap();
        let mut replies = Vec::new();
        for _ in 0..5 {
            replies.extend(at_once(&connection, &caller, &vec![json!({}); 75]).await);
            replies.extend(at_once(&connection, &caller, &vec![named.clone(); 25]).await);
        }
        replies
    });
    assert!(replies.iter().flatten().any(checked::shares_its_leaf), "nothing shares a leaf");
    for reply in replies.iter().flatten().filter(|reply| reply.status == 409) {
        let leaf = checked::refusal(folder, "housing", reply, 409, "case-already-used");
        assert!(leaf.json.get("subject").is_some(), "{leaf:?}");
    }
    let added = folder.leaves().split_off(leaves);
    assert_eq!(added.iter().filter(|leaf| leaf.json.get("subject").is_some()).count(), 125);
    is_wholly_recorded(&gateway.stop());
}

/// Bytes that records take: in the write-ahead log, in bundles, and as hashes.
fn log_bytes(folder: &Folder) -> u64 {
    let written = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        // What is reserved and not written is zero.
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    };
    let segments = fs::read_dir(folder.join("data/wal")).unwrap().map(|entry| entry.unwrap().path());
    let wal: u64 =
        segments.filter(|path| path.extension().is_some_and(|ext| ext == "seg")).map(|path| written(&path)).sum();
    wal + folder.leaves().iter().map(|leaf| leaf.bytes.len() as u64 + 2 + 32).sum::<u64>()
}

#[test]
fn refusals_without_end_add_little_to_the_log() {
    let seconds = if std::env::var_os("CREDIT_TESTS_FULL").is_some() { 60 } else { 4 };
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    let nameless: Vec<Value> = nameless(folder).into_iter().map(|(body, ..)| body).collect();
    let before = log_bytes(folder);
    let began = Instant::now();
    let (refused, longest) = run(async {
        let mut load = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (caller, nameless) = (caller.clone(), nameless.clone());
            load.spawn(async move {
                let bodies: Vec<Value> = nameless.into_iter().cycle().take(120).collect();
                let connection = caller.http2().await.unwrap();
                let mut refused = 0;
                while began.elapsed() < Duration::from_secs(seconds) {
                    refused += at_once(&connection, &caller, &bodies).await.into_iter().flatten().count();
                }
                refused
            });
        }
        let mut bank = folder.caller("bank").http1().await.unwrap();
        let mut longest = Duration::ZERO;
        while began.elapsed() < Duration::from_secs(seconds) {
            let asked = Instant::now();
            bank.ask(&look_up(&number)).await.unwrap();
            longest = longest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        (load.join_all().await.into_iter().sum::<usize>(), longest)
    });
    let banks: u64 = folder
        .leaves()
        .iter()
        .filter(|leaf| leaf.text("institution") == "bank")
        .map(|leaf| 2 * leaf.bytes.len() as u64 + 106)
        .sum();
    let added = log_bytes(folder) - before - banks;
    let took = began.elapsed().as_secs() + 1;
    figures(format_args!("{} refusals a second, {added} bytes in {took} s", refused as u64 / took));
    // A burst of leaves of their own, then about ten leaves a second: below 1 MiB in a minute.
    assert!(added <= (290 + 10 * took) << 10, "{refused} refusals in {took} s added {added} bytes");
    // On a busy machine; more than twice as many as have leaves of their own.
    assert!(refused >= 500, "only {refused} were refused: no load");
    assert!(longest < Duration::from_secs(1), "another institution waited {longest:?}");
    is_wholly_recorded(&gateway.stop());
}

//! Receipts and records: published within two seconds, to the asker alone, and proofs that a program of ten lines with
//! none of our code verifies too.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{note::VerifierKey, proof::Proof};
use credit_tests::{
    Folder, Gateway, Reply, checked, command, metric,
    query::{look_up, wrong_check},
    run, scratch, shared,
};
use hyper::{Method, StatusCode};

/// A verifier of its own: Python's hashlib and openssl, nothing of ours.
const INDEPENDENT: &str = include_str!("receipt.py");

fn verified_elsewhere(vkey: &Path, proof: &str, leaf: &[u8]) -> (bool, String) {
    let folder = scratch::folder("receipt");
    for (name, bytes) in [("receipt.py", INDEPENDENT.as_bytes()), ("proof", proof.as_bytes()), ("leaf", leaf)] {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let files = [folder.join("receipt.py"), vkey.to_owned(), folder.join("proof"), folder.join("leaf")];
    let ended = command("python3", &files);
    (ended.code == Some(0), format!("{}{}", ended.out, ended.err))
}

fn verified_here(vkey: &VerifierKey, proof: &str, hash: &[u8; 32]) -> Option<u64> {
    let proof = Proof::parse(proof).ok()?;
    proof.verify(hash, vkey).ok().map(|_| proof.index)
}

#[test]
fn a_proof_that_was_altered_anywhere_verifies_nowhere() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let reply = caller.ask_with(&look_up(&folder.person("clean", 14)), &[("prefer", "receipt=proof")]);
    let leaf = checked::answer(folder, "housing", &reply);
    let proof = reply.json()["receipt"]["tlog_proof"].as_str().unwrap().to_owned();
    let vkey = folder.vkey();
    assert!(verified_here(&vkey, &proof, &leaf.hash()).is_some());
    let mut other = leaf.clone();
    other.bytes[20] ^= 1;
    assert_eq!(verified_here(&vkey, &proof, &other.hash()), None);
    for (at, char) in proof.char_indices().step_by(5) {
        let other = if char == 'A' { 'B' } else { 'A' };
        let altered = format!("{}{other}{}", &proof[..at], &proof[at + char.len_utf8()..]);
        assert_eq!(verified_here(&vkey, &altered, &leaf.hash()), None, "byte {at} altered in\n{proof}");
    }
    let (holds, said) = verified_elsewhere(&folder.log().join("log.vkey"), &proof, &other.bytes);
    assert!(!holds, "{said}");
}

/// The checks of `checked` are what most tests rest on: that they notice.
#[test]
fn a_receipt_of_another_body_or_another_leaf_is_noticed() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let reply = caller.ask(&look_up(&folder.person("clean", 14)));
    let other = caller.ask(&look_up(&folder.person("clean", 14)));
    checked::answer(folder, "housing", &reply);
    let altered = |edit: &dyn Fn(&mut Reply)| {
        let mut reply = reply.clone();
        edit(&mut reply);
        reply
    };
    let replace = |from: &str, to: &str| {
        let text = reply.text().replace(from, to);
        assert_ne!(text, reply.text(), "{from}");
        altered(&|reply| reply.body = text.clone().into_bytes())
    };
    let (index, next) = (format!("\"index\":{}", reply.index()), format!("\"index\":{}", other.index()));
    let opening = |reply: &Reply| reply.json()["receipt"]["opening"].as_str().unwrap().to_owned();
    let wrong = [
        replace("\"black_listed\":false", "\"black_listed\":true"),
        replace("\"marks\":[]", "\"marks\": []"),
        replace(&index, &next),
        replace(&opening(&reply), &opening(&other)),
        replace("\"log\":", "\"surplus\":1,\"log\":"),
        replace("}}", "},\"surplus\":1}"),
        altered(&|reply| drop(reply.headers.remove("cache-control"))),
        altered(&|reply| drop(reply.headers.insert("content-encoding", "identity".parse().unwrap()))),
        altered(&|reply| reply.status = StatusCode::CREATED),
    ];
    for (number, wrong) in wrong.iter().enumerate() {
        let noticed = catch_unwind(AssertUnwindSafe(|| checked::answer(folder, "housing", wrong))).is_err();
        assert!(noticed, "alteration {number} was not noticed");
    }
    let stranger = catch_unwind(AssertUnwindSafe(|| checked::answer(folder, "bank", &reply)));
    assert!(stranger.is_err(), "another institution was not noticed");
}

#[test]
fn the_whole_proof_comes_with_the_answer_where_it_is_asked_for() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let number = folder.person("clean", 14);
    for wish in ["receipt=proof", "respond-async, receipt=proof", "RECEIPT=proof"] {
        let reply = caller.ask_with(&look_up(&number), &[("prefer", wish)]);
        let leaf = checked::answer(folder, "housing", &reply);
        let proof = reply.json()["receipt"]["tlog_proof"].as_str().expect(wish).to_owned();
        assert_eq!(verified_here(&folder.vkey(), &proof, &leaf.hash()), Some(leaf.index));
        let (holds, said) = verified_elsewhere(&folder.log().join("log.vkey"), &proof, &leaf.bytes);
        assert!(holds, "{said}");
    }
    // A refusal has a proof as well.
    let reply = caller.ask_with(&look_up(&wrong_check(&number)), &[("prefer", "receipt=proof")]);
    let leaf = checked::refusal(folder, "housing", &reply, 400, "invalid-citizen-number");
    let proof = reply.json()["receipt"]["tlog_proof"].as_str().unwrap().to_owned();
    assert_eq!(verified_here(&folder.vkey(), &proof, &leaf.hash()), Some(leaf.index));
    let plain = caller.ask_with(&look_up(&number), &[("prefer", "receipt=short")]);
    assert!(plain.json()["receipt"].get("tlog_proof").is_none());
}

#[test]
fn receipts_and_records_are_for_the_asker_alone() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let number = folder.person("clean", 14);
    for reply in [caller.ask(&look_up(&number)), caller.ask(&look_up(&wrong_check(&number)))] {
        let id = reply.json()["query"].as_str().unwrap().to_owned();
        let (receipt, record) = (format!("/v1/receipts/{id}"), format!("/v1/queries/{id}/record"));
        let proof = caller.get_when_there(&receipt);
        assert_eq!(proof.header("content-type"), Some("text/plain; charset=utf-8"));
        let leaf = folder.leaf(reply.index());
        assert_eq!(verified_here(&folder.vkey(), &proof.text(), &leaf.hash()), Some(reply.index()));
        let (holds, said) = verified_elsewhere(&folder.log().join("log.vkey"), &proof.text(), &leaf.bytes);
        assert!(holds, "{said}");
        let stored = caller.get_when_there(&record);
        assert_eq!(stored.body, leaf.bytes, "not byte for byte");
        assert_eq!(reply.json()["receipt"]["leaf"], STANDARD.encode(leaf.hash()));
        for answer in [&proof, &stored] {
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        for who in ["bank", "supervisor", "officer"] {
            // Nobody learns whether there is a record of another's query: the answer is that of an id of nobody.
            let nobody = uuid::Uuid::now_v7();
            for (path, unknown) in
                [(&receipt, format!("/v1/receipts/{nobody}")), (&record, format!("/v1/queries/{nobody}/record"))]
            {
                let [refused, unknown] = [path, &unknown].map(|path| folder.caller(who).get(path));
                checked::fixed(&refused, 404, "not-found");
                assert_eq!(
                    (&refused.body, refused.header("retry-after")),
                    (&unknown.body, unknown.header("retry-after"))
                );
                let names = |reply: &Reply| reply.headers.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(&refused), names(&unknown), "{who} learns that it is there");
            }
        }
        // Of ids in another spelling, and of none, there is nothing.
        for id in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), format!("{id}/"), "x".to_owned()] {
            assert_eq!(caller.get(&format!("/v1/receipts/{id}")).status, StatusCode::NOT_FOUND, "{id}");
        }
        assert_eq!(caller.send(Method::POST, &receipt, &[], "").code(), "method-not-allowed");
    }
    let unknown = "/v1/receipts/01900000-0000-7000-8000-000000000000";
    checked::fixed(&caller.get(unknown), 404, "not-found");
}

#[test]
fn a_receipt_is_published_within_two_seconds_and_promised_until_then() {
    let folder = Folder::new();
    // As slow as it may be configured.
    folder.edit_config(|text| {
        let lines = text
            .lines()
            .map(|line| if line.starts_with("publish_every_ms") { "publish_every_ms = 1500" } else { line });
        lines.map(|line| format!("{line}\n")).collect()
    });
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let mut promised = 0;
    for number in 0..3 {
        let reply = caller.ask(&look_up(&folder.person("clean", number)));
        let answered = Instant::now();
        let path = format!("/v1/receipts/{}", reply.json()["query"].as_str().unwrap());
        run(async {
            let mut connection = caller.http1().await.unwrap();
            loop {
                let read = connection.send(credit_tests::request(Method::GET, &path, &[], "")).await.unwrap();
                if read.status == StatusCode::OK {
                    break;
                }
                checked::fixed(&read, 404, "not-found");
                assert_eq!(read.header("retry-after"), Some("1"), "nothing is promised");
                promised += 1;
                assert!(answered.elapsed() < Duration::from_secs(2), "not published after two seconds");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let late = answered.elapsed();
        assert!(late < Duration::from_secs(2), "{late:?}");
    }
    assert!(promised > 0, "it was never waited for, so that nothing was tested");
}

#[test]
fn reading_one_s_own_makes_no_leaf() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let reply = caller.ask(&look_up(&folder.person("clean", 0)));
    let id = reply.json()["query"].as_str().unwrap().to_owned();
    let leaf = checked::answer(folder, "housing", &reply);
    for _ in 0..3 {
        drop(caller.get_when_there(&format!("/v1/receipts/{id}")));
        drop(caller.get_when_there(&format!("/v1/queries/{id}/record")));
    }
    assert_eq!(metric(folder.port_base(), "credit_gateway_log_durable_leaves"), leaf.index + 1);
}

#[test]
fn a_receipt_of_before_a_restart_is_still_to_be_had() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    let id = reply.json()["query"].as_str().unwrap().to_owned();
    // Stopped at once: what was not yet published then is published on the way down.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    let leaf = checked::answer(folder, "housing", &reply);
    let caller = folder.caller("housing");
    let proof = caller.get_when_there(&format!("/v1/receipts/{id}")).text();
    assert_eq!(verified_here(&folder.vkey(), &proof, &leaf.hash()), Some(leaf.index));
    assert_eq!(caller.get_when_there(&format!("/v1/queries/{id}/record")).body, leaf.bytes);
}

#[test]
fn the_path_of_a_receipt_takes_get_alone_and_no_query_string() {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let id = "01900000-0000-7000-8000-000000000000";
    for path in [format!("/v1/receipts/{id}"), format!("/v1/queries/{id}/record")] {
        for method in [Method::POST, Method::DELETE, Method::PUT] {
            let reply = caller.send(method, &path, &[], "");
            checked::refusal(folder, "housing", &reply, 405, "method-not-allowed");
            assert_eq!(reply.header("allow"), Some("GET"), "{path}");
        }
        checked::refusal(folder, "housing", &caller.get(&format!("{path}?a=b")), 400, "malformed-request");
    }
    let reply = caller.send(Method::DELETE, "/v1/queries", &[], "");
    assert_eq!((reply.code().as_str(), reply.header("allow")), ("method-not-allowed", Some("POST")));
}

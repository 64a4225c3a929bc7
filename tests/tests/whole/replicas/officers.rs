//! What two officers decide, at whichever gateways: each guard holds over all of them, and what is in force at one is in force at all,
//! or the others refuse.

use std::{fs, thread};

use credit_tests::{Folder, Gateway, Leaf, Reply, checked, metric, postgres::Server, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{SECOND, TIME, database_of, number_in, replicas_with, stopped};
use crate::{
    directories::Directory,
    faults::within,
    officers::{
        act,
        by_two::{ONE, OTHER, at_port, listed},
        of_kind,
    },
};

/// Two gateways whose logs are listed and that know two officers.
fn two() -> (Vec<Gateway>, Directory) {
    let directory = Directory::init();
    let gateways = replicas_with(2, |folder| {
        directory.lists(folder);
        folder.replace_in_config("id = \"bank\"", "id = \"officer2\"");
        folder.edit_config(|config| {
            let (before, after) = config.split_once("id = \"officer2\"").unwrap();
            format!("{before}id = \"officer2\"{}", after.replacen("kind = \"bank\"", "kind = \"officer\"", 1))
        });
    });
    (gateways, directory)
}

fn digest(byte: u8) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode([byte; 32])
}

fn propose(at: &Gateway, what: &str, byte: u8) -> String {
    let reply = act(at.folder(), ONE, "/officers/proposals", &json!({"act": what, "digest": digest(byte)}));
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()["proposal"].as_str().unwrap().to_owned()
}

fn approve(at: &Gateway, who: &str, proposal: &str, byte: u8) -> Reply {
    act(at.folder(), who, "/officers/approvals", &json!({"proposal": proposal, "digest": digest(byte)}))
}

/// Why the last try of an act was refused, as the record of this gateway has it.
fn refused(at: &Gateway) -> String {
    let reads: Vec<Leaf> = of_kind(at.folder(), "read");
    let path = reads.iter().map(|leaf| leaf.text("path")).rfind(|path| path.contains("/refused/")).unwrap();
    path.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn what_is_proposed_at_one_gateway_is_approved_at_another_by_another_officer_and_once() {
    let (gateways, directory) = two();
    let [one, other] = [&gateways[0], &gateways[1]];
    let proposal = propose(one, "limits", 1);
    // At once, and with every guard.
    for (who, byte, why) in [(ONE, 1, "own"), (OTHER, 2, "other-digest")] {
        assert_eq!(approve(other, who, &proposal, byte).status, StatusCode::CONFLICT, "{why}");
        assert_eq!(refused(other), why);
    }
    assert_eq!(listed(other.folder())["proposals"][0]["log"], "credit-gateway.example/together/r0");
    assert_eq!(approve(other, OTHER, &proposal, 1).status, StatusCode::OK);
    for at in [one, other] {
        assert_eq!(approve(at, OTHER, &proposal, 1).status, StatusCode::CONFLICT);
        assert_eq!(refused(at), "again");
        assert_eq!(listed(at.folder())["approved"]["limits"], digest(1));
    }
    // Many at once, at both.
    let proposal = propose(other, "limits", 3);
    let approved = thread::scope(|scope| {
        let asked: Vec<_> = (0..12)
            .map(|nr| {
                let (at, proposal) = (&gateways[nr % 2], &proposal);
                scope.spawn(move || approve(at, OTHER, proposal, 3).status == StatusCode::OK)
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).filter(|is_approved| *is_approved).count()
    });
    assert_eq!(approved, 1);
    // What is about one log is decided where it stands.
    let words = json!({"act": "unseal", "digest": digest(4)});
    let unseal = act(one.folder(), ONE, "/officers/proposals", &words).json()["proposal"].as_str().unwrap().to_owned();
    assert_eq!(approve(other, OTHER, &unseal, 4).status, StatusCode::CONFLICT);
    assert_eq!(refused(other), "other-log");
    assert_eq!(approve(one, OTHER, &unseal, 4).status, StatusCode::OK);
    let approvals: usize = gateways.iter().map(|at| of_kind(at.folder(), "approval").len()).sum();
    assert_eq!(approvals, 3);
    directory.holds(&stopped(gateways));
}

#[test]
fn what_two_approved_at_two_gateways_is_done_once_and_by_one_alone_it_is_an_emergency_at_both() {
    let (gateways, directory) = two();
    let stop = |at: &Gateway| {
        let config = at.folder().config();
        drop(credit_tests::gateway(&["stop", "--reason", "drill", "--config", config.to_str().unwrap()]).held());
    };
    let resume = |at: &Gateway, who: &str, warrant: Value| {
        let mut body = json!({"reason": "the drill is over"});
        body.as_object_mut().unwrap().extend(warrant.as_object().unwrap().clone());
        act(at.folder(), who, "/officers/resume", &body)
    };
    stop(&gateways[0]);
    let words = json!({"act": "resume", "reason": "the drill is over"});
    let proposed = act(gateways[0].folder(), ONE, "/officers/proposals", &words).json();
    let proposal = json!({"proposal": proposed["proposal"]});
    assert_eq!(resume(&gateways[1], ONE, proposal.clone()).status, StatusCode::CONFLICT);
    assert_eq!(refused(&gateways[1]), "not-yet");
    let list = listed(gateways[1].folder());
    let approval = json!({"proposal": proposed["proposal"], "digest": list["proposals"][0]["digest"]});
    let approved = act(gateways[1].folder(), OTHER, "/officers/approvals", &approval);
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.text());
    assert_eq!(resume(&gateways[1], ONE, proposal.clone()).status, StatusCode::OK);
    // Once, at both, also over a restart of either.
    stop(&gateways[0]);
    let gateways: [Gateway; 2] = gateways.into_iter().map(again).collect::<Vec<_>>().try_into().ok().unwrap();
    for at in &gateways {
        assert_eq!(resume(at, ONE, proposal.clone()).status, StatusCode::CONFLICT);
        assert_eq!(refused(at), "done");
        assert_eq!(listed(at.folder())["emergencies"], json!({"waiting": 0, "alone": 0}));
    }
    // Alone, in an emergency: it waits at both until another officer approves it at either.
    assert_eq!(resume(&gateways[0], ONE, json!({"emergency": true})).status, StatusCode::OK);
    let waiting = |at: &Gateway| listed(at.folder())["emergencies"]["waiting"].clone();
    assert_eq!(gateways.each_ref().map(waiting), [json!(1), json!(1)]);
    let list = listed(gateways[1].folder());
    let approval = json!({"proposal": list["proposals"][0]["proposal"], "digest": list["proposals"][0]["digest"]});
    assert_eq!(act(gateways[1].folder(), OTHER, "/officers/approvals", &approval).status, StatusCode::OK);
    assert_eq!(gateways.each_ref().map(waiting), [json!(0), json!(0)]);
    // What is settled waits at neither after a start.
    let gateways = gateways.map(again);
    for at in &gateways {
        assert_eq!(listed(at.folder())["emergencies"], json!({"waiting": 0, "alone": 0}));
    }
    directory.holds(&stopped(gateways.into()));
}

fn again(gateway: Gateway) -> Gateway {
    Gateway::serve(gateway.kill())
}

/// What two gateways are asked for at the same moment, while neither can hear of the other, one of them does: no guard of its own
/// could tell the other one. Leaves of this kind afterwards.
fn at_the_same_moment(gateways: &[Gateway], kind: &str, why: &str, ask: impl Fn(&Gateway) -> StatusCode + Sync) {
    // Who has it tells an act, and nobody else then.
    const HELD: &str = "BEGIN; SELECT pg_advisory_xact_lock(7234017283807667) \\g /dev/null";
    let (server, all) = (Server::shared(), |at: &Gateway| of_kind(at.folder(), kind).len());
    // What each told before it looks for once more in its log: not meanwhile, or it would wait for that.
    let database = database_of(gateways[0].folder());
    let told = |nr: usize| {
        number_in(server, &database, &format!("SELECT told FROM credit_replica WHERE origin LIKE '%/r{nr}'"))
    };
    thread::sleep(SECOND);
    let is_told = || gateways.iter().enumerate().all(|(nr, at)| told(nr) >= at.folder().leaves().len());
    assert!(within(TIME, is_told), "something is not told");
    let before: Vec<_> = gateways.iter().map(all).collect();
    thread::scope(|scope| {
        server.session(&database, HELD, || {
            let first = scope.spawn(|| ask(&gateways[0]));
            assert!(within(TIME, || all(&gateways[0]) > before[0]), "it is not on the record");
            assert!(!first.is_finished(), "the other one has been told");
            assert_eq!(ask(&gateways[1]), StatusCode::CONFLICT);
            assert_eq!(refused(&gateways[1]), why);
        });
    });
    assert_eq!(gateways.iter().map(all).sum::<usize>(), before.iter().sum::<usize>() + 1);
}

#[test]
fn what_two_gateways_are_asked_for_at_the_same_moment_is_done_at_one() {
    let (gateways, directory) = two();
    let stop = ["stop", "--reason", "drill", "--config", &gateways[0].folder().config().display().to_string()];
    drop(credit_tests::gateway(&stop).held());
    let words = json!({"act": "resume", "reason": "the drill is over"});
    let proposed = act(gateways[0].folder(), ONE, "/officers/proposals", &words).json();
    let list = listed(gateways[1].folder());
    let approval = json!({"proposal": proposed["proposal"], "digest": list["proposals"][0]["digest"]});
    at_the_same_moment(&gateways, "approval", "again", |at| {
        act(at.folder(), OTHER, "/officers/approvals", &approval).status
    });
    let resume = json!({"reason": "the drill is over", "proposal": proposed["proposal"]});
    assert!(within(SECOND, || listed(gateways[1].folder())["proposals"][0]["approved_by"].is_string()));
    at_the_same_moment(&gateways, "stop", "done", |at| act(at.folder(), ONE, "/officers/resume", &resume).status);
    directory.holds(&stopped(gateways));
}

/// The configuration that is to follow, with one other limit.
fn follow(folder: &Folder) -> std::path::PathBuf {
    let text = fs::read_to_string(folder.config()).unwrap();
    let (path, new) = (folder.config().with_extension("toml.next"), folder.join("new.toml"));
    fs::write(&new, text.replace("rate_per_s = 2000", "rate_per_s = 1999")).unwrap();
    fs::rename(new, &path).unwrap();
    path
}

#[test]
fn what_one_gateway_loaded_is_loaded_at_the_others_or_they_answer_nothing() {
    let (gateways, directory) = two();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let config = follow(one);
    let config = config.to_str().unwrap();
    drop(at_port(one, ONE, &["catalogue", "propose", "--config", config]).held());
    let proposal = listed(other)["proposals"][0]["proposal"].as_str().unwrap().to_owned();
    // Approved at the other one, which has not the configuration.
    drop(at_port(other, OTHER, &["catalogue", "approve", &proposal, "--config", config]).held());
    let number = one.person("clean", 0);
    let ask = |folder: &Folder| folder.caller("housing").ask(&look_up(&number));
    let loaded = |folder: &Folder| {
        let reads = of_kind(folder, "read");
        reads.iter().filter(|leaf| leaf.text("path").ends_with("/loaded")).count()
    };
    assert!(within(TIME, || loaded(one) == 1), "it is not loaded");
    assert!(within(SECOND, || ask(other).code() == "state-unavailable"), "it goes by other limits");
    assert_eq!(metric(other.port_base(), "credit_gateway_ready"), 0);
    assert!(gateways[1].err().wait(|said| said.contains("another gateway has loaded what two officers approved")));
    drop(checked::answer(one, "housing", &ask(one)));
    // Not by a restart either.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let stopped_second = second.stop();
    assert!(
        credit_tests::gateway(&["check", "--config", stopped_second.config().to_str().unwrap()])
            .failed(64)
            .contains("what the configuration has as `limits` is not")
    );
    fs::rename(follow(&stopped_second), stopped_second.config()).unwrap();
    let second = Gateway::serve(stopped_second);
    drop(checked::answer(second.folder(), "housing", &ask(second.folder())));
    // Said once by each, however often it starts.
    let second = Gateway::serve(second.kill());
    assert_eq!((loaded(first.folder()), loaded(second.folder())), (1, 1));
    drop(checked::answer(second.folder(), "housing", &ask(second.folder())));
    directory.holds(&stopped(vec![first, second]));
}

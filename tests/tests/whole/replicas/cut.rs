//! A gateway that is cut off from the database, which closes nothing: it answers nobody, keeps nobody else waiting, and goes on
//! by itself.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use credit_audit::clock::{Clock, SystemClock};
use credit_tests::{Ends, Folder, Gateway, checked, gateway, postgres::Server, query::look_up, relay::Relay};
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{SECOND, TIME, answered, are_settled, callers, database_of, made, of_ten_uses, stopped};
use crate::{
    consents::{ask, new_jti, of_one_use, token, withdraw},
    directories::Directory,
    faults::within,
    officers::act,
};

/// Two gateways that count together, the first through a relay.
pub(super) fn two(relay: &Relay, directory: &Directory) -> Vec<Gateway> {
    // So that what is lost is given up sooner.
    two_that_wait(relay, directory, 400)
}

/// The same, which wait so many milliseconds for the shared state.
fn two_that_wait(relay: &Relay, directory: &Directory, most: u32) -> Vec<Gateway> {
    let server = Server::shared();
    let is_first = Cell::new(true);
    made(&[server], 2, |folder| {
        directory.lists(folder);
        folder.replace_in_config("standby = \"none\"", &format!("standby = \"none\"\ntimeout_ms = {most}"));
        if is_first.replace(false) {
            folder.replace_in_config(&format!("127.0.0.1:{}/", server.port()), &format!("127.0.0.1:{}/", relay.port()));
        }
    })
}

fn command(at: &Gateway, arguments: &[&str]) {
    let config = at.folder().config();
    let config = ["--config", config.to_str().unwrap()];
    drop(gateway(&[arguments, &config].concat()).held());
}

/// What an officer does for a person at the counter.
fn at_counter(folder: &Folder, number: &str, name: &str, more: Value) -> Value {
    let mut body = more;
    (body["number"], body["act"]) = (json!(number), json!(name));
    let reply = act(folder, "officer", "/officers/counter", &body);
    assert_eq!(reply.status.as_u16(), 200, "{name}");
    reply.json()
}

fn answered_on_consent(folders: &[Folder]) -> usize {
    answered(folders).iter().filter(|leaf| leaf.json["ground"].get("use").is_some()).count()
}

/// The last answer in the log of a gateway.
fn last_answer(folder: &Folder) -> Timestamp {
    let all = answered(std::slice::from_ref(folder));
    all.iter().map(|leaf| leaf.text("at").parse().unwrap()).max().unwrap()
}

/// Everything that narrows, at the gateway that is not cut off.
fn narrow(at: &Gateway, jti: &str, numbers: [&String; 3]) {
    let folder = at.folder();
    assert_eq!(withdraw(folder, jti).status, 200);
    let [blocks, objects, repairs] = numbers;
    drop(at_counter(folder, blocks, "block", json!({"scenario": "commercial-loan"})));
    let record = |number| at_counter(folder, number, "report", json!({}))["records"][0].clone();
    let said = json!({"record": record(objects)["record"], "statement": "that was somebody else"});
    let objected = at_counter(folder, objects, "object", said);
    let id = objected["objection"].as_str().unwrap();
    command(at, &["objection", "decide", id, "--result", "upheld", "--reason", "another person"]);
    let record = record(repairs);
    let repair = json!({
        "subject": repairs, "class": record["class"], "record": record["record"],
        "determined": record["determined"], "repaired_on": record["determined"], "order": "复议撤销决定 2026 年第 1 号",
    });
    let headers = [("content-type", "application/json")];
    let reply = folder.caller("credit-office").send(Method::POST, "/v1/repairs", &headers, repair.to_string());
    assert_eq!(reply.status.as_u16(), 200);
    command(at, &["institution", "suspend", "housing", "--reason", "drill"]);
    command(at, &["stop", "--scenario", "public-rental-housing", "--reason", "drill"]);
}

#[test]
fn answers_nobody_a_second_later_and_knows_what_happened_when_it_is_whole() {
    let (relay, directory) = (Relay::to(Server::shared().port()), Directory::init());
    let gateways = two(&relay, &directory);
    let (housing, banks) = (callers(&gateways, "housing"), callers(&gateways, "bank"));
    let folder = gateways[0].folder();
    let (jti, unheard) = (new_jti(), new_jti());
    let [clean, late, other] = [folder.person("clean", 0), folder.person("late", 0), folder.person("late", 1)];
    let withdrawn = of_ten_uses(folder, &jti, &folder.person("clean", 1));
    let blocked = of_ten_uses(folder, &new_jti(), &clean);
    for token in [&withdrawn, &blocked] {
        drop(checked::answer(folder, "bank", &ask(&banks[0], token)));
    }
    let data = |at: usize, number: &str| housing[at].ask(&look_up(number)).json()["data"].clone();
    let before = [&late, &other].map(|number| data(0, number));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let ends = Ends(&is_over);
        for nr in 0..3 {
            let (number, housing, is_over) = (folder.person("clean", nr), &housing[0], &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    drop(housing.ask(&look_up(&number)));
                    thread::sleep(Duration::from_millis(5));
                }
            });
        }
        assert!(within(TIME, || data(0, &clean).is_object()));
        let cut = SystemClock::new().now();
        relay.cut();
        assert!(within(TIME, || ask(&banks[0], &blocked).code() == "state-unavailable"));
        narrow(&gateways[1], &jti, [&clean, &late, &other]);
        assert_eq!(ask(&banks[0], &withdrawn).code(), "state-unavailable");
        let last = last_answer(folder);
        assert!(last <= cut + SignedDuration::from_secs(1), "answered {} after it was cut off", last - cut);
        // Nor does it record what the others would not hear of.
        assert_ne!(withdraw(folder, &unheard).status, 200);
        assert!(folder.leaves().iter().all(|leaf| leaf.text("kind") != "revocation"));
        relay.pass();
        // What it refuses by now it has heard; nothing else told it.
        let code = || housing[0].ask(&look_up(&clean)).code();
        assert!(within(TIME, || ["institution-suspended", "stopped"].contains(&&*code())), "it does not come back");
        assert_eq!(ask(&banks[0], &withdrawn).code(), "consent-revoked");
        assert_ne!(ask(&banks[0], &blocked).status, 200, "it does not know of the closed scenario");
        command(&gateways[1], &["institution", "resume", "housing", "--reason", "drill"]);
        assert!(within(TIME, || code() == "stopped"));
        command(&gateways[1], &["resume", "--scenario", "public-rental-housing", "--reason", "drill"]);
        assert!(within(TIME, || housing[0].ask(&look_up(&clean)).status == 200));
        drop(ends);
    });
    assert_eq!(withdraw(folder, &unheard).status, 200);
    // What was upheld and repaired at the other one is gone here.
    for (number, before) in [&late, &other].iter().zip(before) {
        assert_eq!(data(0, number), data(1, number));
        assert!(before.is_object());
    }
    directory.holds(&stopped(gateways));
}

#[test]
fn what_it_began_keeps_nobody_else_waiting() {
    let (server, directory) = (Server::shared(), Directory::init());
    let relay = Relay::to(server.port());
    let gateways = two(&relay, &directory);
    let banks = callers(&gateways, "bank");
    let folder = gateways[0].folder();
    let one_use = token(folder, &folder.person("clean", 0), 1);
    thread::scope(|scope| {
        let mut asking = None;
        // Its transaction is in its midst, and goes on at the server when nothing comes from there any more.
        server.session(&database_of(folder), "BEGIN; LOCK TABLE credit_use IN ACCESS EXCLUSIVE MODE;", || {
            let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
            asking = Some(scope.spawn(|| ask(&banks[0], &one_use)));
            let begun = || server.sql(&database_of(folder), waits).held().trim() == "t";
            assert!(within(TIME, begun), "nothing waits");
            relay.cut();
        });
        assert!(within(TIME, || ask(&banks[1], &one_use).status == 200), "its locks are held for ever");
        assert_ne!(asking.unwrap().join().unwrap().status, 200);
    });
    relay.pass();
    let number = folder.person("clean", 1);
    let housing = folder.caller("housing");
    assert!(within(TIME, || housing.ask(&look_up(&number)).status == 200), "it does not come back");
    assert!(within(TIME, || ask(&banks[0], &one_use).code() == "consent-used-up"));
    are_settled(server, &database_of(folder));
    directory.holds(&stopped(gateways));
}

#[test]
fn between_claim_and_answer_uses_no_consent_twice() {
    let (server, directory) = (Server::shared(), Directory::init());
    let relay = Relay::to(server.port());
    let gateways = two(&relay, &directory);
    let (banks, housing) = (callers(&gateways, "bank"), callers(&gateways, "housing"));
    let folder = gateways[0].folder();
    let number = folder.person("clean", 0);
    let mut tokens = Vec::new();
    for round in 0..6_u64 {
        let jti = new_jti();
        let token = of_one_use(folder, &jti, &folder.person("clean", 1));
        let told = thread::scope(|scope| {
            let asking = scope.spawn(|| ask(&banks[0], &token).status == 200);
            // Anywhere from before the claim to after the record.
            thread::sleep(Duration::from_millis(4 * round));
            if round % 2 == 0 {
                relay.cut()
            } else {
                relay.cut_answers()
            }
            asking.join().unwrap()
        });
        let elsewhere = ask(&banks[1], &token).status == 200;
        assert!(!(told && elsewhere), "used twice");
        relay.pass();
        assert!(within(TIME, || housing[0].ask(&look_up(&number)).status == 200), "it does not come back");
        tokens.push((token, told || elsewhere));
    }
    are_settled(server, &database_of(folder));
    // Who was told nothing may use it still, once; what is on the record is used.
    for (token, is_told) in &tokens {
        let now = ask(&banks[1], token).status == 200;
        assert!(!(*is_told && now), "used twice");
    }
    for (token, _) in &tokens {
        assert_eq!(ask(&banks[0], token).code(), "consent-used-up");
    }
    are_settled(server, &database_of(folder));
    let folders = stopped(gateways);
    assert_eq!(answered_on_consent(&folders), tokens.len());
    directory.holds(&folders);
}

#[test]
fn that_has_not_heard_the_last_word_changes_what_is_so_by_then() {
    let relay = Relay::to(Server::shared().port());
    let directory = Directory::init();
    let gateways = two_that_wait(&relay, &directory, 3_000);
    let [late, other] = [&gateways[0], &gateways[1]];
    let number = late.folder().person("clean", 0);
    let ask = |at: &Gateway| at.folder().caller("housing").ask(&look_up(&number));
    let (stop, resume) = (["stop", "--reason", "drill"], ["resume", "--reason", "drill"]);
    // What the other one does while this one hears nothing, and what this one is told to do then, as it hears it again.
    let words: [(&[_], _); 3] = [(&[resume], stop), (&[stop, resume], stop), (&[stop], resume)];
    for (unheard, told) in words {
        for at in [late, other] {
            let begins = if unheard.len() == 1 && unheard[0] == resume { stop } else { resume };
            command(at, &begins);
        }
        relay.cut_answers();
        unheard.iter().for_each(|word| command(other, word));
        thread::scope(|scope| {
            let told = scope.spawn(|| command(late, &told));
            thread::sleep(Duration::from_millis(150));
            relay.pass();
            told.join().unwrap();
        });
        let is_stopped = told == stop;
        // From then on nobody is answered.
        assert!(!is_stopped || ask(late).status != 200, "{unheard:?}, {told:?}");
        for at in [late, other] {
            let is_so = || if is_stopped { ask(at).code() == "stopped" } else { ask(at).status == 200 };
            assert!(within(SECOND, is_so), "{unheard:?}, {told:?}");
        }
    }
    directory.holds(&stopped(gateways));
}

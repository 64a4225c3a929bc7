//! The shared state is put back to what it was earlier, or is lost: nobody answers by what is left of it, and all that counted comes
//! back out of the logs.

use std::{fs, time::Duration};

use credit_tests::{
    Ended, Folder, Gateway, checked, gateway,
    postgres::Server,
    query::{look_up, look_up_under},
};

use super::{
    TIME, are_settled, callers, database, database_of, member, number_in, of_ten_uses, replicas, stopped,
    with_keys_of_logs, with_ring_of,
};
use crate::{
    consents::{ask, new_jti, token, withdraw},
    faults::within,
};

const TABLES: [&str; 12] = [
    "credit_replica",
    "credit_act",
    "credit_once",
    "credit_count",
    "credit_use",
    "credit_repeat",
    "credit_claim",
    "credit_key",
    "credit_session",
    "credit_word",
    "credit_asked",
    "credit_schema",
];
/// As long as it may take until a gateway knows how far the others are.
const KNOWN: Duration = Duration::from_millis(5_600);

/// A backup of all tables.
fn keep(server: &Server, database: &str) {
    let copies = TABLES.map(|table| format!("CREATE TABLE kept.{table} AS TABLE {table};"));
    drop(server.sql(database, &format!("CREATE SCHEMA kept; {}", copies.concat())).held());
}

/// The backup in the place of what was written since, as after the loss of the server, or below the connections that there are.
fn put_back(server: &Server, database: &str, is_new_server: bool) {
    let copies = TABLES.map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{table};")
    });
    let ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();";
    let ends = if is_new_server { ends } else { "" };
    drop(server.sql(database, &format!("BEGIN; {}{ends} COMMIT;", copies.concat())).held());
}

fn on(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat())
}

#[track_caller]
fn refused(folder: &Folder, commands: &[&[&str]], code: i32, says: &str) {
    for command in commands {
        let ended = on(folder, command);
        assert!(ended.code == Some(code) && ended.err.contains(says), "{command:?}: {:?} {}", ended.code, ended.err);
    }
}

const START: &[&[&str]] = &[&["check"], &["serve"]];
const JOIN: &[&str] = &["state", "join"];
const AFTER_LOSS: &[&str] = &["state", "join", "--after-loss"];

/// All acts and leaves are told.
fn all_told(server: &Server, database: &str, folders: &[&Folder]) {
    let leaves: usize = folders.iter().map(|folder| folder.leaves().len()).sum();
    let told = || number_in(server, database, "SELECT sum(told) FROM credit_replica");
    assert!(within(TIME, || told() >= leaves), "not all is told");
}

#[track_caller]
fn answers_nothing(all: &[Gateway], token: &str) {
    for at in all {
        let folder = at.folder();
        let asks = || ask(&folder.caller("bank"), token);
        assert!(within(TIME, || asks().code() == "state-unavailable"), "{}", asks().text());
        assert!(at.err().wait(|said| said.contains("it was put back to what it was earlier")));
    }
}

#[test]
fn nobody_answers_by_a_state_that_was_put_back() {
    let server = Server::shared();
    for is_new_server in [true, false] {
        let gateways = replicas(2);
        let database = database_of(gateways[0].folder());
        keep(server, &database);
        let number = gateways[0].folder().person("clean", 0);
        let token = token(gateways[0].folder(), &number, 1);
        checked::answer(gateways[0].folder(), "bank", &ask(&gateways[0].folder().caller("bank"), &token));
        all_told(server, &database, &[gateways[0].folder(), gateways[1].folder()]);
        // The second has nothing new of its own: it knows how far the first is.
        std::thread::sleep(KNOWN);
        put_back(server, &database, is_new_server);
        answers_nothing(&gateways, &token);
        for folder in stopped(gateways) {
            refused(&folder, START, 64, "it was put back to what it was earlier");
            refused(&folder, &[JOIN, AFTER_LOSS], 64, "it was put back to what it was earlier");
        }
    }
}

/// What the books say, but for how long it is kept.
fn books(server: &Server, database: &str) -> Vec<String> {
    are_settled(server, database);
    let sql = "SELECT string_agg(t, E'\\n' ORDER BY t) FROM (\
        SELECT encode(key, 'hex') || ' ' || n AS t FROM credit_count WHERE n > 0 UNION ALL \
        SELECT encode(consent, 'hex') || ' ' || number || ' ' || at FROM credit_use UNION ALL \
        SELECT encode(key, 'hex') || encode(identity, 'hex') || encode(first, 'hex') || origin || repeats || answered FROM credit_repeat) AS t";
    server.sql(database, sql).held().lines().map(str::to_owned).collect()
}

fn counts_in_another(folder: &Folder, before: &str, database: &str) {
    folder.edit_config(|config| config.replace(before, database));
}

#[test]
fn what_counted_together_comes_back_out_of_the_logs_when_the_state_is_lost() {
    let server = Server::shared();
    let gateways = replicas(2);
    let lost = database_of(gateways[0].folder());
    let folder = gateways[0].folder();
    let (number, other) = (folder.person("clean", 0), folder.person("clean", 1));
    let (bank, housing) = (callers(&gateways, "bank"), callers(&gateways, "housing"));
    let [used_up, jti] = [token(folder, &number, 1), new_jti()];
    let (withdrawn, of_two_logs) = (of_ten_uses(folder, &jti, &number), of_ten_uses(folder, &new_jti(), &other));
    for (at, token) in [(0, &used_up), (1, &withdrawn), (0, &of_two_logs), (1, &of_two_logs), (0, &of_two_logs)] {
        checked::answer(gateways[at].folder(), "bank", &ask(&bank[at], token));
    }
    assert_eq!(withdraw(folder, &jti).status, 200);
    // One person at both, and one at one of them; a case to its limit, over both.
    let case = look_up_under(&number, "CASE-OF-BOTH");
    let last = (0..50).map(|nr| housing[nr % 2].ask(&case)).find(|reply| reply.status != 200).expect("a limit");
    assert_eq!(last.code(), "case-already-used");
    assert_eq!(housing[1].ask_with(&look_up(&other), &[("idempotency-key", "again-and-again")]).status, 200);
    // Told by one and ended by the other: the order is that of both.
    drop(on(gateways[0].folder(), &["institution", "suspend", "employer", "--reason", "drill"]).held());
    let is_known = |what: &str| {
        on(gateways[1].folder(), &["institution", "list"])
            .held()
            .lines()
            .any(|line| line.contains("employer") && line.contains(what))
    };
    assert!(within(TIME, || is_known("suspended")));
    drop(on(gateways[1].folder(), &["institution", "resume", "employer", "--reason", "drill"]).held());
    all_told(server, &lost, &[gateways[0].folder(), gateways[1].folder()]);
    std::thread::sleep(KNOWN);
    let before = books(server, &lost);
    let folders = stopped(gateways);

    let found = database(server);
    for folder in &folders {
        counts_in_another(folder, &lost, &found);
        refused(folder, START, 64, "`credit-gateway state join --after-loss` with the configuration of each");
        refused(folder, &[JOIN], 64, "counts together in another shared state");
    }
    // One that was never there.
    let stranger = with_keys_of_logs(member(server, &found, "r9"), &["r9".to_owned()]);
    refused(&stranger, &[AFTER_LOSS], 64, "never counted together");
    let said = on(&folders[1], AFTER_LOSS).held();
    assert!(said.contains("counts in the shared state from now on"), "{said}");
    refused(&folders[1], START, 69, "the shared state does not know it yet");
    let said = on(&folders[0], AFTER_LOSS).held();
    assert!(said.contains("counts in the shared state from now on"), "{said}");
    assert!(on(&folders[0], AFTER_LOSS).held().contains("already"));
    // The logs also say how much each member of staff asked, which counts there where it is limited.
    let after = books(server, &found);
    let lost: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
    assert_eq!(lost, Vec::<&String>::new());

    let gateways: Vec<_> = folders.into_iter().map(Gateway::serve).collect();
    let (bank, housing) = (callers(&gateways, "bank"), callers(&gateways, "housing"));
    let employer = callers(&gateways, "employer");
    for (at, gateway) in gateways.iter().enumerate() {
        let folder = gateway.folder();
        checked::refusal(folder, "bank", &ask(&bank[at], &used_up), 403, "consent-used-up");
        checked::refusal(folder, "bank", &ask(&bank[at], &withdrawn), 403, "consent-revoked");
        checked::refusal(folder, "housing", &housing[at].ask(&case), 409, "case-already-used");
        checked::answer(folder, "bank", &ask(&bank[at], &of_two_logs));
        assert_ne!(employer[at].ask(&look_up(&number)).code(), "institution-suspended");
    }
    let again = with_ring_of(member(server, &found, "r2"), &gateways[0]);
    let again = Gateway::serve(with_keys_of_logs(again, &["r2".to_owned()]));
    checked::refusal(again.folder(), "bank", &ask(&again.folder().caller("bank"), &used_up), 403, "consent-used-up");
    fs::metadata(again.folder().join("data/state.told")).unwrap();
}

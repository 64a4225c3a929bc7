//! A start does not hear again what a gateway knows already: it costs the same however many acts there were.

use std::{fs, time::Instant};

use credit_tests::{Folder, Gateway, checked, figures, gateway, postgres::Server, query::look_up};

use serde_json::Value;

use super::{TIME, callers, database_of, number_in, of_ten_uses, replicas_with, stopped};
use crate::{
    cases::{self, decided, open, report},
    consents::{ask, new_jti, withdraw},
    directories::Directory,
    faults::{is_full, within},
};

/// What a gateway reads at once.
const PAGE: usize = 500;
/// So many acts a gateway may have heard since it remembered them last.
const SINCE: usize = 2_048;

/// Acts of a log that nobody keeps: a case of another department is registered and decided, again and again.
fn many(database: &str, pairs: usize) {
    let sql = format!(
        "INSERT INTO credit_act (origin, leaf_index, leaf, kind) \
         SELECT 'gone.example/1', leaf_index + 1000 * n, leaf, kind FROM generate_series(1, {pairs}) AS n, \
         (SELECT leaf_index, leaf, kind FROM credit_act WHERE kind = 'case' ORDER BY seq LIMIT 2) AS two ORDER BY n, leaf_index;"
    );
    drop(Server::shared().sql(database, &sql).held());
}

/// Acts that all gateways together read of the database so far.
fn read(database: &str) -> usize {
    number_in(
        Server::shared(),
        database,
        "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'credit_act'",
    )
}

/// A gateway that starts again, and the acts that it read for that.
fn started(folder: Folder, database: &str) -> (Gateway, usize) {
    let (before, begun) = (read(database), Instant::now());
    let gateway = Gateway::serve(folder);
    let took = begun.elapsed();
    // The server says it a moment later.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let acts = read(database) - before;
    figures(format_args!("a start read {acts} acts, and was ready after {:.2} s", took.as_secs_f64()));
    (gateway, acts)
}

/// Whether a gateway has all but the last acts in its file.
fn remembers(at: &Gateway, database: &str) -> bool {
    let Ok(bytes) = fs::read(at.folder().join("data/acts.snapshot")) else { return false };
    let (head, sum) = ("credit-acts 1\n".len(), 32);
    let Ok(said) = serde_json::from_slice::<Value>(&bytes[head..bytes.len() - sum]) else { return false };
    let after = format!("SELECT count(*) FROM credit_act WHERE seq > {}", said["until"]);
    number_in(Server::shared(), database, &after) < SINCE
}

/// What was said before is in force; `number` closed nothing.
#[track_caller]
fn holds(at: &Gateway, token: &str, number: &str) {
    let [housing, bank] = ["housing", "bank"].map(|name| at.folder().caller(name));
    checked::refusal(at.folder(), "housing", &housing.ask(&look_up(number)), 403, "institution-suspended");
    assert_eq!(ask(&bank, token).code(), "consent-revoked");
}

#[test]
fn a_start_reads_what_is_new_and_all_that_was_said_before_holds() {
    let pairs = if is_full() { 250_000 } else { 4_000 };
    let directory = Directory::init();
    let gateways = replicas_with(2, |folder| directory.lists(folder));
    let database = database_of(gateways[0].folder());
    let (number, jti) = (gateways[0].folder().person("clean", 0), new_jti());
    let token = of_ten_uses(gateways[0].folder(), &jti, &number);
    // All of it is said at the other gateway.
    let other = gateways[1].folder();
    open(other, "AGAIN-AND-AGAIN", &number);
    cases::decide(other, "AGAIN-AND-AGAIN", None);
    open(other, "OPEN-STILL", &number);
    assert_eq!(withdraw(other, &jti).status, 200);
    let config = other.config();
    let suspend = ["institution", "suspend", "housing", "--reason", "drill", "--config", config.to_str().unwrap()];
    drop(gateway(&suspend).held());
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let folder = first.kill();
    many(&database, pairs);
    drop(fs::remove_file(folder.join("data/acts.snapshot")));
    let (first, all) = started(folder, &database);
    assert!(all >= 2 * pairs, "{all} of {} were read", 2 * pairs);
    assert!(within(TIME, || remembers(&first, &database)), "nothing is remembered");
    holds(&first, &token, &number);
    // The next start: only what came since, whatever the rest.
    let (first, few) = started(first.kill(), &database);
    assert!(few <= SINCE + 4 * PAGE, "{few} acts were read again");
    holds(&first, &token, &number);
    // One that is damaged is not believed.
    let folder = first.kill();
    let path = folder.join("data/acts.snapshot");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (first, again) = started(folder, &database);
    assert!(again >= 2 * pairs);
    holds(&first, &token, &number);
    assert!(within(TIME, || remembers(&first, &database)));
    // Nor is one of a database that was put back, in which other acts may stand at the places of these.
    let folder = first.kill();
    drop(Server::shared().sql(&database, "UPDATE credit_act SET mark = gen_random_uuid()").held());
    let (first, again) = started(folder, &database);
    assert!(again >= 2 * pairs);
    holds(&first, &token, &number);
    // What the case of then needs is known: it is decided here, once.
    let config = second.folder().config();
    let resume = ["institution", "resume", "housing", "--reason", "drill", "--config", config.to_str().unwrap()];
    drop(gateway(&resume).held());
    let gateways = [first, second];
    let decision = |at: usize| {
        let housing = &callers(&gateways, "housing")[at];
        report(housing, "/v1/cases/decisions", &decided("OPEN-STILL", None)).status.as_u16()
    };
    assert!(within(TIME, || decision(0) == 200));
    assert_eq!(decision(1), 404);
    drop(Server::shared().sql(&database, "DELETE FROM credit_act WHERE origin = 'gone.example/1'").held());
    directory.holds(&stopped(gateways.into()));
}

//! Several gateways of one operator that count together in PostgreSQL: what one of them used or was told holds for all.

mod across;
mod acts;
mod balanced;
mod cases;
mod contract;
mod counts;
mod cut;
mod lists;
mod looks;
mod losses;
mod months;
mod moves;
mod officers;
mod owners;
mod patroni;
mod persons;
mod put_back;
mod rates;
mod remembered;
mod rolling;
mod rotations;
mod schedule;
mod sessions;
mod standby;
mod starts;

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use credit_gateway::for_tests::STATE_SCHEMA;
use credit_tests::{
    Caller, Folder, Gateway, Leaf, Reply, gateway,
    postgres::{READER, Server, Sql},
    request, run,
};
use hyper::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    consents::{altered, frequency},
    faults::within,
};

/// How long anything may take that comes by itself, on a busy machine.
const TIME: Duration = Duration::from_secs(30);

/// How long another gateway may take to know of an act.
const SECOND: Duration = Duration::from_secs(1);

/// A database with the tables of the shared state, which the gateway's role may write.
fn database(server: &impl Sql) -> String {
    let name = server.made("TEMPLATE template0");
    make_tables(server, &name);
    name
}

fn make_tables(server: &impl Sql, database: &str) {
    let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {READER};");
    drop(server.sql(database, &format!("{STATE_SCHEMA}\n{grant}")).held());
}

/// A folder whose gateway counts in a database, under a name of its own.
fn member(server: &Server, database: &str, name: &str) -> Folder {
    member_of(&[server], database, name)
}

/// The same, of several servers, of which one takes writes.
fn member_of(servers: &[&Server], database: &str, name: &str) -> Folder {
    let folder = Folder::new();
    servers[0].lets_in(&folder);
    counts_in(folder, servers.iter().map(|server| server.port()), database, name)
}

/// Makes a folder's gateway count in the database of some servers, of which one takes writes, under a name of its own.
fn counts_in(folder: Folder, ports: impl Iterator<Item = u16>, database: &str, name: &str) -> Folder {
    let hosts: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
    let url = format!("postgresql://{READER}@{}/{database}", hosts.join(","));
    folder.edit_config(|config| {
        let line = config.lines().find(|line| line.starts_with("origin = ")).unwrap().to_owned();
        let config = config.replace(&line, &format!("origin = \"{}\"", origin(name)));
        format!(
            "{config}\n[state]\nurl = \"{url}\"\npassword_file = \"postgres.password\"\nauthorities = \"postgres-ca.pem\"\nstandby = \"none\"\n"
        )
    });
    folder
}

fn origin(name: &str) -> String {
    format!("credit-gateway.example/together/{name}")
}

/// Makes the signing keys of these logs, all in one ring.
fn with_keys_of_logs(folder: Folder, names: &[String]) -> Folder {
    for name in names {
        let config = folder.config();
        let add = ["keys", "add-log", "--origin", &origin(name), "--config", config.to_str().unwrap()];
        drop(gateway(&add).held());
    }
    folder
}

/// Gives a folder the key ring of a gateway that serves.
fn with_ring_of(folder: Folder, other: &Gateway) -> Folder {
    fs::copy(other.folder().join("keys/ring.json"), folder.join("keys/ring.json")).unwrap();
    folder
}

/// So many gateways that count together in a database of the server.
fn replicas_in(server: &Server, count: usize) -> Vec<Gateway> {
    made(&[server], count, |_| {})
}

/// The same, each with a configuration that was changed.
fn replicas_with(count: usize, change: impl Fn(&Folder)) -> Vec<Gateway> {
    made(&[Server::shared()], count, change)
}

fn made(servers: &[&Server], count: usize, change: impl Fn(&Folder)) -> Vec<Gateway> {
    let database = database(servers[0]);
    made_of(count, |name| member_of(servers, &database, name), change)
}

/// So many gateways, each in a folder that is made for its name and then changed.
fn made_of(count: usize, member: impl Fn(&str) -> Folder, change: impl Fn(&Folder)) -> Vec<Gateway> {
    let mut all: Vec<Gateway> = Vec::new();
    let names: Vec<_> = (0..count).map(|number| format!("r{number}")).collect();
    for number in 0..count {
        let folder = member(&names[number]);
        let folder = match all.first() {
            Some(first) => with_ring_of(folder, first),
            None => with_keys_of_logs(folder, &names),
        };
        change(&folder);
        all.push(started(folder));
    }
    all
}

/// Starts a gateway, again and again while the shared state takes no writes: a standby that was away needs seconds to come back.
fn started(mut folder: Folder) -> Gateway {
    let began = Instant::now();
    loop {
        let command = Gateway::serve_command(&folder);
        let gateway = Gateway::spawn(folder, command);
        if gateway.is_ready() {
            return gateway;
        }
        let status;
        (status, folder) = gateway.ended();
        assert!(status.code() == Some(69) && began.elapsed() < TIME, "it does not start: {status}");
    }
}

fn replicas(count: usize) -> Vec<Gateway> {
    replicas_in(Server::shared(), count)
}

/// Their folders, once all have ended in order.
fn stopped(gateways: Vec<Gateway>) -> Vec<Folder> {
    gateways.into_iter().map(Gateway::stop).collect()
}

/// Asks all of them at once, one after the other in turn; the replies, and by which gateway each.
fn ask_at_once(
    callers: &[Caller],
    count: usize,
    body: impl Fn(usize) -> (Value, Vec<(String, String)>),
) -> Vec<(usize, Reply)> {
    run(async {
        let mut asks = JoinSet::new();
        for nr in 0..count {
            let at = nr % callers.len();
            let (caller, (body, headers)) = (callers[at].clone(), body(nr));
            asks.spawn(async move {
                let mut connection = caller.http1().await.ok()?;
                let mut all = vec![("content-type", "application/json")];
                all.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                let asked = request(Method::POST, "/v1/queries", &all, body.to_string());
                connection.send(asked).await.ok().map(|reply| (at, reply))
            });
        }
        asks.join_all().await.into_iter().flatten().collect()
    })
}

/// The callers of one institution, of each gateway.
fn callers(gateways: &[Gateway], name: &str) -> Vec<Caller> {
    gateways.iter().map(|gateway| gateway.folder().caller(name)).collect()
}

/// A token of ten uses, all of which may be made today.
fn of_ten_uses(folder: &Folder, jti: &str, number: &str) -> String {
    altered(folder, jti, number, |grant| (grant.terms.uses, grant.terms.frequency) = (10, frequency("10/P1D")))
}

/// The database in which a folder's gateway counts.
fn database_of(folder: &Folder) -> String {
    let config = fs::read_to_string(folder.config()).unwrap();
    let state = &config[config.rfind("[state]").unwrap()..];
    let url = state.lines().find(|line| line.starts_with("url = ")).unwrap();
    url.trim_end_matches('"').rsplit('/').next().unwrap().to_owned()
}

/// A query over a connection of its own; nothing where no whole reply came.
fn tried(caller: &Caller, body: &Value, more: &[(&str, &str)]) -> Option<Reply> {
    let headers = [&[("content-type", "application/json")], more].concat();
    let asked = request(Method::POST, "/v1/queries", &headers, body.to_string());
    run(async { caller.http1().await.ok()?.send(asked).await.ok() })
}

/// A number that the database of the shared state gives.
fn number_in(server: &impl Sql, database: &str, sql: &str) -> usize {
    server.sql(database, sql).held().trim().parse().unwrap()
}

/// Everything that was reserved is settled: at once where all gateways have ended, else soon.
fn are_settled(server: &impl Sql, database: &str) {
    let open = "SELECT (SELECT count(*) FROM credit_claim) + (SELECT count(*) FROM credit_repeat WHERE NOT answered)";
    assert!(within(TIME, || number_in(server, database, open) == 0), "something stays reserved");
}

/// Answered queries, over all logs.
fn answered(folders: &[Folder]) -> Vec<Leaf> {
    answered_in(folders.iter())
}

fn answered_in<'f>(folders: impl Iterator<Item = &'f Folder>) -> Vec<Leaf> {
    let leaves = folders.flat_map(Folder::leaves);
    leaves.filter(|leaf| leaf.text("kind") == "query" && leaf.text("outcome") == "answered").collect()
}

/// The books of gateways that have ended say what their logs say: nothing is lost, and nothing more is counted. Of institutions
/// that ask for one purpose each, on one day.
fn are_right(server: &impl Sql, database: &str, folders: &[Folder]) {
    are_settled(server, database);
    let all = answered(folders);
    let is_first = |leaf: &&Leaf| leaf.json.get("repeats").is_none();
    let uses = all.iter().filter(is_first).filter(|leaf| leaf.json["ground"].get("use").is_some()).count();
    assert_eq!(number_in(server, database, "SELECT count(*) FROM credit_use"), uses, "uses");
    let cases = all.iter().filter(is_first).filter(|leaf| leaf.json["ground"].get("case").is_some()).count();
    let persons: BTreeSet<_> = all.iter().map(|leaf| (leaf.text("institution"), leaf.text("subject"))).collect();
    let counted = number_in(server, database, "SELECT coalesce(sum(n), 0) FROM credit_count");
    assert_eq!(counted, all.len() + cases + persons.len(), "look-ups, of them of cases, and different persons");
    assert_eq!(number_in(server, database, "SELECT count(*) FROM credit_count WHERE n < 0"), 0, "fewer than none");
}

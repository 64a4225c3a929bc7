//! What costs the same in a log of ten million leaves as in one of ten thousand, among a million persons as among a thousand, and with
//! a thousand institutions as with one: a query, a receipt, and a start after a kill.

use std::{
    fs,
    time::{Duration, Instant},
};

use credit_tests::{
    Authority, Caller, Connection, Folder, Gateway, Wish, figures,
    query::{look_up_under, new_case},
    request, run,
};
use hyper::{Method, StatusCode};

use super::served::{TIME, all, grown, long_form, served, until_read};
use crate::{
    faults::is_full,
    officers::month::number,
    persons::crowd::{resident, spent},
};

/// Whether bounds are meant: for what users run, which `CREDIT_BINARIES` names, and in the long form.
fn is_measured() -> bool {
    is_full() && std::env::var_os("CREDIT_BINARIES").is_some()
}

/// How much more the long one may cost.
fn times(bound: f64) -> f64 {
    if is_measured() { bound } else { 3.0 }
}

/// Says two figures, and whether the second is within so many times the first.
fn holds(what: &str, [short, long]: [f64; 2], bound: f64) -> bool {
    figures(format_args!("{what}: {short:.1} and {long:.1}, {:.2} times", long / short));
    long <= times(bound) * short
}

fn least(of: impl IntoIterator<Item = f64>) -> f64 {
    of.into_iter().fold(f64::MAX, f64::min)
}

/// Waits until a start has little of the log to read: the snapshot covers the most of it.
fn until_covered(folder: &Folder, leaves: u64) {
    let begun = Instant::now();
    while leaves > 100_000 && !folder.join("data/state.snapshot").exists() {
        assert!(begun.elapsed() < TIME, "no snapshot");
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_secs(3));
}

/// Milliseconds until a gateway that was killed is ready again.
fn start(gateway: Gateway) -> (Gateway, f64) {
    let folder = gateway.kill();
    let (command, begun) = (Gateway::serve_command(&folder), Instant::now());
    let gateway = Gateway::start(folder, command);
    (gateway, begun.elapsed().as_secs_f64() * 1_000.0)
}

/// A log, and what it costs.
struct Log {
    gateway: Gateway,
    starts: Vec<f64>,
    /// Of the first query in it, and of its last.
    receipts: [String; 2],
}

impl Log {
    fn new(leaves: u64) -> Self {
        let gateway = served(grown(leaves, |_| ()));
        until_read(&gateway, leaves);
        until_covered(gateway.folder(), leaves);
        let mut starts = Vec::new();
        let gateway = (0..3).fold(gateway, |gateway, _| {
            let (gateway, took) = start(gateway);
            starts.push(took);
            gateway
        });
        figures(format_args!("{leaves} leaves: {} MiB after a start", resident(&gateway) >> 20));
        // What is in memory of reviews alone is read again: no cost of what follows.
        until_read(&gateway, leaves);
        let folder = gateway.folder();
        let first = (0..20).map(|index| folder.leaf(index)).find(|leaf| leaf.text("kind") == "query").unwrap();
        let housing = folder.caller("housing");
        let last = housing.ask(&look_up_under(&folder.person("clean", 0), &new_case())).json();
        let receipts = [first.text("id"), last["query"].as_str().unwrap()].map(|id| format!("/v1/receipts/{id}"));
        assert_eq!(housing.get_when_there(&receipts[1]).status, StatusCode::OK);
        Self { gateway, starts, receipts }
    }

    fn query(&self, count: usize) -> f64 {
        asked(&self.gateway, &[self.gateway.folder().caller("housing")], count)
    }

    /// Microseconds of a receipt, over a connection that is open.
    fn receipt(&self, which: usize, count: usize) -> f64 {
        let housing = self.gateway.folder().caller("housing");
        run(async {
            let mut connection = housing.http1().await.unwrap();
            let mut begun = 0;
            for nr in 0..=count {
                let reply = connection.send(request(Method::GET, &self.receipts[which], &[], "")).await.unwrap();
                assert_eq!(reply.status, StatusCode::OK);
                if nr == 0 {
                    begun = spent(&self.gateway, all);
                }
            }
            (spent(&self.gateway, all) - begun) as f64 / count as f64 / 1_000.0
        })
    }
}

#[test]
fn a_long_log_costs_what_a_thousandth_of_it_does() {
    let (sizes, count, rounds) = if is_full() { ([10_000, long_form()], 400, 5) } else { ([500, 10_000], 20, 2) };
    let both = sizes.map(Log::new);
    let rounds = || 0..rounds;
    let of = |what: &dyn Fn(&Log) -> f64| both.each_ref().map(|log| least(rounds().map(|_| what(log))));
    let held = [
        holds("a query, µs", of(&|log| log.query(count)), 1.2),
        holds("the receipt of the first query, µs", of(&|log| log.receipt(0, count)), 1.2),
        holds("the receipt of the last query, µs", of(&|log| log.receipt(1, count)), 1.2),
    ];
    let [short, long] = both.each_ref().map(|log| least(log.starts.iter().copied()));
    figures(format_args!("a start after a kill: {short:.0} and {long:.0} ms, {:.2} times", long / short));
    assert!(
        long <= if is_measured() { 3_000.0 } else { 30_000.0 },
        "{long:.0} ms until a gateway that was killed is ready again"
    );
    assert_eq!(held, [true; 3], "the long log costs more than it may");
}

/// A store in which so many persons more have a record and an attribute.
fn with_persons(folder: &Folder, persons: u64) {
    let mut store = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    let whole = store.transaction().unwrap();
    for person in 0..persons {
        let number = number(person, false);
        whole
            .prepare_cached(
                "INSERT INTO record (number, class, nr, severity, act, determined) VALUES (?1, 'tax', 1, 'minor', '2026-01-01', '2026-01-02')",
            )
            .and_then(|mut record| record.execute([&number]))
            .unwrap();
        whole
            .prepare_cached("INSERT INTO attribute VALUES (?1, 'credit_amount', '600')")
            .and_then(|mut attribute| attribute.execute([&number]))
            .unwrap();
    }
    whole.commit().unwrap();
}

/// So many departments that are registered more than there were, each with a certificate of its own.
fn with_departments(folder: &Folder, count: usize) {
    let authority = Authority::new("departments");
    authority.take_over(folder, &[], &authority.list(1, &[], 86_400));
    authority.put(folder, &Wish::caller("housing", 1));
    let more: String = (0..count)
        .map(|nr| {
            let name = format!("many-{nr:04}");
            authority.put(folder, &Wish::caller(&name, 1));
            format!(
                "\n[[institution]]\nid = \"{name}\"\nkind = \"housing-department\"\ncertificates = [\"institutions/{name}.pem\"]\nrate_per_s = 2000\nburst = 4000\ndistinct_subjects_a_day = 100000\nlook_ups_a_person_a_day = 100000\n"
            )
        })
        .collect();
    folder.edit_config(|config| config + &more);
}

/// Microseconds of a query where each of these callers asks so often over a connection of its own, after once that is not counted.
fn asked(gateway: &Gateway, callers: &[Caller], times: usize) -> f64 {
    let person = gateway.folder().person("clean", 0);
    let ask = async |connection: &mut Connection| {
        let reply = connection.ask(&look_up_under(&person, &new_case())).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    };
    run(async {
        let mut open = Vec::new();
        for caller in callers {
            let mut connection = caller.http1().await.unwrap();
            ask(&mut connection).await;
            open.push(connection);
        }
        let begun = spent(gateway, all);
        for _ in 0..times {
            for connection in &mut open {
                ask(connection).await;
            }
        }
        (spent(gateway, all) - begun) as f64 / (times * open.len()) as f64 / 1_000.0
    })
}

#[test]
fn many_persons_and_institutions_cost_what_few_do() {
    let (persons, institutions, rounds) =
        if is_full() { ([1_000, 1_000_000], 1_000, 5) } else { ([20, 20_000], 30, 2) };
    let few = persons[0];
    let both = persons.map(|persons| {
        let folder = Folder::new();
        with_persons(&folder, persons);
        with_departments(&folder, if persons == few { 0 } else { institutions });
        let store = fs::metadata(folder.join("data/store.sqlite")).unwrap().len() >> 20;
        let gateway = Gateway::serve(folder);
        figures(format_args!(
            "{persons} persons: a store of {store} MiB, a gateway of {} MiB",
            resident(&gateway) >> 20
        ));
        gateway
    });
    let housing = both.each_ref().map(|gateway| vec![gateway.folder().caller("housing"); institutions]);
    let many: Vec<_> = (0..institutions).map(|nr| both[1].folder().caller(&format!("many-{nr:04}"))).collect();
    let mut each = [f64::MAX; 3];
    for _ in 0..rounds {
        let sides = [(&both[0], &housing[0]), (&both[1], &housing[1]), (&both[1], &many)];
        for ((gateway, callers), least) in sides.into_iter().zip(&mut each) {
            *least = least.min(asked(gateway, callers, 2));
        }
    }
    let held = [
        holds("a query among few persons and many, µs", [each[0], each[1]], 1.3),
        holds("a query of one institution and of many, µs", [each[1], each[2]], 1.1),
    ];
    assert_eq!(held, [true; 2], "many cost more than they may");
}

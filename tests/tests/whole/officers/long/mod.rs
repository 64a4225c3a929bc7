//! A long log: what officers look at first, the overview and a search, costs what it costs in a short one, and institutions do not
//! pay for it.

mod grown;
mod scale;
mod served;

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use credit_tests::{Ends, Folder, Gateway, figures};
use hyper::{Method, StatusCode};

use super::at_door;
use crate::{
    faults::is_full,
    persons::crowd::{ask_all, is_worker, spent},
};
use grown::Query;
use served::{all, grown, long_form, served, until_read};

/// Entries of a page.
const PAGE: usize = 50;

/// A search, and what it is to find.
struct Search {
    conditions: &'static str,
    fits: fn(&Query) -> bool,
    /// The newest leaves that fit.
    newest: VecDeque<u64>,
}

impl Search {
    fn new(conditions: &'static str, fits: fn(&Query) -> bool) -> Self {
        Self { conditions, fits, newest: VecDeque::new() }
    }

    fn see(&mut self, query: &Query) {
        if (self.fits)(query) {
            self.newest.push_front(query.index);
            self.newest.truncate(PAGE);
        }
    }

    fn path(&self) -> String {
        format!("/officers/queries?{}", self.conditions)
    }
}

/// Searches that find much, little, something long ago, and nothing.
fn searches() -> Vec<Search> {
    vec![
        Search::new("", |_| true),
        Search::new("institution=d-03", |one| one.institution == "d-03"),
        Search::new("scenario=employment", |one| one.scenario == "employment"),
        Search::new("outcome=refused", |one| one.code.is_some()),
        Search::new("outcome=subject-minor", |one| one.code == Some("subject-minor")),
        Search::new("institution=d-07&scenario=employment", |one| {
            one.institution == "d-07" && one.scenario == "employment"
        }),
        Search::new("institution=d-05&outcome=subject-minor", |one| {
            one.institution == "d-05" && one.code == Some("subject-minor")
        }),
        Search::new("institution=d-01&operator=s-4&outcome=refused&scenario=commercial-loan", |one| {
            let is_one = one.institution == "d-01" && one.staff == "s-4" && one.scenario == "commercial-loan";
            is_one && one.code.is_some()
        }),
        Search::new("institution=d-01&operator=s-99", |one| one.institution == "d-01" && one.staff == "s-99"),
        Search::new("scenario=talent-housing&outcome=answered&from=2100-01-01", |_| false),
        Search::new("institution=d-02&to=2020-01-01", |_| false),
    ]
}

fn look(folder: &Folder, path: &str) {
    let shown = at_door(folder, "officer").send(Method::GET, path, &[("accept", "text/html")], "");
    assert_eq!(shown.status, StatusCode::OK, "{path}");
}

/// A folder whose log has so many leaves more, and what searches are to find in it.
fn long(leaves: u64) -> (Folder, Vec<Search>) {
    let mut searches = searches();
    let folder = grown(leaves, |query| searches.iter_mut().for_each(|search| search.see(query)));
    (folder, searches)
}

/// Microseconds on a processor for each of so many.
fn micros(gateway: &Gateway, wanted: fn(&str) -> bool, count: usize, work: impl FnOnce()) -> f64 {
    let begun = spent(gateway, wanted);
    work();
    (spent(gateway, wanted) - begun) as f64 / count as f64 / 1_000.0
}

/// What queries cost alone, and beside an officer who looks at one page after the other.
fn alone_and_beside(gateway: &Gateway, paths: &[String], (round, queries): (usize, usize)) -> (f64, f64) {
    let folder = gateway.folder();
    let (housing, person) = (folder.caller("housing"), folder.person("clean", 0));
    let ask = |when: &str| ask_all(&housing, &person, queries, &format!("{when}{round}"));
    let alone = micros(gateway, is_worker, queries, || ask("a"));
    let done = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        let _ends = Ends(&done);
        scope.spawn(|| {
            for path in paths.iter().cycle() {
                if done.load(Ordering::SeqCst) {
                    return;
                }
                look(folder, path);
            }
        });
        micros(gateway, is_worker, queries, || ask("b"))
    });
    (alone, beside)
}

#[test]
fn overview_and_search_cost_little_in_a_long_log_and_institutions_do_not_pay_for_it() {
    let (leaves, queries, looks, rounds) = if is_full() { (long_form(), 400, 20, 5) } else { (20_000, 20, 2, 1) };
    let (folder, searches) = long(leaves);
    let gateway = served(folder);
    until_read(&gateway, leaves);
    let folder = gateway.folder();
    for search in &searches {
        let found = at_door(folder, "officer").get(&search.path()).json();
        let found: VecDeque<_> =
            found["queries"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()).collect();
        assert_eq!(found, search.newest, "{}", search.conditions);
    }
    let paths: Vec<_> = std::iter::once("/officers".to_owned()).chain(searches.iter().map(Search::path)).collect();
    // What else the machine does makes single figures larger, never smaller: the least of a few is meant.
    let (mut query, mut pages, mut alone, mut beside) = (f64::MAX, vec![f64::MAX; paths.len()], f64::MAX, f64::MAX);
    for round in 0..rounds {
        let (housing, person) = (folder.caller("housing"), folder.person("clean", 0));
        let ask = || ask_all(&housing, &person, queries, &format!("q{round}"));
        query = query.min(micros(&gateway, all, queries, ask));
        for (path, page) in paths.iter().zip(&mut pages) {
            *page = page.min(micros(&gateway, all, looks, || (0..looks).for_each(|_| look(folder, path))));
        }
        let (of_round, beside_of_round) = alone_and_beside(&gateway, &paths, (round, queries));
        (alone, beside) = (alone.min(of_round), beside.min(beside_of_round));
    }
    for (path, page) in paths.iter().zip(&pages) {
        figures(format_args!("{page:>8.0} µs, {:>5.1} times a query of {query:.0} µs: {path}", page / query));
    }
    let more = 100.0 * (beside / alone - 1.0);
    figures(format_args!("workers' time a query {alone:.0} µs alone, {beside:.0} µs beside an officer ({more:+.1} %)"));
    // The bounds are meant for what users run, which `CREDIT_BINARIES` names, and for a long log.
    let is_optimised = std::env::var_os("CREDIT_BINARIES").is_some();
    let times = if is_full() && is_optimised { 20.0 } else { 200.0 };
    for (path, page) in paths.iter().zip(&pages) {
        assert!(*page <= times * query, "{path}: {page:.0} µs, a query {query:.0} µs");
    }
    if is_full() {
        let most = if is_optimised { 1.05 } else { 1.25 };
        assert!(beside <= most * alone, "{beside:.0} µs a query beside an officer, {alone:.0} µs alone");
    }
}

//! A seeded schedule of faults under load: gateways killed, the database and its standby away, networks cut.
//!
//! Failures: an acknowledged use or withdrawal that is in no log, a consent of one use that was answered twice, an answer after a
//! withdrawal, books that do not say what the logs say, something that stays reserved. No failures: a refusal while something is
//! away, and a use that is on the record although nobody was told. Which query meets which fault is not determined by the seed.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use credit_tests::{
    Caller, Ends, Folder, Gateway, figures,
    postgres::{READER, Server, Sql},
    query::look_up,
    relay::Relay,
    request, run,
};
use hyper::Method;
use serde_json::json;

use super::{TIME, answered, are_right, are_settled, callers, database_of, made, of_ten_uses, started, stopped, tried};
use crate::{
    consents::{bearer, loan, new_jti, of_one_use},
    directories::Directory,
    faults::{is_full, within},
};

const GATEWAYS: usize = 3;

/// Numbers that follow from a seed (SplitMix64).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % limit
    }

    pub(super) fn millis(&mut self, limit: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.below(limit)).unwrap())
    }
}

/// Everything that may be lost, but for the logs.
struct Site {
    primary: Server,
    standby: Server,
    relays: Vec<Relay>,
    gateways: Vec<Gateway>,
}

impl Site {
    fn new(directory: &Directory) -> Self {
        let primary = Server::start();
        drop(primary.sql("postgres", &format!("GRANT pg_read_all_stats TO {READER}")).held());
        let standby = primary.standby();
        let relays = RefCell::new(Vec::new());
        let gateways = made(&[&primary], GATEWAYS, |folder: &Folder| {
            directory.lists(folder);
            let relay = Relay::to(primary.port());
            folder.replace_in_config("standby = \"none\"", "timeout_ms = 500");
            folder
                .replace_in_config(&format!("127.0.0.1:{}/", primary.port()), &format!("127.0.0.1:{}/", relay.port()));
            relays.borrow_mut().push(relay);
        });
        Self { primary, standby, relays: relays.into_inner(), gateways }
    }

    /// One fault, and its end.
    fn fault(&mut self, numbers: &mut Numbers) {
        let (of, time) = (numbers.below(GATEWAYS), numbers.millis(1_200));
        let sleep = || std::thread::sleep(time);
        match numbers.below(6) {
            0 => {
                let folder = self.gateways.remove(of).kill();
                sleep();
                self.gateways.insert(of, started(folder));
            }
            1 => {
                self.primary.stop();
                sleep();
                self.primary.run();
            }
            2 => {
                self.primary.crash();
                self.primary.run();
            }
            3 => {
                self.standby.stop();
                sleep();
                self.standby.run();
            }
            way => {
                let relay = &self.relays[of];
                if way == 4 {
                    relay.cut()
                } else {
                    relay.cut_answers()
                }
                sleep();
                relay.pass();
            }
        }
    }
}

/// What callers did, and what they were told.
#[derive(Default)]
pub(super) struct Told {
    /// Consents of one use that were answered, and how often.
    pub(super) used: Mutex<BTreeMap<String, usize>>,
    /// Consents of ten uses of which it was said that they are withdrawn.
    withdrawn: Mutex<Vec<String>>,
    asked: AtomicUsize,
    late: AtomicUsize,
}

impl Told {
    /// What was told is in the logs, once, and the books say what the logs say; how often it was asked and how many uses were told.
    pub(super) fn hold(self, server: &impl Sql, gateways: Vec<Gateway>, directory: &Directory) -> (usize, usize) {
        let database = database_of(gateways[0].folder());
        are_settled(server, &database);
        let folders = stopped(gateways);
        are_right(server, &database, &folders);
        let (leaves, used) = (answered(&folders), self.used.into_inner().unwrap());
        for (token, times) in &used {
            let signed = token.split('~').next().unwrap();
            let on_record = leaves.iter().filter(|leaf| leaf.json["ground"]["consent"] == signed).count();
            assert_eq!((*times, on_record), (1, 1), "told, and on record");
        }
        let recorded = folders.iter().flat_map(Folder::leaves).filter(|leaf| leaf.text("kind") == "revocation").count();
        assert!(recorded >= self.withdrawn.into_inner().unwrap().len(), "a withdrawal is lost");
        assert_eq!(self.late.into_inner(), 0, "answered after a withdrawal");
        directory.holds(&folders);
        (self.asked.into_inner(), used.len())
    }

    /// Uses a consent of one use, at several gateways.
    fn use_one(&self, banks: &[Caller], folder: &Folder, numbers: &mut Numbers) {
        let token = of_one_use(folder, &new_jti(), &folder.person("clean", numbers.below(6)));
        let bearer = bearer(&token);
        for _ in 0..3 {
            let reply = tried(&banks[numbers.below(GATEWAYS)], &loan(), &[("authorization", &bearer)]);
            self.asked.fetch_add(1, Ordering::SeqCst);
            if reply.is_some_and(|reply| reply.status == 200) {
                *self.used.lock().unwrap().entry(token.clone()).or_insert(0) += 1;
            }
        }
    }

    /// Withdraws a consent somewhere, and asks on it everywhere once it must hold.
    fn withdraw_one(&self, authority: &Caller, banks: &[Caller], folder: &Folder, numbers: &mut Numbers) {
        let jti = new_jti();
        let token = of_ten_uses(folder, &jti, &folder.person("clean", numbers.below(6)));
        let bearer = bearer(&token);
        let headers = [("content-type", "application/json")];
        let asked = request(Method::POST, "/v1/revocations", &headers, json!({"jti": jti}).to_string());
        let told = run(async { authority.http1().await.ok()?.send(asked).await.ok() });
        if told.is_none_or(|told| told.status != 200) {
            return;
        }
        let since = Instant::now();
        self.withdrawn.lock().unwrap().push(token);
        std::thread::sleep(Duration::from_millis(1_050).saturating_sub(since.elapsed()));
        let asks = banks.iter().filter_map(|bank| tried(bank, &loan(), &[("authorization", &bearer)]));
        self.late.fetch_add(asks.filter(|reply| reply.status == 200).count(), Ordering::SeqCst);
    }
}

/// Load on a site while faults come and go; everything is whole again when it ends.
fn endure(site: &mut Site, numbers: &mut Numbers, faults: usize, told: &Told) {
    let gateways = (callers(&site.gateways, "bank"), callers(&site.gateways, "authority"));
    under_load(&gateways, told, || (0..faults).for_each(|_| site.fault(numbers)));
    come_back(&site.gateways);
}

/// They answer, all of them.
pub(super) fn come_back(gateways: &[Gateway]) {
    let number = gateways[0].folder().person("clean", 0);
    for (nr, housing) in (0..).zip(callers(gateways, "housing")) {
        let mut last = None;
        let answers = || {
            last = tried(&housing, &look_up(&number), &[]).map(|reply| (reply.status, reply.code()));
            last.as_ref().is_some_and(|(status, _)| *status == 200)
        };
        if !within(3 * TIME, answers) {
            let said = gateways[nr].err().text();
            let lines: Vec<_> = said.lines().rev().take(40).collect();
            panic!("gateway {nr} does not come back: {last:?}; it said, newest first: {lines:#?}");
        }
    }
}

/// Load on gateways, of banks and of authorities, while something is done.
pub(super) fn under_load((banks, authorities): &(Vec<Caller>, Vec<Caller>), told: &Told, done: impl FnOnce()) {
    // Who is asked here is known everywhere: all folders have the same keys and people.
    let issuer = Folder::new();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&is_over);
        for nr in 0..4 {
            let (issuer, is_over) = (&issuer, &is_over);
            let mut numbers = Numbers(nr);
            scope.spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    match nr {
                        0 => {
                            let at = numbers.below(GATEWAYS);
                            told.withdraw_one(&authorities[at], banks, issuer, &mut numbers);
                        }
                        _ => told.use_one(banks, issuer, &mut numbers),
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        done();
        drop(ends);
    });
}

#[test]
fn through_a_schedule_of_faults_nothing_acknowledged_is_lost_and_nothing_is_told_twice() {
    let (seeds, faults) = if is_full() { (10, 30) } else { (1, 6) };
    let (mut asked, mut used) = (0, 0);
    // The first six of this one are of all kinds.
    for seed in (51..).take(seeds) {
        let directory = Directory::init();
        let (mut site, mut numbers, told) = (Site::new(&directory), Numbers(seed), Told::default());
        endure(&mut site, &mut numbers, faults, &told);
        let of_seed = told.hold(&site.primary, site.gateways, &directory);
        (asked, used) = (asked + of_seed.0, used + of_seed.1);
    }
    figures(format_args!("{asked} queries through {} faults: {used} uses told, all there once", seeds * faults));
}

//! A site as it is run: three gateways, three servers of PostgreSQL under Patroni with a synchronous standby, Redis, and networks
//! that can be cut. Whatever is lost of it, a use is told once and nothing that was told is lost.
//!
//! Failures and what is none stand in [`schedule`](super::schedule); which query meets which fault is not determined by the seed.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use credit_tests::{
    Caller, Folder, Gateway, Program, figures,
    patroni::{LOCK, Patroni},
    query::look_up,
    relay::Relay,
    s3::ObjectStore,
};

use super::{
    TIME, answered_in, ask_at_once,
    balanced::{answers_balancer, balancer},
    callers, counts_in, database, made_of,
    rates::Redis,
    schedule::{Numbers, Told, come_back, under_load},
    started, stopped, tried,
};
use crate::{
    consents::{ask, bearer, loan, new_jti, of_one_use},
    directories::Directory,
    faults::{is_drill, within},
    objects::names as keeps_objects,
};

const GATEWAYS: usize = 3;

/// Everything that may be lost, but for the logs.
struct Site {
    servers: Patroni,
    redis: Redis,
    /// Between a gateway and each server.
    relays: Vec<Vec<Relay>>,
    gateways: Vec<Gateway>,
    balancer: (Program, u16),
}

/// What may happen to it.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// A gateway's process, or its network.
    Gateway,
    Network,
    /// The server that takes writes: another takes over as asked, its process dies, or its machine is gone.
    Switch,
    Server,
    Machine,
    /// That of rates.
    Rates,
}

impl Site {
    fn new(directory: &Directory) -> Self {
        let (servers, redis) = (Patroni::start(3), Redis::start());
        let (database, relays) = (database(&servers), RefCell::new(Vec::new()));
        let member = |name: &str| {
            let folder = Folder::new();
            servers.lets_in(&folder);
            let own: Vec<_> = servers.ports().into_iter().map(Relay::to).collect();
            let folder = counts_in(folder, own.iter().map(Relay::port), &database, name);
            relays.borrow_mut().push(own);
            folder
        };
        let gateways = made_of(GATEWAYS, member, |folder| {
            directory.lists(folder);
            folder.replace_in_config("standby = \"none\"", "timeout_ms = 500");
            redis.serves(folder);
            answers_balancer(folder);
            keeps_objects(folder, &ObjectStore::shared().url(), "");
        });
        let balancer = balancer(&gateways);
        Self { servers, redis, relays: relays.into_inner(), gateways, balancer }
    }

    /// One loss, and its end.
    fn lose(&mut self, loss: Loss, numbers: &mut Numbers) {
        let (of, time) = (numbers.below(GATEWAYS), numbers.millis(1_500));
        let sleep = || std::thread::sleep(time);
        match loss {
            Loss::Gateway => {
                let folder = self.gateways.remove(of).kill();
                sleep();
                self.gateways.insert(of, started(folder));
            }
            Loss::Network => {
                let cut: fn(&Relay) = if numbers.below(2) == 0 { Relay::cut } else { Relay::cut_answers };
                self.relays[of].iter().for_each(cut);
                sleep();
                self.relays[of].iter().for_each(Relay::pass);
            }
            Loss::Switch => self.servers.switch_over(),
            Loss::Server => self.with_leader(Patroni::kill_server),
            Loss::Machine => {
                self.with_leader(|servers, leader| {
                    servers.kill_node(leader);
                    let others = || servers.leader().is_some_and(|now| now != leader);
                    assert!(within(3 * LOCK, others), "nobody takes over");
                    servers.run_node(leader);
                });
            }
            Loss::Rates => {
                self.redis.stop();
                sleep();
                self.redis.run();
            }
        }
        self.servers.is_whole();
    }

    fn with_leader(&self, done: impl Fn(&Patroni, usize)) {
        if let Some(leader) = self.servers.leader() {
            done(&self.servers, leader);
        }
    }

    /// How long nobody is answered from something on that is done to the server that takes writes.
    fn refuses_for(&self, done: impl FnOnce(&Patroni)) -> Duration {
        let (housing, number) = (callers(&self.gateways, "housing"), self.gateways[0].folder().person("clean", 0));
        let is_answered = || housing.iter().all(|housing| housing.ask(&look_up(&number)).status == 200);
        assert!(within(TIME, is_answered));
        done(&self.servers);
        let (began, mut refused) = (Instant::now(), None);
        // Until all were answered for a while after a refusal, or none came for as long as a lock may hide that its holder is gone.
        loop {
            if !is_answered() {
                refused = Some(Instant::now());
            }
            let since = refused.unwrap_or(began).elapsed();
            if since > LOCK || (refused.is_some() && since > Duration::from_secs(3)) {
                return refused.map_or(Duration::ZERO, |at| at - began);
            }
            assert!(began.elapsed() < 6 * LOCK, "it does not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Many at once on a consent of one use, spread over all gateways, while something is lost: told at most once, and used exactly
/// once when all is whole again.
fn round(site: &mut Site, at_once: usize, loss: Option<Loss>, numbers: &mut Numbers) -> String {
    let folder = site.gateways[0].folder();
    let token = of_one_use(folder, &new_jti(), &folder.person("clean", numbers.below(6)));
    let banks = callers(&site.gateways, "bank");
    let told = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let body = |_| (loan(), vec![("authorization".to_owned(), bearer(&token))]);
            ask_at_once(&banks, at_once, body).iter().filter(|(_, reply)| reply.status == 200).count()
        });
        if let Some(loss) = loss {
            std::thread::sleep(numbers.millis(60));
            site.lose(loss, numbers);
        }
        asking.join().unwrap()
    });
    assert!(told <= 1, "told {told} times, {loss:?}");
    come_back(&site.gateways);
    let banks = callers(&site.gateways, "bank");
    // Whoever was told nothing may use it still; what is on the record is used, whether or not somebody was told.
    let is_used = || banks.iter().any(|bank| ask(bank, &token).code() == "consent-used-up");
    assert!(within(TIME, is_used), "it is neither used nor usable, {loss:?}");
    token
}

#[test]
fn comes_up_and_its_balancer_passes_queries_to_all() {
    let directory = Directory::init();
    let site = Site::new(&directory);
    let (first, port) = (site.gateways[0].folder(), site.balancer.1);
    let (housing, number) = (Caller::of(first.path(), "housing", port), first.person("clean", 0));
    let is_answered = || tried(&housing, &look_up(&number), &[]).is_some_and(|reply| reply.status == 200);
    assert!(within(TIME, is_answered), "the balancer passes nothing");
    if std::env::var("CREDIT_CLUSTER").is_ok_and(|what| what == "up") {
        stays_up(&site);
    }
    let each =
        |site: &Site| site.gateways.iter().all(|gateway| !answered_in(std::iter::once(gateway.folder())).is_empty());
    assert!(within(TIME, || is_answered() && each(&site)), "one of them is left out");
    let Site { servers, gateways, .. } = site;
    directory.holds(&stopped(gateways));
    drop(servers);
}

/// Says where everything listens, and waits for Ctrl-C.
fn stays_up(site: &Site) {
    let Site { servers, gateways, balancer: (_, port), .. } = site;
    let folder = gateways[0].folder().path().display();
    figures(format_args!("haproxy: https://127.0.0.1:{port}; PostgreSQL: {:?}", servers.ports()));
    for gateway in gateways {
        let base = gateway.folder().port_base();
        figures(format_args!("a gateway: https://127.0.0.1:{base}, readiness http://127.0.0.1:{}/readyz", base + 4));
    }
    figures(format_args!(
        "ask: curl --cacert {folder}/ca.pem --cert {folder}/institutions/housing.pem --key {folder}/institutions/housing.key \
         https://127.0.0.1:{port}/v1/queries -H 'content-type: application/json' -d '{}'\nCtrl-C takes it down",
        look_up(&gateways[0].folder().person("clean", 0))
    ));
    loop {
        std::thread::park();
    }
}

#[test]
fn whatever_is_lost_of_it_a_consent_of_one_use_is_used_once_and_nothing_told_is_lost() {
    let (rounds, at_once, load) =
        if is_drill() { (100, 200, Duration::from_secs(600)) } else { (4, 40, Duration::ZERO) };
    let losses = [Loss::Switch, Loss::Gateway, Loss::Network, Loss::Server, Loss::Rates, Loss::Machine];
    let directory = Directory::init();
    let (mut site, mut numbers, told) = (Site::new(&directory), Numbers(15), Told::default());
    // The first four need not wait for a lock to end; one of seven has no loss.
    let mut tokens = Vec::new();
    for nr in 0..rounds {
        tokens.push(round(&mut site, at_once, losses.get(nr % 7).copied(), &mut numbers));
        if nr % 10 == 9 {
            figures(format_args!("{} of {rounds} rounds", nr + 1));
        }
    }
    let gateways = (callers(&site.gateways, "bank"), callers(&site.gateways, "authority"));
    let (began, mut faults) = (Instant::now(), 0);
    under_load(&gateways, &told, || {
        while faults == 0 || began.elapsed() < load {
            let loss = losses[numbers.below(if is_drill() { losses.len() } else { 3 })];
            site.lose(loss, &mut numbers);
            come_back(&site.gateways);
            faults += 1;
            if faults % 10 == 0 {
                figures(format_args!("{faults} losses in {} of {} s", began.elapsed().as_secs(), load.as_secs()));
            }
        }
    });
    come_back(&site.gateways);
    told.used.lock().unwrap().extend(tokens.into_iter().map(|token| (token, 1)));
    let Site { servers, gateways, .. } = site;
    let (asked, used) = told.hold(&servers, gateways, &directory);
    figures(format_args!(
        "{rounds} consents of one use, {at_once} at once over three gateways while something is lost; then {asked} queries through \
         {faults} losses: {used} uses, all there once"
    ));
}

#[test]
fn a_killed_leader_and_a_switch_are_over_soon() {
    let directory = Directory::init();
    let site = Site::new(&directory);
    let switch = site.refuses_for(Patroni::switch_over);
    site.servers.is_whole();
    let dies = site.refuses_for(|servers| servers.kill_server(servers.leader().unwrap()));
    site.servers.is_whole();
    let mut killed = None;
    if is_drill() {
        let leader = site.servers.leader().unwrap();
        killed = Some(site.refuses_for(|servers| servers.kill_node(leader)));
        site.servers.run_node(leader);
        site.servers.is_whole();
    }
    figures(format_args!(
        "refused for {switch:.1?} at a switch, {dies:.1?} after the server died, {killed:.1?} after its machine was gone"
    ));
    // On a machine that does something else beside.
    assert!(switch < Duration::from_secs(20) && dies < Duration::from_secs(60), "{switch:?} {dies:?}");
    assert!(killed.is_none_or(|killed| killed < Duration::from_secs(90)), "{killed:?}");
    let Site { gateways, .. } = site;
    directory.holds(&stopped(gateways));
}

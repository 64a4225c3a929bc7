//! The gateway beside a bare nginx, both with mutual TLS and on one core, in one run; `tests/load` builds and starts it.
//! Compared is processor time a request first, since machines are shared and noisy.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

mod caller;
mod figures;
mod peer;
mod profile;
mod questions;
mod servers;

use std::{env, time::Duration};

use credit_tests::{Folder, Gateway, copies::Keeper, postgres};
use serde_json::{Map, Value, json};

use caller::{at_a_rate, batch, handshakes, idle, one_after_the_other};
use figures::{Round, commits as commits_of, fdatasync, median};
use peer::Peer;
use questions::Questions;
use servers::{Nginx, Side, Upstream, gateway, together};

/// Requests of a round, to each side.
const MUST_CHECKS: usize = 30_000;
const CONSENTS: usize = 10_000;
const HANDSHAKES: usize = 1_000;
const LINES: usize = 20_000;
/// Requests of a round in which latency is measured, and how many of them a second.
const AT_RATE: usize = 8_000;
const RATE: u32 = 1_000;
/// Connections then.
const FEW: usize = 32;
const MANY: usize = 128;

/// Connections that are open and idle.
const IDLE: usize = 10_000;

/// What is measured where nothing is named, in this order.
const RATIOS: [&str; 12] = [
    "must_check",
    "consent",
    "durable",
    "p99",
    "handshake",
    "batch",
    "route",
    "postgres",
    "copies",
    "shared",
    "three",
    "memory",
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(("peer", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return peer::serve(rest);
    }
    let upstream = Upstream::start();
    let folder = Folder::new();
    servers::put_route(&folder, &upstream);
    let disk = gateway(folder, None);
    if arguments.first().is_some_and(|first| first == "profile") {
        let side = Side::gateway("gateway", &disk);
        return profile::profile(&disk, &side, &mut Questions::of(disk.folder()));
    }
    let rounds = arguments.first().map_or(3, |text| text.parse().expect("how many rounds"));
    let named: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let wanted = if named.is_empty() { RATIOS.to_vec() } else { named };
    let nginx = Nginx::start(disk.folder(), &upstream);
    let mut load = Load::new(rounds, &disk, &nginx);
    for name in wanted {
        load.measure(name, &disk);
    }
    println!("{}", Value::Object(load.ratios));
}

struct Load {
    rounds: usize,
    questions: Questions,
    bare: Side,
    ours: Side,
    /// Microseconds of a must-check at many connections.
    must_check: f64,
    ratios: Map<String, Value>,
}

impl Load {
    fn new(rounds: usize, disk: &Gateway, nginx: &Nginx) -> Self {
        let (ours, bare) = (Side::gateway("gateway", disk), nginx.side(disk.folder()));
        let mut load =
            Self { rounds, questions: Questions::of(disk.folder()), bare, ours, must_check: 0.0, ratios: Map::new() };
        for side in [load.bare.clone(), load.ours.clone()] {
            load.warm(&side);
        }
        load
    }

    /// Not counted: connections to stores, tables that grow.
    fn warm(&mut self, side: &Side) {
        println!("{}: process ids {:?}, {} KiB at the start", side.name, side.pids, side.resident_kib());
        drop(one_after_the_other(side, MANY, self.questions.must_checks(2_000)));
    }

    fn measure(&mut self, name: &str, disk: &Gateway) {
        match name {
            "must_check" => {
                self.compare(name, MANY, |questions| questions.must_checks(MUST_CHECKS));
                self.compare(name, FEW, |questions| questions.must_checks(MUST_CHECKS));
            }
            "consent" => {
                self.compare(name, MANY, |questions| questions.consents(CONSENTS));
                self.compare(name, FEW, |questions| questions.consents(CONSENTS));
            }
            "route" => self.compare(name, MANY, |questions| questions.routed(MUST_CHECKS)),
            "durable" => self.durable(),
            "p99" => self.latency(disk),
            "handshake" => self.handshakes(),
            "batch" => self.batch(),
            "postgres" => self.postgres(),
            "copies" => self.copies(),
            "shared" => self.shared(),
            "three" => self.three(),
            "memory" => self.memory(),
            _ => panic!("`{name}` is none of {RATIOS:?}"),
        }
    }

    fn ratio(&mut self, name: &str, ratio: f64) {
        self.ratios.insert(name.to_owned(), json!((ratio * 100.0).round() / 100.0));
    }

    /// Processor time a request of the gateway, and of nginx.
    fn compare(&mut self, what: &str, connections: usize, questions: impl Fn(&mut Questions) -> Vec<Vec<u8>>) {
        let sides = [self.bare.clone(), self.ours.clone()];
        let [bare, ours] = self.side_by_side(what, connections, &sides, questions);
        if (what, connections) == ("must_check", MANY) {
            self.must_check = ours;
        }
        let name = if connections == MANY { what.to_owned() } else { format!("{what}_{connections}") };
        self.ratio(&name, ours / bare);
    }

    /// Microseconds a request of each side, the same requests in turn.
    fn side_by_side(
        &mut self,
        what: &str,
        connections: usize,
        sides: &[Side; 2],
        questions: impl Fn(&mut Questions) -> Vec<Vec<u8>>,
    ) -> [f64; 2] {
        let mut each = [Vec::new(), Vec::new()];
        for _ in 0..self.rounds {
            let asked = questions(&mut self.questions);
            for (side, times) in sides.iter().zip(&mut each) {
                times.push(one_after_the_other(side, connections, asked.clone()).shown(what, connections).cpu_us());
            }
        }
        each.map(median)
    }

    /// Look-ups in a PostgreSQL database, through the gateway and through as little as can be.
    fn postgres(&mut self) {
        let (server, folder) = (postgres::Server::start(), Folder::new());
        let database = server.seeded(&folder);
        server.serve_from(&folder, &database);
        let gateway = gateway(folder, None);
        let (folder, own) = (gateway.folder(), Questions::of(gateway.folder()));
        let peer = Peer::start(folder, &server, &database);
        let sides = [peer.side(folder), Side::gateway("gateway before PostgreSQL", &gateway)];
        let before = std::mem::replace(&mut self.questions, own);
        for side in &sides {
            self.warm(side);
        }
        let [bare, ours] =
            self.side_by_side("postgres", MANY, &sides, |questions| questions.must_checks(MUST_CHECKS / 2));
        self.questions = before;
        self.ratio("postgres", ours / bare);
    }

    /// A gateway whose log another process keeps a second copy of, on the other core and the same disk, beside one without: its own
    /// time, and how much longer the slowest of a hundred takes.
    fn copies(&mut self) {
        let (keeper, folder) = (Keeper::start(), Folder::new());
        keeper.copies(&folder, keeper.port);
        let gateway = gateway(folder, None);
        let sides = [self.ours.clone(), Side::gateway("gateway, second copy", &gateway)];
        self.warm(&sides[1]);
        let [alone, copied] =
            self.side_by_side("copies", MANY, &sides, |questions| questions.must_checks(MUST_CHECKS / 2));
        self.ratio("copies", copied / alone);
        let mut slow = [Vec::new(), Vec::new()];
        for _ in 0..self.rounds {
            let asked = self.questions.must_checks(AT_RATE);
            for (side, times) in sides.iter().zip(&mut slow) {
                let round = at_a_rate(side, FEW, RATE, asked.clone()).shown("copies_p99", FEW);
                times.push(round.percentile(99.0).as_secs_f64());
            }
        }
        let [alone, copied] = slow.map(median);
        self.ratio("copies_p99", copied / alone);
    }

    /// A gateway that counts in PostgreSQL with a synchronous standby, beside one that counts in its memory: its own time, not that
    /// of the servers; and how much longer the slowest of a hundred takes, beside that of a commit.
    fn shared(&mut self) {
        let server = postgres::Server::durable();
        let _standby = server.standby();
        let gateways = together(&server, 1);
        let sides = [self.ours.clone(), Side::gateway("gateway, shared state", &gateways[0])];
        self.warm(&sides[1]);
        for (name, count) in [("shared", MUST_CHECKS / 2), ("shared_consent", CONSENTS)] {
            let asked = |questions: &mut Questions| match name {
                "shared" => questions.must_checks(count),
                _ => questions.consents(count),
            };
            let [alone, shared] = self.side_by_side(name, MANY, &sides, asked);
            self.ratio(name, shared / alone);
        }
        let (mut added, mut commits) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let asked = self.questions.must_checks(AT_RATE);
            let [alone, shared] = sides.each_ref().map(|side| {
                let round = at_a_rate(side, FEW, RATE, asked.clone()).shown("shared_p99", FEW);
                round.percentile(99.0).as_secs_f64()
            });
            let commit = commits_of(&server);
            println!("a synchronous commit: p50 {:?}, p99 {:?}", commit.percentile(50.0), commit.percentile(99.0));
            added.push((shared - alone).max(0.0));
            commits.push(commit.percentile(99.0).as_secs_f64());
        }
        self.ratio("shared_p99_of_limit", median(added) / (1.5 * median(commits)));
    }

    /// Processor time of gateways and servers together: of three that count together, and of one; each gateway has as many connections.
    fn three(&mut self) {
        let names = ["one gateway and its servers", "three gateways and their servers"];
        let started = [1, 3].map(|count| {
            let server = postgres::Server::durable();
            let standby = server.standby();
            (together(&server, count), server, standby)
        });
        let mut each = [Vec::new(), Vec::new()];
        for round in 0..=self.rounds {
            let asked = self.questions.must_checks(MUST_CHECKS / 2);
            for (((gateways, server, standby), name), times) in started.iter().zip(names).zip(&mut each) {
                // Connections of the servers come and go: whose processes they are is asked each time.
                let side = Side::of(name, gateways, [server.processes(), standby.processes()].concat());
                let connections = MANY * gateways.len();
                let time = one_after_the_other(&side, connections, asked.clone()).shown("three", connections).cpu_us();
                // The first one warms them.
                times.extend((round > 0).then_some(time));
            }
        }
        let [one, three] = each.map(median);
        self.ratio("three", three / one);
    }

    /// Requests a second, the log on disk and in memory.
    fn durable(&mut self) {
        let (mut disk, mut memory) = (Vec::new(), Vec::new());
        let gateway = gateway(Folder::new(), Some("/dev/shm"));
        let in_memory = Side::gateway("gateway, log in memory", &gateway);
        self.warm(&in_memory);
        for _ in 0..self.rounds {
            for (side, rates) in [(&self.ours, &mut disk), (&in_memory, &mut memory)] {
                let asked = self.questions.must_checks(MUST_CHECKS);
                rates.push(one_after_the_other(side, MANY, asked).shown("durable", MANY).per_second());
            }
        }
        self.ratio("durable", median(disk) / median(memory));
    }

    /// MiB of a gateway that was just started, of one with many connections on which nobody asked yet, and with as many that had an
    /// answer: all that is resident, and of it what is its own and no part of a file, as the program is.
    fn memory(&mut self) {
        const REST: Duration = Duration::from_secs(6);
        for asks in [false, true] {
            let gateway = gateway(Folder::new(), None);
            let side = Side::gateway("gateway, idle connections", &gateway);
            std::thread::sleep(REST);
            let mut questions = Questions::of(gateway.folder());
            let requests = if asks { questions.must_checks(IDLE) } else { Vec::new() };
            if !asks {
                self.held("start", &side);
            }
            idle(&side, IDLE, &requests, || {
                std::thread::sleep(REST);
                self.held(if asks { "answered" } else { "connections" }, &side);
            });
        }
    }

    fn held(&mut self, when: &str, side: &Side) {
        for (what, kib) in [("resident", side.resident_kib()), ("own", side.own_kib())] {
            self.ratio(&format!("memory_{when}_{what}"), kib as f64 / 1_024.0);
        }
    }

    /// The slowest of a hundred at a fixed rate.
    fn latency(&mut self, disk: &Gateway) {
        let (mut ours, mut bare, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let asked = self.questions.must_checks(AT_RATE);
            let slow = |round: Round| round.shown("p99", FEW).percentile(99.0);
            bare.push(slow(at_a_rate(&self.bare, FEW, RATE, asked.clone())));
            ours.push(slow(at_a_rate(&self.ours, FEW, RATE, asked)));
            let sync = fdatasync(&disk.folder().join("data"));
            println!("fdatasync: p50 {:?}, p99 {:?}", sync.percentile(50.0), sync.percentile(99.0));
            syncs.push(sync.percentile(99.0));
        }
        let [ours, bare, sync] =
            [ours, bare, syncs].map(|times| median(times.iter().map(Duration::as_secs_f64).collect()));
        self.ratio("p99", ours / bare);
        // At most 1 where it is within nginx's and twice that of one fdatasync.
        self.ratio("p99_of_limit", ours / (bare + 2.0 * sync));
    }

    fn handshakes(&mut self) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            bare.push(handshakes(&self.bare, HANDSHAKES).shown("handshake", 8).cpu_us());
            ours.push(handshakes(&self.ours, HANDSHAKES).shown("handshake", 8).cpu_us());
        }
        self.ratio("handshake", median(ours) / median(bare));
    }

    /// Processor time a line of a batch, and a single query.
    fn batch(&mut self) {
        if self.must_check == 0.0 {
            self.compare("must_check", MANY, |questions| questions.must_checks(MUST_CHECKS));
        }
        let rest = self.ours.resident_kib();
        let lines = (0..self.rounds).map(|_| {
            let lines = self.questions.lines(LINES);
            batch(&self.ours, lines, LINES).shown("batch", 1).cpu_us()
        });
        let line = median(lines.collect());
        println!("batch: {rest} KiB before, {} KiB at most", self.ours.most_kib());
        self.ratio("batch", line / self.must_check);
    }
}

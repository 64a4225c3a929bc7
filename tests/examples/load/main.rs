//! The gateway beside a bare nginx, both with mutual TLS and on one core, in one run; `tests/load` builds and starts it.
//! Compared is processor time a request first, since machines are shared and noisy.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

mod caller;
mod figures;
mod profile;
mod questions;
mod servers;

use std::{env, time::Duration};

use credit_tests::{Folder, Gateway};
use serde_json::{Map, Value, json};

use caller::{at_a_rate, batch, handshakes, one_after_the_other};
use figures::{Round, fdatasync, median};
use questions::Questions;
use servers::{Nginx, Side, gateway};

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

fn main() {
    let disk = gateway(Folder::new(), None);
    let argument = env::args().nth(1);
    if argument.as_deref() == Some("profile") {
        let side = Side::gateway("gateway", &disk);
        return profile::profile(&disk, &side, &mut Questions::of(disk.folder()));
    }
    let rounds = argument.map_or(3, |text| text.parse().expect("how many rounds"));
    let memory = gateway(Folder::new(), Some("/dev/shm"));
    let nginx = Nginx::start(disk.folder());
    let mut load = Load::new(rounds, &disk, &memory, &nginx);
    for connections in [128, 32] {
        load.compare("must_check", connections, |questions| questions.must_checks(MUST_CHECKS));
    }
    for connections in [128, 32] {
        load.compare("consent", connections, |questions| questions.consents(CONSENTS));
    }
    load.durable();
    load.latency(&disk);
    load.handshakes();
    load.batch();
    println!("{}", Value::Object(load.ratios));
}

struct Load {
    rounds: usize,
    questions: Questions,
    bare: Side,
    ours: Side,
    in_memory: Side,
    /// Microseconds of a must-check at 128 connections.
    must_check: f64,
    ratios: Map<String, Value>,
}

impl Load {
    fn new(rounds: usize, disk: &Gateway, memory: &Gateway, nginx: &Nginx) -> Self {
        let (ours, in_memory) = (Side::gateway("gateway", disk), Side::gateway("gateway, log in memory", memory));
        let (bare, questions) = (nginx.side(disk.folder()), Questions::of(disk.folder()));
        for side in [&bare, &ours, &in_memory] {
            println!("{}: process ids {:?}, {} KiB at the start", side.name, side.pids, side.resident_kib());
        }
        let mut load = Self { rounds, questions, bare, ours, in_memory, must_check: 0.0, ratios: Map::new() };
        // Not counted: connections to stores, tables that grow.
        for side in [&load.bare, &load.ours, &load.in_memory] {
            drop(one_after_the_other(side, 128, load.questions.must_checks(2_000)));
        }
        load
    }

    fn ratio(&mut self, name: &str, ratio: f64) {
        self.ratios.insert(name.to_owned(), json!((ratio * 100.0).round() / 100.0));
    }

    /// Processor time a request of the gateway, and of nginx.
    fn compare(&mut self, what: &str, connections: usize, questions: impl Fn(&mut Questions) -> Vec<Vec<u8>>) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let asked = questions(&mut self.questions);
            bare.push(one_after_the_other(&self.bare, connections, asked.clone()).shown(what, connections).cpu_us());
            ours.push(one_after_the_other(&self.ours, connections, asked).shown(what, connections).cpu_us());
        }
        let (ours, bare) = (median(ours), median(bare));
        if (what, connections) == ("must_check", 128) {
            self.must_check = ours;
        }
        let name = if connections == 128 { what.to_owned() } else { format!("{what}_{connections}") };
        self.ratio(&name, ours / bare);
    }

    /// Requests a second, the log on disk and in memory.
    fn durable(&mut self) {
        let (mut disk, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            for (side, rates) in [(&self.ours, &mut disk), (&self.in_memory, &mut memory)] {
                let asked = self.questions.must_checks(MUST_CHECKS);
                rates.push(one_after_the_other(side, 128, asked).shown("durable", 128).per_second());
            }
        }
        self.ratio("durable", median(disk) / median(memory));
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
        let lines = (0..self.rounds).map(|_| {
            let lines = self.questions.lines(LINES);
            batch(&self.ours, lines, LINES).shown("batch", 1).cpu_us()
        });
        let line = median(lines.collect());
        self.ratio("batch", line / self.must_check);
    }
}

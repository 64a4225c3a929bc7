//! One record is one reply.

use credit_gateway::for_tests::{Ended, Recorded, reply};
use credit_policy::Language;

fn wrong(recorded: Recorded, version: hyper::Version) {
    drop(reply(recorded, Ended::Complete, "origin", Language::Zh, version));
    drop(reply(recorded, Ended::Complete, "origin", Language::En, version));
}

fn main() {}

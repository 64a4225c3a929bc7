//! An answer does not leave before it is recorded.

use credit_gateway::for_tests::{Answer, Ended, reply};
use credit_policy::Language;

fn wrong(answer: Answer<'_>, version: hyper::Version) {
    drop(reply(answer, Ended::Complete, "origin", Language::En, version));
}

fn main() {}

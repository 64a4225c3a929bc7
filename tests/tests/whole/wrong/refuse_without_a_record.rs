//! A refusal does not leave before it is recorded, either.

use credit_gateway::for_tests::{Ended, Refusal, reply};
use credit_policy::Language;

fn wrong(refusal: Refusal, version: hyper::Version) {
    drop(reply(refusal, Ended::Complete, "origin", Language::En, version));
}

fn main() {}

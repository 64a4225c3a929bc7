//! A refusal does not leave before it is recorded, either.

use credit_gateway::{
    doors::institutions::reply::reply,
    journey::{exchange::Ended, refusal::Refusal},
};
use credit_policy::Language;

fn wrong(refusal: Refusal, version: hyper::Version) {
    drop(reply(refusal, Ended::Complete, "origin", Language::En, version));
}

fn main() {}

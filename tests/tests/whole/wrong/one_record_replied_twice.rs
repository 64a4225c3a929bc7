//! One record is one reply.

use credit_gateway::{
    doors::institutions::reply::reply,
    journey::{exchange::Ended, record::Recorded},
};
use credit_policy::Language;

fn wrong(recorded: Recorded, version: hyper::Version) {
    drop(reply(recorded, Ended::Complete, "origin", Language::Zh, version));
    drop(reply(recorded, Ended::Complete, "origin", Language::En, version));
}

fn main() {}

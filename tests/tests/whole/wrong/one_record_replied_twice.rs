//! One record is one reply.

use credit_gateway::journey::stages::{record::Recorded, reply::reply};
use credit_policy::Language;

fn wrong(recorded: Recorded) {
    drop(reply(recorded, Language::Zh));
    drop(reply(recorded, Language::En));
}

fn main() {}

//! A proof that nobody takes on is a mistake.
#![deny(unused_must_use)]

use credit_gateway::journey::stages::{authorise::Permitted, record::Recorded};

fn wrong(permitted: fn() -> Permitted, recorded: fn() -> Recorded) {
    permitted();
    recorded();
}

fn main() {}

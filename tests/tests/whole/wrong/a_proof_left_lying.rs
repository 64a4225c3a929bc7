//! A proof that nobody takes on is a mistake.
#![deny(unused_must_use)]

use credit_gateway::journey::{record::Recorded, stages::authorise::Permitted};

fn wrong(permitted: fn() -> Permitted<'static>, recorded: fn() -> Recorded) {
    permitted();
    recorded();
}

fn main() {}

//! A proof that nobody takes on is a mistake.
#![deny(unused_must_use)]

use credit_gateway::for_tests::{Permitted, Recorded};

fn wrong(permitted: fn() -> Permitted<'static>, recorded: fn() -> Recorded) {
    permitted();
    recorded();
}

fn main() {}

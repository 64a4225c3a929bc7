//! Only what is permitted is admitted: a verified ground is not enough.

use credit_gateway::for_tests::{Gateway, Grounded, Moment, admit};

async fn wrong(gateway: &Gateway, moment: &Moment, grounded: Grounded<'_>) {
    drop(admit(gateway, moment, grounded).await);
}

fn main() {}

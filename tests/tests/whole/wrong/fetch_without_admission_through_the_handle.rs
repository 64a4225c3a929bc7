//! The handle of the stores looks up for a reserved look-up only, and the store behind it cannot be reached.

use std::sync::Arc;

use credit_gateway::for_tests::Gateway;
use credit_policy::{CitizenNumber, Permit, Personal};

async fn wrong(gateway: &Gateway, person: Arc<Personal<CitizenNumber>>, permit: &Permit, on: jiff::civil::Date) {
    drop(gateway.rules().look_up(person.clone(), permit, on, None, None).await);
    drop(gateway.rules().stores.0.look_up(person).await);
}

fn main() {}

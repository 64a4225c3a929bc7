//! The handle of the stores looks up for a reserved look-up only, and the store behind it cannot be reached.

use std::sync::Arc;

use credit_gateway::for_tests::Gateway;
use credit_policy::{CitizenNumber, FetchPlan, Personal};

async fn wrong(gateway: &Gateway, person: Arc<Personal<CitizenNumber>>, plan: Arc<FetchPlan>) {
    drop(gateway.look_up(person.clone(), plan.clone()).await);
    drop(gateway.store.0.fetch(person, plan).await);
}

fn main() {}

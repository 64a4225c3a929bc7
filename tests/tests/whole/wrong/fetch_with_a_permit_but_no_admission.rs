//! Stores are asked for an admitted look-up only: a permit is not enough.

use credit_gateway::{journey::{evidence::Draft, stages::{authorise::Permitted, fetch::fetch}}, gateway::Gateway};

async fn wrong(gateway: &Gateway, permitted: Permitted, draft: &mut Draft) {
    drop(fetch(gateway, permitted, draft).await);
}

fn main() {}

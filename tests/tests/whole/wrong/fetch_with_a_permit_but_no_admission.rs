//! Stores are asked for an admitted look-up only: a permit is not enough.

use credit_gateway::for_tests::{Gateway, Permitted, fetch};

async fn wrong(gateway: &Gateway, permitted: Permitted<'_>) {
    drop(fetch(gateway, permitted, None).await);
}

fn main() {}

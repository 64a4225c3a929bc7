//! One admission is one look-up.

use credit_gateway::for_tests::{Admitted, Gateway, fetch};

async fn wrong(gateway: &Gateway, admitted: Admitted<'_>) {
    drop(fetch(gateway, admitted, None).await);
    drop(fetch(gateway, admitted, None).await);
}

fn main() {}

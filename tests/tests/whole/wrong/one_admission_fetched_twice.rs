//! One admission is one look-up.

use credit_gateway::{journey::{evidence::Draft, stages::{admit::Admitted, fetch::fetch}}, gateway::Gateway};

async fn wrong(gateway: &Gateway, admitted: Admitted, draft: &mut Draft) {
    drop(fetch(gateway, admitted, draft).await);
    drop(fetch(gateway, admitted, draft).await);
}

fn main() {}

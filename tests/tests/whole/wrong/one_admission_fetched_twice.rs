//! One admission is one look-up.

use credit_gateway::{
    draft::Draft,
    gateway::Gateway,
    stages::{admit::Admitted, fetch::fetch},
};

async fn wrong(gateway: &Gateway, admitted: Admitted, draft: &mut Draft) {
    drop(fetch(gateway, admitted, draft).await);
    drop(fetch(gateway, admitted, draft).await);
}

fn main() {}

//! One admission is one look-up.

use credit_gateway::{
    gateway::Gateway,
    journey::stages::{admit::Admitted, fetch::fetch},
};

async fn wrong(gateway: &Gateway, admitted: Admitted<'_>) {
    drop(fetch(gateway, admitted).await);
    drop(fetch(gateway, admitted).await);
}

fn main() {}

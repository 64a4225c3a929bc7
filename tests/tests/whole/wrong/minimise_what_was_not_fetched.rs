//! An answer is made of what was fetched for an admitted look-up, and of nothing else.

use credit_gateway::{
    draft::Draft,
    gateway::Gateway,
    stages::{admit::Admitted, minimise::minimise},
};

fn wrong(gateway: &Gateway, admitted: Admitted, draft: &mut Draft) {
    drop(minimise(gateway, admitted, draft));
}

fn main() {}

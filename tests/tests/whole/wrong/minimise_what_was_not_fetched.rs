//! An answer is made of what was fetched for an admitted look-up, and of nothing else.

use credit_gateway::{journey::{evidence::Draft, stages::{admit::Admitted, minimise::minimise}}, gateway::Gateway};

fn wrong(gateway: &Gateway, admitted: Admitted, draft: &mut Draft) {
    drop(minimise(gateway, admitted, draft));
}

fn main() {}

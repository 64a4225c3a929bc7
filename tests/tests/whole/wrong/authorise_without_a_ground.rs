//! What is asked must stand on a ground before it is decided on.

use credit_gateway::journey::stages::{accept::Asked, authorise::authorise};
use credit_policy::Catalogue;

fn wrong(catalogue: &Catalogue, asked: Asked<'_>) {
    drop(authorise(catalogue, asked));
}

fn main() {}

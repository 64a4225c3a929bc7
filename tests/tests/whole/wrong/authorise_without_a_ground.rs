//! What is asked must stand on a ground before it is decided on.

use credit_gateway::for_tests::{Asked, authorise};
use credit_policy::Catalogue;

fn wrong(catalogue: &Catalogue, asked: Asked<'_>) {
    drop(authorise(catalogue, asked));
}

fn main() {}

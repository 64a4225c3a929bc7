//! What is asked must stand on a ground before it is decided on.

use credit_gateway::{journey::{evidence::Draft, stages::{accept::Asked, authorise::authorise}}, gateway::Gateway};

fn wrong(gateway: &Gateway, asked: Asked, draft: &mut Draft) {
    drop(authorise(gateway, asked, draft));
}

fn main() {}

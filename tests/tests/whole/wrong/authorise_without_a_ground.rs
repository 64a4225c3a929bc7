//! What is asked must stand on a ground before it is decided on.

use credit_gateway::{
    draft::Draft,
    gateway::Gateway,
    stages::{accept::Asked, authorise::authorise},
};

fn wrong(gateway: &Gateway, asked: Asked, draft: &mut Draft) {
    drop(authorise(gateway, asked, draft));
}

fn main() {}

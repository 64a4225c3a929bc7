//! Only what is permitted is admitted: a verified ground is not enough.

use credit_gateway::{
    draft::Draft,
    gateway::Gateway,
    stages::{admit::admit, ground::Grounded},
};

fn wrong(gateway: &Gateway, grounded: Grounded, draft: &mut Draft) {
    drop(admit(gateway, grounded, draft));
}

fn main() {}

//! Only what is permitted is admitted: a verified ground is not enough.

use credit_gateway::{journey::{evidence::Draft, stages::{admit::admit, ground::Grounded}}, gateway::Gateway};

fn wrong(gateway: &Gateway, grounded: Grounded, draft: &mut Draft) {
    drop(admit(gateway, grounded, draft));
}

fn main() {}

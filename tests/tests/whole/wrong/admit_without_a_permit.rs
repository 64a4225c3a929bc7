//! Only what is permitted is admitted: a verified ground is not enough.

use credit_gateway::{
    gateway::{Gateway, Moment},
    journey::stages::{admit::admit, ground::Grounded},
};

async fn wrong(gateway: &Gateway, moment: &Moment, grounded: Grounded<'_>) {
    drop(admit(gateway, moment, grounded).await);
}

fn main() {}

//! What a store told about a person leaves by minimisation only.

use credit_policy::{History, Record};

fn printed<T: std::fmt::Debug>() {}
fn written<T: serde::Serialize>() {}

fn main() {
    printed::<History>();
    written::<History>();
    printed::<Record>();
    written::<Record>();
}

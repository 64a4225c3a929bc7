//! A secret is neither printed nor copied nor written.

use credit_keys::Secret;

fn copied<T: Clone>() {}
fn written<T: serde::Serialize>() {}
fn seen_through<T: std::ops::Deref>() {}

fn wrong(secret: &Secret<Vec<u8>>) -> String {
    copied::<Secret<Vec<u8>>>();
    written::<Secret<Vec<u8>>>();
    seen_through::<Secret<Vec<u8>>>();
    format!("{secret:?}")
}

fn main() {}

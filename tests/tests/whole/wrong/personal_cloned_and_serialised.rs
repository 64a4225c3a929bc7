//! What identifies a person is neither copied nor written, and is taken for the thing itself by nobody.

use credit_policy::Personal;

fn copied<T: Clone>() {}
fn written<T: serde::Serialize>() {}
fn compared<T: PartialEq>() {}
fn seen_through<T: std::ops::Deref>() {}

fn main() {
    copied::<Personal<String>>();
    written::<Personal<String>>();
    compared::<Personal<String>>();
    seen_through::<Personal<String>>();
}

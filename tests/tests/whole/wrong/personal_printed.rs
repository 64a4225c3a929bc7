//! What identifies a person is not printed.

use credit_policy::{CitizenNumber, Personal};

fn wrong(number: &Personal<CitizenNumber>) -> String {
    format!("{number} {number:?}")
}

fn main() {}

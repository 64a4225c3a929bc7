//! Its value is lent by `disclose` and has no other way out.

use credit_policy::Personal;

fn wrong(number: Personal<String>) -> String {
    number.0.to_string()
}

fn main() {}

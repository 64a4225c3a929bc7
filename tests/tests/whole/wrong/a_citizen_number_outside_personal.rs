//! A citizen number is only ever made within `Personal`.

use credit_policy::CitizenNumber;

fn wrong() -> CitizenNumber {
    CitizenNumber(*b"990001199003071012")
}

fn printed(number: &CitizenNumber) -> String {
    format!("{number:?}")
}

fn main() {}

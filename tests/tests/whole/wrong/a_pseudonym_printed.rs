//! A pseudonym stands in an answer and in no line of a log.

use credit_keys::Pseudonym;

fn wrong(pseudonym: &Pseudonym) -> String {
    format!("{pseudonym} {pseudonym:?}")
}

fn main() {}

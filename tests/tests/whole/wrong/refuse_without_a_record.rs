//! A refusal does not leave before it is recorded, either.

use credit_gateway::journey::{refusal::Refusal, stages::reply::reply};
use credit_policy::Language;

fn wrong(refusal: Refusal) {
    drop(reply(refusal, Language::En));
}

fn main() {}

//! An answer does not leave before it is recorded.

use credit_gateway::journey::stages::{minimise::Answer, reply::reply};
use credit_policy::Language;

fn wrong(answer: Answer) {
    drop(reply(answer, Language::En));
}

fn main() {}

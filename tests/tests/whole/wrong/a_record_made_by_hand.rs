//! Nobody but the log's word makes a record.

use credit_gateway::for_tests::{Receipt, Recorded};

fn wrong(receipt: Receipt) -> Recorded {
    Recorded { body: Vec::new(), refusal: None, receipt, scenario: None }
}

fn main() {}

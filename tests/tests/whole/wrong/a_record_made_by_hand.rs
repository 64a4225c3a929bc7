//! Nobody but the log's word makes a record.

use credit_gateway::journey::record::{Receipt, Recorded};

fn wrong(receipt: Receipt) -> Recorded {
    Recorded { body: Vec::new(), refusal: None, receipt, scenario: None }
}

fn main() {}

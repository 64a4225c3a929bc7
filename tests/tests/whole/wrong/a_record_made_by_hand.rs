//! Nobody but the log's word makes a record.

use credit_gateway::journey::stages::record::Recorded;

fn main() {
    let _recorded = Recorded { body: Vec::new(), refusal: None };
}

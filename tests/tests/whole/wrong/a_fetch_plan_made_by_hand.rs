//! What stores are asked for is what a permit says: nobody writes a plan.

use credit_policy::FetchPlan;

fn main() {
    let _plan = FetchPlan { classes: Vec::new(), lists: Vec::new(), attributes: Vec::new() };
}

//! What one query proved is never recorded with the evidence of another.

use credit_gateway::for_tests::{Evidence, Gateway, Moment, Permitted, admit};

async fn wrong(gateway: &Gateway, moment: &Moment, permitted: Permitted<'_>, another: &mut Evidence) {
    drop(admit(gateway, moment, permitted, another).await);
}

fn swapped<'e>(mut permitted: Permitted<'e>, another: &'e mut Evidence) {
    permitted.evidence = another;
}

fn main() {}

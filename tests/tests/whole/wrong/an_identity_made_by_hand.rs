//! Nobody but the stage of that name identifies.

use credit_gateway::for_tests::{Evidence, Identified};

fn wrong(evidence: &mut Evidence) -> Identified<'_> {
    Identified { evidence }
}

fn main() {}

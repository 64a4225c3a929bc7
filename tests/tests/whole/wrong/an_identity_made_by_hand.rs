//! Nobody but the stage of that name identifies.

use std::sync::Arc;

use credit_gateway::for_tests::{Evidence, Identified, Institution};

fn wrong(institution: Arc<Institution>, evidence: &mut Evidence) -> Identified<'_> {
    Identified { institution, evidence }
}

fn main() {}

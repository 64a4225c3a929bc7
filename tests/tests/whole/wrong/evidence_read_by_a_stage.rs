//! Stages write evidence and do not read it.

use credit_gateway::for_tests::Evidence;

fn wrong(evidence: &Evidence) -> bool {
    evidence.repeats.is_some() && evidence.inputs.suspended
}

fn main() {}

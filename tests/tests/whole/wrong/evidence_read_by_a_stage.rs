//! Stages write evidence and do not read it.

use credit_gateway::journey::record::evidence::Evidence;

fn wrong(evidence: &Evidence) -> bool {
    evidence.repeats.is_some() && evidence.inputs.suspended
}

fn main() {}

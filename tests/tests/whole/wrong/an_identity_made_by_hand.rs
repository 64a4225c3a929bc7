//! Nobody but the stage of that name identifies.

use std::sync::Arc;

use credit_gateway::{
    callers::register::Institution,
    journey::{record::evidence::Evidence, stages::identify::Identified},
};

fn wrong(institution: Arc<Institution>, evidence: &mut Evidence) -> Identified<'_> {
    Identified { institution, evidence }
}

fn main() {}

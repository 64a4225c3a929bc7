//! The proof that the statutes hold, by exhaustion: every request that a catalogue knows is decided, and Cedar's own
//! authorizer is asked about it too.
//!
//! Four walks, the first disagreement ends them:
//!
//! 1. `requests`: scenario × asker × field × (suspended, minor, case, consent: none, as wide as may be, wider by each
//!    bound; the field named, not named, asked for alone). [`crate::decide`] releases a field if and only if Cedar lets
//!    the asker query and lets the field be released.
//! 2. `records`: every scenario × field × class that it rests on × state of a record. [`crate::minimise()`] tells of a
//!    record only where Cedar allows it.
//! 3. `floor`: a statute whose text is not the shipped one is held against the shipped one over rows that no catalogue
//!    has, every ground × class of scenario × kind of field. It may forbid more and never less.
//! 4. `labels`: every scenario × every label of a row or a class, alone and two together × asker × every field. Whatever a
//!    row says of itself, what statutes keep out of it stays out.

mod case;
mod floor;
mod labels;
mod proof;
mod records;
mod requests;

use crate::catalogue::Catalogue;

pub use case::{Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow};
pub use proof::Proof;

/// Goes through every request that the catalogue knows.
///
/// # Errors
///
/// The first request about which decision and statutes disagree.
pub fn prove(catalogue: &Catalogue) -> Result<Proof, Box<Counterexample>> {
    let mut proof = Proof::default();
    floor::walk(catalogue, &mut proof)?;
    requests::walk(catalogue, &mut proof)?;
    records::walk(catalogue, &mut proof)?;
    labels::walk(catalogue, &mut proof)?;
    Ok(proof)
}

/// The walk over labels alone.
///
/// # Errors
///
/// The first labels that open what statutes keep out of a row.
pub fn prove_labels(catalogue: &Catalogue) -> Result<Proof, Box<Counterexample>> {
    let mut proof = Proof::default();
    labels::walk(catalogue, &mut proof)?;
    Ok(proof)
}

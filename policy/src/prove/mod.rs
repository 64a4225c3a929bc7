//! The proof that the statutes hold, by exhaustion: every request that a catalogue knows is decided, and Cedar's own
//! authorizer is asked about it too.
//!
//! Three walks, the first disagreement ends them:
//!
//! 1. `requests`: scenario × asker × field × (suspended, minor, case, consent: none, as wide as may be, wider by each
//!    bound; the field named, not named, asked for alone). [`crate::decide`] releases a field if and only if Cedar lets
//!    the asker query and lets the field be released.
//! 2. `records`: every scenario × field × class that it rests on × state of a record. [`crate::minimise()`] tells of a
//!    record only where Cedar allows it.
//! 3. `floor`: a statute whose text is not the shipped one is held against the shipped one over rows that no catalogue
//!    has, every ground × class of scenario × kind of field. It may forbid more and never less.

mod case;
mod floor;
mod records;
mod requests;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use crate::catalogue::{Catalogue, Language};
use crate::names::RuleId;

pub use case::{Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow};

/// The day of every hypothetical request. Statutes know no day, and clocks are proved by their own tests.
const ON: Date = date(2026, 11, 22);

/// What was gone through without a disagreement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Proof {
    /// Decisions that were made.
    pub decisions: u64,
    /// Questions that Cedar's authorizer answered.
    pub answers: u64,
    /// Pairs of request and field that were compared.
    pub comparisons: u64,
    /// Of these, those that are released.
    pub released: u64,
    /// Pairs of field and state of a record that were compared.
    pub states: u64,
    /// Of these, those where the law would let the person see what no scenario shows: stricter than need be.
    pub stricter: u64,
    /// Requests over hypothetical rows in which a statute of this catalogue was held against the shipped one.
    pub floor: u64,
    /// How often each statute was what forbade a request or a field.
    pub forbade: BTreeMap<RuleId, u64>,
}

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
    Ok(proof)
}

impl Proof {
    /// One line for the reader.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let Self { decisions, answers, comparisons, released, states, stricter, floor, forbade: _ } = self;
        match language {
            Language::Zh => format!(
                "法规对每一可能的请求成立：{decisions} 次决定，{answers} 次 Cedar 回答，比较 {comparisons} 项（放行 {released} 项），\
                 记录状态 {states} 项（其中 {stricter} 项严于法规），与随附法规比较 {floor} 项"
            ),
            Language::En => format!(
                "the statutes hold for every request: {decisions} decisions, {answers} answers of Cedar, {comparisons} \
                 comparisons ({released} released), {states} states of records ({stricter} stricter than the law), \
                 {floor} comparisons with the shipped statutes"
            ),
        }
    }
}

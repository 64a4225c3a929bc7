//! Review of queries (R3): which queries are explained by the record itself (the rules and their [`ReviewPolicy`]),
//! which of the others are drawn without anybody's choice ([`Seed`]), and what became of each ([`Reviews`]). All of it is read
//! from the leaves, so that who holds the log counts the same (`FORMAT.md` §16).

mod acts;
mod cases;
mod conduct;
mod draw;
mod figures;
mod fold;
mod period;
mod policy;
mod rules;
mod sums;
#[cfg(test)]
mod tests;

pub use cases::{CaseQuery, ReviewCase};
pub use draw::{Seed, commitment, known_commitment};
pub use figures::{
    DrawFault, Judged, KnownItem, ReviewFault, ReviewFigures, ReviewProgress, ReviewedMonth, ReviewedPeriod,
};
pub use fold::{Draw, Reviews, Stage};
pub use period::Period;
pub use policy::ReviewPolicy;
pub use rules::Word;
pub use sums::{ReviewSums, SummedPeriod};

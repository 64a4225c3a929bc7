//! Evidence out of a log (`FORMAT.md` §14): the leaves of an institution, of a member of staff or of a period, each with its
//! proof, in one file that is checked without the log. It needs no key of the gateway.

mod check;
mod fault;
mod form;
mod make;
pub(crate) mod tiles;

pub use check::{Checked, Edges};
pub use fault::EvidenceFault;
pub use form::Scope;
pub use make::{Gathered, make};
pub use tiles::{is_head_of, is_of_tree};

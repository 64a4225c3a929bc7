//! The logs of several gateways that are one, checked together: those that a directory lists, each found by its origin
//! (`FORMAT.md` §17).

mod check;
mod fault;
mod members;

pub use check::{SetLeaf, SetVisitor};
pub use fault::SetFault;
pub use members::LogSet;

//! Who looks on while a log is checked.

use crate::edge::Edge;
use crate::leaf::Peek;

use super::violation::CheckError;

/// What is called as the check goes on.
pub trait Visitor {
    /// A leaf that holds, in order.
    ///
    /// # Errors
    /// What the visitor finds wrong with it ends the check.
    fn leaf(&mut self, _index: u64, _peek: &Peek<'_>, _bytes: &[u8]) -> Result<(), CheckError> {
        Ok(())
    }

    /// Two officers let records go that came before the next leaf: of them only what is in force was told.
    ///
    /// # Errors
    /// Where nothing can be said without them.
    fn edge(&mut self, _edge: &Edge) -> Result<(), CheckError> {
        Ok(())
    }

    /// `done` of `all` tiles of the lowest level are checked.
    fn progress(&mut self, _done: u64, _all: u64) {}
}

/// A visitor that does nothing.
impl Visitor for () {}

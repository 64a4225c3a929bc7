//! The figures of a set of logs: those of one log with the same leaves, and where each leaf stands.

use jiff::tz::Offset;

use super::figures::{LogHead, MonthlyFigures};
use super::fold::Monthly;
use crate::leaf::BodyError;
use crate::set::{LogSet, SetLeaf};
use crate::verify::Report;

/// Takes in the leaves of a set in their order, for one month.
pub struct MonthlyOfSet(Monthly);

impl MonthlyOfSet {
    /// As [`Monthly::new`].
    #[must_use]
    pub fn new(month: &str, offset: Offset, set: &LogSet) -> Self {
        Self(Monthly::of_set(month, offset, set.origins().map(str::to_owned).collect()))
    }

    /// Takes in the next leaf.
    ///
    /// # Errors
    /// When it is none of its kind.
    pub fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), BodyError> {
        self.0.leaf_in(leaf.log, leaf.index, leaf.peek)
    }

    /// The figures, of a set that was checked up to these checkpoints.
    #[must_use]
    pub fn figures(self, directory: &Report, logs: &[Report]) -> MonthlyFigures {
        let mut figures = self.0.figures(&directory.checkpoint);
        // Each log has numbers of its own.
        (figures.first, figures.last) = (None, None);
        figures.logs = logs.iter().map(LogHead::of).collect();
        figures
    }
}

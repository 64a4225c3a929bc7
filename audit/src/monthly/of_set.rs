//! The figures of a set of logs: those of one log with the same leaves, and where each leaf stands.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::Offset;

use super::figures::{LogHead, MonthlyFigures};
use super::fold::Monthly;
use crate::leaf::BodyError;
use crate::set::{LogSet, SetLeaf};
use crate::verify::Report;

/// Takes in the leaves of a set in their order, for one month.
pub struct MonthlyOfSet {
    monthly: Monthly,
    origins: Vec<String>,
    /// The log of the leaf at each place.
    logs: Vec<u16>,
}

impl MonthlyOfSet {
    /// As [`Monthly::new`].
    #[must_use]
    pub fn new(month: &str, offset: Offset, set: &LogSet) -> Self {
        let origins = set.origins().map(str::to_owned).collect();
        Self { monthly: Monthly::new(month, offset), origins, logs: Vec::new() }
    }

    /// Takes in the next leaf.
    ///
    /// # Errors
    /// When it is none of its kind.
    pub fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), BodyError> {
        self.logs.push(u16::try_from(leaf.log).unwrap_or(u16::MAX));
        self.monthly.leaf_in(self.origins.get(leaf.log).map(String::as_str), leaf.place, leaf.peek)
    }

    /// The figures, of a set that was checked up to these checkpoints.
    #[must_use]
    pub fn figures(self, directory: &Report, logs: &[Report]) -> MonthlyFigures {
        let mut figures = self.monthly.figures(&directory.checkpoint);
        (figures.first, figures.last) = (None, None);
        figures.logs = logs.iter().map(head).collect();
        let misses = figures.coverage.misses.iter().flat_map(|miss| [Some(miss.index), miss.late]);
        let wanted = misses.flatten().chain(figures.suspensions.iter().map(|line| line.index));
        let found = found(&self.logs, wanted.map(|place| (place, None)).collect());
        let at = |place: u64| {
            let (log, index) = found.get(&place).copied().flatten()?;
            Some((self.origins.get(usize::from(log))?.clone(), index))
        };
        for line in &mut figures.suspensions {
            (line.log, line.index) = at(line.index).map_or((None, line.index), |(log, index)| (Some(log), index));
        }
        for miss in &mut figures.coverage.misses {
            (miss.log, miss.index) = at(miss.index).map_or((None, miss.index), |(log, index)| (Some(log), index));
            (miss.late_log, miss.late) = miss.late.and_then(at).unzip();
        }
        figures
    }
}

/// The log and the index in it of each of these places.
fn found(logs: &[u16], mut wanted: BTreeMap<u64, Option<(u16, u64)>>) -> BTreeMap<u64, Option<(u16, u64)>> {
    let mut next: BTreeMap<u16, u64> = BTreeMap::new();
    for (place, log) in (0..).zip(logs) {
        let index = next.entry(*log).or_default();
        if let Some(found) = wanted.get_mut(&place) {
            *found = Some((*log, *index));
        }
        *index += 1;
    }
    wanted
}

fn head(report: &Report) -> LogHead {
    let checkpoint = &report.checkpoint;
    LogHead { origin: checkpoint.origin.clone(), size: checkpoint.size, root: STANDARD.encode(checkpoint.root) }
}

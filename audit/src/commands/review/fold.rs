//! What a log comes to by a policy, and the first thing that is wrong with a draw.

use credit_audit::edge::Edge;
use credit_audit::leaf::Peek;
use credit_audit::review::{DrawFault, ReviewFigures, ReviewPolicy, Reviews, Word};
use credit_audit::verify::{CheckError, Violation, Visitor};
use jiff::Timestamp;
use jiff::tz::Offset;
use uuid::Uuid;

use super::super::arguments::ReviewArguments;
use super::super::stop::{Stop, read_up_to};

/// More than the longest policy has.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// The policy of the arguments.
pub(super) fn policy(arguments: &ReviewArguments) -> Result<Option<ReviewPolicy>, Stop> {
    let policy = arguments.policy.as_deref().map(|file| {
        let bytes = read_up_to(file, LONGEST_BYTES)?;
        serde_json::from_slice::<ReviewPolicy>(&bytes)
            .map_err(|error| Stop::Usage(format!("`{}`: {error}", file.display())))
    });
    policy.transpose()
}

/// Suspicious queries: leaf and id.
type Suspicious = Vec<(u64, Uuid)>;

/// Takes in the leaves while the log is checked.
pub(super) struct Fold {
    reviews: Reviews,
    policy: Option<ReviewPolicy>,
    /// What was suspicious when a period was drawn, by its name, or that another policy was in force.
    suspicious: Vec<(String, Option<Suspicious>)>,
    /// When the last leaf was recorded.
    pub(super) last: Timestamp,
}

impl Fold {
    /// Of no leaf yet.
    pub(super) fn new(origin: &str, policy: Option<ReviewPolicy>, offset: Offset) -> Self {
        Self { reviews: Reviews::new(origin, offset), policy, suspicious: Vec::new(), last: Timestamp::MIN }
    }

    /// The figures as they are at an instant.
    ///
    /// # Errors
    /// The first thing that is wrong with a draw.
    pub(super) fn figures(&self, at: Timestamp) -> Result<ReviewFigures, Violation> {
        let within_days = self.policy.as_ref().map_or(ReviewPolicy::default().within_days, |policy| policy.within_days);
        let figures = self.reviews.figures(at, within_days);
        let faults = figures.periods.iter().flat_map(|one| one.faults.iter().map(|fault| fault.of(&one.period)));
        let first = faults.chain(self.not_queued()).next();
        first.map_or(Ok(figures), |fault| Err(Violation::Review(fault)))
    }

    /// Suspicious queries that were put before no reviewer. About made-up persons nobody can tell without a key.
    fn not_queued(&self) -> Vec<DrawFault> {
        let mut faults = Vec::new();
        for (period, suspicious) in &self.suspicious {
            let Some(suspicious) = suspicious else {
                faults.push(DrawFault::Policy(period.clone()));
                continue;
            };
            let left = suspicious.iter().filter(|(_, id)| !self.reviews.is_queued(*id));
            faults.extend(left.map(|(index, _)| DrawFault::NotQueued(period.clone(), *index)));
        }
        faults
    }

    /// What is suspicious of the periods that are drawn since the last leaf.
    fn drawn(&mut self) {
        let Some(policy) = &self.policy else { return };
        let is_new = |period: &&str| !self.suspicious.iter().any(|(known, _)| known == period);
        let new: Vec<String> = self.reviews.shown().filter(is_new).map(str::to_owned).collect();
        for period in new {
            let Some(draw) = self.reviews.draw(&period) else { continue };
            let words = (draw.policy == policy.digest()).then(|| self.reviews.words(&draw.bounds, policy, draw.at));
            let suspicious = |(index, id, word)| (word == Word::Suspicious).then_some((index, id));
            self.suspicious.push((period, words.map(|words| words.into_iter().filter_map(suspicious).collect())));
        }
    }
}

impl Visitor for Fold {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.reviews.begin_at(edge);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        let fault = |why: String| CheckError::Unavailable { what: format!("entry {index}"), why };
        self.last = peek.at;
        self.reviews.leaf(index, *peek, bytes).map_err(|error| fault(error.to_string()))?;
        self.drawn();
        Ok(())
    }
}

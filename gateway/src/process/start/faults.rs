//! All faults of a start, not only the first.

use super::error::StartError;

/// The faults that were found so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<StartError>);

impl Faults {
    /// The value of a step, or nothing and one fault more.
    pub(super) fn keep<T>(&mut self, step: Result<T, impl Into<StartError>>) -> Option<T> {
        step.map_err(|error| self.0.push(error.into())).ok()
    }

    /// A step of which nothing is needed but that it succeeds.
    pub(super) fn note(&mut self, step: Result<(), impl Into<StartError>>) {
        if let Err(error) = step {
            self.0.push(error.into());
        }
    }
}

//! What came of an act of a person.

use credit_audit::log::Durable;

use super::{page::Words, report::NOT_RECORDABLE};
use crate::changes::ChangeError;

/// What came of an act.
pub(super) enum Outcome {
    /// It is done: where that stands, and what more there is to say. Without a leaf it was so before.
    Done(Option<Durable>, serde_json::Map<String, serde_json::Value>),
    /// The person has no such thing.
    Unknown(Words),
    /// It may not be done.
    Refused(Words),
    /// A member is missing or not of its form.
    Malformed,
    /// It cannot be done now.
    Later(Words),
}

impl Outcome {
    /// Of a change.
    pub(super) fn of(changed: Result<Option<Durable>, ChangeError>) -> Self {
        match changed {
            Ok(durable) => Self::Done(durable, serde_json::Map::new()),
            Err(error) => Self::failed(&error),
        }
    }

    /// Of a change that was not made, or is not on the record.
    pub(super) fn failed(error: &ChangeError) -> Self {
        tracing::error!(%error, "what a person asked for is not on the record");
        Self::Later(NOT_RECORDABLE)
    }
}

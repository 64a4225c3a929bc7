//! Why the tour ends early.

use crate::demo::{client::ClientError, folder::DemoError};

/// Something on the tour was not as it must be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TourError {
    /// The demo's folder.
    #[error(transparent)]
    Folder(#[from] DemoError),
    /// A call.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something was not as it must be.
    #[error("the tour found an unexpected result: {0}")]
    Unexpected(String),
}

pub(super) fn hold(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), TourError> {
    if holds { Ok(()) } else { Err(TourError::Unexpected(otherwise())) }
}

pub(super) fn unexpected(error: &dyn std::fmt::Display) -> TourError {
    TourError::Unexpected(error.to_string())
}

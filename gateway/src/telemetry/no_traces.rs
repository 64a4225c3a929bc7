//! A build without the feature `telemetry`: it sends no traces, and refuses a configuration that asks for them.

use tracing::{Span, Subscriber};
use tracing_subscriber::{Layer, layer::Identity};

/// Target of the spans; nobody listens to it.
pub(crate) const TARGET: &str = "query";

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("this program was built without telemetry: take telemetry.traces out of the configuration")]
pub(crate) struct TelemetryError(());

/// Never made.
pub(super) enum Traces {}

impl Traces {
    pub(super) fn to(_endpoint: &str) -> Result<Self, TelemetryError> {
        Err(TelemetryError(()))
    }

    pub(super) fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        Identity::new()
    }

    pub(super) fn shutdown(self) {
        match self {}
    }
}

pub(super) fn stage_began(_span: &Span, _stage: &'static str) {}

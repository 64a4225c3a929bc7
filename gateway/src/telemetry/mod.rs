//! What the process reports to its operator: JSON lines on standard error and, where the configuration names a collector,
//! OpenTelemetry traces over OTLP/HTTP.
//!
//! A line has only what [`lines`] lets through. A trace has one span a query, with the names of [`span`], an event a stage
//! of the journey, and nothing else: never text of the caller, never anything from which a person could be told. A
//! `traceparent` of the caller is not read (`docs/0009`). Traces need the feature `telemetry`.

mod line_queue;
mod lines;
pub(crate) mod metrics;
#[cfg(not(feature = "telemetry"))]
mod no_traces;
#[cfg(feature = "telemetry")]
mod traces;

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    sync::{Arc, OnceLock},
    time::Duration,
};

use credit_audit::clock::Clock;
pub(crate) use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use line_queue::LineQueue;
pub use lines::FIELDS;
use lines::Lines;
#[cfg(not(feature = "telemetry"))]
use no_traces as traces;
use traces::Traces;
pub(crate) use traces::{TARGET, TelemetryError as TracesError};

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TelemetryError {
    /// Where traces go.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// Where lines go.
    #[error("standard error cannot be used: {0}")]
    Lines(#[from] io::Error),
}

/// The queue of this process's lines.
static QUEUE: OnceLock<Arc<LineQueue>> = OnceLock::new();

/// Longest wait for the last lines of a process that ends.
const LAST_LINES: Duration = Duration::from_millis(300);

fn line_queue(clock: Arc<dyn Clock>) -> io::Result<Arc<LineQueue>> {
    if let Some(queue) = QUEUE.get() {
        return Ok(Arc::clone(queue));
    }
    // Not through the standard library's lock, which whoever writes to standard error by itself would wait for.
    let to = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let queue = Arc::new(LineQueue::new(to, move |dropped| lines::dropped(&*clock, dropped))?);
    Ok(Arc::clone(QUEUE.get_or_init(|| queue)))
}

/// Waits a moment for the last lines: before the process ends, in whatever way.
pub(crate) fn flush_lines() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(LAST_LINES);
    }
}

/// Lines of the log that were dropped because nobody read standard error.
#[must_use]
pub(crate) fn dropped_lines() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.dropped())
}

/// Flushes when it is dropped, so that a panic's line leaves too.
pub(crate) struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        flush_lines();
    }
}

/// What must be shut down at the end, so that the last spans leave.
pub(crate) struct Telemetry(Option<Traces>);

impl Telemetry {
    /// Sets up the log (`RUST_LOG`, else lines from `level` on), and traces to `endpoint` where one is given; then it must be called
    /// within a runtime that goes on until [`Telemetry::shutdown`].
    ///
    /// # Errors
    /// When the endpoint is no address that traces can be sent to.
    pub(crate) fn start(
        clock: Arc<dyn Clock>,
        level: LevelFilter,
        endpoint: Option<&str>,
    ) -> Result<Self, TelemetryError> {
        let filter = std::env::var("RUST_LOG")
            .ok()
            .and_then(|asked| asked.parse::<Targets>().ok())
            .unwrap_or_else(|| Targets::new().with_default(level));
        let lines = Lines::new(Arc::clone(&clock), line_queue(clock)?).with_filter(filter);
        let traces = endpoint.map(Traces::to).transpose()?;
        let spans = traces.as_ref().map(Traces::layer);
        // A second start in one process (tests) keeps the first.
        drop(tracing_subscriber::registry().with(lines).with(spans).try_init());
        Ok(Self(traces))
    }

    /// Sends what is left. Blocks until it is sent or given up.
    pub(crate) fn shutdown(self) {
        if let Some(traces) = self.0 {
            traces.shutdown();
        }
    }
}

/// The span of one query; its names are the whole list of what a trace may say.
#[must_use]
pub(crate) fn span(query: uuid::Uuid, institution: &str) -> tracing::Span {
    tracing::trace_span!(
        target: TARGET,
        "query",
        query = %query,
        institution,
        scenario = tracing::field::Empty,
        outcome = tracing::field::Empty,
    )
}

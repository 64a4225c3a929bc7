//! What happens when the disk says no: which failures are waited out, which stop the process, and the probe through
//! which tests make them happen.

use std::io::{self, Write as _};
use std::sync::Arc;

/// A hook that receives one line for the operator: no newline, no personal data.
pub type Report = Arc<dyn Fn(&str) + Send + Sync>;

/// A hook that ends the process.
pub type Stop = Arc<dyn Fn() + Send + Sync>;

/// A step that changes what is on disk. The probe is asked *before* each, so the moment it is asked is also the
/// moment after the step before: a copy of the folder made then is what a crash would leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Room for a segment of this many bytes is reserved.
    Reserve(u64),
    /// A reserved segment gets its header, its name and a place in the folder.
    Activate,
    /// A batch is written into reserved room.
    WriteBatch,
    /// The written batch is made durable.
    SyncBatch,
    /// Tiles and bundles are written, synced and renamed.
    PutTiles,
    /// Partial tiles that became full are removed.
    Tidy,
    /// The id of a start is written into the data folder.
    Instance,
    /// The id of a start is written into the rollback guard.
    Claim,
    /// The rollback guard is written and synced.
    RollbackGuard,
    /// The checkpoint is replaced.
    Checkpoint,
    /// It is noted that segments are released.
    Release,
    /// A released segment is removed.
    RemoveSegment,
    /// It is noted which records were let go.
    LetGo,
    /// A bundle of them is removed.
    RemoveBundle,
}

type Ask = dyn Fn(Step) -> io::Result<()> + Send + Sync;

/// Asked before each [`Step`]; an error is taken as the step's own failure. Nothing but tests sets one.
#[derive(Clone, Default)]
pub(crate) struct Probe(Option<Arc<Ask>>);

impl Probe {
    #[cfg(test)]
    pub(crate) fn new(ask: impl Fn(Step) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ask)))
    }

    pub(crate) fn at(&self, step: Step) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |ask| ask(step))
    }
}

/// Ends the process after a failure of which nobody can say what reached the disk: a write inside reserved room, or
/// a sync. Trying again would be wrong: after a failed sync the kernel may call the same pages clean.
#[derive(Clone)]
pub(crate) struct Fatal {
    pub(crate) report: Report,
    pub(crate) stop: Stop,
}

impl Fatal {
    /// Reports and stops. Returns only where a test's hook does.
    pub(crate) fn stop(&self, what: &str, error: &io::Error) {
        (self.report)(&format!("the log stops: {what}: {error}; find out why the device fails, then start again"));
        (self.stop)();
    }
}

/// Whether more room on the device would make it work.
pub(crate) fn is_lack_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// The default report: one line on standard error.
pub(crate) fn report_to_stderr(line: &str) {
    // If standard error is gone there is nowhere left to report to.
    drop(writeln!(io::stderr(), "{line}"));
}

/// Adds the path to an error: what an operator needs first.
pub(crate) fn at_path(error: &io::Error, path: &std::path::Path) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").finish_non_exhaustive()
    }
}

//! What a log needs to know before it opens.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::disk::copies::Copies;
use super::disk::failure::{self, Probe, Report, Stop};

/// How a log is kept. [`Settings::new`] gives the defaults.
#[derive(Clone)]
pub struct Settings {
    /// The data folder: `wal/` and `log/` are made in it, mode 0700.
    pub dir: PathBuf,
    /// The log's name, e.g. `credit-gateway.example/2026/r1`; it never changes for a folder.
    pub origin: String,
    /// The file that remembers the last signed size and root. By default `<dir>/wal/second-place`; on another device
    /// it also shows that `dir` was rolled back to an older state. Its folder must exist unless it lies in `dir`.
    pub rollback_guard: PathBuf,
    /// Bytes reserved for a segment of the write-ahead log: 16 MiB, halved down to 256 KiB while there is less room.
    pub segment_bytes: u64,
    /// How long a batch may wait for more entries while every thread that serves is busy ([`super::Log::add_server`]): 1 ms.
    pub linger: Duration,
    /// The least time between two publications: 500 ms. A leaf that comes after a pause is published at once.
    pub publish_every: Duration,
    /// Who keeps a second copy of the write-ahead log: a leaf counts once both have it, and while nobody is there nothing is
    /// recorded. By default nobody.
    pub copies: Option<Arc<dyn Copies>>,
    /// Receives one line when the log stops or starts being recordable, and why the process stops. By default a line on
    /// standard error.
    pub report: Report,
    /// Ends the process after a failure whose outcome on the disk is unknown. By default [`std::process::abort`].
    /// Should it return, the log records nothing any more.
    pub stop: Stop,
    /// Called before every durable step; tests make steps fail or copy the folder there.
    pub(crate) probe: Probe,
}

impl Settings {
    /// The defaults for a data folder and a log's name.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, origin: impl Into<String>) -> Self {
        let dir = dir.into();
        Self {
            rollback_guard: dir.join("wal").join("second-place"),
            dir,
            origin: origin.into(),
            segment_bytes: 16 << 20,
            linger: Duration::from_millis(1),
            publish_every: Duration::from_millis(500),
            copies: None,
            report: Arc::new(failure::report_to_stderr),
            stop: Arc::new(|| std::process::abort()),
            probe: Probe::default(),
        }
    }

    pub(crate) fn wal_dir(&self) -> PathBuf {
        self.dir.join("wal")
    }

    pub(crate) fn log_dir(&self) -> PathBuf {
        self.dir.join("log")
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("dir", &self.dir)
            .field("origin", &self.origin)
            .field("rollback_guard", &self.rollback_guard)
            .field("segment_bytes", &self.segment_bytes)
            .field("linger", &self.linger)
            .field("publish_every", &self.publish_every)
            .finish_non_exhaustive()
    }
}

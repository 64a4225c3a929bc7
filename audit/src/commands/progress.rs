//! A progress bar on standard error, on a terminal only, for what takes more than a second.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use credit_audit::verify::Visitor;
use indicatif::ProgressBar;

const SILENT_AT_FIRST: Duration = Duration::from_secs(1);

/// Shows how far a check has come.
pub(super) struct Progress {
    start: Instant,
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing is shown yet.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), terminal: std::io::stderr().is_terminal(), bar: None }
    }
}

impl Progress {
    /// `done` of `all` steps are done.
    pub(super) fn show(&mut self, done: u64, all: u64) {
        if self.terminal && self.start.elapsed() > SILENT_AT_FIRST {
            self.bar.get_or_insert_with(|| ProgressBar::new(all)).set_position(done);
        }
    }
}

impl Visitor for Progress {
    fn progress(&mut self, done: u64, all: u64) {
        self.show(done, all);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

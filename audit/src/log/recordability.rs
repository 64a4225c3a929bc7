//! Whether anything can be recorded now, and if not, why. Readiness looks here.

use std::sync::atomic::{AtomicU8, Ordering};

use super::disk::failure::Report;

/// What keeps the log from recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There is no room for another segment of the write-ahead log.
    Room,
    /// Tiles, bundles or the checkpoint cannot be published, or the rollback guard cannot be reached; or that takes too
    /// long.
    Publication,
    /// The wall clock stepped by more than a minute.
    Clock,
    /// [`super::Log::close`] was called.
    Closed,
    /// The disk failed inside reserved room.
    Stopped,
    /// Whoever keeps the second copy of the write-ahead log is away, or does not go on with it.
    Copy,
    /// The batch under way takes longer than [`super::SLOW`]: the disk hangs, or nearly. It ends with that batch.
    Slow,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 7] =
        [Self::Room, Self::Publication, Self::Clock, Self::Closed, Self::Stopped, Self::Copy, Self::Slow];

    /// A word for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Publication => "publication",
            Self::Clock => "clock",
            Self::Closed => "closed",
            Self::Stopped => "stopped",
            Self::Copy => "copy",
            Self::Slow => "slow",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The causes in force that were reported; [`Cause::Slow`] and a publication that hangs are none of them, since whoever hangs
/// cannot report it
/// ([`super::threads::shared::Shared::causes`]).
pub(crate) struct Recordability {
    causes: AtomicU8,
    report: Report,
}

impl Recordability {
    pub(crate) fn new(report: Report) -> Self {
        Self { causes: AtomicU8::new(0), report }
    }

    /// Whether entries are taken.
    pub(crate) fn is_recordable(&self) -> bool {
        self.causes.load(Ordering::Acquire) == 0
    }

    /// Whether the writer may write what was taken: a closed log still records what it took before.
    pub(crate) fn may_write(&self) -> bool {
        self.causes.load(Ordering::Acquire) & !Cause::Closed.bit() == 0
    }

    pub(crate) fn is_blocked_by(&self, cause: Cause) -> bool {
        self.causes.load(Ordering::Acquire) & cause.bit() != 0
    }

    /// A cause begins; reported once.
    pub(crate) fn block(&self, cause: Cause, why: &str) {
        let before = self.causes.fetch_or(cause.bit(), Ordering::AcqRel);
        if before & cause.bit() == 0 {
            (self.report)(&format!("the log is not recordable ({}): {why}", cause.as_str()));
        }
    }

    /// A cause ends.
    pub(crate) fn unblock(&self, cause: Cause) {
        let before = self.causes.fetch_and(!cause.bit(), Ordering::AcqRel);
        if before == cause.bit() {
            (self.report)(&format!("the log is recordable again ({} was the last cause)", cause.as_str()));
        }
    }

    /// [`super::Log::close`]: nothing is reported.
    pub(crate) fn close(&self) {
        self.causes.fetch_or(Cause::Closed.bit(), Ordering::AcqRel);
    }

    pub(crate) fn causes(&self) -> Vec<Cause> {
        Cause::ALL.into_iter().filter(|cause| self.is_blocked_by(*cause)).collect()
    }
}

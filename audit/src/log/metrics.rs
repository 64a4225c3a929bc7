//! Figures for whoever watches: counters and small histograms, updated without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::recordability::Cause;

/// Upper bounds in microseconds: from a fast disk's flush to the longest lag that is allowed.
const MICROSECONDS: [u64; 14] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000];
/// Upper bounds of a batch's leaves.
const LEAVES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024, 4_096];

/// A histogram as Prometheus has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Upper bound and how many values were at most that, in increasing order; larger values are only in `count`.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of the values.
    pub sum: f64,
    /// How many values.
    pub count: u64,
}

/// What [`super::Log::metrics`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// Leaves that are durable.
    pub size: u64,
    /// Leaves that the published checkpoint covers.
    pub published: u64,
    /// Entries that wait for the writer.
    pub waiting: usize,
    /// Bytes reserved and not yet written: in the current segment and in the next.
    pub reserved_bytes: u64,
    /// Leaves in a batch.
    pub batch_leaves: Histogram,
    /// Seconds of the write and `fdatasync` of a batch.
    pub commit_seconds: Histogram,
    /// Seconds from a leaf durable to its checkpoint published, for the oldest leaf of each publication.
    pub publish_lag_seconds: Histogram,
    /// How long the oldest durable leaf that is not published has waited until now; zero when all are published.
    pub unpublished_for: Duration,
    /// How long the batch under way has taken until now; zero while there is none. `commit_seconds` counts it afterwards.
    pub writing_for: Duration,
    /// Checkpoints signed, those for proofs at once included.
    pub checkpoints: u64,
    /// Published files that were missing or damaged and were made again.
    pub restored: u64,
    /// What keeps the log from recording; empty when nothing does.
    pub not_recordable: Vec<Cause>,
}

/// What is under way, until now.
pub(crate) struct Times {
    pub(crate) unpublished_for: Duration,
    pub(crate) writing_for: Duration,
}

/// Counts of one histogram.
pub(crate) struct AtomicHistogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    sum: AtomicU64,
    count: AtomicU64,
}

impl<const N: usize> AtomicHistogram<N> {
    fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], sum: AtomicU64::new(0), count: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, value: u64) {
        let bucket = self.bounds.iter().zip(&self.counts).find(|(bound, _)| value <= **bound);
        if let Some((_, count)) = bucket {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_time(&self, time: Duration) {
        self.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Cumulative, with bounds and sum divided by `unit`.
    fn read(&self, unit: f64) -> Histogram {
        let mut below = 0;
        let buckets = self.bounds.iter().zip(&self.counts).map(|(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (*bound as f64 / unit, below)
        });
        Histogram {
            buckets: buckets.collect(),
            sum: self.sum.load(Ordering::Relaxed) as f64 / unit,
            count: self.count.load(Ordering::Relaxed),
        }
    }
}

/// The figures while they are collected.
pub(crate) struct Meters {
    pub(crate) batch_leaves: AtomicHistogram<11>,
    pub(crate) commit: AtomicHistogram<14>,
    pub(crate) publish_lag: AtomicHistogram<14>,
    pub(crate) checkpoints: AtomicU64,
    /// Published files made again.
    pub(crate) restored: AtomicU64,
    /// Bytes left in the current segment.
    pub(crate) room: AtomicU64,
    /// Leaves durable.
    pub(crate) size: AtomicU64,
    /// Leaves published.
    pub(crate) published: AtomicU64,
}

impl Meters {
    pub(crate) fn new(size: u64, published: u64) -> Self {
        Self {
            batch_leaves: AtomicHistogram::new(&LEAVES),
            commit: AtomicHistogram::new(&MICROSECONDS),
            publish_lag: AtomicHistogram::new(&MICROSECONDS),
            checkpoints: AtomicU64::new(0),
            restored: AtomicU64::new(0),
            room: AtomicU64::new(0),
            size: AtomicU64::new(size),
            published: AtomicU64::new(published),
        }
    }

    pub(crate) fn read(&self, waiting: usize, ready_bytes: u64, times: Times, not_recordable: Vec<Cause>) -> Metrics {
        Metrics {
            size: self.size.load(Ordering::Acquire),
            published: self.published.load(Ordering::Acquire),
            waiting,
            reserved_bytes: self.room.load(Ordering::Relaxed) + ready_bytes,
            batch_leaves: self.batch_leaves.read(1.0),
            commit_seconds: self.commit.read(1e6),
            publish_lag_seconds: self.publish_lag.read(1e6),
            unpublished_for: times.unpublished_for,
            writing_for: times.writing_for,
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
            restored: self.restored.load(Ordering::Relaxed),
            not_recordable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_have_a_sum() {
        let counts = AtomicHistogram::new(&LEAVES);
        for value in [1, 2, 3, 5000] {
            counts.add(value);
        }
        let read = counts.read(1.0);
        assert_eq!(read.buckets[..3], [(1.0, 1), (2.0, 2), (4.0, 3)]);
        assert_eq!((read.buckets[10], read.sum, read.count), ((4096.0, 3), 5006.0, 4));
    }
}

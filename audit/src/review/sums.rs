//! What the reviews of several logs come to together. Each log is drawn and reviewed by itself; only counts are added.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{Judged, ReviewFigures, ReviewProgress, ReviewedMonth};

/// Sums over logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReviewSums {
    /// Leaves of the logs.
    pub size: u64,
    /// Of periods of one name, sorted.
    pub periods: Vec<SummedPeriod>,
    /// Of suspicious queries of no such period, by month, sorted.
    pub months: Vec<ReviewedMonth>,
}

/// A period, over the logs in which somebody committed to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SummedPeriod {
    /// Its name.
    pub period: String,
    /// Queries of institutions.
    pub queries: u64,
    /// Of them drawn.
    pub drawn: u64,
    /// How far their review has come.
    #[serde(flatten)]
    pub progress: ReviewProgress,
    /// Queries of which the supervisor knew the right verdict.
    pub known: u64,
    /// Of those, the ones that were judged so.
    pub right: u64,
}

impl ReviewSums {
    /// Of the figures of these logs.
    #[must_use]
    pub fn of<'a>(logs: impl Iterator<Item = &'a ReviewFigures>) -> Self {
        let (mut size, mut periods, mut months) = (0, BTreeMap::new(), BTreeMap::new());
        for log in logs {
            size += log.size;
            for one in &log.periods {
                let period = || SummedPeriod { period: one.period.clone(), ..SummedPeriod::default() };
                let sum = periods.entry(&one.period).or_insert_with(period);
                sum.queries += one.queries;
                sum.drawn += one.drawn;
                sum.progress.add(&one.progress);
                sum.known += one.known.len() as u64;
                sum.right += one.right();
            }
            for one in &log.months {
                let month = || ReviewedMonth { month: one.month.clone(), ..ReviewedMonth::default() };
                months.entry(&one.month).or_insert_with(month).progress.add(&one.progress);
            }
        }
        Self { size, periods: periods.into_values().collect(), months: months.into_values().collect() }
    }
}

impl ReviewProgress {
    fn add(&mut self, other: &Self) {
        let Self { queued, suspicious, opened, judged, closed, late } = other;
        self.queued += queued;
        self.suspicious += suspicious;
        self.opened += opened;
        let Judged { explained, unexplained, suspicious } = judged;
        self.judged.explained += explained;
        self.judged.unexplained += unexplained;
        self.judged.suspicious += suspicious;
        self.closed += closed;
        self.late += late;
    }
}

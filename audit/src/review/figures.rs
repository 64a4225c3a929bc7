//! What review comes to, period by period, and what is wrong with it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use uuid::Uuid;

use super::fold::{PeriodState, Reviewed, Reviews};
use super::rules::Word;

/// Review as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewFigures {
    /// Leaves of the log that were taken in.
    pub size: u64,
    /// Each period that was committed to, sorted.
    pub periods: Vec<ReviewedPeriod>,
    /// Suspicious queries of no such period, by month, sorted.
    pub months: Vec<ReviewedMonth>,
}

/// How far the review of some queries has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewProgress {
    /// Put before reviewers: what is suspicious, and what was drawn.
    pub queued: u64,
    /// Of those, the ones that the gateway calls suspicious.
    pub suspicious: u64,
    /// Opened by a reviewer.
    pub opened: u64,
    /// Judged, by verdict.
    pub judged: Judged,
    /// Closed by a second officer.
    pub closed: u64,
    /// Not judged in time.
    pub late: u64,
}

/// What of a month's queries is suspicious, where nobody committed to a nonce for a period with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedMonth {
    /// The month.
    pub month: String,
    /// How far their review has come.
    #[serde(flatten)]
    pub progress: ReviewProgress,
}

/// The review of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedPeriod {
    /// Its name.
    pub period: String,
    /// The leaf with the commitment.
    pub committed: u64,
    /// The leaf in which the nonce is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<u64>,
    /// Leaves of the checkpoint that it is drawn by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_by: Option<u64>,
    /// Queries of institutions.
    pub queries: u64,
    /// Of them drawn.
    pub drawn: u64,
    /// How far the review has come of what was drawn, and of what is suspicious.
    #[serde(flatten)]
    pub progress: ReviewProgress,
    /// Queries of which the supervisor knew the right verdict.
    pub known: Vec<KnownItem>,
    /// What is wrong with the draw.
    pub faults: Vec<ReviewFault>,
}

impl ReviewedPeriod {
    /// Queries of which the supervisor knew the right verdict, and that were judged so.
    #[must_use]
    pub fn right(&self) -> u64 {
        self.known.iter().filter(|item| item.judged == Some(item.right)).count() as u64
    }
}

/// Verdicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// So many.
    pub explained: u64,
    /// So many.
    pub unexplained: u64,
    /// So many.
    pub suspicious: u64,
}

/// A query of which the supervisor knew the right verdict, and what reviewers said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownItem {
    /// The query.
    pub query: Uuid,
    /// The right verdict.
    pub right: &'static str,
    /// The verdict of the reviewer, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<&'static str>,
}

impl<'de> Deserialize<'de> for KnownItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text {
            query: Uuid,
            right: String,
            judged: Option<String>,
        }
        let Text { query, right, judged } = Text::deserialize(from)?;
        let word = |text: &str| {
            Word::parse(text).map(Word::as_str).ok_or_else(|| D::Error::custom("a verdict has another name"))
        };
        Ok(Self { query, right: word(&right)?, judged: judged.as_deref().map(word).transpose()? })
    }
}

/// What is wrong with the draw of a period, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawFault {
    /// See [`ReviewFault::CommittedLate`].
    #[error("the nonce of {0} was committed to when the period had begun")]
    CommittedLate(String),
    /// See [`ReviewFault::OtherNonce`].
    #[error("what is shown of {0} is not the nonce that was committed to, or names another checkpoint")]
    OtherNonce(String),
    /// See [`ReviewFault::NotQueued`].
    #[error("the query of entry {1} is drawn for {0} or suspicious, and was put before no reviewer")]
    NotQueued(String, u64),
    /// Another policy than the one that was in force.
    #[error("the policy that was given is not the one of {0}")]
    Policy(String),
}

impl ReviewFault {
    /// The fault of this period as a sentence.
    #[must_use]
    pub fn of(&self, period: &str) -> DrawFault {
        let period = period.to_owned();
        match self {
            Self::CommittedLate => DrawFault::CommittedLate(period),
            Self::OtherNonce => DrawFault::OtherNonce(period),
            Self::NotQueued(index) => DrawFault::NotQueued(period, *index),
        }
    }
}

/// What is wrong with the draw of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewFault {
    /// The commitment came when the period had begun.
    CommittedLate,
    /// What was shown is not what was committed to, or names another checkpoint.
    OtherNonce,
    /// A query that is drawn was not put before a reviewer: its leaf.
    NotQueued(u64),
}

impl Reviews {
    /// The figures of what was taken in, as they are at an instant: what is late depends on it. Before a period is drawn, and
    /// where none is committed to, a review has `within_days`.
    #[must_use]
    pub fn figures(&self, now: Timestamp, within_days: u64) -> ReviewFigures {
        let mut progress: BTreeMap<String, ReviewProgress> = BTreeMap::new();
        for (id, known) in &self.reviewed {
            for name in self.periods_of(known, *id) {
                let shown = self.periods.get(&name).and_then(|period| period.shown.as_ref());
                let days = shown.map_or(within_days, |shown| shown.within_days);
                progress.entry(name).or_default().count(known, days, now);
            }
        }
        let of = |(name, period): (&String, &PeriodState)| {
            let progress = progress.remove(name).unwrap_or_default();
            self.of_period(name, period, progress)
        };
        let periods = self.periods.iter().map(of).collect();
        let months = progress.into_iter().map(|(month, progress)| ReviewedMonth { month, progress }).collect();
        ReviewFigures { size: self.size(), periods, months }
    }

    fn of_period(&self, name: &str, period: &PeriodState, progress: ReviewProgress) -> ReviewedPeriod {
        let mut made = ReviewedPeriod {
            period: name.to_owned(),
            committed: period.committed,
            progress,
            ..ReviewedPeriod::default()
        };
        made.queries = period.count;
        if !period.in_time {
            made.faults.push(ReviewFault::CommittedLate);
        }
        let Some(shown) = &period.shown else { return made };
        made.shown = Some(shown.index);
        made.drawn_by = period.checkpoint.as_ref().map(|checkpoint| checkpoint.size);
        if shown.seed.is_none() {
            made.faults.push(ReviewFault::OtherNonce);
        }
        made.drawn = period.drawn.len() as u64;
        let drawn = period.drawn_in_order();
        let not_queued = drawn.iter().filter(|of| !self.is_queued(of.id));
        made.faults.extend(not_queued.map(|of| ReviewFault::NotQueued(of.index)));
        let of_period = self.planted.values().filter(|(of, _)| of == name);
        made.known = of_period.filter_map(|(_, known)| self.known(*known.as_ref()?)).collect();
        made
    }

    fn known(&self, (query, word): (Uuid, Word)) -> Option<KnownItem> {
        let judged = self.reviewed.get(&query).and_then(|known| known.judged.as_ref());
        Some(KnownItem { query, right: word.as_str(), judged: judged.map(|(_, _, word)| word.as_str()) })
    }
}

impl Judged {
    pub(crate) fn add(&mut self, word: Word) {
        match word {
            Word::Explained => self.explained += 1,
            Word::Unexplained => self.unexplained += 1,
            Word::Suspicious => self.suspicious += 1,
        }
    }
}

impl ReviewProgress {
    fn count(&mut self, known: &Reviewed, within_days: u64, now: Timestamp) {
        let Some((queued, word)) = known.queued else { return };
        self.queued += 1;
        self.suspicious += u64::from(word == Word::Suspicious);
        self.opened += u64::from(!known.opened.is_empty());
        self.closed += u64::from(known.closed.is_some());
        let hours = i64::try_from(within_days.saturating_mul(24)).unwrap_or(i64::MAX / 3_600);
        let until = queued.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
        match &known.judged {
            Some((at, _, word)) => {
                self.late += u64::from(*at > until);
                self.judged.add(*word);
            }
            None => self.late += u64::from(now > until),
        }
    }

    /// How many are not closed.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.queued - self.closed
    }
}

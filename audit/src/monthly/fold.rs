//! One leaf after the other: what it adds to the figures of a month.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use uuid::Uuid;

use super::figures::{Alarms, MonthlyFigures, Objections, Queries, ReviewCounts, SuspensionLine};
use super::queries::QueryPart;
use crate::checkpoint::Checkpoint;
use crate::coverage::Coverage;
use crate::leaf::{
    self, Actor, Body, BodyError, Kind, Leaf, Objection, ObjectionState, Peek, Review, ReviewState, Suspension,
};
use crate::review::Word;

/// The form of the figures.
const FORM: &str = "credit-gateway/report/1";

/// Takes in the leaves of a log in their order, for one month.
pub struct Monthly {
    month: String,
    offset: Offset,
    /// Of a set, the logs; none of one log.
    origins: Vec<String>,
    last_at: Option<Timestamp>,
    coverage: Coverage,
    queries: Queries,
    kinds: BTreeMap<String, u64>,
    range: Option<(u64, u64)>,
    feedback: BTreeMap<String, u64>,
    measures: BTreeMap<String, u64>,
    reviews: ReviewCounts,
    /// Queries under review that are not closed, whenever they were put there.
    under_review: HashSet<Uuid>,
    objections: Objections,
    /// Open objections by class and day, whenever they were made.
    open: BTreeMap<(String, Date), u64>,
    notices_given: BTreeMap<String, u64>,
    suspensions: Vec<SuspensionLine>,
    floods: BTreeMap<String, u64>,
    numbers: BTreeMap<String, (u64, u64)>,
    catalogues: BTreeSet<String>,
    alarms: Alarms,
}

impl Monthly {
    /// Of no leaf yet. `month` is written as `2026-11`, its days are those of the offset from UTC.
    #[must_use]
    pub fn new(month: &str, offset: Offset) -> Self {
        Self::of_set(month, offset, Vec::new())
    }

    /// The same, of the set of the logs with these origins.
    pub(super) fn of_set(month: &str, offset: Offset, origins: Vec<String>) -> Self {
        Self {
            month: month.to_owned(),
            offset,
            coverage: Coverage::of_set(offset, origins.clone()),
            origins,
            last_at: None,
            queries: Queries::default(),
            kinds: BTreeMap::new(),
            range: None,
            feedback: BTreeMap::new(),
            measures: BTreeMap::new(),
            reviews: ReviewCounts::default(),
            under_review: HashSet::new(),
            objections: Objections::default(),
            open: BTreeMap::new(),
            notices_given: BTreeMap::new(),
            suspensions: Vec::new(),
            floods: BTreeMap::new(),
            numbers: BTreeMap::new(),
            catalogues: BTreeSet::new(),
            alarms: Alarms::default(),
        }
    }

    /// Takes in the next leaf.
    ///
    /// # Errors
    /// When it is none of its kind.
    pub fn leaf(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        self.leaf_in(0, index, head)
    }

    /// Takes in the next leaf of a set, of the log with this place in it.
    pub(super) fn leaf_in(&mut self, log: usize, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        self.coverage.leaf_in(log, index, head)?;
        self.last_at = Some(head.at);
        let day = self.day(head.at);
        // Days of one form are in the order of their texts.
        let (text, is_of_month) = (day.to_string(), day.to_string().starts_with(&self.month));
        if text.as_str() > self.month.as_str() && !is_of_month {
            return Ok(());
        }
        if !is_of_month {
            if ![Kind::Objection, Kind::Review].map(Kind::as_str).contains(&head.kind) {
                return Ok(());
            }
            let Some(Leaf { actor, body, .. }) = leaf::parse_after(head)? else { return Ok(()) };
            match body {
                Body::Objection(objection) => self.keep_open(&objection, actor.as_ref()),
                Body::Review(review) => self.keep_under_review(&review),
                _ => {}
            }
            return Ok(());
        }
        *self.kinds.entry(head.kind.to_owned()).or_default() += 1;
        self.range = Some((self.range.map_or(index, |(first, _)| first), index));
        if head.kind == Kind::Query.as_str() {
            let keys = |why| BodyError::Keys { kind: Kind::Query.as_str(), why };
            self.number(log, &head, head.seq);
            return serde_json::from_str(head.text).map(|query| self.query(&text, &query)).map_err(keys);
        }
        let Some(Leaf { head, actor, body }) = leaf::parse_after(head)? else { return Ok(()) };
        let first = if let Body::Refusals(refusals) = &body { Some(refusals.seqs.0) } else { head.seq };
        self.number(log, &head, first);
        self.act((log, index), &head, actor.as_ref(), body, day);
        Ok(())
    }

    /// Numbers run in each log by itself.
    fn number(&mut self, log: usize, head: &Peek<'_>, first: Option<u64>) {
        if let (Some(institution), Some(first), Some(last)) = (head.institution, first, head.seq) {
            let origin = self.origins.get(log);
            let name = origin.map_or_else(|| institution.to_owned(), |origin| format!("{institution} {origin}"));
            self.numbers.entry(name).or_insert((first, last)).1 = last;
        }
    }

    fn query(&mut self, day: &str, query: &QueryPart<'_>) {
        self.catalogues.insert(query.catalogue().to_owned());
        self.queries.query(day, query);
    }

    fn act(&mut self, (log, index): (usize, u64), head: &Peek<'_>, actor: Option<&Actor>, body: Body<'_>, day: Date) {
        let by_rule = matches!(actor, Some(Actor::System(_)));
        match body {
            Body::Refusals(refusals) => {
                self.queries.shared(&day.to_string(), head.institution, refusals.counts);
            }
            Body::Feedback(feedback) => {
                let result = serde_json::to_value(feedback.result).ok();
                let result = result.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
                *self.feedback.entry(result).or_default() += 1;
                feedback.measure.into_iter().for_each(|name| *self.measures.entry(name).or_default() += 1);
            }
            Body::Notice(notice) => {
                let way = serde_json::to_value(notice.way).ok();
                let way = way.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
                *self.notices_given.entry(way).or_default() += notice.count;
            }
            Body::Objection(objection) => {
                self.keep_open(&objection, actor);
                if !by_rule {
                    self.objection(&objection, day);
                }
            }
            Body::Review(review) => {
                self.keep_under_review(&review);
                self.review(&review);
            }
            Body::Flood(flood) => {
                let all: u64 = flood.counts.values().sum();
                *self.floods.entry(flood.institution).or_default() += all;
                self.alarms.floods += all;
            }
            Body::Stop(stop) => self.alarms.stops += u64::from(stop.stopped),
            Body::Unseal(unseal) => self.alarms.unseals_alone += u64::from(unseal.proposal.is_none()),
            Body::Suspension(Suspension { institution, operator, scenario, suspended, reason }) => {
                self.alarms.suspensions_by_rule += u64::from(suspended && by_rule);
                let (log, at) = (self.origins.get(log).cloned(), head.at);
                let line = SuspensionLine { log, index, at, institution, operator, scenario, suspended, reason };
                self.suspensions.push(line);
            }
            _ => {}
        }
    }

    fn objection(&mut self, objection: &Objection, day: Date) {
        let figures = &mut self.objections;
        match objection.state {
            ObjectionState::Open => {
                figures.made += 1;
                return;
            }
            ObjectionState::Upheld => figures.upheld += 1,
            ObjectionState::Rejected => figures.rejected += 1,
        }
        if day <= objection.due { figures.in_time += 1 } else { figures.late += 1 }
    }

    fn review(&mut self, review: &Review) {
        let (figures, word) = (&mut self.reviews, review.verdict.as_deref());
        match review.state {
            ReviewState::Queued => {
                figures.queued += 1;
                figures.suspicious += u64::from(word == Some(Word::Suspicious.as_str()));
            }
            ReviewState::Opened => figures.opened += 1,
            ReviewState::Judged => word.and_then(Word::parse).into_iter().for_each(|word| figures.judged.add(word)),
            ReviewState::Closed => figures.closed += 1,
        }
    }

    fn keep_under_review(&mut self, review: &Review) {
        match review.state {
            ReviewState::Queued => drop(self.under_review.insert(review.query)),
            ReviewState::Closed => drop(self.under_review.remove(&review.query)),
            ReviewState::Opened | ReviewState::Judged => {}
        }
    }

    /// What waits for a decision; what a log says again of the log before it waits too.
    fn keep_open(&mut self, objection: &Objection, actor: Option<&Actor>) {
        let key = (objection.class.clone(), objection.due);
        let by_rule = matches!(actor, Some(Actor::System(_)));
        match objection.state {
            ObjectionState::Open => *self.open.entry(key).or_default() += 1,
            ObjectionState::Upheld | ObjectionState::Rejected if !by_rule => {
                if let Some(count) = self.open.get_mut(&key) {
                    *count = count.saturating_sub(1);
                }
            }
            ObjectionState::Upheld | ObjectionState::Rejected => {}
        }
    }

    fn day(&self, at: Timestamp) -> Date {
        self.offset.to_datetime(at).date()
    }

    /// The figures, of a log that was checked up to this checkpoint.
    #[must_use]
    pub fn figures(self, checkpoint: &Checkpoint) -> MonthlyFigures {
        let coverage = self.coverage.figures(Some(&self.month));
        let last_day = format!("{}-01", self.month).parse::<Date>().map(|first| first.last_of_month()).ok();
        let overdue = self.open.iter().filter(|((_, due), _)| last_day.is_some_and(|last| *due < last));
        let objections = Objections {
            open: self.open.values().sum(),
            overdue: overdue.map(|(_, count)| count).sum(),
            ..self.objections
        };
        let case_misses = coverage.misses.len() as u64;
        let alarms = Alarms { case_misses, objections_late: objections.late + objections.overdue, ..self.alarms };
        let minutes = self.offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        MonthlyFigures {
            form: FORM,
            origin: checkpoint.origin.clone(),
            utc_offset: format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60),
            size: checkpoint.size,
            root: STANDARD.encode(checkpoint.root),
            logs: Vec::new(),
            last_at: self.last_at,
            leaves: self.kinds.values().sum(),
            first: self.range.map(|(first, _)| first),
            last: self.range.map(|(_, last)| last),
            kinds: self.kinds,
            queries: self.queries,
            coverage,
            reviews: ReviewCounts { waiting: self.under_review.len() as u64, ..self.reviews },
            feedback: self.feedback,
            measures: self.measures,
            objections,
            notices_given: self.notices_given,
            suspensions: self.suspensions,
            floods: self.floods,
            numbers: self.numbers,
            catalogues: self.catalogues.into_iter().collect(),
            alarms,
            month: self.month,
        }
    }
}

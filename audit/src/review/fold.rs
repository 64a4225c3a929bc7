//! The fold: what was committed to, what had to be drawn by it, and what became of each query that is reviewed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::conduct::{Conduct, OfQuery};
use super::draw::{Seed, commitment, known_commitment};
use super::period::Period;
use super::policy::ReviewPolicy;
use super::rules::Word;
use crate::checkpoint::Checkpoint;
use crate::edge::Edge;
use crate::leaf::{
    self, Actor, Base64, Body, BodyError, Kind, Leaf, Peek, QuerySummary, Review, ReviewState, Sampling, SamplingState,
};
use crate::log::Frontier;
use crate::merkle::{Hash, leaf_hash};

/// What was said of a period.
#[derive(Debug, Clone)]
pub(super) struct PeriodState {
    pub(super) bounds: Period,
    /// The commitment, and the leaf with it.
    pub(super) digest: [u8; 32],
    pub(super) committed: u64,
    /// Whether it was made before the period began.
    pub(super) in_time: bool,
    /// The checkpoint of the tree whose last leaf is the first one after the period.
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) shown: Option<Shown>,
    /// Its queries, until it is drawn; from then on only their number and what is drawn are kept.
    waiting: Vec<OfQuery>,
    pub(super) count: u64,
    pub(super) drawn: HashMap<Uuid, OfQuery>,
}

impl PeriodState {
    /// What is drawn, in the order of the log.
    pub(super) fn drawn_in_order(&self) -> Vec<OfQuery> {
        let mut all: Vec<OfQuery> = self.drawn.values().copied().collect();
        all.sort_by_key(|of| of.index);
        all
    }
}

/// What follows from a nonce that was shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) index: u64,
    at: Timestamp,
    /// Nothing where it is not what was committed to, or another checkpoint is named.
    pub(super) seed: Option<Seed>,
    pub(super) per_mille: u64,
    pub(super) within_days: u64,
    pub(super) policy: [u8; 32],
}

/// What became of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Reviewed {
    /// When and as what it was put before a reviewer.
    pub(super) queued: Option<(Timestamp, Word)>,
    /// The leaf that says so.
    pub(super) queued_by: u64,
    /// Where the query stands, where that is known.
    pub(super) place: Option<OfQuery>,
    /// Who opened it, each once.
    pub(super) opened: Vec<String>,
    /// Who judged it last, when, and how.
    pub(super) judged: Option<(Timestamp, String, Word)>,
    /// Why, as that officer wrote it.
    pub(super) reason: Option<String>,
    /// Who closed it.
    pub(super) closed: Option<String>,
}

/// The period of a query that the supervisor had made; and the query with its right verdict, once they are shown.
type Planted = (String, Option<(Uuid, Word)>);

/// By what a period is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// Its instants.
    pub bounds: Period,
    /// What decides.
    pub seed: Seed,
    /// How many of a thousand are drawn.
    pub per_mille: u64,
    /// The leaves before this one say what is suspicious.
    pub until: u64,
    /// When it was drawn.
    pub at: Timestamp,
    /// SHA-256 of the policy that was in force.
    pub policy: [u8; 32],
}

/// How far the review of a query has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It is under no review.
    NotQueued,
    /// It waits; this officer did not open it.
    Queued,
    /// This officer opened it.
    Opened,
    /// It is judged, and can be judged again before it is closed.
    Judged {
        /// By this officer.
        by: String,
    },
    /// It is over.
    Closed,
}

/// Takes in the leaves of one log in their order.
#[derive(Debug)]
pub struct Reviews {
    pub(super) origin: String,
    pub(super) offset: Offset,
    tree: Frontier,
    /// Of queries before this time, and of periods that begin before it, nothing is told: what explains them may be let go.
    from: Timestamp,
    /// By its name.
    pub(super) periods: BTreeMap<String, PeriodState>,
    pub(super) reviewed: HashMap<Uuid, Reviewed>,
    /// Those that were put before a reviewer and are not closed.
    open: HashSet<Uuid>,
    /// Those of which it is not known where they stand.
    without_place: BTreeSet<Uuid>,
    pub(super) conduct: Conduct,
    /// By which [`Self::suspicious`] was answered last: by another one, others may be.
    last_policy: Option<ReviewPolicy>,
    /// What was committed to of queries that the supervisor had made: the period, and the query and its verdict once shown.
    pub(super) planted: BTreeMap<[u8; 32], Planted>,
}

impl Reviews {
    /// Of no leaf yet. Days are those of this offset from UTC.
    #[must_use]
    pub fn new(origin: &str, offset: Offset) -> Self {
        Self {
            origin: origin.to_owned(),
            offset,
            tree: Frontier::empty(),
            from: Timestamp::MIN,
            periods: BTreeMap::new(),
            reviewed: HashMap::new(),
            open: HashSet::new(),
            without_place: BTreeSet::new(),
            conduct: Conduct::new(offset),
            last_policy: None,
            planted: BTreeMap::new(),
        }
    }

    /// Begins anew where the leaves of a log begin of which records were let go: with the second month that is whole, since what
    /// explains a query may have been said a month before.
    pub fn begin_at(&mut self, edge: &Edge) {
        let (tree, from) = (edge.tree.clone(), edge.whole_from(self.offset, 1));
        *self = Self { tree, from, ..Self::new(&self.origin, self.offset) };
    }

    /// Leaves that were taken in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Takes in the next leaf, with its bytes as they stand.
    ///
    /// # Errors
    /// When the leaf is none of its kind.
    pub fn leaf(&mut self, index: u64, head: Peek<'_>, bytes: &[u8]) -> Result<(), BodyError> {
        let matters = [Kind::Query, Kind::Case, Kind::Appointment, Kind::Feedback, Kind::Review, Kind::Sampling];
        let leaf = if matters.map(Kind::as_str).contains(&head.kind) { leaf::parse_after(head)? } else { None };
        self.parsed(index, head.at, leaf.as_ref(), leaf_hash(bytes));
        Ok(())
    }

    /// The same, of one that was parsed already, with its hash; `None` where it says nothing of reviews.
    pub fn parsed(&mut self, index: u64, at: Timestamp, leaf: Option<&Leaf<'_>>, hash: Hash) {
        self.tree.push(hash, |_, _| {});
        for period in self.periods.values_mut() {
            if period.checkpoint.is_none() && at >= period.bounds.until {
                let (origin, size) = (self.origin.clone(), self.tree.size());
                period.checkpoint = Some(Checkpoint { origin, size, root: self.tree.root() });
            }
        }
        let Some(Leaf { head, actor, body }) = leaf else { return };
        let (of, by_gateway) = (head.institution.unwrap_or_default(), matches!(actor, Some(Actor::System(_))));
        match body {
            Body::Query(query) if query.institution.is_some() && query.at >= self.from => self.query(index, query),
            Body::Case(case) => self.conduct.case(index, head.at, of, case.clone(), by_gateway),
            Body::Appointment(said) => self.conduct.appointment(index, head.at, of, said.clone(), by_gateway),
            Body::Feedback(said) => self.conduct.feedback(head.at, of, said),
            Body::Review(review) if recorded_at(review.query) >= self.from => {
                self.review(index, head.at, actor.as_ref(), review);
            }
            Body::Sampling(sampling) => self.sampling(index, head.at, sampling.clone()),
            _ => {}
        }
    }

    /// Only who belongs to an institution is reviewed: not the person, and not the public.
    fn query(&mut self, index: u64, query: &QuerySummary<'_>) {
        let of = self.conduct.query(index, query);
        for period in self.periods.values_mut().filter(|period| period.bounds.has(query.at)) {
            period.count += 1;
            period.waiting.push(of);
        }
    }

    fn review(&mut self, index: u64, at: Timestamp, by: Option<&Actor>, review: &Review) {
        let word = review.verdict.as_deref().and_then(Word::parse);
        if let (Some(Actor::System(_)), ReviewState::Queued, Some(word)) = (by, review.state, word) {
            let place = self.place(review.query);
            let known = self.reviewed.entry(review.query).or_default();
            if known.queued.is_none() {
                (known.queued, known.queued_by, known.place) = (Some((at, word)), index, place);
                self.open.insert(review.query);
                if place.is_none() {
                    self.without_place.insert(review.query);
                }
            }
        }
        let Some(Actor::Officer { officer, .. }) = by else { return };
        // What was never put before a reviewer is no review.
        let Some(known) = self.reviewed.get_mut(&review.query) else { return };
        match (review.state, word) {
            (ReviewState::Opened, _) if !known.opened.contains(officer) => known.opened.push(officer.clone()),
            (ReviewState::Judged, Some(word)) if known.closed.is_none() => {
                known.judged = Some((at, officer.clone(), word));
                known.reason.clone_from(&review.reason);
            }
            (ReviewState::Closed, _) => {
                known.closed.get_or_insert_with(|| officer.clone());
                self.open.remove(&review.query);
            }
            (ReviewState::Opened | ReviewState::Judged | ReviewState::Queued, _) => {}
        }
    }

    fn sampling(&mut self, index: u64, at: Timestamp, sampling: Sampling) {
        let Sampling { state, period, digest, nonce, size, per_mille, within_days, policy, query, verdict } = sampling;
        match state {
            SamplingState::Committed => {
                let bounds = Period::parse(&period, self.offset).filter(|bounds| bounds.from >= self.from);
                let Some(bounds) = bounds else { return };
                // The first commitment counts: another one could be made once the queries are known.
                self.periods.entry(period).or_insert(PeriodState {
                    bounds,
                    digest: digest.0,
                    committed: index,
                    in_time: at < bounds.from,
                    checkpoint: None,
                    shown: None,
                    waiting: Vec::new(),
                    count: 0,
                    drawn: HashMap::new(),
                });
            }
            SamplingState::Shown => {
                let Some(known) = self.periods.get_mut(&period) else { return };
                let checkpoint = known.checkpoint.as_ref().filter(|it| Some(it.size) == size && it.size <= index);
                let nonce = nonce.filter(|nonce| commitment(&period, &nonce.0) == known.digest);
                let seed = nonce.zip(checkpoint).map(|(nonce, checkpoint)| Seed::new(&nonce.0, checkpoint));
                let (per_mille, within_days) = (per_mille.unwrap_or_default(), within_days.unwrap_or_default());
                if known.shown.is_some() {
                    return;
                }
                let waiting = std::mem::take(&mut known.waiting).into_iter();
                let is_drawn = |of: &OfQuery| seed.is_some_and(|seed| seed.draws(of.id, per_mille));
                known.drawn = waiting.filter(is_drawn).map(|of| (of.id, of)).collect();
                known.shown = Some(Shown {
                    index,
                    at,
                    seed,
                    per_mille,
                    within_days,
                    policy: policy.unwrap_or(Base64([0; 32])).0,
                });
            }
            SamplingState::Planted => drop(self.planted.entry(digest.0).or_insert((period, None))),
            SamplingState::Known => {
                let word = verdict.as_deref().and_then(Word::parse);
                let (Some(query), Some(word), Some(nonce)) = (query, word, nonce) else { return };
                let is_it = known_commitment(query, word.as_str(), &nonce.0) == digest.0;
                if let Some((_, known)) = self.planted.get_mut(&digest.0).filter(|_| is_it) {
                    known.get_or_insert((query, word));
                }
            }
        }
    }

    /// By what a period is drawn; nothing before its nonce is shown.
    #[must_use]
    pub fn draw(&self, period: &str) -> Option<Draw> {
        let known = self.periods.get(period)?;
        let shown = known.shown.as_ref()?;
        Some(Draw {
            bounds: known.bounds,
            seed: shown.seed?,
            per_mille: shown.per_mille,
            until: shown.index,
            at: shown.at,
            policy: shown.policy,
        })
    }

    /// What is drawn of a period, with the word that each had when it was.
    #[must_use]
    pub fn drawn(&self, period: &str, policy: &ReviewPolicy) -> Vec<(Uuid, Word)> {
        let Some(Draw { bounds, at, .. }) = self.draw(period) else { return Vec::new() };
        let words: HashMap<Uuid, Word> =
            self.conduct.words(&bounds, policy, at).into_iter().map(|(_, id, word)| (id, word)).collect();
        let drawn = self.periods.get(period).map(PeriodState::drawn_in_order).unwrap_or_default();
        drawn.into_iter().map(|of| (of.id, words.get(&of.id).copied().unwrap_or(Word::Explained))).collect()
    }

    /// The queries of a period that nothing explains, in the order of the log, with the word that they have at an instant.
    #[must_use]
    pub fn words(&self, period: &Period, policy: &ReviewPolicy, at: Timestamp) -> Vec<(u64, Uuid, Word)> {
        self.conduct.words(period, policy, at)
    }

    /// The queries that became suspicious since it was last asked, and that were put before no reviewer.
    pub fn suspicious(&mut self, policy: &ReviewPolicy, now: Timestamp) -> Vec<Uuid> {
        if self.last_policy.as_ref() != Some(policy) {
            self.last_policy = Some(policy.clone());
            self.look_again();
        }
        let found = self.conduct.suspicious(policy, now);
        found.into_iter().filter(|id| !self.is_queued(*id)).collect()
    }

    /// The queries of a drawn period that are suspicious, with those of `made_up`, which are about persons who do not exist.
    #[must_use]
    pub fn suspicious_of(&self, period: &str, policy: &ReviewPolicy, made_up: &HashSet<Uuid>) -> Vec<Uuid> {
        let Some(Draw { bounds, at, .. }) = self.draw(period) else { return Vec::new() };
        let words = self.conduct.words(&bounds, policy, at).into_iter();
        let suspicious = words.filter(|(.., word)| *word == Word::Suspicious).map(|(_, id, _)| id);
        let made_up = made_up.iter().copied().filter(|id| bounds.has(recorded_at(*id)));
        suspicious.chain(made_up).collect()
    }

    /// Whoever was looked at is looked at again by [`Self::suspicious`].
    pub fn look_again(&mut self) {
        self.conduct.changed.extend(self.conduct.looks.keys().copied());
    }

    /// How many reviews are not closed; and how many are not judged within so many days.
    #[must_use]
    pub fn waiting(&self, now: Timestamp, within_days: u64) -> (u64, u64) {
        let hours = i64::try_from(within_days.saturating_mul(24)).unwrap_or(i64::MAX / 3_600);
        let mut counts = (0, 0);
        for known in self.open.iter().filter_map(|id| self.reviewed.get(id)) {
            counts.0 += 1;
            let queued = known.queued.filter(|_| known.judged.is_none());
            let until = queued.map(|(queued, _)| queued.saturating_add(SignedDuration::from_hours(hours)));
            let until = until.map(|until| until.unwrap_or(Timestamp::MAX));
            counts.1 += u64::from(until.is_some_and(|until| until < now));
        }
        counts
    }

    /// Whether a review of a query that was recorded up to an instant is not closed.
    #[must_use]
    pub fn is_waiting_up_to(&self, at: Timestamp) -> bool {
        self.reviewed.iter().any(|(id, known)| known.closed.is_none() && recorded_at(*id) <= at)
    }

    /// Queries that were put before a reviewer, of which it is not known where they stand: explained ones of no period that was
    /// committed to.
    pub fn without_place(&self) -> impl Iterator<Item = Uuid> {
        self.without_place.iter().copied()
    }

    /// Says where one of them stands, from its leaf.
    ///
    /// # Errors
    /// When the leaf is none.
    pub fn set_place(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        let Some(Leaf { body: Body::Query(query), .. }) = leaf::parse_after(head)? else { return Ok(()) };
        let staff = self.conduct.staff_of(&query.counted_for(), query.operator.unwrap_or_default());
        if let Some(known) = self.reviewed.get_mut(&query.id) {
            known.place.get_or_insert(OfQuery { index, id: query.id, at: query.at, staff });
            self.without_place.remove(&query.id);
        }
        Ok(())
    }

    /// The period in which a query is reviewed: those that were committed to, else its month.
    pub(super) fn periods_of(&self, known: &Reviewed, query: Uuid) -> Vec<String> {
        let at = known.place.map_or_else(|| recorded_at(query), |place| place.at);
        let of = self.periods.iter().filter(|(_, period)| period.bounds.has(at));
        let named: Vec<String> = of.map(|(name, _)| name.clone()).collect();
        if named.is_empty() { vec![self.offset.to_datetime(at).strftime("%Y-%m").to_string()] } else { named }
    }

    /// The periods whose nonce is shown.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        self.periods.iter().filter(|(_, known)| known.shown.is_some()).map(|(name, _)| name.as_str())
    }

    /// What was committed to for a period, and the checkpoint that it is to be drawn by, once there is one.
    #[must_use]
    pub fn committed(&self, period: &str) -> Option<([u8; 32], Option<&Checkpoint>)> {
        self.periods.get(period).map(|known| (known.digest, known.checkpoint.as_ref()))
    }

    /// Where a query stands that nothing explains, or that is drawn or to be drawn.
    fn place(&self, query: Uuid) -> Option<OfQuery> {
        let drawn = || self.periods.values().find_map(|period| period.drawn.get(&query)).copied();
        let waiting = || self.periods.values().flat_map(|period| &period.waiting).find(|of| of.id == query).copied();
        self.conduct.place(query).or_else(drawn).or_else(waiting)
    }

    /// The leaf of a query that is reviewed.
    #[must_use]
    pub fn index_of(&self, query: Uuid) -> Option<u64> {
        self.reviewed.get(&query)?.place.map(|of| of.index)
    }

    /// Whether a query was put before a reviewer.
    #[must_use]
    pub fn is_queued(&self, query: Uuid) -> bool {
        self.reviewed.get(&query).is_some_and(|known| known.queued.is_some())
    }

    /// Of a query that was put before a reviewer: whether one opened it, and whether its review is closed.
    #[must_use]
    pub fn progress_of(&self, query: Uuid) -> Option<(bool, bool)> {
        let known = self.reviewed.get(&query).filter(|known| known.queued.is_some())?;
        Some((!known.opened.is_empty(), known.closed.is_some()))
    }

    /// Whether the supervisor committed to the right verdict on a query under this digest, and it is not shown yet.
    #[must_use]
    pub fn is_planted(&self, digest: &[u8; 32]) -> Option<&str> {
        self.planted.get(digest).filter(|(_, known)| known.is_none()).map(|(period, _)| period.as_str())
    }

    /// How far the review of a query has come, for an officer.
    #[must_use]
    pub fn stage(&self, query: Uuid, officer: &str) -> Stage {
        let Some(known) = self.reviewed.get(&query) else { return Stage::NotQueued };
        match (&known.closed, &known.judged) {
            (Some(_), _) => Stage::Closed,
            (None, Some((_, by, _))) => Stage::Judged { by: by.clone() },
            (None, None) if known.opened.iter().any(|by| by == officer) => Stage::Opened,
            (None, None) => Stage::Queued,
        }
    }
}

/// When the id of a query was made: to the millisecond when it was recorded.
fn recorded_at(query: Uuid) -> Timestamp {
    let (seconds, nanoseconds) = query.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let at = i64::try_from(seconds).ok().zip(i32::try_from(nanoseconds).ok());
    at.and_then(|(seconds, nanoseconds)| Timestamp::new(seconds, nanoseconds).ok()).unwrap_or(Timestamp::MIN)
}

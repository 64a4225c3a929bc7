//! The fold: what was committed to, what had to be drawn by it, and what became of each query that is reviewed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::Offset;
use uuid::Uuid;

use super::draw::{Seed, commitment, known_commitment};
use super::period::Period;
use super::rules::Word;
use crate::checkpoint::Checkpoint;
use crate::leaf::{
    self, Actor, Base64, Body, BodyError, Kind, Leaf, Peek, QuerySummary, Review, ReviewState, Sampling, SamplingState,
};
use crate::log::Frontier;
use crate::merkle::leaf_hash;

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
    pub(super) queries: Vec<OfPeriod>,
}

/// A query of a period.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfPeriod {
    pub(super) index: u64,
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    /// Its place in the list of members of staff.
    pub(super) staff: usize,
}

/// What follows from a nonce that was shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) index: u64,
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
    /// Who opened it, each once.
    pub(super) opened: Vec<String>,
    /// Who judged it last, when, and how.
    pub(super) judged: Option<(Timestamp, String, Word)>,
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
    /// By its name.
    pub(super) periods: BTreeMap<String, PeriodState>,
    pub(super) reviewed: HashMap<Uuid, Reviewed>,
    /// Members of staff who asked in a period: institution and id.
    pub(super) staff: Vec<(String, String)>,
    staff_places: HashMap<(String, String), usize>,
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
            periods: BTreeMap::new(),
            reviewed: HashMap::new(),
            staff: Vec::new(),
            staff_places: HashMap::new(),
            planted: BTreeMap::new(),
        }
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
        self.tree.push(leaf_hash(bytes), |_, _| {});
        for period in self.periods.values_mut() {
            if period.checkpoint.is_none() && head.at >= period.bounds.until {
                let (origin, size) = (self.origin.clone(), self.tree.size());
                period.checkpoint = Some(Checkpoint { origin, size, root: self.tree.root() });
            }
        }
        if ![Kind::Query, Kind::Review, Kind::Sampling].map(Kind::as_str).contains(&head.kind) {
            return Ok(());
        }
        let Some(Leaf { head, actor, body }) = leaf::parse_after(head)? else { return Ok(()) };
        match body {
            Body::Query(query) if query.institution.is_some() => self.query(index, &query),
            Body::Review(review) => self.review(head.at, actor.as_ref(), &review),
            Body::Sampling(sampling) => self.sampling(index, head.at, sampling),
            _ => {}
        }
        Ok(())
    }

    fn query(&mut self, index: u64, query: &QuerySummary<'_>) {
        let Self { periods, staff, staff_places, .. } = self;
        for period in periods.values_mut().filter(|period| period.bounds.has(query.at)) {
            let who = (query.counted_for().into_owned(), query.operator.unwrap_or_default().to_owned());
            let place = *staff_places.entry(who).or_insert_with_key(|who| {
                staff.push(who.clone());
                staff.len() - 1
            });
            period.queries.push(OfPeriod { index, id: query.id, at: query.at, staff: place });
        }
    }

    fn review(&mut self, at: Timestamp, by: Option<&Actor>, review: &Review) {
        let word = review.verdict.as_deref().and_then(Word::parse);
        if let (Some(Actor::System(_)), ReviewState::Queued, Some(word)) = (by, review.state, word) {
            self.reviewed.entry(review.query).or_default().queued.get_or_insert((at, word));
        }
        let Some(Actor::Officer { officer, .. }) = by else { return };
        // What was never put before a reviewer is no review.
        let Some(known) = self.reviewed.get_mut(&review.query) else { return };
        match (review.state, word) {
            (ReviewState::Opened, _) if !known.opened.contains(officer) => known.opened.push(officer.clone()),
            (ReviewState::Judged, Some(word)) if known.closed.is_none() => {
                known.judged = Some((at, officer.clone(), word));
            }
            (ReviewState::Closed, _) => drop(known.closed.get_or_insert_with(|| officer.clone())),
            (ReviewState::Opened | ReviewState::Judged | ReviewState::Queued, _) => {}
        }
    }

    fn sampling(&mut self, index: u64, at: Timestamp, sampling: Sampling) {
        let Sampling { state, period, digest, nonce, size, per_mille, within_days, policy, query, verdict } = sampling;
        match state {
            SamplingState::Committed => {
                let Some(bounds) = Period::parse(&period, self.offset) else { return };
                // The first commitment counts: another one could be made once the queries are known.
                self.periods.entry(period).or_insert(PeriodState {
                    bounds,
                    digest: digest.0,
                    committed: index,
                    in_time: at < bounds.from,
                    checkpoint: None,
                    shown: None,
                    queries: Vec::new(),
                });
            }
            SamplingState::Shown => {
                let Some(known) = self.periods.get_mut(&period) else { return };
                let checkpoint = known.checkpoint.as_ref().filter(|it| Some(it.size) == size && it.size <= index);
                let nonce = nonce.filter(|nonce| commitment(&period, &nonce.0) == known.digest);
                let seed = nonce.zip(checkpoint).map(|(nonce, checkpoint)| Seed::new(&nonce.0, checkpoint));
                let (per_mille, within_days) = (per_mille.unwrap_or_default(), within_days.unwrap_or_default());
                known.shown.get_or_insert(Shown {
                    index,
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
            policy: shown.policy,
        })
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

    /// The leaf of a query of a period.
    #[must_use]
    pub fn place(&self, query: Uuid) -> Option<u64> {
        let mut all = self.periods.values().flat_map(|period| &period.queries);
        all.find(|of| of.id == query).map(|of| of.index)
    }

    /// Whether a query was put before a reviewer.
    #[must_use]
    pub fn is_queued(&self, query: Uuid) -> bool {
        self.reviewed.get(&query).is_some_and(|known| known.queued.is_some())
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

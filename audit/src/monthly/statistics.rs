//! The figures of queries of every month, while it goes on: those that the report of the month has once it is over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::figures::{Outcomes, Queries};
use super::queries::QueryPart;
use crate::edge::Edge;
use crate::leaf::{self, Body, BodyError, Kind, Leaf, Peek};

/// Takes in the leaves of a log in their order.
#[derive(Debug)]
pub struct Statistics {
    offset: Offset,
    size: u64,
    /// Leaves before this time are of months that are not whole any more.
    from: Timestamp,
    months: BTreeMap<String, Queries>,
}

impl Statistics {
    /// Of no leaf yet. Months are those of this offset from UTC.
    #[must_use]
    pub fn new(offset: Offset) -> Self {
        Self { offset, size: 0, from: Timestamp::MIN, months: BTreeMap::new() }
    }

    /// Begins anew where the leaves of a log begin of which records were let go, with the first month that is whole.
    pub fn begin_at(&mut self, edge: &Edge) {
        *self = Self { size: edge.head.until, from: edge.whole_from(self.offset, 0), ..Self::new(self.offset) };
    }

    /// Leaves that were taken in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the next leaf.
    ///
    /// # Errors
    /// When it is none of its kind.
    pub fn leaf(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        self.size = index + 1;
        let is_query = head.kind == Kind::Query.as_str();
        if head.at < self.from || (!is_query && head.kind != Kind::Refusals.as_str()) {
            return Ok(());
        }
        let day = self.offset.to_datetime(head.at).date().to_string();
        let month = day.get(..7).unwrap_or_default().to_owned();
        let queries = self.months.entry(month).or_default();
        if is_query {
            let query: QueryPart<'_> =
                serde_json::from_str(head.text).map_err(|why| BodyError::Keys { kind: Kind::Query.as_str(), why })?;
            queries.query(&day, &query);
        } else if let Some(Leaf { head, body: Body::Refusals(refusals), .. }) = leaf::parse_after(head)? {
            queries.shared(&day, head.institution, refusals.counts);
        }
        Ok(())
    }

    /// The months in which somebody asked, the first one first.
    pub fn months(&self) -> impl Iterator<Item = &str> {
        self.months.keys().map(String::as_str)
    }

    /// The figures of a month, written as `2026-11`; those of no query where nobody asked in it.
    #[must_use]
    pub fn of_month(&self, month: &str) -> Queries {
        self.months.get(month).cloned().unwrap_or_default()
    }
}

impl Outcomes {
    /// With those of another log.
    pub fn add(&mut self, other: Self) {
        self.answered = self.answered.saturating_add(other.answered);
        self.refused = self.refused.saturating_add(other.refused);
    }
}

impl Queries {
    /// With those of another log.
    pub fn add(&mut self, other: Self) {
        fn counts<K: Ord>(all: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
            for (name, count) in others {
                let sum = all.entry(name).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        fn outcomes(all: &mut BTreeMap<String, Outcomes>, others: BTreeMap<String, Outcomes>) {
            others.into_iter().for_each(|(name, other)| all.entry(name).or_default().add(other));
        }
        let Self { all, repeats, days, institutions, askers, scenarios, grounds, fields, refusals, notices } = other;
        self.all.add(all);
        self.repeats = self.repeats.saturating_add(repeats);
        outcomes(&mut self.days, days);
        outcomes(&mut self.institutions, institutions);
        outcomes(&mut self.askers, askers);
        outcomes(&mut self.scenarios, scenarios);
        counts(&mut self.grounds, grounds);
        counts(&mut self.fields, fields);
        counts(&mut self.refusals, refusals);
        counts(&mut self.notices, notices);
    }

    /// Those of institutions by region, each once; and those of institutions that have none.
    #[must_use]
    pub fn by_region(&self, regions: &BTreeMap<String, String>) -> (BTreeMap<String, Outcomes>, Outcomes) {
        let (mut by_region, mut without) = (BTreeMap::<String, Outcomes>::new(), Outcomes::default());
        for (institution, outcomes) in &self.institutions {
            let of = regions.get(institution);
            let all = of.map_or(&mut without, |region| by_region.entry(region.clone()).or_default());
            all.answered = all.answered.saturating_add(outcomes.answered);
            all.refused = all.refused.saturating_add(outcomes.refused);
        }
        (by_region, without)
    }
}

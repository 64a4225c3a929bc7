//! The queue: what one member of staff asked in a period and is reviewed is one case. Its name does not tell who it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::fold::Reviews;

/// What of one member of staff's queries in a period is reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewCase {
    /// Its name: nobody can tell from it who asked.
    pub case: String,
    /// The period.
    pub period: String,
    /// The queries, oldest first.
    pub queries: Vec<CaseQuery>,
}

/// A query that is reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseQuery {
    /// The query.
    pub query: Uuid,
    /// Its leaf.
    pub index: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What the gateway says of it.
    pub word: &'static str,
    /// Whether a reviewer opened it.
    pub opened: bool,
    /// The verdict of a reviewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// Whether a second officer closed it.
    pub closed: bool,
}

impl ReviewCase {
    /// How many queries the gateway calls suspicious.
    #[must_use]
    pub fn suspicious(&self) -> usize {
        self.queries.iter().filter(|one| one.word == "suspicious").count()
    }

    /// How many are not closed.
    #[must_use]
    pub fn open(&self) -> usize {
        self.queries.iter().filter(|one| !one.closed).count()
    }
}

impl Reviews {
    /// The cases of all periods; in a period those with most suspicious queries first.
    #[must_use]
    pub fn cases(&self) -> Vec<ReviewCase> {
        let mut all = Vec::new();
        for (name, period) in &self.periods {
            let Some(seed) = period.shown.as_ref().and_then(|shown| shown.seed) else { continue };
            let mut by_staff: BTreeMap<usize, Vec<CaseQuery>> = BTreeMap::new();
            for of in &period.queries {
                let Some(known) = self.reviewed.get(&of.id) else { continue };
                let Some((_, word)) = known.queued else { continue };
                by_staff.entry(of.staff).or_default().push(CaseQuery {
                    query: of.id,
                    index: of.index,
                    at: of.at,
                    word: word.as_str(),
                    opened: !known.opened.is_empty(),
                    verdict: known.judged.as_ref().map(|(_, _, word)| word.as_str()),
                    closed: known.closed.is_some(),
                });
            }
            let who = |place: usize| self.staff.get(place).map(|(of, id)| seed.name(name, of, id)).unwrap_or_default();
            let mut cases: Vec<_> = by_staff
                .into_iter()
                .map(|(place, queries)| ReviewCase { case: who(place), period: name.clone(), queries })
                .collect();
            cases.sort_by(|one, other| (other.suspicious(), &one.case).cmp(&(one.suspicious(), &other.case)));
            all.extend(cases);
        }
        all
    }
}

//! The queue: what one member of staff asked in a period and is reviewed is one case. Its name does not tell who it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::fold::Reviews;
use crate::mark::framed;

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
    /// Which officers did.
    #[serde(skip)]
    pub opened_by: Vec<String>,
    /// The verdict of a reviewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// The officer whose verdict it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<String>,
    /// Why, as that officer wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
        let mut by_staff: BTreeMap<(String, usize), Vec<(u64, CaseQuery)>> = BTreeMap::new();
        for (id, known) in &self.reviewed {
            let (Some((_, word)), Some(place)) = (known.queued, known.place) else { continue };
            for period in self.periods_of(known, *id) {
                let query = CaseQuery {
                    query: *id,
                    index: place.index,
                    at: place.at,
                    word: word.as_str(),
                    opened: !known.opened.is_empty(),
                    opened_by: known.opened.clone(),
                    verdict: known.judged.as_ref().map(|(_, _, word)| word.as_str()),
                    judged_by: known.judged.as_ref().map(|(_, by, _)| by.clone()),
                    reason: known.reason.clone(),
                    closed: known.closed.is_some(),
                };
                by_staff.entry((period, place.staff)).or_default().push((known.queued_by, query));
            }
        }
        let case = |((period, _), mut queries): ((String, usize), Vec<(u64, CaseQuery)>)| {
            let first = queries.iter().min_by_key(|(queued, _)| *queued).map(|(_, query)| query.query);
            queries.sort_by_key(|(_, query)| query.index);
            let case = name(&period, first.unwrap_or_default());
            ReviewCase { case, period, queries: queries.into_iter().map(|(_, query)| query).collect() }
        };
        let mut cases: Vec<ReviewCase> = by_staff.into_iter().map(case).collect();
        cases.sort_by(|one, other| {
            let order =
                |case: &ReviewCase| (case.period.clone(), std::cmp::Reverse(case.suspicious()), case.case.clone());
            order(one).cmp(&order(other))
        });
        cases
    }
}

/// The name of a case: the first eight bytes of SHA-256 over framed("credit/review-case", period, the query of it that was put
/// before a reviewer first). It stays, and tells nothing that the case does not show.
fn name(period: &str, first: Uuid) -> String {
    let parts: [&[u8]; 3] = [b"credit/review-case", period.as_bytes(), first.as_bytes()];
    framed(&parts).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

//! What the record says of each query beside the query itself: its case, who registered it and who decided, what was reported.

use std::collections::HashMap;

use credit_policy::normal_case;
use jiff::Timestamp;
use jiff::tz::Offset;
use uuid::Uuid;

use crate::leaf::{self, Actor, Body, BodyError, Case, CaseState, Kind, Leaf, Peek, QuerySummary};

/// A person under a data key, as the leaves have it.
pub(super) type Tag = (String, String);

/// A query of an institution's member of staff.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) index: u64,
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    pub(super) institution: String,
    pub(super) staff: String,
    pub(super) scenario: String,
    /// In its normal form.
    pub(super) case: Option<String>,
    pub(super) by_consent: bool,
    pub(super) tag: Option<Tag>,
    /// Why it was refused.
    pub(super) code: Option<String>,
}

/// A case of an institution and a scenario, in its normal form.
pub(super) type CaseName = (String, String, String);

/// That a person's case was registered or decided.
#[derive(Debug, Clone)]
pub(super) struct CaseEvent {
    pub(super) index: u64,
    pub(super) staff: String,
    /// Of a decision nobody where it is about the whole case.
    pub(super) tag: Option<Tag>,
}

/// Takes in the leaves of one log in their order; then says a word of each query.
#[derive(Debug, Clone)]
pub struct Conduct {
    pub(super) offset: Offset,
    pub(super) looks: Vec<Look>,
    pub(super) opened: HashMap<CaseName, Vec<CaseEvent>>,
    pub(super) decided: HashMap<CaseName, Vec<CaseEvent>>,
    /// Queries of which it was reported what was done with the answer, and by whom.
    pub(super) fed_back: HashMap<Uuid, Vec<String>>,
}

impl Conduct {
    /// Of no leaf yet. Days and hours are those of this offset from UTC.
    #[must_use]
    pub fn new(offset: Offset) -> Self {
        Self { offset, looks: Vec::new(), opened: HashMap::new(), decided: HashMap::new(), fed_back: HashMap::new() }
    }

    /// Takes in the next leaf.
    ///
    /// # Errors
    /// When the leaf is none of its kind.
    pub fn leaf(&mut self, index: u64, head: Peek<'_>) -> Result<(), BodyError> {
        if ![Kind::Query, Kind::Case, Kind::Feedback].map(Kind::as_str).contains(&head.kind) {
            return Ok(());
        }
        let Some(Leaf { head, actor, body }) = leaf::parse_after(head)? else { return Ok(()) };
        match body {
            Body::Query(query) => self.query(index, &query),
            Body::Case(case) => {
                let of = head.institution.unwrap_or_default();
                self.case(index, of, case, matches!(actor, Some(Actor::System(_))));
            }
            Body::Feedback(feedback) => self.fed_back.entry(feedback.query).or_default().push(feedback.operator),
            _ => {}
        }
        Ok(())
    }

    fn query(&mut self, index: u64, query: &QuerySummary<'_>) {
        // Only who belongs to an institution is reviewed: not the person, and not the public.
        let Some(_) = query.institution else { return };
        let tag = query.key.zip(query.subject).map(|(key, subject)| (key.to_owned(), subject.to_owned()));
        self.looks.push(Look {
            index,
            id: query.id,
            at: query.at,
            institution: query.counted_for().into_owned(),
            staff: query.operator.unwrap_or_default().to_owned(),
            scenario: query.scenario.unwrap_or_default().to_owned(),
            case: query.case().map(normal_case),
            by_consent: query.consent_use(index).is_some(),
            tag,
            code: query.code.map(str::to_owned),
        });
    }

    fn case(&mut self, index: u64, institution: &str, case: Case, by_gateway: bool) {
        let Case { state, scenario, case, operator, subject, key, .. } = case;
        let tag = key.zip(subject.and_then(|tag| serde_json::to_value(tag).ok()?.as_str().map(str::to_owned)));
        let name = (institution.to_owned(), scenario, normal_case(&case));
        let all = match state {
            CaseState::Opened => self.opened.entry(name).or_default(),
            CaseState::Decided => self.decided.entry(name).or_default(),
        };
        // What the gateway says again under another data key was registered before: its first leaf counts, by this member of staff.
        let first = all.first().filter(|_| by_gateway).map_or(index, |first| first.index);
        all.push(CaseEvent { index: first, staff: operator, tag });
    }
}

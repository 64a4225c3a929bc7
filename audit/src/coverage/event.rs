//! What a leaf says of cases, without what is sealed in it: all that is counted of it, so that who has it need not have the leaf.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::leaf::{Actor, Base64, Body, CaseState, Kind, Leaf, QuerySummary, Read};

/// The path of a `read` leaf that says that the misses up to it were handed over; behind it the month, or nothing for all; and
/// behind a `/` the time before which they were recorded, where that is not all of them.
pub const HANDED_OVER: &str = "/coverage/";

/// A person's tag, as long as two of one month must differ.
pub(super) type Tag = [u8; 16];

/// Texts of an event are at most so long.
const TEXT_BYTES: usize = 512;

/// What one leaf says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The leaf.
    pub index: u64,
    /// When it was recorded.
    pub at: Timestamp,
    #[serde(rename = "said")]
    pub(super) said: Said,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Said {
    /// An answered query of an institution under a case.
    LookUp { institution: String, scenario: String, key: String, tag: Base64<Tag> },
    /// A case was opened, or decided.
    Case(Box<CaseSaid>),
    /// Misses of a month, or of all, were handed over: those before this leaf, or before a time.
    HandedOver { month: String, until: Option<Timestamp> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseSaid {
    pub(super) institution: String,
    /// Whether the gateway says it again.
    pub(super) by_gateway: bool,
    pub(super) state: CaseState,
    pub(super) scenario: String,
    pub(super) case: String,
    pub(super) on: Date,
    pub(super) operator: String,
    /// Data key and tag of the person.
    pub(super) person: Option<(String, Base64<Tag>)>,
}

impl Event {
    /// Whether a leaf of this kind may say something of cases.
    #[must_use]
    pub fn may_be_in(kind: &str) -> bool {
        [Kind::Query, Kind::Case, Kind::Read].map(Kind::as_str).contains(&kind)
    }

    /// What a leaf says; nothing where it says nothing of cases.
    #[must_use]
    pub fn of(index: u64, leaf: &Leaf<'_>) -> Option<Self> {
        let Leaf { head, actor, body } = leaf;
        let said = match (body, head.institution) {
            (Body::Query(query), Some(institution)) if query.is_answered() => look_up(institution, query),
            (Body::Case(case), Some(institution)) => {
                let tag = case.subject.as_ref().and_then(|tag| tag.0.first_chunk().copied());
                Some(Said::Case(Box::new(CaseSaid {
                    institution: institution.to_owned(),
                    by_gateway: matches!(actor, Some(Actor::System(_))),
                    state: case.state,
                    scenario: case.scenario.clone(),
                    case: case.case.clone(),
                    on: case.on,
                    operator: case.operator.clone(),
                    person: case.key.clone().zip(tag.map(Base64)),
                })))
            }
            (Body::Read(Read { path }), _) => path.strip_prefix(HANDED_OVER).map(handed_over),
            _ => None,
        }?;
        Some(Self { index, at: head.at, said })
    }

    /// Whether it says that somebody was looked up, and nothing of a case.
    #[must_use]
    pub fn is_look_up(&self) -> bool {
        matches!(self.said, Said::LookUp { .. })
    }

    /// Whether it says that misses were handed over.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        matches!(self.said, Said::HandedOver { .. })
    }

    /// Institution and scenario of a decision.
    #[must_use]
    pub fn decided(&self) -> Option<(&str, &str)> {
        match &self.said {
            Said::Case(said) if said.state == CaseState::Decided => Some((&said.institution, &said.scenario)),
            Said::Case(_) | Said::LookUp { .. } | Said::HandedOver { .. } => None,
        }
    }

    /// Whether no leaf has longer texts than these, and none with a control character: what somebody else says it is.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_text = |text: &str| text.len() <= TEXT_BYTES && !text.chars().any(char::is_control);
        match &self.said {
            Said::LookUp { institution, scenario, key, .. } => {
                [institution, scenario, key].into_iter().all(|text| is_text(text))
            }
            Said::Case(said) => {
                let CaseSaid { institution, scenario, case, operator, person, .. } = &**said;
                [institution, scenario, case, operator].into_iter().all(|text| is_text(text))
                    && person.as_ref().is_none_or(|(key, _)| is_text(key))
            }
            Said::HandedOver { month, .. } => is_text(month),
        }
    }
}

fn look_up(institution: &str, query: &QuerySummary<'_>) -> Option<Said> {
    // Without a case it does not rest on a statute; what a gateway asks for others is no look-up of a department of ours.
    if query.case().is_none() || query.counted_for() != institution {
        return None;
    }
    let tag = STANDARD.decode(query.subject?).ok()?.first_chunk().copied()?;
    let (institution, scenario, key) = (institution.to_owned(), query.scenario?.to_owned(), query.key?.to_owned());
    Some(Said::LookUp { institution, scenario, key, tag: Base64(tag) })
}

fn handed_over(rest: &str) -> Said {
    let (month, until) = match rest.split_once('/') {
        Some((month, until)) => (month, until.parse().ok()),
        None => (rest, None),
    };
    // What is behind the month and no time is a word of a later release: of no month that there is.
    let month = if until.is_none() { rest } else { month };
    Said::HandedOver { month: month.to_owned(), until }
}

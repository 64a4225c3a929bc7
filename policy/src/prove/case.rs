//! Hypothetical requests, and the one about which decision and statutes disagree.

use serde::Serialize;

use crate::asker::{Asker, Ground};
use crate::catalogue::{Disclosure, Language, RecordState};
use crate::consent::Bound;
use crate::names::RuleId;
use crate::words::words;

words! {
    /// In what decision and statutes disagree.
    "finding" pub Finding {
        /// The decision releases what a statute forbids.
        Leaks = "leaks",
        /// The decision refuses what tables and statutes allow: then one of them is not what it seems.
        Withholds = "withholds",
        /// An answer shows a record that a statute keeps back.
        TellsRecord = "tells-record",
        /// An answer does not show a record that counts: then nothing is proved of it.
        HidesRecord = "hides-record",
        /// A statute allows what the shipped statute of the same name forbids.
        Laxer = "laxer",
        /// What a row says of itself opens what statutes keep out of it.
        Label = "label",
        /// Cedar cannot answer: what cannot be answered is refused.
        Undecided = "undecided",
    }
}

/// A request that somebody might make. Its JSON is how it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hypothesis {
    /// Who asks.
    pub asker: Asker,
    /// Name of the scenario; a made-up one in hypothetical rows.
    pub scenario: String,
    /// The ground on which it stands.
    pub ground: Ground,
    /// The row of the scenario, where no catalogue has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<HypotheticalRow>,
    /// What rows say of themselves that they did not say in the catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The field in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Whether the asker is suspended.
    pub suspended: bool,
    /// Whether the person is under 18, if that is known.
    pub minor: Option<bool>,
    /// Whether a case is given.
    pub case: bool,
    /// The consent, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<HypotheticalConsent>,
    /// Class and state of a record in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<(String, RecordState)>,
}

impl Hypothesis {
    /// A request with nothing amiss: an adult, a case, nobody suspended.
    pub(super) fn new(asker: Asker, scenario: &str, ground: Ground) -> Self {
        Self {
            asker,
            scenario: scenario.to_owned(),
            ground,
            row: None,
            labels: Vec::new(),
            field: None,
            suspended: false,
            minor: Some(false),
            case: true,
            consent: None,
            record: None,
        }
    }
}

/// A consent that somebody might give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HypotheticalConsent {
    /// The fields that it names, if it names any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// The bound by which it is wider than the maxima; without one it is as wide as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wider: Option<Bound>,
}

/// What a row would say that no catalogue has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HypotheticalRow {
    /// How the person is named.
    pub disclosure: Disclosure,
    /// Whether it is a restraint.
    pub restraint: bool,
    /// Whether it is a basic public service.
    pub basic_public_service: bool,
    /// Whether it says yes or no alone.
    pub yes_no_only: bool,
}

/// A request about which decision and statutes disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// In what they disagree.
    pub finding: Finding,
    /// The request about which decision and statutes disagree.
    pub request: Hypothesis,
    /// The rules by which Cedar answered.
    pub rules: Vec<RuleId>,
    /// Why it could not answer, where it could not.
    pub fault: Option<String>,
}

impl Counterexample {
    /// What is wrong, and the request, for the reader.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let rules: Vec<_> = self.rules.iter().map(RuleId::as_str).collect();
        let rules = rules.join(", ");
        let what = match (self.finding, language) {
            (Finding::Leaks, Language::Zh) => "决定放行了法规禁止的内容",
            (Finding::Leaks, Language::En) => "the decision releases what a statute forbids",
            (Finding::Withholds, Language::Zh) => "决定拒绝了清单和法规允许的内容",
            (Finding::Withholds, Language::En) => "the decision refuses what tables and statutes allow",
            (Finding::TellsRecord, Language::Zh) => "答复透露了法规不许透露的记录",
            (Finding::TellsRecord, Language::En) => {
                "the answer reveals a record that a statute does not allow it to reveal"
            }
            (Finding::HidesRecord, Language::Zh) => "答复未反映有效记录，无从证明",
            (Finding::HidesRecord, Language::En) => "the answer does not reflect a valid record, so nothing is proved",
            (Finding::Laxer, Language::Zh) => "法规宽于随附的同名法规",
            (Finding::Laxer, Language::En) => "the statute allows what the shipped one of its name forbids",
            (Finding::Label, Language::Zh) => "条目的自我标注放开了法规禁止的内容",
            (Finding::Label, Language::En) => "what a row says of itself opens what statutes keep out of it",
            (Finding::Undecided, Language::Zh) => "Cedar 无法回答",
            (Finding::Undecided, Language::En) => "Cedar cannot answer",
        };
        let request = serde_json::to_string(&self.request).unwrap_or_default();
        let fault = self.fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
        let (by, with) = match language {
            Language::Zh => ("规则", "请求"),
            Language::En => ("rules", "request"),
        };
        format!("{what}{fault}\n{by}: {rules}\n{with}: {request}")
    }
}

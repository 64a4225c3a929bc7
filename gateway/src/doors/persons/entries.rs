//! One query about a person, as the person reads it: who, when, what for, on which ground, what came of it, and all of it in
//! one sentence.

use credit_audit::leaf::{GroundRecord, QueryLeaf};
use credit_policy::{Catalogue, Code, FieldName, Language};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use uuid::Uuid;

use crate::{doors::problems::title, gateway::Gateway};

/// A query.
#[derive(Clone, Serialize)]
pub(super) struct Entry {
    pub(super) query: Uuid,
    pub(super) at: Timestamp,
    /// The civil day in the jurisdiction.
    pub(super) day: Date,
    /// Who asked; nobody where it was the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) institution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scenario: Option<Scenario>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ground: Option<Ground>,
    /// The fields that were asked for; left out where all of the scenario's were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<Vec<Field>>,
    /// The fields that were released.
    pub(super) released: Vec<Field>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Refused>,
    /// Whether the person was told before: `given`, `owed` (this list gives it) or `none` for a refusal.
    pub(super) notice: &'static str,
    /// Everything in one sentence.
    pub(super) says: String,
    /// Whether this list gives the notice.
    #[serde(skip)]
    pub(super) is_owed: bool,
}

/// What for.
#[derive(Clone, Serialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) title: String,
}

/// On which ground.
#[derive(Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ground {
    /// The person.
    #[serde(rename = "self")]
    Person,
    /// Anyone.
    Public,
    /// Articles, as the leaf cites them.
    Statute(String),
    /// A consent, and which of its uses it was.
    Consent {
        #[serde(rename = "use")]
        number: u64,
    },
}

/// A field.
#[derive(Clone, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) title: String,
}

/// Why there was no answer.
#[derive(Clone, Serialize)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

/// The entry of a leaf; nothing where it is no query's. `is_told`: a notice of it was given.
pub(super) fn entry(gateway: &Gateway, leaf: &[u8], is_told: bool, language: Language) -> Option<Entry> {
    let leaf = QueryLeaf::parse(leaf).ok()?;
    let catalogue = &gateway.catalogue;
    let scenario = leaf.scenario.as_ref().map(|name| {
        let known = catalogue.scenario(name.as_str());
        let title = known.map_or(name.as_str(), |scenario| scenario.title(language)).to_owned();
        Scenario { name: name.as_str().to_owned(), title }
    });
    let ground = leaf.ground.as_ref().map(|ground| match ground {
        GroundRecord::Statute { statute, .. } => Ground::Statute(statute.clone().into_owned()),
        GroundRecord::Consent { use_, .. } | GroundRecord::ConsentAgain { use_, .. } => {
            Ground::Consent { number: *use_ }
        }
        GroundRecord::Person { .. } => Ground::Person,
        GroundRecord::Public { .. } => Ground::Public,
    });
    let fields = |names: &[FieldName]| fields(catalogue, names, language);
    let released = fields(leaf.fields.as_deref().unwrap_or_default());
    let refused = leaf.code.map(|code: Code| Refused { code: code.as_str(), title: title(code, language) });
    let notice = match (&leaf.notice, is_told) {
        (None, _) => "none",
        (Some(_), true) => "given",
        (Some(_), false) => "owed",
    };
    let mut entry = Entry {
        query: leaf.id,
        at: leaf.at,
        day: catalogue.today(leaf.at),
        institution: match leaf.on_behalf {
            // Whom another gateway asks for, and by which gateway.
            Some(end) => leaf.institution.map(|gateway| format!("{} ({gateway})", end.institution)),
            None => leaf.institution,
        },
        scenario,
        ground,
        asked: leaf.inputs.fields.as_deref().map(fields),
        released,
        refused,
        notice,
        says: String::new(),
        is_owed: notice == "owed",
    };
    entry.says = match language {
        Language::Zh => chinese(&entry),
        Language::En => english(&entry),
    };
    Some(entry)
}

fn fields(catalogue: &Catalogue, names: &[FieldName], language: Language) -> Vec<Field> {
    let title = |name: &FieldName| {
        let known = catalogue.field(name.as_str());
        known.map_or(name.as_str(), |field| field.legal_source().title(language)).to_owned()
    };
    names.iter().map(|name| Field { name: name.as_str().to_owned(), title: title(name) }).collect()
}

fn titles(fields: &[Field], between: &str) -> String {
    let all: Vec<_> = fields.iter().map(|field| field.title.as_str()).collect();
    all.join(between)
}

fn chinese(entry: &Entry) -> String {
    let who = entry.institution.as_deref().map_or("您本人".to_owned(), |institution| format!("机构“{institution}”"));
    let what = entry.scenario.as_ref().map_or(String::new(), |scenario| format!("为“{}”", scenario.title));
    let ground = match &entry.ground {
        None => String::new(),
        Some(Ground::Person) => "以本人身份".to_owned(),
        Some(Ground::Public) => "依公示规定".to_owned(),
        Some(Ground::Statute(article)) => format!("依据{article}"),
        Some(Ground::Consent { number }) => format!("凭您的授权（第 {number} 次使用）"),
    };
    let came = match (&entry.refused, entry.released.len()) {
        (Some(refused), _) => format!("未得到任何信息：{}", refused.title),
        (None, 1..=12) => format!("得到：{}。", titles(&entry.released, "、")),
        (None, count) => format!("得到 {count} 项内容。"),
    };
    format!("{who}{what}{ground}查询了您的信用信息，{came}")
}

fn english(entry: &Entry) -> String {
    let (who, were) = match &entry.institution {
        Some(institution) => (format!("The institution “{institution}” asked about you"), "was"),
        None => ("You asked about yourself".to_owned(), "were"),
    };
    let what = entry.scenario.as_ref().map_or(String::new(), |scenario| format!(" for “{}”", scenario.title));
    let ground = match &entry.ground {
        None => String::new(),
        Some(Ground::Person) => ", as the person concerned,".to_owned(),
        Some(Ground::Public) => ", as published by statute,".to_owned(),
        Some(Ground::Statute(article)) => format!(", on {article},"),
        Some(Ground::Consent { number }) => format!(", on your consent (use {number}),"),
    };
    let came = match (&entry.refused, entry.released.len()) {
        (Some(refused), _) => format!("told nothing: {}", refused.title),
        (None, 1..=12) => format!("told: {}.", titles(&entry.released, ", ")),
        (None, count) => format!("told {count} fields."),
    };
    format!("{who}{what}{ground} and {were} {came}")
}

//! The bytes of an export.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::leaf::{Actor, Base64, GroundRecord, Leaf, QueryLeaf};
use crate::merkle::Hash;

/// The name of the form, which an export begins with.
pub(super) const FORM: &str = "credit-gateway/export/1";

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File<'a> {
    /// What the statement commits to, byte for byte.
    #[serde(borrow)]
    pub(super) export: &'a RawValue,
    pub(super) statement: Proven,
    /// An audit path for each entry, then for each of `done_for`.
    pub(super) paths: Vec<Vec<Base64<Hash>>>,
    pub(super) checkpoint: String,
}

/// The record of the export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proven {
    pub(super) index: u64,
    pub(super) leaf: String,
    pub(super) opening: Base64<[u8; 32]>,
    pub(super) path: Vec<Base64<Hash>>,
}

/// What was exported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    pub(super) form: String,
    pub(super) origin: String,
    pub(super) vkey: String,
    pub(super) from: Date,
    pub(super) to: Date,
    /// Leaves of the log that were looked through; the entries are those of `after` to `before`.
    pub(super) covers: u64,
    pub(super) after: u64,
    pub(super) before: u64,
    /// Scenarios whose queries are withheld until a notice, or for good.
    pub(super) left_out: Vec<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) entries: Vec<Entry>,
    /// What others did for the person.
    #[serde(default)]
    pub(super) done_for: Vec<Act>,
    /// Of the file that goes on before `after`.
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// A tag of the person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    #[serde(default)]
    institution: Option<String>,
    #[serde(default)]
    on_behalf: Option<String>,
    #[serde(default)]
    scenario: Option<String>,
    key: String,
    pub(super) tag: Base64<[u8; 32]>,
}

impl Tag {
    pub(super) fn of(&self) -> TagOf {
        let Self { institution, on_behalf, scenario, key, tag: _ } = self;
        TagOf {
            institution: institution.clone(),
            on_behalf: on_behalf.clone(),
            scenario: scenario.clone(),
            key: key.clone(),
        }
    }
}

/// For whose queries a tag is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagOf {
    /// Nobody where the person or the public asks.
    pub(super) institution: Option<String>,
    /// For whom a gateway asks.
    pub(super) on_behalf: Option<String>,
    pub(super) scenario: Option<String>,
    /// Id of the data key.
    pub(super) key: String,
}

/// A query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) leaf: String,
    pub(super) shown: Shown,
}

/// What somebody did for the person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    pub(super) index: u64,
    pub(super) leaf: String,
    pub(super) shown: ShownAct,
}

/// How it is explained; what was done is sealed in its leaf, and so are the gateway's own words here.
#[derive(Deserialize)]
pub(super) struct ShownAct {
    index: u64,
    at: jiff::Timestamp,
    by: String,
    #[serde(default)]
    officer: Option<String>,
}

impl ShownAct {
    /// The first member that is another one than in the leaf at this index; `None` = none.
    pub(super) fn differs(&self, index: u64, leaf: &Leaf<'_>) -> Option<&'static str> {
        let officer = match &leaf.actor {
            Some(Actor::Officer { officer, .. }) => Some(officer),
            Some(Actor::Institution { .. } | Actor::Account(_) | Actor::Person(_) | Actor::System(_)) | None => None,
        };
        let members = [
            ("index", self.index == index),
            ("at", self.at == leaf.head.at),
            ("officer", self.officer.as_ref() == officer),
            ("by", (self.by == "counter") == officer.is_some()),
        ];
        members.into_iter().find(|(_, is_same)| !is_same).map(|(member, _)| member)
    }
}

/// How it is explained: of that, what its leaf says too. Titles and sentences are the gateway's own words.
#[derive(Deserialize)]
pub(super) struct Shown {
    query: Uuid,
    at: jiff::Timestamp,
    #[serde(default)]
    institution: Option<String>,
    /// Through which gateway it asked.
    #[serde(default)]
    gateway: Option<String>,
    #[serde(default)]
    scenario: Option<Named>,
    #[serde(default)]
    ground: Option<serde_json::Value>,
    #[serde(default)]
    asked: Option<Vec<Named>>,
    released: Vec<Named>,
    #[serde(default)]
    refused: Option<Refused>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
}

impl TagOf {
    /// Of a query's leaf; nothing where nobody is known.
    pub(super) fn of(leaf: &QueryLeaf) -> Option<Self> {
        Some(Self {
            institution: leaf.institution.clone(),
            on_behalf: leaf.on_behalf.as_ref().map(|end| end.institution.clone()),
            scenario: leaf.scenario.as_ref().map(|name| name.as_str().to_owned()),
            key: leaf.key.clone()?,
        })
    }
}

impl Shown {
    /// The member that says another thing than the leaf.
    pub(super) fn differs(&self, leaf: &QueryLeaf) -> Option<&'static str> {
        let (asks, through) = match &leaf.on_behalf {
            Some(end) => (Some(&end.institution), leaf.institution.as_ref()),
            None => (leaf.institution.as_ref(), None),
        };
        let same = |all: &[Named], names: &[credit_policy::FieldName]| {
            all.iter().map(|field| field.name.as_str()).eq(names.iter().map(credit_policy::FieldName::as_str))
        };
        let asked = match (&self.asked, &leaf.inputs.fields) {
            (None, None) => true,
            (Some(all), Some(names)) => same(all, names),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let scenario = self.scenario.as_ref().map(|scenario| scenario.name.as_str());
        let members = [
            ("query", self.query == leaf.id),
            ("at", self.at == leaf.at),
            ("institution", self.institution.as_ref() == asks),
            ("gateway", self.gateway.as_ref() == through),
            ("scenario", scenario == leaf.scenario.as_ref().map(credit_policy::ScenarioName::as_str)),
            ("ground", self.ground == leaf.ground.as_ref().map(ground)),
            ("asked", asked),
            ("released", same(&self.released, leaf.fields.as_deref().unwrap_or_default())),
            (
                "refused",
                self.refused.as_ref().map(|refused| refused.code.as_str()) == leaf.code.map(|code| code.as_str()),
            ),
        ];
        members.into_iter().find(|(_, is_same)| !is_same).map(|(member, _)| member)
    }
}

/// A ground as it is shown.
fn ground(ground: &GroundRecord<'_>) -> serde_json::Value {
    match ground {
        GroundRecord::Person { .. } => "self".into(),
        GroundRecord::Public { .. } => "public".into(),
        GroundRecord::Statute { statute, .. } => serde_json::json!({ "statute": statute }),
        GroundRecord::Consent { use_, .. } | GroundRecord::ConsentAgain { use_, .. } => {
            serde_json::json!({ "consent": { "use": use_ } })
        }
    }
}

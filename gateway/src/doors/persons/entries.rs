//! One query about a person, as the person reads it: who, when, what for, on which ground, what came of it.

use credit_audit::leaf::{GroundRecord, QueryLeaf};
use credit_policy::{Asker, Catalogue, Code, FieldName, Language};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reasons::reason;
use crate::gateway::Gateway;

/// A query.
#[derive(Clone, Serialize)]
pub(in crate::doors) struct Entry {
    pub(in crate::doors) query: Uuid,
    pub(in crate::doors) at: Timestamp,
    /// The civil day in the jurisdiction.
    pub(in crate::doors) day: Date,
    /// Who asked; nobody where it was the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) institution: Option<String>,
    /// Its name, where the register has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) name: Option<String>,
    /// Through which gateway it asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) scenario: Option<Scenario>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) ground: Option<Ground>,
    /// The fields that were asked for; left out where all of the scenario's were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) asked: Option<Vec<Field>>,
    /// The fields that were released.
    pub(in crate::doors) released: Vec<Field>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) refused: Option<Refused>,
    /// Whether the person was told before: `given`, `owed` (this list gives it) or `none` for a refusal.
    pub(in crate::doors) notice: &'static str,
    /// The day until which the law withheld it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::doors) deferred_until: Option<Date>,
    /// Whether it was anyone, at the public door.
    #[serde(skip)]
    pub(in crate::doors) is_public: bool,
    /// Everything in one sentence, which is put in afterwards.
    pub(in crate::doors) says: String,
    /// Whether this list gives the notice.
    #[serde(skip)]
    pub(in crate::doors) is_owed: bool,
}

/// What for.
#[derive(Clone, Serialize)]
pub(in crate::doors) struct Scenario {
    pub(in crate::doors) name: String,
    pub(in crate::doors) title: String,
}

/// On which ground.
#[derive(Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::doors) enum Ground {
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
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::doors) struct Field {
    pub(in crate::doors) name: String,
    pub(in crate::doors) title: String,
}

/// Why there was no answer.
#[derive(Clone, Serialize)]
pub(in crate::doors) struct Refused {
    pub(in crate::doors) code: &'static str,
    pub(in crate::doors) title: &'static str,
}

/// The entry of a leaf; nothing where it is no query's. `is_told`: a notice of it was given.
pub(in crate::doors) fn entry(gateway: &Gateway, leaf: &[u8], is_told: bool, language: Language) -> Option<Entry> {
    let leaf = QueryLeaf::parse(leaf).ok()?;
    let catalogue = &gateway.catalogue();
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
    let refused = leaf.code.map(|code: Code| Refused { code: code.as_str(), title: reason(code, language) });
    let notice = match (&leaf.notice, is_told) {
        (None, _) => "none",
        (Some(_), true) => "given",
        (Some(_), false) => "owed",
    };
    let (institution, through) = match leaf.on_behalf {
        Some(end) => (Some(end.institution), leaf.institution),
        None => (leaf.institution, None),
    };
    // Of an institution of another gateway, its own register has the name.
    let known = institution.as_deref().filter(|_| through.is_none());
    let name = known.and_then(|id| gateway.register.by_id(id).ok()?.record.name.clone());
    Some(Entry {
        query: leaf.id,
        at: leaf.at,
        day: catalogue.today(leaf.at),
        institution,
        name,
        gateway: through,
        scenario,
        ground,
        asked: leaf.inputs.fields.as_deref().map(fields),
        released,
        refused,
        notice,
        deferred_until: leaf.notice.as_deref().and_then(|notice| notice.strip_prefix("deferred until ")?.parse().ok()),
        is_public: leaf.inputs.kind == Asker::Public,
        says: String::new(),
        is_owed: notice == "owed",
    })
}

fn fields(catalogue: &Catalogue, names: &[FieldName], language: Language) -> Vec<Field> {
    let title = |name: &FieldName| {
        let known = catalogue.field(name.as_str());
        known.map_or(name.as_str(), |field| field.legal_source().title(language)).to_owned()
    };
    names.iter().map(|name| Field { name: name.as_str().to_owned(), title: title(name) }).collect()
}

//! One institution of the register, as the configuration names it.

use std::path::PathBuf;

use credit_policy::{InstitutionId, InstitutionKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::limits::Limits;

/// One institution of the register.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InstitutionEntry {
    /// Its id in leaves and pseudonyms; never reused for another.
    #[schemars(schema_with = "institution_id")]
    pub id: InstitutionId,
    /// What it is; decides which scenarios it may ask.
    #[schemars(schema_with = "kind")]
    pub kind: InstitutionKind,
    /// PEM files of its client certificates.
    pub certificates: Vec<PathBuf>,
    /// How much it may ask.
    #[serde(flatten, deserialize_with = "limits")]
    pub limits: Limits,
}

/// By way of a table of its own, since serde forgets which key was wrong when it flattens.
fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    let table = toml::Table::deserialize(deserializer)?;
    let limits = Limits::deserialize(table.clone()).map_err(D::Error::custom)?;
    let known = toml::Table::try_from(&limits).map_err(D::Error::custom)?;
    match table.keys().find(|key| !known.contains_key(*key)) {
        Some(key) => Err(D::Error::custom(format_args!("unknown key `{key}`"))),
        None => Ok(limits),
    }
}

/// The form of an institution's id.
pub(super) fn institution_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" })
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": InstitutionKind::ALL })
}

impl InstitutionEntry {
    /// What is wrong with it, each with what to write instead.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.limits.faults();
        if self.certificates.is_empty() {
            faults.push("it has no certificate: name at least one PEM file");
        }
        faults.into_iter().map(|fault| format!("institution `{}`: {fault}", self.id.as_str())).collect()
    }
}

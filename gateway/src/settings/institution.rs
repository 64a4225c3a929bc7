//! One institution of the register, as the configuration names it.

use std::{fmt, path::PathBuf, str::FromStr};

use credit_policy::{Duty, InstitutionId, InstitutionKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::limits::Limits;

/// One institution of the register.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InstitutionEntry {
    /// Its id in leaves and pseudonyms; never reused for another.
    #[schemars(schema_with = "institution_id")]
    pub id: InstitutionId,
    /// What it is, by a name of `[institution_kind]` in the catalogue; decides which scenarios it may ask.
    #[schemars(schema_with = "kind")]
    pub kind: InstitutionKind,
    /// What persons read as its name, where they see who asked; left out, they read its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of an officer: the unit, so that two who review are of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Of an officer: what it may do; left out, everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where it is, for statistics: a code of GB/T 2260, such as `440300`. Never taken from a citizen number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "region")]
    pub region: Option<String>,
    /// PEM files of its client certificates.
    pub certificates: Vec<PathBuf>,
    /// Of kind `gateway`: the institutions for which it may ask, each as `id:kind`; the limits below are of each of them,
    /// and its connections may bring as much as all of them together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "end_institutions")]
    pub on_behalf_of: Vec<EndInstitutionEntry>,
    /// How much it may ask.
    #[serde(flatten, deserialize_with = "limits")]
    pub limits: Limits,
}

/// What somebody of kind `officer` may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Officer,
    /// Look, search, and judge what is under review.
    Reviewer,
    /// Decide on keys and on what they seal: destruction, unsealing, a person's evidence.
    Custodian,
    /// No person: another gateway of this operator. It shows persons who log in there what this log has about them.
    Gateway,
}

impl Role {
    /// Whether it decides, as one of two, on an act of this name (formats.md §2).
    #[must_use]
    pub fn decides_on(self, act: &str) -> bool {
        match self {
            Self::Officer => true,
            Self::Custodian => ["unseal", "destroy", "export"].contains(&act),
            Self::Reviewer | Self::Gateway => false,
        }
    }
}

/// An institution for which another gateway may ask; as text, `id:kind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndInstitutionEntry {
    /// Its id at the other gateway.
    pub id: InstitutionId,
    /// Its kind: decides which scenarios may be asked for it.
    pub kind: InstitutionKind,
}

/// Why a text names no institution for which another gateway may ask.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` must be an id and a kind of institution with a colon between, such as `bank-1:bank`")]
pub struct EndInstitutionError(String);

impl FromStr for EndInstitutionEntry {
    type Err = EndInstitutionError;

    fn from_str(text: &str) -> Result<Self, EndInstitutionError> {
        let read = || {
            let (id, kind) = text.split_once(':')?;
            let kind = InstitutionKind::of_form(kind).ok().filter(|kind| kind.duty() != Some(Duty::Gateway))?;
            Some(Self { id: InstitutionId::parse(id).ok()?, kind })
        };
        read().ok_or_else(|| EndInstitutionError(text.to_owned()))
    }
}

impl fmt::Display for EndInstitutionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id.as_str(), self.kind)
    }
}

impl Serialize for EndInstitutionEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EndInstitutionEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fn end_institutions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "pattern": "^[a-z0-9-]{1,64}:[a-z][a-z0-9]*(-[a-z0-9]+)*$" } })
}

/// What is wrong with the name of an institution.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let is_one = name.trim() == name && (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    (!is_one).then_some("its name must have 1 to 64 characters on one line, without spaces around")
}

/// What is wrong with the institutions for which one of this kind may ask.
pub(crate) fn ends_faults(kind: InstitutionKind, ends: &[EndInstitutionEntry]) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if kind.duty() != Some(Duty::Gateway) && !ends.is_empty() {
        faults.push("on_behalf_of is for kind `gateway` alone: leave it out");
    }
    let again = ends.iter().enumerate().any(|(at, end)| ends.iter().take(at).any(|before| before.id == end.id));
    if again {
        faults.push("on_behalf_of names an institution twice: give each one kind");
    }
    faults
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

fn region(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": "^[1-9][0-9]{5}$" })
}

/// Whether it has the form of a code of GB/T 2260.
fn is_region(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0')
}

/// The form of an institution's id.
pub(super) fn institution_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" })
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": 32, "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$" })
}

impl InstitutionEntry {
    /// What is wrong with it, each with what to write instead.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.limits.faults();
        faults.extend(ends_faults(self.kind, &self.on_behalf_of));
        faults.extend(self.name.as_deref().and_then(name_fault));
        if self.unit.as_deref().is_some_and(|unit| name_fault(unit).is_some()) {
            faults.push("its unit must have 1 to 64 characters on one line, without spaces around");
        }
        if self.region.as_deref().is_some_and(|code| !is_region(code)) {
            faults.push("its region must be a code of GB/T 2260: six digits, such as 440300");
        }
        if self.role.is_some() && self.kind.duty() != Some(Duty::Officer) {
            faults.push("role is for kind `officer` alone: leave it out");
        }
        if self.certificates.is_empty() {
            faults.push("it has no certificate: name at least one PEM file");
        }
        faults.into_iter().map(|fault| format!("institution `{}`: {fault}", self.id.as_str())).collect()
    }
}
/// A department that made records, and so decides objections to them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceDepartment {
    /// The institution that decides.
    #[schemars(schema_with = "institution_id")]
    pub institution: InstitutionId,
    /// The classes of the data list whose records it made.
    pub classes: Vec<String>,
}

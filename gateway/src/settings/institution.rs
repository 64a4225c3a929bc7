//! One institution of the register, and its limits.

use std::path::PathBuf;

use credit_policy::{InstitutionId, InstitutionKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// One institution of the register.
#[derive(Debug, Clone, Deserialize, serde::Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstitutionEntry {
    /// Its id in leaves and pseudonyms; never reused for another.
    #[schemars(schema_with = "super::institution_id")]
    pub id: InstitutionId,
    /// What it is; decides which scenarios it may ask.
    #[schemars(schema_with = "kind")]
    pub kind: InstitutionKind,
    /// PEM files of its client certificates.
    pub certificates: Vec<PathBuf>,
    /// Requests a second.
    pub rate_per_s: u32,
    /// Requests at once.
    pub burst: u32,
    /// Different persons a day.
    pub distinct_subjects_a_day: u32,
    /// Look-ups on one person a day.
    pub look_ups_a_person_a_day: u32,
    /// Look-ups a second by one operator (`operator` of the query); left out = as many as the institution's own rate lets
    /// through. Goes together with `operator_burst`.
    pub operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one operator.
    pub operator_burst: Option<u32>,
    /// Look-ups by one operator a day; left out = no limit by operator and day.
    pub look_ups_an_operator_a_day: Option<u32>,
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": InstitutionKind::ALL })
}

impl InstitutionEntry {
    /// What is wrong with it, each with what to write instead.
    pub(super) fn faults(&self) -> Vec<String> {
        let (id, mut faults) = (self.id.as_str(), Vec::new());
        let limits = [self.rate_per_s, self.burst, self.distinct_subjects_a_day, self.look_ups_a_person_a_day];
        if limits.contains(&0) {
            faults.push(format!("institution `{id}`: rate_per_s, burst, distinct_subjects_a_day and look_ups_a_person_a_day must be at least 1"));
        }
        if self.look_ups_an_operator_a_day == Some(0) {
            faults.push(format!(
                "institution `{id}`: look_ups_an_operator_a_day must be at least 1; leave it out for no such limit"
            ));
        }
        match (self.operator_rate_per_s, self.operator_burst) {
            (None, None) | (Some(1..), Some(1..)) => {}
            (Some(_) | None, Some(_)) | (Some(_), None) => faults.push(format!(
                "institution `{id}`: operator_rate_per_s and operator_burst go together, each at least 1; leave both out for no limit by operator"
            )),
        }
        if self.certificates.is_empty() {
            faults.push(format!("institution `{id}` has no certificate: name at least one PEM file"));
        }
        faults
    }
}

//! An issuer of consents, as the configuration names it.

use std::path::PathBuf;

use credit_policy::InstitutionId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::institution::institution_id;

/// One issuer of consents.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentIssuer {
    /// The `iss` of its tokens.
    pub iss: String,
    /// The institution of kind `consent-authority` that withdraws its tokens.
    #[schemars(schema_with = "institution_id")]
    pub institution: InstitutionId,
    /// Files with its public keys (JWK or JWK Set); a private key is refused.
    pub keys: Vec<PathBuf>,
}

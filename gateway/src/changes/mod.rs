//! What can be asked of a running gateway. Each change is a leaf that names who asked. What widens (an institution added
//! or resumed) is recorded first; what narrows or turns (a suspension, a key) is in force first.

use credit_audit::{
    leaf::{Entry, Event, InstitutionChange, KeyEvent, LeafError, RegisterChange, Revocation, Suspension},
    log::Unsubmitted,
};
use credit_keys::{KeyUse, SystemEntropy};
use credit_policy::consent::TokenId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    callers::register::{InstitutionRecord, RegisterError},
    gateway::Gateway,
    keyring::KeyringError,
    state::consent_key,
};

/// A request over the socket: one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Registers an institution.
    InstitutionAdd {
        /// Who.
        particulars: InstitutionRecord,
    },
    /// Suspends one at once.
    InstitutionSuspend {
        /// Which.
        id: String,
        /// Why.
        reason: Option<String>,
    },
    /// Lets it ask again.
    InstitutionResume {
        /// Which.
        id: String,
        /// Why.
        reason: Option<String>,
    },
    /// Withdraws a consent, on behalf of its issuer.
    ConsentRevoke {
        /// Its issuer.
        iss: String,
        /// Its id.
        jti: String,
    },
    /// Lists all; no change and no leaf.
    InstitutionList,
    /// Keys, their states and ages; no change and no leaf.
    KeysStatus,
    /// Turns the keys of one use.
    KeysRotate {
        /// Which use.
        #[serde(rename = "use")]
        use_: String,
        /// How long the old ones are still accepted.
        overlap_days: u16,
    },
}

/// Why a change was not made. Nothing of it holds then.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The register refuses.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Its leaf cannot be made.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// Nothing can be recorded now.
    #[error("the change cannot be recorded now, so it was not made; see readiness and try again")]
    NotRecordable,
    /// No id of a token.
    #[error("this is no token id: 1 to 128 visible characters without a citizen number")]
    TokenId,
    /// No such use of keys.
    #[error("`{0}` is no use of keys that turns here: pseudonym (with tag), state, data or ring")]
    Use(String),
    /// The ring refuses.
    #[error(transparent)]
    Keys(#[from] KeyringError),
}

/// Makes a change, or answers a question. `by` names who asked.
///
/// # Errors
/// Why not.
pub async fn apply(gateway: &Gateway, change: Change, by: &str) -> Result<Value, ChangeError> {
    let _turn = gateway.changes.lock().await;
    match change {
        Change::InstitutionAdd { particulars } => {
            gateway.register.check(&particulars)?;
            let index = record(gateway, added(&particulars, by).entry(gateway.new_id())?).await?;
            gateway.register.add(&particulars)?;
            Ok(json!({"index": index, "institution": particulars.id.as_str()}))
        }
        Change::InstitutionSuspend { id, reason } => suspend(gateway, &id, reason, true, by).await,
        Change::InstitutionResume { id, reason } => suspend(gateway, &id, reason, false, by).await,
        Change::ConsentRevoke { iss, jti } => {
            let jti = TokenId::parse(&jti).ok_or(ChangeError::TokenId)?;
            let event = Revocation { issuer: iss.clone(), jti: jti.as_str().to_owned(), by: by.to_owned() };
            let entry = event.entry(gateway.new_id())?;
            gateway.state.revoke(consent_key(&iss, jti.as_str()), gateway.clock.now());
            let index = record(gateway, entry).await?;
            Ok(json!({"index": index, "jti": jti.as_str()}))
        }
        Change::InstitutionList => Ok(Value::Array(
            gateway
                .register
                .all()
                .iter()
                .map(|institution| {
                    let particulars = &institution.record;
                    json!({
                        "id": particulars.id.as_str(), "kind": particulars.kind.as_str(), "suspended": institution.is_suspended(),
                        "certificates": particulars.certificates, "rate_per_s": particulars.rate_per_s, "burst": particulars.burst,
                        "distinct_subjects_a_day": particulars.distinct_subjects_a_day,
                        "look_ups_a_person_a_day": particulars.look_ups_a_person_a_day,
                        "operator_rate_per_s": particulars.operator_rate_per_s, "operator_burst": particulars.operator_burst,
                        "look_ups_an_operator_a_day": particulars.look_ups_an_operator_a_day,
                    })
                })
                .collect(),
        )),
        Change::KeysStatus => {
            let status = gateway.keys.with(|ring| ring.status(gateway.clock.now()));
            Ok(serde_json::to_value(status).unwrap_or_default())
        }
        Change::KeysRotate { use_, overlap_days } => rotate(gateway, use_, overlap_days, by).await,
    }
}

/// A suspension holds from this call on, even if its leaf then cannot be recorded; a resumption holds once it is.
async fn suspend(
    gateway: &Gateway,
    id: &str,
    reason: Option<String>,
    suspended: bool,
    by: &str,
) -> Result<Value, ChangeError> {
    let institution = gateway.register.by_id(id)?;
    let event = Suspension { institution: id.to_owned(), suspended, reason, by: by.to_owned() };
    let entry = event.entry(gateway.new_id())?;
    if suspended {
        gateway.register.set_suspended(&institution, true);
    }
    let index = record(gateway, entry).await?;
    if !suspended {
        gateway.register.set_suspended(&institution, false);
    }
    Ok(json!({"index": index, "institution": id, "suspended": suspended}))
}

async fn rotate(gateway: &Gateway, use_: String, overlap_days: u16, by: &str) -> Result<Value, ChangeError> {
    let key_use = KeyUse::parse(&use_).filter(|key_use| *key_use != KeyUse::Log).ok_or(ChangeError::Use(use_))?;
    let made = gateway.keys.rotate(key_use, gateway.clock.now(), overlap_days, &SystemEntropy::new())?;
    let mut indices = Vec::new();
    for key in &made {
        let event = KeyEvent {
            key: key.as_str().to_owned(),
            use_: key.key_use().unwrap_or(key_use).as_str().to_owned(),
            state: "active".to_owned(),
            activates: None,
            by: by.to_owned(),
        };
        indices.push(record(gateway, event.entry(gateway.new_id())?).await?);
    }
    Ok(json!({"indices": indices, "keys": made.iter().map(|key| key.as_str()).collect::<Vec<_>>()}))
}

fn added(particulars: &InstitutionRecord, by: &str) -> InstitutionChange {
    InstitutionChange {
        institution: particulars.id.as_str().to_owned(),
        change: RegisterChange::Added,
        institution_kind: particulars.kind.as_str().to_owned(),
        certificates: particulars.certificates.clone(),
        rate_per_s: particulars.rate_per_s,
        burst: particulars.burst,
        distinct_subjects_a_day: particulars.distinct_subjects_a_day,
        look_ups_a_person_a_day: particulars.look_ups_a_person_a_day,
        operator_rate_per_s: particulars.operator_rate_per_s,
        operator_burst: particulars.operator_burst,
        look_ups_an_operator_a_day: particulars.look_ups_an_operator_a_day,
        by: by.to_owned(),
    }
}

async fn record(gateway: &Gateway, entry: Entry) -> Result<u64, ChangeError> {
    let ticket = match gateway.log.submit(entry, false, || true) {
        Ok(ticket) => ticket,
        Err(Unsubmitted::NotRecordable(_) | Unsubmitted::Overtaken(_)) => return Err(ChangeError::NotRecordable),
    };
    ticket.await.map(|durable| durable.index).map_err(|_| ChangeError::NotRecordable)
}

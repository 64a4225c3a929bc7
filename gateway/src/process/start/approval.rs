//! What a start may load: catalogue, register and limits whose digest two officers approved last, once there are two.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use credit_audit::leaf::{Base64, Proposal};
use credit_policy::{Catalogue, Duty};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::error::StartError;
use crate::{
    callers::{
        institution::InstitutionRecord,
        kept,
        register::{Institution, Register, RegisterError},
    },
    settings::Settings,
    state::approvals::{Approvals, Digest, OFFICER},
};

/// The act of each part of a configuration that officers approve.
const CATALOGUE: &str = "catalogue";
const REGISTER: &str = "register";
const LIMITS: &str = "limits";
const SAMPLING: &str = "sampling";

/// The digest of each part of a configuration that two officers approve, by its act (formats.md §5).
///
/// # Errors
/// When a certificate of the register cannot be read.
pub(crate) fn digests(
    settings: &Settings,
    catalogue: &Catalogue,
) -> Result<BTreeMap<&'static str, Digest>, StartError> {
    let mut institutions = Vec::new();
    for entry in &settings.institutions {
        institutions.push(InstitutionRecord::of_entry(entry).map_err(RegisterError::from)?);
    }
    institutions.sort_by(|one, other| one.id.cmp(&other.id));
    let register = institutions.iter().map(|of| {
        let mut certificates: Vec<_> = of.certificates.iter().map(ToString::to_string).collect();
        certificates.sort();
        let ends: Vec<_> = of.on_behalf_of.iter().map(ToString::to_string).collect();
        json!([of.id.as_str(), of.kind.as_str(), of.name, certificates, ends]).to_string()
    });
    let issuers = settings.consent_issuers.iter().map(|of| json!([of.iss, of.institution.as_str()]).to_string());
    // An officer's unit decides who may close a review.
    let named = settings.institutions.iter().filter_map(|of| Some((of.id.as_str(), of.unit.as_deref()?)));
    let units: BTreeMap<_, _> = named.collect();
    let units = units.into_iter().map(|(id, unit)| json!(["unit", id, unit]).to_string());
    let limits = institutions.iter().map(|of| json!([of.id.as_str(), of.limits]).to_string());
    let (label, mut all) = (catalogue.label(), BTreeMap::new());
    all.insert(CATALOGUE, of_label(label).ok_or_else(|| StartError::Label(label.to_owned()))?);
    all.insert(REGISTER, of_lines("credit/register", register.chain(issuers).chain(units)));
    all.insert(LIMITS, of_lines("credit/limits", limits));
    all.insert(SAMPLING, settings.review.policy().digest());
    Ok(all)
}

/// The digest in the label of a catalogue.
fn of_label(label: &str) -> Option<Digest> {
    let (_, hex) = label.split_once("@sha256:")?;
    let byte = |place: usize| u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok();
    (0..32).map(byte).collect::<Option<Vec<_>>>()?.try_into().ok()
}

fn of_lines(domain: &str, lines: impl Iterator<Item = String>) -> Digest {
    let text = lines.fold(format!("{domain}\n"), |text, line| text + &line + "\n");
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// Refuses what two officers did not approve last; `before` is what the log before said, where this one is new. Gives what the gateway itself is to propose: where two officers are
/// registered for the first time, what it loads then and that it loads nothing else alone from there on.
///
/// # Errors
/// What is not approved.
pub(super) fn gate(
    settings: &Settings,
    catalogue: &Catalogue,
    register: &Register,
    (approvals, before): (&Approvals, Option<Approvals>),
    now: Timestamp,
) -> Result<Vec<Proposal>, StartError> {
    let digests = digests(settings, catalogue)?;
    // A new log says again what the one before approved: to rotate the log's key approves nothing.
    let known = before.as_ref().filter(|before| before.is_by_two() && !approvals.is_by_two()).unwrap_or(approvals);
    let other = digests.iter().find(|(act, digest)| known.is_by_two() && known.loadable(act) != Some(*digest));
    if let Some((act, _)) = other {
        return Err(StartError::NotApproved { act });
    }
    let officers = officers(settings, register);
    if approvals.is_by_two() || (officers.len() < 2 && !known.is_by_two()) {
        return Ok(Vec::new());
    }
    let named = of_lines("credit/officers", officers.into_iter());
    let all = digests.into_iter().chain([(OFFICER, named)]);
    Ok(all.map(|(act, digest)| Proposal { act: act.to_owned(), digest: Base64(digest), expires: now }).collect())
}

/// The public keys of officers, one each: two names with one key are one officer.
fn officers(settings: &Settings, register: &Register) -> BTreeSet<String> {
    let all = register.all();
    let officers = all.iter().filter(|known| known.record.kind.duty() == Some(Duty::Officer));
    let key = |officer: &Arc<Institution>| {
        let certificates = officer.record.certificates.iter();
        certificates.filter_map(|certificate| kept::public_key(settings, *certificate)).min()
    };
    officers.filter_map(key).collect()
}

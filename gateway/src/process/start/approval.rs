//! What a start may load: catalogue, register and limits whose digest two officers approved last, once there are two.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use credit_audit::leaf::{Base64, Proposal};
use credit_policy::{Catalogue, Duty};
use jiff::{Timestamp, civil::Date};
use ring::digest::{SHA256, digest};
use serde_json::json;
use uuid::Uuid;

use super::{error::StartError, rules::read_catalogue};
use crate::{
    callers::{
        institution::InstitutionRecord,
        kept,
        register::{Institution, Register, RegisterError},
    },
    settings::{Role, Settings, to_follow},
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
    let roles: BTreeMap<_, _> =
        settings.institutions.iter().filter_map(|of| Some((of.id.as_str(), of.role?))).collect();
    let roles = roles.into_iter().map(|(id, role)| json!(["role", id, role]).to_string());
    let placed = settings.institutions.iter().filter_map(|of| Some((of.id.as_str(), of.region.as_deref()?)));
    let regions: BTreeMap<_, _> = placed.collect();
    let regions = regions.into_iter().map(|(id, region)| json!(["region", id, region]).to_string());
    let limits = institutions.iter().map(|of| json!([of.id.as_str(), of.limits]).to_string());
    let from = settings.approval.holds_from.map(|day| json!(["from", day]).to_string());
    let (label, mut all) = (catalogue.label(), BTreeMap::new());
    all.insert(CATALOGUE, of_label(label).ok_or_else(|| StartError::Label(label.to_owned()))?);
    all.insert(
        REGISTER,
        of_lines(
            "credit/register",
            register.chain(issuers).chain(units).chain(roles).chain(regions).chain(from.clone()),
        ),
    );
    all.insert(LIMITS, of_lines("credit/limits", limits.chain(from)));
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

/// The first day on which a configuration may be loaded.
pub(crate) fn holds_from(settings: &Settings, catalogue: &Catalogue) -> Option<Date> {
    [catalogue.holds_from(), settings.approval.holds_from].into_iter().flatten().max()
}

/// Whether two officers approved the register of this configuration since one was loaded last.
///
/// # Errors
/// When a certificate of the register cannot be read.
pub(super) fn is_new_register(
    settings: &Settings,
    catalogue: &Catalogue,
    approvals: &Approvals,
) -> Result<bool, StartError> {
    let digests = digests(settings, catalogue)?;
    let is_ours = approvals.loadable(REGISTER) == digests.get(REGISTER);
    Ok(is_ours && approvals.to_load().any(|(act, _)| act == REGISTER))
}

/// What the start records of what it loads.
pub(super) struct Loads {
    /// The gateway's own proposals, where two officers are registered for the first time: what it loads then, and that it loads
    /// nothing else alone from there on.
    pub(super) proposals: Vec<Proposal>,
    /// What was approved and not loaded so far: act and proposal.
    pub(super) loaded: Vec<(String, Uuid)>,
}

/// Refuses what two officers did not approve last; `before` is what the log before said, where this one is new.
///
/// # Errors
/// What is not approved, or holds from a later day.
pub(super) fn gate(
    settings: &Settings,
    catalogue: &Catalogue,
    register: &Register,
    (approvals, before): (&Approvals, Option<Approvals>),
    now: Timestamp,
) -> Result<Loads, StartError> {
    let digests = digests(settings, catalogue)?;
    // A new log says again what the one before approved: to rotate the log's key approves nothing.
    let known = before.as_ref().filter(|before| before.is_by_two() && !approvals.is_by_two()).unwrap_or(approvals);
    let is_loaded = |(act, digest): (&&str, &Digest)| known.in_force(act) == Some(digest);
    let today = catalogue.today(now);
    let later = holds_from(settings, catalogue).filter(|day| *day > today);
    if let Some(day) = later.filter(|_| !digests.iter().all(is_loaded)) {
        return Err(StartError::HoldsFrom { day });
    }
    let is_other = |(act, digest): &(&&str, &Digest)| known.is_by_two() && known.loadable(act) != Some(*digest);
    let others: Vec<_> = digests.iter().filter(is_other).map(|(act, _)| format!("`{act}`")).collect();
    if !others.is_empty() {
        let to_come = to_come(settings, known, now).unwrap_or_default();
        let waits = |(act, digest): (&&str, &Digest)| {
            known.in_force(act) == Some(digest)
                && [Some(digest), to_come.get(act)].into_iter().flatten().any(|it| known.loadable(act) == Some(it))
        };
        if !digests.iter().all(waits) {
            return Err(StartError::NotApproved { parts: others.join(", ") });
        }
    }
    let is_approved = |act: &str| digests.get(act).is_some_and(|digest| approvals.loadable(act) == Some(digest));
    let loaded = approvals.to_load().filter(|(act, _)| is_approved(act));
    let loaded = loaded.map(|(act, proposal)| (act.to_owned(), proposal)).collect();
    let officers = officers(settings, register);
    if approvals.is_by_two() || (officers.len() < 2 && !known.is_by_two()) {
        return Ok(Loads { proposals: Vec::new(), loaded });
    }
    let named = of_lines("credit/officers", officers.into_iter());
    let all = digests.into_iter().chain([(OFFICER, named)]);
    let proposals = all.map(|(act, digest)| Proposal { act: act.to_owned(), digest: Base64(digest), expires: now });
    Ok(Loads { proposals: proposals.collect(), loaded })
}

/// The digests of the configuration that is to follow, if its day is still to come, or a part of it is not approved yet. Until then
/// the one before is loaded, although it is not what was approved last: nobody could approve the rest of it otherwise.
fn to_come(settings: &Settings, known: &Approvals, now: Timestamp) -> Option<BTreeMap<&'static str, Digest>> {
    let next = Settings::read(&to_follow(&settings.file)?).ok()?;
    let (catalogue, _) = read_catalogue(&next).ok()?;
    let is_later = holds_from(&next, &catalogue).is_some_and(|day| day > catalogue.today(now));
    let digests = digests(&next, &catalogue).ok()?;
    let waits = is_later || digests.iter().any(|(act, digest)| known.loadable(act) != Some(digest));
    waits.then_some(digests)
}

/// The public keys of officers who decide on everything, one each: two names with one key are one officer.
fn officers(settings: &Settings, register: &Register) -> BTreeSet<String> {
    let all = register.all();
    let decides = |known: &&Arc<Institution>| {
        let entry = settings.institutions.iter().find(|entry| entry.id.as_str() == known.id());
        entry.and_then(|entry| entry.role).is_none_or(|role| role == Role::Officer)
    };
    let officers = all.iter().filter(|known| known.record.kind.duty() == Some(Duty::Officer)).filter(decides);
    let key = |officer: &Arc<Institution>| {
        let certificates = officer.record.certificates.iter();
        certificates.filter_map(|certificate| kept::public_key(settings, *certificate)).min()
    };
    officers.filter_map(key).collect()
}

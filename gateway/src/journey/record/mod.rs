//! The record: a durable leaf, answered or refused alike. The only way to anything with data or a receipt.
//!
//! INVARIANT (record first): [`Recorded`] is made after the log said that the leaf is durable, and nowhere else.

pub(super) mod case;
pub(crate) mod case_again;
mod case_leaf;
mod entry;
pub(crate) mod evidence;
pub(super) mod feedback;
mod report;
pub(super) mod sealed;
mod shared;
mod standing;
mod summary;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Act, Entry, Revocation},
    log::{Durable, Log, NotRecordable, Ticket, Unsubmitted},
};
use credit_policy::{Code, Decision, RuleId, Scenario, StaffId, consent::ConsentId, decide};
use uuid::Uuid;

use super::{
    caller::Who,
    exchange::Exchange,
    refusal::Refusal,
    stages::{
        minimise::{Answer, AnswerParts},
        withdraw::Withdrawal,
    },
};
use crate::{
    callers::register::Institution,
    gateway::Gateway,
    recorder::Order,
    state::{Settlement, consent_key},
};
use entry::{Opening, Verdict, query_entry, unrecordable};
use evidence::Evidence;
use standing::Standing;

/// About so long is a leaf before the keys of its kind.
const BEGINNING_BYTES: usize = 160;

/// PROOF: what the caller is about to get is on the record.
#[must_use]
pub struct Recorded {
    body: Vec<u8>,
    refusal: Option<Refusal>,
    receipt: Receipt,
    scenario: Option<Arc<Scenario>>,
}

/// Where a record stands, and what opens its commitment (`docs/formats.md` §2).
pub struct Receipt {
    /// The id of the query.
    pub query: Uuid,
    /// The number of the leaf.
    pub index: u64,
    /// The hash of the leaf, in base64.
    pub leaf: String,
    /// What opens the commitment to the answer, in base64.
    pub opening: Option<String>,
    /// The whole proof, where it was asked for.
    pub proof: Option<String>,
    /// Where the body is a store's own answer, what else the door tells: the members of an answer beside its data.
    pub(crate) beside: Option<Box<[u8]>>,
}

impl Recorded {
    fn new(
        evidence: &Evidence,
        body: Vec<u8>,
        refusal: Option<Refusal>,
        opening: Option<Opening>,
        durable: Durable,
    ) -> Self {
        let receipt = Receipt {
            query: evidence.id,
            index: durable.index,
            leaf: STANDARD.encode(durable.leaf_hash),
            opening: opening.map(|opening| opening.text),
            proof: durable.proof,
            beside: None,
        };
        Self { body, refusal, receipt, scenario: evidence.recognised.scenario.clone() }
    }

    /// What the door sends: the bytes that the record commits to, why they are a refusal if so, and the receipt.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Option<Refusal>, Receipt) {
        (self.body, self.refusal, self.receipt)
    }

    /// The code of a refusal; nothing for an answer.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.code)
    }

    pub(super) fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_deref()
    }
}

/// Records an answer.
///
/// A suspension, withdrawal or revocation that came while the query was under way turns the answer into a refusal: all pass through
/// the log's queue, so no answered leaf follows the leaf of the suspension.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(super) async fn record_answer(
    gateway: &Gateway,
    answer: Box<Answer<'_>>,
    exchange: &mut impl Exchange,
) -> Result<Recorded, NotRecordable> {
    let AnswerParts { body, beside, permit, reservation, who, end, still, evidence } = answer.into_parts();
    let verdict = Verdict {
        code: None,
        rules: permit.rules(),
        fields: Some(permit.fields()),
        notice: Some(permit.notice()),
        is_report: beside.is_some(),
    };
    let opening = Opening::draw(gateway)?;
    let entry = query_entry(gateway, evidence, &verdict, &body, &opening)?;
    let asked = (evidence.recognised.staff.clone(), evidence.recognised.scenario.clone());
    let standing = Standing { gateway, who: &who, end: end.as_deref(), asked, still: &still };
    match submit_while(&gateway.log, entry, exchange.wants_proof(), &standing) {
        Ok(ticket) => {
            let durable = ticket.await?;
            index(gateway, evidence, &durable);
            let spent = Settlement::Spent { index: durable.index, id: evidence.id, at: durable.at };
            reservation.settle(spent).await;
            let mut recorded = Recorded::new(evidence, body, None, Some(opening), durable);
            recorded.receipt.beside = beside;
            Ok(recorded)
        }
        Err(Unsubmitted::NotRecordable(error)) => Err(error),
        Err(Unsubmitted::Overtaken(_)) => {
            drop(reservation);
            if still.consent.is_some() {
                evidence.ground = None;
            }
            evidence.is_blocked = still.is_blocked(gateway);
            evidence.inputs.suspended = standing.is_suspended();
            Box::pin(record_refusal(gateway, evidence, standing.refusal(), exchange)).await
        }
    }
}

/// Submits an answer as long as it may be given. There is at most one new list of certificates a second, so this ends.
fn submit_while(log: &Log, mut entry: Entry, proof: bool, standing: &Standing<'_>) -> Result<Ticket, Unsubmitted> {
    loop {
        match log.submit(entry, proof, || standing.is_given_still()) {
            Err(Unsubmitted::Overtaken(overtaken)) if standing.is_given() => entry = overtaken,
            submitted => return submitted,
        }
    }
}

/// Withdraws a consent: in force at once, then on the record, then confirmed.
///
/// # Errors
/// [`NotRecordable`]: the consent is refused from now on all the same, until the process ends.
pub(super) async fn record_withdrawal(
    gateway: &Gateway,
    withdrawal: Withdrawal<'_>,
    exchange: &mut impl Exchange,
) -> Result<Recorded, NotRecordable> {
    let (ConsentId { iss, jti }, evidence) = withdrawal.into_parts();
    // Persons withdraw otherwise: the stage before refuses them.
    let Who::Institution(institution, certificate) = &evidence.who else { return Err(NotRecordable) };
    let (institution, certificate) = (institution.id(), certificate.thumbprint().to_string());
    let body = exchange.withdrawn(evidence.id, &jti).map_err(|error| unrecordable(&error))?;
    let leaf = Revocation { issuer: iss.clone(), jti: jti.as_str().to_owned() };
    let entry = leaf.own_entry(evidence.id, institution, &certificate).map_err(|error| unrecordable(&error))?;
    let (state, key, now) = (gateway.state.clone(), consent_key(&iss, jti.as_str()), evidence.moment.now);
    let effect = move || state.revoke(key, now);
    let recorded = gateway.recorder.put_in_force(Order::EffectFirst, entry, exchange.wants_proof(), effect).await;
    let (durable, ()) = recorded.map_err(|_| NotRecordable)?;
    Ok(Recorded::new(evidence, body, None, None, durable))
}

/// Records a refusal: in a leaf of its own, or in one that it shares where it names nobody and its institution has had
/// many of them.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(super) async fn record_refusal(
    gateway: &Gateway,
    evidence: &mut Evidence,
    refusal: Refusal,
    exchange: &mut impl Exchange,
) -> Result<Recorded, NotRecordable> {
    let rules = rules_that_refuse(evidence, &refusal);
    count_offence(gateway, evidence, refusal.code);
    let verdict = Verdict { code: Some(refusal.code), rules: &rules, fields: None, notice: None, is_report: false };
    let body = exchange.problem(&refusal, evidence.id).map_err(|error| unrecordable(&error))?;
    let opening = Opening::draw(gateway)?;
    let entry = query_entry(gateway, evidence, &verdict, &body, &opening)?;
    let has_its_own = |institution: &Institution| institution.refusals.has_its_own(entry.tail.len() + BEGINNING_BYTES);
    let sharing = evidence.who.institution().filter(|institution| !has_its_own(institution)).cloned();
    if let Some(institution) = sharing.filter(|_| evidence.names_nobody()) {
        let durable = shared::record(gateway, evidence, &institution, refusal.code, exchange.wants_proof()).await?;
        log_cause(&refusal, evidence.id);
        let body = exchange.problem(&refusal, evidence.id).map_err(|error| unrecordable(&error))?;
        return Ok(Recorded::new(evidence, body, Some(refusal), None, durable));
    }
    log_cause(&refusal, evidence.id);
    let ticket = gateway.log.submit(entry, exchange.wants_proof(), || true).map_err(|_| NotRecordable)?;
    let durable = ticket.await?;
    index(gateway, evidence, &durable);
    Ok(Recorded::new(evidence, body, Some(refusal), Some(opening), durable))
}

/// Tells the index whom the leaf is about.
fn index(gateway: &Gateway, evidence: &Evidence, durable: &Durable) {
    if let Some((index, person)) = gateway.index.as_ref().zip(evidence.recognised.person.as_ref()) {
        person.disclose(|number| index.recorded(durable.index, number.as_str()));
    }
}

/// What counts for the alarm rule.
fn count_offence(gateway: &Gateway, evidence: &Evidence, code: Code) {
    if let Some(institution) = evidence.who.institution() {
        let staff = evidence.recognised.staff.as_ref().map(StaffId::as_str);
        institution.offences.count(&gateway.settings.suspend_after, code, staff, gateway.clock.monotonic());
    }
}

/// The operator's line of a refusal.
fn log_cause(refusal: &Refusal, id: Uuid) {
    if let Some(cause) = &refusal.cause {
        tracing::info!(code = refusal.code.as_str(), query = %id, cause, "refused");
    }
}

/// The rules that refuse. What was met outside policy is put among the inputs, so that the leaf can be decided again.
fn rules_that_refuse(evidence: &mut Evidence, refusal: &Refusal) -> Vec<RuleId> {
    if !refusal.rules.is_empty() {
        return refusal.rules.clone();
    }
    let decide_again = |evidence: &Evidence| {
        let scenario = evidence.recognised.scenario.as_ref().map(|scenario| scenario.name());
        match decide(&evidence.rules().catalogue, scenario, &evidence.inputs) {
            Decision::Refuse { code, rules, .. } if code == refusal.code => Some(rules),
            Decision::Refuse { .. } | Decision::Permit(_) => None,
        }
    };
    if let Some(rules) = decide_again(evidence) {
        return rules;
    }
    evidence.inputs.observed = Some(refusal.code);
    decide_again(evidence).unwrap_or_default()
}

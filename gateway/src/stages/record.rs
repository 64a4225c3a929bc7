//! The record: a durable leaf, answered or refused alike. The only way to an HTTP answer with data or a receipt.
//!
//! INVARIANT (record first): [`Recorded`] is made after the log said that the leaf is durable, and nowhere else.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Act, Base64, Entry, Outcome, QueryRecord, Revocation},
    log::{Durable, NotRecordable, Unsubmitted},
};
use credit_keys::{Entropy, answer_commitment};
use credit_policy::{Code, Decision, FieldName, RuleId, consent::ConsentId, decide};
use serde::Serialize;

use crate::{
    draft::Draft,
    fold::consent_key,
    gateway::Gateway,
    refusal::{self, Refusal},
    sealed,
    stages::{identify::REVOKED, minimise::Answer, withdraw::Withdrawal},
};

/// PROOF: what is told to the caller is on the record.
#[must_use]
pub struct Recorded {
    body: Vec<u8>,
    refusal: Option<Refusal>,
}

impl Recorded {
    pub(super) fn into_parts(self) -> (Vec<u8>, Option<Refusal>) {
        (self.body, self.refusal)
    }

    /// The code of a refusal; nothing for an answer.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.code)
    }

    /// Whether the connection cannot be trusted to go on.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.closes)
    }
}

/// A problem document up to its receipt (RFC 9457; formats.md §2).
#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'static str>,
    query: uuid::Uuid,
}

/// What the receipt says (formats.md §2).
#[derive(Serialize)]
struct Receipt<'a> {
    log: &'a str,
    index: u64,
    leaf: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<&'a str>,
    proof: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tlog_proof: Option<&'a str>,
}

/// The answer to a withdrawal, up to its receipt.
#[derive(Serialize)]
struct Withdrawn<'a> {
    query: uuid::Uuid,
    jti: &'a str,
    revoked: bool,
}

/// What a journey came to that was not refused.
#[must_use]
pub enum Passed {
    /// The answer to a query.
    Answer(Box<Answer>),
    /// The withdrawal of a consent.
    Withdrawal(Withdrawal),
}

/// What an outcome adds to the leaf.
struct Verdict<'a> {
    code: Option<Code>,
    rules: &'a [RuleId],
    fields: Option<&'a [FieldName]>,
    notice: Option<&'a str>,
}

/// Records what came out, and adds the receipt to it.
///
/// A suspension that came while the query was under way turns its answer into a refusal: both pass through the log's
/// queue, so no answered leaf follows the leaf of the suspension.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be told.
pub async fn record(
    gateway: &Gateway,
    mut draft: Draft,
    outcome: Result<Passed, Refusal>,
) -> Result<Recorded, NotRecordable> {
    let refusal = match outcome {
        Ok(Passed::Withdrawal(withdrawal)) => return record_withdrawal(gateway, &draft, withdrawal).await,
        Ok(Passed::Answer(answer)) => {
            let (body, permit, reservation) = answer.into_parts();
            let verdict = Verdict {
                code: None,
                rules: permit.rules(),
                fields: Some(permit.fields()),
                notice: Some(permit.notice()),
            };
            let opening = Opening::draw(gateway)?;
            let entry = entry(gateway, &draft, &verdict, &body, &opening)?;
            let (institution, consent) = (&draft.institution, draft.consent.as_ref());
            let still = || {
                !institution.is_suspended()
                    && draft.is_trusted()
                    && consent.is_none_or(|consent| !gateway.state.is_revoked(&consent.claim.key))
            };
            let submitted = gateway.log.submit(entry, draft.wants_proof, still);
            match submitted {
                Ok(ticket) => {
                    let durable = ticket.await?;
                    reservation.spend(durable.index, draft.id, durable.at);
                    return Ok(Recorded {
                        body: with_receipt(gateway, &draft, body, Some(&opening), &durable),
                        refusal: None,
                    });
                }
                Err(Unsubmitted::NotRecordable(error)) => return Err(error),
                Err(Unsubmitted::Overtaken(_)) => {
                    if draft.consent.is_some() {
                        draft.ground = None;
                    }
                    draft.facts.suspended = draft.institution.is_suspended();
                    match (draft.is_trusted(), draft.facts.suspended) {
                        (false, _) => Refusal::because(Code::CertificateUnknown, REVOKED),
                        (true, true) => Refusal::from(Code::InstitutionSuspended),
                        (true, false) => Refusal::from(Code::ConsentRevoked),
                    }
                }
            }
        }
        Err(refusal) => refusal,
    };
    record_refusal(gateway, draft, refusal).await
}

/// Withdraws a consent: in force at once, then on the record, then told.
async fn record_withdrawal(
    gateway: &Gateway,
    draft: &Draft,
    withdrawal: Withdrawal,
) -> Result<Recorded, NotRecordable> {
    let ConsentId { iss, jti } = withdrawal.into_consent();
    let institution = draft.institution.id();
    let leaf = Revocation { issuer: iss.clone(), jti: jti.as_str().to_owned() };
    let certificate = draft.certificate.to_string();
    let entry = leaf.own_entry(draft.id, institution, &certificate).map_err(|error| unrecordable(&error))?;
    gateway.state.revoke(consent_key(&iss, jti.as_str()));
    let ticket = gateway.log.submit(entry, draft.wants_proof, || true).map_err(|_| NotRecordable)?;
    let durable = ticket.await?;
    let body = serde_json::to_vec(&Withdrawn { query: draft.id, jti: jti.as_str(), revoked: true });
    let body = body.map_err(|error| unrecordable(&error))?;
    Ok(Recorded { body: with_receipt(gateway, draft, body, None, &durable), refusal: None })
}

async fn record_refusal(gateway: &Gateway, mut draft: Draft, refusal: Refusal) -> Result<Recorded, NotRecordable> {
    if let Some(cause) = &refusal.cause {
        tracing::info!(code = refusal.code.as_str(), query = %draft.id, cause, "refused");
    }
    let rules = grounds_of_refusal(gateway, &mut draft, &refusal);
    let verdict = Verdict { code: Some(refusal.code), rules: &rules, fields: None, notice: None };
    let problem = Problem {
        code: refusal.code.as_str(),
        title: refusal::title(refusal.code, draft.language),
        status: refusal::status(refusal.code).as_u16(),
        bound: refusal.bound.map(|bound| bound.as_str()),
        query: draft.id,
    };
    let body = serde_json::to_vec(&problem).map_err(|_| NotRecordable)?;
    let opening = Opening::draw(gateway)?;
    let entry = entry(gateway, &draft, &verdict, &body, &opening)?;
    let ticket = gateway.log.submit(entry, draft.wants_proof, || true).map_err(|_| NotRecordable)?;
    let durable = ticket.await?;
    Ok(Recorded { body: with_receipt(gateway, &draft, body, Some(&opening), &durable), refusal: Some(refusal) })
}

/// The facts as the leaf tells them, so that the refusal can be decided again; and the rules that refuse.
fn grounds_of_refusal(gateway: &Gateway, draft: &mut Draft, refusal: &Refusal) -> Vec<RuleId> {
    if !refusal.rules.is_empty() {
        return refusal.rules.clone();
    }
    let again = |draft: &Draft| {
        let scenario = draft.scenario.as_ref().map(|scenario| scenario.name());
        match decide(&gateway.catalogue, scenario, &draft.facts) {
            Decision::Refuse { code, rules, .. } if code == refusal.code => Some(rules),
            Decision::Refuse { .. } | Decision::Permit(_) => None,
        }
    };
    if let Some(rules) = again(draft) {
        return rules;
    }
    draft.facts.observed = Some(refusal.code);
    again(draft).unwrap_or_default()
}

fn entry(
    gateway: &Gateway,
    draft: &Draft,
    verdict: &Verdict<'_>,
    body: &[u8],
    opening: &Opening,
) -> Result<Entry, NotRecordable> {
    let keys = gateway.keys.current();
    let id = draft.id.to_string();
    let institution = draft.institution.id();
    let sealed = sealed::plaintext(draft, &opening.bytes, body)
        .map(|plain| keys.sealer.seal(&id, &plain, &gateway.entropy))
        .transpose()
        .map_err(|error| unrecordable(&error))?;
    let subject = draft
        .person
        .as_ref()
        .map(|person| person.disclose(|number| Base64(keys.sealer.subject_tag(institution, number.as_str()))));
    let asked = draft.ask.map(|ask| [ask.slot, ask.identity].concat());
    let record = QueryRecord {
        operator: draft.operator.as_ref().map(|operator| operator.as_str()),
        certificate: Some(&draft.certificate.to_string()),
        on_behalf: None,
        scenario: draft.scenario.as_ref().map(|scenario| scenario.name()),
        ground: draft.ground.clone(),
        repeats: draft.repeats,
        idempotency: asked.as_ref().map(|asked| Base64(&asked[..])),
        catalogue: gateway.catalogue.label(),
        rules: verdict.rules,
        inputs: &draft.facts,
        outcome: if verdict.code.is_none() { Outcome::Answered } else { Outcome::Refused },
        code: verdict.code,
        fields: verdict.fields,
        notice: verdict.notice,
        remote: None,
        answer: Some(Base64(answer_commitment(&opening.bytes, body))),
        subject,
        key: sealed.as_ref().map(|_| keys.sealer.key_id().as_str()),
        sealed: sealed.as_ref().map(|sealed| Base64(&*sealed.ciphertext)),
        commit: sealed.as_ref().map(|sealed| Base64(sealed.commit)),
    };
    record.entry(draft.id, institution).map_err(|error| unrecordable(&error))
}

fn unrecordable(error: &dyn std::fmt::Display) -> NotRecordable {
    tracing::error!(%error, "a record could not be made");
    NotRecordable
}

/// The random opening of the answer's commitment; the caller gets it with the receipt.
struct Opening {
    bytes: [u8; 32],
    text: String,
}

impl Opening {
    fn draw(gateway: &Gateway) -> Result<Self, NotRecordable> {
        let mut bytes = [0; 32];
        gateway.entropy.fill(&mut bytes).map_err(|error| unrecordable(&error))?;
        Ok(Self { bytes, text: STANDARD.encode(bytes) })
    }
}

/// Adds the receipt as the last member.
fn with_receipt(
    gateway: &Gateway,
    draft: &Draft,
    mut body: Vec<u8>,
    opening: Option<&Opening>,
    durable: &Durable,
) -> Vec<u8> {
    let receipt = Receipt {
        log: &gateway.settings.log.origin,
        index: durable.index,
        leaf: STANDARD.encode(durable.leaf_hash),
        opening: opening.map(|opening| opening.text.as_str()),
        proof: format!("/v1/receipts/{}", draft.id),
        tlog_proof: durable.proof.as_deref(),
    };
    // The body is an object that we wrote: its last byte is the closing brace.
    body.pop();
    body.extend_from_slice(b",\"receipt\":");
    if let Ok(receipt) = serde_json::to_vec(&receipt) {
        body.extend_from_slice(&receipt);
    }
    body.push(b'}');
    body
}

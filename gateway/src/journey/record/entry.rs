//! The leaf of a query, made of its evidence and what came of it.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Base64, Entry, GroundRecord, Outcome, QueryRecord},
    log::NotRecordable,
};
use credit_keys::{Entropy, answer_commitment};
use credit_policy::{Code, FieldName, RuleId};

use super::{
    evidence::Evidence,
    sealed::{self, Said},
};
use crate::{gateway::Gateway, journey::caller::Who};

/// What an outcome adds to the leaf.
pub(super) struct Verdict<'a> {
    pub(super) code: Option<Code>,
    pub(super) rules: &'a [RuleId],
    pub(super) fields: Option<&'a [FieldName]>,
    pub(super) notice: Option<&'a str>,
    /// Whether the answer is a store's own.
    pub(super) is_report: bool,
}

/// Renders everything but the leaf's time and number.
pub(super) fn query_entry(
    gateway: &Gateway,
    evidence: &Evidence,
    verdict: &Verdict<'_>,
    body: &[u8],
    opening: &Opening,
) -> Result<Entry, NotRecordable> {
    let sealer = &evidence.moment.keys.sealer;
    let id = evidence.id.to_string();
    let institution = evidence.who.institution_id();
    let certificate = match &evidence.who {
        Who::Institution(_, certificate) => Some(certificate.thumbprint().to_string()),
        Who::Person(_) | Who::Public(_) => None,
    };
    let scenario = evidence.recognised.scenario.as_deref();
    let sealed_bytes = sealed::bytes(scenario);
    let derive = || {
        let person = evidence.recognised.person.as_ref()?;
        Some(Arc::new(person.disclose(|number| sealer.person(number.as_str()))))
    };
    let person = evidence.person_keys.clone().or_else(derive);
    let said = Said { body, is_report: verdict.is_report };
    let sealed = person
        .as_ref()
        .zip(sealed::plaintext(evidence, &opening.bytes, said, sealed_bytes))
        .map(|(person, plain)| person.seal(&id, &plain, sealed_bytes, gateway.recorder.nonces()))
        .transpose()
        .map_err(|error| unrecordable(&error))?;
    let purpose_group = scenario.map_or("", credit_policy::Scenario::purpose_group);
    let tag = || Some(person.as_ref()?.subject_tag(&evidence.counted_for(), purpose_group));
    let subject = evidence.subject.or_else(tag).map(Base64);
    let idempotency = evidence.idempotency.map(|entry| [entry.key, entry.identity].concat());
    let record = QueryRecord {
        operator: evidence.recognised.staff.as_ref().map(|staff| staff.as_str()),
        certificate: certificate.as_deref(),
        on_behalf: evidence.recognised.on_behalf.as_ref(),
        scenario: evidence.recognised.scenario.as_ref().map(|scenario| scenario.name()),
        ground: evidence.ground.as_ref().map(GroundRecord::borrowed),
        repeats: evidence.repeats,
        idempotency: idempotency.as_ref().map(|claim| Base64(&claim[..])),
        catalogue: evidence.rules().catalogue.label(),
        rules: verdict.rules,
        inputs: &evidence.inputs,
        outcome: if verdict.code.is_none() { Outcome::Answered } else { Outcome::Refused },
        code: verdict.code,
        fields: verdict.fields,
        notice: verdict.notice,
        remote: evidence.remote.as_ref().filter(|_| verdict.code.is_none()),
        answer: Some(Base64(answer_commitment(&opening.bytes, body))),
        subject,
        key: sealed.as_ref().map(|_| sealer.key_id().as_str()),
        sealed: sealed.as_ref().map(|sealed| Base64(&*sealed.ciphertext)),
        commit: sealed.as_ref().map(|sealed| Base64(sealed.commit)),
    };
    let entry = match &evidence.who {
        Who::Institution(..) => record.entry(evidence.id, institution),
        Who::Person(_) | Who::Public(_) => record.entry_of_person(evidence.id),
    };
    entry.map_err(|error| unrecordable(&error))
}

pub(super) fn unrecordable(error: &dyn std::fmt::Display) -> NotRecordable {
    tracing::error!(%error, "a record could not be made");
    NotRecordable
}

/// The random opening of the answer's commitment; the caller gets it with the receipt.
pub(super) struct Opening {
    bytes: [u8; 32],
    pub(super) text: String,
}

impl Opening {
    pub(super) fn draw(gateway: &Gateway) -> Result<Self, NotRecordable> {
        let mut bytes = [0; 32];
        gateway.recorder.nonces().fill(&mut bytes).map_err(|error| unrecordable(&error))?;
        Ok(Self { bytes, text: STANDARD.encode(bytes) })
    }
}

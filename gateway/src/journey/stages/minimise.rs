//! What leaves: the permitted fields under the law's clocks, everything else dropped, the person a pseudonym.
//!
//! [`Answer`] is the only type of the journey with a body.

use std::sync::Arc;

use credit_policy::{Code, Permit, minimise as reduce, seal_acts_of_minors};

use super::{fetch::Fetched, repeat};
use crate::{
    callers::register::Institution,
    gateway::{Gateway, Moment},
    journey::{
        caller::Who,
        exchange::{AnswerView, Exchange},
        record::evidence::Evidence,
        refusal::Refusal,
    },
    state::{Key, Reservation},
};

/// PROOF: an answer that has what the permit lists and nothing else, and all that its record must say.
#[must_use]
pub struct Answer<'e> {
    body: Vec<u8>,
    permit: Permit,
    reservation: Reservation,
    who: Who,
    consent: Option<Key>,
    evidence: &'e mut Evidence,
}

/// An answer taken apart for the record.
pub(in crate::journey) struct AnswerParts<'e> {
    pub(in crate::journey) body: Vec<u8>,
    pub(in crate::journey) permit: Permit,
    pub(in crate::journey) reservation: Reservation,
    pub(in crate::journey) who: Who,
    /// What stands for the consent in the state, where that is the ground.
    pub(in crate::journey) consent: Option<Key>,
    pub(in crate::journey) evidence: &'e mut Evidence,
}

impl<'e> Answer<'e> {
    pub(in crate::journey) fn into_parts(self) -> AnswerParts<'e> {
        let Self { body, permit, reservation, who, consent, evidence } = self;
        AnswerParts { body, permit, reservation, who, consent, evidence }
    }
}

/// Reduces what the stores returned to the answer.
///
/// # Errors
/// `internal-error` where the door cannot render it; `answer-changed` where it repeats another answer.
pub async fn minimise<'e>(
    gateway: &Gateway,
    moment: &Moment,
    fetched: Fetched<'e>,
    exchange: &impl Exchange,
) -> Result<Answer<'e>, Refusal> {
    let (admitted, mut history) = fetched.into_parts();
    let (basis, permit, reservation, evidence) = admitted.into_parts();
    let on = basis.query.facts.on;
    basis.person.disclose(|person| {
        seal_acts_of_minors(&mut history, &gateway.catalogue, |act| person.is_adult_on(act));
    });
    let minimised = reduce(&permit, &history, on);
    let scenario = permit.scenario();
    let who = basis.query.who;
    let group = scenario.purpose_group();
    let issue = |institution: &Arc<Institution>| {
        basis.person.disclose(|number| moment.keys.pseudonyms.issue(institution.id(), group, number.as_str()))
    };
    // Who asks about himself or herself needs no other name.
    let issued = who.institution().map(issue);
    let previous = issued.as_ref().and_then(|issued| issued.previous.as_ref());
    let view = AnswerView {
        query: evidence.id(),
        repeats: reservation.repeats(),
        scenario: scenario.name().as_str(),
        subject: issued.as_ref().map(|issued| issued.current.as_str()),
        subject_previous: previous.map(|previous| previous.as_str()),
        catalogue: gateway.catalogue.label(),
        data: &minimised,
        marks: &minimised.marks,
        obligations: permit.obligations(on),
    };
    let body = exchange.answer(&view).map_err(|error| Refusal::because(Code::InternalError, error))?;
    if let (Some(first), Some(institution)) = (reservation.repeats(), who.institution()) {
        repeat::check(gateway, first, institution, &body).await?;
    }
    evidence.store_summary(&history);
    evidence.answer(minimised.counts, issued.as_ref().map(|issued| issued.current.as_str()));
    let consent = basis.consent.map(|consent| consent.claim.key);
    Ok(Answer { body, permit, reservation, who, consent, evidence })
}

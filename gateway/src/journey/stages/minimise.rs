//! What leaves: the permitted fields under the law's clocks, everything else dropped, the person a pseudonym.
//!
//! [`Answer`] is the only type of the journey with a body.

use credit_policy::{Code, Minimised, Obligations, Permit, minimise as reduce, seal_acts_of_minors};

use super::{fetch::Fetched, repeat};
use crate::{
    gateway::{Gateway, Moment},
    journey::{
        caller::Who,
        exchange::{AnswerView, AskedBy, Exchange},
        record::evidence::Evidence,
        refusal::Refusal,
    },
    state::{Key, Reservation},
    stores::{all::Found, http::gateway::Elsewhere},
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
    let (admitted, Found { mut history, elsewhere }) = fetched.into_parts();
    let (basis, permit, reservation, evidence) = admitted.into_parts();
    let on = basis.query.facts.on;
    basis.person.disclose(|person| {
        seal_acts_of_minors(&mut history, &gateway.catalogue, |act| person.is_adult_on(act));
    });
    let mut minimised = reduce(&permit, &history, on);
    let mut obligations = permit.obligations(on);
    if let Some(elsewhere) = &elsewhere {
        put_in(&mut minimised, &mut obligations, elsewhere);
        evidence.remote(elsewhere.leaf.clone());
    }
    let scenario = permit.scenario();
    let group = scenario.purpose_group();
    let counted_for = basis.query.counted_for();
    let issue = || basis.person.disclose(|number| moment.keys.pseudonyms.issue(&counted_for, group, number.as_str()));
    // Who asks about himself or herself needs no other name.
    let issued = basis.query.who.institution().map(|_| issue());
    let previous = issued.as_ref().and_then(|issued| issued.previous.as_ref());
    let view = AnswerView {
        query: evidence.id(),
        on_behalf: basis.query.end.as_ref().map(|end| AskedBy { origin: &end.record.origin, query: end.record.query }),
        repeats: reservation.repeats(),
        scenario: scenario.name().as_str(),
        subject: issued.as_ref().map(|issued| issued.current.as_str()),
        subject_previous: previous.map(|previous| previous.as_str()),
        catalogue: gateway.catalogue.label(),
        data: &minimised,
        marks: &minimised.marks,
        obligations,
    };
    let body = exchange.answer(&view).map_err(|error| Refusal::because(Code::InternalError, error))?;
    let who = basis.query.who;
    if let (Some(first), Some(institution)) = (reservation.repeats(), who.institution()) {
        repeat::check(gateway, first, institution, &body).await?;
    }
    evidence.store_summary(&history, elsewhere.as_ref());
    evidence.answer(minimised.counts, issued.as_ref().map(|issued| issued.current.as_str()));
    let consent = basis.consent.map(|consent| consent.claim.key);
    Ok(Answer { body, permit, reservation, who, consent, evidence })
}

/// Puts what another gateway answered in the place of what would have been made of records; of two obligations the
/// stricter one holds.
fn put_in(minimised: &mut Minimised, obligations: &mut Obligations, elsewhere: &Elsewhere) {
    for (field, value) in &elsewhere.values {
        if let Some((_, place)) = minimised.data.iter_mut().find(|(name, _)| name == field) {
            place.clone_from(value);
        }
    }
    minimised.marks.extend(elsewhere.marks.iter().cloned());
    minimised.marks.sort();
    minimised.marks.dedup();
    obligations.keep_until = obligations.keep_until.min(elsewhere.keep_until);
    obligations.automated_decision_notice |= elsewhere.automated_decision_notice;
}

//! What leaves: the permitted fields under the law's clocks, everything else dropped, the person a pseudonym.
//!
//! [`Answer`] is the only type of the journey with a body.

use std::sync::Arc;

use credit_policy::{Code, History, Minimised, Permit, minimise as reduce, seal_acts_of_minors};

use super::{
    fetch::{Fetched, Found, failed},
    ground::Basis,
    repeat,
};
use crate::{
    callers::register::Institution,
    gateway::{Gateway, Moment, RouteQuery},
    journey::{
        exchange::{AnswerView, Exchange},
        record::{evidence::Evidence, sealed::Said},
        refusal::Refusal,
    },
    state::{Key, Reservation},
    stores::routes::{Reduced, Reduction},
};

/// PROOF: an answer that has what the permit lists and nothing else, and all that its record must say.
#[must_use]
pub struct Answer<'e> {
    body: Vec<u8>,
    beside: Option<Vec<u8>>,
    permit: Permit,
    reservation: Reservation,
    institution: Arc<Institution>,
    consent: Option<Key>,
    evidence: &'e mut Evidence,
}

/// An answer taken apart for the record.
pub(in crate::journey) struct AnswerParts<'e> {
    pub(in crate::journey) body: Vec<u8>,
    /// Where the body is a store's own answer, what else the door tells.
    pub(in crate::journey) beside: Option<Vec<u8>>,
    pub(in crate::journey) permit: Permit,
    pub(in crate::journey) reservation: Reservation,
    pub(in crate::journey) institution: Arc<Institution>,
    /// What stands for the consent in the state, where that is the ground.
    pub(in crate::journey) consent: Option<Key>,
    pub(in crate::journey) evidence: &'e mut Evidence,
}

impl<'e> Answer<'e> {
    pub(in crate::journey) fn into_parts(self) -> AnswerParts<'e> {
        let Self { body, beside, permit, reservation, institution, consent, evidence } = self;
        AnswerParts { body, beside, permit, reservation, institution, consent, evidence }
    }
}

/// Reduces what the stores returned to the answer.
///
/// # Errors
/// `internal-error` where the door cannot render it; `answer-changed` where it repeats another answer; of a route also
/// `store-failed`, where what the store answered is no answer.
pub async fn minimise<'e>(
    gateway: &Gateway,
    moment: &Moment,
    fetched: Fetched<'e>,
    exchange: &impl Exchange,
) -> Result<Answer<'e>, Refusal> {
    let (admitted, found) = fetched.into_parts();
    let (basis, permit, reservation, evidence) = admitted.into_parts();
    let on = basis.query.facts.on;
    let (scenario, institution) = (permit.scenario(), &basis.query.institution);
    let group = scenario.purpose_group();
    let issued = basis.person.disclose(|number| moment.keys.pseudonyms.issue(institution.id(), group, number.as_str()));
    let Told { minimised, report, history } =
        told(gateway, found, Lens { basis: &basis, permit: &permit, pseudonym: issued.current.as_str() })?;
    let view = AnswerView {
        query: evidence.id(),
        repeats: reservation.repeats(),
        scenario: scenario.name().as_str(),
        subject: issued.current.as_str(),
        subject_previous: issued.previous.as_ref().map(|previous| previous.as_str()),
        catalogue: gateway.catalogue.label(),
        data: &minimised,
        marks: &minimised.marks,
        obligations: permit.obligations(on),
    };
    let rendered = exchange.answer(&view).map_err(|error| Refusal::because(Code::InternalError, error))?;
    let (body, beside) = match report {
        Some(report) => (report, Some(rendered)),
        None => (rendered, None),
    };
    if let Some(first) = reservation.repeats() {
        repeat::check(gateway, first, institution, Said { body: &body, is_report: beside.is_some() }).await?;
    }
    evidence.store_summary(&history);
    evidence.answer(minimised.counts, issued.current.as_str());
    let consent = basis.consent.map(|consent| consent.claim.key);
    let institution = Arc::clone(institution);
    Ok(Answer { body, beside, permit, reservation, institution, consent, evidence })
}

/// What an answer is reduced for.
struct Lens<'a> {
    basis: &'a Basis,
    permit: &'a Permit,
    pseudonym: &'a str,
}

/// What may be told.
struct Told {
    minimised: Minimised,
    /// Of a route, the store's own answer with no more in it than may be told.
    report: Option<Vec<u8>>,
    history: History,
}

fn told(gateway: &Gateway, found: Found, Lens { basis, permit, pseudonym }: Lens<'_>) -> Result<Told, Refusal> {
    let (catalogue, on) = (&gateway.catalogue, basis.query.facts.on);
    match (found, &basis.query.route) {
        (Found::History(mut history), _) => {
            basis.person.disclose(|person| {
                seal_acts_of_minors(&mut history, catalogue, |act| person.is_adult_on(act));
            });
            Ok(Told { minimised: reduce(permit, &history, on), report: None, history })
        }
        (Found::Report(report), Some(RouteQuery { route, .. })) => {
            let by = Reduction { catalogue, permit, on, person: &basis.person, pseudonym };
            let reduced = gateway.reduce(route, report.as_ref().map(|text| text.as_str()), &by).map_err(failed)?;
            let Reduced { body, marks, counts, told } = reduced;
            let minimised = Minimised { data: Vec::new(), marks, counts };
            Ok(Told { minimised, report: Some(body), history: told })
        }
        (Found::Report(_), None) => Err(Refusal::because(Code::InternalError, "the answer of a route without one")),
    }
}

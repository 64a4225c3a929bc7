//! What leaves: the permitted fields under the law's clocks, everything else dropped, the person a pseudonym.
//!
//! [`Answer`] is the only type of the journey with a body.

use credit_policy::{Code, Minimised, Obligations, Permit, Personal, minimise as reduce};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal, sealed, stages::fetch::Fetched},
    state::Reservation,
};

/// PROOF: an answer that holds what the permit lists and nothing else.
#[must_use]
pub struct Answer {
    body: Vec<u8>,
    permit: Permit,
    reservation: Reservation,
}

impl Answer {
    pub(super) fn into_parts(self) -> (Vec<u8>, Permit, Reservation) {
        (self.body, self.permit, self.reservation)
    }
}

/// The answer on the wire, up to its receipt (formats.md §2).
#[derive(Serialize)]
struct Wire<'a> {
    query: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<uuid::Uuid>,
    scenario: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_previous: Option<&'a str>,
    catalogue: &'a str,
    data: Data<'a>,
    marks: &'a [credit_policy::FieldName],
    obligations: Obligations,
}

struct Data<'a>(&'a Minimised);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.data.len()))?;
        for (field, value) in &self.0.data {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}

/// Reduces what the stores told to the answer.
///
/// # Errors
/// `internal-error` where the pseudonym keys are not there.
pub fn minimise(gateway: &Gateway, fetched: Fetched, draft: &mut Draft) -> Result<Answer, Refusal> {
    let (permit, reservation, history) = fetched.into_parts();
    let minimised = reduce(&permit, &history, draft.facts.on);
    let scenario = permit.scenario();
    let person = draft.person.as_ref().ok_or(Code::InternalError)?;
    let keys = gateway.keys.current();
    let issued = person
        .disclose(|number| keys.pseudonyms.issue(draft.institution.id(), scenario.purpose_group(), number.as_str()));
    let wire = Wire {
        query: draft.id,
        repeats: draft.repeats,
        scenario: scenario.name().as_str(),
        subject: issued.current.as_str(),
        subject_previous: issued.previous.as_ref().map(|previous| previous.as_str()),
        catalogue: gateway.catalogue.label(),
        data: Data(&minimised),
        marks: &minimised.marks,
        obligations: permit.obligations(draft.facts.on),
    };
    let body = serde_json::to_vec(&wire).map_err(|error| Refusal::because(Code::InternalError, error))?;
    draft.told = Some(Personal::new(sealed::told(&history, sealed::bytes(Some(scenario)))));
    draft.counts = Some(minimised.counts);
    draft.pseudonym = Some(Personal::new(issued.current.as_str().to_owned()));
    Ok(Answer { body, permit, reservation })
}

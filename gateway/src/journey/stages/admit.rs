//! Whether it is still within the finer limits: the operator, the case, the person, the day. Reserves the look-up.

use credit_audit::leaf::GroundRecord;
use credit_policy::{Code, Permit};

use crate::{
    callers::limits::Reached,
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal, stages::authorise::Permitted},
    state::{Claim, ConsentUse, Limits, Reservation, Unreserved},
};

/// PROOF: the look-up is reserved; given back if it is not recorded as answered.
#[must_use]
pub struct Admitted {
    permitted: Permitted,
    reservation: Reservation,
}

impl Admitted {
    /// What is permitted.
    pub fn permit(&self) -> &Permit {
        self.permitted.permit()
    }

    pub(super) fn into_parts(self) -> (Permit, Reservation) {
        (self.permitted.into_permit(), self.reservation)
    }
}

/// Reserves.
///
/// # Errors
/// `idempotency-conflict`, `consent-used-up`, `case-already-used`, `rate-limited`, `distinct-subjects-exceeded`.
pub fn admit(gateway: &Gateway, permitted: Permitted, draft: &mut Draft) -> Result<Admitted, Refusal> {
    let operator = draft.operator.as_ref().ok_or(Code::InternalError)?;
    let taken = draft.institution.rates.take_operator(operator.as_str());
    taken.map_err(|reached| Refusal::limited(Code::RateLimited, reached))?;
    let particulars = &draft.institution.record;
    let institution = particulars.id.as_str();
    let person = draft.person.as_ref().ok_or(Code::InternalError)?;
    let keys = gateway.keys.current();
    let tags = person.disclose(|number| keys.subject_tags(institution, number.as_str()));
    let claim = Claim {
        now: gateway.clock.now(),
        consent: draft.consent.as_ref().map(|consent| consent.claim),
        ask: draft.ask,
        institution,
        day: draft.facts.on,
        operator: operator.as_str(),
        subject: &tags.current,
        earlier_subjects: &tags.earlier,
        case: draft.case.as_ref().map(credit_policy::CaseNumber::as_str),
    };
    let limits = Limits {
        case: permitted.permit().scenario().case_limit(),
        person_a_day: particulars.limits.look_ups_a_person_a_day,
        distinct_a_day: particulars.limits.distinct_subjects_a_day,
        operator_a_day: particulars.limits.look_ups_an_operator_a_day,
    };
    match gateway.state.reserve(&claim, &limits) {
        Ok(reservation) => {
            draft.repeats = reservation.repeats();
            draft.ground = draft.ground.take().or_else(|| ground_of(draft, &reservation));
            Ok(Admitted { permitted, reservation })
        }
        Err(Unreserved::UnderWay) => {
            Err(Refusal { retry_after_s: Some(1), ..Refusal::from(Code::IdempotencyConflict) })
        }
        Err(Unreserved::Refused(code)) => Err(code.into()),
        Err(Unreserved::OfTheDay(code, limit)) => {
            let retry_after_s = gateway.seconds_to_day_after(draft.facts.on);
            Err(Refusal::limited(code, Reached { limit, retry_after_s }))
        }
    }
}

/// The consent as the leaf tells it: the token with its first use, the leaf that holds it with every other.
fn ground_of(draft: &Draft, reservation: &Reservation) -> Option<GroundRecord<'static>> {
    let consent = draft.consent.as_ref()?;
    // A repeat is the first query's own use once more.
    let ConsentUse { number, first } = reservation.consent_use().or_else(|| reservation.repeated_use())?;
    Some(match first {
        Some(first) => GroundRecord::ConsentAgain { first, use_: number },
        None => GroundRecord::Consent { consent: consent.issuer_signed.clone().into(), use_: number },
    })
}

//! Whether it is within the finer limits: the member of staff, the case, the person, the day. Reserves the look-up.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_audit::leaf::GroundRecord;
use credit_policy::{CaseNumber, CitizenNumber, Code, Permit, Personal};
use jiff::civil::Date;

use super::{
    authorise::Permitted,
    ground::{Basis, VerifiedConsent},
};
use crate::{
    callers::limits::Reached,
    gateway::{Gateway, Moment},
    journey::{caller::Who, record::evidence::Evidence, refusal::Refusal},
    rules::{RouteQuery, Rules},
    state::{Claim, ConsentUse, Limits, Refused, Reservation},
    stores::http::gateway::EndQuery,
};

/// PROOF: the look-up is reserved; given back if it is not recorded as answered.
#[must_use]
pub struct Admitted<'e> {
    basis: Basis,
    permit: Permit,
    reservation: Reservation,
    evidence: &'e mut Evidence,
}

impl<'e> Admitted<'e> {
    /// What is permitted.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn person(&self) -> &Arc<Personal<CitizenNumber>> {
        &self.basis.person
    }

    /// The day on which it was decided.
    pub(super) fn on(&self) -> Date {
        self.basis.query.facts.on
    }

    /// The rules by which it was decided.
    pub(super) fn rules(&self) -> &Arc<Rules> {
        self.evidence.rules()
    }

    pub(super) fn route(&self) -> Option<&RouteQuery> {
        self.basis.query.route.as_ref()
    }

    /// For whom another gateway may be asked; nobody where another gateway asks. `origin` is that of this gateway's log.
    pub(super) fn end_query(&self, origin: &str) -> Option<EndQuery> {
        let Basis { query, consent, .. } = &self.basis;
        let id = self.evidence.id();
        // A person's own query is not passed on: the other gateway has a door for persons.
        let (Who::Institution(institution, certificate), Some(staff)) = (&query.who, &query.staff) else { return None };
        query.end.is_none().then(|| EndQuery {
            institution: institution.id().to_owned(),
            kind: institution.record.kind,
            certificate: certificate.thumbprint().to_string(),
            origin: origin.to_owned(),
            query: id,
            repeat_key: self.repeat_key(),
            staff: staff.as_str().to_owned(),
            case: query.case.as_ref().map(|case| case.as_str().to_owned()),
            token: consent.as_ref().map(|consent| consent.presented.clone()),
        })
    }

    /// The key under which another gateway is asked. Of a query with an idempotency key it is made of all that was asked and of
    /// nothing that a crash forgets: whoever asks again because this gateway ended before it could record uses nothing
    /// twice there.
    fn repeat_key(&self) -> String {
        match self.reservation.idempotency() {
            Some(entry) => URL_SAFE_NO_PAD.encode(entry.identity),
            None => self.evidence.id().to_string(),
        }
    }

    pub(super) fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    pub(super) fn into_parts(self) -> (Basis, Permit, Reservation, &'e mut Evidence) {
        (self.basis, self.permit, self.reservation, self.evidence)
    }
}

/// Reserves.
///
/// # Errors
/// `idempotency-conflict`, `consent-used-up`, `case-already-used`, `rate-limited`, `distinct-subjects-exceeded`,
/// `state-unavailable`.
pub async fn admit<'e>(gateway: &Gateway, moment: &Moment, permitted: Permitted<'e>) -> Result<Admitted<'e>, Refusal> {
    let (basis, permit, evidence) = permitted.into_parts();
    let query = &basis.query;
    if let Some((institution, staff)) = query.who.institution().zip(query.staff.as_ref()) {
        let rates = &institution.rates;
        let taken = match &query.end {
            None => rates.take_staff(staff.as_str()).await,
            Some(end) => match rates.take_end(&end.record.institution).await {
                // Staff of two end institutions may have one id.
                Ok(()) => rates.take_staff(&format!("{}/{}", end.record.institution, staff.as_str())).await,
                Err(reached) => Err(reached),
            },
        };
        taken.map_err(|reached| Refusal::limited(Code::RateLimited, reached))?;
    }
    let reserved = reserve(gateway, moment, evidence, &basis, &permit).await;
    let reservation = reserved.map_err(|error| match error {
        Refused::UnderWay => Refusal { retry_after_s: Some(1), ..Refusal::from(Code::IdempotencyConflict) },
        Refused::Final(code) => code.into(),
        Refused::Unavailable => Refusal::unavailable(),
        Refused::OfTheDay(code, limit) => {
            let retry_after_s = gateway.seconds_to_day_after(query.facts.on);
            Refusal::limited(code, Reached { limit, retry_after_s })
        }
    })?;
    evidence.repeats(reservation.repeats());
    if let Some(entry) = reservation.idempotency() {
        evidence.idempotency(entry);
    }
    if let Some(consent) = &basis.consent
        && let Some(ground) = ground_of(consent, &reservation)
    {
        evidence.ground(ground);
    }
    Ok(Admitted { basis, permit, reservation, evidence })
}

async fn reserve(
    gateway: &Gateway,
    moment: &Moment,
    evidence: &mut Evidence,
    basis: &Basis,
    permit: &Permit,
) -> Result<Reservation, Refused> {
    let query = &basis.query;
    let (Some(institution), Some(staff)) = (query.who.institution(), query.staff.as_ref()) else {
        // What a person asks about himself or herself counts against nobody's limits; the door paces it.
        return Ok(gateway.state.without_limits());
    };
    let record = &institution.record;
    let counted_for = query.counted_for();
    let purpose_group = permit.scenario().purpose_group();
    let tags = basis
        .person
        .disclose(|number| moment.keys.subject_tags(&basis.person_keys, &counted_for, purpose_group, number.as_str()));
    evidence.subject(tags.tag);
    let claim = Claim {
        id: evidence.id(),
        asker: institution.id(),
        now: moment.now,
        consent: basis.consent.as_ref().map(|consent| consent.claim),
        idempotency: basis.idempotency,
        institution: &counted_for,
        day: query.facts.on,
        group: permit.scenario().purpose_group(),
        staff: staff.as_str(),
        subject: &tags.current,
        earlier_subjects: &tags.earlier,
        case: query.case.as_ref().map(CaseNumber::as_str),
        limits: Limits {
            case: permit.scenario().case_limit(),
            person_a_day: record.limits.look_ups_a_person_a_day,
            distinct_a_day: record.limits.distinct_subjects_a_day,
            staff_a_day: record.limits.look_ups_an_operator_a_day,
        },
    };
    gateway.state.reserve(claim).await
}

/// The consent as the leaf names it: the token with its first use, the leaf that has it with every other.
fn ground_of(consent: &VerifiedConsent, reservation: &Reservation) -> Option<GroundRecord<'static>> {
    // A repeat is the first query's own use once more.
    let ConsentUse { number, first } = reservation.consent_use().or_else(|| reservation.repeated_use())?;
    Some(match first {
        Some(first) => GroundRecord::ConsentAgain { first, use_: number },
        None => GroundRecord::Consent { consent: consent.issuer_signed.clone().into(), use_: number },
    })
}

//! On which legal ground: a statute with the number of its case, or the person's consent. The person and the public get
//! doors of their own; until then their scenarios are refused here.

use std::sync::Arc;

use credit_audit::leaf::GroundRecord;
use credit_policy::{
    CitizenNumber, Code, ConsentFacts, Ground,
    consent::{ConsentFault, Unverified},
};
use hyper::{header, http::request::Parts};

use crate::{
    callers::thumbprint::Thumbprint,
    gateway::Gateway,
    journey::{
        evidence::{Draft, HeldConsent},
        refusal::Refusal,
        stages::accept::Asked,
    },
    state::{AskClaim, ConsentClaim, fold::consent_key},
};

/// PROOF: the ground that the scenario stands on is there.
#[must_use]
pub struct Grounded {
    _proof: (),
}

/// Verifies the ground.
///
/// # Errors
/// `case-required`, `scenario-not-allowed`, `consent-required` and every other code of consents.
pub fn ground(gateway: &Gateway, _asked: Asked, head: &Parts, draft: &mut Draft) -> Result<Grounded, Refusal> {
    let scenario = Arc::clone(draft.scenario.as_ref().ok_or(Code::UnknownScenario)?);
    match scenario.ground() {
        Ground::Statute => {
            let case = draft.case.as_ref().ok_or(Code::CaseRequired)?;
            draft.ground = Some(GroundRecord::Statute {
                statute: scenario.statute().unwrap_or_default().to_owned().into(),
                case: case.as_str().to_owned().into(),
            });
            draft.ask = ask(gateway, draft, &[])?;
        }
        // Whoever may not use the scenario is told so before the token is looked at.
        Ground::Consent if scenario.is_open_to(draft.facts.kind) => consent(gateway, head, draft)?,
        Ground::Consent | Ground::Person | Ground::Public => return Err(Code::ScenarioNotAllowed.into()),
    }
    Ok(Grounded { _proof: () })
}

fn consent(gateway: &Gateway, head: &Parts, draft: &mut Draft) -> Result<(), Refusal> {
    let faulty = |fault: ConsentFault| Refusal::because(fault.code(), fault);
    let scenario = draft.scenario.as_ref().ok_or(Code::UnknownScenario)?;
    let now = gateway.clock.now();
    let consent =
        Unverified::parse(bearer(head)?).and_then(|token| token.verify(&gateway.issuers.keys, now)).map_err(faulty)?;
    let certificates: Vec<[u8; 32]> = draft
        .institution
        .record
        .certificates
        .iter()
        .filter_map(|certificate| Thumbprint::parse(certificate).map(Thumbprint::into_bytes))
        .collect();
    consent.check_presented(&certificates, scenario.name(), draft.claimed.as_ref()).map_err(faulty)?;
    let consent_id = consent.id();
    let standing = consent_key(&consent_id.iss, consent_id.jti.as_str());
    if gateway.state.is_revoked(&standing) {
        return Err(Code::ConsentRevoked.into());
    }
    // What “all that one may see” meant then is not at hand, and may not have been what it means now.
    if consent.terms().fields.is_none() && !gateway.catalogue_history.was_at(consent.issued_at()) {
        let cause = "it names no fields and was issued under an earlier catalogue: ask the person for another";
        return Err(Refusal::because(Code::ConsentInvalid, cause));
    }
    let person = consent.person().disclose(|number| CitizenNumber::parse(number.as_str()));
    let person = person.map_err(|_| Code::ConsentInvalid)?;
    draft.facts.minor = Some(!person.disclose(|number| number.is_adult_on(draft.facts.on)));
    draft.person = Some(Arc::new(person));
    draft.facts.consent = Some(ConsentFacts::of(&gateway.catalogue, &consent));
    let terms = consent.terms();
    let claim = ConsentClaim { key: standing, uses: terms.uses, frequency: terms.frequency };
    draft.ask = ask(gateway, draft, &[consent_id.iss.as_bytes(), consent_id.jti.as_str().as_bytes()])?;
    gateway.state.has_use(&claim, draft.ask.as_ref(), now)?;
    draft.consent =
        Some(HeldConsent { claim, issuer_signed: consent.issuer_signed().to_owned(), id: consent_id.clone() });
    Ok(())
}

fn bearer(head: &Parts) -> Result<&str, Refusal> {
    let mut values = head.headers.get_all(header::AUTHORIZATION).iter();
    let (value, second) = (values.next().ok_or(Code::ConsentRequired)?, values.next());
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start_matches(' '))
    });
    token.filter(|_| second.is_none()).ok_or_else(|| Code::ConsentInvalid.into())
}

/// The identity of a query with an idempotency key: institution and key; and with them body, token and person.
fn ask(gateway: &Gateway, draft: &Draft, token: &[&[u8]]) -> Result<Option<AskClaim>, Refusal> {
    let Some((idempotency, body)) = &draft.idempotency else { return Ok(None) };
    let person = draft.person.as_ref().ok_or(Code::InternalError)?;
    let keys = gateway.keys.current();
    let institution = draft.institution.id().as_bytes();
    let slot = keys.state.digest("credit/idempotency-key", &[institution, idempotency.as_bytes()]);
    let identity_of = |body: &[u8; 32]| {
        person.disclose(|number| {
            let mut parts = vec![institution, idempotency.as_bytes(), body, number.as_str().as_bytes()];
            parts.extend(token);
            keys.state.digest("credit/idempotency-identity", &parts)
        })
    };
    let identity = identity_of(&body.current).current;
    let cut = |digest: [u8; 32]| {
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(digest) {
            *to = from;
        }
        short
    };
    let claim = AskClaim { slot: cut(slot.current), identity: cut(identity) };
    let earlier = || {
        let identity = identity_of(&body.previous?).previous?;
        Some(AskClaim { slot: cut(slot.previous?), identity: cut(identity) })
    };
    Ok(Some(gateway.state.ask_of(claim, earlier(), gateway.clock.now())))
}

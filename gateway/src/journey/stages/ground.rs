//! On which legal ground: a statute with the number of its case, the person's consent, that it is the person who asks, or
//! that a statute opens the scenario to anyone.

use std::sync::Arc;

use credit_audit::leaf::GroundRecord;
use credit_keys::Person;
use credit_policy::{
    Cited, CitizenNumber, Code, ConsentFacts, FieldName, Ground, Personal,
    consent::{Consent, ConsentFault, ConsentId, Unverified},
};
use zeroize::Zeroizing;

use super::accept::{Asked, Idempotency, Query, Subject, is_minor};
use crate::{
    callers::thumbprint::Thumbprint,
    gateway::{Gateway, Moment},
    journey::{caller::Who, detail::Detail, record::evidence::Evidence, refusal::Refusal},
    rules::Rules,
    state::{ConsentClaim, IdempotencyClaim, IdempotencyEntry, consent_key, standing::StandingKey},
};

/// A query, the person whom it is about, and what it rests on.
pub(super) struct Basis {
    pub(super) query: Query,
    pub(super) person: Arc<Personal<CitizenNumber>>,
    /// What stands for the person among what persons said.
    pub(super) standing: StandingKey,
    /// The keys that protect the person's records.
    pub(super) person_keys: Arc<Person>,
    /// Where the ground is consent.
    pub(super) consent: Option<VerifiedConsent>,
    pub(super) idempotency: Option<IdempotencyClaim>,
}

/// A consent that was verified, as far as state and record need it.
pub(super) struct VerifiedConsent {
    /// Its issuer, and its name there.
    pub(super) id: ConsentId,
    /// What stands for it in the state, and how often it may be used.
    pub(super) claim: ConsentClaim,
    /// The issuer-signed part, for the leaf.
    pub(super) issuer_signed: String,
    /// All of it, as it was presented, for another gateway that must verify it too.
    pub(super) presented: Zeroizing<String>,
}

/// PROOF: the ground that the scenario stands on is there, for this person.
#[must_use]
pub struct Grounded<'e> {
    basis: Basis,
    evidence: &'e mut Evidence,
}

impl<'e> Grounded<'e> {
    pub(super) fn into_parts(self) -> (Basis, &'e mut Evidence) {
        (self.basis, self.evidence)
    }
}

/// Verifies the ground. `token` is the consent that was presented; it is looked at only where the scenario needs one.
///
/// # Errors
/// `scenario-not-allowed`, `consent-required` and every other code of consents.
pub fn ground<'e>(
    gateway: &Gateway,
    moment: &Moment,
    asked: Asked<'e>,
    token: Result<&str, Refusal>,
) -> Result<Grounded<'e>, Refusal> {
    let (mut query, subject, idempotency, evidence) = asked.into_parts();
    let (person, consent) = match (query.scenario.ground(), subject) {
        (Ground::Statute, Subject::Named(person)) => {
            let case = query.case.as_ref().ok_or(Code::CaseRequired)?;
            let cited = query.scenario.cited(query.facts.kind, query.facts.on);
            // It is the ground of nobody whom no article empowers: what refuses such a query comes later.
            let empowers =
                |cited: &Arc<Cited>| query.scenario.is_open_to(query.facts.kind) && !cited.statute.is_empty();
            if let Some(cited) = cited.filter(empowers) {
                evidence.ground(GroundRecord::Statute {
                    statute: cited.statute.to_string().into(),
                    rank: cited.rank.map(|rank| rank.as_str().into()),
                    case: case.as_str().to_owned().into(),
                    consent_on_file: query.scenario.consent_on_file(),
                });
            }
            (person, None)
        }
        // Whoever may not use the scenario is told so before the token is looked at.
        (Ground::Consent, Subject::OfConsent(claimed)) if query.scenario.is_open_to(query.facts.kind) => {
            let token = token?;
            let consent = verify(gateway, moment, &query, claimed.as_ref(), token, evidence)?;
            let (person, consent) = on_consent(&moment.rules, &mut query, &consent, token, evidence)?;
            (person, Some(consent))
        }
        (Ground::Person, Subject::Named(person)) if query.scenario.is_open_to(query.facts.kind) => {
            evidence.ground(GroundRecord::Person { self_: true });
            (person, None)
        }
        (Ground::Public, Subject::Named(person)) if query.scenario.is_open_to(query.facts.kind) => {
            evidence.ground(GroundRecord::Public { public: true });
            (person, None)
        }
        (Ground::Statute | Ground::Consent | Ground::Person | Ground::Public, _) => {
            return Err(Code::ScenarioNotAllowed.into());
        }
    };
    let idempotency = idempotency.map(|asked| {
        let token = consent.as_ref().map(|consent: &VerifiedConsent| &consent.claim.key[..]);
        claim(moment, &query.counted_for(), &asked, &person, token)
    });
    if let Some(claim) = idempotency {
        evidence.idempotency(claim.entry);
    }
    let person_keys = Arc::new(person.disclose(|number| moment.keys.sealer.person(number.as_str())));
    evidence.person_keys(&person_keys);
    let standing = gateway.standing.person(&person);
    Ok(Grounded { basis: Basis { query, person, standing, person_keys, consent, idempotency }, evidence })
}

/// Signature, times, institution, scenario and person of the token; and that neither it was withdrawn nor its scenario
/// closed by the person, which nobody can tell apart who asks.
fn verify(
    gateway: &Gateway,
    moment: &Moment,
    query: &Query,
    claimed: Option<&Personal<CitizenNumber>>,
    token: &str,
    evidence: &mut Evidence,
) -> Result<Consent, Refusal> {
    let faulty = |fault: ConsentFault| Refusal::because(fault.code(), fault).with(Detail::Consent(fault));
    let token = Unverified::parse(token).map_err(faulty)?;
    let consent = token.verify(&gateway.issuers.keys(), moment.now).map_err(faulty)?;
    let certificates: Vec<_> =
        Some(*consent.certificate()).into_iter().filter(|named| may_use(query, *named)).collect();
    consent.check_presented(&certificates, query.scenario.name(), claimed).map_err(faulty)?;
    let id = consent.id();
    let person = consent.person().disclose(|number| CitizenNumber::parse(number.as_str())).ok().map(Arc::new);
    let is_closed = |person: &Arc<Personal<CitizenNumber>>| {
        gateway.standing.is_blocked(&gateway.standing.person(person), query.scenario.name().as_str())
    };
    // Both are looked up, whatever the first says: they take one time.
    let is_blocked = person.as_ref().is_some_and(is_closed);
    let is_revoked = gateway.state.is_revoked(&consent_key(&id.iss, id.jti.as_str()));
    if is_blocked | is_revoked {
        // The person reads of it: whoever asked had a consent of his or hers.
        person.iter().for_each(|person| evidence.person(person));
        evidence.blocked(is_blocked);
        return Err(Code::ConsentRevoked.into());
    }
    // The rules of an earlier catalogue are not kept, so nobody can say which fields "all that one may see" were then.
    if consent.terms().fields.is_none() && !moment.rules.history.was_at(consent.issued_at()) {
        let cause = "it names no fields and was issued under an earlier catalogue: ask the person for another";
        return Err(Refusal::because(Code::ConsentInvalid, cause).with(Detail::ConsentWithoutFields));
    }
    Ok(consent)
}

/// Whether the certificate that a consent names is the institution's own and not revoked: the one that was presented, or
/// another one. Of a gateway it is that of the end institution, and never its own.
fn may_use(query: &Query, named: [u8; 32]) -> bool {
    let named_one = Thumbprint::of_digest(named);
    let Who::Institution(institution, certificate) = &query.who else { return false };
    if let Some(end) = &query.end {
        return end.certificate.thumbprint() == named_one;
    }
    let presented = certificate.thumbprint() == named_one;
    institution.certificates().contains(&named) && (presented || certificate.trusts_also(named_one))
}

fn on_consent(
    rules: &Rules,
    query: &mut Query,
    consent: &Consent,
    token: &str,
    evidence: &mut Evidence,
) -> Result<(Arc<Personal<CitizenNumber>>, VerifiedConsent), Refusal> {
    let person = consent.person().disclose(|number| CitizenNumber::parse(number.as_str()));
    let no_person = Detail::Consent(ConsentFault::Disclosure);
    let person = Arc::new(person.map_err(|_| Refusal::from(Code::ConsentInvalid).with(no_person))?);
    if !person.disclose(|number| number.is_born_on(query.facts.on)) {
        return Err(Refusal::because(Code::ConsentInvalid, "the person of the consent is not born yet").with(no_person));
    }
    query.facts.minor = Some(is_minor(&person, query.facts.on));
    query.facts.consent = Some(ConsentFacts::of(&rules.catalogue, consent));
    narrow(query);
    query.redefined = redefined(rules, query, consent);
    if query.redefined.is_some() {
        // Its place in the order of faults is behind others that are still to be looked for.
        query.facts.observed = query.facts.observed.or(Some(Code::FieldNotAllowed));
    }
    evidence.person(&person);
    evidence.inputs(&query.facts);
    let (id, terms) = (consent.id(), consent.terms());
    let key = consent_key(&id.iss, id.jti.as_str());
    let claim = ConsentClaim { key, uses: terms.uses, frequency: terms.frequency, expires: consent.expires_at() };
    let presented = Zeroizing::new(token.to_owned());
    let (id, issuer_signed) = (id.clone(), consent.issuer_signed().to_owned());
    Ok((person, VerifiedConsent { id, claim, issuer_signed, presented }))
}

/// A route asks for as many of its fields as the consent covers. Where it covers none, for all of them: that is refused.
fn narrow(query: &mut Query) {
    let named = query.facts.consent.as_ref().and_then(|consent| consent.fields.as_ref());
    let covers = |field: &FieldName| match named {
        Some(named) => named.contains(field),
        None => query.scenario.second_tier().all(|second| second != field),
    };
    let Some(asked) = query.facts.fields.as_ref().filter(|_| query.route.is_some()) else { return };
    let covered: Vec<_> = asked.iter().filter(|field| covers(field)).cloned().collect();
    if !covered.is_empty() {
        query.facts.fields = Some(covered);
    }
}

/// The first of the fields asked for that means another thing than when the person agreed to it. A consent that names no
/// fields was given under the catalogue in force.
fn redefined(rules: &Rules, query: &Query, consent: &Consent) -> Option<FieldName> {
    let agreed = consent.terms().fields.as_ref()?;
    let asked = query.facts.fields.as_ref().unwrap_or(agreed);
    let history = &rules.history;
    // What the data list does not know is refused as that.
    let is_known = |field: &&FieldName| rules.catalogue.field(field.as_str()).is_some();
    let mut known = asked.iter().filter(is_known);
    known.find(|field| !history.means_the_same(field.as_str(), consent.issued_at())).cloned()
}

/// The identity of a query with an idempotency key: institution and key; and with them question, person and consent.
fn claim(
    moment: &Moment,
    institution: &str,
    asked: &Idempotency,
    person: &Personal<CitizenNumber>,
    consent: Option<&[u8]>,
) -> IdempotencyClaim {
    let state = &moment.keys.state;
    let (name, key) = (institution.as_bytes(), asked.key.as_bytes());
    let slot = state.digest("credit/idempotency-key", &[name, key]);
    let identity_of = |question: &[u8; 32]| {
        person.disclose(|number| {
            let mut parts = vec![name, key, question, number.as_str().as_bytes()];
            parts.extend(consent);
            state.digest("credit/idempotency-identity", &parts)
        })
    };
    let identity = identity_of(&asked.question.current).current;
    let entry = IdempotencyEntry { key: cut(slot.current), identity: cut(identity) };
    // Under the state key before, where its first query came before the key turned.
    let earlier = || {
        let identity = identity_of(&asked.question.previous?).previous?;
        Some(IdempotencyEntry { key: cut(slot.previous?), identity: cut(identity) })
    };
    // Under the next one, where the key turned earlier by the clock of another gateway.
    let later = || {
        let identity = identity_of(&asked.question.next?).next?;
        Some(IdempotencyEntry { key: cut(slot.next?), identity: cut(identity) })
    };
    IdempotencyClaim { entry, earlier: earlier().or_else(later), window: asked.window }
}

fn cut(digest: [u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(digest) {
        *to = from;
    }
    short
}

//! Samples of queries.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credit_policy::{Asker, Code, Facts, InstitutionKind, ScenarioName};
use jiff::SignedDuration;

use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::query::{GroundRecord, Outcome, QueryRecord};

use super::world::{Answered, Asked, Consent, INSTITUTIONS, World};

/// A query by an institution, now and then by a person or the public; refused where it may not be answered.
pub(super) fn query(world: &mut World) -> Result<Entry, LeafError> {
    let id = world.id();
    let institution = world.institution().filter(|_| !world.random.once_in(8));
    let (staff, scenario) = (world.staff(), world.scenario());
    let is_open = world.is_open(institution, staff, scenario);
    let answered = is_open && !world.random.once_in(3);
    let asked = institution.filter(|_| world.random.once_in(4)).map(|name| slot_of(world, name));
    let repeated = asked.filter(|_| answered).and_then(|slot| repeated(world, slot, scenario));
    let repeats = repeated.as_ref().map(|first| first.id);
    let public = world.random.once_in(2);
    let ground = match institution {
        None if public => Some(GroundRecord::Public { public: true }),
        None => Some(GroundRecord::Person { self_: true }),
        Some(_) if repeated.is_some() => repeated.map(|first| first.ground),
        Some(_) if scenario == "public-rental-housing" => Some(statute(world)),
        Some(_) if answered => Some(consent(world)),
        Some(_) => None,
    };
    if let (true, None, Some(slot), Some(ground)) = (answered, repeats, asked, &ground) {
        let ground = match ground {
            GroundRecord::Consent { use_, .. } => GroundRecord::ConsentAgain { first: world.index, use_: *use_ },
            other => other.clone(),
        };
        world.asks.insert(slot, Asked { id, scenario, ground, at: world.at });
    }
    let facts = Facts { operator: institution.is_some(), ..Facts::new(asker(institution, public), world.day()) };
    let known = answered || world.random.once_in(2);
    let sealed = world.random.many_bytes(12 + 5 + 1_024 + 16);
    let certificate = institution.map(|institution| world.certificate(institution));
    let asked_bytes = asked.map(|slot| [slot, slot].concat());
    let key = world.key();
    let catalogue = world.random.one_of(&world.catalogues).cloned().unwrap_or_default();
    let name = ScenarioName::parse(scenario).ok();
    let record = QueryRecord {
        operator: institution.map(|_| staff),
        certificate: certificate.as_deref(),
        on_behalf: None,
        scenario: name.as_ref(),
        ground,
        repeats,
        idempotency: asked_bytes.as_deref().map(Base64),
        catalogue: &catalogue,
        rules: &[],
        inputs: &facts,
        outcome: if answered { Outcome::Answered } else { Outcome::Refused },
        code: (!answered).then_some(Code::StoreTimeout),
        fields: answered.then_some(&[]),
        notice: answered.then_some("owed"),
        remote: None,
        answer: Some(Base64(world.random.bytes())),
        subject: known.then(|| world.tag(institution)),
        key: known.then_some(&key),
        sealed: known.then_some(Base64(&sealed)),
        commit: known.then(|| Base64(world.random.bytes())),
    };
    world.queries.push(id);
    let answer = |institution| Answered { id, institution, since: world.index, is_due: false };
    world.answers.extend(institution.filter(|_| answered).map(answer));
    match institution {
        Some(institution) => {
            world.standings.entry(institution).or_default().acted = true;
            record.entry(id, institution)
        }
        None => record.entry_of_person(id),
    }
}

fn asker(institution: Option<&str>, public: bool) -> Asker {
    let kind = INSTITUTIONS.iter().find(|(name, _)| Some(*name) == institution).map(|(_, kind)| *kind);
    match kind.and_then(|kind| InstitutionKind::of_form(kind).ok()) {
        Some(kind) => Asker::Institution(kind),
        None if public => Asker::Public,
        None => Asker::Person,
    }
}

fn statute(world: &mut World) -> GroundRecord<'static> {
    GroundRecord::Statute {
        statute: Cow::Borrowed("city rule, art. 3"),
        rank: None,
        case: Cow::Owned(format!("HZ-{}（甲）", world.random.below(3))),
        consent_on_file: world.random.once_in(3),
    }
}

/// The next use of a consent that is known and not withdrawn, or the first of another.
fn consent(world: &mut World) -> GroundRecord<'static> {
    let open: Vec<usize> = (0..).zip(&world.consents).filter(|(_, known)| !known.revoked).map(|(at, _)| at).collect();
    let again = world.random.one_of(&open).copied().filter(|_| world.random.once_in(2));
    if let Some(known) = again.and_then(|place| world.consents.get_mut(place)) {
        known.uses += 1;
        return GroundRecord::ConsentAgain { first: known.holder, use_: known.uses };
    }
    let (iss, jti) = ("https://consent.example".to_owned(), format!("jti-{:x}", world.random.next()));
    let payload = URL_SAFE_NO_PAD.encode(serde_json::json!({"iss": iss, "jti": jti}).to_string());
    world.consents.push(Consent { iss, jti, holder: world.index, uses: 1, revoked: false });
    GroundRecord::Consent { consent: Cow::Owned(format!("e30.{payload}.c2ln")), use_: 1 }
}

/// One of few idempotency keys of an institution.
fn slot_of(world: &mut World, institution: &str) -> [u8; 16] {
    let slot = world.random.below(3);
    super::random::Random::new(slot << 16 | institution.len() as u64).bytes()
}

/// The first query under this key, if there was one that counts still.
fn repeated(world: &World, slot: [u8; 16], scenario: &str) -> Option<Asked> {
    let first = world.asks.get(&slot).filter(|first| first.scenario == scenario)?;
    let is_withdrawn = match first.ground {
        GroundRecord::ConsentAgain { first, .. } => {
            world.consents.iter().any(|known| known.holder == first && known.revoked)
        }
        _ => false,
    };
    let is_remembered = world.at.duration_since(first.at) < SignedDuration::from_hours(23);
    (is_remembered && !is_withdrawn).then(|| first.clone())
}

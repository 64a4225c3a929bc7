//! Consents in leaves, opened again: what an operator could have invented is found in a log that it signed itself.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credit_audit::leaf::{
    self, Act as _, Actor, Base64, GroundRecord, InstitutionChange, IssuerKey, IssuerKeyState, OnBehalf, Outcome,
    QueryRecord, RegisterChange,
};
use credit_audit::replay::{ConsentMismatch, Mismatch, Replay};
use credit_audit::verify::{self, CheckError, Violation};
use credit_policy::catalogue::shipped;
use credit_policy::consent::{ConsentFault, Grant, RecordedConsent, SigningKey, Terms, TokenId, issue};
use credit_policy::{
    Catalogue, CitizenNumber, ConsentFacts, Decision, Facts, FieldName, InstitutionKind, ScenarioName, decide,
};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::logs::{Log, at, catalogue_set, data_key, id, leaf_of};

const ISS: &str = "https://consent.example";

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

/// When the consents are used: longer after the log began than a query takes.
fn now() -> Timestamp {
    at(0) + SignedDuration::from_mins(10)
}

fn scenario() -> ScenarioName {
    ScenarioName::parse("commercial-loan").unwrap()
}

/// An issuer's key from a seed.
pub(crate) fn key(kid: &str, seed: u8) -> SigningKey {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, d) = (text(pair.public_key().as_ref()), text(&[seed; 32]));
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}","d":"{d}"}}"#);
    SigningKey::from_jwk(&jwk, &SystemRandom::new()).unwrap()
}

pub(crate) fn grant() -> Grant {
    let now = self::now();
    Grant {
        iss: ISS.to_owned(),
        jti: TokenId::parse("consent-1").unwrap(),
        issued_at: now - SignedDuration::from_mins(10),
        not_before: now - SignedDuration::from_mins(10),
        expires_at: now + SignedDuration::from_mins(50),
        certificate: [1; 32],
        terms: Terms {
            scenario: scenario(),
            fields: Some(vec![FieldName::parse("clean_three_years").unwrap()]),
            look_back: credit_policy::consent::Period::parse("P5Y").unwrap(),
            uses: 2,
            frequency: credit_policy::consent::Frequency::parse("10/P1D").unwrap(),
            data_life: credit_policy::consent::Period::parse("P1M").unwrap(),
        },
    }
}

/// What the issuer signs.
pub(crate) fn signed(key: &SigningKey, grant: &Grant) -> String {
    let person = CitizenNumber::parse("990101199003070015").unwrap();
    let token = issue(key, grant, &person, &SystemRandom::new()).unwrap();
    token.split('~').next().unwrap().to_owned()
}

fn issuer_key(key: &SigningKey, state: IssuerKeyState) -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(2_000_000);
    let jwk: std::collections::BTreeMap<String, String> = serde_json::from_str(&key.public_jwk()).unwrap();
    let leaf = IssuerKey { iss: ISS.to_owned(), kid: jwk["kid"].clone(), jwk, state };
    leaf::render(&leaf.entry(id(NEXT.fetch_add(1, Ordering::Relaxed)), Actor::gateway()).unwrap(), at(0), 0)
}

/// The leaf of an answer on a consent, as a gateway records it that believes in `facts`.
fn answered(
    catalogue: &Catalogue,
    ground: GroundRecord<'_>,
    facts: ConsentFacts,
    certificate: [u8; 32],
    who: (&str, u64),
) -> Vec<u8> {
    answered_for(catalogue, ground, facts, certificate, who, None)
}

fn answered_for(
    catalogue: &Catalogue,
    ground: GroundRecord<'_>,
    facts: ConsentFacts,
    certificate: [u8; 32],
    (institution, seq): (&str, u64),
    end: Option<[u8; 32]>,
) -> Vec<u8> {
    let on_behalf = end.map(|end| OnBehalf {
        institution: "bank-1".to_owned(),
        kind: "bank".to_owned(),
        certificate: URL_SAFE_NO_PAD.encode(end),
        origin: "first.example/r1".to_owned(),
        query: id(77),
    });
    let inputs = Facts {
        operator: true,
        minor: Some(false),
        consent: Some(facts),
        ..Facts::new(InstitutionKind::of_form("bank").unwrap(), catalogue.today(now()))
    };
    let Decision::Permit(permit) = decide(catalogue, Some(&scenario()), &inputs) else { panic!("refused") };
    let sealed = [7; 1057];
    let record = QueryRecord {
        operator: Some("staff-1"),
        certificate: Some(&URL_SAFE_NO_PAD.encode(certificate)),
        on_behalf: on_behalf.as_ref(),
        scenario: Some(&scenario()),
        ground: Some(ground),
        repeats: None,
        idempotency: None,
        catalogue: catalogue.label(),
        rules: permit.rules(),
        inputs: &inputs,
        outcome: Outcome::Answered,
        code: None,
        fields: Some(permit.fields()),
        notice: Some(permit.notice()),
        remote: None,
        answer: Some(Base64([3; 32])),
        subject: Some(Base64([1; 32])),
        key: Some("data-2026-11"),
        sealed: Some(Base64(&sealed)),
        commit: Some(Base64([2; 32])),
    };
    let nth = 1_000 * u64::try_from(institution.len()).unwrap();
    leaf::render(&record.entry(id(nth + seq), institution).unwrap(), now(), seq)
}

/// The leaf of a first use, whose inputs are what `believed` says.
fn first_use(catalogue: &Catalogue, token: &str, believed: &str, certificate: [u8; 32]) -> Vec<u8> {
    let facts = ConsentFacts::of_recorded(catalogue, &RecordedConsent::parse(believed).unwrap());
    let ground = GroundRecord::Consent { consent: token.to_owned().into(), use_: 1 };
    answered(catalogue, ground, facts, certificate, ("bank", 1))
}

fn again(catalogue: &Catalogue, token: &str, first: u64, use_: u64) -> Vec<u8> {
    let facts = ConsentFacts::of_recorded(catalogue, &RecordedConsent::parse(token).unwrap());
    answered(catalogue, GroundRecord::ConsentAgain { first, use_ }, facts, [1; 32], ("bank", 2))
}

/// What a replay of a log finds that begins as every log does.
fn replayed(
    catalogue: Catalogue,
    keys: &[Vec<u8>],
    queries: Vec<Vec<u8>>,
    sets: Option<Vec<String>>,
) -> Result<(u64, u64), Mismatch> {
    let mut leaves = vec![leaf_of(0), catalogue_set(catalogue.label()), data_key("data-2026-11")];
    leaves.extend_from_slice(keys);
    leaves.extend(queries);
    let log = Log::of_leaves(leaves);
    let catalogues = [catalogue];
    let mut replay = Replay::new(&catalogues);
    if let Some(sets) = sets {
        replay = replay.with_issuer_keys(sets);
    }
    let found = verify::directory(&log.folder, &log.key, &[], &mut replay);
    fs::remove_dir_all(&log.folder).unwrap();
    match found {
        Ok(_) => Ok(replay.consents()),
        Err(CheckError::Violation(Violation::Decision { cause, .. })) => Err(cause),
        Err(other) => panic!("{other}"),
    }
}

fn consent(fault: ConsentMismatch) -> Result<(u64, u64), Mismatch> {
    Err(Mismatch::Consent(fault))
}

#[test]
fn a_true_consent_is_opened_by_the_recorded_key_or_by_the_regulator_s_own() {
    let issuer = key("k1", 1);
    let token = signed(&issuer, &grant());
    let queries = |catalogue: &Catalogue, held: u64| {
        vec![first_use(catalogue, &token, &token, [1; 32]), again(catalogue, &token, held, 2)]
    };
    let active = issuer_key(&issuer, IssuerKeyState::Active);
    let catalogues = [catalogue(), catalogue(), catalogue()];
    let [recorded, none, given] = catalogues;
    let on_record = queries(&recorded, 4);
    assert_eq!(replayed(recorded, std::slice::from_ref(&active), on_record, None), Ok((1, 0)));
    let without = queries(&none, 3);
    assert_eq!(replayed(none, &[], without, None), Ok((0, 1)), "what could not be verified is counted");
    let brought = queries(&given, 3);
    assert_eq!(replayed(given, &[], brought, Some(vec![issuer.public_jwk()])), Ok((1, 0)));
}

#[test]
fn a_consent_that_was_invented_is_found_in_a_log_that_is_signed_as_usual() {
    let (issuer, operator) = (key("k1", 1), key("k1", 2));
    let good = signed(&issuer, &grant());
    let forged = signed(&operator, &grant());
    let unknown = signed(&key("k2", 1), &grant());
    let elsewhere = signed(&issuer, &Grant { iss: "https://another.example".to_owned(), ..grant() });
    let (head, signature) = good.rsplit_once('.').unwrap();
    let bent = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let active = issuer_key(&issuer, IssuerKeyState::Active);
    let retired = issuer_key(&issuer, IssuerKeyState::Retired);
    let invalid = |fault| consent(ConsentMismatch::Invalid(fault));
    for (token, keys, expected) in [
        (&good, vec![active.clone()], Ok((1, 0))),
        (&forged, vec![active.clone()], invalid(ConsentFault::Signature)),
        (&unknown, vec![active.clone()], invalid(ConsentFault::UnknownKey)),
        (&elsewhere, vec![active.clone()], invalid(ConsentFault::Issuer)),
        (&good, vec![active.clone(), retired.clone()], invalid(ConsentFault::UnknownKey)),
        (&good, vec![active.clone(), retired, issuer_key(&issuer, IssuerKeyState::Active)], Ok((1, 0))),
        (&good, vec![issuer_key(&operator, IssuerKeyState::Active)], invalid(ConsentFault::Signature)),
    ] {
        let catalogue = catalogue();
        let leaf = first_use(&catalogue, token, token, [1; 32]);
        assert_eq!(replayed(catalogue, &keys, vec![leaf], None), expected);
    }
    let catalogue_of = || catalogue();
    let (catalogue, wrong) = (catalogue_of(), Some(vec![operator.public_jwk()]));
    let leaf = first_use(&catalogue, &good, &good, [1; 32]);
    assert_eq!(replayed(catalogue, &[active], vec![leaf], wrong), invalid(ConsentFault::Signature));
    let catalogue = catalogue_of();
    let leaf = first_use(&catalogue, &bent, &good, [1; 32]);
    let found = replayed(catalogue, &[issuer_key(&issuer, IssuerKeyState::Active)], vec![leaf], None);
    assert!(matches!(found, Err(Mismatch::Consent(ConsentMismatch::Invalid(_)))), "{found:?}");
}

#[test]
fn a_true_consent_that_was_stretched_is_found() {
    let issuer = key("k1", 1);
    let good = signed(&issuer, &grant());
    let active = || vec![issuer_key(&issuer, IssuerKeyState::Active)];
    let altered = |alter: &dyn Fn(&mut Grant)| {
        let mut grant = grant();
        alter(&mut grant);
        signed(&issuer, &grant)
    };
    // The decision rested on more than the person agreed to.
    let narrow = altered(&|grant| grant.terms.uses = 1);
    let catalogue = catalogue();
    let leaf = first_use(&catalogue, &narrow, &good, [1; 32]);
    assert_eq!(replayed(catalogue, &active(), vec![leaf], None), consent(ConsentMismatch::Terms));
    // It was over, or not begun.
    for token in [
        altered(&|grant| grant.expires_at = now() - SignedDuration::from_mins(6)),
        altered(&|grant| grant.not_before = now() + SignedDuration::from_mins(1)),
    ] {
        let catalogue = self::catalogue();
        let leaf = first_use(&catalogue, &token, &token, [1; 32]);
        assert_eq!(replayed(catalogue, &active(), vec![leaf], None), consent(ConsentMismatch::Time));
    }
    // A third use of two, and a use of a leaf that has none.
    let catalogue = self::catalogue();
    let leaves = vec![first_use(&catalogue, &good, &good, [1; 32]), again(&catalogue, &good, 4, 3)];
    let uses = ConsentMismatch::Uses { allowed: 2, found: 3 };
    assert_eq!(replayed(catalogue, &active(), leaves, None), consent(uses));
    // Another institution's: its certificate stands in an earlier leaf.
    let catalogue = self::catalogue();
    let theirs = altered(&|grant| {
        grant.certificate = [9; 32];
        grant.jti = TokenId::parse("consent-2").unwrap();
    });
    let facts = ConsentFacts::of_recorded(&catalogue, &RecordedConsent::parse(&theirs).unwrap());
    let own = answered(
        &catalogue,
        GroundRecord::Consent { consent: theirs.clone().into(), use_: 1 },
        facts,
        [9; 32],
        ("another-bank", 1),
    );
    let stolen = altered(&|grant| {
        grant.certificate = [9; 32];
        grant.jti = TokenId::parse("consent-3").unwrap();
    });
    let leaf = first_use(&catalogue, &stolen, &stolen, [1; 32]);
    assert_eq!(replayed(catalogue, &active(), vec![own, leaf], None), consent(ConsentMismatch::Certificate));
}

#[test]
fn a_certificate_of_an_institution_of_the_log_speaks_for_nobody_else() {
    let issuer = key("k1", 1);
    let active = issuer_key(&issuer, IssuerKeyState::Active);
    let of = |jti: &str| Grant { certificate: [9; 32], jti: TokenId::parse(jti).unwrap(), ..grant() };
    let (one, two) = (signed(&issuer, &of("consent-2")), signed(&issuer, &of("consent-3")));
    let first = |token: &str| GroundRecord::Consent { consent: token.to_owned().into(), use_: 1 };
    let facts = |catalogue: &Catalogue, token: &str| {
        ConsentFacts::of_recorded(catalogue, &RecordedConsent::parse(token).unwrap())
    };
    let by_gateway = |catalogue: &Catalogue| {
        answered_for(catalogue, first(&two), facts(catalogue, &two), [1; 32], ("peer", 1), Some([9; 32]))
    };
    let registered = InstitutionChange {
        institution: "bank".to_owned(),
        change: RegisterChange::Added,
        institution_kind: "bank".to_owned(),
        certificates: vec![URL_SAFE_NO_PAD.encode([9; 32])],
        rate_per_s: 1,
        burst: 1,
        distinct_subjects_a_day: 1,
        look_ups_a_person_a_day: 1,
        operator_rate_per_s: None,
        operator_burst: None,
        look_ups_an_operator_a_day: None,
        name: None,
        issuers: Vec::new(),
        on_behalf_of: Vec::new(),
    };
    let added = leaf::render(&registered.entry(id(70), Actor::gateway()).unwrap(), at(0), 0);
    let changed = InstitutionChange {
        certificates: vec![URL_SAFE_NO_PAD.encode([8; 32])],
        change: RegisterChange::Changed,
        ..registered
    };
    let changed = leaf::render(&changed.entry(id(71), Actor::gateway()).unwrap(), at(0), 0);
    // It is registered, was registered, or asked by it.
    let broken = consent(ConsentMismatch::OnBehalf);
    let catalogue = self::catalogue();
    let own = answered(&catalogue, first(&one), facts(&catalogue, &one), [9; 32], ("bank", 1));
    let leaf = by_gateway(&catalogue);
    assert_eq!(replayed(catalogue, std::slice::from_ref(&active), vec![own, leaf], None), broken);
    for keys in [vec![active.clone(), added.clone()], vec![active.clone(), added, changed]] {
        let catalogue = self::catalogue();
        let leaf = by_gateway(&catalogue);
        assert_eq!(replayed(catalogue, &keys, vec![leaf], None), broken);
    }
    let catalogue = self::catalogue();
    let leaf = by_gateway(&catalogue);
    assert_eq!(replayed(catalogue, &[active], vec![leaf], None), Ok((1, 0)));
}

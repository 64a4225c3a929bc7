//! Logs that contradict themselves: each breaks one promise of FORMAT.md, and the log beside it keeps it.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credit_audit::leaf::{
    self, Act, Actor, Approval, Base64, Carried, CatalogueSet, Entry, Event as _, GroundRecord, InstitutionChange,
    KeyEvent, KeyState, Kind, Outcome, Proposal, QueryRecord, Refusals, RegisterChange, Revocation, Seal, Stop,
    Suspension,
};
use credit_audit::promises::{Broken, Promises};
use credit_policy::{Facts, InstitutionKind, ScenarioName};
use jiff::civil::date;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::logs::{at, catalogue_set, data_key, id, leaf_of};

/// A log under way.
pub(crate) struct Story {
    pub(crate) leaves: Vec<Vec<u8>>,
    pub(crate) seqs: HashMap<&'static str, u64>,
}

/// What of a query counts here.
pub(crate) struct Ask {
    pub(crate) operator: &'static str,
    pub(crate) certificate: &'static str,
    pub(crate) scenario: &'static str,
    pub(crate) ground: GroundRecord<'static>,
    pub(crate) repeats: Option<Uuid>,
    pub(crate) claim: Option<[u8; 32]>,
    pub(crate) catalogue: &'static str,
    pub(crate) key: &'static str,
    pub(crate) outcome: Outcome,
}

impl Story {
    pub(crate) fn begin() -> Self {
        Self { leaves: vec![leaf_of(0), catalogue_set("c"), data_key("data-1")], seqs: HashMap::new() }
    }

    pub(crate) fn next_id(&self) -> Uuid {
        id(self.leaves.len() as u64)
    }

    pub(crate) fn push(&mut self, entry: &Entry, seq: u64) -> &mut Self {
        let place = self.leaves.len() as u64;
        self.leaves.push(leaf::render(entry, at(place), seq));
        self
    }

    pub(crate) fn act(&mut self, act: &impl Act) -> &mut Self {
        let entry = act.entry(self.next_id(), Actor::Account("uid 0 (root)".to_owned())).unwrap();
        self.push(&entry, 0)
    }

    pub(crate) fn own(&mut self, institution: &'static str, certificate: &str, act: &impl Act) -> &mut Self {
        let entry = act.own_entry(self.next_id(), institution, certificate).unwrap();
        let seq = self.take(institution, 1);
        self.push(&entry, seq)
    }

    pub(crate) fn take(&mut self, institution: &'static str, count: u64) -> u64 {
        let seq = self.seqs.entry(institution).or_default();
        *seq += count;
        *seq
    }

    pub(crate) fn query(&mut self, institution: &'static str, change: impl FnOnce(&mut Ask)) -> &mut Self {
        let entry = entry_of(institution, self.next_id(), change);
        let seq = self.take(institution, 1);
        self.push(&entry, seq)
    }

    /// The promise that a leaf breaks, and that it is the last one.
    #[track_caller]
    pub(crate) fn breaks(&self) -> Broken {
        let mut promises = Promises::default();
        for (index, leaf) in (0..).zip(&self.leaves) {
            if let Err(broken) = promises.leaf(index, leaf) {
                assert_eq!(index + 1, self.leaves.len() as u64, "{broken}");
                return broken;
            }
        }
        panic!("every promise is kept");
    }

    #[track_caller]
    pub(crate) fn keeps(&self) {
        let mut promises = Promises::default();
        for (index, leaf) in (0..).zip(&self.leaves) {
            promises.leaf(index, leaf).unwrap_or_else(|broken| panic!("{index}: {broken}"));
        }
    }
}

/// A query's entry.
pub(crate) fn entry_of(institution: &str, id: Uuid, change: impl FnOnce(&mut Ask)) -> Entry {
    let mut ask = Ask {
        operator: "staff-1",
        certificate: "cert",
        scenario: "employment",
        ground: statute(),
        repeats: None,
        claim: None,
        catalogue: "c",
        key: "data-1",
        outcome: Outcome::Answered,
    };
    change(&mut ask);
    let facts = Facts::new(InstitutionKind::of_form("employer").unwrap(), date(2026, 11, 18));
    let record = QueryRecord {
        operator: Some(ask.operator),
        certificate: Some(ask.certificate),
        on_behalf: None,
        scenario: Some(&ScenarioName::parse(ask.scenario).unwrap()),
        ground: Some(ask.ground),
        repeats: ask.repeats,
        idempotency: ask.claim.as_ref().map(|claim| Base64(&claim[..])),
        catalogue: ask.catalogue,
        rules: &[],
        inputs: &facts,
        outcome: ask.outcome,
        code: None,
        fields: None,
        notice: None,
        remote: None,
        answer: None,
        subject: None,
        key: Some(ask.key),
        sealed: None,
        commit: None,
    };
    record.entry(id, institution).unwrap()
}

pub(crate) fn statute() -> GroundRecord<'static> {
    GroundRecord::Statute { statute: "s".into(), rank: None, case: "c-1".into(), consent_on_file: false }
}

pub(crate) fn token(jti: &str, use_: u64) -> GroundRecord<'static> {
    let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"i","jti":"{jti}"}}"#));
    GroundRecord::Consent { consent: format!("e30.{payload}.AA").into(), use_ }
}

pub(crate) fn refuse(ask: &mut Ask) {
    ask.outcome = Outcome::Refused;
}

pub(crate) fn suspension(institution: &str, suspended: bool) -> Suspension {
    Suspension { institution: institution.to_owned(), operator: None, scenario: None, suspended, reason: None }
}

fn register(institution: &str, change: RegisterChange, certificates: &[&str]) -> InstitutionChange {
    InstitutionChange {
        institution: institution.to_owned(),
        change,
        institution_kind: "employer".to_owned(),
        certificates: certificates.iter().map(|one| (*one).to_owned()).collect(),
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
    }
}

pub(crate) fn key(key: &str, state: KeyState) -> KeyEvent {
    let (fingerprint, part) = (Some(format!("print of {key}")), None);
    KeyEvent { key: key.to_owned(), use_: "data".to_owned(), state, fingerprint, activates: None, part }
}

#[test]
fn nothing_is_answered_between_suspension_and_resumption() {
    let mut story = Story::begin();
    story.query("bank", |_| ()).act(&suspension("bank", true)).query("bank", refuse).query("employer", |_| ()).keeps();
    assert_eq!(story.query("bank", |_| ()).breaks(), Broken::Suspended("bank".to_owned()));
    let mut story = Story::begin();
    story.act(&suspension("bank", true)).act(&suspension("bank", false)).query("bank", |_| ()).keeps();
}

#[test]
fn the_suspension_of_a_part_is_one_of_that_part() {
    let staff = Suspension { operator: Some("staff-1".to_owned()), ..suspension("bank", true) };
    let scenario = Suspension { scenario: Some("employment".to_owned()), ..suspension("bank", true) };
    for part in [staff, scenario] {
        let mut story = Story::begin();
        story.act(&part).query("employer", |_| ()).query("bank", |ask| {
            (ask.operator, ask.scenario) = ("staff-2", "commercial-loan");
        });
        story.keeps();
        assert_eq!(story.query("bank", |_| ()).breaks(), Broken::Suspended("bank".to_owned()));
        let mut resumed = Story::begin();
        let resumption = Suspension { suspended: false, ..part.clone() };
        resumed.act(&part).act(&resumption).query("bank", |_| ()).keeps();
    }
}

#[test]
fn nothing_is_answered_while_it_is_stopped() {
    for scenario in [None, Some("employment".to_owned())] {
        let stop = |stopped| Stop { scenario: scenario.clone(), stopped, reason: None };
        let mut story = Story::begin();
        story.query("bank", |_| ()).act(&stop(true)).query("bank", refuse).keeps();
        assert_eq!(story.query("bank", |_| ()).breaks(), Broken::Stopped);
        let mut story = Story::begin();
        story.act(&stop(true)).act(&stop(false)).query("bank", |_| ()).keeps();
    }
    let mut story = Story::begin();
    let other = Stop { scenario: Some("commercial-loan".to_owned()), stopped: true, reason: None };
    story.act(&other).query("bank", |_| ()).keeps();
}

#[test]
fn nothing_is_answered_on_a_consent_after_it_was_withdrawn() {
    let revocation = Revocation { issuer: "i".to_owned(), jti: "j".to_owned() };
    let mut story = Story::begin();
    story.act(&revocation).query("bank", |ask| ask.ground = token("other", 1)).query("bank", |ask| {
        ask.ground = token("j", 1);
        ask.outcome = Outcome::Refused;
    });
    story.keeps();
    assert_eq!(story.query("bank", |ask| ask.ground = token("j", 1)).breaks(), Broken::Withdrawn);

    // Also where only an earlier leaf says whose consent it is, and for a repeat.
    let mut story = Story::begin();
    story.query("bank", |ask| ask.ground = token("j", 1)).own("authority", "a", &revocation).keeps();
    let again = |ask: &mut Ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 2 };
    assert_eq!(story.query("bank", again).breaks(), Broken::Withdrawn);
    story.leaves.pop();
    let repeat = |ask: &mut Ask| {
        (ask.ground, ask.repeats, ask.claim) = (token("j", 1), Some(id(3)), Some([1; 32]));
    };
    assert_eq!(story.query("bank", repeat).breaks(), Broken::Withdrawn);
}

#[test]
fn what_was_withdrawn_or_used_in_the_log_before_stays_so() {
    let digest = Sha256::digest([&[0, 0, 0, 7][..], b"consent", &[0, 0, 0, 1], b"i", &[0, 0, 0, 1], b"j"].concat());
    let consent = STANDARD.encode(&digest[..16]);
    let revoked = Carried { revoked: vec![consent.clone()], ..Carried::default() };
    let used = Carried { uses: vec![(consent, 2, at(0), u32::MAX)], ..Carried::default() };
    for (carried, broken) in [(revoked, Broken::Withdrawn), (used, Broken::UseAgain(2))] {
        let mut story = Story::begin();
        let entry = carried.entry(story.next_id()).unwrap();
        story.push(&entry, 0);
        assert_eq!(story.query("bank", |ask| ask.ground = token("j", 2)).breaks(), broken);
    }
}

#[test]
fn two_uses_of_a_consent_have_two_numbers() {
    let mut story = Story::begin();
    story.query("bank", |ask| (ask.ground, ask.claim) = (token("j", 1), Some([1; 32])));
    story.query("bank", |ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 2 });
    // A repeat, a refusal and another consent have what numbers they have.
    story.query("bank", |ask| {
        ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 1 };
        (ask.repeats, ask.claim) = (Some(id(3)), Some([1; 32]));
    });
    story.query("bank", |ask| (ask.ground, ask.outcome) = (token("j", 2), Outcome::Refused));
    story.query("bank", |ask| ask.ground = token("k", 2));
    story.keeps();
    assert_eq!(story.query("bank", |ask| ask.ground = token("j", 2)).breaks(), Broken::UseAgain(2));
    story.leaves.pop();
    let again = |ask: &mut Ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 1 };
    assert_eq!(story.query("bank", again).breaks(), Broken::UseAgain(1));
}

#[test]
fn first_is_an_earlier_leaf_with_the_token() {
    for first in [0, 2, 3, 4, 5, 99] {
        let mut story = Story::begin();
        story.query("bank", |_| ());
        story.query("bank", |ask| ask.ground = token("j", 1));
        let again = |ask: &mut Ask| ask.ground = GroundRecord::ConsentAgain { first, use_: 2 };
        story.query("bank", again);
        if first == 4 {
            story.keeps();
        } else {
            assert_eq!(story.breaks(), Broken::First(first));
        }
    }
    let mut story = Story::begin();
    let nameless = |ask: &mut Ask| ask.ground = GroundRecord::Consent { consent: "e30.e30.AA".into(), use_: 1 };
    assert_eq!(story.query("bank", nameless).breaks(), Broken::Token);
}

#[test]
fn a_key_is_introduced_once_and_before_it_is_used() {
    let mut story = Story::begin();
    assert_eq!(story.query("bank", |ask| ask.key = "data-2").breaks(), Broken::Key("data-2".to_owned()));
    let mut story = Story::begin();
    story.act(&key("data-2", KeyState::Active)).query("bank", |ask| ask.key = "data-2").keeps();
    let again = Broken::KeyAgain("data-2".to_owned());
    assert_eq!(story.act(&key("data-2", KeyState::Active)).breaks(), again);
    story.leaves.pop();
    story.act(&key("data-2", KeyState::Accepted)).act(&key("data-2", KeyState::Retired)).keeps();
    assert_eq!(story.act(&key("data-2", KeyState::Accepted)).breaks(), again);
    story.leaves.pop();
    let another = KeyEvent { fingerprint: Some("other".to_owned()), ..key("data-2", KeyState::Destroyed) };
    assert_eq!(story.act(&another).breaks(), again);
    story.leaves.pop();
    let other_use = KeyEvent { use_: "tag".to_owned(), ..key("data-2", KeyState::Destroyed) };
    assert_eq!(story.act(&other_use).breaks(), again);
    let mut story = Story::begin();
    let tag = KeyEvent { use_: "tag".to_owned(), ..key("tag-1", KeyState::Active) };
    story.act(&tag).keeps();
    assert_eq!(story.query("bank", |ask| ask.key = "tag-1").breaks(), Broken::Key("tag-1".to_owned()));
}

#[test]
fn a_destroyed_key_is_used_no_more_but_one_person_s_part_of_it_leaves_it_as_it_is() {
    let part = KeyEvent { part: Some(Base64([1; 16])), ..key("data-1", KeyState::Destroyed) };
    let mut story = Story::begin();
    story.act(&part).act(&part).query("bank", |_| ()).act(&key("data-1", KeyState::Destroyed)).keeps();
    assert_eq!(story.query("bank", |_| ()).breaks(), Broken::Key("data-1".to_owned()));
    let mut story = Story::begin();
    let part = KeyEvent { part: Some(Base64([1; 16])), ..key("data-1", KeyState::Accepted) };
    assert_eq!(story.act(&part).breaks(), Broken::KeyAgain("data-1".to_owned()));
}

#[test]
fn a_catalogue_is_introduced_before_it_decides() {
    let mut story = Story::begin();
    let other = |ask: &mut Ask| ask.catalogue = "d";
    assert_eq!(story.query("bank", other).breaks(), Broken::Catalogue("d".to_owned()));
    story.leaves.pop();
    story.leaves.push(catalogue_set("d"));
    story.query("bank", other).query("bank", |_| ()).keeps();
}

#[test]
fn nobody_acts_after_removal_or_by_a_strange_certificate() {
    let mut story = Story::begin();
    let added = register("bank", RegisterChange::Added, &["old", "cert"]);
    story.act(&added).query("bank", |_| ()).query("employer", |ask| ask.certificate = "any");
    story.query("bank", |ask| ask.certificate = "old");
    story.act(&register("bank", RegisterChange::Changed, &["cert"])).query("bank", |_| ()).keeps();
    let old = |ask: &mut Ask| ask.certificate = "old";
    assert_eq!(story.query("bank", old).breaks(), Broken::Certificate("bank".to_owned()));
    story.leaves.pop();
    let revocation = Revocation { issuer: "i".to_owned(), jti: "j".to_owned() };
    assert_eq!(story.own("bank", "old", &revocation).breaks(), Broken::Certificate("bank".to_owned()));
    story.leaves.pop();
    // A query that was under way when the register changed is refused on the record.
    story.query("bank", |ask| (ask.certificate, ask.outcome) = ("old", Outcome::Refused));
    story.act(&register("bank", RegisterChange::Removed, &[])).query("bank", refuse).keeps();
    assert_eq!(story.query("bank", |_| ()).breaks(), Broken::Removed("bank".to_owned()));
    story.leaves.pop();
    assert_eq!(story.own("bank", "cert", &revocation).breaks(), Broken::Removed("bank".to_owned()));
    story.leaves.pop();
    story.act(&added).query("bank", |_| ()).keeps();
}

#[test]
fn the_register_changes_one_step_at_a_time() {
    use RegisterChange::{Added, Changed, Removed};
    let broken = Broken::Register("bank".to_owned());
    for (before, change) in [(&[Added][..], Added), (&[Added, Removed], Removed), (&[Added, Removed], Changed)] {
        let mut story = Story::begin();
        for change in before {
            story.act(&register("bank", *change, &["cert"]));
        }
        assert_eq!(story.act(&register("bank", change, &["cert"])).breaks(), broken, "{before:?}, {change:?}");
    }
    let mut story = Story::begin();
    let added = register("bank", Added, &["cert"]);
    assert_eq!(story.query("bank", |_| ()).act(&added).breaks(), broken, "it acted before it was there");
}

#[test]
fn refusals_that_share_a_leaf_have_as_many_numbers() {
    let refusals = |count, seqs| Refusals { counts: BTreeMap::from([("rate-limited".to_owned(), count)]), seqs };
    for (body, seq) in [
        (refusals(3, (1, 4)), 4),
        (refusals(3, (1, 3)), 2),
        (refusals(3, (0, 2)), 2),
        (refusals(0, (2, 1)), 1),
        (refusals(u64::MAX, (1, 0)), 1),
    ] {
        let mut story = Story::begin();
        let entry = Entry::new(Kind::Refusals, story.next_id(), Some("bank"), &body).unwrap();
        assert_eq!(story.push(&entry, seq).breaks(), Broken::Refusals, "{body:?}");
    }
    let mut story = Story::begin();
    let entry = Entry::new(Kind::Refusals, story.next_id(), Some("bank"), &refusals(3, (1, 3))).unwrap();
    story.push(&entry, 3).keeps();
    // They may have been under way while their institution was taken out of the register.
    let mut story = Story::begin();
    story.act(&register("bank", RegisterChange::Added, &["cert"])).act(&register("bank", RegisterChange::Removed, &[]));
    let entry = Entry { id: story.next_id(), ..entry };
    story.push(&entry, 3).keeps();
}

#[test]
fn the_seal_has_the_last_number_of_everybody() {
    for (bank, fits) in [(2, true), (1, false), (3, false)] {
        let mut story = Story::begin();
        story.query("bank", |_| ()).query("bank", |_| ()).query("employer", refuse);
        let institutions = BTreeMap::from([("bank".to_owned(), bank), ("employer".to_owned(), 1)]);
        let entry = Seal { institutions, next: None }.entry(story.next_id()).unwrap();
        story.push(&entry, 0);
        if fits { story.keeps() } else { assert_eq!(story.breaks(), Broken::Seal) }
    }
}

#[test]
fn an_approval_is_another_officer_s_and_of_what_was_proposed() {
    let officer = |name: &str| Actor::Officer { officer: name.to_owned(), certificate: "c".to_owned() };
    let approved = |by: &str, digest, late: bool| {
        let mut story = Story::begin();
        let expires = if late { at(3) } else { at(9) };
        let proposal = Proposal { act: "catalogue".to_owned(), digest: Base64([1; 32]), expires };
        let entry = proposal.entry(story.next_id(), officer("one")).unwrap();
        story.push(&entry, 0);
        let approval = Approval { proposal: entry.id, digest: Base64([digest; 32]) };
        let entry = approval.entry(story.next_id(), officer(by)).unwrap();
        story.push(&entry, 0);
        story
    };
    approved("two", 1, false).keeps();
    for story in [approved("one", 1, false), approved("two", 2, false), approved("two", 1, true)] {
        assert_eq!(story.breaks(), Broken::Approval);
    }
    let mut story = Story::begin();
    assert_eq!(story.act(&Approval { proposal: id(9), digest: Base64([1; 32]) }).breaks(), Broken::Approval);
}

#[test]
fn a_leaf_of_another_form_is_noticed_and_an_unknown_kind_passes() {
    let mut story = Story::begin();
    story.act(&suspension("bank", true));
    let text = String::from_utf8(story.leaves.pop().unwrap()).unwrap();
    story.leaves.push(text.replacen("suspension", "weather-report", 1).into_bytes());
    story.keeps();
    story.leaves.push(text.replacen(r#""suspended":true"#, r#""suspended":true,"suspended":false"#, 1).into_bytes());
    assert!(matches!(story.breaks(), Broken::Form(_)));
}

#[test]
fn once_two_officers_are_needed_no_other_catalogue_is_loaded_and_the_gateway_proposes_nothing() {
    let proposal = |act: &str, digest| Proposal { act: act.to_owned(), digest: Base64([digest; 32]), expires: at(99) };
    let label = |digest: u8| format!("1@sha256:{}", format!("{digest:02x}").repeat(32));
    let officer = |name: &str| Actor::Officer { officer: name.to_owned(), certificate: format!("{name}-certificate") };
    let load = |story: &mut Story, digest: u8| {
        let entry = CatalogueSet { label: label(digest), files: Vec::new() }.entry(story.next_id()).unwrap();
        story.push(&entry, 0);
    };
    let begun = |then: &[u8]| {
        let mut story = Story::begin();
        [1, 2].iter().for_each(|digest| load(&mut story, *digest));
        for (act, digest) in [("catalogue", 2), ("officer", 9)] {
            let entry = proposal(act, digest).entry(story.next_id(), Actor::gateway()).unwrap();
            story.push(&entry, 0);
        }
        then.iter().for_each(|digest| load(&mut story, *digest));
        story
    };
    begun(&[2]).keeps();
    for other in [3, 1] {
        assert_eq!(begun(&[other]).breaks(), Broken::NotByTwo(label(other)));
    }
    let mut alone = begun(&[]);
    let entry = proposal("catalogue", 3).entry(alone.next_id(), Actor::gateway()).unwrap();
    assert_eq!(alone.push(&entry, 0).breaks(), Broken::NotByTwo("catalogue".to_owned()));
    let mut story = begun(&[]);
    let proposed = proposal("catalogue", 3).entry(story.next_id(), officer("one")).unwrap();
    story.push(&proposed, 0);
    let mut one = Story { leaves: story.leaves.clone(), ..Story::begin() };
    load(&mut one, 3);
    assert_eq!(one.breaks(), Broken::NotByTwo(label(3)), "one signature loads nothing");
    let approval = Approval { proposal: proposed.id, digest: Base64([3; 32]) };
    let entry = approval.entry(story.next_id(), officer("two")).unwrap();
    story.push(&entry, 0);
    load(&mut story, 3);
    story.keeps();
    let again = approval.entry(story.next_id(), officer("three")).unwrap();
    assert_eq!(story.push(&again, 0).breaks(), Broken::Approval, "a proposal is approved once");
}

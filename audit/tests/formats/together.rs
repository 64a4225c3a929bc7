//! Promises over the logs of a set: what each log keeps and all together break is found, and what clocks and shared acts
//! explain is not.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::directory::Directory;
use credit_audit::leaf::{
    self, Act, Actor, Approval, Base64, Carried, Correction, CorrectionState, Entry, Event as _, GroundRecord,
    KeyState, Outcome, Proposal, RepairState, Revocation, Stop,
};
use credit_audit::monthly::{Monthly, MonthlyOfSet};
use credit_audit::promises::{Broken, BrokenInSet, Place, Promises};
use credit_audit::set::{LogSet, SetLeaf, SetVisitor};
use credit_audit::verify::{self, CheckError, Visitor};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::consents::{grant, key as issuer, signed};
use crate::corrections::repair;
use crate::logs::{Log, at, catalogue_set, id};
use crate::promises::{Ask, entry_of, key, refuse, suspension, token};
use crate::sets::{account, directory_of, listed, open};

const ORIGINS: [&str; 3] = ["credit-gateway.example/r1", "credit-gateway.example/r2", "credit-gateway.example/r3"];
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Leaves of three logs, each with the log that has it and its time.
struct Three {
    leaves: Vec<(Timestamp, usize, Vec<u8>)>,
    seqs: HashMap<(usize, &'static str), u64>,
    made: u64,
}

fn ms(milliseconds: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(milliseconds)
}

impl Three {
    /// Each begins with its own catalogue and the same key.
    fn begin() -> Self {
        let mut three = Self { leaves: Vec::new(), seqs: HashMap::new(), made: 0 };
        for (log, origin) in ORIGINS.into_iter().enumerate() {
            let opened = open(origin, 5_000 + log as u64);
            three.leaves.push((ms(-9), log, with_time(&opened, ms(-9))));
            let set = String::from_utf8(catalogue_set("c")).unwrap();
            let own = set.replacen(
                &leaf::peek(set.as_bytes()).unwrap().id.to_string(),
                &id(6_000 + log as u64).to_string(),
                1,
            );
            three.leaves.push((ms(-8), log, with_time(own.as_bytes(), ms(-8))));
            three.act(log, -7, &key("data-1", KeyState::Active));
        }
        three
    }

    fn next_id(&mut self) -> Uuid {
        self.made += 1;
        id(10_000 + self.made)
    }

    fn push(&mut self, log: usize, at_ms: i64, entry: &Entry, seq: u64) -> &mut Self {
        self.leaves.push((ms(at_ms), log, leaf::render(entry, ms(at_ms), seq)));
        self
    }

    fn by(&mut self, log: usize, at_ms: i64, actor: Actor, act: &impl Act) -> Uuid {
        let entry = act.entry(self.next_id(), actor).unwrap();
        self.push(log, at_ms, &entry, 0);
        entry.id
    }

    fn act(&mut self, log: usize, at_ms: i64, act: &impl Act) -> &mut Self {
        self.by(log, at_ms, account(), act);
        self
    }

    fn ask(&mut self, log: usize, at_ms: i64, institution: &'static str, change: impl FnOnce(&mut Ask)) -> Uuid {
        let entry = entry_of(institution, self.next_id(), change);
        let seq = self.seqs.entry((log, institution)).or_default();
        *seq += 1;
        let seq = *seq;
        self.push(log, at_ms, &entry, seq);
        entry.id
    }

    /// A use of a consent.
    fn uses(&mut self, log: usize, at_ms: i64, ground: GroundRecord<'static>) -> Uuid {
        self.ask(log, at_ms, "bank", |ask| ask.ground = ground)
    }

    /// As a set tells them: by time, then by log.
    fn check(&self) -> Result<(), BrokenInSet> {
        let mut leaves = self.leaves.clone();
        leaves.sort_by_key(|(at, log, _)| (*at, *log));
        let mut promises = Promises::of_set(3);
        let mut next = [0; 3];
        for (place, (at, log, bytes)) in (0..).zip(&leaves) {
            let index = next[*log];
            next[*log] += 1;
            promises.leaf_of_set(Place { log: *log, index, place }, *at, bytes)?;
        }
        promises.end_of_set()
    }

    #[track_caller]
    fn keeps(&self) {
        self.check().unwrap_or_else(|broken| panic!("{broken:?}"));
    }

    /// The promise that is broken, by the last leaf of this log.
    #[track_caller]
    fn breaks(&self, log: usize) -> Broken {
        let broken = self.check().unwrap_err();
        let last = self.leaves.iter().filter(|(_, of, _)| *of == log).count() as u64 - 1;
        assert_eq!((broken.log, broken.index), (log, last), "{broken:?}");
        broken.cause
    }
}

/// The same leaf at another time.
fn with_time(bytes: &[u8], at: Timestamp) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let before = leaf::peek(bytes).unwrap().at;
    text.replacen(&format!("{before:.6}"), &format!("{at:.6}"), 1).into_bytes()
}

fn withdrawn() -> Revocation {
    Revocation { issuer: "i".to_owned(), jti: "j".to_owned() }
}

fn stop(stopped: bool) -> Stop {
    Stop { scenario: None, stopped, reason: None }
}

#[test]
fn a_consent_that_is_used_in_three_logs_under_three_numbers_keeps_every_promise() {
    let mut three = Three::begin();
    three.uses(0, 10, token("j", 1));
    three.uses(1, 20, token("j", 2));
    three.uses(1, 30, GroundRecord::ConsentAgain { first: 3, use_: 3 });
    three.uses(2, 40, token("k", 1));
    three.keeps();
    // Its withdrawal holds a second later in the other logs.
    three.act(2, 1_000, &withdrawn());
    three.uses(1, 1_900, GroundRecord::ConsentAgain { first: 3, use_: 4 });
    three.ask(0, 9_000, "bank", |ask| (ask.ground, ask.outcome) = (token("j", 5), Outcome::Refused));
    three.keeps();
}

#[test]
fn one_use_in_two_logs_is_found() {
    for (first, second) in [(0, 1), (2, 0), (1, 2)] {
        let mut three = Three::begin();
        three.uses(first, 10, token("j", 1));
        three.uses(second, 20, token("j", 1));
        assert_eq!(three.breaks(second), Broken::UseAgain(1));
    }
}

#[test]
fn more_uses_over_all_logs_than_the_consent_allows_are_found() {
    let consent = signed(&issuer("k", 7), &grant());
    let use_ = |number| GroundRecord::Consent { consent: consent.clone().into(), use_: number };
    let mut three = Three::begin();
    three.uses(0, 10, use_(1));
    three.uses(1, 20, use_(2));
    three.keeps();
    three.uses(2, 30, use_(3));
    assert_eq!(three.breaks(2), Broken::UseBeyond { allowed: 2, found: 3 });
}

#[test]
fn an_answer_after_a_withdrawal_in_another_log_is_found() {
    for log in 0..3 {
        let mut three = Three::begin();
        three.uses(log, 10, token("j", 1));
        three.act((log + 1) % 3, 100, &withdrawn());
        three.uses(log, 1_101, token("j", 2));
        assert_eq!(three.breaks(log), Broken::Withdrawn);
    }
    // In its own log at once.
    let mut three = Three::begin();
    three.act(1, 100, &withdrawn());
    three.uses(1, 101, token("j", 1));
    assert_eq!(three.breaks(1), Broken::Withdrawn);
}

#[test]
fn an_answer_after_a_suspension_or_a_stop_in_another_log_is_found() {
    let begin = |log: usize, ms: i64, kind: usize, on: bool, three: &mut Three| match kind {
        0 => drop(three.act(log, ms, &suspension("bank", on)).made),
        _ => drop(three.act(log, ms, &stop(on)).made),
    };
    let broken = |kind| if kind == 0 { Broken::Suspended("bank".to_owned()) } else { Broken::Stopped };
    for kind in [0, 1] {
        let mut three = Three::begin();
        begin(0, 100, kind, true, &mut three);
        three.ask(1, 1_100, "bank", |_| ());
        three.keeps();
        three.ask(1, 1_101, "bank", |_| ());
        assert_eq!(three.breaks(1), broken(kind));
        // Resumed in a third log: by its clock just before, by that of who answers just after.
        let mut three = Three::begin();
        begin(0, 100, kind, true, &mut three);
        three.ask(1, 5_000, "bank", refuse);
        three.ask(1, 7_200, "bank", |_| ());
        begin(2, 8_000, kind, false, &mut three);
        three.ask(0, 8_001, "bank", |_| ());
        three.ask(1, 8_002, "bank", |_| ());
        three.keeps();
        let mut three = Three::begin();
        begin(0, 100, kind, true, &mut three);
        three.ask(1, 6_000, "bank", |_| ());
        begin(2, 8_000, kind, false, &mut three);
        assert_eq!(three.breaks(1), broken(kind));
        // By its own log it is suspended at once, and what that log released later does not speak for it.
        let mut three = Three::begin();
        begin(1, 100, kind, true, &mut three);
        three.ask(1, 101, "bank", |_| ());
        assert_eq!(three.breaks(1), broken(kind));
        begin(1, 102, kind, false, &mut three);
        assert_eq!(three.check().unwrap_err().cause, broken(kind));
        // And resumed in another one.
        let mut three = Three::begin();
        begin(1, 100, kind, true, &mut three);
        begin(2, 9_000, kind, false, &mut three);
        three.ask(1, 9_001, "bank", |_| ());
        three.keeps();
    }
}

#[test]
fn one_idempotent_query_that_two_logs_answer_is_found() {
    let once = |ask: &mut Ask| ask.claim = Some([1; 32]);
    let mut three = Three::begin();
    let first = three.ask(0, 10, "bank", once);
    three.ask(1, 20, "employer", once);
    three.ask(2, DAY_MS + 10, "bank", once);
    three.keeps();
    three.leaves.pop();
    three.ask(1, DAY_MS - 2_000, "bank", once);
    assert_eq!(three.breaks(1), Broken::AnsweredTwice(first));
}

#[test]
fn a_query_is_repeated_from_another_log() {
    let mut three = Three::begin();
    let first = three.ask(0, 10, "bank", |ask| (ask.ground, ask.claim) = (token("j", 1), Some([1; 32])));
    let again = move |ask: &mut Ask| (ask.ground, ask.claim, ask.repeats) = (token("j", 1), Some([1; 32]), Some(first));
    three.ask(1, 20, "bank", again);
    // Its clock is behind.
    three.ask(2, 5, "bank", again);
    three.keeps();
    let mut other = Three::begin();
    other.ask(0, 10, "bank", |ask| (ask.ground, ask.claim) = (token("j", 1), Some([1; 32])));
    other.ask(1, 20, "bank", move |ask| {
        again(ask);
        ask.ground = token("j", 2);
    });
    assert_eq!(other.breaks(1), Broken::Repeats(first));
    let mut none = Three::begin();
    none.ask(1, 20, "bank", move |ask| {
        again(ask);
        ask.repeats = Some(id(77));
    });
    none.ask(0, 9_000, "bank", |_| ());
    assert_eq!(none.breaks(1), Broken::Repeats(id(77)));
}

#[test]
fn what_one_log_says_counts_in_the_others() {
    // Two officers at two gateways.
    let officer = |name: &str| Actor::Officer { officer: name.to_owned(), certificate: "c".to_owned() };
    let mut three = Three::begin();
    let proposal = Proposal { act: "unseal".to_owned(), digest: Base64([1; 32]), expires: ms(9_000) };
    let proposed = three.by(0, 10, officer("one"), &proposal);
    three.by(1, 20, officer("two"), &Approval { proposal: proposed, digest: Base64([1; 32]) });
    // A correction of what another log answered, by a repair in a third, whose clock is ahead.
    let query = three.ask(0, 30, "bank", |_| ());
    three.act(2, 500, &repair(RepairState::Repaired));
    three.by(1, 400, Actor::gateway(), &Correction { state: CorrectionState::Due, query });
    three.keeps();
    let mut without = Three::begin();
    let query = without.ask(0, 30, "bank", |_| ());
    without.by(1, 400, Actor::gateway(), &Correction { state: CorrectionState::Due, query });
    assert_eq!(without.breaks(1), Broken::Correction(query));
    // One leaf in two logs.
    let mut copied = Three::begin();
    copied.ask(0, 10, "bank", |_| ());
    let (_, _, bytes) = copied.leaves.last().unwrap().clone();
    copied.leaves.push((ms(20), 1, with_time(&bytes, ms(20))));
    assert!(matches!(copied.breaks(1), Broken::Id(_)));
}

/// The clock of the approving log is behind by less than a second: the proposal comes after its approval, and that is no fault.
#[test]
fn a_proposal_of_a_log_whose_clock_is_ahead_is_approved_by_another_once() {
    let officer = |name: &str| Actor::Officer { officer: name.to_owned(), certificate: "c".to_owned() };
    let proposal = Proposal { act: "limits".to_owned(), digest: Base64([7; 32]), expires: ms(DAY_MS) };
    let proposed = |behind: i64, who: &str| {
        let mut three = Three::begin();
        let id = three.by(0, 5_000, officer("one"), &proposal);
        three.by(1, 5_000 - behind, officer(who), &Approval { proposal: id, digest: Base64([7; 32]) });
        (three, id)
    };
    proposed(900, "two").0.keeps();
    proposed(-500, "two").0.keeps();
    assert_eq!(proposed(1_100, "two").0.breaks(1), Broken::Approval);
    assert_eq!(proposed(900, "one").0.breaks(1), Broken::Approval, "by whom it was proposed");
    let (mut three, id) = proposed(-500, "two");
    three.by(2, 8_000, officer("two"), &Approval { proposal: id, digest: Base64([7; 32]) });
    assert_eq!(three.breaks(2), Broken::Approval, "a second time");
}

#[test]
fn what_a_log_took_over_is_said_again_and_used_once() {
    let digest = Sha256::digest([&[0, 0, 0, 7][..], b"consent", &[0, 0, 0, 1], b"i", &[0, 0, 0, 1], b"j"].concat());
    let carried = Carried { uses: vec![(STANDARD.encode(&digest[..16]), 1, ms(0), u32::MAX)], ..Carried::default() };
    let mut three = Three::begin();
    three.uses(0, 10, token("j", 1));
    for log in [1, 2] {
        let entry = carried.entry(three.next_id()).unwrap();
        three.push(log, 20, &entry, 0);
    }
    three.keeps();
    three.uses(1, 30, token("j", 1));
    assert_eq!(three.breaks(1), Broken::UseAgain(1));
}

struct Fold(Monthly);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &leaf::Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        self.0.leaf(index, *peek).unwrap();
        Ok(())
    }
}

struct FoldOfSet(MonthlyOfSet);

impl SetVisitor for FoldOfSet {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        self.0.leaf(leaf).unwrap();
        Ok(())
    }
}

/// What a month has in one log, and dealt out to three.
fn month(three: &mut Three, deal: impl Fn(usize) -> usize) {
    let people = ["bank", "employer", "housing"];
    for nr in 0..60 {
        let (log, at) = (deal(nr), 10 * i64::try_from(nr).unwrap());
        match nr % 6 {
            4 => drop(three.act(log, at, &suspension(people[nr % 3], nr % 4 == 0)).made),
            5 => drop(three.act(log, at, &stop(nr % 4 == 1)).made),
            _ => drop(three.ask(log, at, people[nr % 3], |ask| {
                if nr % 7 == 0 {
                    refuse(ask)
                }
            })),
        }
    }
}

#[test]
fn the_report_of_a_set_has_the_figures_of_one_log_with_the_same_leaves() {
    let log = |three: &Three, nr: usize| {
        let leaves = three.leaves.iter().filter(|(_, log, _)| *log == nr).map(|(_, _, bytes)| bytes.clone());
        Log::of_origin(ORIGINS[nr], leaves.collect())
    };
    let mut whole = Three::begin();
    month(&mut whole, |_| 0);
    let whole = log(&whole, 0);
    let mut fold = Fold(Monthly::new("2026-11", Offset::UTC));
    let report = verify::directory(&whole.folder, &whole.key, &[], &mut fold).unwrap();
    let mut one = serde_json::to_value(fold.0.figures(&report.checkpoint)).unwrap();

    let mut dealt = Three::begin();
    month(&mut dealt, |nr| (nr + nr / 4) % 3);
    let logs = [0, 1, 2].map(|nr| log(&dealt, nr));
    let directory = directory_of(&logs.each_ref().map(|log| listed(log, ms(-9))));
    let mut said = Vec::new();
    for turn in [[0, 1, 2], [2, 0, 1]] {
        let directory = Directory::read(&directory.folder, &directory.key, &[]).unwrap();
        let set = LogSet::of(directory, &turn.map(|nr: usize| logs[nr].folder.clone())).unwrap();
        let mut fold = FoldOfSet(MonthlyOfSet::new("2026-11", Offset::UTC, &set));
        let reports = set.check(&[], &mut fold).unwrap();
        let figures = fold.0.figures(&set.directory.report, &reports);
        said.push(serde_json::to_string(&figures).unwrap());
    }
    assert_eq!(said[0], said[1], "whatever the order of the folders");
    let mut set: Value = serde_json::from_str(&said[0]).unwrap();
    // Where each leaf stands is said by log and index: it is the very leaf.
    for line in set["suspensions"].as_array().unwrap() {
        let nr = ORIGINS.iter().position(|origin| line["log"] == *origin).unwrap();
        let leaf = &logs[nr].leaves[usize::try_from(line["index"].as_u64().unwrap()).unwrap()];
        let leaf: Value = serde_json::from_slice(leaf).unwrap();
        assert_eq!((&leaf["institution"], &leaf["suspended"]), (&line["institution"], &line["suspended"]));
    }
    assert_eq!(set["logs"].as_array().unwrap().len(), 3);
    assert!(set["numbers"].get(format!("bank {}", ORIGINS[1])).is_some());
    for figures in [&mut one, &mut set] {
        let members = figures.as_object_mut().unwrap();
        for own in ["origin", "size", "root", "logs", "first", "last", "numbers"] {
            members.remove(own);
        }
        for line in members["suspensions"].as_array_mut().unwrap() {
            line.as_object_mut().unwrap().retain(|name, _| !["log", "index"].contains(&name.as_str()));
        }
        // Three logs have three beginnings.
        for kind in ["open", "catalogue", "key"] {
            members["kinds"].as_object_mut().unwrap().remove(kind);
        }
        members.remove("leaves");
        members["coverage"].as_object_mut().unwrap().remove("size");
    }
    assert_eq!(one, set);
    assert!(one["queries"]["all"]["answered"].as_u64() > Some(20), "it has something to count");
}

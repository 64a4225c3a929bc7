//! Logs of which two officers let records go: what is left holds, and nothing goes without them.

use std::collections::BTreeMap;
use std::fs;

use credit_audit::edge::Edge;
use credit_audit::leaf::{
    Act as _, Actor, Approval, Base64, Correction, CorrectionState, Event as _, GroundRecord, Kind, Peek, Proposal,
    Prune, Seal, Stop, peek,
};
use credit_audit::promises::{Broken, Promises};
use credit_audit::pruned::{Pruned, PrunedFault, PrunedHead};
use credit_audit::tile;
use credit_audit::verify::{self, CheckError, ClientFiles, Remote, Report, Violation, Visitor};
use jiff::tz::Offset;
use sha2::{Digest as _, Sha256};

use crate::command::said;
use crate::logs::{Log, ORIGIN, at, id, leaf_of};
use crate::promises::Story;
use crate::served::serve;

/// Leaves of institutions before the act, and where the first bundles end.
const LEAVES: u64 = 600;
const UNTIL: u64 = 512;

/// How the act differs from one that two officers stand behind.
struct Doing {
    digest_of: u64,
    approved_digest_of: u64,
    approver: &'static str,
    expires: jiff::Timestamp,
    is_approved: bool,
    has_proposal: bool,
    times: u64,
}

const BY_TWO: Doing = Doing {
    digest_of: UNTIL,
    approved_digest_of: UNTIL,
    approver: "two",
    expires: jiff::Timestamp::MAX,
    is_approved: true,
    has_proposal: true,
    times: 1,
};

/// SHA-256 of framed("credit/prune", until), made here from the format.
fn digest(until: u64) -> Base64<[u8; 32]> {
    let text = until.to_string();
    let parts = [b"credit/prune".as_slice(), text.as_bytes()];
    let framed = parts.map(|part| [&u32::try_from(part.len()).unwrap().to_be_bytes(), part].concat());
    Base64(Sha256::digest(framed.concat()).into())
}

fn officer(name: &str) -> Actor {
    Actor::Officer { officer: name.to_owned(), certificate: format!("{name}-certificate") }
}

/// A log in which records are let go so, with the leaf that says so; all of it is there still.
fn said_so(doing: &Doing) -> (Log, u64) {
    said_after(Story { leaves: (0..LEAVES).map(leaf_of).collect(), seqs: Default::default() }, doing)
}

/// The same, after these leaves.
fn said_after(mut story: Story, doing: &Doing) -> (Log, u64) {
    let act = Kind::Prune.as_str().to_owned();
    let proposal = Proposal { act, digest: digest(doing.digest_of), expires: doing.expires };
    let proposal = proposal.entry(story.next_id(), officer("one")).unwrap();
    story.push(&proposal, 0);
    if doing.is_approved {
        let approval = Approval { proposal: proposal.id, digest: digest(doing.approved_digest_of) };
        let approval = approval.entry(story.next_id(), officer(doing.approver)).unwrap();
        story.push(&approval, 0);
    }
    let mut leaf = 0;
    for _ in 0..doing.times {
        leaf = story.leaves.len() as u64;
        let prune = Prune { from: 0, until: UNTIL, proposal: doing.has_proposal.then_some(proposal.id) };
        let prune = prune.entry(story.next_id(), officer("one")).unwrap();
        story.push(&prune, 0);
    }
    (Log::of_leaves(story.leaves), leaf)
}

/// The last numbers before an edge.
fn numbers(log: &Log, until: u64) -> BTreeMap<String, u64> {
    let heads = log.leaves[..until as usize].iter().map(|leaf| peek(leaf).unwrap());
    heads.filter_map(|head| Some((head.institution?.to_owned(), head.seq?))).collect()
}

fn head(log: &Log, until: u64, leaf: u64) -> PrunedHead {
    PrunedHead::new(ORIGIN, until, leaf, at(until - 1), numbers(log, until))
}

/// Takes the bundles away before an edge, and writes what is left.
fn let_go(log: &Log, head: PrunedHead, kept: &[u64]) {
    let kept = kept.iter().map(|index| (*index, log.leaves[*index as usize].clone())).collect();
    let until = head.until;
    log.write("pruned", &Pruned::new(head, kept).to_bytes().unwrap());
    for bundle in 0..until / 256 {
        fs::remove_file(log.folder.join(tile::entries_path(bundle, 256))).unwrap_or_default();
    }
}

/// A leaf that is kept, with its index.
type Kept = (u64, Vec<u8>);

/// What is in force in these logs: the first leaf, and one at each end of a bundle.
const KEPT: [u64; 4] = [0, 255, 256, 510];

fn pruned() -> (Log, u64) {
    let (log, leaf) = said_so(&BY_TWO);
    let_go(&log, head(&log, UNTIL, leaf), &KEPT);
    (log, leaf)
}

fn check(log: &Log) -> Result<Report, CheckError> {
    verify::directory(&log.folder, &log.key, &[], &mut ())
}

#[track_caller]
fn fault(log: &Log) -> Violation {
    match check(log) {
        Err(CheckError::Violation(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_let_go_by_one_officer_or_by_an_approval_of_something_else() {
    let doings = [
        ("nobody approved", Doing { is_approved: false, ..BY_TWO }),
        ("approved by who proposed it", Doing { approver: "one", ..BY_TWO }),
        ("of another edge", Doing { digest_of: 256, approved_digest_of: 256, ..BY_TWO }),
        ("the approval is of another digest", Doing { approved_digest_of: 256, ..BY_TWO }),
        ("expired", Doing { expires: at(1), ..BY_TWO }),
        ("without a proposal", Doing { has_proposal: false, ..BY_TWO }),
        ("done a second time", Doing { times: 2, ..BY_TWO }),
    ];
    for (what, doing) in doings {
        let (log, leaf) = said_so(&doing);
        check(&log).unwrap();
        let_go(&log, head(&log, UNTIL, leaf), &KEPT);
        assert_eq!(fault(&log), Violation::Pruned(PrunedFault::Unsaid(leaf)), "{what}");
    }
    let (log, leaf) = said_so(&BY_TWO);
    let_go(&log, head(&log, 256, leaf), &[0]);
    assert_eq!(fault(&log), Violation::Pruned(PrunedFault::Unsaid(leaf)), "less than was said");
    let (log, leaf) = said_so(&BY_TWO);
    let_go(&log, head(&log, UNTIL, leaf - 1), &KEPT);
    assert_eq!(fault(&log), Violation::Pruned(PrunedFault::Unsaid(leaf - 1)), "another leaf");
}

#[test]
fn a_bundle_that_is_missing_and_was_not_let_go_stays_missing() {
    let (log, leaf) = said_so(&BY_TWO);
    let missing = |path: &str| Violation::Missing { path: path.to_owned() };
    fs::remove_file(log.folder.join("tile/entries/000")).unwrap();
    assert_eq!(fault(&log), missing("tile/entries/000"), "the leaf alone takes nothing away");
    let_go(&log, head(&log, UNTIL, leaf), &KEPT);
    check(&log).unwrap();
    let above = format!("tile/entries/002.p/{}", log.size() - UNTIL);
    let bundle = log.read(&above);
    fs::remove_file(log.folder.join(&above)).unwrap();
    assert!(matches!(fault(&log), Violation::Missing { .. } | Violation::Hanging { .. }));
    log.write(&above, &bundle);
    for path in ["tile/0/000", "tile/0/001"] {
        let tile = log.read(path);
        fs::remove_file(log.folder.join(path)).unwrap();
        assert_eq!(fault(&log), missing(path), "hashes stay");
        let mut bad = tile.clone();
        bad[40 * 32] ^= 1;
        log.write(path, &bad);
        assert!(matches!(fault(&log), Violation::Hash { .. } | Violation::Root { .. }), "{path}");
        log.write(path, &tile);
    }
    fs::remove_file(log.folder.join("pruned")).unwrap();
    assert_eq!(fault(&log), missing("tile/entries/000"), "without the file");
}

#[test]
fn what_is_left_is_what_it_was() {
    let (log, leaf) = pruned();
    let good = log.read("pruned");
    let kept = |change: fn(&mut Vec<Kept>)| {
        let mut kept = KEPT.map(|index| (index, log.leaves[index as usize].clone())).to_vec();
        change(&mut kept);
        log.write("pruned", &Pruned::new(head(&log, UNTIL, leaf), kept).to_bytes().unwrap());
        fault(&log)
    };
    assert_eq!(kept(|kept| kept[1].1[20] ^= 1), Violation::Pruned(PrunedFault::Kept(255)), "altered");
    assert_eq!(kept(|kept| kept[3].0 += 1), Violation::Pruned(PrunedFault::Kept(511)), "under another index");
    assert_eq!(kept(|kept| kept.swap(1, 2)), Violation::Pruned(PrunedFault::Form), "out of order");
    let numbered = |numbers: BTreeMap<String, u64>| {
        let head = PrunedHead { numbers, ..head(&log, UNTIL, leaf) };
        log.write("pruned", &Pruned::new(head, Vec::new()).to_bytes().unwrap());
        fault(&log)
    };
    let right = numbers(&log, UNTIL);
    let of = |last: u64| right.clone().into_iter().chain([("bank".to_owned(), last)]).collect();
    for last in [right["bank"] - 1, right["bank"] + 1] {
        assert!(matches!(numbered(of(last)), Violation::Seq { .. }), "{last}");
    }
    assert!(matches!(numbered(BTreeMap::new()), Violation::Seq { .. }));
    log.write("pruned", &good[..good.len() - 1]);
    assert_eq!(fault(&log), Violation::Pruned(PrunedFault::Form));
    log.write("pruned", &good);
    check(&log).unwrap();
}

#[test]
fn a_log_with_an_edge_holds_as_it_grows_and_its_receipts_too() {
    let (mut log, leaf) = pruned();
    let receipts: Vec<_> = [3, 300, 599].map(|index| (index, log.receipt(index))).to_vec();
    let report = check(&log).unwrap();
    let let_go = report.let_go.unwrap();
    assert_eq!((let_go.until, let_go.kept, let_go.leaf, let_go.proposal), (UNTIL, 4, leaf, id(LEAVES)));
    let leaves = report.leaves.unwrap();
    assert_eq!(leaves.count, log.size() - UNTIL + 4);
    // The numbers go on over the edge.
    assert_eq!(leaves.institutions["bank"], 180);
    let before = log.head();
    log.leaves.extend((1..=300).map(|more| leaf_of(LEAVES + more * 10)));
    log.publish();
    // The helper publishes all of it.
    (0..2).for_each(|bundle| fs::remove_file(log.folder.join(tile::entries_path(bundle, 256))).unwrap());
    let report = verify::directory(&log.folder, &log.key, &[before], &mut ()).unwrap();
    assert_eq!(report.let_go.unwrap().until, UNTIL);
    for (index, receipt) in receipts {
        verify::receipt(&receipt, &log.leaves[index as usize], &log.key).unwrap();
    }
    verify::hashes(&log.folder, &log.key, &[], &mut ()).unwrap();
}

#[test]
fn what_is_there_still_is_checked_as_ever() {
    let (log, leaf) = said_so(&BY_TWO);
    let bundles = [log.read("tile/entries/000"), log.read("tile/entries/001")];
    let_go(&log, head(&log, UNTIL, leaf), &KEPT);
    // The process ended before all of it was gone.
    log.write("tile/entries/001", &bundles[1]);
    assert_eq!(check(&log).unwrap().leaves.unwrap().count, log.size() - 256 + 2);
    let mut bad = bundles[1].clone();
    bad[900] ^= 1;
    log.write("tile/entries/001", &bad);
    fault(&log);
    log.write("tile/entries/001", &bundles[1]);
    // Who has all of it reads it as a log of which nothing was let go.
    log.write("tile/entries/000", &bundles[0]);
    let report = check(&log).unwrap();
    assert_eq!((report.let_go, report.leaves.unwrap().count), (None, log.size()));
    let head = PrunedHead { numbers: BTreeMap::from([("bank".to_owned(), 3)]), ..head(&log, UNTIL, leaf) };
    log.write("pruned", &Pruned::new(head, Vec::new()).to_bytes().unwrap());
    assert_eq!(fault(&log), Violation::Pruned(PrunedFault::Numbers));
}

/// Where the edge is, and which leaves are told.
#[derive(Default)]
struct Told {
    edge: Option<u64>,
    before: Vec<u64>,
    after: u64,
}

impl Visitor for Told {
    fn leaf(&mut self, index: u64, _: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if self.edge.is_none() {
            self.before.push(index)
        } else {
            self.after += 1
        }
        Ok(())
    }

    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.edge = Some(edge.head.until);
        Ok(())
    }
}

#[test]
fn who_counts_is_told_where_the_leaves_begin() {
    let (log, _) = pruned();
    let mut told = Told::default();
    verify::directory(&log.folder, &log.key, &[], &mut told).unwrap();
    assert_eq!((told.edge, told.before.as_slice(), told.after), (Some(UNTIL), &KEPT[..], log.size() - UNTIL));
    let edge = Edge::read(&log.folder, ORIGIN).unwrap().unwrap();
    assert_eq!(edge.head.until, UNTIL);
    let mut reviews = credit_audit::review::Reviews::new(ORIGIN, Offset::UTC);
    reviews.begin_at(&edge);
    assert_eq!(reviews.size(), UNTIL);
}

fn mirror(log: &Log, name: &str) -> Result<(Report, u64), CheckError> {
    let remote = Remote::new(&format!("http://{}/log", serve(log.folder.clone(), None, true)), &ClientFiles::default());
    verify::mirror(remote.unwrap(), &log.folder.with_extension(name), true, &log.key, &mut ())
}

#[test]
fn a_copy_keeps_what_it_has_and_a_new_one_begins_at_the_edge() {
    let (log, leaf) = said_so(&BY_TWO);
    mirror(&log, "old").unwrap();
    let_go(&log, head(&log, UNTIL, leaf), &KEPT);
    let (report, fetched) = mirror(&log, "old").unwrap();
    assert_eq!((report.let_go, fetched), (None, 0));
    let old = log.folder.with_extension("old");
    assert_eq!(verify::directory(&old, &log.key, &[], &mut ()).unwrap().let_go, None);
    let (report, _) = mirror(&log, "new").unwrap();
    assert_eq!(report.let_go.as_ref().unwrap().until, UNTIL);
    let new = log.folder.with_extension("new");
    let read = verify::directory(&new, &log.key, &[report.checkpoint], &mut ()).unwrap();
    assert_eq!(read.let_go, report.let_go);
    assert_eq!(fs::read(new.join("pruned")).unwrap(), log.read("pruned"));
    mirror(&log, "new").unwrap();
    // A server that has no such file any more takes nothing from a copy.
    fs::remove_file(log.folder.join("pruned")).unwrap();
    mirror(&log, "new").unwrap();
}

#[test]
fn the_command_says_what_was_let_go_and_reports_no_month_of_it() {
    let mut story = Story::begin();
    while (story.leaves.len() as u64) < LEAVES {
        let stop = Stop { scenario: None, stopped: false, reason: None };
        story.act(&stop);
    }
    let (log, leaf) = said_after(story, &BY_TWO);
    let_go(&log, head(&log, UNTIL, leaf), &[0, 1, 2]);
    let (folder, key) = (log.folder.to_str().unwrap(), log.folder.join("log.vkey"));
    let key = key.to_str().unwrap();
    let (code, out, err) = said(&["verify", folder, "--vkey", key]);
    assert_eq!((code, err.as_str()), (0, ""));
    let line = format!("entries 0 to 511 were let go by two officers (entry {leaf}): their hashes are held");
    assert!(out.contains(&line), "{out}");
    let (_, out, _) = said(&["verify", folder, "--vkey", key, "--json"]);
    let said_json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let said_of = &said_json["log"]["pruned"];
    assert_eq!((said_of["until"].as_u64(), said_of["leaf"].as_u64()), (Some(UNTIL), Some(leaf)));
    assert_eq!(said_of["proposal"], id(LEAVES).to_string());
    let month = at(0).to_string()[..7].to_owned();
    let report = |month: &str| said(&["report", folder, "--vkey", key, "--month", month, "--json"]);
    let (code, _, err) = report(&month);
    assert_eq!(code, 69, "{err}");
    assert!(err.contains("were let go by two officers"), "{err}");
    assert_eq!(report("2099-01").0, 0);
}

/// The leaves of a story without those from 3 to below `until`.
fn promises_of(story: &Story, until: u64) -> Result<(), Broken> {
    let mut promises = Promises::default();
    let left = (0..).zip(&story.leaves).filter(|(index, _)| !(3..until).contains(index));
    left.into_iter().try_for_each(|(index, leaf)| promises.leaf(index, leaf))
}

#[test]
fn what_later_leaves_say_of_those_that_were_let_go_is_not_missed_and_nothing_else_is_let_pass() {
    // Ids are made by a clock far before the leaves' own.
    let mut story = Story::begin();
    story.query("bank", |_| {});
    let first = story.next_id();
    let claim = Some([7; 32]);
    story.query("bank", |ask| ask.claim = claim);
    story.query("bank", |ask| (ask.claim, ask.repeats) = (claim, Some(first)));
    story.query("bank", |ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 2 });
    let due = Correction { state: CorrectionState::Due, query: id(3) };
    let due = due.entry(story.next_id(), Actor::gateway()).unwrap();
    story.push(&due, 0);
    let seal = Seal { institutions: BTreeMap::from([("bank".to_owned(), 4), ("gone".to_owned(), 9)]), next: None };
    let seal = seal.entry(story.next_id()).unwrap();
    story.push(&seal, 0);
    promises_of(&story, 5).unwrap();
    assert!(promises_of(&story, 3).is_err(), "all of it is there, and it does not hold");
    story.leaves.truncate(7);
    story.query("bank", |ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 2 });
    assert_eq!(promises_of(&story, 5), Err(Broken::UseAgain(2)), "two uses of one number");
    story.leaves.truncate(6);
    story.query("bank", |ask| ask.ground = GroundRecord::ConsentAgain { first: 5, use_: 2 });
    assert_eq!(promises_of(&story, 5), Err(Broken::First(5)), "what is there has no token");
    story.leaves.truncate(6);
    story.query("bank", |ask| ask.key = "data-2");
    assert_eq!(promises_of(&story, 5), Err(Broken::Key("data-2".to_owned())));
}

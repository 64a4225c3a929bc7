//! Exports of persons: a gateway that lies and signs as usual, one that is honest, and files that were altered afterwards.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::leaf::{self, Act as _, Actor, Base64, Binding, BindingState, Statement};
use credit_audit::merkle;
use credit_audit::person::{Checked, ExportFault};
use credit_audit::verify::{CheckError, Violation};
use jiff::civil::date;
use ring::hmac;
use serde_json::{Value, json};

use crate::command::said;
use crate::logs::{Log, at, data_key, id, leaf_of};
use crate::sets::{directory_of, listed, open};

const OPENING: [u8; 32] = [5; 32];
const INSTITUTIONS: [(&str, &str); 3] =
    [("bank", "commercial-loan"), ("employer", "employment"), ("housing", "public-rental-housing")];
const EXEMPT: &str = "supervision-inspection";
const KEY: &str = "data-2026-11";

/// Small numbers that follow from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).unwrap()
    }
}

/// One query, as it is recorded and as it is shown.
#[derive(Clone)]
struct Query {
    number: u64,
    asker: usize,
    scenario: &'static str,
    notice: &'static str,
    is_answered: bool,
    tag: [u8; 32],
}

/// The person's tag at an institution.
fn tag(asker: usize) -> [u8; 32] {
    [u8::try_from(asker).unwrap() + 1; 32]
}

impl Query {
    fn leaf(&self, seq: u64) -> String {
        let institution = INSTITUTIONS[self.asker].0;
        let (number, scenario, notice) = (self.number, self.scenario, self.notice);
        let mut text = format!(
            r#"{{"v":1,"kind":"query","id":"{}","at":"{:.6}","institution":"{institution}","seq":{seq},"operator":"s-1","certificate":"c","scenario":"{scenario}","ground":{{"statute":"《条例》第一条","case":"C-{number}"}},"catalogue":"c@sha256:0","rules":[],"inputs":{{"kind":"bank","suspended":false,"on":"2026-11-18","operator":true,"case":true}},"#,
            id(number),
            at(number)
        );
        text += match self.is_answered {
            true => r#""outcome":"answered","fields":["black_listed"],"#,
            false => r#""outcome":"refused","code":"field-not-allowed","#,
        };
        if self.is_answered {
            write!(text, r#""notice":"{notice}","#).unwrap();
        }
        let sealed = STANDARD.encode([7; 64]);
        write!(
            text,
            r#""answer":"{0}","subject":"{1}","key":"{KEY}","sealed":"{sealed}","commit":"{0}"}}"#,
            STANDARD.encode([3; 32]),
            STANDARD.encode(self.tag)
        )
        .unwrap();
        text
    }

    fn shown(&self) -> Value {
        let mut shown = json!({
            "query": id(self.number), "at": at(self.number), "institution": INSTITUTIONS[self.asker].0,
            "scenario": {"name": self.scenario, "title": "t"}, "ground": {"statute": "《条例》第一条"},
            "released": [], "says": "A sentence.",
        });
        match self.is_answered {
            true => shown["released"] = json!([{"name": "black_listed", "title": "t"}]),
            false => shown["refused"] = json!({"code": "field-not-allowed", "title": "t"}),
        }
        shown
    }
}

/// What a gateway has recorded, and what it says of it.
#[derive(Clone)]
struct World {
    queries: Vec<Query>,
    /// Of what it records.
    recorded: Vec<String>,
    /// Indices of what it exports, newest first, with what it shows.
    entries: Vec<(u64, String, Value)>,
    tags: Vec<Value>,
    left_out: Vec<&'static str>,
    /// What was done for the person.
    acts: Vec<(u64, String, Value)>,
}

fn world(seed: u64, count: u64) -> World {
    let mut draw = Draw(seed);
    let mut seqs = [0; 3];
    let queries: Vec<Query> = (1..=count)
        .map(|number| {
            let asker = draw.below(3);
            let is_exempt = draw.below(8) == 0;
            Query {
                number,
                asker,
                scenario: if is_exempt { EXEMPT } else { INSTITUTIONS[asker].1 },
                notice: if is_exempt { "exempt by 《法》第三十五条" } else { "owed" },
                is_answered: draw.below(4) != 0,
                tag: if draw.below(3) == 0 { tag(asker) } else { [draw.below(200) as u8 + 40; 32] },
            }
        })
        .collect();
    let recorded: Vec<String> = queries
        .iter()
        .map(|query| {
            seqs[query.asker] += 1;
            query.leaf(seqs[query.asker])
        })
        .collect();
    let is_shown = |query: &&Query| query.tag == tag(query.asker) && query.scenario != EXEMPT;
    let entries = queries.iter().filter(is_shown).rev();
    let entries =
        entries.map(|query| (query.number + 1, recorded[query.number as usize - 1].clone(), query.shown())).collect();
    let tags = INSTITUTIONS.iter().enumerate().map(|(asker, (institution, scenario))| {
        json!({"institution": institution, "scenario": scenario, "key": KEY, "tag": STANDARD.encode(tag(asker))})
    });
    let tags = tags.collect();
    World { queries, recorded, entries, tags, left_out: vec![EXEMPT], acts: Vec::new() }
}

impl World {
    /// Of a log that goes on with two acts for the person: an officer's, and a guardian's.
    fn with_acts(mut self) -> Self {
        let officer = Actor::Officer { officer: "officer".to_owned(), certificate: "c".to_owned() };
        for (actor, by) in [(officer, "counter"), (Actor::Person(Base64([6; 32])), "guardian")] {
            let index = self.recorded.len() as u64 + 2;
            let bound = Binding { state: BindingState::Bound, key: KEY.to_owned(), person: Base64(vec![8; 100]) };
            let leaf = leaf::render(&bound.entry(id(index), actor).unwrap(), at(index), 0);
            let leaf = String::from_utf8(leaf).unwrap();
            let mut shown = json!({"index": index, "at": at(index), "day": "2026-11-18", "by": by, "says": "Done."});
            if by == "counter" {
                shown["officer"] = json!("officer");
            }
            self.recorded.push(leaf.clone());
            self.acts.insert(0, (index, leaf, shown));
        }
        self
    }

    /// The leaves of a log with these records.
    fn leaves(&self) -> Vec<Vec<u8>> {
        let mut leaves = vec![leaf_of(0), data_key(KEY)];
        leaves.extend(self.recorded.iter().map(|leaf| leaf.clone().into_bytes()));
        leaves
    }

    /// What the gateway says, and its record, which it appends to the leaves.
    fn export(&self, log: &mut Log) -> String {
        let covers = log.size();
        let lines = |all: &[(u64, String, Value)]| {
            let line =
                |(index, leaf, shown): &(u64, String, Value)| json!({"index": index, "leaf": leaf, "shown": shown});
            all.iter().map(line).collect::<Vec<_>>()
        };
        let (entries, acts) = (lines(&self.entries), lines(&self.acts));
        let mut export = json!({
            "form": "credit-gateway/export/1", "origin": "credit-gateway.example/2026/r1", "vkey": log.key.to_string(),
            "from": "2000-01-01", "to": "2026-11-30", "covers": covers, "after": 0, "before": covers,
            "left_out": self.left_out, "tags": self.tags, "entries": entries,
        });
        if !acts.is_empty() {
            export["done_for"] = json!(acts);
        }
        let export = export.to_string();
        let digest = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &OPENING), export.as_bytes());
        let statement = Statement {
            from: date(2000, 1, 1),
            to: date(2026, 11, 30),
            size: covers,
            digest: Base64(digest.as_ref().try_into().unwrap()),
            key: KEY.to_owned(),
            ids: Base64(vec![8; 100]),
        };
        let leaf = leaf::render(&statement.entry(id(9_999), Actor::Person(Base64([4; 32]))).unwrap(), at(9_999), 0);
        log.leaves.push(leaf.clone());
        let tree = log.tree();
        let path = |index| {
            let hashes = merkle::inclusion_proof(index, log.size(), &tree).unwrap();
            hashes.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>()
        };
        let paths: Vec<_> = self.entries.iter().chain(&self.acts).map(|(index, ..)| path(*index)).collect();
        let leaf = serde_json::to_string(std::str::from_utf8(&leaf).unwrap()).unwrap();
        format!(
            r#"{{"export":{export},"statement":{{"index":{covers},"leaf":{leaf},"opening":"{}","path":{}}},"paths":{},"checkpoint":{}}}"#,
            STANDARD.encode(OPENING),
            json!(path(covers)),
            json!(paths),
            json!(log.checkpoint())
        )
    }
}

/// The log as it is, and a gateway's export of it.
fn honest(world: &World) -> (Log, String) {
    let mut log = Log::of_leaves(world.leaves());
    let file = world.export(&mut log);
    log.publish();
    (log, file)
}

/// What is found of what a gateway signed: by the file alone, and by the file and the log.
fn found(file: &str, log: &Log) -> (Option<ExportFault>, Option<CheckError>) {
    match Checked::of(file.as_bytes(), Some(&log.key)) {
        Err(fault) => (Some(fault), None),
        Ok(export) => (None, export.against(&log.folder).err()),
    }
}

fn export_fault(error: &CheckError) -> Option<&ExportFault> {
    match error {
        CheckError::Violation(Violation::Export(fault)) => Some(fault),
        _ => None,
    }
}

#[test]
fn what_a_gateway_leaves_out_alters_moves_or_invents_is_found_with_the_log() {
    for seed in 0..200 {
        let mut lying = world(seed, 40);
        let honest = lying.clone();
        let mut draw = Draw(seed ^ 0xFFFF);
        let chosen = draw.below(lying.entries.len() - 1);
        let number = lying.entries[chosen].0 as usize - 2;
        // Where it shows another leaf than it recorded, it makes a second log with that leaf and signs its head.
        let is_split = match seed % 5 {
            0 => {
                lying.entries.remove(chosen);
                false
            }
            1 => {
                let altered = lying.recorded[number].replace("black_listed", "grey_listed").replace("C-", "D-");
                lying.recorded[number] = altered.clone();
                let entry = &mut lying.entries[chosen];
                entry.1 = altered;
                entry.2 = serde_json::from_str(&entry.2.to_string().replace("black_listed", "grey_listed")).unwrap();
                true
            }
            2 => {
                // Two entries in each other's place.
                let other = lying.entries[chosen + 1].0 as usize - 2;
                lying.recorded.swap(number, other);
                let (one, two) = (lying.entries[chosen].clone(), lying.entries[chosen + 1].clone());
                lying.entries[chosen] = (one.0, two.1, two.2);
                lying.entries[chosen + 1] = (two.0, one.1, one.2);
                true
            }
            3 => {
                // In place of a query about somebody else.
                let other = lying.queries.iter().find(|query| query.tag != tag(query.asker)).unwrap().clone();
                let invented = Query { tag: tag(other.asker), scenario: INSTITUTIONS[other.asker].1, ..other };
                let at = other.number as usize - 1;
                lying.recorded[at] = invented.leaf(1);
                let place = lying.entries.iter().position(|entry| entry.0 < invented.number + 1);
                let entry = (invented.number + 1, lying.recorded[at].clone(), invented.shown());
                lying.entries.insert(place.unwrap_or(lying.entries.len()), entry);
                true
            }
            _ => {
                // All of one institution, with its tag.
                let institution = lying.entries[chosen].2["institution"].clone();
                lying.entries.retain(|entry| entry.2["institution"] != institution);
                lying.tags.retain(|tag| tag["institution"] != institution);
                false
            }
        };
        let shown_log = if is_split { lying.leaves() } else { honest.leaves() };
        let mut shown = Log::of_leaves(shown_log);
        let file = lying.export(&mut shown);
        // The log that others have: as it was, with the record of the export.
        let mut leaves = honest.leaves();
        leaves.extend(shown.leaves.last().cloned());
        let log = Log::of_leaves(leaves);
        let (alone, with_log) = found(&file, &log);
        assert_eq!(alone, None, "seed {seed}: it was signed as usual");
        let with_log = with_log.unwrap_or_else(|| panic!("seed {seed}: nothing is found"));
        match seed % 5 {
            0 => assert_eq!(export_fault(&with_log), Some(&ExportFault::Missing(number as u64 + 2)), "seed {seed}"),
            4 => assert!(matches!(export_fault(&with_log), Some(ExportFault::Untagged(_))), "seed {seed}: {with_log}"),
            _ => {
                let is_root = matches!(with_log, CheckError::Violation(Violation::Root { .. }));
                assert!(is_root, "seed {seed}: {with_log}");
            }
        }
    }
}

#[test]
fn what_is_not_as_it_was_recorded_is_found_by_the_file_alone() {
    let world = world(1, 40);
    let (log, _) = honest(&world);
    let alone = |change: &dyn Fn(&mut World)| {
        let mut lying = world.clone();
        change(&mut lying);
        let mut shown = Log::of_leaves(world.leaves());
        let file = lying.export(&mut shown);
        Checked::of(file.as_bytes(), Some(&log.key)).err()
    };
    let index = world.entries[1].0;
    assert_eq!(alone(&|world| world.entries.swap(0, 1)), Some(ExportFault::Order(world.entries[0].0)));
    assert_eq!(
        alone(&|world| world.entries[1] = world.entries[0].clone()),
        Some(ExportFault::Order(world.entries[0].0))
    );
    let unproven = |fault| matches!(fault, Some(ExportFault::Unproven { index: found, .. }) if found == index);
    assert!(unproven(alone(&|world| world.entries[1].1 = world.entries[1].1.replace("C-", "D-"))));
    assert!(unproven(alone(&|world| world.entries[1].1 = world.entries[2].1.clone())));
    // About somebody else, or with a tag that is not listed.
    let other = world.queries.iter().find(|query| query.tag != tag(query.asker)).unwrap();
    let entry = (other.number + 1, world.recorded[other.number as usize - 1].clone(), other.shown());
    assert_eq!(alone(&|world| world.entries = vec![entry.clone()]), Some(ExportFault::Tag(entry.0)));
    assert!(matches!(alone(&|world| world.tags.clear()), Some(ExportFault::Tag(_))));
    assert!(matches!(
        alone(&|world| world.entries[0] = (1, world.recorded[0].clone(), json!({}))),
        Some(ExportFault::Form(_))
    ));
    for (member, value) in [
        ("query", json!(id(77))),
        ("at", json!(at(77))),
        ("institution", json!("nobody")),
        ("gateway", json!("bank")),
        ("scenario", json!({"name": "other"})),
        ("ground", json!("self")),
        ("asked", json!([])),
        ("released", json!([{"name": "score"}])),
        ("refused", json!({"code": "internal-error"})),
    ] {
        let fault = alone(&|world| world.entries[1].2[member] = value.clone());
        assert_eq!(fault, Some(ExportFault::Shown { index, member }), "{member}");
    }
}

#[test]
fn what_others_did_is_there_as_it_was_recorded() {
    let world = world(1, 40).with_acts();
    let (log, file) = honest(&world);
    assert!(matches!(found(&file, &log), (None, None)));
    let alone = |change: &dyn Fn(&mut World)| {
        let mut lying = world.clone();
        change(&mut lying);
        let file = lying.export(&mut Log::of_leaves(world.leaves()));
        Checked::of(file.as_bytes(), Some(&log.key)).err()
    };
    let [index, first] = [world.acts[0].0, world.acts[1].0];
    let query = world.entries[0].clone();
    assert_eq!(alone(&|world| world.acts.swap(0, 1)), Some(ExportFault::Order(index)));
    assert_eq!(alone(&|world| world.acts.push(world.acts[1].clone())), Some(ExportFault::Order(first)));
    // A query, another leaf, one that is no leaf.
    let act = |lie: &(u64, String, Value)| {
        let (index, leaf, mut shown) = lie.clone();
        (shown["index"], shown["by"]) = (json!(index), json!("guardian"));
        (index, leaf, shown)
    };
    assert_eq!(alone(&|world| world.acts = vec![act(&query)]), Some(ExportFault::NoAct(query.0)));
    let unproven = |fault| matches!(fault, Some(ExportFault::Unproven { index: found, .. }) if found == index);
    assert!(unproven(alone(&|world| world.acts[0].1 = world.acts[1].1.clone())));
    for (member, value) in
        [("index", json!(3)), ("at", json!(at(3))), ("officer", json!("officer")), ("by", json!("counter"))]
    {
        let fault = alone(&|world| world.acts[0].2[member] = value.clone());
        assert_eq!(fault, Some(ExportFault::Shown { index, member }), "{member}");
    }
    let other = alone(&|world| world.acts[1].2["officer"] = json!("another"));
    assert_eq!(other, Some(ExportFault::Shown { index: first, member: "officer" }));
}

#[test]
fn a_file_that_was_altered_afterwards_is_found_alone() {
    let (log, file) = honest(&world(3, 24).with_acts());
    let read = Checked::of(file.as_bytes(), Some(&log.key)).map(|export| (export.entries, export.done_for));
    assert_eq!(read.ok(), Some((world(3, 24).entries.len(), 2)));
    let mut draw = Draw(11);
    for _ in 0..600 {
        let mut altered = file.clone().into_bytes();
        let place = draw.below(altered.len());
        let before = altered[place];
        altered[place] = b"abcXYZ0189,:{"[draw.below(13)];
        if altered[place] == before {
            continue;
        }
        let fault = Checked::of(&altered, Some(&log.key)).err();
        assert!(
            fault.is_some(),
            "byte {place}: {}",
            String::from_utf8_lossy(&altered[place.saturating_sub(40)..=place])
        );
    }
    for (from, to) in [("\"covers\"", "\"covers\" "), ("\"checkpoint\"", "\"more\":1,\"checkpoint\"")] {
        assert!(Checked::of(file.replace(from, to).as_bytes(), None).is_err(), "{from}");
    }
    let other = Log::of_origin("another.example/log", vec![]);
    assert_eq!(Checked::of(file.as_bytes(), Some(&other.key)).err(), Some(ExportFault::OtherKey));
}

#[test]
fn an_honest_export_holds_and_what_is_withheld_is_not_asked_for() {
    for seed in 0..20 {
        let world = world(seed, 60);
        let (log, file) = honest(&world);
        assert!(matches!(found(&file, &log), (None, None)), "seed {seed}");
    }
    // A day that has come: what was deferred until then is missing if it is not there.
    for (notice, is_missing) in [
        ("deferred until 2026-11-30", true),
        ("deferred until 2026-12-01", false),
        ("deferred until the selection is published", false),
    ] {
        let mut world = world(2, 40);
        let chosen = world.entries.remove(0);
        let number = chosen.0 as usize - 2;
        world.recorded[number] =
            world.recorded[number].replace(r#""notice":"owed""#, &format!(r#""notice":"{notice}""#));
        assert!(world.recorded[number].contains(notice), "seed without a refusal there");
        let (log, file) = honest(&world);
        let found = found(&file, &log).1;
        let missing = found.as_ref().and_then(export_fault);
        assert_eq!(missing, is_missing.then_some(&ExportFault::Missing(chosen.0)), "{notice}");
    }
}

#[test]
fn the_command_says_what_it_found() {
    let world = world(4, 40);
    let (log, file) = honest(&world);
    log.write("export.json", file.as_bytes());
    let place = |name: &str| log.folder.join(name).to_str().unwrap().to_owned();
    let (file_path, folder, key) = (place("export.json"), place(""), place("log.vkey"));
    let (code, out, err) = said(&["person", &file_path]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("the export is valid") && out.contains("give --log") && out.contains("give --vkey"), "{out}");
    std::fs::create_dir_all(log.folder.join("elsewhere")).unwrap();
    std::fs::rename(log.folder.join("export.json"), log.folder.join("elsewhere/export.json")).unwrap();
    let file_path = place("elsewhere/export.json");
    let (code, out, _) = said(&["person", &file_path, "--log", &folder, "--vkey", &key]);
    assert!(code == 0 && out.contains("missing in it") && out.contains(EXEMPT), "{out}");
    let (code, out, _) = said(&["person", &file_path, "--log", &folder, "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["export"]["entries"]), (0, &json!(world.entries.len())));
    let mut lying = world.clone();
    lying.entries.remove(0);
    let mut shown = Log::of_leaves(world.leaves());
    let lie = lying.export(&mut shown);
    shown.publish();
    shown.write("lie.json", lie.as_bytes());
    let lie = shown.folder.join("lie.json").to_str().unwrap().to_owned();
    let folder = shown.folder.to_str().unwrap().to_owned();
    let (code, _, err) = said(&["person", &lie, "--log", &folder]);
    assert!(code == 1 && err.contains("missing in the export"), "{err}");
    assert_eq!(said(&["person", "/nothing"]).0, 69);
    assert_eq!(said(&["person"]).0, 64);
}

#[test]
fn the_command_looks_into_the_right_log_of_a_set() {
    let world = world(4, 40);
    let (log, file) = honest(&world);
    let other = Log::of_origin("another.example/log", vec![open("another.example/log", 1)]);
    let directory = directory_of(&[&log, &other].map(|log| listed(log, at(0))));
    directory.write("export.json", file.as_bytes());
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let [file, key] = ["export.json", "log.vkey"].map(|name| text(directory.folder.join(name)));
    let [own, elsewhere, listed_in] = [&log, &other, &directory].map(|log| text(log.folder.clone()));
    let set = ["person", &file, "--directory", &listed_in, "--directory-vkey", &key];
    let (code, out, err) = said(&[&set[..], &["--log", &elsewhere, "--log", &own]].concat());
    assert!(code == 0 && out.contains("missing in it") && !out.contains("--vkey"), "{out}{err}");
    let (code, _, err) = said(&[&set[..], &["--log", &elsewhere]].concat());
    assert!(code == 1 && err.contains("was not given"), "{err}");
    // Without a log the key is the directory's.
    assert_eq!(said(&set).0, 0);
    let without = directory_of(&[listed(&other, at(0))]);
    let (folder, vkey) = (text(without.folder.clone()), text(without.folder.join("log.vkey")));
    let (code, _, err) = said(&["person", &file, "--directory", &folder, "--directory-vkey", &vkey]);
    assert!(code == 1 && err.contains("is not listed in the directory"), "{err}");
}

//! Each rule alone: what it takes for a word, and what is one too few.

use std::collections::HashSet;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Conduct, Period, ReviewPolicy, Word};
use crate::leaf::{Base64, peek};

/// A Wednesday's midnight where the departments are.
const MIDNIGHT: &str = "2026-11-03T16:00:00Z";

/// A record that is made leaf by leaf.
struct Record {
    conduct: Conduct,
    size: u64,
}

impl Record {
    fn new() -> Self {
        Self { conduct: Conduct::new(Offset::constant(8)), size: 0 }
    }

    /// A leaf of `housing`, so many minutes after midnight.
    fn leaf(&mut self, kind: &str, minute: i64, body: &Value) -> Uuid {
        let midnight: Timestamp = MIDNIGHT.parse().unwrap();
        let at = midnight + SignedDuration::from_mins(minute);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.size.to_be_bytes());
        let id = uuid::Builder::from_unix_timestamp_millis(1, &random).into_uuid();
        let actor = r#""actor":{"institution":"housing","certificate":"x"},"#;
        let actor = if kind == "query" { "" } else { actor };
        let head =
            format!(r#"{{"v":1,"kind":"{kind}","id":"{id}","at":"{at:.6}",{actor}"institution":"housing","seq":1,"#);
        let leaf = head + &body.to_string().replacen('{', "", 1);
        self.conduct.leaf(self.size, peek(leaf.as_bytes()).unwrap()).unwrap();
        self.size += 1;
        id
    }

    fn case(&mut self, state: &str, minute: i64, staff: &str, case: &str, person: u8) {
        let tag = json!(Base64([person; 32]));
        let body = json!({"state": state, "scenario": "rental", "case": case, "on": "2026-11-04", "operator": staff,
                          "subject": tag, "key": "data", "sealed": "AAAA", "commit": tag});
        self.leaf("case", minute, &body);
    }

    fn query(&mut self, minute: i64, case: &str, person: u8, code: Option<&str>) -> Uuid {
        let mut body = json!({"operator": "clerk", "scenario": "rental", "ground": {"statute": "x", "case": case},
            "catalogue": "x", "outcome": if code.is_some() { "refused" } else { "answered" },
            "subject": Base64([person; 32]), "key": "data"});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        self.leaf("query", minute, &body)
    }

    /// A query on an own case that a colleague decides: nothing explains it, and nothing speaks against it.
    fn own(&mut self, minute: i64, case: &str, person: u8) {
        self.case("opened", minute, "clerk", case, person);
        self.query(minute, case, person, None);
        self.case("decided", minute, "colleague", case, person);
    }

    fn words(&self, policy: &ReviewPolicy) -> Vec<Word> {
        let month = Period::parse("2026-11", Offset::constant(8)).unwrap();
        self.conduct.words(&month, policy, &HashSet::new()).into_iter().map(|(_, _, word)| word).collect()
    }

    #[track_caller]
    fn are_all(&self, count: usize, word: Word) {
        assert_eq!(self.words(&ReviewPolicy::default()), vec![word; count]);
    }
}

/// Ten in the morning.
const MORNING: i64 = 600;

#[test]
fn a_case_of_a_colleague_explains_its_person_alone_and_only_from_its_registration_on() {
    let mut record = Record::new();
    record.case("opened", MORNING, "desk", "7", 1);
    record.query(MORNING, "7", 1, None);
    record.query(MORNING, "7", 2, None);
    record.query(MORNING, "8", 3, None);
    record.case("opened", MORNING, "desk", "8", 3);
    assert_eq!(record.words(&ReviewPolicy::default()), [Word::Explained, Word::Suspicious, Word::Unexplained]);
}

#[test]
fn a_case_in_which_nobody_else_had_a_hand_is_suspicious() {
    for (decides, reports, word) in [
        ("colleague", "clerk", Word::Unexplained),
        ("clerk", "clerk", Word::Suspicious),
        ("clerk", "colleague", Word::Unexplained),
    ] {
        let mut record = Record::new();
        record.case("opened", MORNING, "clerk", "7", 1);
        let id = record.query(MORNING, "7", 1, None);
        record.case("decided", MORNING, decides, "7", 1);
        record.leaf("feedback", MORNING, &json!({"query": id, "operator": reports, "result": "none"}));
        record.are_all(1, word);
    }
}

#[test]
fn at_night_and_about_a_minor_it_is_suspicious_without_an_explanation() {
    let mut record = Record::new();
    record.own(22 * 60, "7", 1);
    record.own(3 * 24 * 60 + MORNING, "8", 2);
    record.are_all(2, Word::Suspicious);
    let around = ReviewPolicy { round_the_clock: vec!["housing".to_owned()], ..ReviewPolicy::default() };
    assert_eq!(record.words(&around), [Word::Unexplained; 2]);
    for (staff, word) in [("clerk", Word::Suspicious), ("desk", Word::Unexplained)] {
        let mut record = Record::new();
        record.query(MORNING, "7", 1, Some("subject-minor"));
        record.case("opened", MORNING, staff, "7", 1);
        record.are_all(1, word);
    }
}

#[test]
fn one_person_under_many_cases_and_many_persons_at_once_are_patterns() {
    for (cases, word) in [(2, Word::Unexplained), (3, Word::Suspicious)] {
        let mut record = Record::new();
        (0..cases).for_each(|case| record.own(MORNING, &format!("C{case}"), 1));
        record.are_all(cases, word);
    }
    for (persons, word) in [(19, Word::Unexplained), (20, Word::Suspicious)] {
        let mut record = Record::new();
        (0..persons).for_each(|person| record.own(MORNING + i64::from(person), &format!("C{person}"), person));
        record.are_all(usize::from(persons), word);
    }
}

#[test]
fn as_many_as_just_below_the_limit_of_a_day_are_a_pattern_and_no_other_number_is() {
    for (count, word) in
        [(54, Word::Unexplained), (55, Word::Suspicious), (60, Word::Suspicious), (61, Word::Unexplained)]
    {
        let mut record = Record::new();
        // From seven on, one in twelve minutes: no spike.
        (0..count).for_each(|one| record.own(7 * 60 + 12 * i64::from(one), &format!("C{one}"), one));
        record.are_all(usize::from(count), word);
    }
}

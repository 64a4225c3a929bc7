//! Each rule alone: what it takes for a word, and what is one too few.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Period, ReviewPolicy, Reviews, Word};
use crate::leaf::{Base64, peek};

/// A Wednesday's midnight where the departments are.
const MIDNIGHT: &str = "2026-11-03T16:00:00Z";

/// A record that is made leaf by leaf.
struct Record {
    reviews: Reviews,
    ids: Vec<Uuid>,
    size: u64,
}

impl Record {
    fn new() -> Self {
        Self { reviews: Reviews::new("log", Offset::constant(8)), ids: Vec::new(), size: 0 }
    }

    /// A leaf of `housing`, so many minutes after midnight.
    fn leaf(&mut self, kind: &str, minute: i64, body: &Value) -> Uuid {
        let midnight: Timestamp = MIDNIGHT.parse().unwrap();
        let at = midnight + SignedDuration::from_mins(minute);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.size.to_be_bytes());
        let id = uuid::Builder::from_unix_timestamp_millis(1, &random).into_uuid();
        let (kind, actor) = match kind {
            "query" => (kind, ""),
            "case again" => ("case", r#""actor":{"system":"credit-gateway"},"#),
            _ => (kind, r#""actor":{"institution":"housing","certificate":"x"},"#),
        };
        let head =
            format!(r#"{{"v":1,"kind":"{kind}","id":"{id}","at":"{at:.6}",{actor}"institution":"housing","seq":1,"#);
        let leaf = head + &body.to_string().replacen('{', "", 1);
        self.reviews.leaf(self.size, peek(leaf.as_bytes()).unwrap(), leaf.as_bytes()).unwrap();
        self.ids.extend((kind == "query").then_some(id));
        self.size += 1;
        id
    }

    fn case(&mut self, state: &str, minute: i64, staff: &str, case: &str, person: u8) {
        self.case_under("data", state, minute, staff, case, person);
    }

    /// The same under another data key; without a member of staff it is the gateway that says it again.
    fn case_under(&mut self, key: &str, state: &str, minute: i64, staff: &str, case: &str, person: u8) {
        let tag = json!(Base64([person; 32]));
        let body = json!({"state": state, "scenario": "rental", "case": case, "on": "2026-11-04", "operator": staff,
                          "subject": tag, "key": key, "sealed": "AAAA", "commit": tag});
        self.leaf(if staff.is_empty() { "case again" } else { "case" }, minute, &body);
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

    /// What an appointment of a person is written as, for the day after midnight.
    fn appointment(&mut self, minute: i64, staff: &str, person: u8, on: &str) {
        let tag = json!(Base64([person; 32]));
        let body = json!({"scenario": "rental", "on": on, "operator": staff, "subject": tag, "key": "data",
                          "sealed": "AAAA", "commit": tag});
        self.leaf("appointment", minute, &body);
    }

    /// When everything is known.
    fn words(&self, policy: &ReviewPolicy) -> Vec<Word> {
        self.words_at(policy, 40 * 24 * 60)
    }

    fn words_at(&self, policy: &ReviewPolicy, minute: i64) -> Vec<Word> {
        let month = Period::parse("2026-11", Offset::constant(8)).unwrap();
        let now = MIDNIGHT.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute);
        let open = self.reviews.words(&month, policy, now);
        let word =
            |id: &Uuid| open.iter().find(|(_, known, _)| known == id).map_or(Word::Explained, |(.., word)| *word);
        self.ids.iter().map(word).collect()
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
fn a_decision_under_the_key_of_the_next_month_is_one_about_the_person_of_this_one() {
    for (decided, words) in [
        (11, [Word::Unexplained, Word::Suspicious]),
        (12, [Word::Suspicious, Word::Unexplained]),
        (13, [Word::Suspicious; 2]),
    ] {
        let mut record = Record::new();
        for person in [1, 2] {
            record.case("opened", MORNING, "clerk", "7", person);
            record.query(MORNING, "7", person, None);
        }
        // Said again in their order: another key, so other tags.
        for person in [11, 12] {
            record.case_under("next", "opened", MORNING + 1, "", "7", person);
        }
        record.case_under("next", "decided", MORNING + 2, "colleague", "7", decided);
        assert_eq!(record.words(&ReviewPolicy::default()), words, "{decided}");
    }
}

#[test]
fn where_one_handles_a_case_alone_one_that_was_registered_before_and_decided_in_time_explains() {
    let one_window = ReviewPolicy { one_window: vec!["housing".to_owned()], ..ReviewPolicy::default() };
    let elsewhere = ReviewPolicy { one_window: vec!["another".to_owned()], ..ReviewPolicy::default() };
    for (registered, decided, word) in [
        (Some(MORNING), Some(MORNING + 30), Word::Explained),
        (Some(MORNING), None, Word::Suspicious),
        (None, Some(MORNING + 30), Word::Suspicious),
        (Some(MORNING), Some(21 * 24 * 60 + MORNING), Word::Suspicious),
    ] {
        let mut record = Record::new();
        registered.into_iter().for_each(|minute| record.case("opened", minute, "clerk", "7", 1));
        record.query(MORNING, "7", 1, None);
        record.case("opened", MORNING + 1, "clerk", "7", 1);
        decided.into_iter().for_each(|minute| record.case("decided", minute, "clerk", "7", 1));
        assert_eq!(record.words(&one_window), [word], "{registered:?} {decided:?}");
        assert_eq!(record.words(&elsewhere), [Word::Suspicious]);
        if word == Word::Explained {
            assert_eq!(record.words_at(&one_window, MORNING + 29), [Word::Unexplained], "it is not decided yet");
        }
    }
    let mut window = Record::new();
    for person in 0..20 {
        window.case("opened", MORNING + i64::from(person), "clerk", "7", person);
        window.query(MORNING + i64::from(person), "7", person, None);
        window.case("decided", MORNING + i64::from(person), "clerk", "7", person);
    }
    assert_eq!(window.words(&one_window), [Word::Explained; 20], "one follows another");
    let mut night = Record::new();
    night.case("opened", 22 * 60, "clerk", "7", 1);
    night.query(22 * 60, "7", 1, None);
    night.case("decided", 22 * 60, "clerk", "7", 1);
    assert_eq!(night.words(&one_window), [Word::Suspicious]);
}

#[test]
fn at_night_and_about_a_minor_it_is_suspicious_without_an_explanation() {
    let mut record = Record::new();
    record.own(22 * 60, "7", 1);
    record.own(3 * 24 * 60 + MORNING, "8", 2);
    record.are_all(2, Word::Suspicious);
    let around = ReviewPolicy { round_the_clock: vec!["housing".to_owned()], ..ReviewPolicy::default() };
    assert_eq!(record.words(&around), [Word::Unexplained; 2]);
    let weekends = ReviewPolicy { weekends: vec!["housing".to_owned()], ..ReviewPolicy::default() };
    assert_eq!(record.words(&weekends), [Word::Suspicious, Word::Unexplained], "on a Saturday, and not at night");
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

#[test]
fn an_appointment_that_a_colleague_registered_explains_its_day_and_person_alone() {
    for (staff, person, on, word) in [
        ("desk", 1, "2026-11-04", Word::Explained),
        ("clerk", 1, "2026-11-04", Word::Unexplained),
        ("desk", 2, "2026-11-04", Word::Unexplained),
        ("desk", 1, "2026-11-05", Word::Unexplained),
    ] {
        let mut record = Record::new();
        record.appointment(-60, staff, person, on);
        record.own(MORNING, "7", 1);
        record.are_all(1, word);
    }
    let mut late = Record::new();
    late.own(MORNING, "7", 1);
    late.appointment(MORNING, "desk", 1, "2026-11-04");
    late.are_all(1, Word::Unexplained);
}

#[test]
fn what_is_suspicious_is_so_at_once_or_when_it_is_known_and_stays_so() {
    let (policy, day) = (ReviewPolicy::default(), 24 * 60);
    let mut record = Record::new();
    record.query(22 * 60, "7", 1, None);
    record.query(MORNING, "8", 2, None);
    assert_eq!(record.words_at(&policy, 22 * 60), [Word::Suspicious, Word::Unexplained]);
    assert_eq!(record.words_at(&policy, 20 * day + MORNING), [Word::Suspicious, Word::Unexplained]);
    assert_eq!(record.words_at(&policy, 20 * day + MORNING + 1), [Word::Suspicious; 2]);
    // A decision that comes too late changes nothing any more.
    record.case("opened", 21 * day, "desk", "8", 2);
    record.case("decided", 21 * day, "colleague", "8", 2);
    assert_eq!(record.words_at(&policy, 22 * day), [Word::Suspicious; 2]);
    let mut many = Record::new();
    (0..55).for_each(|one| many.own(7 * 60 + 12 * i64::from(one), &format!("C{one}"), one));
    assert_eq!(many.words_at(&policy, day - 1), [Word::Unexplained; 55], "the day is not over");
    assert_eq!(many.words_at(&policy, day), [Word::Suspicious; 55]);
}

#[test]
fn what_became_suspicious_is_said_when_it_does() {
    let (policy, day) = (ReviewPolicy::default(), 24 * 60);
    let at = |minute| MIDNIGHT.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute);
    let mut record = Record::new();
    let left = record.query(MORNING, "8", 2, None);
    assert!(record.reviews.suspicious(&policy, at(MORNING)).is_empty());
    let night = record.query(22 * 60, "7", 1, None);
    assert_eq!(record.reviews.suspicious(&policy, at(22 * 60)), [night]);
    assert!(record.reviews.suspicious(&policy, at(20 * day + MORNING)).is_empty());
    assert_eq!(record.reviews.suspicious(&policy, at(20 * day + MORNING + 1)), [left, night]);
    assert!(record.reviews.suspicious(&policy, at(30 * day)).is_empty());
}

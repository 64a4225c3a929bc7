//! Whatever comes when, it is counted as one fold over all logs in the order of the set counts it.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::scratch::Scratch;

const OWN: &str = "example/b";
const LOGS: [&str; 3] = ["example/a", "example/b", "example/c"];

/// Small numbers by which a test is made up, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + i64::try_from(second).unwrap()).unwrap()
}

fn event(index: u64, second: u64, said: &Value) -> Event {
    serde_json::from_value(json!({"index": index, "at": at(second), "said": said})).unwrap()
}

/// What one leaf says, of few cases and persons, so that they meet.
fn said(dice: &mut Dice) -> Value {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let tag = STANDARD.encode([u8::try_from(dice.below(6)).unwrap(); 16]);
    let case = |state: &str, person: Value, nr: u64| {
        json!({"case": {"institution": "housing", "by_gateway": false, "state": state, "scenario": "s", "case": format!("C-{nr}"),
                        "on": "2026-11-30", "operator": "clerk", "person": person}})
    };
    let nr = dice.below(5);
    match dice.below(4) {
        0 => json!({"look-up": {"institution": "housing", "scenario": "s", "key": "data-1", "tag": tag}}),
        1 => case("opened", json!(["data-1", tag]), nr),
        2 => case("decided", json!(["data-1", tag]), nr),
        _ => case("decided", Value::Null, nr),
    }
}

fn handed_over(month: &str) -> Value {
    json!({"handed-over": {"month": month, "until": null}})
}

/// Three logs: of each, its leaves, some of which say nothing of cases.
fn made_up(seed: u64) -> Vec<Vec<(u64, Option<Event>)>> {
    let mut dice = Dice(seed);
    let mut log = |_| {
        let mut second = 0;
        let leaves = (0..60).map(|index| {
            second += dice.below(3);
            let says = dice.below(3) > 0;
            (second, says.then(|| event(index, second, &said(&mut dice))))
        });
        leaves.collect()
    };
    (0..3).map(&mut log).collect()
}

fn part(log: usize, leaves: &[(u64, Option<Event>)], from: usize, until: usize) -> Part {
    let events = leaves[from..until].iter().filter_map(|(_, event)| event.clone());
    Part {
        log: LOGS[log].to_owned(),
        begins: None,
        from: from as u64,
        until: until as u64,
        at: at(leaves[until - 1].0),
        is_all: until == leaves.len(),
        events: events.collect(),
    }
}

/// What `credit-audit` makes of it, which has everything at once: of what was recorded before a time.
fn in_order(logs: &[Vec<(u64, Option<Event>)>], before: Timestamp) -> CoverageFigures {
    let mut all: Vec<_> =
        logs.iter().enumerate().flat_map(|(log, leaves)| leaves.iter().map(move |leaf| (log, leaf))).collect();
    all.sort_by_key(|(log, (second, _))| (*second, *log));
    let mut fold = Coverage::of_set(Offset::UTC, LOGS.map(str::to_owned).into());
    for (log, (second, event)) in all {
        if at(*second) < before {
            event.iter().for_each(|event| fold.take(log, event.clone()));
        }
    }
    fold.figures(None)
}

fn begun(data: &Path) -> Together {
    let mut all = Together::new(data, OWN, Offset::UTC, (0, Timestamp::MIN));
    all.know(LOGS.map(str::to_owned).into());
    all
}

/// As far as everything is known, it is what the fold in order says; and it waits for whoever is behind.
#[track_caller]
fn is_right(all: &Together, logs: &[Vec<(u64, Option<Event>)>]) {
    let (figures, until) = (all.figures(None), all.until());
    let expected = in_order(logs, until.unwrap_or(Timestamp::MIN));
    assert_eq!((figures.departments, figures.misses), (expected.departments, expected.misses), "{until:?}");
    assert_eq!(figures.waiting, expected.waiting);
}

#[test]
fn whatever_comes_when_it_is_counted_in_the_order_of_the_set() {
    let mut missed = 0;
    for seed in 0..40 {
        let (logs, folder) = (made_up(seed), Scratch::new());
        let (mut all, mut dice, mut next) = (begun(folder.path()), Dice(seed + 1_000), [0, 0, 0]);
        while next != [60, 60, 60] {
            let log = usize::try_from(dice.below(3)).unwrap();
            let until = (next[log] + 1 + usize::try_from(dice.below(9)).unwrap()).min(60);
            if next[log] == 60 {
                continue;
            }
            match log {
                1 => (next[1]..until).for_each(|index| {
                    let (second, event) = logs[1][index].clone();
                    all.own_leaf(index as u64, at(second), event);
                }),
                log => {
                    assert_eq!(all.asks_from(LOGS[log]), Some(next[log] as u64));
                    all.take(LOGS[log], part(log, &logs[log], next[log], until)).unwrap();
                }
            }
            next[log] = until;
            all.advance();
            is_right(&all, &logs);
        }
        missed += all.figures(None).misses.len();
        // After a start what the others said is at hand, and only the own log is read again.
        let mut again = begun(folder.path());
        for (index, (second, event)) in logs[1].iter().enumerate() {
            again.own_leaf(index as u64, at(*second), event.clone());
        }
        again.advance();
        is_right(&again, &logs);
        assert_eq!(again.until(), all.until());
    }
    assert!(missed > 100, "{missed}: nothing is shown by this");
}

#[test]
fn what_is_not_said_by_its_log_in_its_order_is_not_counted() {
    let (logs, folder) = (made_up(7), Scratch::new());
    let mut all = begun(folder.path());
    all.take(LOGS[0], part(0, &logs[0], 0, 20)).unwrap();
    let right = part(0, &logs[0], 20, 40);
    let wrong = |change: &dyn Fn(&mut Part)| {
        let mut part = right.clone();
        change(&mut part);
        part
    };
    for wrong in [
        wrong(&|part| part.log = LOGS[2].to_owned()),
        wrong(&|part| part.from = 19),
        wrong(&|part| part.from = 21),
        wrong(&|part| part.until = 21),
        wrong(&|part| part.at = at(0)),
        wrong(&|part| part.at = ENDED),
        wrong(&|part| part.until = u64::MAX),
        wrong(&|part| part.events.reverse()),
        wrong(&|part| part.events.extend(vec![part.events[0].clone(); 20_000])),
        wrong(&|part| part.events[0] = event(part.events[0].index, 9_999, &handed_over(""))),
        wrong(&|part| {
            let second = u64::try_from(part.events[0].at.as_second() - 1_796_000_000).unwrap();
            part.events[0] = event(part.events[0].index, second, &handed_over(&"x".repeat(600)));
        }),
        part(0, &logs[0], 0, 20),
    ] {
        assert!(matches!(all.take(LOGS[0], wrong), Err(NotCounted::NoPart)));
    }
    assert!(matches!(all.take("example/d", right.clone()), Err(NotCounted::NoPart)));
    assert!(
        matches!(all.take(OWN, part(1, &logs[1], 0, 20)), Err(NotCounted::NoPart)),
        "the own log is read, not asked"
    );
    all.take(LOGS[0], right).unwrap();
    assert_eq!(all.until(), None, "one of them is not known at all");
}

#[test]
fn what_is_kept_and_damaged_is_asked_for_again() {
    let (logs, folder) = (made_up(3), Scratch::new());
    let mut all = begun(folder.path());
    for from in [0, 20, 40] {
        all.take(LOGS[0], part(0, &logs[0], from, from + 20)).unwrap();
    }
    let files = || fs::read_dir(folder.path().join("look-ups")).unwrap().map(|file| file.unwrap().path());
    let path = files().find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in [0, 5, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let mut again = begun(folder.path());
        for log in &mut again.logs {
            while log.read_on() {}
        }
        let from = usize::try_from(again.asks_from(LOGS[0]).unwrap()).unwrap();
        assert!(from < 60 && from % 20 == 0, "{from}");
        again.take(LOGS[0], part(0, &logs[0], from, 60)).unwrap();
        let last = fs::read(&path).unwrap();
        assert!(last.ends_with(b"}\n") && last.split(|byte| *byte == b'\n').count() > 2, "whole lines again");
    }
}

#[test]
fn of_a_log_that_let_records_go_the_month_that_is_whole_is_the_first_that_is_counted() {
    let (logs, folder) = (made_up(5), Scratch::new());
    let mut all = begun(folder.path());
    all.take(LOGS[0], part(0, &logs[0], 0, 20)).unwrap();
    let mut later = part(0, &logs[0], 40, 60);
    let whole_from = at(logs[0][50].0);
    later.begins = Some(Begins { leaf: 40, whole_from });
    all.take(LOGS[0], later).unwrap();
    all.take(LOGS[2], part(2, &logs[2], 0, 60)).unwrap();
    for (index, (second, event)) in logs[1].iter().enumerate() {
        all.own_leaf(index as u64, at(*second), event.clone());
    }
    all.advance();
    assert!(all.figures(None).misses.iter().all(|miss| miss.at >= whole_from));
    assert_eq!(all.counted()[0].size, 60);
}

#[test]
fn however_often_nothing_is_said_one_line_of_it_is_kept() {
    let (folder, mut logs) = (Scratch::new(), made_up(9));
    logs[0].iter_mut().skip(10).take(40).for_each(|(_, event)| *event = None);
    let mut all = begun(folder.path());
    for from in [0, 10, 20, 30, 40, 50] {
        all.take(LOGS[0], part(0, &logs[0], from, from + 10)).unwrap();
    }
    let files = || fs::read_dir(folder.path().join("look-ups")).unwrap().map(|file| file.unwrap().path());
    let path = files().find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 3, "its head, and what was said before and after");
    let mut again = begun(folder.path());
    while again.logs[0].read_on() {}
    assert_eq!(again.counted()[0], all.counted()[0]);
}

#[test]
fn of_a_log_that_ended_nothing_is_waited_for() {
    let (folder, logs) = (Scratch::new(), made_up(11));
    let whole = vec![part(2, &logs[2], 0, 30), part(2, &logs[2], 30, 60)];
    let all = begun(folder.path());
    assert!(!all.end("example/d", whole.clone(), 60).unwrap() && !all.end(OWN, whole.clone(), 60).unwrap());
    assert!(all.end(LOGS[2], whole, 60).unwrap());
    let mut all = begun(folder.path());
    all.take(LOGS[0], part(0, &logs[0], 0, 60)).unwrap();
    for (index, (second, event)) in logs[1].iter().enumerate() {
        all.own_leaf(index as u64, at(*second), event.clone());
    }
    all.advance();
    is_right(&all, &logs);
    let last = |log: usize| at(logs[log][59].0);
    assert_eq!((all.until(), all.asks_from(LOGS[2])), (Some(last(0).min(last(1))), None));
    // What comes later there is read once the others are there.
    while all.logs[2].read_on() {}
    assert!(all.counted()[2].ended && all.counted()[2].size == 60);
}

//! A mixed load over many people with histories of six months each: nobody is found where they do not belong, and every
//! loan is told the band that the history gives.
//!
//! The histories are made up, a few hundred; `CREDIT_TESTS_HISTORIES` names a file of real ones instead (CSV with the
//! columns ID, SEX, AGE, PAY_0, PAY_2 … PAY_6 of the credit-card clients of Yeh and Lien, 2009), for a hundred thousand
//! queries. Its people are nobody: the numbers are made here.

use std::{collections::BTreeMap, fs};

use credit_tests::{
    Caller, Folder, Gateway, Reply, plain,
    query::{look_up, with, without, wrong_check},
    request, run,
};
use hyper::Method;
use rusqlite::{Connection, params};
use serde_json::Value;

use super::{Needles, files, is_store};
use crate::{collector::Collector, consents};

/// Months of 2005, and the column that tells how late the payment was.
const MONTHS: [(u8, &str); 6] = [(9, "PAY_0"), (8, "PAY_2"), (7, "PAY_3"), (6, "PAY_4"), (5, "PAY_5"), (4, "PAY_6")];
/// By so many years the dates are moved.
const MOVED: u16 = 21;
const CALLERS: usize = 4;

/// One person's six months.
#[derive(Clone)]
struct History {
    number: String,
    /// Months late, by month.
    late: Vec<(u8, i8)>,
}

impl History {
    fn new(id: usize, male: bool, age: u16, late: Vec<(u8, i8)>) -> Self {
        let digits = format!(
            "99{:04}{:04}{:02}{:02}{:03}",
            id / 499 + 1,
            2005 - age,
            id % 12 + 1,
            id % 28 + 1,
            id % 499 * 2 + usize::from(male)
        );
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = b"10X98765432"[(sum % 11) as usize];
        Self { number: format!("{digits}{}", char::from(check)), late }
    }

    fn band(&self) -> &'static str {
        match self.late.iter().filter(|(_, months)| *months > 0).count() {
            0 => "none",
            1..=3 => "some",
            _ => "many",
        }
    }
}

/// Histories, and how many queries to make of them.
fn histories() -> (Vec<History>, usize) {
    let Some(path) = std::env::var_os("CREDIT_TESTS_HISTORIES") else {
        let made = |id: usize| {
            let late = |nr: usize| i8::try_from(id * (nr + 3) % 7).unwrap() - 3;
            let months = MONTHS.iter().enumerate().map(|(nr, (month, _))| (*month, late(nr)));
            History::new(id, id.is_multiple_of(2), 20 + u16::try_from(id % 50).unwrap(), months.collect())
        };
        return ((1..=300).map(made).collect(), 2_000);
    };
    let text = fs::read_to_string(&path).expect("the file that CREDIT_TESTS_HISTORIES names");
    let mut lines = text.lines();
    let columns: BTreeMap<&str, usize> =
        lines.next().unwrap().split(',').enumerate().map(|(at, name)| (name.trim_matches('"'), at)).collect();
    let read = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |name: &str| cells[columns[name]].parse::<f64>().unwrap() as i32;
        let late = MONTHS.iter().map(|(month, column)| (*month, i8::try_from(number(column)).unwrap()));
        History::new(number("ID") as usize, number("SEX") == 1, number("AGE") as u16, late.collect())
    };
    (lines.map(read).collect(), 100_000)
}

fn fill_store(folder: &Folder, histories: &[History]) {
    let mut store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    let transaction = store.transaction().unwrap();
    for history in histories {
        for (nr, (month, months)) in history.late.iter().enumerate().filter(|(_, (_, months))| *months > 0) {
            let severity = if *months < 3 { "minor" } else { "general" };
            let on = format!("{}-{month:02}-28", 2005 + MOVED);
            let record = "INSERT INTO record(number, class, nr, severity, act, determined, effect_end) \
                          VALUES (?1, 'credit-card-performance', ?2, ?3, ?4, ?4, ?4)";
            transaction.execute(record, params![history.number, nr as i64, severity, on]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// What one caller got: how many of each code, and everything that holds a number of somebody.
#[derive(Default)]
struct Seen {
    codes: BTreeMap<String, usize>,
    leaks: Vec<String>,
}

/// Every `CALLERS`th query from `first` on: six look-ups, three loans and a refusal in ten.
fn ask_all(folder: &Folder, histories: &[History], queries: usize, first: usize, needles: &Needles) -> Seen {
    let (housing, bank) = (folder.caller("housing"), folder.caller("bank"));
    let connect = |caller: Caller| async move {
        if first.is_multiple_of(2) { caller.http1().await.unwrap() } else { caller.http2().await.unwrap() }
    };
    let mut seen = Seen::default();
    run(async {
        let (mut housing, mut bank) = (connect(housing).await, connect(bank).await);
        for nr in (first..queries).step_by(CALLERS) {
            let history = &histories[nr / 10 * 7 % histories.len()];
            let number = history.number.as_str();
            let reply = match nr % 10 {
                0..=5 => housing.ask(&look_up(number)).await,
                6..=8 => {
                    let token = consents::token(folder, number, 1);
                    bank.send(consents::query(&token, &[("idempotency-key", &format!("{number}-{nr}"))])).await
                }
                _ => {
                    let body = refused(number, nr / 10);
                    let headers = [("content-type", "application/json"), ("user-agent", number)];
                    housing.send(request(Method::POST, "/v1/queries", &headers, body.to_string())).await
                }
            };
            seen.hear(&reply.expect("a reply"), history, needles);
        }
    });
    seen
}

/// A query that is refused, with the number in a place where none belongs.
fn refused(number: &str, nr: usize) -> Value {
    let body = look_up(number);
    match nr % 5 {
        0 => with(body, "operator", number),
        1 => with(body, "case", format!("no. {number}")),
        2 => with(body, "scenario", number),
        3 => without(body, "case"),
        _ => look_up(&wrong_check(number)),
    }
}

impl Seen {
    fn hear(&mut self, reply: &Reply, history: &History, needles: &Needles) {
        let text = format!("{:?}\n{}", reply.headers, reply.text());
        self.leaks.extend(needles.find(text.as_bytes()));
        let json = reply.json();
        if reply.status == 200 && json["scenario"] == "commercial-loan" {
            assert_eq!(json["data"]["card_overdue_band"], history.band(), "{:?}", history.late);
        }
        let code = json["code"].as_str().unwrap_or("answered").to_owned();
        *self.codes.entry(code).or_default() += 1;
    }
}

#[test]
fn nobody_is_found_after_a_mixed_load_over_many_histories() {
    let (histories, queries) = histories();
    let folder = Folder::new();
    fill_store(&folder, &histories);
    let collector = Collector::new();
    collector.of(&folder);
    let mut command = Gateway::serve_command(&folder);
    command.env("RUST_LOG", "debug");
    let gateway = Gateway::start(folder, command);
    let needles = Needles::new(histories.iter().map(|history| &history.number));
    let seen = std::thread::scope(|scope| {
        let callers = [0, 1, 2, 3].map(|first| {
            let (folder, histories, needles) = (gateway.folder(), &histories, &needles);
            scope.spawn(move || ask_all(folder, histories, queries, first, needles))
        });
        callers.map(|caller| caller.join().unwrap()).into_iter().fold(Seen::default(), |mut all, seen| {
            seen.codes.into_iter().for_each(|(code, count)| *all.codes.entry(code).or_default() += count);
            all.leaks.extend(seen.leaks);
            all
        })
    });
    assert_eq!(seen.leaks, [""; 0], "answers");
    assert_eq!(seen.codes.values().sum::<usize>(), queries);
    assert_eq!(seen.codes["answered"], queries / 10 * 9, "{:?}", seen.codes);
    let metrics = plain(gateway.folder().port_base() + 4, "GET", "/metrics").text();
    let (out, err) = (gateway.out().clone(), gateway.err().clone());
    let folder = gateway.stop();
    let (out, err, traces) = (out.all(), err.all(), collector.got());
    assert!(traces.len() > queries * 50 && err.len() > 10_000, "{} {}", traces.len(), err.len());
    for (what, bytes) in
        [("output", out.as_bytes()), ("logs", err.as_bytes()), ("metrics", metrics.as_bytes()), ("traces", &traces)]
    {
        assert_eq!(needles.find(bytes), None, "{what}");
    }
    let (stores, others): (Vec<_>, Vec<_>) = files(folder.path()).into_iter().partition(|file| is_store(file));
    for file in others {
        assert_eq!(needles.find(&fs::read(&file).unwrap()), None, "{}", file.display());
    }
    assert!(stores.iter().any(|file| needles.find(&fs::read(file).unwrap()).is_some()), "the search found no store");
}

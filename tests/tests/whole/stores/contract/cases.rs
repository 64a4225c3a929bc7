//! What a store may not do and may not answer, the same on every kind.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use credit_tests::{Authority, Folder, checked, query::look_up, run, stranger};
use serde_json::{Value, json};

use super::kinds::{Behind, KINDS, Kind, prepared};
use crate::stores::{BLACK, CLEAN, ask, refused};

/// Who each case is about.
struct People {
    clean: Vec<String>,
    black: String,
    late: Vec<String>,
}

impl People {
    fn of(folder: &Folder) -> Self {
        let (clean, late) = (folder.noted("clean"), folder.noted("late"));
        Self { clean, black: folder.person("black-listed", 1), late }
    }

    /// Rows that are none, each about one person. What the tables' own constraints refuse is not among them.
    fn spoilt(&self) -> [(&String, String); 5] {
        let [one, other, third, fourth] = [&self.clean[1], &self.black, &self.late[0], &self.late[1]];
        let fifth = &self.clean[3];
        [
            (
                one,
                format!(
                    "INSERT INTO record VALUES ('{one}', 'taxes', 70, 'minor', '2026-01-01', '2026-01-01', NULL, NULL, NULL, NULL, 0, NULL, NULL);"
                ),
            ),
            (
                other,
                format!(
                    "INSERT INTO record VALUES ('{other}', 'tax', 71, 'minor', '1800-01-01', '1800-01-01', NULL, NULL, NULL, NULL, 0, NULL, NULL);"
                ),
            ),
            (third, format!("UPDATE record SET class = 'no-such-class' WHERE number = '{third}';")),
            (fourth, format!("INSERT INTO listing VALUES ('{fourth}', 'black', 72, '1801-01-01', NULL, 0);")),
            // Before its day nothing counts: whoever typed a wrong year would clear the person.
            (
                fifth,
                format!(
                    "INSERT INTO record VALUES ('{fifth}', 'tax', 73, 'minor', '2126-01-01', '2126-01-01', NULL, NULL, NULL, NULL, 0, NULL, NULL);"
                ),
            ),
        ]
    }
}

#[test]
fn a_store_of_every_kind_keeps_the_contract() {
    let authority = Authority::new("an authority of the tests");
    for kind in KINDS {
        let people = People::of(&Folder::new());
        let change: String = people.spoilt().map(|(_, sql)| sql).concat();
        let folder = prepared(&authority, &BTreeSet::new(), &change);
        // The demo's own callers.
        folder.replace_in_config("authorities = \"own-ca.pem\"", "authorities = \"ca.pem\"");
        std::fs::copy(Folder::new().join("crl.pem"), folder.join("crl.pem")).unwrap();
        let behind = Behind::of(kind, folder);
        values(&behind, &people);
        together(&behind, &people);
        deadlines(&behind, &people);
    }
}

/// A missing person is no error; a value outside its domain is no answer, for its person alone.
fn values(behind: &Behind, people: &People) {
    let folder = behind.folder();
    assert_eq!(ask(folder, &people.clean[0]), CLEAN, "{:?}", behind.kind);
    assert_eq!(ask(folder, &folder.person("black-listed", 0)), BLACK, "{:?}", behind.kind);
    let nobody = folder.caller("housing").ask(&look_up(&stranger(3)));
    assert_eq!(nobody.status.as_u16(), 200, "{:?}: {}", behind.kind, nobody.text());
    for (number, sql) in people.spoilt() {
        // Over HTTP what was not asked for is passed over, whatever it is called.
        let is_another_class = sql.contains("'taxes'") || sql.contains("'no-such-class'");
        if is_another_class && matches!(behind.kind, Kind::Http { mapped: false }) {
            assert!(ask(folder, number).is_some(), "a row of another class was looked at");
        } else {
            refused(folder, number);
        }
    }
    let said = behind.gateway.err().text();
    assert!(people.spoilt().iter().all(|(number, _)| !said.contains(number.as_str())), "{:?}", behind.kind);
}

/// The lines of a batch may be looked up with one question: each has the answer that it has alone, and what is wrong with one
/// person's rows fails that person's lines and no other.
fn together(behind: &Behind, people: &People) {
    let folder = behind.folder();
    let caller = folder.caller("housing");
    let spoilt = people.spoilt().map(|(number, _)| number.clone());
    let sound = [people.clean[0].clone(), folder.person("black-listed", 0), stranger(3), people.clean[2].clone()];
    // Everybody twice, and the spoilt ones among the others.
    let numbers: Vec<_> =
        sound.iter().zip(&spoilt).flat_map(|(one, other)| [one, other, one]).cycle().take(24).collect();
    let lines = (1..).zip(&numbers).map(|(line, number)| {
        let mut asked = look_up(number);
        asked["line"] = json!(line);
        format!("{asked}\n")
    });
    let headers = [("content-type", "application/x-ndjson"), ("batch-id", "0f4e2a10-0000-4000-8000-00000000beef")];
    let reply = caller.send(hyper::Method::POST, "/v1/batches", &headers, lines.collect::<String>());
    let told = |answer: &Value| [&answer["data"], &answer["code"]].map(ToString::to_string);
    let answers = reply.text().lines().map(|line| told(&serde_json::from_str(line).unwrap())).collect::<Vec<_>>();
    assert_eq!(answers.len(), numbers.len(), "{:?}", behind.kind);
    for (line, (number, answer)) in (1..).zip(numbers.iter().zip(&answers)) {
        let alone = told(&caller.ask(&look_up(number)).json());
        assert!(*answer == alone, "{:?}: line {line} has another answer than alone", behind.kind);
    }
    let failed = answers.iter().filter(|answer| answer[1] == "\"store-failed\"").count();
    assert!((1..=8).contains(&failed), "{:?}: {failed}", behind.kind);
}

/// A busy store is late, within its deadline and on the record; who hung up leaves nothing behind, and the next is answered.
fn deadlines(behind: &Behind, people: &People) {
    let (folder, kind) = (behind.folder(), behind.kind);
    let busy = behind.busy();
    // A writer may be overtaken by what was seen before it came, for 5 ms (docs/0020 of the gateway).
    std::thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    let late = folder.caller("housing").ask(&look_up(&people.clean[0]));
    checked::refusal(folder, "housing", &late, 504, "store-timeout");
    assert!(began.elapsed() < Duration::from_secs(4), "{kind:?}: {:?}", began.elapsed());
    let caller = folder.caller("housing");
    run(async {
        let mut connection = caller.http1().await.unwrap();
        let body = look_up(&people.clean[0]).to_string();
        let headers = [("content-type", "application/json")];
        let asked = credit_tests::request(hyper::Method::POST, "/v1/queries", &headers, body);
        let answer = tokio::time::timeout(Duration::from_millis(200), connection.send(asked)).await;
        assert!(answer.is_err(), "{kind:?}: a busy store answered");
    });
    drop(busy);
    let began = Instant::now();
    assert_eq!(ask(folder, &people.clean[0]), CLEAN, "{kind:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{kind:?}: {:?}", began.elapsed());
}

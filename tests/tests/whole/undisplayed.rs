//! What does not count shows nowhere: through a running gateway, every scenario is asked about people who differ only in
//! records and entries that are expired, repaired, not displayed, not determined yet, sealed or of a forbidden class; those
//! of the person and of the public through their own door. The answers are the same byte for byte, and the leaves of the
//! same length.
//!
//! The length of the sealed part is the scenario's: that of somebody of whom the store holds as much as it may, and of
//! a refusal, is no other.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{Catalogue, Sensitivity, Severity, catalogue};
use credit_tests::{Folder, Gateway, Leaf, Reply, checked, run, stranger, wire};
use hyper::Method;
use jiff::{ToSpan, civil::Date};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::{
    persons::{self, Browser},
    scenario_matrix::{Desk, Row, id_of, with_every_kind},
};

/// Members of an answer that differ from query to query, whoever is asked about.
const OF_THE_QUERY: [&str; 4] = ["query", "ground", "subject", "receipt"];
/// Members of a leaf that may differ; of a consent, its token and its times too. Their lengths may not.
const OF_THE_LEAF: [&str; 9] = ["id", "at", "seq", "subject", "answer", "sealed", "commit", "ground", "inputs"];
/// Of every class and severity so many: together more than fits into a sealed part.
const MANY: usize = 4;

/// A number of somebody who was born between 1960 and 1974.
fn adult(nr: u16) -> String {
    stranger(nr / 15 * 40 + nr % 15)
}

/// The store, and the day of the gateway.
struct Store {
    connection: Connection,
    rows: Cell<u32>,
    today: Date,
    rules: Catalogue,
}

/// The dates of a record: act, determination, end of sentence and of effect, repair and its revocation, performance.
type Dates = [Option<Date>; 7];

impl Store {
    /// Of nobody, until something is put into it.
    fn of_nobody(folder: &Folder) -> Self {
        let rules = Catalogue::load(&catalogue::shipped()).expect("the shipped catalogue");
        let connection = Connection::open(folder.join("data/store.sqlite")).unwrap();
        connection.execute_batch("DELETE FROM record; DELETE FROM listing; DELETE FROM attribute; BEGIN").unwrap();
        Self { today: rules.today(SystemClock::new().now()), connection, rows: Cell::new(0), rules }
    }

    fn next(&self) -> u32 {
        self.rows.set(self.rows.get() + 1);
        self.rows.get()
    }

    fn record(&self, number: &str, class: &str, severity: Severity, dates: Dates, disputed: bool) {
        let nr = self.next();
        let [act, determined, sentence, effect, repaired, revoked, performed] =
            dates.map(|day| day.map(|day| day.to_string()));
        let row = params![
            number,
            class,
            nr,
            severity.as_str(),
            act,
            determined,
            sentence,
            effect,
            repaired,
            revoked,
            disputed,
            performed
        ];
        let sql = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL)";
        let mut insert = self.connection.prepare_cached(sql).unwrap();
        insert.execute(row).unwrap_or_else(|error| panic!("{class}: {error}"));
    }

    fn listing(&self, number: &str, list: &str, from: Date, until: Option<Date>, disputed: bool) {
        let nr = self.next();
        let row = params![number, list, nr, from.to_string(), until.map(|day| day.to_string()), disputed];
        self.connection.execute("INSERT INTO listing VALUES (?1, ?2, ?3, ?4, ?5, ?6)", row).unwrap();
    }

    fn attribute(&self, number: &str, field: &str, value: &Value) {
        let row = params![number, field, value.to_string()];
        self.connection.execute("INSERT INTO attribute VALUES (?1, ?2, ?3)", row).unwrap();
    }

    /// What counts, of most people: some of it bad, some good, one thing disputed.
    fn ordinary(&self, number: &str) {
        let lately = self.today - 20.days();
        let day = [Some(lately), Some(lately), None, None, None, None, None];
        for class in ["tax", "court-judgment", "traffic-violation", "loan-overdue", "volunteer-service"] {
            self.record(number, class, Severity::Serious, day, class == "tax");
        }
        self.listing(number, "red", lately, None, false);
        self.attribute(number, "score", &json!(642));
    }

    /// Everything that counts nowhere: of every class and severity what is over, repaired, not determined yet or, of
    /// somebody under 18, sealed; entries on each list that are over; and what no store should have at all.
    fn what_does_not_count(&self, number: &str, times: usize) {
        let (old, today) = (jiff::civil::date(1999, 3, 1), self.today);
        let lately = today - 20.days();
        let later = Some(old + 2.days());
        // Some orders end with nothing but their performance.
        let expired = [Some(old), Some(old), Some(old + 1.day()), later, None, None, later];
        let repaired = [Some(lately), Some(lately), None, None, Some(lately + 1.day()), None, None];
        let repaired_still = [Some(lately), Some(lately), None, None, Some(lately), Some(today + 30.days()), None];
        let undetermined = [Some(lately), Some(today + 1.day()), None, None, None, None, None];
        let of_a_child = [Some(jiff::civil::date(1976, 1, 1)), Some(lately), None, Some(lately), None, None, None];
        for class in self.rules.classes().filter(|class| class.holds_records()) {
            let name = class.name().as_str();
            for severity in Severity::ALL {
                let mut all = vec![expired, repaired, repaired_still, undetermined];
                if class.sensitivity() == Sensitivity::Adverse {
                    all.push(of_a_child);
                }
                for dates in all.into_iter().flat_map(|dates| vec![dates; times]) {
                    self.record(number, name, *severity, dates, true);
                }
            }
        }
        let never = [Some(lately), Some(today), None, None, None, None, None];
        for class in ["administrative-penalty", "tax", "traffic-violation", "wage-arrears"] {
            self.record(number, class, Severity::Minor, never, true);
        }
        let by_name = ["summary-penalty", "remedied-penalty", "pending-penalty"];
        let forbidden = ["religion", "disease", "confidential-source", "public-security-penalty", "juvenile-offence"];
        for class in by_name.into_iter().chain(forbidden) {
            for severity in Severity::ALL {
                self.record(number, class, *severity, never, true);
            }
        }
        for list in ["red", "grey", "black"] {
            self.listing(number, list, old, Some(today), true);
            self.listing(number, list, today + 1.day(), None, true);
            if list != "red" {
                self.listing(number, list, old, None, true);
                self.listing(number, list, jiff::civil::date(1976, 1, 1), None, true);
            }
        }
        self.attribute(number, "religion", &json!("a text that is in no domain"));
    }

    /// As much as the data list lets a store hold of one person, each value as long as it may be.
    fn as_much_as_there_may_be(&self, number: &str) {
        let lately = self.today - 20.days();
        let day = [Some(lately), Some(lately), Some(lately), Some(self.today + 99.days()), None, Some(lately), None];
        for class in self.rules.classes().filter(|class| class.holds_records()) {
            (0..MANY).for_each(|_| self.record(number, class.name().as_str(), Severity::Serious, day, true));
        }
        ["red", "grey", "black"].into_iter().for_each(|list| self.listing(number, list, lately, None, true));
        for (field, value) in longest_values(number) {
            self.attribute(number, &field, &value);
        }
    }

    fn close(self) {
        self.connection.execute_batch("COMMIT").unwrap();
    }
}

/// Of each attribute of the data list the value that is written longest.
fn longest_values(number: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (_, text) in catalogue::shipped().iter().filter(|(path, _)| path.starts_with("data-list/")) {
        let row: toml::Table = text.parse().unwrap();
        let fields = row.get("field").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for field in fields.iter().filter(|field| field.get("type").is_some()) {
            let name = field["name"].as_str().unwrap();
            let texts = field.get("values").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            let texts = texts.iter().map(|text| {
                text.as_str().or_else(|| text.get("value").and_then(toml::Value::as_str)).unwrap().to_owned()
            });
            let value = match (field["type"].as_str().unwrap(), name) {
                (_, "citizen_number") => json!(number),
                ("yes-no", _) => json!(false),
                ("whole-number", _) => json!(field["most"].as_integer().unwrap()),
                (_, _) => match field.get("longest").and_then(toml::Value::as_integer) {
                    // Four bytes a character.
                    Some(longest) => json!("𠀀".repeat(usize::try_from(longest).unwrap())),
                    None => json!(texts.max_by_key(String::len).unwrap()),
                },
            };
            all.insert(name.to_owned(), value);
        }
    }
    assert!(all.len() > 25, "{}", all.len());
    all
}

/// What everybody is called who has a name.
const NAME: &str = "测试乙丙";

/// People who are alike but for what does not count.
struct People {
    nothing: [String; 3],
    ordinary: [String; 3],
    /// Of whom something is public.
    listed: [String; 3],
    most: String,
    minor: String,
}

fn people(folder: &Folder) -> People {
    let store = Store::of_nobody(folder);
    let (nothing, ordinary, listed) = ([0, 1, 2].map(adult), [3, 4, 5].map(adult), [7, 8, 9].map(adult));
    ordinary.iter().for_each(|number| store.ordinary(number));
    for number in &listed {
        store.listing(number, "black", store.today - 20.days(), None, false);
    }
    for group in [&nothing, &ordinary, &listed] {
        group.iter().for_each(|number| store.attribute(number, "name", &json!(NAME)));
        store.what_does_not_count(&group[1], 1);
        store.what_does_not_count(&group[2], MANY);
    }
    let most = adult(6);
    store.as_much_as_there_may_be(&most);
    store.close();
    People { nothing, ordinary, listed, most, minor: folder.noted("minor").swap_remove(0) }
}

/// An answer without what names the query, and the lengths of that.
fn masked(reply: &Reply) -> (Vec<(String, String)>, Vec<usize>) {
    let (of_query, of_person): (Vec<_>, Vec<_>) =
        wire::members(&reply.body).into_iter().partition(|(key, _)| OF_THE_QUERY.contains(&key.as_str()));
    // The index counts up, and has more digits later.
    let digits = reply.index().to_string().len();
    let lengths = of_query.iter().map(|(key, value)| if key == "receipt" { value.len() - digits } else { value.len() });
    (of_person, lengths.collect())
}

fn headers(reply: &Reply) -> Vec<(String, String)> {
    let of = |name: &str| !["date", "content-length"].contains(&name);
    let all = reply.headers.iter().filter(|(name, _)| of(name.as_str()));
    all.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

fn assert_alike(scenario: &str, asked: &[(&Reply, &Leaf)]) {
    let (model, model_leaf) = asked[0];
    for (reply, leaf) in asked {
        assert_eq!(masked(reply), masked(model), "{scenario}");
        assert_eq!(headers(reply), headers(model), "{scenario}");
        let digits = |leaf: &Leaf| leaf.json["seq"].to_string().len();
        assert_eq!(leaf.bytes.len() - digits(leaf), model_leaf.bytes.len() - digits(model_leaf), "leaf of {scenario}");
        let (own, others) = (wire::members(&leaf.bytes), wire::members(&model_leaf.bytes));
        assert_eq!(own.len(), others.len(), "{scenario}");
        for ((key, value), (other_key, other)) in own.iter().zip(&others) {
            assert_eq!(key, other_key, "{scenario}");
            if key == "seq" {
                continue;
            }
            assert_eq!(value.len(), other.len(), "the length of `{key}` in the leaf of {scenario}");
            let by_consent = leaf.json["ground"].get("consent").is_some();
            if !OF_THE_LEAF.contains(&key.as_str()) || (key == "inputs" && !by_consent) {
                assert_eq!(value, other, "`{key}` in the leaf of {scenario}");
            }
        }
    }
}

/// What came back of one scenario: of each group of people who are alike, and of the others.
struct Asked {
    scenario: String,
    institution: String,
    alike: Vec<Vec<Reply>>,
    most: Reply,
    refused: [(Reply, &'static str); 2],
}

/// One scenario by the first kind that may ask, for all its fields.
async fn ask(gateway: &Arc<Gateway>, row: &Row, people: &People) -> Asked {
    let kind = row.kinds[0].as_str();
    let mut desk = Desk::open(gateway, kind).await;
    let all: Vec<_> = row.fields.iter().map(String::as_str).collect();
    let mut alike = Vec::new();
    for group in [&people.nothing, &people.ordinary] {
        let mut replies = Vec::new();
        for number in group {
            replies.push(desk.ask(row, number, Some(&all), None).await);
        }
        alike.push(replies);
    }
    let most = desk.ask(row, &people.most, Some(&all), None).await;
    let minor = desk.ask(row, &people.minor, Some(&all), None).await;
    let other_field = desk.ask(row, &people.most, Some(&all), Some(&["citizen_number"])).await;
    let refused = [(minor, "subject-minor"), (other_field, "field-not-allowed")];
    Asked { scenario: row.name.clone(), institution: id_of(kind), alike, most, refused }
}

/// The leaf of an answer or of a refusal, whose receipt is of it.
fn leaf_of<'a>(leaves: &'a [Leaf], institution: &str, reply: &Reply, status: u16, code: &str) -> &'a Leaf {
    assert_eq!(reply.status, status, "{}", reply.text());
    let leaf = &leaves[usize::try_from(reply.index()).unwrap()];
    checked::receipt(institution, reply, leaf);
    assert_eq!(leaf.text("code"), code);
    leaf
}

/// The answers are alike, and all sealed parts of one length.
fn assert_alike_and_of_one_length(leaves: &[Leaf], asked: &Asked) {
    let Asked { scenario, institution, alike, most, refused } = asked;
    let answered = |reply: &Reply| leaf_of(leaves, institution, reply, 200, "");
    let sealed = |leaf: &Leaf| STANDARD.decode(leaf.text("sealed")).unwrap().len();
    let mut lengths = vec![sealed(answered(most))];
    for (reply, code) in refused {
        lengths.push(sealed(leaf_of(leaves, institution, reply, 403, code)));
    }
    for replies in alike {
        let own: Vec<_> = replies.iter().map(|reply| (reply, answered(reply))).collect();
        lengths.extend(own.iter().map(|(_, leaf)| sealed(leaf)));
        assert_alike(scenario, &own);
    }
    assert!(lengths[0] > 1_000 && lengths.iter().all(|length| *length == lengths[0]), "{scenario}: {lengths:?}");
}

#[test]
fn what_does_not_count_changes_no_answer_and_no_length_in_any_scenario() {
    let folder = Folder::new();
    let people = people(&folder);
    let gateway = Arc::new(with_every_kind(folder));
    let rows: Vec<_> = Row::all().into_iter().filter(|row| !row.kinds.is_empty()).collect();
    assert!(rows.len() >= 38, "{}", rows.len());
    let asked = run(async {
        let mut asked = Vec::new();
        for row in &rows {
            asked.push(ask(&gateway, row, &people).await);
        }
        asked
    });
    let leaves = gateway.folder().leaves();
    for asked in &asked {
        assert_alike_and_of_one_length(&leaves, asked);
    }
    let differ = |asked: &&Asked| masked(&asked.alike[0][0]) != masked(&asked.alike[1][0]);
    assert!(asked.iter().filter(differ).count() > 30, "the comparison does not see what counts");
}

/// What is the same for people who are alike: all but the number, as far as it is shown.
fn without_names(mut told: Value) -> String {
    let lengths = |value: &mut Value| *value = json!(value.as_str().map(str::len));
    told.get_mut("number").into_iter().for_each(lengths);
    told.get_mut("data").and_then(|data| data.get_mut("citizen_number")).into_iter().for_each(lengths);
    told.to_string()
}

/// The length of the leaf of every question of that kind of asker, which is one.
fn one_length(folder: &Folder, asker: &str) -> usize {
    let leaves: Vec<_> = folder.leaves().into_iter().filter(|leaf| leaf.json["inputs"]["kind"] == asker).collect();
    assert!(
        leaves.iter().all(|leaf| leaf.bytes.len() == leaves[0].bytes.len()),
        "a leaf for {asker} tells by its length"
    );
    leaves.len()
}

/// Beside its answer a report lists the records of the own file, whether they count or not: the person may see them, and
/// nobody else.
#[test]
fn what_does_not_count_changes_no_report_and_no_disclosure() {
    let folder = Folder::new();
    let people = people(&folder);
    let (gateway, service) = persons::serve(folder);
    let folder = gateway.folder();
    let mut groups = Vec::new();
    for group in [&people.nothing, &people.ordinary, &people.listed] {
        let told = group.each_ref().map(|number| {
            service.person(number);
            let own = Browser::new(folder);
            drop(own.log_in());
            let mut report = own.json("/me/report").json();
            let report = ["data", "marks"].map(|key| (key.to_owned(), report[key].take()));
            let question = json!({"name": NAME, "number": number});
            let published = Browser::new(folder).send_json(Method::POST, "/public/disclosures", &question);
            let report = without_names(report.into_iter().collect::<serde_json::Map<_, _>>().into());
            (report, without_names(published.json()))
        });
        assert!(told.iter().all(|one| *one == told[0]), "a report or a disclosure tells what does not count");
        groups.push(told[0].clone());
    }
    let [(nothing, unlisted), (ordinary, also_unlisted), (listed, published)] = &groups[..] else { unreachable!() };
    assert!(nothing != ordinary && ordinary != listed, "the comparison does not see what counts");
    assert!(unlisted == also_unlisted && unlisted != published && published.contains("black-list"), "{published}");
    assert_eq!((one_length(folder, "person"), one_length(folder, "public")), (9, 9));
}

//! The same people in a store of every kind: the gateway's own form of it, and tables or an interface behind a map.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    sync::{Arc, Mutex},
};

use credit_policy::{Catalogue, catalogue};
use credit_tests::{Authority, Folder, Gateway, Wish, postgres::Server};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    peers::{ENDS, PEER, Pair},
    scenario_matrix::id_of,
    stores::http::{
        Truth, behind,
        service::{Asked, Service, Step, ok},
    },
};

/// Every kind.
pub(super) const KINDS: [Kind; 7] = [
    Kind::Sqlite { mapped: false },
    Kind::Sqlite { mapped: true },
    Kind::Postgres { mapped: false },
    Kind::Postgres { mapped: true },
    Kind::Http { mapped: false },
    Kind::Http { mapped: true },
    Kind::Gateway,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite { mapped: bool },
    Postgres { mapped: bool },
    Http { mapped: bool },
    Gateway,
}

/// A gateway in front of a store of one kind.
pub(super) struct Behind {
    pub(super) kind: Kind,
    pub(super) gateway: Arc<Gateway>,
    /// What keeps the store busy until it is dropped.
    busy: Box<dyn Fn() -> Box<dyn Send>>,
}

impl Behind {
    /// A store of this kind with the rows of the folder's own.
    pub(super) fn of(kind: Kind, folder: Folder) -> Self {
        let facts = Facts::of(&folder);
        match kind {
            Kind::Sqlite { mapped } => {
                let path = folder.join("data/store.sqlite");
                if mapped {
                    Connection::open(&path).unwrap().execute_batch(&facts.sql(false)).unwrap();
                    facts.is_map_of(&folder, "path = \"data/store.sqlite\"\n");
                }
                let busy = move || -> Box<dyn Send> {
                    let store = Connection::open(&path).unwrap();
                    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
                    Box::new(store)
                };
                Self { kind, gateway: Arc::new(Gateway::serve(folder)), busy: Box::new(busy) }
            }
            Kind::Postgres { mapped } => {
                let server = Server::shared();
                let database = server.seeded(&folder);
                server.serve_from(&folder, &database);
                if mapped {
                    drop(server.sql(&database, &facts.sql(true)).held());
                    facts.is_map_of(&folder, "authorities = \"postgres-ca.pem\"\n");
                }
                let busy = move || -> Box<dyn Send> { Box::new(Locked::new(&database)) };
                Self { kind, gateway: Arc::new(Gateway::serve(folder)), busy: Box::new(busy) }
            }
            Kind::Gateway => {
                let ends = ends(&folder);
                let pair = Pair::with_folder(folder, |second, first| {
                    fs::copy(first.join("data/store.sqlite"), second.join("data/store.sqlite")).unwrap();
                    second.edit_config(|config| config.replace(ENDS, &ends));
                    second.set_of_institution(
                        PEER,
                        "rate_per_s = 500\nburst = 1000\n",
                        "rate_per_s = 100000\nburst = 100000\n",
                    );
                });
                let Pair { first, second } = pair;
                let busy = move || -> Box<dyn Send> {
                    let store = Connection::open(second.folder().join("data/store.sqlite")).unwrap();
                    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
                    Box::new(store)
                };
                Self { kind, gateway: Arc::new(first), busy: Box::new(busy) }
            }
            Kind::Http { mapped } => {
                let truth = Arc::new(Truth::of(&folder));
                let held = Arc::new(Mutex::new(()));
                let (answers, waits) = (Arc::clone(&truth), Arc::clone(&held));
                let service = Service::plain(move |asked| {
                    drop(waits.lock().unwrap());
                    if mapped { rows(&answers, asked) } else { answers.answer(asked) }
                });
                behind(&folder, &service.url(), "");
                if mapped {
                    facts.is_map_of(&folder, &format!("url = \"{}\"\n", service.url()));
                }
                let busy = move || -> Box<dyn Send> { Box::new(Held::new(&held)) };
                Self { kind, gateway: Arc::new(Gateway::serve(folder)), busy: Box::new(busy) }
            }
        }
    }

    /// Keeps the store from answering until what is returned is dropped.
    pub(super) fn busy(&self) -> Box<dyn Send> {
        (self.busy)()
    }

    pub(super) fn folder(&self) -> &Folder {
        self.gateway.folder()
    }
}

/// Every institution of the folder, as another gateway lists it.
fn ends(folder: &Folder) -> String {
    let config = fs::read_to_string(folder.config()).unwrap();
    let of = |line: Option<&str>| line.and_then(|line| line.split('"').nth(1)).unwrap().to_owned();
    let tables = config.split("[[institution]]\n").skip(1);
    let all: Vec<_> = tables
        .map(|table| {
            let mut lines = table.lines();
            format!("{}:{}", of(lines.next()), of(lines.find(|line| line.starts_with("kind ="))))
        })
        .collect();
    format!("{all:?}")
}

/// A table that another program has locked.
struct Locked(Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>);

impl Locked {
    fn new(database: &str) -> Self {
        let (sender, ended) = std::sync::mpsc::channel();
        let (tell, locked) = std::sync::mpsc::channel();
        let database = database.to_owned();
        let thread = std::thread::spawn(move || {
            let lock = "BEGIN; LOCK TABLE record, listing, attribute IN ACCESS EXCLUSIVE MODE;\n";
            Server::shared().session(&database, lock, || {
                tell.send(()).unwrap();
                ended.recv().unwrap_err();
            });
        });
        locked.recv().unwrap();
        Self(Some((sender, thread)))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let (sender, thread) = self.0.take().unwrap();
        drop(sender);
        thread.join().unwrap();
    }
}

/// A service that answers nobody.
struct Held(Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>);

impl Held {
    fn new(held: &Arc<Mutex<()>>) -> Self {
        let (sender, ended) = std::sync::mpsc::channel::<()>();
        let (tell, taken) = std::sync::mpsc::channel();
        let held = Arc::clone(held);
        let thread = std::thread::spawn(move || {
            let _held = held.lock().unwrap();
            tell.send(()).unwrap();
            ended.recv().unwrap_err();
        });
        taken.recv().unwrap();
        Self(Some((sender, thread)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (sender, thread) = self.0.take().unwrap();
        drop(sender);
        thread.join().unwrap();
    }
}

/// What an interface of three sources answers.
fn rows(truth: &Truth, asked: &Asked) -> Vec<Step> {
    let person = truth.about(asked.body["citizen_number"].as_str().unwrap());
    let rows = match asked.head.split(' ').nth(1).unwrap() {
        "/credit/record" => person["records"].clone(),
        "/credit/listing" => person["listings"].clone(),
        "/credit/facts" => {
            let mut facts = person["attributes"].clone();
            facts["number"] = person["citizen_number"].clone();
            let knows = facts.as_object().unwrap().len() > 1;
            if knows { json!([facts]) } else { json!([]) }
        }
        other => panic!("{other}"),
    };
    ok(json!({"rows": rows}).to_string().as_bytes())
}

/// The attributes of a store: fields, and what their values are.
struct Facts {
    forms: BTreeMap<String, &'static str>,
    classes: BTreeSet<String>,
}

impl Facts {
    fn of(folder: &Folder) -> Self {
        let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
        let mut forms = BTreeMap::new();
        let mut statement = store.prepare("SELECT DISTINCT field, value FROM attribute").unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let value: Value = serde_json::from_str(&row.get::<_, String>(1).unwrap()).unwrap();
            let form = match value {
                Value::Bool(_) => "code",
                Value::Number(_) => "whole-number",
                _ => "text",
            };
            let field = row.get(0).unwrap();
            let entry = forms.entry(field).or_insert(form);
            if !value.is_null() {
                *entry = form;
            }
        }
        let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
        let classes = catalogue.classes().filter(|class| class.holds_records());
        let classes = classes.map(|class| class.name().as_str().to_owned()).collect();
        Self { forms, classes }
    }

    /// A table with a row a person and a column a field, as SQL; PostgreSQL's has types.
    fn sql(&self, is_postgres: bool) -> String {
        let mut sql = "CREATE TABLE facts AS SELECT number".to_owned();
        for (field, form) in &self.forms {
            let value = match (is_postgres, *form) {
                (false, _) => "value ->> '$'".to_owned(),
                (true, "whole-number") => "(value::json #>> '{}')::numeric(20,2)".to_owned(),
                (true, _) => "value::json #>> '{}'".to_owned(),
            };
            write!(sql, ", max(CASE WHEN field = '{field}' THEN {value} END) AS {field}").unwrap();
        }
        sql += " FROM attribute GROUP BY number; CREATE INDEX facts_number ON facts(number);";
        if is_postgres {
            sql += "ALTER TABLE facts ALTER number TYPE char(18); GRANT SELECT ON facts TO credit_reader;";
        }
        sql
    }

    /// Writes the map, and names it behind a line of the configuration.
    fn is_map_of(&self, folder: &Folder, behind: &str) {
        fs::write(folder.join("contract.toml"), self.map()).unwrap();
        folder.replace_in_config(behind, &format!("{behind}map = \"contract.toml\"\n"));
    }

    fn map(&self) -> String {
        let mut map = "map = \"contract\"\ntitle = { zh = \"约定\", en = \"The contract\" }\n".to_owned();
        let source = |name: &str| {
            format!(
                "[[source]]\nname = \"{name}\"\ntable = \"{name}\"\nkey = \"number\"\n\
                 request = {{ method = \"POST\", path = \"/{name}\", body = '{{\"citizen_number\":\"{{citizen_number}}\"}}', \
                 rows = [\"rows\"] }}\n[source.columns]\nnumber = {{ form = \"citizen-number\" }}\n"
            )
        };
        let day = |name: &str, may_miss: bool| {
            let none = if may_miss { ", none = [\"\"]" } else { "" };
            format!("{name} = {{ form = \"yyyy-mm-dd\"{none} }}\n")
        };
        let disputed = "state = [{ column = \"disputed\", codes = { \"0\" = \"in-force\", \"false\" = \"in-force\", \
                        \"1\" = \"disputed\", \"true\" = \"disputed\" } }]\n";
        map += &source("record");
        for (name, may_miss) in [
            ("act", false),
            ("determined", false),
            ("sentence_end", true),
            ("effect_end", true),
            ("repaired", true),
            ("repair_revoked", true),
        ] {
            map += &day(name, may_miss);
        }
        map += "class = { form = \"code\" }\nseverity = { form = \"code\" }\ndisputed = { form = \"code\" }\n[[source.record]]\n";
        let classes: Vec<_> = self.classes.iter().map(|class| format!("{class:?} = {class:?}")).collect();
        writeln!(map, "class_by = {{ column = \"class\", codes = {{ {} }} }}", classes.join(", ")).unwrap();
        let severities: Vec<_> = ["minor", "general", "serious"].iter().map(|it| format!("{it} = {it:?}")).collect();
        writeln!(map, "severity_by = {{ column = \"severity\", codes = {{ {} }} }}", severities.join(", ")).unwrap();
        for name in ["act", "determined", "sentence_end", "effect_end", "repaired", "repair_revoked"] {
            writeln!(map, "{name} = {name:?}").unwrap();
        }
        map += disputed;
        map += &source("listing");
        map += &(day("since", false)
            + &day("until", true)
            + "list = { form = \"code\" }\ndisputed = { form = \"code\" }\n");
        map += "[[source.listing]]\nsince = \"since\"\nuntil = \"until\"\n\
                list_by = { column = \"list\", codes = { red = \"red\", grey = \"grey\", black = \"black\" } }\n";
        map += disputed;
        map += &source("facts");
        for (field, form) in &self.forms {
            writeln!(map, "{field} = {{ form = {form:?} }}").unwrap();
        }
        for (field, form) in &self.forms {
            let codes = "codes = { \"1\" = true, \"true\" = true, \"0\" = false, \"false\" = false }\n";
            let codes = if *form == "code" { codes } else { "" };
            write!(map, "[[source.attribute]]\nfield = {field:?}\ncolumn = {field:?}\n{codes}").unwrap();
        }
        map
    }
}

/// The demo's folder, with what a map can say of its people and no more, after a change to its rows; and with an
/// institution of each of these kinds.
pub(super) fn prepared(authority: &Authority, kinds: &BTreeSet<String>, change: &str) -> Folder {
    let folder = Folder::new();
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch("UPDATE record SET performed = NULL, amount = NULL").unwrap();
    store.execute_batch(change).unwrap();
    authority.take_over(&folder, &[], &authority.list(1, &[255], 86_400));
    let mut rows = String::new();
    for (serial, kind) in (1..).zip(kinds) {
        let id = id_of(kind);
        authority.put(&folder, &Wish::caller(&id, serial));
        let limits =
            "rate_per_s = 100000\nburst = 100000\ndistinct_subjects_a_day = 100000\nlook_ups_a_person_a_day = 100000";
        write!(
            rows,
            "\n[[institution]]\nid = \"{id}\"\nkind = \"{kind}\"\ncertificates = [\"institutions/{id}.pem\"]\n{limits}\n"
        )
        .unwrap();
    }
    folder.edit_config(|config| config + &rows);
    folder
}

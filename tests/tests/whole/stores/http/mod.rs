//! A store behind HTTP: what is asked of it, what is taken of its answers, and what is not.

mod asked;
pub(crate) mod faults;
mod hostile;
mod load;
mod mapped;
pub(crate) mod service;
mod tls;

use std::collections::BTreeMap;

use credit_tests::Folder;
use rusqlite::{Connection, Row, types::ValueRef};
use serde_json::{Map, Value, json};

use self::service::{Asked, Step, ok};

/// What the folder's own store has about everybody, as a service has it that knows nothing of plans: every class, and
/// more members than anybody may see.
pub(crate) struct Truth(BTreeMap<String, Value>);

/// In no answer, line or leaf.
const CANARY: &str = "不可外泄之人";

impl Truth {
    pub(crate) fn of(folder: &Folder) -> Self {
        let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
        let mut persons = BTreeMap::new();
        for (table, member) in [("record", "records"), ("listing", "listings"), ("attribute", "attributes")] {
            let mut statement = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let mut row = object(row);
                let number = row["number"].as_str().unwrap().to_owned();
                let person = persons.entry(number.clone()).or_insert_with(|| nothing(&number));
                if member == "attributes" {
                    let value = serde_json::from_str(row["value"].as_str().unwrap()).unwrap();
                    person[member][row["field"].as_str().unwrap()] = value;
                } else {
                    let is_disputed = row["disputed"] == 1;
                    row.insert("disputed".to_owned(), is_disputed.into());
                    row.insert("representative".to_owned(), json!({"name": CANARY, "numbers": [number]}));
                    person[member].as_array_mut().unwrap().push(row.into());
                }
            }
        }
        Self(persons)
    }

    pub(crate) fn about(&self, number: &str) -> Value {
        self.0.get(number).cloned().unwrap_or_else(|| nothing(number))
    }

    /// Answers whoever is asked about.
    pub(crate) fn answer(&self, asked: &Asked) -> Vec<Step> {
        ok(self.about(asked.body["citizen_number"].as_str().unwrap()).to_string().as_bytes())
    }
}

fn nothing(number: &str) -> Value {
    json!({"citizen_number": number, "name": CANARY, "note": [[CANARY, 1.50]], "records": [], "listings": [], "attributes": {}})
}

fn object(row: &Row<'_>) -> Map<String, Value> {
    let names = row.as_ref().column_names().enumerate();
    let value = |at| match row.get_ref(at).unwrap() {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => value.into(),
        ValueRef::Text(text) => std::str::from_utf8(text).unwrap().into(),
        other => panic!("{:?}", other.data_type()),
    };
    names.map(|(at, name)| (name.to_owned(), value(at))).collect()
}

/// Puts a store behind HTTP in the place of the folder's own.
pub(crate) fn behind(folder: &Folder, url: &str, more: &str) {
    folder.replace_in_config(
        "kind = \"sqlite\"\npath = \"data/store.sqlite\"\n",
        &format!("kind = \"http\"\nurl = \"{url}\"\n{more}\n"),
    );
}

//! The walk: every scenario of the catalogue with every kind of institution and every field, through a running gateway. A
//! field is in an answer if and only if the catalogue lists it for that ground and consent; and of every listed field the
//! demo's store tells something about one person, and nothing about another, so that what is left out shows.
//!
//! What the catalogue says is what `policy show --json` prints: no row of it is written down here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use credit_policy::{Catalogue, InstitutionKind, catalogue::shipped};
use credit_tests::{
    Authority, Connection, Folder, Gateway, Reply, Wish, gateway,
    query::{new_case, with},
    request, run, wire,
};
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::consents::{EDDSA, bearer, fields, frequency, grant, new_jti, period, scenario, sign, thumbprint};

/// A scenario as `policy show --json` prints it.
#[derive(Clone, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    ground: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) fields: BTreeSet<String>,
    second_tier: BTreeSet<String>,
    consent: Option<Widest>,
}

/// Of the widest consent what a test needs to stay within.
#[derive(Clone, Deserialize)]
struct Widest {
    look_back: String,
    data_life: String,
}

impl Row {
    pub(crate) fn all() -> Vec<Self> {
        let shown: Value = serde_json::from_str(&gateway(&["policy", "show", "--json"]).held()).unwrap();
        serde_json::from_value(shown["scenarios"].clone()).unwrap()
    }

    fn is_by_consent(&self) -> bool {
        self.ground == "consent"
    }

    /// What a consent opens that names no field, and what any other ground opens.
    fn open(&self) -> BTreeSet<String> {
        self.fields.difference(&self.second_tier).cloned().collect()
    }
}

/// Registered by the name of its kind, which the demo's own institutions are not.
pub(crate) fn id_of(kind: &str) -> String {
    format!("walk-{kind}")
}

fn kinds() -> Vec<InstitutionKind> {
    Catalogue::load(&shipped()).expect("the shipped catalogue").kinds().collect()
}

/// A gateway of the folder with an institution of every kind.
pub(crate) fn with_every_kind(folder: Folder) -> Gateway {
    let authority = Authority::new("an authority of the tests");
    authority.take_over(&folder, &[], &authority.list(1, &[255], 86_400));
    let gateway_running = Gateway::serve(folder);
    let folder = gateway_running.folder();
    for (serial, kind) in (1..).zip(kinds()) {
        let id = id_of(kind.as_str());
        authority.put(folder, &Wish::caller(&id, serial));
        let certificate = folder.join(format!("institutions/{id}.pem"));
        let config = folder.config();
        #[rustfmt::skip]
        let arguments = [
            "institution", "add", &id, "--kind", kind.as_str(), "--certificate", certificate.to_str().unwrap(),
            "--rate-per-s", "100000", "--burst", "100000", "--look-ups-a-person-a-day", "100000",
            "--config", config.to_str().unwrap(),
        ];
        drop(gateway(&arguments).held());
    }
    gateway_running
}

/// The adults, those first of whom the store holds most, and before them those whom it does not know.
fn adults(folder: &Folder) -> Vec<String> {
    let store = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    let sql = "SELECT number FROM (SELECT number FROM record UNION ALL SELECT number FROM listing
        UNION ALL SELECT number FROM attribute) GROUP BY number ORDER BY count(*) DESC, number";
    let mut statement = store.prepare(sql).unwrap();
    let known = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    let minors = folder.noted("minor");
    folder.noted("no-file").into_iter().chain(known.filter(|number| !minors.contains(number))).collect()
}

/// Nothing known, no, none: what a test of leaks would not see.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "none",
        Value::Array(values) => values.is_empty(),
        Value::Object(_) => panic!("an object in an answer"),
    }
}

/// An institution that asks over one connection.
pub(crate) struct Desk {
    gateway: Arc<Gateway>,
    id: String,
    connection: Connection,
}

impl Desk {
    pub(crate) async fn open(gateway: &Arc<Gateway>, kind: &str) -> Self {
        let id = id_of(kind);
        let connection = gateway.folder().caller(&id).http2().await.unwrap();
        Self { gateway: Arc::clone(gateway), id, connection }
    }

    /// Asks for some fields or for all, with what the ground needs; a consent names fields or none.
    pub(crate) async fn ask(
        &mut self,
        row: &Row,
        number: &str,
        named: Option<&[&str]>,
        asked: Option<&[&str]>,
    ) -> Reply {
        let mut body = json!({"scenario": row.name, "operator": "staff-0017"});
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match &row.consent {
            Some(widest) => headers.push(("authorization", bearer(&self.token(row, widest, number, named)))),
            // With a case and a subject nothing is missing, on whatever ground.
            None => body = with(with(body, "subject", number), "case", new_case()),
        }
        if let Some(asked) = asked {
            body = with(body, "fields", asked);
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = request(Method::POST, "/v1/queries", &headers, body.to_string());
        self.connection.send(request).await.unwrap()
    }

    fn token(&self, row: &Row, widest: &Widest, number: &str, named: Option<&[&str]>) -> String {
        let folder = self.gateway.folder();
        let mut grant = grant(folder, &new_jti());
        grant.certificate = thumbprint(folder, &self.id);
        grant.terms.scenario = scenario(&row.name);
        grant.terms.fields = named.and_then(fields);
        grant.terms.frequency = frequency("1/P1M");
        (grant.terms.look_back, grant.terms.data_life) = (period(&widest.look_back), period(&widest.data_life));
        sign(folder, EDDSA, &grant, number)
    }

    /// The fields that are released, whoever the person is.
    async fn released(&mut self, row: &Row, number: &str, named: Option<&[&str]>, asked: Option<&[&str]>) -> Released {
        let reply = self.ask(row, number, named, asked).await;
        assert_eq!(reply.status, 200, "{} by {}: {}", row.name, self.id, reply.text());
        let members = wire::members(&reply.body);
        let (_, data) = members.iter().find(|(member, _)| member == "data").unwrap();
        wire::members(data.as_bytes())
            .into_iter()
            .map(|(field, value)| (field, serde_json::from_str(&value).unwrap()))
            .collect()
    }

    async fn refused(
        &mut self,
        row: &Row,
        number: &str,
        named: Option<&[&str]>,
        asked: Option<&[&str]>,
        expected: (u16, &str),
    ) {
        let reply = self.ask(row, number, named, asked).await;
        let told = (reply.status.as_u16(), reply.code());
        assert_eq!((told.0, told.1.as_str()), expected, "{} by {}, {named:?} {asked:?}", row.name, self.id);
    }
}

type Released = Vec<(String, Value)>;

fn names(released: &Released) -> Vec<&str> {
    released.iter().map(|(field, _)| field.as_str()).collect()
}

/// The listed fields are released: all of the first tier where nothing is named, all where all are, and each alone.
async fn listed_fields(desk: &mut Desk, row: &Row, number: &str) {
    let (open, all) = (row.open(), row.fields.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(names(&desk.released(row, number, None, None).await), Vec::from_iter(&open), "{}", row.name);
    assert_eq!(names(&desk.released(row, number, Some(&all), None).await), all, "{}", row.name);
    for field in all {
        let alone: &[&str] = &[field];
        assert_eq!(names(&desk.released(row, number, Some(alone), None).await), listed_by(row, field), "{}", row.name);
        assert_eq!(names(&desk.released(row, number, Some(alone), Some(alone)).await), alone, "{}", row.name);
        if open.contains(field) {
            assert_eq!(names(&desk.released(row, number, None, Some(alone)).await), alone, "{}", row.name);
        } else {
            desk.refused(row, number, None, Some(alone), (403, "field-not-allowed")).await;
        }
    }
}

/// What a consent opens that names one field; no other ground has a consent that could name one.
fn listed_by<'a>(row: &'a Row, field: &'a str) -> Vec<&'a str> {
    if row.is_by_consent() { vec![field] } else { row.fields.iter().map(String::as_str).collect() }
}

/// No other field of the catalogue is, neither asked for nor agreed to, and not beside a listed one either.
async fn other_fields(desk: &mut Desk, row: &Row, number: &str, every_field: &BTreeSet<String>) {
    let listed = row.fields.first().unwrap().as_str();
    for field in every_field.difference(&row.fields) {
        let beside: &[&str] = &[listed, field];
        desk.refused(row, number, None, Some(&[field]), (403, "field-not-allowed")).await;
        if row.is_by_consent() {
            desk.refused(row, number, Some(beside), None, (403, "field-not-allowed")).await;
        } else {
            desk.refused(row, number, None, Some(beside), (403, "field-not-allowed")).await;
        }
    }
    desk.refused(row, number, None, Some(&["no_such_field"]), (400, "unknown-field")).await;
}

/// The people in the order in which they are asked about: whoever told something new is asked about first next time.
type People = Arc<Mutex<Vec<String>>>;

/// Of every field something is told of one person, and nothing of another.
async fn both_ways(desk: &mut Desk, row: &Row, people: &People) {
    let all: Vec<&str> = row.fields.iter().map(String::as_str).collect();
    // What has not been seen yet of a field: something, nothing.
    let mut unseen: BTreeSet<(String, bool)> =
        row.fields.iter().flat_map(|field| [true, false].map(|tells| (field.clone(), tells))).collect();
    let mut told_most = Vec::new();
    let in_order = people.lock().unwrap().clone();
    for number in &in_order {
        let before = unseen.len();
        for (field, value) in desk.released(row, number, Some(&all), None).await {
            unseen.remove(&(field, !says_nothing(&value)));
        }
        if unseen.len() < before {
            told_most.push(number.clone());
        }
        if unseen.is_empty() {
            break;
        }
    }
    assert!(unseen.is_empty(), "{}: of all adults nobody for {unseen:?} (field, something is told)", row.name);
    let mut people = people.lock().unwrap();
    people.retain(|number| !told_most.contains(number));
    people.splice(0..0, told_most);
}

/// All scenarios, by one kind of institution.
async fn walk(gateway: Arc<Gateway>, of: InstitutionKind, rows: Arc<Vec<Row>>, number: String, people: People) {
    let kind = of.as_str();
    let every_field: BTreeSet<String> = rows.iter().flat_map(|row| row.fields.clone()).collect();
    let mut desk = Desk::open(&gateway, kind).await;
    for row in rows.iter() {
        if !row.kinds.iter().any(|open_to| open_to == kind) {
            desk.refused(row, &number, None, None, (403, "scenario-not-allowed")).await;
            continue;
        }
        listed_fields(&mut desk, row, &number).await;
        // What the fields of a scenario are does not depend on who asks: once a scenario.
        if row.kinds[0] == kind {
            other_fields(&mut desk, row, &number, &every_field).await;
            both_ways(&mut desk, row, &people).await;
        }
    }
}

#[test]
fn a_field_is_in_an_answer_if_and_only_if_the_catalogue_lists_it() {
    let rows = Arc::new(Row::all());
    let pairs: usize = rows.iter().map(|row| row.fields.len()).sum();
    assert!(rows.len() >= 40 && pairs >= 250, "{} scenarios, {pairs} pairs with fields", rows.len());
    assert!(rows.iter().any(|row| !row.second_tier.is_empty()));
    for ground in ["self", "public"] {
        assert!(rows.iter().any(|row| row.ground == ground && row.kinds.is_empty()), "{ground}");
    }
    let gateway = Arc::new(with_every_kind(Folder::new()));
    let number = gateway.folder().person("clean", 0);
    let people = Arc::new(Mutex::new(adults(gateway.folder())));
    run(async {
        let mut walks = JoinSet::new();
        for kind in kinds() {
            let (rows, people) = (Arc::clone(&rows), Arc::clone(&people));
            walks.spawn(walk(Arc::clone(&gateway), kind, rows, number.clone(), people));
        }
        drop(walks.join_all().await);
    });
    recorded(gateway.folder(), &rows);
}

/// The record says what was released, and of every pair of scenario and field that it was.
fn recorded(folder: &Folder, rows: &[Row]) {
    let by_name: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
    let mut released = BTreeSet::new();
    for leaf in folder.leaves().iter().filter(|leaf| leaf.text("outcome") == "answered") {
        let row = by_name[leaf.text("scenario")];
        for field in leaf.json["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap().to_owned()) {
            assert!(row.fields.contains(&field), "{}: {field}", row.name);
            released.insert((row.name.clone(), field));
        }
    }
    let open = rows.iter().filter(|row| !row.kinds.is_empty());
    let pairs: BTreeSet<_> =
        open.flat_map(|row| row.fields.iter().map(|field| (row.name.clone(), field.clone()))).collect();
    assert_eq!(released, pairs);
}

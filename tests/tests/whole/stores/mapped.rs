//! Tables as an office has them, behind a map: each trap of them, through the whole gateway.

use std::fs;

use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, Gateway, gateway};
use rusqlite::Connection;

use super::{CLEAN, ask, refused};

const SEED: &str = include_str!("seed/cn-sgs-2018.sql");
const MAPPED: [&str; 2] = ["administrative-licence", "administrative-penalty"];

/// A folder whose penalties and licences stand in an office's tables, and who is in them.
pub(super) struct Office {
    pub(super) folder: Folder,
    pub(super) clean: String,
    pub(super) penalised: String,
    pub(super) trader: String,
    pub(super) blank: String,
    pub(super) spoilt: String,
}

impl Office {
    pub(super) fn new() -> Self {
        let office = Self::without_tables("kind = \"sqlite\"\npath = \"data/office.sqlite\"\nmap = \"cn-sgs-2018\"");
        Connection::open(office.folder.join("data/office.sqlite")).unwrap().execute_batch(&office.seed()).unwrap();
        office
    }

    /// A folder whose penalties and licences stand in another store, which is to be made.
    pub(super) fn without_tables(store: &str) -> Self {
        let folder = Folder::new();
        let mut persons = folder.noted("clean");
        let mut next = || persons.pop().unwrap();
        let (clean, penalised, trader, blank, spoilt) = (next(), next(), next(), next(), next());
        let office = Self { folder, clean, penalised, trader, blank, spoilt };
        let Self { folder, .. } = &office;
        put_before(folder, store, &MAPPED);
        // What the answers rest on stands in the office's tables alone.
        let own = Connection::open(folder.join("data/store.sqlite")).unwrap();
        own.execute("DELETE FROM record WHERE class IN (?1, ?2)", MAPPED).unwrap();
        office
    }

    /// The office's tables.
    pub(super) fn seed(&self) -> String {
        let changed = fs::metadata(self.folder.config()).unwrap().modified().unwrap();
        let recent = jiff::Timestamp::try_from(changed).unwrap().to_string()[..10].replace('-', "/");
        let seed = [
            ("{clean}", &self.clean),
            ("{penalised}", &self.penalised),
            ("{trader}", &self.trader),
            ("{blank}", &self.blank),
            ("{spoilt}", &self.spoilt),
            ("{recent}", &recent),
        ];
        seed.into_iter().fold(SEED.to_owned(), |seed, (name, value)| seed.replace(name, value))
    }
}

/// Puts another store before the folder's own, which has these classes no more.
fn put_before(folder: &Folder, store: &str, classes: &[&str]) {
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let rest = catalogue.classes().map(|class| class.name().as_str()).filter(|class| !classes.contains(class));
    let rest: Vec<_> = rest.collect();
    folder.replace_in_config(
        "[[store]]\n",
        &format!("[[store]]\nname = \"office\"\n{store}\n\n[[store]]\nclasses = {rest:?}\n"),
    );
}

pub(super) const PENALISED: Option<(bool, bool)> = Some((false, false));

#[test]
fn an_office_s_tables_are_answered_from_and_their_traps_change_no_answer() {
    let Office { folder, clean, penalised, trader, blank, spoilt } = Office::new();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &penalised), PENALISED);
    assert_eq!(ask(folder, &trader), PENALISED);
    assert_eq!(ask(folder, &clean), CLEAN);
    refused(folder, &blank);
    refused(folder, &spoilt);
}

#[test]
fn the_operator_is_told_what_does_not_fit_and_no_value() {
    let office = Office::new();
    let (folder, config) = (&office.folder, office.folder.config());
    let config = config.to_str().unwrap();
    let said = gateway(&["store", "check", "office", "--config", config]).failed(1);
    for wanted in [
        "`penalty.CF_XDR_ZJHM`: 2 with no citizen number",
        "`penalty.CF_XDR_ZJHM`: 1 with a number where a citizen number must be a text",
        "`penalty.CF_XDR_ZJHM`: 1 with a citizen number that is not in its canonical form",
        "`penalty.CF_JDRQ`: 1 with no date since 1900 in the form that the map names",
        "`penalty.CF_JDRQ`: 2 with an unknown date: the row does not count",
        "`penalty.CF_JDRQ`: 1 with a day in the future",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    for number in [&office.clean, &office.blank, &office.spoilt] {
        assert!(!said.contains(number.as_str()) && !said.contains("330921"), "{said}");
    }
    let sample = gateway(&["store", "check", "office", "--sample", "2", "--config", config]).held();
    assert!(sample.contains("only the first 2 rows of each table were checked"), "{sample}");
    let store = Connection::open(folder.join("data/office.sqlite")).unwrap();
    store.execute_batch("DELETE FROM xzcf; DROP INDEX xzcf_number; ALTER TABLE xzxk ADD COLUMN XK_MOBILE").unwrap();
    let said = gateway(&["store", "check", "office", "--config", config]).failed(1);
    assert!(said.contains("`penalty` has no index on `CF_XDR_ZJHM`"), "{said}");
    store.execute_batch("CREATE INDEX again ON xzcf(CF_XDR_ZJHM)").unwrap();
    assert!(gateway(&["store", "check", "office", "--config", config]).held().contains("nothing was found"));
    store.execute_batch("ALTER TABLE xzcf RENAME COLUMN CF_JDRQ TO CF_RQ").unwrap();
    let said = gateway(&["check", "--config", config]).failed(64);
    assert!(said.contains("`penalty.CF_JDRQ`: the store has no such column"), "{said}");
}

#[test]
fn what_is_asked_of_which_store_is_printed_without_asking() {
    let office = Office::new();
    let config = office.folder.config();
    let explain = |scenario: &str| gateway(&["store", "explain", scenario, "--config", config.to_str().unwrap()]);
    let said = explain("public-rental-housing").held();
    for wanted in [
        "office: penalty (XZCF), by CF_XDR_ZJHM",
        "CF_XDR_ZJHM, CF_JDRQ, CF_SYFW, CF_XDR_LB, CF_XDR_ZJLX, CF_YXQ",
        "own: records of academic-misconduct",
        "own: lists grey, black",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    for never in ["GSJZQ", "CF_FR", "_MC", "XZXK", "XK_"] {
        assert!(!said.contains(never), "{never}\n{said}");
    }
    assert!(explain("other").failed(64).contains("other"));
}

const TAX: &str = r#"
map = "tax"
title = { zh = "纳税", en = "Taxes" }
[[source]]
name = "tax"
table = "tax"
key = "id"
[source.columns]
id = { form = "citizen-number" }
paid = { form = "money", unit = "yuan" }
[[source.attribute]]
field = "tax_paid_last_year"
column = "paid"
"#;

#[test]
fn a_second_value_of_an_attribute_is_found_before_anybody_asks() {
    let folder = Folder::new();
    fs::write(folder.join("tax.toml"), TAX).unwrap();
    put_before(&folder, "kind = \"sqlite\"\npath = \"data/office.sqlite\"\nmap = \"tax.toml\"", &["tax-amount"]);
    let [one, same, other] = [0, 1, 2].map(|nr| folder.person("clean", nr));
    let store = Connection::open(folder.join("data/office.sqlite")).unwrap();
    // The rows of one person do not stand together, and twice the same value is one.
    let rows = format!("('{one}', '200'), ('{same}', '7'), ('{other}', '200'), ('{same}', '7.00'), ('{other}', '300')");
    let made =
        format!("CREATE TABLE tax (id TEXT, paid TEXT); CREATE INDEX tax_id ON tax(id); INSERT INTO tax VALUES {rows}");
    store.execute_batch(&made).unwrap();
    let config = folder.config();
    let check = || gateway(&["store", "check", "office", "--config", config.to_str().unwrap()]);
    let said = check().failed(1);
    assert!(said.contains("`tax.paid`: 1 with a second value of an attribute that has one: row "), "{said}");
    assert!(![one, same, other.clone()].iter().any(|number| said.contains(number.as_str())), "{said}");
    store.execute("UPDATE tax SET paid = '300.0' WHERE id = ?1 AND paid = '200'", [&other]).unwrap();
    assert!(check().held().contains("nothing was found"));
}

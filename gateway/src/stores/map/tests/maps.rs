//! What a map may say, and what is asked by it.

use super::*;
use crate::stores::map::{Exclude, MapFault, shipped};

const SMALL: &str = r#"
map = "small"
title = { zh = "小", en = "Small" }
[[source]]
name = "penalty"
table = "cf"
key = "id"
[source.columns]
id = { form = "citizen-number" }
kind = { form = "code" }
day = { form = "yyyy-mm-dd" }
[[source.record]]
class_by = { column = "kind", codes = { "1" = "administrative-penalty", "2" = "tax", "税" = "tax", "9" = "-" } }
severity = "general"
determined = "day"
"#;

fn faults(text: &str) -> Vec<String> {
    match Map::parse(text, &catalogue()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_map_that_does_not_fit_is_refused_with_the_place() {
    assert_eq!(faults(SMALL), Vec::<String>::new());
    for (from, to, wanted) in [
        ("table = \"cf\"", "tabel = \"cf\"", "tabel"),
        ("table = \"cf\"\n", "", "neither `table` nor `request`"),
        ("key = \"id\"", "key = \"day\"", "must be a column of the form `citizen-number`"),
        ("key = \"id\"", "key = \"other\"", "`other` is not under `columns`"),
        ("determined = \"day\"", "determined = \"kind\"", "its form is `code`"),
        ("determined = \"day\"", "determined = \"end\"", "`end` is not under `columns`"),
        ("yyyy-mm-dd\" }", "yyyy-mm-dd\", none = [\"\"] }", "something begins on this day"),
        ("yyyy-mm-dd\" }", "dd/mm/yyyy\" }", "no such form"),
        ("yyyy-mm-dd\" }", "money\" }", "`unit` belongs to the form `money`"),
        ("form = \"code\" }", "form = \"code\", unit = \"yuan\" }", "`unit` belongs to the form `money`"),
        ("\"tax\", \"税\"", "\"taxes\", \"税\"", "`taxes` is no class of records"),
        ("\"tax\", \"税\"", "\"religion\", \"税\"", "`religion` is no class of records"),
        ("\"tax\", \"税\"", "\"black-list\", \"税\"", "`black-list` is no class of records"),
        ("severity = \"general\"", "", "give either `severity` or `severity_by`"),
        ("severity = \"general\"", "severity = \"heavy\"", "heavy"),
        ("kind = {", "name = { form = \"text\" }\nkind = {", "no role uses this column"),
        (
            "[[source.record]]",
            "[[source.attribute]]\nfield = \"score_band\"\ncolumn = \"kind\"\n[[source.record]]",
            "no attribute",
        ),
        (
            "[[source.record]]",
            "[[source.attribute]]\nfield = \"score\"\ncolumn = \"kind\"\n[[source.record]]",
            "give `codes`",
        ),
        (
            "[[source.record]]",
            "[[source.attribute]]\nfield = \"score\"\ncolumn = \"kind\"\ncodes = { \"1\" = 1001 }\n[[source.record]]",
            "`1` is a value that the field cannot have",
        ),
        (
            "[source.columns]",
            "subject = { column = \"kind\", person = [\"01\", \"02\"] }\n[source.columns]",
            "`02` stands for organisations",
        ),
        (
            "[source.columns]",
            "id_type = { column = \"kind\", identity_card = [\"护照\"] }\n[source.columns]",
            "`护照` stands for another document",
        ),
        (
            "[source.columns]",
            "scope = { column = \"kind\", codes = { \"1\" = [\"housing\", \"nowhere\"] } }\n[source.columns]",
            "`nowhere` is neither a scenario nor a purpose group",
        ),
        ("table = \"cf\"", "request = { method = \"GET\", path = \"/\", rows = [] }", "say where the number stands"),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from}");
        let found = faults(&text);
        assert!(found.iter().any(|fault| fault.contains(wanted)), "{to}: {found:?}");
    }
    assert!(
        faults(&format!(
            "{SMALL}{}",
            SMALL.split_once("[[source]]").map(|(_, rest)| format!("[[source]]{rest}")).unwrap()
        ))
        .iter()
        .any(|fault| fault.contains("two sources have this name"))
    );
    assert!(!faults("map = \"a\"\ntitle = { zh = \"甲\", en = \"a\" }").is_empty());
}

#[test]
fn a_representative_is_never_the_key() {
    for name in ["XK_FR_ZJHM", "cf_fr_sfzh", "CF_FRDB", "XK_FDDBR"] {
        let text =
            SMALL.replace("key = \"id\"", &format!("key = \"{name}\"")).replace("id = {", &format!("{name} = {{"));
        assert!(faults(&text).iter().any(|fault| fault.contains("a representative is a second person")), "{name}");
    }
}

#[test]
fn only_what_the_plan_needs_is_asked() {
    let select = |fields: &[&str]| Asked::new(SMALL, fields).selects;
    assert!(select(&["black_listed", "job"]).is_empty());
    let [one] = &select(&["administrative_penalty_exists"])[..] else { panic!() };
    let names: Vec<_> = one.columns().iter().map(|column| column.stored()).collect();
    assert_eq!(names, ["id", "day", "kind"]);
    // Known codes of other classes need not come; what is not known must, and so must what is no ASCII.
    assert_eq!(one.excludes(), [Exclude { column: "kind".into(), codes: vec!["2".to_owned(), "9".to_owned()] }]);
    let [one] = &select(&["tax_offence_exists", "administrative_penalty_exists"])[..] else { panic!() };
    assert_eq!(one.excludes(), [Exclude { column: "kind".into(), codes: vec!["9".to_owned()] }]);
    let sgs = Asked::new(shipped("cn-sgs-2018").unwrap(), &["administrative_licence_exists"]);
    let [one] = &sgs.selects[..] else { panic!() };
    assert_eq!(one.source().table(), Some("XZXK"));
    assert_eq!(one.excludes().iter().map(|exclude| &*exclude.column).collect::<Vec<_>>(), ["XK_XDR_ZJLX", "XK_XDR_LB"]);
    assert_eq!(one.excludes()[1].codes, ["02", "03"]);
}

#[test]
fn what_is_excluded_is_left_out_all_the_same_where_it_comes() {
    let asked = Asked::new(SMALL, &["administrative_penalty_exists"]);
    let row = |kind| [("id", Cell::Text(PERSON)), ("kind", Cell::Text(kind)), ("day", Cell::Text("2026-01-01"))];
    let read = asked.read("penalty", &[&row("2"), &row("税"), &row("9"), &row("1")]).map_err(|unfit| unfit.to_string());
    assert_eq!(read.unwrap().history.records.len(), 1);
    assert!(asked.read("penalty", &[&row("3")]).is_err());
}

#[test]
fn names_are_bound_to_the_spelling_of_the_table() {
    let map = || Asked::new(shipped("keyed").unwrap(), &["administrative_penalty_exists"]).map;
    let live = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let stored =
        |map: &Map| map.sources()[0].columns().iter().map(|column| column.stored().to_owned()).collect::<Vec<_>>();
    let bound = map().bind("penalty", &live(&["XY020102", "xy020107", "Xy020133", "more"])).ok().unwrap();
    assert_eq!(stored(&bound), ["xy020107", "XY020102", "Xy020133"]);
    let faults = |names: &[&str]| map().bind("penalty", &live(names)).err().unwrap();
    assert!(
        matches!(&faults(&["xy020102", "xy020107"])[..], [MapFault::At { place, .. }] if place == "penalty.published_until")
    );
    let twice = faults(&["xy020102", "XY020107", "Xy020107", "xy020133"]);
    assert!(twice[0].to_string().contains("two such columns"), "{}", twice[0]);
    let exact = Asked::new(SMALL, &["tax_offence_exists"]).map.bind("penalty", &live(&["ID", "kind", "day"]));
    assert!(exact.err().unwrap()[0].to_string().contains("no such column"));
    let json = Asked::new(shipped("nested-json").unwrap(), &["administrative_licence_exists"]).map;
    assert!(
        json.bind("licence", &live(&["number"])).err().unwrap()[0]
            .to_string()
            .contains("a path of members is for JSON")
    );
}

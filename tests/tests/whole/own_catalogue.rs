//! A catalogue of an operator's own: a rule pack, a kind of institution, an instrument, a statute and a scenario that nobody
//! has but it. Files of a folder, and no change of code: served, asked, recorded, checked and replayed.

use std::{fs, path::Path};

use credit_policy::{Catalogue, catalogue};
use credit_tests::{
    Folder, Gateway, audit, checked, gateway, plain,
    query::{look_up, with},
    scratch,
};
use serde_json::json;

const KIND: &str = r#"
[institution_kind.forest-ranger]
title = { zh = "林业站", en = "Forest rangers" }
counts_as = "industry-department"

[purpose_group.tea]
title = { zh = "茶叶", en = "Tea" }
"#;

const PACK: &str = r#"
pack = "fujian"
jurisdiction = "CN-FJ"
title = { zh = "福建省社会信用条例", en = "Fujian regulations on social credit" }
sources = ["FJ 四十七"]
citation = "《福建省社会信用条例》第四十七条"
default = "national-2026"
calendar = "cn"

[clock.public-credit]
start = "act"
display = { minor = "never", general = "P6M", serious = "P2Y" }

[deadline.objection-decision]
working_days = 20
"#;

const INSTRUMENT: &str = r#"
source = "FJ"
title = { zh = "福建省社会信用条例", en = "Fujian regulations on social credit" }
number = "2026年7月24日"
rank = "local-regulation"
jurisdiction = "CN-FJ"
status = "in-force"

[[article]]
article = "34"
mark = "one-copy"
says = { zh = "在审批和市场准入中使用信用报告", en = "credit reports are used in approvals and market entry" }
"#;

const STATUTE: &str = r#"
@id("tea-for-rangers-alone")
@title_zh("地理标志信息只供林业站查询")
@title_en("Tea seals are for forest rangers alone")
@source("FJ 三十四")
@citation("《福建省社会信用条例》第三十四条")
forbid (principal, action == Action::"query", resource == Scenario::"tea-seal-use")
unless { principal == Asker::"forest-ranger" };
"#;

const SCENARIO: &str = r#"
scenario = "tea-seal-use"
title = { zh = "地理标志使用", en = "Use of a tea seal" }
sources = ["FJ 三十四"]
citation = "《福建省社会信用条例》第三十四条"
ground = "statute"
kinds = ["forest-ranger"]
fields = ["black_listed", "contract_fraud_exists"]
purpose_group = "tea"
restraint = true
basic_public_service = true
yes_no_only = true
disclosure = "pseudonym"
data_life = "P1M"
notice = "owed"
automated_decision_notice = true

[[basis]]
source = "FJ"
article = "34"
power = "query"
classes = ["black-list", "contract-fraud"]
kinds = ["industry-department"]
"#;

fn write(dir: &Path) {
    let own = [
        ("packs/fujian.toml", PACK),
        ("sources/FJ.toml", INSTRUMENT),
        ("statutes/tea-for-rangers-alone.cedar", STATUTE),
        ("scenarios/tea-seal-use.toml", SCENARIO),
    ];
    let own = own.map(|(path, text)| (path.to_owned(), text.trim_start().to_owned()));
    for (path, mut text) in catalogue::shipped().into_iter().chain(own) {
        if path == "catalogue.toml" {
            text = text
                .replace("jurisdiction = \"CN-99-01\"", "jurisdiction = \"CN-FJ\"")
                .replace("pack = \"national-2026\"", "pack = \"fujian\"");
            text.push_str(KIND);
        }
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The demo's folder with that catalogue, and a housing department that became a forest ranger.
fn rangers() -> Folder {
    let folder = Folder::new();
    write(&folder.join("fujian"));
    folder.replace_in_config("# dir = \"catalogue\"", "dir = \"fujian\"");
    folder.set_of_institution("housing", "housing-department", "forest-ranger");
    folder
}

fn catalogue_of(dir: &str) -> Catalogue {
    let files = catalogue::shipped().into_iter().map(|(path, _)| path);
    let own =
        ["packs/fujian.toml", "sources/FJ.toml", "statutes/tea-for-rangers-alone.cedar", "scenarios/tea-seal-use.toml"];
    let paths = files.chain(own.map(str::to_owned));
    let files: Vec<_> =
        paths.map(|path| (path.clone(), fs::read_to_string(Path::new(dir).join(path)).unwrap())).collect();
    Catalogue::load(&files).unwrap()
}

/// What `check` and `/readyz` say of a catalogue whose file was changed.
fn warned(change: impl Fn(&str) -> String, file: &str) -> (String, String) {
    let folder = rangers();
    let path = folder.join("fujian").join(file);
    fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
    let checked = gateway(&["check", "--config", folder.config().to_str().unwrap()]);
    let gateway = Gateway::serve(folder);
    let ready = plain(gateway.folder().port_base() + 4, "GET", "/readyz").text();
    (checked.err + &checked.out, ready)
}

#[test]
fn a_calendar_that_ends_is_warned_of_by_check_and_readiness_and_one_that_does_not_is_not() {
    const CALENDAR: &str = "calendars/cn.toml";
    let (checked, ready) = warned(|text| text[..text.find("[[year]]\nyear = 2026").unwrap()].to_owned(), CALENDAR);
    assert!(
        checked.contains("the calendar of the catalogue ends") && ready == "ready\nwarning: calendar-ends\n",
        "{checked} {ready}"
    );
    let years = (2027..2100).map(|year| {
        format!("\n[[year]]\nyear = {year}\nnotice = \"x\"\nholidays = [{{ from = \"{year}-01-01\", to = \"{year}-01-01\", title = {{ zh = \"x\", en = \"x\" }} }}]\nmade_up = []\n")
    });
    let years: String = years.collect();
    let (checked, ready) = warned(|text| format!("{text}{years}"), CALENDAR);
    assert!(!checked.contains("the calendar of") && ready == "ready\n", "{checked} {ready}");
}

#[test]
fn a_jurisdiction_that_is_no_place_is_warned_of() {
    let elsewhere = |text: &str| {
        text.replace("jurisdiction = \"CN-FJ\"", "jurisdiction = \"CN-FU\"")
            .replace("pack = \"fujian\"", "pack = \"national-2026\"")
    };
    let (checked, _) = warned(elsewhere, "catalogue.toml");
    assert!(checked.contains("the jurisdiction `CN-FU` is the code of no place"), "{checked}");
    let (checked, _) = warned(str::to_owned, "catalogue.toml");
    assert!(!checked.contains("is the code of no place"), "{checked}");
}

#[test]
fn a_kind_that_the_catalogue_does_not_have_is_named_with_those_that_it_has() {
    let folder = Folder::new();
    folder.set_of_institution("housing", "housing-department", "forest-ranger");
    let config = folder.config();
    let config = config.to_str().unwrap();
    let checked = gateway(&["check", "--config", config]);
    assert_ne!(checked.code, Some(0));
    for word in
        ["institution `housing`", "`forest-ranger` is no kind of institution", "approving-department, association"]
    {
        assert!(checked.err.contains(word), "{checked:?}");
    }
}

#[test]
fn a_pack_a_kind_an_instrument_a_statute_and_a_scenario_of_a_folder_are_served_recorded_and_replayed() {
    let folder = rangers();
    let dir = folder.join("fujian");
    let dir = dir.to_str().unwrap().to_owned();
    let said = gateway(&["policy", "check", &dir]).held();
    assert!(said.contains("proved for every possible request"), "{said}");
    let shown = gateway(&["policy", "show", "tea-seal-use", "--catalogue", &dir]).held();
    assert!(
        shown.contains("《福建省社会信用条例》34〔local-regulation〕") && shown.contains("for forest-ranger"),
        "{shown}"
    );

    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let asks = |scenario: &str| with(look_up(&person), "scenario", scenario);
    let reply = folder.caller("housing").ask(&asks("joint-restraint"));
    checked::refusal(folder, "housing", &reply, 403, "scenario-not-allowed");
    let reply = folder.caller("employer").ask(&asks("tea-seal-use"));
    checked::refusal(folder, "employer", &reply, 403, "scenario-not-allowed");
    let reply = folder.caller("housing").ask(&asks("tea-seal-use"));
    let leaf = checked::answer(folder, "housing", &reply);
    assert_eq!(reply.json()["data"], json!({"black_listed": false, "contract_fraud_exists": false}));
    assert_eq!(leaf.json["inputs"]["kind"], "forest-ranger");
    assert_eq!(leaf.json["ground"]["statute"], "《福建省社会信用条例》34〔local-regulation〕");
    assert_eq!(leaf.json["ground"]["rank"], "local-regulation");
    assert_eq!(reply.json()["ground"], leaf.json["ground"], "the answer says what its record says");
    // On the application list, and without a ground in this province: told apart from a name that is none.
    let detail = |scenario: &str| {
        let reply = folder.caller("housing").ask(&asks(scenario));
        checked::refusal(folder, "housing", &reply, 400, "unknown-scenario");
        reply.json()["detail"].as_str().unwrap().to_owned()
    };
    let without = catalogue_of(&dir).ungrounded().first().unwrap().name().as_str().to_owned();
    assert!(detail(&without).contains("法律依据"), "{without}");
    assert!(!detail("no-such-scenario").contains("法律依据"));

    let folder = gateway.stop();
    let (log, vkey) = (folder.log(), folder.join("data/log/log.vkey"));
    let [log, vkey] = [&log, &vkey].map(|path| path.to_str().unwrap());
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", &dir]).held());
}

#[test]
fn what_a_place_must_say_of_assessment_provider_and_refresh_is_asked_for_until_its_rows_say_it() {
    let dir = scratch::folder("unsaid").join("rules");
    let path = dir.to_str().unwrap();
    drop(gateway(&["policy", "export", path, "--jurisdiction", "CN-SD-02"]).held());
    let low = gateway(&["policy", "show", "--to-confirm", path]).held();
    let unsaid = |low: &str, head: &str| {
        let names = low.lines().skip_while(|line| !line.starts_with(head)).nth(1).unwrap_or_default();
        names.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let says = |file: &str, line: &str| {
        let file = dir.join(file);
        let text = fs::read_to_string(&file).unwrap();
        let (before, after) = text.split_once("\nsources").unwrap();
        fs::write(file, format!("{before}\n{line}\nsources{after}")).unwrap();
    };
    let three = [
        ("no `assessment`", "employment", "scenarios/employment.toml", "assessment = \"PIA-2026-7\""),
        ("no `provider`", "tax", "data-list/tax.toml", "provider = { zh = \"税务局\", en = \"Tax bureau\" }"),
        ("no `refresh`", "tax", "data-list/tax.toml", "refresh = \"P1M\""),
    ];
    for (head, name, file, line) in three {
        assert!(unsaid(&low, head).contains(&name.to_owned()), "{head}: {low}");
        says(file, line);
        let low = gateway(&["policy", "show", "--to-confirm", path]).held();
        assert!(!unsaid(&low, head).contains(&name.to_owned()), "{head}: {low}");
        assert!(!unsaid(&low, head).is_empty() && !unsaid(&low, head).contains(&"genes".to_owned()), "{head}: {low}");
    }
    let shown: serde_json::Value = serde_json::from_str(&gateway(&["policy", "show", "--json", path]).held()).unwrap();
    let named = |rows: &str, name: &str| {
        shown[rows].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
    };
    assert_eq!(named("scenarios", "employment")["assessment"], "PIA-2026-7");
    let tax = named("classes", "tax");
    assert_eq!((&tax["refresh"], &tax["provider"]["zh"]), (&"P1M".into(), &"税务局".into()));
    let shared = tax["shared_with"].as_array().unwrap();
    assert!(shared.contains(&"self-query".into()) && !shared.contains(&"restricted-consumption".into()), "{tax}");
    let shown = gateway(&["policy", "show", "employment", "--catalogue", path]).held();
    assert!(shown.contains("impact assessment PIA-2026-7"), "{shown}");
}

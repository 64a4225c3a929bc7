//! A catalogue of an operator's own: a rule pack, a kind of institution, an instrument, a statute and a scenario that nobody
//! has but it. Files of a folder, and no change of code: served, asked, recorded, checked and replayed.

use std::{fs, path::Path};

use credit_policy::catalogue;
use credit_tests::{
    Folder, Gateway, audit, checked, gateway,
    query::{look_up, with},
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
    let reply = folder.caller("housing").ask(&asks("public-rental-housing"));
    checked::refusal(folder, "housing", &reply, 403, "scenario-not-allowed");
    let reply = folder.caller("court").ask(&asks("tea-seal-use"));
    checked::refusal(folder, "court", &reply, 403, "scenario-not-allowed");
    let reply = folder.caller("housing").ask(&asks("tea-seal-use"));
    let leaf = checked::answer(folder, "housing", &reply);
    assert_eq!(reply.json()["data"], json!({"black_listed": false, "contract_fraud_exists": false}));
    assert_eq!(leaf.json["inputs"]["kind"], "forest-ranger");
    assert_eq!(leaf.json["ground"]["statute"], "《福建省社会信用条例》34〔local-regulation〕");
    assert_eq!(leaf.json["ground"]["rank"], "local-regulation");

    let folder = gateway.stop();
    let (log, vkey) = (folder.log(), folder.join("data/log/log.vkey"));
    let [log, vkey] = [&log, &vkey].map(|path| path.to_str().unwrap());
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", &dir]).held());
}

//! Another province, a class and a scenario of its own: files of a folder, and no change of code.

use credit_policy::{
    Catalogue, ClassName, Facts, History, Language, Rank, Record, RuleId, Severity, catalogue::shipped, minimise,
};

use crate::support::{catalogue, date, facts_for, kind, loaded, permit_for, value};

const FUJIAN: &str = r#"
pack = "fujian"
jurisdiction = "CN-FJ"
title = { zh = "福建省社会信用条例", en = "Fujian regulations on social credit" }
sources = ["FJ 四十七"]
citation = "《福建省社会信用条例》第四十七条"
default = "national-2026"
calendar = "cn"

[clock.public-credit]
start = "act"
display = { minor = "P1M", general = "P6M", serious = "P2Y" }
"#;

const DOCUMENT: &str = r#"
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

const TEA: &str = r#"
scenario = "tea-seal-use"
title = { zh = "地理标志使用", en = "Use of a tea seal" }
sources = ["FJ 三十四"]
citation = "《福建省社会信用条例》第三十四条"
ground = "statute"
kinds = ["industry-department"]
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
"#;

fn fujian() -> Catalogue {
    loaded(&fujian_files())
}

/// A folder of another province: the shipped files, a pack, an instrument, a scenario.
pub(crate) fn fujian_files() -> Vec<(String, String)> {
    let mut files = shipped();
    let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml").unwrap();
    *main = main
        .replace("jurisdiction = \"CN-99-01\"", "jurisdiction = \"CN-FJ\"")
        .replace("pack = \"national-2026\"", "pack = \"fujian\"");
    main.push_str("\n[purpose_group.tea]\ntitle = { zh = \"茶叶\", en = \"Tea\" }\n");
    for (path, text) in
        [("packs/fujian.toml", FUJIAN), ("sources/FJ.toml", DOCUMENT), ("scenarios/tea-seal-use.toml", TEA)]
    {
        files.push((path.into(), text.into()));
    }
    files
}

#[test]
fn a_sixth_pack_and_a_new_scenario_are_files_alone() {
    let fujian = fujian();
    let row = fujian.scenario("tea-seal-use").unwrap();
    let documents: Vec<_> =
        fujian.documents(fujian.rule(&RuleId::parse("scenario/tea-seal-use").unwrap()).unwrap()).collect();
    assert_eq!((documents[0].rank(), documents[0].jurisdiction()), (Rank::LocalRegulation, "CN-FJ"));
    let record = |determined: &str| Record {
        class: ClassName::parse("contract-fraud").unwrap(),
        severity: Severity::Serious,
        act: date(determined),
        determined: date(determined),
        sentence_end: None,
        effect_end: None,
        repaired: None,
        repair_revoked: None,
        performed: None,
        amount: None,
        disputed: false,
    };
    let on = date("2026-11-22");
    let facts = Facts { kind: kind("industry-department").into(), ..facts_for(row, on) };
    let permit = permit_for(&fujian, "tea-seal-use", &facts);
    for (determined, counts) in [("2024-11-22", true), ("2024-11-21", false)] {
        let told = minimise(&permit, &History { records: vec![record(determined)], ..History::default() }, on);
        assert_eq!(value(&told, "contract_fraud_exists"), counts, "{determined}: two years by its own clock");
    }
    // What its pack does not set is the default's: the banks' five years.
    let clocks = |catalogue: &Catalogue| catalogue.field("loan_overdue_exists").unwrap().clocks();
    assert_eq!(clocks(&fujian), clocks(catalogue()));
}

#[test]
fn every_document_of_the_sources_has_its_rank() {
    let of = |code: &str| catalogue().sources().find(|source| source.code() == code).map(|source| source.rank());
    let five = [
        ("HD", Rank::Draft),
        ("HS", Rank::CityRule),
        ("HZ", Rank::CityRule),
        ("SD", Rank::NormativeDocument),
        ("SX", Rank::NormativeDocument),
    ];
    for (code, rank) in five {
        assert_eq!(of(code), Some(rank), "{code}");
    }
    for source in catalogue().sources() {
        assert!(!source.title(Language::Zh).is_empty() && source.title(Language::En).is_ascii(), "{}", source.code());
        assert!(!source.number().is_empty(), "{}", source.code());
    }
}

//! `credit-gateway policy`: the catalogue for those who write one, and why a request is decided as it is.

use std::{fs, path::Path};

use credit_tests::{Ended, Folder, Gateway, audit, checked, gateway, query::look_up, scratch, sh};

fn policy(arguments: &[&str]) -> Ended {
    gateway(&[&["policy"], arguments].concat())
}

fn explain(arguments: &[&str]) -> Ended {
    policy(&[&["explain"], arguments].concat())
}

#[test]
fn what_an_explanation_cannot_know_is_refused_by_name() {
    let loan = ["--scenario", "commercial-loan", "--kind", "bank"];
    let wrong_kind = explain(&["--scenario", "commercial-loan", "--kind", "housing"]);
    assert_eq!(wrong_kind.code, Some(64), "{wrong_kind:?}");
    assert!(wrong_kind.err.contains("housing-department") && wrong_kind.err.contains("bank"), "{wrong_kind:?}");
    let wrong_field = explain(&[&loan[..], &["--consent", "--fields", "score_bond"]].concat());
    assert_eq!(wrong_field.code, Some(64), "{wrong_field:?}");
    assert!(wrong_field.err.contains("`score_bond`"), "{wrong_field:?}");
    assert_eq!(explain(&[&loan[..], &["--uses", "2"]].concat()).code, Some(64));
}

#[test]
fn an_explanation_ends_with_one_where_refused_and_names_only_the_fields_asked_for() {
    let loan = ["--scenario", "commercial-loan", "--kind", "bank"];
    let without = explain(&loan);
    assert_eq!(without.code, Some(1), "{without:?}");
    assert!(without.out.starts_with("refused: "), "{without:?}");
    let beyond = explain(&[&loan[..], &["--consent", "--uses", "1000000"]].concat());
    assert_eq!(beyond.code, Some(1), "{beyond:?}");
    let permitted = explain(&[&loan[..], &["--consent", "--fields", "score_band"]].concat()).held();
    let fields: Vec<_> = permitted.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(fields.len() == 1 && fields[0].starts_with("  score_band: released"), "{permitted}");
}

#[test]
fn an_exported_catalogue_is_the_built_in_one_and_no_file_is_overwritten() {
    let dir = scratch::folder("policy-export").join("catalogue");
    let path = dir.to_str().unwrap();
    drop(policy(&["export", path]).held());
    let built_in = policy(&["check"]).held();
    assert_eq!(policy(&["check", path]).held(), built_in);
    fs::write(dir.join("catalogue.toml"), "mine").unwrap();
    let again = policy(&["export", path]);
    assert_eq!(again.code, Some(64), "{again:?}");
    assert_eq!(fs::read_to_string(dir.join("catalogue.toml")).unwrap(), "mine");
}

#[test]
fn a_pack_of_another_province_with_a_version_from_next_year_is_two_files_of_a_folder() {
    let dir = scratch::folder("policy-sixth-pack").join("catalogue");
    let path = dir.to_str().unwrap();
    drop(policy(&["export", path]).held());
    let pack = |name: &str, more: &str, serious: &str| {
        let text = format!(
            "pack = \"{name}\"\njurisdiction = \"CN-FJ\"\ntitle = {{ zh = \"福建省社会信用条例\", en = \"Fujian\" }}\n\
             sources = [\"SX 12\"]\ncitation = \"《福建省社会信用条例》第四十七条\"\n{more}\
             default = \"national-2026\"\ncalendar = \"cn\"\n\n[clock.public-credit]\nstart = \"act\"\n\
             display = {{ minor = \"never\", general = \"P1Y\", serious = \"{serious}\" }}\n\n\
             [clock.until-paid]\nstart = \"determination\"\nunperformed = \"shown\"\n\
             display = {{ minor = \"P1Y\", general = \"P1Y\", serious = \"P1Y\" }}\n\n[class]\ntax = \"until-paid\"\n"
        );
        fs::write(dir.join(format!("packs/{name}.toml")), text).unwrap();
    };
    pack("fujian", "", "P3Y");
    pack("fujian-2027", "from = \"2027-01-01\"\nbefore = \"fujian\"\n", "P2Y");
    let main = fs::read_to_string(dir.join("catalogue.toml")).unwrap();
    let main = main
        .replace("jurisdiction = \"CN-99-01\"", "jurisdiction = \"CN-FJ\"")
        .replace("pack = \"national-2026\"", "pack = \"fujian-2027\"");
    fs::write(dir.join("catalogue.toml"), main).unwrap();
    drop(policy(&["check", path]).held());
    let page = policy(&["fields", path]).held();
    let clock = |class: &str| {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{class}` |"))).unwrap();
        line.split(" | ").nth(2).unwrap().to_owned()
    };
    assert_eq!(clock("safety"), "act never P1Y P3Y; from 2027-01-01 act never P1Y P2Y");
    assert_eq!(clock("tax"), "determination P1Y P1Y P1Y, shown until performed");
    assert!(clock("loan-overdue").starts_with("performance/act P5Y"), "the default's");

    // Without the version that held before, the days until then have no law.
    fs::remove_file(dir.join("packs/fujian.toml")).unwrap();
    let said = policy(&["check", path]).failed(64);
    assert!(said.contains("packs/fujian-2027.toml:7: no rule pack `fujian`"), "{said}");
}

/// What FORMAT.md says that an auditor does with the files of a catalogue, done in a folder.
fn digest_as_the_format_says(dir: &Path) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../audit/FORMAT.md")).unwrap();
    let (_, behind) = page.split_once("**A catalogue**").unwrap();
    let commands = behind.split("```").nth(1).unwrap().strip_prefix("sh\n").unwrap();
    let printed = sh(&format!("cd {} && {commands}", dir.display())).held();
    printed.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn an_auditor_finds_by_the_leaf_whether_a_catalogue_s_files_are_those_in_force() {
    let process = Gateway::serve(Folder::new());
    let folder = process.folder();
    let person = folder.person("clean", 0);
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&person))));
    let folder = process.stop();
    let set = folder.leaves().into_iter().find(|leaf| leaf.text("kind") == "catalogue").unwrap();
    assert_eq!(
        set.json["files"],
        serde_json::json!([]),
        "the shipped catalogue fits into a leaf again: FORMAT.md says otherwise"
    );
    let label = set.text("label").to_owned();
    let dir = scratch::folder("policy-audit").join("catalogue");
    let path = dir.to_str().unwrap();
    assert!(policy(&["export", path]).held().contains(&label));
    let is_that_of_the_leaf = || label.ends_with(&format!("@sha256:{}", digest_as_the_format_says(&dir)));
    let replays = || {
        let (log, vkey) = (folder.log(), folder.join("data/log/log.vkey"));
        let [log, vkey] = [&log, &vkey].map(|path| path.to_str().unwrap());
        audit(&["replay", log, "--vkey", vkey, "--catalogue", path]).code
    };
    assert!(is_that_of_the_leaf(), "{label}");
    assert_eq!(replays(), Some(0));
    let scenario = dir.join("scenarios/public-rental-housing.toml");
    let text = fs::read_to_string(&scenario).unwrap();
    fs::write(&scenario, format!("{text}# another byte\n")).unwrap();
    assert!(!is_that_of_the_leaf());
    assert_ne!(replays(), Some(0));
    // Not the same under another name, nor with a file more.
    fs::write(&scenario, &text).unwrap();
    assert!(is_that_of_the_leaf());
    fs::write(dir.join("scenarios/more.toml"), "").unwrap();
    assert!(!is_that_of_the_leaf());
    fs::rename(&scenario, dir.join("scenarios/more.toml")).unwrap();
    assert!(!is_that_of_the_leaf());
}

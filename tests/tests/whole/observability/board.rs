//! The board and the alerts that are shipped: in good form, in both languages, and about figures that there are.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use credit_tests::{command, scratch, tools};
use serde_json::{Value, json};

use super::scrape::samples;
use crate::mixed_load::mixed;

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(path)
}

fn board() -> Value {
    serde_json::from_str(&fs::read_to_string(shipped("grafana/credit-gateway.json")).unwrap()).unwrap()
}

/// The board's panels, rows among them.
fn panels(board: &Value) -> &[Value] {
    board["panels"].as_array().unwrap()
}

/// Every expression of the board.
fn expressions(board: &Value) -> Vec<&str> {
    let targets = panels(board).iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.map(|target| target["expr"].as_str().unwrap()).collect()
}

/// Names of figures in an expression, but for `up`, which Prometheus itself tells.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let ours = words.filter(|word| word.starts_with("credit_gateway_") || word.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

fn rules() -> String {
    fs::read_to_string(shipped("prometheus/credit-gateway.rules.yml")).unwrap()
}

#[test]
fn the_alerts_are_in_good_form_and_fire_when_they_should() {
    let rules = shipped("prometheus/credit-gateway.rules.yml");
    let said = command(tools::promtool(), &["check".as_ref(), "rules".as_ref(), rules.as_os_str()]).held();
    assert!(said.contains("SUCCESS: 37 rules found"), "{said}");
    let tests = shipped("prometheus/credit-gateway.rules.test.yml");
    drop(command(tools::promtool(), &["test".as_ref(), "rules".as_ref(), tests.as_os_str()]).held());
}

#[test]
fn a_rule_that_is_changed_is_noticed_by_its_tests() {
    let desk = scratch::folder("rules");
    let tests = desk.join("credit-gateway.rules.test.yml");
    fs::copy(shipped("prometheus/credit-gateway.rules.test.yml"), &tests).unwrap();
    let rules = rules();
    // Every comparison of every alert, turned or with its bound moved.
    let changes = [
        ("up{job=\"credit-gateway\"} == 0", "up{job=\"credit-gateway\"} == 1"),
        ("cause!~\"closed|clock\"} == 1", "cause!~\"clock\"} == 1"),
        ("cause=\"clock\"} == 1", "cause=\"clock\"} == 0"),
        ("unpublished_seconds > 5", "unpublished_seconds > 0.1"),
        ("[5m]))) > 0.1", "[5m]))) > 0.9"),
        ("under_way_seconds > 2", "under_way_seconds > 1"),
        ("last_success_seconds > 60", "last_success_seconds > 30"),
        ("failures_total[5m]) > 30", "failures_total[5m]) > 3"),
        ("lines_dropped_total[5m]) > 0", "lines_dropped_total[5m]) >= 0"),
        ("restored_files_total[1h]) > 0", "restored_files_total[1h]) >= 0"),
        ("objects_failing == 1", "objects_failing == 2"),
        ("objects_behind_seconds > 3600", "objects_behind_seconds > 360"),
        ("objects_restored_total[1h]) > 0", "objects_restored_total[1h]) >= 0"),
        ("free_bytes < 2e9", "free_bytes < 2e10"),
        ("unless credit_gateway_floods_total{code=\"cut-off\"} offset 5m", "and credit_gateway_floods_total offset 5m"),
        ("{code=\"cut-off\"}[5m]", "[5m]"),
        ("{cause!=\"probe\"}[5m])) > 20", "{cause!=\"probe\"}[5m])) > 10"),
        ("_handshakes_total{cause!=\"probe\"}", "_handshakes_total"),
        ("time() < 30 * 86400", "time() < 40 * 86400"),
        ("overloaded_total[5m]) > 0", "overloaded_total[5m]) > 9"),
        ("time() < 6 * 3600", "time() < 48 * 3600"),
        ("list_refused == 1\n        for: 1m", "list_refused == 1"),
        ("keys_refused == 1\n        for: 1m", "keys_refused == 1"),
        ("time() < 14 * 86400", "time() < 1 * 86400"),
        ("store_up == 0\n        for: 30s", "store_up == 0"),
        ("faulty_values > 0", "faulty_values >= 0"),
        ("unlawful_rows > 0", "unlawful_rows >= 0"),
        ("outside_domain_total[15m]) > 0", "outside_domain_total[15m]) >= 0"),
        ("time() < 31 * 86400", "time() < 32 * 86400"),
        ("time() < 31 * 86400", "time() < 30 * 86400"),
        ("emergencies{state=\"alone\"} > 0", "emergencies{state=\"alone\"} >= 0"),
        ("> 0.05 * sum", "> 0.01 * sum"),
        ("code=\"internal-error\"}[5m]) > 0", "code=\"internal-error\"}[5m]) >= 0"),
        ("> 0.8 * process_max_fds", "> 0.5 * process_max_fds"),
        (
            "for: 30s\n        labels: {severity: page}\n        annotations:\n          summary: \"{{ $labels.instance }}: leaves",
            "labels: {severity: page}\n        annotations:\n          summary: \"{{ $labels.instance }}: leaves",
        ),
    ];
    for (from, to) in changes {
        assert_eq!(rules.matches(from).count(), 1, "{from}");
        fs::write(desk.join("credit-gateway.rules.yml"), rules.replace(from, to)).unwrap();
        let ended = command(tools::promtool(), &["test".as_ref(), "rules".as_ref(), tests.as_os_str()]);
        assert_eq!(ended.code, Some(1), "`{from}` → `{to}`: {ended:?}");
    }
}

#[test]
fn every_alert_says_in_both_languages_what_is_the_matter_and_what_to_do() {
    let rules = rules();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert_eq!(alerts.len(), 37);
    for alert in alerts {
        for annotation in ["summary", "summary_zh", "action", "action_zh"] {
            let line = alert.lines().find_map(|line| line.trim().strip_prefix(annotation)?.strip_prefix(": \""));
            let line = line.unwrap_or_else(|| panic!("no {annotation} in {alert}"));
            assert_eq!(!line.is_ascii() && is_chinese(line), annotation.ends_with("_zh"), "{line}");
        }
        assert!(alert.contains("severity: page") || alert.contains("severity: ticket"), "{alert}");
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
}

#[test]
fn every_figure_of_board_and_alerts_is_told_by_a_running_gateway() {
    let told: BTreeSet<String> = samples(&mixed().metrics).into_iter().map(|sample| sample.name).collect();
    let board = board();
    let of_board: BTreeSet<String> = expressions(&board).into_iter().flat_map(names).collect();
    // Comments and annotations name none, so the whole file will do.
    let of_rules = names(&rules());
    assert!(of_board.len() > 30 && of_rules.len() >= 15, "{} {}", of_board.len(), of_rules.len());
    for name in of_board.union(&of_rules) {
        assert!(told.contains(name), "`{name}` is told by no gateway");
    }
    // And the other way round: what is told is on the board, if not by every name of a histogram.
    let base = |name: &str| {
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| name.strip_suffix(end));
        histogram.unwrap_or(name).to_owned()
    };
    let shown: BTreeSet<String> = of_board.iter().chain(&of_rules).map(|name| base(name)).collect();
    for name in told.iter().map(|name| base(name)) {
        assert!(shown.contains(&name), "`{name}` is on no panel and in no alert");
    }
}

#[test]
fn every_expression_of_the_board_can_be_read() {
    let board = board();
    let rules: Vec<Value> = expressions(&board)
        .into_iter()
        .enumerate()
        .map(|(number, text)| {
            let text = text.replace("$__rate_interval", "5m").replace("$instance", ".*");
            assert!(!text.contains('$'), "an unknown variable: {text}");
            json!({"record": format!("board:{number}"), "expr": text})
        })
        .collect();
    let desk = scratch::folder("board");
    let file = desk.join("board.yml");
    // JSON is YAML.
    fs::write(&file, json!({"groups": [{"name": "board", "rules": rules}]}).to_string()).unwrap();
    drop(command(tools::promtool(), &["check".as_ref(), "rules".as_ref(), file.as_os_str()]).held());
}

#[test]
fn the_board_is_one_that_grafana_takes() {
    let board = board();
    assert!(board["schemaVersion"].as_u64().is_some_and(|version| version >= 36), "{}", board["schemaVersion"]);
    assert!(board.get("id").is_none_or(Value::is_null), "a number of one installation");
    assert_eq!(board["uid"], "credit-gateway");
    let variables = board["templating"]["list"].as_array().unwrap();
    let source = &variables[0];
    assert_eq!((source["name"].as_str(), source["type"].as_str()), (Some("datasource"), Some("datasource")));
    assert_eq!(source["query"], "prometheus");
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for title in panels(&board).iter().chain([&board]).map(|panel| panel["title"].as_str().unwrap()) {
        let (chinese, english) = title.split_once(" · ").unwrap_or_else(|| panic!("one language: {title}"));
        assert!(is_chinese(chinese) && english.is_ascii(), "{title}");
    }
    for panel in panels(&board) {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "an id twice: {panel}");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("w") >= 1 && place("x") + place("w") <= 24, "{panel}");
        for (x, y) in (place("x")..place("x") + place("w"))
            .flat_map(|x| (place("y")..place("y") + place("h")).map(move |y| (x, y)))
        {
            assert!(places.insert((x, y)), "two panels at {x}, {y}: {panel}");
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(["stat", "timeseries"].contains(&panel["type"].as_str().unwrap()), "{panel}");
        assert_eq!(panel["datasource"], json!({"type": "prometheus", "uid": "${datasource}"}));
        let targets = panel["targets"].as_array().unwrap();
        let letters: BTreeSet<&str> = targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert!(!targets.is_empty() && letters.len() == targets.len(), "{panel}");
        for target in targets {
            assert_eq!(target["datasource"], panel["datasource"]);
            assert!(target["legendFormat"].is_string(), "{target}");
        }
    }
}

//! One list of what runs in the background and of what it says when something is wrong: code, metrics, alerts and both
//! operators' pages name the same duties, alerts and causes.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use credit_audit::log::Cause;
use credit_gateway::for_tests::Duty;
use credit_tests::{Folder, Gateway};

use super::scrape::{samples, scraped};
use crate::faults::within;

const PAGES: [&str; 2] = ["operators.md", "operators.zh-CN.md"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

/// The first cells of the table that begins with this head.
fn first_cells(page: &str, head: &str) -> Vec<String> {
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn sorted(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut words: Vec<_> = words.into_iter().collect();
    words.sort();
    words
}

#[test]
fn every_duty_is_done_and_stands_once_on_each_page() {
    let duties = sorted(Duty::ALL.map(|duty| duty.as_str().to_owned()));
    for (page, head) in PAGES.into_iter().zip(["| duty |", "| 任务 |"]) {
        let rows = first_cells(&read(page), head);
        assert_eq!(sorted(rows.iter().map(|row| row.trim_matches('`').to_owned())), duties, "{page}");
    }
    let gateway = Gateway::serve(Folder::new());
    let last = || {
        let told = samples(&scraped(gateway.folder())).into_iter();
        told.filter(|sample| sample.name == "credit_gateway_duty_last_success_seconds")
            .map(|sample| (sample.labels["duty"].clone(), sample.value))
            .collect::<Vec<_>>()
    };
    let began = last();
    assert_eq!(sorted(began.iter().map(|(duty, _)| duty.clone())), duties);
    // Each goes on: nothing but the duty itself reports its success.
    let all_go_on = || began.iter().zip(last()).all(|((_, before), (_, now))| now > before + 1.0);
    assert!(within(Duration::from_secs(10), all_go_on), "{began:?}, then {:?}", last());
}

#[test]
fn every_alert_stands_once_on_each_page_with_its_severity() {
    let rules = read("prometheus/credit-gateway.rules.yml");
    let alerts = rules.split("- alert: ").skip(1).map(|alert| {
        let severity = alert.split("severity: ").nth(1).unwrap().split('}').next().unwrap();
        format!("`{}` · {severity}", alert.lines().next().unwrap().trim())
    });
    let alerts = sorted(alerts);
    for (page, head) in PAGES.into_iter().zip(["| alert |", "| 告警 |"]) {
        let rows = first_cells(&read(page), head);
        let named = rows.iter().flat_map(|row| row.split([',', '，', '、']).map(|alert| alert.trim().to_owned()));
        assert_eq!(sorted(named), alerts, "{page}");
    }
    // The alert of duties is about all of them.
    let duties = rules.split("- alert: CreditGatewayDutyFails").nth(1).unwrap().split("labels:").next().unwrap();
    assert!(duties.contains("credit_gateway_duty_last_success_seconds >") && !duties.contains("{duty"), "{duties}");
}

#[test]
fn every_reason_of_readiness_stands_on_each_page() {
    let reasons: BTreeSet<String> = ["draining", "store-failed", "revocation-list-expired", "keys"]
        .into_iter()
        .chain(Cause::ALL.iter().map(|cause| cause.as_str()))
        .map(str::to_owned)
        .collect();
    for page in PAGES {
        let text = read(page);
        let row = text.lines().find(|line| line.starts_with("| `/readyz` |")).unwrap();
        let named: BTreeSet<String> = quoted(row).collect();
        assert!(reasons.is_subset(&named), "{page}: {:?}", reasons.difference(&named).collect::<Vec<_>>());
    }
}

//! Cases that must be checked: what one gateway was told of a case, all of them know.

use std::time::Instant;

use credit_tests::{Gateway, Reply, checked};
use serde_json::Value;

use super::{SECOND, callers, replicas_with, stopped};
use crate::{
    cases::{decide, decided, open, recorded, report},
    directories::Directory,
    faults::within,
    monthly::this_month,
};

const DECISIONS: &str = "/v1/cases/decisions";

/// The decision of a whole case, reported to one of them.
fn decision(gateways: &[Gateway], at: usize, case: &str) -> Reply {
    report(&callers(gateways, "housing")[at], DECISIONS, &decided(case, None))
}

#[track_caller]
fn is_not_open(gateways: &[Gateway], at: usize, case: &str) {
    let reply = decision(gateways, at, case);
    drop(checked::refusal(gateways[at].folder(), "housing", &reply, 404, "not-found"));
}

#[test]
fn a_case_that_was_opened_at_one_gateway_is_decided_at_another_and_once() {
    let directory = Directory::init();
    let gateways = replicas_with(2, |folder| directory.lists(folder));
    let person = gateways[0].folder().person("clean", 0);
    for at in [0, 1] {
        is_not_open(&gateways, at, "OF-NOBODY");
    }
    open(gateways[0].folder(), "OF-BOTH", &person);
    // At once: whoever was told that it is on the record may go on at any of them.
    drop(recorded(gateways[1].folder(), &decision(&gateways, 1, "OF-BOTH")));
    for at in [0, 1] {
        is_not_open(&gateways, at, "OF-BOTH");
    }
    // What is reported at both is registered once, and goes person by person.
    let other = gateways[0].folder().person("clean", 1);
    for at in [0, 1, 0] {
        open(gateways[at].folder(), "TWICE", &person);
        open(gateways[at].folder(), "TWICE", &other);
    }
    decide(gateways[0].folder(), "TWICE", Some(&person));
    decide(gateways[1].folder(), "TWICE", Some(&other));
    for at in [0, 1] {
        is_not_open(&gateways, at, "TWICE");
    }
    let folders = stopped(gateways);
    directory.holds(&folders);
    let figures: Value = serde_json::from_str(&directory.report(&folders, &this_month(&folders[0]))).unwrap();
    let row = &figures["coverage"]["departments"][0];
    let counts = ["registered", "decided", "missed", "unregistered"].map(|name| row[name].as_u64());
    assert_eq!(counts, [3, 3, 3, 0].map(Some), "{row}");
}

#[test]
fn a_gateway_that_was_away_knows_what_became_of_its_cases() {
    let directory = Directory::init();
    let gateways = replicas_with(2, |folder| directory.lists(folder));
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let person = first.folder().person("clean", 0);
    open(first.folder(), "DECIDED-MEANWHILE", &person);
    open(first.folder(), "OPEN-STILL", &person);
    open(first.folder(), "OPENED-AGAIN", &person);
    let away = first.kill();
    decide(second.folder(), "DECIDED-MEANWHILE", None);
    decide(second.folder(), "OPENED-AGAIN", None);
    open(second.folder(), "OPENED-AGAIN", &person);
    let gateways = [Gateway::serve(away), second];
    is_not_open(&gateways, 0, "DECIDED-MEANWHILE");
    drop(recorded(gateways[0].folder(), &decision(&gateways, 0, "OPENED-AGAIN")));
    let [first, second] = gateways;
    let gateways = [first, Gateway::serve(second.kill())];
    drop(recorded(gateways[1].folder(), &decision(&gateways, 1, "OPEN-STILL")));
    is_not_open(&gateways, 0, "OPEN-STILL");
    directory.holds(&stopped(gateways.into()));
}

#[test]
fn what_was_told_is_heard_by_notice_long_before_it_is_asked_for() {
    let gateways = replicas_with(2, |_| {});
    let config = gateways[0].folder().config();
    let command = |verb: &str| {
        let arguments = ["institution", verb, "housing", "--reason", "drill", "--config", config.to_str().unwrap()];
        drop(credit_tests::gateway(&arguments).held());
    };
    let housing = callers(&gateways, "housing").remove(1);
    let number = gateways[1].folder().person("clean", 0);
    // Each under a case of its own: however often it is asked meanwhile, no limit of a case is reached.
    let ask = || housing.ask(&credit_tests::query::look_up(&number));
    let mut slowest = std::time::Duration::ZERO;
    for _ in 0..3 {
        command("suspend");
        let told = Instant::now();
        assert!(within(SECOND, || ask().code() == "institution-suspended"));
        slowest = slowest.max(told.elapsed());
        command("resume");
        assert!(within(SECOND, || ask().status == 200));
    }
    credit_tests::figures(format_args!("slowest of 3 suspensions, told at another gateway: {slowest:?}"));
}

//! Metrics: in good form, with labels of a closed list, there from the start, and true.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use credit_audit::{
    clock::{Clock, SystemClock},
    log::Cause,
};
use credit_gateway::for_tests::{Duty, HandshakeCause, Stage};
use credit_policy::{Catalogue, Code, catalogue};
use credit_tests::{
    Gateway, command, command_reading,
    query::{look_up, wrong_check},
    tools,
};

use super::{
    institutions,
    scrape::{samples, scraped, value},
};
use crate::mixed_load::mixed;

#[test]
fn promtool_finds_no_fault_after_a_mixed_load() {
    let ended = command_reading(tools::promtool(), &["check", "metrics"], &mixed().metrics);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    // It does find faults.
    let ended = command_reading(tools::promtool(), &["check", "metrics"], "# TYPE wrong counter\nwrong 1\n");
    assert_ne!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn every_label_is_on_the_closed_list() {
    let mixed = mixed();
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let institutions = institutions(&mixed.folder);
    assert!(institutions.len() >= 5, "{institutions:?}");
    let classes: Vec<_> = catalogue.classes().map(|class| class.name().to_string()).collect();
    let words = |words: &[&'static str]| words.iter().copied().collect::<BTreeSet<&str>>();
    let codes = || Code::ALL.iter().map(|code| code.as_str());
    let mut allowed = BTreeMap::from([
        // A person asks for himself or herself.
        ("institution", institutions.iter().map(String::as_str).chain([""]).collect()),
        ("scenario", catalogue.scenarios().iter().map(|scenario| scenario.name().as_str()).chain(["none"]).collect()),
        ("outcome", codes().chain(["answered", "refused", "timeout", "failed"]).collect()),
        ("code", codes().chain(["cut-off"]).collect()),
        ("stage", Stage::ALL.iter().map(|stage| stage.as_str()).collect()),
        ("cause", {
            let handshakes = HandshakeCause::ALL.iter().map(|cause| cause.as_str());
            Cause::ALL.iter().map(|cause| cause.as_str()).chain(handshakes).collect()
        }),
        ("store", words(&["own"])),
        ("duty", Duty::ALL.iter().map(|duty| duty.as_str()).collect()),
        ("class", classes.iter().map(String::as_str).collect()),
        ("state", words(&["open", "late", "owed", "overdue", "waiting", "alone"])),
        ("why", words(&["too-many", "revoked", "stalled", "flooding"])),
        ("found", words(&["missing", "other"])),
        ("version", words(&[env!("CARGO_PKG_VERSION")])),
    ]);
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sample in samples(&mixed.metrics) {
        for (label, value) in sample.labels {
            if label == "le" {
                assert!(value == "+Inf" || value.parse::<f64>().is_ok(), "{}: {value}", sample.name);
                continue;
            }
            let known =
                allowed.get(label.as_str()).unwrap_or_else(|| panic!("{} has the label `{label}`", sample.name));
            assert!(known.contains(value.as_str()), "{}: {label} is `{value}`", sample.name);
            seen.entry(label).or_default().insert(value);
        }
    }
    // The load was mixed: of each label more than one value was seen, where there is more than one.
    for one in ["version", "store"] {
        drop(allowed.remove(one));
    }
    for label in allowed.keys() {
        assert!(seen[*label].len() > 1, "{label}: {:?}", seen[*label]);
    }
    assert!(seen["institution"].len() >= 3 && seen["outcome"].len() > 10, "{seen:?}");
}

/// When openssl says that a certificate ends.
fn not_after(certificate: &Path) -> f64 {
    let arguments = ["x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", certificate.to_str().unwrap()];
    let said = command("openssl", &arguments).held();
    let date = said.trim().strip_prefix("notAfter=").unwrap().replace(' ', "T");
    date.parse::<jiff::Timestamp>().unwrap().as_second() as f64
}

#[test]
fn what_is_known_is_there_from_the_start_at_zero_and_the_stages_count_what_happens() {
    let gateway = Gateway::serve(credit_tests::Folder::new());
    let folder = gateway.folder();
    let before = scraped(folder);
    for code in Code::ALL {
        assert_eq!(value(&before, "credit_gateway_refusals_total", Some(("code", code.as_str()))), 0.0);
    }
    for stage in Stage::ALL {
        assert_eq!(value(&before, "credit_gateway_stage_seconds_count", Some(("stage", stage.as_str()))), 0.0);
    }
    for outcome in ["answered", "timeout", "failed"] {
        assert_eq!(value(&before, "credit_gateway_store_look_ups_total", Some(("outcome", outcome))), 0.0);
    }
    for outcome in ["answered", "refused"] {
        assert_eq!(value(&before, "credit_gateway_query_seconds_count", Some(("outcome", outcome))), 0.0);
    }
    for cause in Cause::ALL {
        assert_eq!(value(&before, "credit_gateway_log_not_recordable", Some(("cause", cause.as_str()))), 0.0);
    }
    let now = SystemClock::new().now().as_second() as f64;
    for duty in Duty::ALL {
        let duty = Some(("duty", duty.as_str()));
        assert_eq!(value(&before, "credit_gateway_duty_failures_total", duty), 0.0, "{duty:?}");
        let done = value(&before, "credit_gateway_duty_last_success_seconds", duty);
        assert!((now - 60.0..=now + 1.0).contains(&done), "{duty:?}: {done} at {now}");
    }
    for name in ["lines_dropped_total", "log_commit_under_way_seconds"] {
        assert_eq!(value(&before, &format!("credit_gateway_{name}"), None), 0.0, "{name}");
    }
    for name in ["unregistered", "broken_off", "not_recordable", "overloaded"] {
        assert_eq!(value(&before, &format!("credit_gateway_{name}_total"), None), 0.0, "{name}");
    }
    for cause in HandshakeCause::ALL {
        let cause = Some(("cause", cause.as_str()));
        assert_eq!(value(&before, "credit_gateway_failed_handshakes_total", cause), 0.0, "{cause:?}");
    }
    let started = value(&before, "process_start_time_seconds", None);
    assert!((now - 60.0..=now + 1.0).contains(&started), "{started} at {now}");
    assert_eq!(
        value(&before, "credit_gateway_certificate_expiry_seconds", None),
        not_after(&folder.join("server.pem"))
    );
    assert_eq!(value(&before, "credit_gateway_build_info", Some(("version", env!("CARGO_PKG_VERSION")))), 1.0);
    assert!(value(&before, "process_resident_memory_bytes", None) > 1e6);
    assert!(value(&before, "process_open_fds", None) > 10.0);
    assert!(value(&before, "credit_gateway_data_free_bytes", None) > 0.0);

    let (caller, number) = (folder.caller("housing"), folder.person("clean", 0));
    assert_eq!(caller.ask(&look_up(&number)).status, 200);
    assert_eq!(caller.ask(&look_up(&wrong_check(&number))).code(), "invalid-citizen-number");
    assert_eq!(folder.caller("bank").ask(&look_up(&number)).code(), "scenario-not-allowed");
    let after = scraped(folder);
    let counted = |stage: Stage| value(&after, "credit_gateway_stage_seconds_count", Some(("stage", stage.as_str())));
    let counts = Stage::ALL.map(counted);
    assert_eq!(counts, [3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 3.0, 3.0], "{:?}", Stage::ALL);
    let sum = |name: &str| {
        samples(&after).iter().filter(|sample| sample.name == name).map(|sample| sample.value).sum::<f64>()
    };
    let (stages, queries) = (sum("credit_gateway_stage_seconds_sum"), sum("credit_gateway_query_seconds_sum"));
    // The reply alone comes after what a query's time ends with.
    assert!(stages >= queries && stages - queries < 0.1, "{stages} {queries}");
    let refused = |code| value(&after, "credit_gateway_refusals_total", Some(("code", code)));
    assert_eq!(
        [refused("invalid-citizen-number"), refused("scenario-not-allowed"), refused("store-failed")],
        [1.0, 1.0, 0.0]
    );
    assert_eq!(value(&after, "credit_gateway_store_look_ups_total", Some(("outcome", "answered"))), 1.0);
    assert_eq!(value(&after, "credit_gateway_store_waiting_look_ups", None), 0.0);
    assert_eq!(value(&after, "credit_gateway_queries_under_way", None), 0.0);
}

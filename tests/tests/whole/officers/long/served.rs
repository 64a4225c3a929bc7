//! A gateway with a long log.

use std::{
    thread,
    time::{Duration, Instant},
};

use credit_audit::leaf::Kind;
use credit_tests::{
    Folder, Gateway, Leaf, checked, figures,
    query::{SCENARIO, look_up, with},
};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::grown::{Model, Models, Query, grow};
use crate::{
    cases::{report, today},
    officers::at_door,
    persons::crowd::{resident, spent},
};

/// A query, a case and its decision, as a gateway records them.
fn models(folder: &Folder) -> Models {
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 0));
    let case = "LONG-LOG-CASE";
    let asked = checked::answer(folder, "housing", &housing.ask(&with(look_up(&number), "case", case)));
    let common = json!({"case": case, "scenario": SCENARIO, "subject": number, "operator": "staff-0017"});
    let said = |path, day| {
        let body = with(common.clone(), day, today());
        let reply = report(&housing, path, &body);
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        folder.leaf(reply.index())
    };
    let (opened, decided) = (said("/v1/cases", "opened"), said("/v1/cases/decisions", "decided"));
    let quoted = |leaf: &Leaf, member| Value::from(leaf.text(member)).to_string();
    Models {
        staff: quoted(&asked, "operator"),
        case: Value::from(case).to_string(),
        tag: quoted(&asked, "subject"),
        commit: quoted(&asked, "commit"),
        asked: Model::new(Kind::Query, &asked),
        opened: Model::new(Kind::Case, &opened),
        decided: Model::new(Kind::Case, &decided),
    }
}

/// A folder whose log has so many leaves more; gives each query to `seen`.
pub(super) fn grown(leaves: u64, seen: impl FnMut(&Query)) -> Folder {
    let gateway = Gateway::serve(Folder::new());
    let models = models(gateway.folder());
    let folder = gateway.stop();
    let begun = Instant::now();
    grow(&folder, &models, (7, leaves), seen);
    figures(format_args!("{leaves} leaves written in {:.0} s", begun.elapsed().as_secs_f64()));
    folder
}

/// Longer than any machine needs to read ten million leaves.
pub(super) const TIME: Duration = Duration::from_secs(3 * 3_600);

/// A gateway that was never there before, and has no snapshot of so long a log: its start reads all of it.
pub(super) fn served(folder: Folder) -> Gateway {
    let (command, begun) = (Gateway::serve_command(&folder), Instant::now());
    let mut gateway = Gateway::spawn(folder, command);
    while !gateway.out().text().contains("ready ") {
        assert!(gateway.is_running() && begun.elapsed() < TIME, "{}", gateway.err().text());
        thread::sleep(Duration::from_millis(50));
    }
    figures(format_args!("ready after {:.1} s", begun.elapsed().as_secs_f64()));
    gateway
}

/// Waits until all that was written can be searched and is read for reviews.
pub(super) fn until_read(gateway: &Gateway, leaves: u64) {
    let (folder, begun) = (gateway.folder(), Instant::now());
    let is_read = || {
        let log = at_door(folder, "officer").get("/officers/log").json();
        log["searchable"].as_u64().is_some_and(|size| size > leaves)
            && at_door(folder, "officer").get("/officers/reviews").status == StatusCode::OK
    };
    while !is_read() {
        assert!(begun.elapsed() < TIME, "the log is not read");
        thread::sleep(Duration::from_millis(200));
    }
    let (took, processor) = (begun.elapsed().as_secs_f64(), spent(gateway, |_| true) as f64 / 1e9);
    let memory = resident(gateway) >> 20;
    figures(format_args!(
        "{leaves} leaves: read {took:.1} s after the start, {processor:.1} s on a processor, {memory} MiB"
    ));
}

pub(super) fn all(_: &str) -> bool {
    true
}

/// Leaves of the long form; another number where `CREDIT_LONG_LOG` has one: ten million need twelve gigabytes of disk.
pub(super) fn long_form() -> u64 {
    std::env::var("CREDIT_LONG_LOG").ok().and_then(|leaves| leaves.parse().ok()).unwrap_or(10_000_000)
}

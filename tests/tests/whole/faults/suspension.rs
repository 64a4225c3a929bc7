//! A suspension while queries are under way.

use std::time::Instant;

use credit_tests::{Ended, Folder, Gateway};

use super::{is_full, load::Load, query, record};

fn institution(folder: &Folder, what: &str) -> Ended {
    let config = folder.config();
    let arguments =
        ["institution".as_ref(), what.as_ref(), "housing".as_ref(), "--config".as_ref(), config.as_os_str()];
    credit_tests::gateway(&arguments)
}

#[test]
fn no_answer_follows_a_suspension_in_the_log_until_it_is_lifted() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let load = Load::start(folder, "suspension");
    load.goes_on(100);
    let said = institution(folder, "suspend").held();
    let suspended = Instant::now();
    assert!(said.contains("index"), "{said}");
    load.goes_on(200);
    let outcome = load.stop();
    let late = outcome.replies.iter().filter(|timed| timed.began >= suspended);
    let mut refused = 0;
    for timed in late {
        assert_eq!((timed.reply.status.as_u16(), timed.reply.code().as_str()), (403, "institution-suspended"));
        refused += 1;
    }
    assert!(refused > 20, "{refused} asked after it");
    let held = outcome.recorded("never");
    let last = held.iter().map(credit_tests::Reply::index).max().expect("some");
    assert_eq!(folder.leaf(last).index, last);
    let leaves = folder.leaves();
    record::assert_whole(&leaves, &held, &folder.vkey());
    let at = leaves.iter().position(|leaf| leaf.text("kind") == "suspension").expect("the suspension's leaf");
    assert_eq!(leaves[at].json["suspended"], true);
    let before = record::queries(&leaves[..at]).filter(|leaf| leaf.text("outcome") == "answered").count();
    assert!(before > 20, "{before} answers before it");
    // A query under way may be refused for another fault that was found first; answered it is not.
    for leaf in record::queries(&leaves[at..]) {
        assert_eq!(leaf.text("outcome"), "refused", "leaf {}", leaf.index);
    }
    // It outlives the process, however that ends.
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let ask = |case: &str| folder.caller("housing").ask(&query(&folder.person("clean", 0), "staff-0017", case));
    assert_eq!(ask("still").code(), "institution-suspended");
    assert!(institution(folder, "resume").held().contains("index"));
    assert_eq!(ask("again").status, 200);
    let folder = Gateway::serve(gateway.kill());
    let ask = folder.folder().caller("housing").ask(&query(&folder.folder().person("clean", 0), "staff-0017", "later"));
    assert_eq!(ask.status, 200);
}

/// A means by which queries of the load are halted: the command, status and code of what is refused, the kind of the leaf,
/// and the command that ends it.
type Means = (&'static [&'static str], u16, &'static str, &'static str, &'static [&'static str]);

const MEANS: [Means; 4] = [
    (
        &["institution", "suspend", "housing", "--staff", "staff-0017"],
        403,
        "institution-suspended",
        "suspension",
        &["institution", "resume", "housing", "--staff", "staff-0017"],
    ),
    (
        &["institution", "suspend", "housing", "--scenario", "public-rental-housing"],
        403,
        "institution-suspended",
        "suspension",
        &["institution", "resume", "housing", "--scenario", "public-rental-housing"],
    ),
    (
        &["stop", "--scenario", "public-rental-housing"],
        503,
        "stopped",
        "stop",
        &["resume", "--scenario", "public-rental-housing"],
    ),
    (&["stop"], 503, "stopped", "stop", &["resume"]),
];

fn command(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    credit_tests::gateway(&[arguments, &["--config", config.to_str().expect("UTF-8")]].concat())
}

/// One round: under load, over a kill without warning, until it is ended.
fn halted(folder: Folder, round: usize) -> Folder {
    let (halt, status, code, kind, end) = MEANS[round % MEANS.len()];
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let before = folder.leaves().len();
    let load = Load::start(folder, &format!("round-{round}"));
    load.goes_on(60);
    drop(command(folder, halt).held());
    let halted = Instant::now();
    load.goes_on(80);
    let outcome = load.stop();
    let late = || outcome.replies.iter().filter(|timed| timed.began >= halted);
    assert!(late().all(|timed| timed.reply.status != 200), "{halt:?}: an answer to who asked after it");
    let refused = late().filter(|timed| (timed.reply.status.as_u16(), &*timed.reply.code()) == (status, code)).count();
    assert!(refused > 10, "{halt:?}: {refused} asked after it");
    let held = outcome.recorded("stopped");
    let last = held.iter().map(credit_tests::Reply::index).max().expect("some");
    assert_eq!(folder.leaf(last).index, last);
    let leaves = folder.leaves();
    record::assert_whole(&leaves, &held, &folder.vkey());
    let at = before + leaves[before..].iter().position(|leaf| leaf.text("kind") == kind).expect("its leaf");
    for leaf in record::queries(&leaves[at..]) {
        assert_eq!(leaf.text("outcome"), "refused", "{halt:?}: leaf {}", leaf.index);
    }
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let ask = |case: &str| {
        folder.caller("housing").ask(&query(
            &folder.person("clean", round % 4),
            "staff-0017",
            &format!("{case}-{round}"),
        ))
    };
    assert_eq!(ask("still").code(), code, "{halt:?}");
    drop(command(folder, end).held());
    assert_eq!(ask("again").status, 200, "{halt:?}");
    gateway.kill()
}

#[test]
fn no_answer_follows_a_stop_or_the_suspension_of_a_part() {
    let rounds = if is_full() { 10 * MEANS.len() } else { MEANS.len() };
    (0..rounds).fold(Folder::new(), halted);
}

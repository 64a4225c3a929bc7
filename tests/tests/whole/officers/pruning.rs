//! Records that two officers let go: nobody else, nothing before its time, nothing that is in force; and what is left is served,
//! checked, copied and started as before.

use std::{fs, path::Path, time::Duration};

use credit_tests::{Folder, Gateway, Reply, audit, gateway, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act, at_door,
    by_two::{ONE, OTHER, at_port, listed},
    guards::{self, THIRD, with_third},
    of_kind,
};
use crate::{
    chromium::{are_sound_in_one, lines, pictures},
    faults::within,
    persons::destruction::{self, later},
    witnesses::{Site, ed25519},
};

const PRUNINGS: &str = "/officers/prunings";
const PROPOSALS: &str = "/officers/proposals";
const APPROVALS: &str = "/officers/approvals";

/// Before which record all goes: one bundle.
const UNTIL: u64 = 256;

/// Enough that the write-ahead log releases the first bundle.
const QUERIES: usize = 1_000;

const INDEX: &str = "data/index.sqlite";

const SOON: Duration = Duration::from_secs(30);

/// Two officers, a law that wants records for a month only, small segments, and reviews of nothing but what is drawn.
fn folder() -> Folder {
    let folder = with_third(destruction::folder());
    folder.replace_in_config("segment_mib = 16", "segment_mib = 1");
    folder
}

/// A gateway a hundred days after it was asked often, in one month; with that month.
fn old() -> (Gateway, String) {
    let gateway = Gateway::serve(folder());
    let folder = gateway.folder();
    let housing = folder.caller("housing");
    let persons: Vec<_> = (0..3).map(|nr| look_up(&folder.person("clean", nr))).collect();
    for person in persons.iter().cycle().take(QUERIES) {
        drop(housing.ask(person));
    }
    let key = of_kind(folder, "query")[0].text("key").trim_start_matches("data-").to_owned();
    (later(gateway.stop(), 100), key)
}

fn destroy(folder: &Folder, month: &str) {
    let words = ["keys", "destroy", "--month", month];
    by_two(folder, &words);
}

/// The last proposal.
fn proposal(folder: &Folder) -> String {
    listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned()
}

fn propose(folder: &Folder, until: u64) -> Reply {
    act(folder, ONE, PROPOSALS, &json!({"act": "prune", "until": until}))
}

/// Why it is not proposed.
fn why(folder: &Folder, until: u64) -> String {
    at_port(folder, ONE, &["prune", "--until", &until.to_string()]).failed(1)
}

/// By command, in its three steps.
fn by_two(folder: &Folder, words: &[&str]) -> String {
    drop(at_port(folder, ONE, words).held());
    let id = proposal(folder);
    drop(at_port(folder, OTHER, &[words, &["--approve", &id]].concat()).held());
    at_port(folder, ONE, &[words, &["--proposal", &id]].concat()).held()
}

fn prune(folder: &Folder, until: u64) -> String {
    by_two(folder, &["prune", "--until", &until.to_string()])
}

#[track_caller]
fn is_refused(folder: &Folder, (who, path): (&str, &str), body: &Value, why: &str) {
    let reply = act(folder, who, path, body);
    assert_eq!(reply.status, StatusCode::CONFLICT, "{why}");
    let mut paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    assert!(
        paths.next_back().is_some_and(|path| path.ends_with(&format!("/refused/{why}"))),
        "{why}: each try is on the record"
    );
    assert!(of_kind(folder, "prune").is_empty() && bundle(folder).exists(), "{why}");
}

fn bundle(folder: &Folder) -> std::path::PathBuf {
    folder.log().join("tile/entries/000")
}

/// Verified and replayed, and the index is what the log says.
fn is_sound(folder: &Folder) {
    let (log, vkey, rules) = (folder.log(), folder.join("data/log/log.vkey"), folder.join("rules"));
    let [log, vkey, rules] = [&log, &vkey, &rules].map(|path| path.to_str().unwrap());
    let said = audit(&["verify", log, "--vkey", vkey]).held();
    assert!(said.contains("entries 0 to 255 were let go by two officers"), "{said}");
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", rules]).held());
    drop(gateway(&["index", "check", "--config", folder.config().to_str().unwrap()]).held());
}

/// A copy that the supervisor makes over HTTP.
fn mirror(folder: &Folder, name: &str) -> Value {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let url = format!("https://localhost:{}", folder.port_base() + super::AUDITORS);
    let (ca, pem, key) = (file("ca.pem"), file("institutions/supervisor.pem"), file("institutions/supervisor.key"));
    let (vkey, copy) = (file("data/log/log.vkey"), file(name));
    let words = ["mirror", &url, &copy, "--vkey", &vkey, "--ca", &ca, "--cert", &pem, "--key", &key, "--json"];
    serde_json::from_str(&audit(&words).held()).unwrap()
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn records_go_by_two_alone_after_their_time_and_what_is_left_is_a_log() {
    let (gateway, month) = old();
    let folder = gateway.folder();
    let held = why(folder, UNTIL);
    assert!(held.contains("can be opened still") && held.contains(&month), "{held}");
    for wrong in [0, 1, 255, 257, 1 << 40] {
        assert!(why(folder, wrong).contains("a multiple of 256"), "{wrong}");
    }
    let checkpoint = fs::read_to_string(folder.log().join("checkpoint")).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let unread = why(folder, size / 256 * 256);
    assert!(unread.contains("write-ahead log has some of them still"), "{unread}");
    assert!(
        at_port(folder, ONE, &["prune", "--until", "256", "--emergency"]).failed(64).contains("by one officer alone")
    );
    assert_eq!(
        act(folder, "supervisor", PROPOSALS, &json!({"act": "prune", "until": UNTIL})).status,
        StatusCode::FORBIDDEN
    );
    by_pages(folder, "destroy");
    let gone = of_kind(folder, "key").into_iter().rfind(|leaf| leaf.text("state") == "destroyed").unwrap();
    assert!(gone.text("key").contains(&month), "{}", gone.json);

    // As everything that two decide is guarded, before it is approved, after its time, and by whoever has no part in it.
    let [what, other] = [UNTIL, 512].map(|until| json!({"until": until}));
    let kind = guards::Kind {
        act: "prune",
        name: "prune",
        proposed: what.clone(),
        said: Some([what.clone(), other.clone()]),
        done: Some((PRUNINGS, what, other)),
    };
    let first = guards::propose(folder, &kind);
    guards::one_signature(folder, &kind, &first);
    let kinds = [kind];
    let gateway = guards::too_late(gateway, &kinds, &[first]);
    let folder = gateway.folder();
    assert_eq!(propose(folder, UNTIL).status, StatusCode::OK);
    let of = json!({"proposal": proposal(folder), "until": UNTIL});
    assert_eq!(act(folder, THIRD, APPROVALS, &of).status, StatusCode::OK, "any other officer approves");
    is_refused(folder, (OTHER, PRUNINGS), &of, "not-theirs");
    is_refused(folder, (OTHER, APPROVALS), &of, "again");

    let_go(&gateway);
    let folder = started_again(gateway).stop();
    is_sound(&folder);
}

/// Proposed, approved and done by the pages alone, in both languages, and axe finds nothing in them; what the last page says.
fn by_pages(folder: &Folder, step: &str) -> String {
    let door = format!("https://127.0.0.1:{}", folder.port_base() + super::AUDITORS);
    let (path, until) = (folder.path().display().to_string(), UNTIL.to_string());
    let arguments = [door, path, pictures().display().to_string(), until, step.to_owned()];
    let lines = lines("pruning.mjs", include_str!("pruning.mjs"), &arguments);
    are_sound_in_one(&lines, 3);
    let said = lines.iter().find_map(|line| line["said"].as_str()).unwrap().to_owned();
    assert!(said.contains("on the record") || said.contains("写入日志"), "{said}");
    said
}

/// By two, and what is served then; copies of before and after agree.
fn let_go(gateway: &Gateway) {
    let folder = gateway.folder();
    let before = mirror(folder, "before");
    assert_eq!((before["holds"].clone(), before["entries"].clone()), (json!(true), json!(true)));
    let spent = by_pages_alone(folder);
    assert!(!bundle(folder).exists() && folder.log().join("tile/0/000").exists());
    let leaf = of_kind_left(folder, "prune");
    for who in [ONE, OTHER] {
        assert_eq!(act(folder, who, PRUNINGS, &spent).status, StatusCode::CONFLICT);
        assert!(within(SOON, || last_refused(folder) == "done"), "what is replayed is on the record, too");
    }
    let gone = at_door(folder, "supervisor").get("/tile/entries/000");
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.text().contains(&format!("entry {leaf}")), "{}", gone.text());
    assert_eq!(at_door(folder, "supervisor").get("/pruned").status, StatusCode::OK);
    assert_eq!(at_door(folder, "supervisor").get("/tile/0/000").status, StatusCode::OK);
    assert!(why(folder, UNTIL).contains("a multiple of 256"), "the edge only grows");

    assert_eq!(mirror(folder, "before")["holds"], true, "a copy keeps what it has, and agrees");
    assert!(folder.join("before/tile/entries/000").exists());
    assert_eq!(mirror(folder, "after")["holds"], true);
    assert!(!folder.join("after/tile/entries/000").exists());
}

/// Lets them go by the pages; the body by which it was done.
fn by_pages_alone(folder: &Folder) -> Value {
    drop(by_pages(folder, "prune"));
    json!({"proposal": proposal(folder), "until": UNTIL})
}

/// Killed, and without the snapshot: what is read again is the same.
fn started_again(mut gateway: Gateway) -> Gateway {
    for snapshot in [true, false] {
        let folder = gateway.kill();
        if !snapshot {
            fs::remove_file(folder.join("data/state.snapshot")).unwrap();
        }
        gateway = later(folder, 116);
        let folder = gateway.folder();
        let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
        assert_eq!(reply.status, StatusCode::OK);
        assert!(gateway.err().text().matches("is lost").count() == 0, "{}", gateway.err().text());
    }
    gateway
}

/// The index of the last leaf of a kind, of a log that begins at an edge.
fn of_kind_left(folder: &Folder, kind: &str) -> u64 {
    let of_kind = shown(folder).into_iter().rfind(|line| line["leaf"]["kind"] == kind);
    of_kind.unwrap()["index"].as_u64().unwrap()
}

/// What of a log that begins at an edge is there.
fn shown(folder: &Folder) -> Vec<Value> {
    let vkey = folder.log().join("log.vkey");
    let shown = audit(&["show", folder.log().to_str().unwrap(), "--vkey", vkey.to_str().unwrap(), "--json"]).held();
    shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

/// Why the last try was refused, as a log has it that begins at an edge.
fn last_refused(folder: &Folder) -> String {
    // Between what is tried and what is published, whoever looks reads tiles, which is on the record as well.
    let is_try = |path: &&str| path.contains("/refused/");
    let shown = shown(folder).into_iter().rev();
    let path = shown.into_iter().find_map(|line| line["leaf"]["path"].as_str().filter(is_try).map(str::to_owned));
    path.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}

/// Rows of the index that say what leaves of the first bundle say; all of the index is in its file then.
fn rows(folder: &Folder) -> i64 {
    let index = rusqlite::Connection::open(folder.join(INDEX)).unwrap();
    index.busy_timeout(SOON).unwrap();
    index.query_row("SELECT COUNT(*) FROM query WHERE leaf < 256", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_the_log_says_was_let_go_goes_after_a_crash_and_a_bundle_that_is_lost_is_missed() {
    let (gateway, month) = old();
    destroy(gateway.folder(), &month);
    let folder = gateway.stop();
    let kept = folder.join("kept-entries");
    copied(&folder.log().join("tile/entries"), &kept);
    assert!(rows(&folder) > 0);
    let index = fs::read(folder.join(INDEX)).unwrap();
    let gateway = later(folder, 100);
    drop(prune(gateway.folder(), UNTIL));
    // As a crash behind the leaf leaves it: nothing is noted, and nothing is removed.
    let folder = gateway.kill();
    fs::remove_file(folder.log().join("pruned")).unwrap();
    fs::copy(kept.join("000"), bundle(&folder)).unwrap();
    let gateway = later(folder, 100);
    let folder = gateway.folder();
    assert!(within(SOON, || !bundle(folder).exists()), "{}", gateway.err().text());
    assert!(folder.log().join("pruned").exists());
    // As one leaves it that came before all of it was removed, and anything of the index.
    let folder = gateway.kill();
    fs::copy(kept.join("000"), bundle(&folder)).unwrap();
    for beside in ["-wal", "-shm"] {
        drop(fs::remove_file(folder.join(format!("{INDEX}{beside}"))));
    }
    fs::write(folder.join(INDEX), index).unwrap();
    assert!(rows(&folder) > 0);
    let gateway = later(folder, 100);
    assert!(!bundle(gateway.folder()).exists());
    assert!(within(SOON, || rows(gateway.folder()) == 0), "{}", gateway.err().text());
    let folder = gateway.stop();
    is_sound(&folder);
    // What nobody let go is lost, as ever.
    let refused = |what: &str| {
        let config = folder.config();
        let said = gateway_check(&config);
        assert!(said.contains("restore"), "{what}: {said}");
    };
    let (pruned, next) = (folder.log().join("pruned"), folder.log().join("tile/entries/001"));
    for (what, path) in [("above the edge", next), ("without what says so", pruned)] {
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        refused(what);
        fs::write(&path, bytes).unwrap();
    }
    is_sound(&folder);
}

#[test]
fn where_witnesses_are_named_nothing_goes_before_they_cosigned_that_it_goes() {
    let (gateway, month) = old();
    destroy(gateway.folder(), &month);
    let folder = gateway.stop();
    let site = Site::new("witness.example/prune", &ed25519());
    let key = folder.join("data/log/log.vkey");
    let (witness, address) = site.serve(&key, true, 0);
    let lines = format!("log {}\nwitness one {} {address}\nquorum one\n", folder.vkey(), site.vkey());
    fs::write(folder.join("trust-policy"), lines).unwrap();
    folder.replace_in_config("witness_every_s = 10", "trust_policy = \"trust-policy\"\nwitness_every_s = 1");
    drop(witness);
    let gateway = later(folder, 100);
    let folder = gateway.folder();
    let said = prune(folder, UNTIL);
    assert!(said.contains("once the witnesses cosigned that") && said.contains(r#""waits":true"#), "{said}");
    assert!(bundle(folder).exists() && !folder.log().join("pruned").exists());
    // A crash meanwhile changes nothing of that.
    let gateway = later(gateway.kill(), 100);
    let folder = gateway.folder();
    drop(folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    assert!(bundle(folder).exists() && !folder.log().join("pruned").exists());
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let (_witness, _) = site.serve(&key, false, port);
    assert!(within(SOON, || !bundle(folder).exists()), "{}", gateway.err().text());
    assert!(within(SOON, || folder.log().join("pruned").exists()));
    is_sound(&gateway.stop());
}

fn gateway_check(config: &Path) -> String {
    let said = gateway(&["check", "--config", config.to_str().unwrap()]);
    assert_ne!(said.code, Some(0));
    said.err
}

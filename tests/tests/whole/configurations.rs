//! Configurations that are not taken: exit code 64, one line a fault, and no port opened, told by `check` and `serve`.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use credit_gateway::for_tests::LISTENERS;
use credit_tests::{Folder, gateway};

/// A spoiled folder: how many faults it has, and words that tell them.
type Spoiled = (&'static str, fn(&Folder), usize, &'static [&'static str]);

fn replace(folder: &Folder, from: &str, to: &str) {
    folder.replace_in_config(from, to);
}

fn open_to_others(folder: &Folder, name: &str) {
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
}

const SPOILED: &[Spoiled] = &[
    ("no TOML", |f| fs::write(f.config(), "listen = [").unwrap(), 1, &["config.toml", "line 1"]),
    ("an unknown key", |f| replace(f, "linger_us", "lingerus"), 1, &["lingerus"]),
    ("an unknown table", |f| f.edit_config(|text| format!("{text}\n[surplus]\nx = 1\n")), 1, &["surplus"]),
    ("a missing key", |f| replace(f, "origin = ", "# origin = "), 1, &["origin"]),
    ("a wrong address", |f| replace(f, "public = \"127.0.0.1", "public = \"127.0.0.256"), 1, &["public"]),
    ("an origin with a slash", |f| replace(f, "demo/r1\"", "demo/r1/\""), 1, &["log.origin"]),
    (
        "too slow a publisher",
        |f| replace(f, "publish_every_ms = 50", "publish_every_ms = 5000"),
        1,
        &["publish_every_ms"],
    ),
    ("no segment", |f| replace(f, "segment_mib = 16", "segment_mib = 0"), 1, &["segment_mib"]),
    (
        "two ways to the ring",
        |f| replace(f, "# passphrase_file", "passphrase_file"),
        1,
        &["key_file", "passphrase_file"],
    ),
    (
        "the world on the operators' door",
        |f| replace(f, "operations = \"127.0.0.1", "operations = \"0.0.0.0"),
        2,
        &["operations", "loopback"],
    ),
    (
        "a demo for the world",
        |f| replace(f, "institutions = \"127.0.0.1", "institutions = \"0.0.0.0"),
        1,
        &["loopback"],
    ),
    ("the demo's keys outside the demo", |f| replace(f, "demo = true", "demo = false"), 2, &["demo"]),
    ("a kind that is none", |f| replace(f, "kind = \"employer\"", "kind = \"king\""), 1, &["king"]),
    ("an id that is none", |f| replace(f, "id = \"employer\"", "id = \"An Employer\""), 1, &["id"]),
    ("a limit of nothing", |f| replace(f, "burst = 10\n", "burst = 0\n"), 1, &["employer"]),
    (
        "half a limit of operators",
        |f| replace(f, "burst = 10\n", "burst = 10\noperator_burst = 3\n"),
        1,
        &["employer", "operator_rate_per_s"],
    ),
    (
        "an operator's day of nothing",
        |f| replace(f, "burst = 10\n", "burst = 10\nlook_ups_an_operator_a_day = 0\n"),
        1,
        &["employer", "look_ups_an_operator_a_day"],
    ),
    ("a flood without a measure", |f| replace(f, "multiple = 10", "multiple = 0"), 1, &["floods.multiple"]),
    ("a flood without a time", |f| replace(f, "leaf_every_s = 60", "leaf_every_s = 0"), 1, &["floods.leaf_every_s"]),
    ("no certificate", |f| replace(f, "[\"institutions/bank.pem\"]", "[]"), 1, &["bank"]),
    (
        "a certificate that is not there",
        |f| replace(f, "institutions/bank.pem", "institutions/banc.pem"),
        1,
        &["banc.pem"],
    ),
    ("one id twice", |f| replace(f, "id = \"employer\"", "id = \"bank\""), 1, &["bank"]),
    (
        "one certificate for two",
        |f| replace(f, "institutions/bank.pem", "institutions/housing.pem"),
        1,
        &["bank", "housing"],
    ),
    ("a server key open to others", |f| open_to_others(f, "server.key"), 1, &["server.key"]),
    ("a ring key open to others", |f| open_to_others(f, "keys/ring.key"), 1, &["ring.key"]),
    ("no authority", |f| fs::write(f.join("ca.pem"), "").unwrap(), 1, &["ca.pem"]),
    ("no revocation list", |f| fs::remove_file(f.join("crl.pem")).unwrap(), 1, &["crl.pem"]),
    (
        "another's server key",
        |f| {
            fs::copy(f.join("institutions/bank.key"), f.join("server.key")).unwrap();
        },
        1,
        &["is not that of the certificate"],
    ),
    (
        "a client's certificate and key",
        |f| {
            for end in ["pem", "key"] {
                fs::copy(f.join(format!("institutions/bank.{end}")), f.join(format!("server.{end}"))).unwrap();
            }
        },
        1,
        &["server.pem", "is for clients alone"],
    ),
    ("no store", |f| fs::remove_file(f.join("data/store.sqlite")).unwrap(), 1, &["store.sqlite"]),
    (
        "a store that is none",
        |f| fs::write(f.join("data/store.sqlite"), "x".repeat(10_000)).unwrap(),
        1,
        &["store.sqlite"],
    ),
    ("no ring", |f| fs::rename(f.join("keys"), f.join("gone")).unwrap(), 2, &["ring.key", "jwks"]),
    ("no catalogue", |f| replace(f, "# dir = \"catalogue\"", "dir = \"nowhere\""), 1, &["nowhere"]),
    ("no time for a query", |f| replace(f, "request_ms = 10000", "request_ms = 0"), 1, &["bounds"]),
    ("traces to nowhere", |f| replace(f, "# traces = \"http", "traces = \"ftp"), 1, &["telemetry"]),
    (
        "several at once",
        |f| {
            replace(f, "demo/r1\"", "demo/r1/\"");
            replace(f, "segment_mib = 16", "segment_mib = 0");
            replace(f, "burst = 10\n", "burst = 0\n");
        },
        3,
        &["log.origin", "segment_mib", "employer"],
    ),
];

fn complaints(err: &str) -> Vec<&str> {
    err.lines().filter_map(|line| line.strip_prefix("credit-gateway: ")).collect()
}

fn spoiled(number: usize) -> Folder {
    let folder = Folder::new();
    SPOILED[number].1(&folder);
    folder
}

#[test]
fn check_tells_every_fault_in_a_line_of_its_own() {
    credit_tests::each(0..SPOILED.len(), |number| {
        let (name, _, faults, words) = SPOILED[*number];
        let folder = spoiled(*number);
        let err = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
        let told = complaints(&err);
        assert_eq!(told.len(), faults, "{name}: {err}");
        for word in words {
            assert!(told.iter().any(|line| line.contains(word)), "{name}: no `{word}` in {err}");
        }
        assert!(!folder.log().exists(), "{name}: a log was begun");
    });
}

#[test]
fn serve_opens_no_port_with_a_fault() {
    credit_tests::each(0..SPOILED.len(), |number| {
        let (name, ..) = SPOILED[*number];
        let folder = spoiled(*number);
        // Somebody else has the ports: whoever tried to open one would end with 69.
        let _taken: Vec<_> = (0..LISTENERS)
            .map(|offset| TcpListener::bind(("127.0.0.1", folder.port_base() + offset)).unwrap())
            .collect();
        let ended = gateway(&["serve", "--config", folder.config().to_str().unwrap()]);
        let err = ended.failed(64);
        assert!(!complaints(&err).is_empty(), "{name}: {err}");
    });
}

#[test]
fn faults_of_several_files_are_told_together() {
    let folder = Folder::new();
    open_to_others(&folder, "server.key");
    open_to_others(&folder, "keys/ring.key");
    fs::remove_file(folder.join("data/store.sqlite")).unwrap();
    replace(&folder, "institutions/bank.pem", "institutions/banc.pem");
    replace(&folder, "# dir = \"catalogue\"", "dir = \"nowhere\"");
    let err = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
    let told = complaints(&err);
    assert_eq!(told.len(), 5, "{err}");
    for word in ["server.key", "ring.key", "store.sqlite", "banc.pem", "nowhere"] {
        assert_eq!(told.iter().filter(|line| line.contains(word)).count(), 1, "`{word}`: {err}");
    }
}

#[test]
fn a_port_that_is_taken_is_unavailable() {
    let folder = Folder::new();
    let _taken = TcpListener::bind(("127.0.0.1", folder.port_base() + 3)).unwrap();
    let err = gateway(&["serve", "--config", folder.config().to_str().unwrap()]).failed(69);
    let told = complaints(&err);
    assert_eq!(told.len(), 1, "{err}");
    assert!(told[0].contains(&(folder.port_base() + 3).to_string()), "{err}");
}

#[test]
fn a_sound_configuration_is_told_to_be_one_and_nothing_is_begun() {
    let folder = Folder::new();
    let config = folder.config();
    let check = || gateway(&["check", "--config", config.to_str().unwrap()]);
    let ended = check();
    // What was signed is remembered in the data folder, so it goes back with it.
    assert!(ended.err.contains("put it on another device"), "{ended:?}");
    assert_eq!(ended.err_of_any_day().lines().count(), 1, "{ended:?}");
    let out = ended.held();
    assert_eq!(out.lines().count(), 1, "{out}");
    let guard = folder.join("guard");
    fs::create_dir(&guard).unwrap();
    replace(&folder, "[log]\n", &format!("[log]\nsecond_place = \"{}/second-place\"\n", guard.display()));
    let ended = check();
    assert_eq!(ended.err_of_any_day(), "", "{ended:?}");
    drop(ended.held());
    assert!(!folder.log().exists() && !folder.join("data/state.snapshot").exists());
    drop(gateway(&["check", "--config", "/nowhere/config.toml"]).failed(64));
    drop(gateway(&["serve", "--config", "/nowhere/config.toml"]).failed(64));
}

#[test]
fn the_demo_s_keys_are_refused_by_every_command_outside_the_demo() {
    let folder = Folder::new();
    replace(&folder, "demo = true", "demo = false");
    let config = folder.config();
    for arguments in
        [&["serve"][..], &["check"], &["keys", "status"], &["keys", "rotate", "data"], &["institution", "list"]]
    {
        let arguments = [arguments, &["--config", config.to_str().unwrap()]].concat();
        let err = gateway(&arguments).failed(64);
        assert!(err.contains("keys init"), "{arguments:?}: {err}");
    }
}

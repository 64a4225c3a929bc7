//! What `check` vouches for: it ends with 0 exactly where `serve` becomes ready, and it changes nothing.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use credit_tests::{Authority, Ended, Folder, Gateway, Wish, binaries, each, gateway, query::look_up, sh};
use rcgen::ExtendedKeyUsagePurpose;
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};

fn check(folder: &Folder) -> Ended {
    gateway(&["check", "--config", folder.config().to_str().unwrap()])
}

/// Serves until the first line on standard output, or to its end: the code, 0 where it became ready, and its faults.
fn try_serve(folder: &Folder) -> (i32, Vec<String>) {
    let mut command = Command::new(binaries::credit_gateway());
    command.args(["serve", "--config"]).arg(folder.config()).env("LC_ALL", "C.UTF-8").env("RUST_LOG", "off");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let is_ready = line.starts_with("ready ");
    if is_ready {
        kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    }
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let code = child.wait().unwrap().code();
    (if is_ready { 0 } else { code.unwrap_or(-1) }, faults(&err))
}

fn faults(err: &str) -> Vec<String> {
    let told = err.lines().filter_map(|line| line.strip_prefix("credit-gateway: "));
    told.filter(|line| !line.starts_with("warning: ")).map(str::to_owned).collect()
}

/// What stands in a folder: names, modes, times of the last change, contents.
fn state_of(folder: &Path) -> Vec<u8> {
    use std::os::unix::fs::MetadataExt;
    fn add(path: &Path, hash: &mut Sha256) {
        let meta = fs::symlink_metadata(path).unwrap();
        hash.update(format!("{} {:o} {} {}\n", path.display(), meta.mode(), meta.mtime(), meta.mtime_nsec()));
        if meta.is_dir() {
            let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
            names.sort();
            names.iter().for_each(|name| add(name, hash));
        } else if meta.is_file() {
            hash.update(fs::read(path).unwrap());
        }
    }
    let mut hash = Sha256::new();
    add(folder, &mut hash);
    hash.finalize().to_vec()
}

fn quiet(folder: &Folder) -> Vec<u8> {
    let before = state_of(folder.path());
    drop(check(folder).held());
    assert_eq!(state_of(folder.path()), before, "check changed the folder");
    before
}

#[test]
fn check_changes_nothing_before_the_first_start_and_after_the_last() {
    let folder = Folder::new();
    drop(quiet(&folder));
    let gateway = Gateway::serve(folder);
    let person = gateway.folder().person("clean", 0);
    assert_eq!(gateway.folder().caller("housing").ask(&look_up(&person)).status, 200);
    // Beside a running gateway it passes, and the gateway goes on.
    drop(check(gateway.folder()).held());
    assert_eq!(gateway.folder().caller("housing").ask(&look_up(&person)).status, 200);
    let folder = gateway.stop();
    drop(quiet(&folder));
    // Nor does it mend what a crash left.
    let wal = folder.join("data/wal");
    fs::write(wal.join("next"), "half a segment").unwrap();
    drop(quiet(&folder));
}

fn key_of_issuer(folder: &Folder, to: &str) {
    folder.replace_in_config("keys/consent-authority.jwks", to);
}

/// What is wrong, how it comes to be, the exit code, and words that name it.
type Wrong = (&'static str, fn(&Folder), i32, &'static [&'static str]);

const WRONG: &[Wrong] = &[
    ("an issuer's key that is missing", |f| key_of_issuer(f, "nowhere.jwk"), 64, &["nowhere.jwk"]),
    (
        "a private key of an issuer",
        |f| {
            let key = r#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"AAAA"}"#;
            fs::write(f.join("private.jwk"), key).unwrap();
            key_of_issuer(f, "private.jwk");
        },
        64,
        &["private.jwk"],
    ),
    (
        "an authority that is misspelt",
        |f| f.replace_in_config("institution = \"authority\"", "institution = \"authorty\""),
        64,
        &["authorty", "not in the register"],
    ),
    (
        "a bank that acts for an issuer",
        |f| f.replace_in_config("institution = \"authority\"", "institution = \"bank\""),
        64,
        &["`bank`", "consent-authority"],
    ),
    (
        "traces to no host",
        |f| f.replace_in_config("# traces = \"http", "traces = \"http://\" # \"http"),
        64,
        &["traces"],
    ),
    (
        "two listeners at one address",
        |f| {
            let base = f.port_base();
            f.replace_in_config(&format!(":{}\"", base + 3), &format!(":{base}\""));
        },
        64,
        &["two listeners"],
    ),
    (
        "a path too long for a socket",
        |f| {
            f.replace_in_config("dir = \"data\"", &format!("dir = \"{}\"", ["d"; 60].join("/")));
        },
        64,
        &["107 bytes"],
    ),
    (
        "a guard on a device that is not there",
        |f| f.replace_in_config("[log]\n", "[log]\nsecond_place = \"away/second-place\"\n"),
        69,
        &["log.second_place"],
    ),
    (
        "a data folder that is a file",
        |f| {
            fs::write(f.join("file"), "").unwrap();
            f.replace_in_config("dir = \"data\"", "dir = \"file/data\"");
        },
        64,
        &["file"],
    ),
];

#[test]
fn what_serve_refuses_check_refuses_with_the_same_words() {
    each(WRONG, |(what, spoil, code, words)| {
        let folder = Folder::new();
        spoil(&folder);
        same(&folder, what, Some(*code), words);
    });
}

/// Both end alike.
#[track_caller]
fn same(folder: &Folder, what: &str, code: Option<i32>, words: &[&str]) -> i32 {
    let before = state_of(folder.path());
    let checked = check(folder);
    assert_eq!(state_of(folder.path()), before, "{what}: check changed the folder");
    let (served, told) = try_serve(folder);
    assert_eq!(checked.code, Some(served), "{what}: {checked:?}, but serve: {told:?}");
    if let Some(code) = code {
        assert_eq!(served, code, "{what}: {told:?}");
    }
    if served != 0 {
        assert_eq!(faults(&checked.err), told, "{what}");
    }
    for word in words {
        assert!(told.iter().any(|line| line.contains(word)), "{what}: no `{word}` in {told:?}");
    }
    served
}

#[test]
fn a_log_of_another_name_is_told_by_ring_and_record_alike() {
    let folder = Gateway::serve(Folder::new()).stop();
    folder.edit_config(|config| {
        let line = config.lines().find(|line| line.starts_with("origin = ")).unwrap().to_owned();
        config.replace(&line, "origin = \"credit-gateway.example/another\"")
    });
    same(&folder, "a log of another name", Some(64), &["credit-gateway.example/another", "belongs to another log"]);
}

#[test]
fn a_port_that_is_taken_may_be_free_later() {
    let folder = Folder::new();
    let _taken = TcpListener::bind(("127.0.0.1", folder.port_base() + 3)).unwrap();
    same(&folder, "a port that is taken", Some(69), &[&(folder.port_base() + 3).to_string()]);
}

#[test]
fn what_contradicts_the_record_is_found_without_a_start() {
    let gateway = Gateway::serve(Folder::new());
    let ring = gateway.folder().join("keys/ring.json");
    let before = fs::read(&ring).unwrap();
    let config = gateway.folder().config();
    let rotated = credit_tests::gateway(&["keys", "rotate", "data", "--config", config.to_str().unwrap()]);
    drop(rotated.held());
    let after = fs::read(&ring).unwrap();
    fs::write(&ring, &before).unwrap();
    // Beside the gateway that goes on with the newer one.
    let told = check(gateway.folder()).failed(64);
    assert!(told.contains("ring"), "{told}");
    fs::write(&ring, &after).unwrap();
    drop(check(gateway.folder()).held());
    let folder = gateway.stop();
    fs::write(&ring, &before).unwrap();
    same(&folder, "an older ring", Some(64), &["key"]);
    fs::write(&ring, &after).unwrap();
    assert_eq!(same(&folder, "the ring of the log", Some(0), &[]), 0);
    fs::remove_file(folder.join("data/wal/second-place")).unwrap();
    same(&folder, "a log without its guard", Some(69), &["second-place"]);
}

#[test]
fn a_certificate_that_will_be_refused_or_ends_is_warned_of() {
    let day = 86_400;
    let (authority, foreign) = (Authority::new("an authority"), Authority::new("another authority"));
    let wish = |name: &'static str, serial, valid_s| Wish { valid_s, ..Wish::caller(name, serial) };
    let folder = Folder::new();
    let list = authority.list(1, &[4], day);
    authority.take_over(&folder, &[wish("good", 1, (-day, 400 * day)), wish("ends", 2, (-day, day))], &list);
    authority.put(&folder, &wish("expired", 3, (-2 * day, -day)));
    authority.put(&folder, &wish("revoked", 4, (-day, day)));
    authority.put(&folder, &wish("early", 5, (day, 400 * day)));
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    authority.put(&folder, &Wish { purpose: server, ..wish("server-only", 6, (-day, 400 * day)) });
    foreign.put(&folder, &wish("foreign", 7, (-day, 400 * day)));
    let at = folder.join("institutions");
    let at = at.display();
    let request = "openssl req -new -newkey ec -nodes -subj /CN=x -keyout /dev/null -pkeyopt ec_paramgen_curve";
    drop(sh(&format!("{request}:P-521 -x509 -out {at}/p521.pem")).held());
    let first = format!(
        "openssl ecparam -name prime256v1 -genkey -noout -out {at}/v1.key && openssl req -new -key {at}/v1.key -subj /CN=x \
         -out {at}/v1.csr && openssl x509 -req -in {at}/v1.csr -signkey {at}/v1.key -days 90 -out {at}/v1.pem"
    );
    drop(sh(&first).held());
    let cases = [
        ("good", ""),
        ("ends", "expires at"),
        ("expired", "it has expired"),
        ("revoked", "it is revoked"),
        ("early", "not valid yet"),
        ("server-only", "clientAuth"),
        ("foreign", "CN=another authority"),
        ("p521", "kind of key"),
        ("v1", "version 1"),
    ];
    each(&cases, |(name, word)| {
        let folder_of_case = &folder;
        let before = fs::read_to_string(folder_of_case.config()).unwrap();
        folder_of_case.replace_in_config("\"institutions/bank.pem\"", &format!("\"institutions/{name}.pem\""));
        let ended = check(folder_of_case);
        fs::write(folder_of_case.config(), before).unwrap();
        let err = ended.err.clone();
        drop(ended.held());
        let ours: Vec<_> = err.lines().filter(|line| line.contains(&format!("/{name}.pem`"))).collect();
        if word.is_empty() {
            assert!(ours.is_empty(), "{err}");
        } else {
            assert!(ours.len() == 1 && ours[0].contains(word) && ours[0].contains("warning"), "{name}: {err}");
        }
        assert!(!err.contains("Other("), "{err}");
    });
    // The server's own, once it has expired, lets nobody in: that is no warning.
    let server = Wish { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..wish("server", 8, (-2 * day, -day)) };
    let (certificate, key) = authority.certify(&server);
    fs::write(folder.join("server.pem"), certificate).unwrap();
    fs::write(folder.join("server.key"), key).unwrap();
    same(&folder, "a server certificate that has expired", Some(69), &["server.pem", "not valid now"]);
}

/// A wrong value of a setting, as it stands in the file; nothing = the setting is left out.
const VALUES: [Option<&str>; 9] = [
    None,
    Some("0"),
    Some("-1"),
    Some("9223372036854775807"),
    Some("true"),
    Some("[]"),
    Some("\"\""),
    Some("\"nowhere/nothing\""),
    Some("\"127.0.0.1:70000\""),
];

/// Each setting that the schema has: its table in the file, and its name.
fn settings() -> Vec<(String, String)> {
    let schema: serde_json::Value =
        serde_json::from_str(&gateway(&["schema"]).held()).expect("the schema of the configuration");
    let mut all = Vec::new();
    for (table, means) in schema["properties"].as_object().unwrap() {
        let text = means.to_string();
        let Some(at) = text.find("#/$defs/") else {
            all.push((String::new(), table.clone()));
            continue;
        };
        let name: String = text[at + 8..].chars().take_while(char::is_ascii_alphanumeric).collect();
        let of_table = schema["$defs"][&name]["properties"].as_object().unwrap();
        all.extend(of_table.keys().map(|key| (table.clone(), key.clone())));
    }
    all
}

/// The configuration with one value in the place of another; `toml` finds what cannot be said.
fn with(folder: &Folder, table: &str, key: &str, value: Option<&str>) {
    folder.edit_config(|text| {
        let mut whole: toml::Table = text.parse().unwrap();
        let value = value.map(|value| format!("v = {value}").parse::<toml::Table>().unwrap()["v"].clone());
        let of = match table {
            "" => &mut whole,
            table => match whole.entry(table).or_insert_with(|| toml::Table::new().into()) {
                toml::Value::Array(tables) => tables[0].as_table_mut().unwrap(),
                one => one.as_table_mut().unwrap(),
            },
        };
        match value {
            Some(value) => drop(of.insert(key.to_owned(), value)),
            None => drop(of.remove(key)),
        }
        toml::to_string(&whole).unwrap()
    });
}

/// Numbers that the schema takes no more, of each setting that it bounds.
fn beyond_the_schema() -> Vec<(String, String, i64)> {
    let schema: serde_json::Value = serde_json::from_str(&gateway(&["schema"]).held()).unwrap();
    let mut beyond = Vec::new();
    for (table, key) in settings() {
        let means = &schema["properties"][&table];
        let text = means.to_string();
        let Some(at) = text.find("#/$defs/") else { continue };
        let name: String = text[at + 8..].chars().take_while(char::is_ascii_alphanumeric).collect();
        let bounds = &schema["$defs"][&name]["properties"][&key];
        let least = bounds["minimum"].as_i64().map(|least| least - 1);
        let most = bounds["maximum"].as_i64().map(|most| most + 1);
        beyond.extend(least.into_iter().chain(most).map(|value| (table.clone(), key.clone(), value)));
    }
    beyond
}

#[test]
fn what_the_schema_does_not_take_check_does_not_take() {
    let beyond = beyond_the_schema();
    for bounded in ["connections", "drain_notice_s", "linger_us", "readers", "timeout_ms", "clock_ahead_days"] {
        // Both bounds of each table that has a key of this name.
        let found = beyond.iter().filter(|(_, key, _)| key == bounded).count();
        assert!(found >= 2 && found.is_multiple_of(2), "{bounded}: {beyond:?}");
    }
    assert!(beyond.len() > 40, "{}", beyond.len());
    each(&beyond, |(table, key, value)| {
        let folder = Folder::new();
        with(&folder, table, key, Some(&value.to_string()));
        drop(check(&folder).failed(64));
    });
}

/// Of all cases so many, spread evenly; each setting is among them in a full run.
const FEW: usize = 40;

#[test]
fn check_is_right_about_every_setting_that_is_wrong() {
    let settings = settings();
    assert!(settings.len() > 40, "{settings:?}");
    let cases: Vec<_> = settings.iter().flat_map(|setting| VALUES.iter().map(move |value| (setting, *value))).collect();
    let full = std::env::var("CREDIT_TESTS_FULL").is_ok_and(|value| value == "1");
    // A step that shares no divisor with the number of values: each setting and each value has its turn.
    let step = if full { 1 } else { (cases.len() / FEW) | 1 };
    let chosen: Vec<_> = cases.into_iter().step_by(step).collect();
    let (next, ready) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(((table, key), value)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let what = format!("{table}.{key} = {value:?}");
                    let folder = Folder::new();
                    with(&folder, table, key, *value);
                    let ended = std::panic::catch_unwind(|| same(&folder, &what, None, &[]));
                    match ended {
                        Ok(0) => {
                            ready.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(64 | 69) => {}
                        Ok(_) | Err(_) => failed.lock().unwrap().push(what),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let ready = ready.into_inner();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(ready > 0 && ready < chosen.len(), "{ready} of {} are ready", chosen.len());
}

//! Folders that somebody made to mislead or to hurt who checks them.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::logs::Log;

/// The most memory that a check may take for its data, in KiB.
const MEMORY_KIB: u32 = 64 * 1024;

/// Longer than any of these checks takes.
const SECONDS: u64 = 20;

/// The catalogue's folder in this repository.
const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/catalogue");

/// Runs a command with little memory and an end in time; 124 is `timeout`'s own code.
fn audit(arguments: &[&str]) -> Output {
    let limits = format!("ulimit -d {MEMORY_KIB} && exec timeout {SECONDS} \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_credit-audit")]).args(arguments);
    command.env_remove("LC_ALL").env("LANG", "en").output().unwrap()
}

/// Gives a folder to a command.
fn given(log: &Log, command: &str, more: &[&str]) -> Output {
    let (folder, key) = (log.folder.to_str().unwrap(), log.folder.join("log.vkey"));
    audit(&[&[command, folder, "--vkey", key.to_str().unwrap()], more].concat())
}

fn verify(log: &Log, more: &[&str]) -> Output {
    given(log, "verify", more)
}

/// Every command that reads a folder refuses it as a log that does not hold, and writes nothing that a terminal obeys.
fn refused_by_all(log: &Log, what: &str) {
    for (command, more) in [("verify", &[][..]), ("show", &[]), ("replay", &["--catalogue", CATALOGUE])] {
        let output = given(log, command, more);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), err.lines().count()), (Some(1), 1), "{command}, {what}: {err}");
        for line in out.lines().chain(err.lines()) {
            assert!(!line.contains(is_obeyed), "{command}, {what}: {line:?}");
        }
    }
}

/// Whether a terminal obeys it, or it hides or reorders text.
fn is_obeyed(char: char) -> bool {
    char.is_control() || ('\u{200b}'..'\u{2070}').contains(&char)
}

fn sparse(place: &Path) {
    File::options().create(true).write(true).truncate(false).open(place).unwrap().set_len(6 << 30).unwrap();
}

/// Fails as a log that does not hold, with a line that says `why`.
fn refused(log: &Log, why: &str) {
    let output = verify(log, &[]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.as_str()), (Some(1), format!("credit-audit: {why}\n").as_str()));
}

/// Puts something else where a file was.
type Make = fn(&Path);

fn fifo(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
}

#[test]
fn what_is_no_file_where_a_file_stands_is_a_fault_of_the_log() {
    for path in ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"] {
        let make: [(&str, Make); 3] = [
            ("a folder", |place| fs::create_dir(place).unwrap()),
            ("a pipe", fifo),
            ("a link", |place| symlink("/etc/hostname", place).unwrap()),
        ];
        for (what, make) in make {
            let log = Log::of_sizes(&[300]);
            let place = log.folder.join(path);
            fs::remove_file(&place).unwrap();
            make(&place);
            refused_by_all(&log, &format!("{what} for `{path}`"));
            let output = verify(&log, &[]);
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(err.starts_with(&format!("credit-audit: `{path}` is ")), "{what}: {err}");
        }
    }
    let log = Log::of_sizes(&[300]);
    fs::remove_dir_all(log.folder.join("tile")).unwrap();
    log.write("tile", b"");
    refused(&log, "`tile` is neither a tile nor a bundle and does not belong here");
}

#[test]
fn a_length_is_looked_at_before_the_file_is_read() {
    for path in ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"] {
        let log = Log::of_sizes(&[300]);
        assert!(verify(&log, &[]).status.success());
        sparse(&log.folder.join(path));
        refused_by_all(&log, &format!("6 GiB of `{path}`"));
        let began = Instant::now();
        refused(&log, &format!("`{path}` has the wrong length"));
        assert!(began.elapsed() < Duration::from_secs(5), "{path}");
    }
    // The files that the user names are bounded too.
    let log = Log::of_sizes(&[300]);
    sparse(&log.folder.join("large"));
    let [folder, key, large] = ["", "log.vkey", "large"].map(|name| log.folder.join(name).to_str().unwrap().to_owned());
    let https = "https://127.0.0.1:1/log";
    for (code, arguments) in [
        (69, &["verify", &folder, "--vkey", &key, "--old", &large][..]),
        (69, &["verify", "--vkey", &key, "--receipt", &large, "--leaf", &key]),
        (69, &["verify", "--vkey", &key, "--receipt", &key, "--leaf", &large]),
        (69, &["verify", &folder, "--vkey", &large]),
        (69, &["show", &folder, "--vkey", &large]),
        (69, &["replay", &folder, "--vkey", &large, "--catalogue", CATALOGUE]),
        (64, &["verify", https, "--vkey", &key, "--ca", &large]),
        (64, &["show", https, "--vkey", &key, "--ca", &large, "--cert", &key, "--key", &key]),
    ] {
        let output = audit(arguments);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert!(err.contains("longer than 2097152 bytes"), "{arguments:?}: {err}");
    }
}

#[test]
fn a_catalogue_is_read_as_carefully_as_a_log() {
    let make: [(&str, Make, &str); 5] = [
        ("6 GiB", |place| sparse(&place.join("a.toml")), "`a.toml`: it is longer than 1048576 bytes"),
        ("a pipe", |place| fifo(&place.join("a.cedar")), "`a.cedar`: it is not a regular file"),
        ("a broken link", |place| symlink("nowhere", place.join("a.toml")).unwrap(), "`a.toml`: No such file"),
        (
            "folders without end",
            |place| ["x", "y"].iter().for_each(|name| symlink(".", place.join(name)).unwrap()),
            "it is no catalogue: more than 4096 files",
        ),
        ("a name", |place| fifo(&place.join("\u{1b}[2K\u{202e}.toml")), r"`\u001b[2K\u202e.toml`: it is not"),
    ];
    for (what, make, why) in make {
        let log = Log::of_sizes(&[3]);
        let catalogue = log.folder.join("catalogue");
        fs::create_dir(&catalogue).unwrap();
        make(&catalogue);
        let began = Instant::now();
        let output = given(&log, "replay", &["--catalogue", catalogue.to_str().unwrap()]);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.lines().count()), (Some(69), 1), "{what}: {err}");
        assert!(err.contains(why) && !err.trim_end().contains(is_obeyed), "{what}: {err}");
        assert!(began.elapsed() < Duration::from_secs(5), "{what}");
    }
}

#[test]
fn names_cannot_write_on_the_terminal() {
    let names =
        ["z\r\u{1b}[2Kthe log holds: \u{1b}[8m", "a\nthe log holds", "\u{9b}2K", "\u{202e}sdloh", "\u{7f}\u{2028}"];
    for name in names {
        let log = Log::of_sizes(&[3]);
        log.write(&format!("tile/{name}"), b"");
        refused_by_all(&log, name);
        for more in [&[][..], &["--json"]] {
            let output = verify(&log, more);
            assert_eq!(output.status.code(), Some(1));
            for said in [output.stdout, output.stderr] {
                let said = String::from_utf8(said).unwrap();
                let line = said.strip_suffix('\n').unwrap_or_default();
                assert!(!line.contains(is_obeyed), "{line:?}");
            }
        }
    }
    let log = Log::of_sizes(&[3]);
    log.write("tile/z\u{1b}[8m", b"");
    refused(&log, r"`tile/z\u001b[8m` is neither a tile nor a bundle and does not belong here");
    let output = verify(&log, &["--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["why"].as_str().unwrap().starts_with(r"`tile/z\u001b[8m`"), "{json}");
    let missing = "no\u{1b}[2J";
    let output = verify(&log, &["--old", missing]);
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8(output.stderr).unwrap().contains(r"no\u001b[2J"));
}

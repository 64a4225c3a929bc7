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

/// Checks a folder with little memory and an end in time; 124 is `timeout`'s own code.
fn verify(log: &Log, more: &[&str]) -> Output {
    let limits = format!("ulimit -d {MEMORY_KIB} && exec timeout {SECONDS} \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_credit-audit"), "verify"]);
    command.arg(&log.folder).arg("--vkey").arg(log.folder.join("log.vkey")).args(more);
    command.env("LANG", "en").output().unwrap()
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
            let output = verify(&log, &[]);
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{what} for `{path}`: {err}");
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
        let file = File::options().write(true).open(log.folder.join(path)).unwrap();
        file.set_len(6 << 30).unwrap();
        let began = Instant::now();
        refused(&log, &format!("`{path}` has the wrong length"));
        assert!(began.elapsed() < Duration::from_secs(5), "{path}");
    }
    // The files that the user names are bounded too.
    let log = Log::of_sizes(&[300]);
    File::create(log.folder.join("old")).unwrap().set_len(6 << 30).unwrap();
    let old = log.folder.join("old");
    let output = verify(&log, &["--old", old.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8(output.stderr).unwrap().contains("longer than 2097152 bytes"));
}

#[test]
fn names_cannot_write_on_the_terminal() {
    let names =
        ["z\r\u{1b}[2Kthe log holds: \u{1b}[8m", "a\nthe log holds", "\u{9b}2K", "\u{202e}sdloh", "\u{7f}\u{2028}"];
    for name in names {
        let log = Log::of_sizes(&[3]);
        log.write(&format!("tile/{name}"), b"");
        for more in [&[][..], &["--json"]] {
            let output = verify(&log, more);
            assert_eq!(output.status.code(), Some(1));
            for said in [output.stdout, output.stderr] {
                let said = String::from_utf8(said).unwrap();
                let line = said.strip_suffix('\n').unwrap_or_default();
                let unsafe_char = |char: char| char.is_control() || ('\u{2000}'..'\u{2070}').contains(&char);
                assert!(!line.contains(unsafe_char), "{line:?}");
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

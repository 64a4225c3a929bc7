//! The command itself: exit codes, one line why, two languages, JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use credit_policy::catalogue::shipped;
use serde_json::Value;

use crate::logs::{Log, leaf_of};

pub(crate) fn audit(arguments: &[&str], lang: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-audit"));
    command.args(arguments).env_remove("LC_ALL").env("LANG", lang).output().unwrap()
}

/// Runs in English; gives the exit code and what was said.
pub(crate) fn said(arguments: &[&str]) -> (i32, String, String) {
    let output = audit(arguments, "en_GB.UTF-8");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn path(log: &Log, name: &str) -> String {
    log.folder.join(name).to_str().unwrap().to_owned()
}

/// A log of 300 leaves with a receipt for leaf 42 beside it.
fn log_with_receipt() -> (Log, String, String) {
    let log = Log::of_sizes(&[300]);
    log.write("receipt", log.receipt(42).as_bytes());
    log.write("leaf", &leaf_of(42));
    let (folder, key) = (path(&log, ""), path(&log, "log.vkey"));
    (log, folder, key)
}

#[test]
fn wrong_usage_is_64() {
    let (log, folder, key) = log_with_receipt();
    let (receipt, leaf) = (path(&log, "receipt"), path(&log, "leaf"));
    log.write("bad.vkey", b"o+00000000+AAAA\n");
    let bad = path(&log, "bad.vkey");
    let cases: [&[&str]; 12] = [
        &[],
        &["report"],
        &["verify"],
        &["verify", &folder],
        &["verify", "--vkey", &key],
        &["verify", "--vkey", &key, "--receipt", &receipt],
        &["verify", "--vkey", &key, "--leaf", &leaf],
        &["verify", "--vkey", &key, "--receipt", &receipt, "--leaf", &leaf, "--old", &receipt],
        &["verify", &folder, "--vkey", &bad],
        &["verify", "https://localhost:1/log", "--vkey", &key],
        &["verify", "http://localhost:1/?x", "--vkey", &key],
        &["replay", &folder],
    ];
    for arguments in cases {
        let (code, out, err) = said(arguments);
        assert_eq!((code, out.as_str()), (64, ""), "{arguments:?}: {err}");
        assert!(!err.is_empty());
    }
    for arguments in [&["--help"][..], &["verify", "--help"], &["--version"]] {
        assert_eq!(said(arguments).0, 0);
    }
}

#[test]
fn help_is_in_the_language_of_the_environment() {
    for (command, english, chinese) in [
        (&[][..], "Checks the signed record", "核验征信查询网关的签名记录"),
        (&["verify"], "Check a whole log, one receipt, or both", "核验整个日志、一份回执，或两者"),
        (&["replay"], "decide every query in it again", "对每次查询重新判定"),
        (&["show"], "List what the records of a log say in clear", "列出日志记录中的明文内容"),
        (&["completions"], "complete this command", "命令补全脚本"),
    ] {
        let help = |lang| {
            let output = audit(&[command, &["--help"]].concat(), lang);
            assert_eq!(output.status.code(), Some(0), "{command:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let (in_english, in_chinese) = (help("en"), help("zh_CN.UTF-8"));
        assert!(in_english.contains(english), "{in_english}");
        assert!(in_chinese.contains(chinese), "{in_chinese}");
        // The same commands and options in both, and in Chinese no sentence in English.
        let options = |text: &str| -> BTreeSet<String> {
            let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '-'));
            words.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
        };
        assert_eq!(options(&in_english), options(&in_chinese), "{command:?}");
        for sentence in ["Print ", "Options:", "Usage:", "Commands:", "Arguments:", " the "] {
            assert!(!in_chinese.contains(sentence), "`{sentence}` in {in_chinese}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_69() {
    let (log, folder, key) = log_with_receipt();
    let (receipt, leaf, none) = (path(&log, "receipt"), path(&log, "leaf"), path(&log, "none"));
    let cases: [&[&str]; 7] = [
        &["verify", &folder, "--vkey", &none],
        &["verify", &none, "--vkey", &key],
        &["verify", &folder, "--vkey", &key, "--old", &none],
        &["verify", "--vkey", &key, "--receipt", &none, "--leaf", &leaf],
        &["verify", "--vkey", &key, "--receipt", &receipt, "--leaf", &none],
        &["verify", "http://127.0.0.1:1", "--vkey", &key],
        &["replay", &folder, "--catalogue", &none],
    ];
    for arguments in cases {
        let (code, out, err) = said(arguments);
        assert_eq!((code, out.as_str(), err.lines().count()), (69, "", 1), "{arguments:?}: {err}");
        let (code, json, _) = said(&[arguments, &["--json"]].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((code, &json["holds"]), (69, &Value::Null));
    }
}

#[test]
fn what_does_not_hold_is_1() {
    let (log, folder, key) = log_with_receipt();
    let (receipt, leaf, vkey) = (path(&log, "receipt"), path(&log, "leaf"), key.as_str());
    let longer = Log::of_sizes(&[301]);
    log.write("later", longer.checkpoint().as_bytes());
    log.write("other", &leaf_of(41));
    log.write("garbage", b"\xff\n");
    let (later, other, garbage) = (path(&log, "later"), path(&log, "other"), path(&log, "garbage"));
    let cases: [(&[&str], &str); 6] = [
        (&["verify", "--vkey", vkey, "--receipt", &receipt, "--leaf", &other], "another root"),
        (&["verify", "--vkey", vkey, "--receipt", &leaf, "--leaf", &leaf], "tlog-proof"),
        (&["verify", "--vkey", vkey, "--receipt", &garbage, "--leaf", &leaf], "UTF-8"),
        (&["verify", &folder, "--vkey", vkey, "--old", &later], "cut or put back"),
        (&["verify", &folder, "--vkey", vkey, "--old", &garbage], "UTF-8"),
        (&["verify", &folder, "--vkey", vkey, "--receipt", &receipt, "--leaf", &other], "another root"),
    ];
    for (arguments, why) in cases {
        let (code, out, err) = said(arguments);
        assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{arguments:?}: {err}");
        assert!(err.contains(why), "{err}");
        let (code, json, _) = said(&[arguments, &["--json"]].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((code, &json["holds"]), (1, &Value::Bool(false)));
        assert!(json["why"].as_str().unwrap().contains(why), "{json}");
    }
    fs::remove_file(log.folder.join("tile/0/000")).unwrap();
    let (code, _, err) = said(&["verify", &folder, "--vkey", vkey]);
    assert_eq!((code, err.as_str()), (1, "credit-audit: `tile/0/000` is missing\n"));
    let chinese = audit(&["verify", &folder, "--vkey", vkey], "zh_CN.UTF-8");
    assert_eq!(String::from_utf8(chinese.stderr).unwrap(), "credit-audit：缺少 `tile/0/000`\n");
}

#[test]
fn what_holds_is_0() {
    let (log, folder, key) = log_with_receipt();
    let (receipt, leaf) = (path(&log, "receipt"), path(&log, "leaf"));
    let receipt_only = ["verify", "--vkey", &key, "--receipt", &receipt, "--leaf", &leaf];
    let (code, out, err) = said(&receipt_only);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("entry 42") && out.contains("size 300"), "{out}");

    let old = path(&log, "checkpoint");
    let all = ["verify", &folder, "--vkey", &key, "--receipt", &receipt, "--leaf", &leaf, "--old", &old, "--json"];
    let (code, out, _) = said(&all);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["holds"], &json["log"]["size"]), (0, &true.into(), &300.into()));
    assert_eq!(json["log"]["leaves"]["kinds"]["query"], 270);
    assert_eq!(json["log"]["leaves"]["institutions"]["housing"], 90);
    assert_eq!(json["log"]["continues"], serde_json::json!([300, 300]));
    assert_eq!(json["receipt"]["index"], 42);

    let chinese = audit(&["verify", &folder, "--vkey", &key], "zh_CN.UTF-8");
    assert_eq!(chinese.status.code(), Some(0));
    assert!(String::from_utf8(chinese.stdout).unwrap().starts_with("日志核验通过"));
}

#[test]
fn a_log_without_true_queries_is_not_decided_again() {
    let (log, folder, _) = log_with_receipt();
    let catalogue = log.folder.join("catalogue");
    for (name, text) in shipped() {
        let place = catalogue.join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    let catalogue = catalogue.to_str().unwrap();
    // The test's queries are no queries; its `open` is.
    let (code, _, err) = said(&["replay", &folder, "--catalogue", catalogue]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("entry 1 would be decided otherwise"), "{err}");
    let empty = Log::of_sizes(&[1]);
    let folder = path(&empty, "");
    let (code, out, err) = said(&["replay", &folder, "--catalogue", catalogue]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("0 queries decided again"), "{out}");
    assert!(Path::new(&folder).exists());
    fs::write(Path::new(catalogue).join("catalogue.toml"), "x = 1\n").unwrap();
    let (code, _, err) = said(&["replay", &folder, "--catalogue", catalogue]);
    assert_eq!(code, 64, "{err}");
    assert!(err.contains("catalogue.toml:"), "{err}");
}

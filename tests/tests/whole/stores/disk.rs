//! The disks under the store: they fail, they are full, they cannot be written. Health says so in time, and it comes back.

use std::{
    fs,
    io::Write,
    process::{Command, Output},
    time::Duration,
};

use credit_tests::{Folder, Gateway};
use rusqlite::Connection;

use super::{BLACK, CLEAN, another, ask, blackened, failed, readiness, ready, refused};
use crate::faults::{namespace::Namespace, preload::on_a_disk, within};

const SOON: Duration = Duration::from_secs(5);

#[track_caller]
fn turns(folder: &Folder, to: &(u16, String)) {
    assert!(within(SOON, || readiness(folder) == *to), "{:?}", readiness(folder));
}

/// What commands say, in a language.
fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn in_language(command: &Command, language: &str) -> Command {
    let mut other = Command::new(command.get_program());
    other.args(command.get_args()).env("LC_ALL", language);
    other
}

fn commands(folder: &Folder) -> [(&'static str, Command); 3] {
    let serve = Gateway::serve_command(folder);
    let other = |words: &[&str]| {
        let mut command = Command::new(serve.get_program());
        command.args(words).arg("--config").arg(folder.config());
        command
    };
    [("check", other(&["check"])), ("store check", other(&["store", "check"])), ("serve", serve)]
}

#[test]
fn a_disk_that_fails_is_an_error_and_no_answer() {
    let (gateway, fails) = on_a_disk(Folder::new(), "FAIL_WHILE", "data/store.sqlite");
    let (folder, number) = (gateway.folder(), gateway.folder().person("clean", 0));
    assert_eq!(ask(folder, &number), CLEAN);
    let new = another(folder, "black.sqlite", &blackened(&number));
    fs::write(&fails, "").unwrap();
    fs::rename(&new, folder.join("data/store.sqlite")).unwrap();
    turns(folder, &failed());
    refused(folder, &number);
    let named = || gateway.err().text().contains("nput/output error");
    assert!(within(SOON, named), "{}", gateway.err().text());
    fs::remove_file(&fails).unwrap();
    turns(folder, &ready());
    assert_eq!(ask(folder, &number), BLACK);
}

/// The data folder on a device of its own, the store elsewhere.
fn on_a_small_device(folder: &Folder, size: &str) -> Namespace {
    folder.replace_in_config("dir = \"data\"", "dir = \"small\"");
    let path = folder.join("small");
    fs::create_dir(&path).unwrap();
    Namespace::new(&format!(r#"mount -t tmpfs -o size={size},mode=0700 tmpfs "$1""#), &[&path])
}

#[test]
fn a_data_folder_without_room_for_the_copy_is_found_by_check_and_serve() {
    let folder = Folder::new();
    let bytes = fs::metadata(folder.join("data/store.sqlite")).unwrap().len();
    let namespace = on_a_small_device(&folder, &(bytes / 2).to_string());
    for (language, words) in [("C.UTF-8", "cannot be copied to"), ("zh_CN.UTF-8", "无法复制到")] {
        for (name, command) in commands(&folder) {
            if name == "store check" {
                continue;
            }
            let output = in_language(&namespace.inside(&command), language).output().unwrap();
            assert_eq!(output.status.code(), Some(69), "{name}: {}", said(&output));
            assert!(said(&output).contains(words), "{name}: {}", said(&output));
        }
    }
}

#[test]
fn a_data_folder_that_is_full_when_the_store_is_replaced_is_waited_for() {
    let folder = Folder::new();
    folder.replace_in_config("segment_mib = 16", "segment_mib = 1");
    let namespace = on_a_small_device(&folder, "12m");
    let filler = namespace.seen(&folder.join("small/filler"));
    let command = namespace.inside(&Gateway::serve_command(&folder));
    let gateway = Gateway::start(folder, command);
    let (folder, number) = (gateway.folder(), gateway.folder().person("clean", 0));
    assert_eq!(ask(folder, &number), CLEAN);
    let store = folder.join("data/store.sqlite");
    let bytes = fs::metadata(&store).unwrap().len();
    // Room for records, and none for another copy.
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[b'x'; 4_096]).is_ok() {}
    file.set_len(file.metadata().unwrap().len() - bytes / 2).unwrap();
    fs::rename(another(folder, "black.sqlite", &blackened(&number)), &store).unwrap();
    let is_failed = || readiness(folder).1.contains("store-failed");
    assert!(within(SOON, is_failed), "{:?}", readiness(folder));
    let named = || gateway.err().text().contains("cannot be copied to");
    assert!(within(SOON, named), "{}", gateway.err().text());
    file.set_len(0).unwrap();
    turns(folder, &ready());
    assert_eq!(ask(folder, &number), BLACK);
}

#[test]
fn a_write_ahead_log_in_a_folder_that_cannot_be_written_is_explained_in_both_languages() {
    let folder = Folder::new();
    let stores = folder.join("stores");
    fs::create_dir(&stores).unwrap();
    // Main file and write-ahead log of a writer, as a copy of them: without the `-shm` file.
    let live = folder.join("live.sqlite");
    fs::copy(folder.join("data/store.sqlite"), &live).unwrap();
    let writer = Connection::open(&live).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE beside(x); INSERT INTO beside VALUES (1)").unwrap();
    for ending in ["", "-wal"] {
        fs::copy(folder.join(format!("live.sqlite{ending}")), stores.join(format!("store.sqlite{ending}"))).unwrap();
    }
    drop(writer);
    folder.replace_in_config("path = \"data/store.sqlite\"", "path = \"stores/store.sqlite\"");
    let script = r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1""#;
    let namespace = Namespace::new(script, &[&stores]);
    for (language, words) in [
        ("C.UTF-8", ["WAL mode", "let this account write the folder", "journal_mode = DELETE"]),
        ("zh_CN.UTF-8", ["WAL 模式", "请允许本账户写入文件夹", "journal_mode = DELETE"]),
    ] {
        for (name, command) in commands(&folder) {
            let output = in_language(&namespace.inside(&command), language).output().unwrap();
            assert_eq!(output.status.code(), Some(64), "{name}: {}", said(&output));
            for word in words {
                assert!(said(&output).contains(word), "{name}, {word}: {}", said(&output));
            }
        }
    }
    // Where the folder can be written it is read.
    let [(_, check), ..] = commands(&folder);
    let output = in_language(&check, "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

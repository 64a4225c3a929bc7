//! A second copy of the write-ahead log at another machine (`log.copies = 2`): what was answered is there too, before it was.

use std::{fs, path::Path, time::Duration};

use credit_tests::{
    Authority, Folder, Gateway, checked, copies::Keeper, figures, gateway, query::look_up, relay::Relay,
};

use crate::{
    faults::{keep, readiness, verify, within},
    large_batches::{lines, spacious},
};
use hyper::Method;

/// How long anything may take that comes by itself, on a busy machine.
const TIME: Duration = Duration::from_secs(30);

/// All that a lost machine had of its log: what is published, the write-ahead log, the second place, what is derived.
fn lose(folder: &Folder) {
    let data = folder.join("data");
    for name in ["wal", "log"] {
        fs::remove_dir_all(data.join(name)).unwrap();
    }
    lose_derived(folder);
}

fn lose_derived(folder: &Folder) {
    for name in ["state.snapshot", "index.sqlite"] {
        fs::remove_file(folder.join("data").join(name)).unwrap_or_default();
    }
}

fn restore(folder: &Folder, from: &Path) -> credit_tests::Ended {
    let (from, config) = (from.to_str().unwrap(), folder.config());
    gateway(&["copy", "restore", "--from", from, "--config", config.to_str().unwrap()])
}

fn asked(folder: &Folder, count: usize) -> Vec<u64> {
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 0));
    let ask = || checked::answer(folder, "housing", &housing.ask(&look_up(&number))).index;
    (0..count).map(|_| ask()).collect()
}

/// Each of these is an answered query of the log.
fn are_there(folder: &Folder, answered: &[u64]) {
    let leaves = folder.leaves();
    for index in answered {
        assert_eq!(leaves[usize::try_from(*index).unwrap()].text("outcome"), "answered", "{index}");
    }
}

#[test]
fn a_gateway_whose_machine_is_lost_goes_on_from_the_copy_with_all_that_it_answered() {
    let keeper = Keeper::start();
    let folder = Folder::new();
    keeper.copies(&folder, keeper.port);
    let gateway = Gateway::serve(folder);
    let vkey = keep(gateway.folder(), &gateway.folder().log().join("log.vkey"), "kept.vkey");
    let begun = std::time::Instant::now();
    let answered = asked(gateway.folder(), 12);
    figures(format_args!("12 queries with a second copy: {:?} each", begun.elapsed() / 12));
    let old = keep(gateway.folder(), &gateway.folder().log().join("checkpoint"), "kept.checkpoint");
    let folder = gateway.kill();
    lose(&folder);
    drop(restore(&folder, &keeper.folder).failed(64));
    let done = restore(&folder, &keeper.copy()).held();
    assert!(done.contains("the rollback guard was lost"), "{done}");
    // Nothing is left to be taken over.
    assert!(restore(&folder, &keeper.copy()).held().starts_with("0 bytes"));
    let gateway = Gateway::serve(folder);
    let more = asked(gateway.folder(), 2);
    assert!(more[0] > *answered.last().unwrap());
    let folder = gateway.stop();
    are_there(&folder, &answered);
    verify(&folder.join("data"), &vkey, Some(&old));
    // And the copy has gone on with it.
    lose(&folder);
    drop(restore(&folder, &keeper.copy()).held());
    let gateway = Gateway::serve(folder);
    are_there(gateway.folder(), &[answered, more].concat());
}

#[test]
fn while_nobody_keeps_the_copy_nothing_is_recorded_and_then_it_goes_on() {
    let mut keeper = Keeper::start();
    let folder = Folder::new();
    keeper.copies(&folder, keeper.port);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 0));
    let answered = asked(folder, 2);
    keeper.end();
    assert!(
        within(TIME, || readiness(folder) == (503, "not-recordable: copy\n".to_owned())),
        "{:?}",
        readiness(folder)
    );
    checked::fixed(&housing.ask(&look_up(&number)), 503, "not-recordable");
    keeper.run();
    assert!(within(TIME, || readiness(folder).0 == 200), "{:?}", readiness(folder));
    let more = asked(folder, 2);
    let folder = gateway.kill();
    lose(&folder);
    drop(restore(&folder, &keeper.copy()).held());
    let gateway = Gateway::serve(folder);
    are_there(gateway.folder(), &[answered, more].concat());
}

#[test]
fn what_is_under_way_when_the_copy_is_cut_off_is_told_to_nobody_and_lost_by_nobody() {
    let keeper = Keeper::start();
    let relay = Relay::to(keeper.port);
    let folder = Folder::new();
    keeper.copies(&folder, relay.port());
    folder.edit_config(|config| format!("{config}timeout_ms = 500\n"));
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let answered = asked(folder, 1);
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 0));
    // It hears everything, and what it says is lost.
    relay.cut_answers();
    let reply = housing.ask(&look_up(&number));
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "not-recordable"));
    assert!(within(TIME, || readiness(folder).0 == 503));
    relay.pass();
    assert!(within(TIME, || readiness(folder).0 == 200), "{:?}", readiness(folder));
    let more = asked(folder, 1);
    let folder = gateway.kill();
    lose(&folder);
    drop(restore(&folder, &keeper.copy()).held());
    let gateway = Gateway::serve(folder);
    are_there(gateway.folder(), &[answered, more].concat());
}

#[test]
fn a_folder_that_was_overtaken_and_a_stranger_do_not_go_on_with_the_copy() {
    let keeper = Keeper::start();
    let folder = Folder::new();
    keeper.copies(&folder, keeper.port);
    let gateway = Gateway::serve(folder);
    drop(asked(gateway.folder(), 1));
    let folder = gateway.kill();
    // The machine that was believed lost comes back after another took over.
    let lost = folder.join("lost");
    fs::create_dir(&lost).unwrap();
    let put = |from: &Path, to: &Path| {
        for name in ["wal", "log"] {
            fs::rename(from.join(name), to.join(name)).unwrap();
        }
    };
    put(&folder.join("data"), &lost);
    lose_derived(&folder);
    drop(restore(&folder, &keeper.copy()).held());
    let gateway = Gateway::serve(folder);
    drop(asked(gateway.folder(), 1));
    let folder = gateway.kill();
    lose(&folder);
    put(&lost, &folder.join("data"));
    let command = Gateway::serve_command(&folder);
    let back = Gateway::spawn(folder, command);
    assert!(back.err().wait(|said| said.contains("another folder of this log goes on with the copy")), "it goes on");
    drop(back);
    // Nobody's certificate lets a stranger in.
    let folder = Folder::new();
    keeper.shows(&folder, keeper.port, &Authority::new("others"));
    let command = Gateway::serve_command(&folder);
    let stranger = Gateway::spawn(folder, command);
    assert!(stranger.err().wait(|said| said.contains("the log is not recordable (copy)")), "it is let in");
}

/// Where a line of a batch's answer is recorded.
fn index_of(line: &str) -> u64 {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["receipt"]["index"].as_u64().unwrap()
}

fn prune(copy: &Path, log: &Path) -> credit_tests::Ended {
    gateway(&["copy", "prune", "--from", copy.to_str().unwrap(), "--log", log.to_str().unwrap()])
}

#[test]
fn what_a_backup_has_of_the_log_goes_from_the_copy_and_the_log_comes_back_from_both() {
    let keeper = Keeper::start();
    let folder = spacious();
    keeper.copies(&folder, keeper.port);
    folder.replace_in_config("segment_mib = 16", "segment_mib = 1");
    let gateway = Gateway::serve(folder);
    let housing = gateway.folder().caller("housing");
    let headers = [("content-type", "application/x-ndjson"), ("batch-id", "0f4e2a10-0000-4000-8000-000000000001")];
    let reply = housing.send(Method::POST, "/v1/batches", &headers, lines(gateway.folder(), 900));
    let mut answered: Vec<u64> = reply.text().lines().map(index_of).collect();
    assert_eq!(answered.len(), 900);
    assert!(within(TIME, || gateway.folder().leaves().len() >= 900));
    let backup = gateway.folder().join("backup");
    let copied = std::process::Command::new("cp").arg("-a").arg(gateway.folder().log()).arg(&backup).status().unwrap();
    assert!(copied.success());
    drop(prune(&keeper.folder, &backup).failed(64));
    drop(prune(&keeper.copy(), &keeper.folder).failed(69));
    let segments = || {
        fs::read_dir(keeper.copy())
            .unwrap()
            .flatten()
            .filter(|file| file.file_name().to_string_lossy().ends_with(".seg"))
            .count()
    };
    let before = segments();
    let said = prune(&keeper.copy(), &backup).held();
    assert!(segments() < before && said.contains("segments removed"), "{before} segments: {said}");
    assert!(prune(&keeper.copy(), &backup).held().starts_with("0 segments removed, 0 bytes"));
    // Whoever keeps it goes on meanwhile.
    answered.extend(asked(gateway.folder(), 2));
    let folder = gateway.kill();
    lose(&folder);
    fs::rename(&backup, folder.log()).unwrap();
    drop(restore(&folder, &keeper.copy()).held());
    let gateway = Gateway::serve(folder);
    answered.extend(asked(gateway.folder(), 1));
    are_there(&gateway.stop(), &answered);
}

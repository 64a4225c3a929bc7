//! A log is of one data folder and of one process at a time: whoever has its name and another folder is refused.

use std::{fs, process::Command};

use credit_tests::{Folder, Gateway, checked, gateway, postgres::Server, query::look_up};

use super::{SECOND, TIME, database, member, number_in, with_keys_of_logs, with_ring_of};
use crate::faults::within;

#[track_caller]
fn refused(folder: &Folder, commands: &[&[&str]], code: i32, says: &str) {
    let config = folder.config();
    for command in commands {
        let ended = gateway(&[*command, &["--config", config.to_str().unwrap()]].concat());
        assert!(ended.code == Some(code) && ended.err.contains(says), "{command:?}: {:?} {}", ended.code, ended.err);
    }
}

const START: &[&[&str]] = &[&["check"], &["serve"]];
const JOIN: &[&[&str]] = &[&["state", "join"]];

/// The data of one folder in the place of another's.
fn copied(from: &Folder, to: &Folder) {
    drop(fs::remove_dir_all(to.join("data")));
    let copied = Command::new("cp").arg("-a").arg(from.join("data")).arg(to.join("data")).status();
    assert!(copied.unwrap().success());
}

fn answers(at: &Gateway) -> bool {
    let folder = at.folder();
    folder.caller("housing").ask(&look_up(&folder.person("clean", 0))).status == 200
}

fn suspend(at: &Gateway, whom: &str) {
    let config = at.folder().config();
    let suspend = ["institution", "suspend", whom, "--reason", "drill", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
}

#[test]
fn a_log_is_served_by_one_data_folder_and_whoever_has_another_is_refused() {
    let server = Server::shared();
    let database = database(server);
    let first = Gateway::serve(with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]));
    suspend(&first, "employer");
    let other = with_ring_of(member(server, &database, "r0"), &first);
    let all_told = |folder: &Folder| {
        let told = || number_in(server, &database, "SELECT told FROM credit_replica");
        assert!(within(TIME, || told() >= folder.leaves().len()), "not all is told");
    };
    all_told(first.folder());
    // Beside it: an empty folder, then a copy of its own.
    refused(&other, START, 64, "it is an older state of that log, or a new log of its name");
    let folder = first.kill();
    copied(&folder, &other);
    // It was killed just now: its own folder goes on, and the copy finds it there.
    let first = Gateway::serve(folder);
    refused(&other, &[&["check"], &["serve"], &["state", "join"]], 69, "another gateway serves");
    assert!(answers(&first));
    let folder = first.stop();
    copied(&folder, &other);
    // Both have all of it: who starts first goes on with it, as a folder that was moved does.
    let second = Gateway::serve(other);
    assert!(answers(&second));
    all_told(second.folder());
    drop(second.stop());
    refused(&folder, START, 64, "it is an older state of that log");
    refused(&folder, JOIN, 64, "it is an older state of that log");
}

#[test]
fn what_was_restored_goes_on_by_command_and_the_folder_before_no_more() {
    let server = Server::shared();
    let database = database(server);
    let first = Gateway::serve(with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]));
    suspend(&first, "employer");
    let restored = with_ring_of(member(server, &database, "r0"), &first);
    let folder = first.stop();
    // As `copy restore` leaves it: all of the log, and nothing that says of which folder it was.
    copied(&folder, &restored);
    fs::remove_file(restored.join("data/state.owner")).unwrap();
    refused(&restored, START, 64, "run `credit-gateway state join` here first");
    let config = restored.config();
    drop(gateway(&["state", "join", "--config", config.to_str().unwrap()]).held());
    refused(&folder, START, 64, "by another data folder");
    let second = Gateway::serve(restored);
    refused(&folder, JOIN, 69, "another gateway serves");
    assert!(answers(&second));
    drop(second.stop());
}

#[test]
fn who_loses_a_log_while_it_serves_refuses_within_a_second_and_so_does_another_leaf_in_the_place_of_one() {
    let server = Server::shared();
    let database = database(server);
    let first = Gateway::serve(with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]));
    assert!(answers(&first));
    let take = "UPDATE credit_replica SET owner = decode(repeat('00', 16), 'hex')";
    drop(server.sql(&database, take).held());
    assert!(within(SECOND, || !answers(&first)), "it serves on");
    assert!(first.err().wait(|said| said.contains("by another data folder")));
    drop(server.sql(&database, "UPDATE credit_replica SET owner = NULL").held());
    assert!(within(TIME, || answers(&first)), "as a gateway of an earlier release leaves it");
    suspend(&first, "employer");
    let folder = first.stop();
    drop(server.sql(&database, "UPDATE credit_act SET leaf = leaf || '\\x20'").held());
    refused(&folder, &[&["serve"]], 64, "two gateways wrote this log");
    let reply = gateway(&["state", "join", "--config", folder.config().to_str().unwrap()]);
    assert!(reply.failed(64).contains("two gateways wrote this log"));
    drop(server.sql(&database, "DELETE FROM credit_act").held());
    let first = Gateway::serve(folder);
    let reply = first.folder().caller("employer").ask(&look_up(&first.folder().person("clean", 0)));
    checked::refusal(first.folder(), "employer", &reply, 403, "institution-suspended");
}

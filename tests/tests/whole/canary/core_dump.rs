//! A gateway that dies by a fault leaves no picture of its memory.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitStatus},
};

use credit_tests::{Folder, Gateway, binaries, checked, query::look_up, scratch};
use rustix::process::Signal;

/// Runs a program in a folder of its own where a dump may be as large as it likes, and no signal is ignored: a job in the
/// background of a shell ignores SIGQUIT, and what it starts does too.
fn dumping(folder: &Path, line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -c unlimited && exec env --default-signal {line}")]).current_dir(folder);
    command
}

fn has_dumped(status: ExitStatus, folder: &Path) -> bool {
    let left = fs::read_dir(folder).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().contains("core"));
    status.core_dumped() || left
}

#[test]
fn there_is_no_core_dump_of_a_gateway_that_answered() {
    // What dumps here at all does so in this way, so that the absence of one says something.
    let other = scratch::folder("dumps");
    let status = dumping(&other, "sh -c 'kill -SEGV $$'").status().unwrap();
    assert!(has_dumped(status, &other), "nothing dumps core here, so this test cannot tell: {status}");
    // Rust's runtime takes the first SIGSEGV, to tell of an overflow of the stack.
    for signal in [Signal::ABORT, Signal::QUIT, Signal::ILL, Signal::FPE] {
        let (folder, place) = (Folder::new(), scratch::folder("no-dumps"));
        let (program, config) = (binaries::credit_gateway(), folder.config());
        let line = format!("{} serve --config {}", program.display(), config.display());
        let gateway = Gateway::start(folder, dumping(&place, &line));
        let folder = gateway.folder();
        let asked = look_up(&folder.person("clean", 0));
        checked::answer(folder, "housing", &folder.caller("housing").ask(&asked));
        gateway.signal(signal);
        let (status, folder) = gateway.ended();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(!has_dumped(status, &place) && !has_dumped(status, folder.path()), "{status}");
    }
}

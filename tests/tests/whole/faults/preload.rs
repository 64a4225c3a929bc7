//! Faults below a process: a library that is loaded first (`hang.c`), and pipes that nobody reads.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use credit_tests::{Folder, Gateway, scratch};

/// The library: `fdatasync` that hangs, writes that are refused, a clock that is ahead.
pub(crate) fn preload() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let library = scratch::folder("hang").join("hang.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole/faults/hang.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
        assert!(built.expect("a C compiler").success());
        library
    });
    &BUILT
}

/// A gateway that is served on a disk with a fault (`HANG_WHILE` or `REFUSE_WHILE`) while the file that is given back
/// exists; in files whose path has `part` in it.
pub(crate) fn on_a_disk(folder: Folder, fault: &str, part: &str) -> (Gateway, PathBuf) {
    let fails = folder.join("fails");
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env(fault, &fails).env("FAULT_IN", part);
    (Gateway::start(folder, command), fails)
}

pub(crate) fn pipe(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
}

/// A pipe that is full, and that nobody reads as long as the file that is given back is open.
pub(crate) fn full_pipe(path: &Path) -> File {
    pipe(path);
    // Linux opens a pipe for both at once; so nobody waits for the other side.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
    let mut both = OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(path).unwrap();
    while both.write(&[b'\n'; 4_096]).is_ok() {}
    while both.write(b"\n").is_ok() {}
    both
}

/// A command whose standard output and standard error are a pipe.
pub(crate) fn into_a_pipe(command: &Command, pipe: &Path) -> Command {
    let mut piped = Command::new("sh");
    piped.args(["-c", r#"exec "$0" "$@" > "$PIPE" 2>&1"#]).arg(command.get_program()).args(command.get_args());
    piped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PIPE", pipe);
    piped
}

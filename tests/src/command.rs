//! Commands run to their end.

use std::{
    ffi::OsStr,
    io::Write,
    process::{Command, Output, Stdio},
};

use crate::binaries;

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; nothing where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Standard error, but for the warning that the catalogue's calendar ends: that hangs on the day of the run.
    #[must_use]
    pub fn err_of_any_day(&self) -> String {
        of_any_day(&self.err)
    }

    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Standard output of a command that must have ended with 0.
    #[must_use]
    #[track_caller]
    pub fn held(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Standard error of a command that must have ended with this code.
    #[must_use]
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.err
    }
}

/// A text in either language without the line that warns of the end of the catalogue's calendar.
#[must_use]
pub fn of_any_day(text: &str) -> String {
    const OF_THE_DAY: [&str; 3] = ["the calendar of the catalogue ends", "规则目录的日历", "warning: calendar-ends"];
    let is_of_the_day = |line: &str| OF_THE_DAY.iter().any(|said| line.contains(said));
    text.split_inclusive('\n').filter(|line| !is_of_the_day(line)).collect()
}

/// Runs any command, in English and with nothing to read.
#[must_use]
pub fn command(program: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>]) -> Ended {
    command_reading(program, arguments, "")
}

/// Runs any command, in English, with something on its standard input: what may not stand among arguments.
#[must_use]
pub fn command_reading(program: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>], input: &str) -> Ended {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).env("LC_ALL", "C.UTF-8").env_remove("RUST_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn();
    let mut child = child.unwrap_or_else(|error| panic!("`{}`: {error}", program.as_ref().display()));
    let mut given = child.stdin.take().expect("a pipe");
    // Whoever does not read to the end says why in the way it ends.
    drop(given.write_all(input.as_bytes()));
    drop(given);
    Ended::of(child.wait_with_output().expect("it is waited for once"))
}

/// Runs `credit-gateway`.
#[must_use]
pub fn gateway(arguments: &[impl AsRef<OsStr>]) -> Ended {
    command(binaries::credit_gateway(), arguments)
}

/// Runs `credit-audit`.
#[must_use]
pub fn audit(arguments: &[impl AsRef<OsStr>]) -> Ended {
    command(binaries::credit_audit(), arguments)
}

/// Runs a line of shell, as a reader would who copied it.
#[must_use]
pub fn sh(line: &str) -> Ended {
    command("sh", &["-c", line])
}

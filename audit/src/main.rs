//! `credit-audit`: checks the gateway's record, for auditors and regulators. It needs the log's public key and nothing
//! else of the gateway.

mod commands;

use std::io::Write as _;
use std::process::ExitCode;

use commands::Exit;

fn main() -> ExitCode {
    let outcome = match commands::arguments() {
        Ok(arguments) => commands::run(&arguments),
        Err(outcome) => outcome,
    };
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    let written = out.write_all(outcome.out.as_bytes()).and_then(|()| out.flush());
    let written = written.and_then(|()| err.write_all(outcome.err.as_bytes()));
    // A reader who closed the pipe early must not take a fault for a success.
    if written.is_ok() { outcome.exit.into() } else { Exit::Unavailable.into() }
}

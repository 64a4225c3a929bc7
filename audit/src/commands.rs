//! The commands: what each is given, how it ends, and its exit code.

mod arguments;
mod coverage;
mod escape;
mod evidence;
mod mirror;
mod monthly;
mod peer;
mod person;
mod progress;
mod published;
mod replay;
mod report;
mod review;
mod set;
mod show;
mod stop;
mod verify;
mod witness;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use credit_audit::help;
use credit_audit::translation::{self, Translation};
use credit_audit::verify::CheckError;

use arguments::Command;
use escape::{escaped, escaped_lines};
use stop::Stop;
use words::Language;

use arguments::Arguments;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0.
    Holds,
    /// 1.
    DoesNot,
    /// 64.
    Usage,
    /// 69.
    Unavailable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Holds => 0,
            Exit::DoesNot => 1,
            Exit::Usage => 64,
            Exit::Unavailable => 69,
        })
    }
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The arguments of this process; else help, or what is wrong with them.
pub(crate) fn arguments() -> Result<Arguments, Outcome> {
    let command = help::in_language(Arguments::command(), translation::language());
    let parsed = command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let chinese = Translation::parse(&[translation::CHINESE]);
        let text = help::text(&error, translation::language(), &chinese);
        // Help and version are no faults; clap's own code for a fault is 2, ours is 64.
        if error.use_stderr() {
            Outcome { exit: Exit::Usage, out: String::new(), err: text }
        } else {
            Outcome { exit: Exit::Holds, out: text, err: String::new() }
        }
    })
}

/// Runs a command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let language = Language::of_environment();
    let (result, json) = match &arguments.command {
        Command::Verify(arguments) => (verify::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json),
        Command::Mirror(arguments) => (mirror::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json),
        Command::Replay(arguments) => (replay::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json),
        Command::Show(arguments) => (show::run(arguments, language), arguments.json),
        Command::Person(arguments) => (person::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json),
        Command::Coverage(arguments) => {
            (coverage::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json)
        }
        Command::Figures(arguments) => {
            (published::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json)
        }
        Command::Review(arguments) => (review::run(arguments, language).map(|out| escaped_lines(&out)), arguments.json),
        Command::Report(arguments) => (monthly::run(arguments, language), arguments.json),
        Command::Export(arguments) => (evidence::export(arguments, language), false),
        Command::Evidence(arguments) => {
            (evidence::check(arguments, language).map(|out| escaped_lines(&out)), arguments.json)
        }
        Command::Witness(arguments) => (witness::run(arguments, language), false),
        Command::Completions { shell } => (Ok(completions(*shell)), false),
    };
    let stop = match result {
        Ok(out) => return Outcome { exit: Exit::Holds, out, err: String::new() },
        Err(stop) => stop,
    };
    let mut more = None;
    let (exit, holds, why) = match stop {
        // Faults of a catalogue stand on a line each.
        Stop::Usage(why) => (Exit::Usage, None, escaped_lines(&why)),
        Stop::LookedUp(all) => {
            let why = escaped_lines(&language.looked_up(&all));
            more = Some(all);
            (Exit::DoesNot, Some(false), why)
        }
        Stop::Check(failure) => {
            let (exit, holds) = match failure {
                CheckError::Violation(_) => (Exit::DoesNot, Some(false)),
                CheckError::Unavailable { .. } => (Exit::Unavailable, None),
            };
            (exit, holds, escaped(&language.failure(&failure)))
        }
    };
    let said = match more {
        None => serde_json::json!({ "holds": holds, "why": why }),
        Some(all) => serde_json::json!({ "holds": holds, "why": why, "looked_up": all }),
    };
    let out = if json { format!("{said}\n") } else { String::new() };
    Outcome { exit, out, err: format!("credit-audit{}{why}\n", language.colon()) }
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    let mut command = help::in_language(Arguments::command(), translation::language());
    clap_complete::generate(shell, &mut command, "credit-audit", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

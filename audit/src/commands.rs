//! The commands: arguments, exit codes, and what both have in common.

mod progress;
mod replay;
mod report;
mod verify;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use credit_audit::note::VerifierKey;
use credit_audit::verify::Failure;

use words::Language;

/// Checks the signed record of a credit query gateway.
#[derive(Debug, Parser)]
#[command(name = "credit-audit", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a whole log, one receipt, or both.
    Verify(VerifyArguments),
    /// Check a whole log and decide every query in it again.
    Replay(ReplayArguments),
    /// Print what a shell reads to complete this command.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What is to be checked.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 it holds, 1 it does not, 64 wrong usage, 69 something needed is unavailable.")]
struct VerifyArguments {
    /// The log's folder (or the data folder that has it), or its address: http://… or https://….
    #[arg(value_name = "DIR|URL", required_unless_present = "receipt")]
    log: Option<String>,
    /// The log's verifier key (`log.vkey`), from a source that you trust.
    #[arg(long, value_name = "FILE")]
    vkey: PathBuf,
    /// A receipt (c2sp.org/tlog-proof).
    #[arg(long, value_name = "FILE", requires = "leaf")]
    receipt: Option<PathBuf>,
    /// The leaf that the receipt is for, byte for byte.
    #[arg(long, value_name = "FILE", requires = "receipt")]
    leaf: Option<PathBuf>,
    /// A checkpoint kept from earlier: the log must continue it.
    #[arg(long, value_name = "CHECKPOINT")]
    old: Option<PathBuf>,
    /// Certificates of the authorities that an https server's may come from (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// An auditor's certificate (PEM): entry bundles are checked over https too.
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Say the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What is to be decided again.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 it holds, 1 it does not, 64 wrong usage, 69 something needed is unavailable.")]
struct ReplayArguments {
    /// The log's folder, or the data folder that has it.
    #[arg(value_name = "DIR")]
    log: PathBuf,
    /// A catalogue's folder; once for each catalogue that was in force.
    #[arg(long, value_name = "DIR", required = true)]
    catalogue: Vec<PathBuf>,
    /// The log's verifier key; without it the `log.vkey` beside the log, which proves less.
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    /// Say the result as JSON.
    #[arg(long)]
    json: bool,
}

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

/// Why a command did not come to a result that holds.
#[derive(Debug)]
enum Stop {
    /// Arguments or files that cannot mean anything.
    Usage(String),
    /// The check failed, or could not be made.
    Check(Failure),
}

impl<T: Into<Failure>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Check(failure.into())
    }
}

/// Runs a command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let language = Language::of_environment();
    let (result, json) = match &arguments.command {
        Command::Verify(arguments) => (verify::run(arguments, language), arguments.json),
        Command::Replay(arguments) => (replay::run(arguments, language), arguments.json),
        Command::Completions { shell } => (Ok(completions(*shell)), false),
    };
    let stop = match result {
        Ok(out) => return Outcome { exit: Exit::Holds, out, err: String::new() },
        Err(stop) => stop,
    };
    let (exit, holds, why) = match stop {
        Stop::Usage(why) => (Exit::Usage, None, why),
        Stop::Check(failure @ Failure::Fault(_)) => (Exit::DoesNot, Some(false), language.failure(&failure)),
        Stop::Check(failure @ Failure::Unavailable { .. }) => (Exit::Unavailable, None, language.failure(&failure)),
    };
    let out = if json { format!("{}\n", serde_json::json!({ "holds": holds, "why": why })) } else { String::new() };
    Outcome { exit, out, err: format!("credit-audit: {why}\n") }
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "credit-audit", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Reads a file that the user named.
fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    let unavailable =
        |error: std::io::Error| Failure::Unavailable { what: file.display().to_string(), why: error.to_string() };
    Ok(std::fs::read(file).map_err(unavailable)?)
}

/// Reads the log's public key.
fn read_key(file: &Path, language: Language) -> Result<VerifierKey, Stop> {
    let text = String::from_utf8(read(file)?).unwrap_or_default();
    VerifierKey::parse(&text).map_err(|error| Stop::Usage(language.verifier_key(file, error)))
}

//! What the command line takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

/// Checks the signed record of a credit query gateway.
#[derive(Debug, Parser)]
#[command(name = "credit-audit", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a whole log, one receipt, or both.
    Verify(VerifyArguments),
    /// Check a whole log and decide every query in it again.
    Replay(ReplayArguments),
    /// List what the records of a log say in clear, and check the log.
    Show(ShowArguments),
    /// Print what a shell reads to complete this command.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What is to be checked.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable.")]
pub(super) struct VerifyArguments {
    /// The log's folder (or the data folder that has it), or its address: http://… or https://….
    #[arg(value_name = "DIR|URL", required_unless_present = "receipt")]
    pub(super) log: Option<String>,
    /// The log's verifier key (`log.vkey`), from a source that you trust.
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: PathBuf,
    /// A receipt (c2sp.org/tlog-proof).
    #[arg(long, value_name = "FILE", requires = "leaf")]
    pub(super) receipt: Option<PathBuf>,
    /// The leaf that the receipt is for, byte for byte.
    #[arg(long, value_name = "FILE", requires = "receipt")]
    pub(super) leaf: Option<PathBuf>,
    /// A checkpoint kept from earlier: the log must continue it.
    #[arg(long, value_name = "CHECKPOINT")]
    pub(super) old: Option<PathBuf>,
    /// Certificates of the authorities that an https server's may come from (PEM).
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// An auditor's certificate (PEM): entry bundles are checked over https too.
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// Say the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What is to be decided again.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable.")]
pub(super) struct ReplayArguments {
    /// The log's folder, or the data folder that has it.
    #[arg(value_name = "DIR")]
    pub(super) log: PathBuf,
    /// A catalogue's folder; once for each catalogue that was in force.
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) catalogue: Vec<PathBuf>,
    /// The log's verifier key; without it the `log.vkey` beside the log, which proves less.
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: Option<PathBuf>,
    /// Say the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What is to be listed.
#[derive(Debug, Args)]
#[command(
    after_help = "Lines are written while the log is checked: only after exit code 0 are all of them of a valid log.\n\
                        Exit codes: 0 valid, 1 not valid, 64 wrong usage, 69 something needed is unavailable."
)]
pub(super) struct ShowArguments {
    /// The log's folder (or the data folder that has it), or its address for auditors: https://….
    #[arg(value_name = "DIR|URL")]
    pub(super) log: String,
    /// The log's verifier key; without it the `log.vkey` in the folder, which proves less.
    #[arg(long, value_name = "FILE")]
    pub(super) vkey: Option<PathBuf>,
    /// Only records of this institution, or about it.
    #[arg(long, value_name = "ID")]
    pub(super) institution: Option<String>,
    /// Only records from this time on, e.g. 2026-11-22T00:00:00+08:00.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Timestamp>,
    /// Only records before this time.
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Timestamp>,
    /// Only records of this case, however it is written there.
    #[arg(long, value_name = "CASE")]
    pub(super) case: Option<String>,
    /// Only refusals with this code, and counts of it.
    #[arg(long, value_name = "CODE")]
    pub(super) code: Option<String>,
    /// Certificates of the authorities that an https server's may come from (PEM).
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// An auditor's certificate (PEM), for an address.
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// List as JSON, a record a line.
    #[arg(long)]
    pub(super) json: bool,
}

//! `unseal`: opens the sealed part of one record. It goes to the terminal, or into a file that its owner alone reads.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{approval::Officer, by_two::Step, failure::Failure};
use crate::{
    state::approvals::{UNSEAL, of_unsealing},
    terminal::{colon, print, words},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The record, by its index in the log 记录在日志中的序号
    entry: u64,
    /// Why; goes on the record 原因（写入日志）
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    step: Step,
    /// Into this new file (mode 0600) instead of the terminal 写入新文件（权限 0600），不在终端显示
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    officer: Officer,
}

pub(super) fn run(Arguments { entry, reason, step, out, officer }: &Arguments) -> Result<(), Failure> {
    let body = json!({"entry": entry, "reason": reason});
    // Made before anything is opened: what was opened is shown once.
    let fault =
        |error: std::io::Error| Failure::usage(format_args!("the file for what is opened cannot be made: {error}"));
    let file = out.as_ref().map(|path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
    let file = file.transpose().map_err(fault)?;
    let done = step.take(officer, (UNSEAL, of_unsealing(*entry, reason)), ("/officers/unseals", body));
    let (Ok(Some(opened)), Some(mut file)) = (&done, file) else {
        if let Some(path) = out {
            // Nothing was opened, or nothing is to be in it.
            std::fs::remove_file(path).map_err(fault)?;
        }
        return done.map(|opened| opened.iter().for_each(|opened| print(String::from_utf8_lossy(opened))));
    };
    file.write_all(opened).and_then(|()| file.sync_all()).map_err(fault)?;
    print(format_args!("{}{}{entry}", words("已打开并留痕", "opened and on the record"), colon()));
    Ok(())
}

//! `export`: a person's evidence, by two officers, into a file that its owner alone reads; `credit-audit person` checks it.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use super::{
    approval::Officer,
    by_two::{Step, number_in},
    failure::Failure,
};
use crate::{
    state::approvals::EXPORT,
    terminal::{colon, print, words},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file with the citizen number of the person, alone on its one line 仅含该人公民身份号码一行的文件
    #[arg(long, value_name = "FILE")]
    person: PathBuf,
    /// Into this new file (mode 0600), once it is approved 批准后写入的新文件（权限 0600）
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    step: Step,
    #[command(flatten)]
    officer: Officer,
}

pub(super) fn run(Arguments { person, out, step, officer }: &Arguments) -> Result<(), Failure> {
    if step.is_emergency() {
        let why = words("移交证据不适用紧急处置", "evidence is never handed over by one officer alone");
        return Err(Failure::usage(why));
    }
    if step.does() != out.is_some() {
        let why = words("--out 与 --proposal 须同时使用", "--out goes with --proposal, and with nothing else");
        return Err(Failure::usage(why));
    }
    let what = json!({"person": number_in(person)?});
    // Made before anything is handed over: the approval is spent by it.
    let fault = |error: std::io::Error| Failure::usage(format_args!("the file cannot be made: {error}"));
    let file = out.as_ref().map(|path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
    let file = file.transpose().map_err(fault)?;
    let done = step.take_whole(officer, EXPORT, ("/officers/exports", what));
    let (Ok(Some(handed)), Some(mut file)) = (&done, file) else {
        if let Some(path) = out {
            fs::remove_file(path).map_err(fault)?;
        }
        return done.map(drop);
    };
    file.write_all(handed).and_then(|()| file.sync_all()).map_err(fault)?;
    print(format_args!(
        "{}{}{}",
        words("已移交并留痕", "handed over and on the record"),
        colon(),
        words("以 `credit-audit person` 核验", "`credit-audit person` checks it")
    ));
    Ok(())
}

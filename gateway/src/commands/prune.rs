//! `prune`: lets records go that are past their retention, by two officers.

use clap::Args;
use serde_json::{Value, json};

use super::{approval::Officer, by_two::Step, failure::Failure};
use crate::{
    state::approvals::PRUNE,
    terminal::{colon, print, words},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The records before this index, a multiple of 256 此序号（256 的倍数）之前的记录
    #[arg(long)]
    until: u64,
    #[command(flatten)]
    step: Step,
    #[command(flatten)]
    officer: Officer,
}

/// One step of it.
pub(super) fn run(Arguments { until, step, officer }: &Arguments) -> Result<(), Failure> {
    if step.is_emergency() {
        let why =
            words("删除记录不适用紧急处置：须由另一名管理人员批准", "records are never let go by one officer alone");
        return Err(Failure::usage(why));
    }
    let until = json!(until);
    let done =
        step.take_said(officer, PRUNE, ("until", until.clone()), ("/officers/prunings", json!({"until": until})))?;
    if let Some(done) = done {
        let waits =
            serde_json::from_slice::<Value>(&done).is_ok_and(|made| made.get("waits") == Some(&Value::Bool(true)));
        let said = match waits {
            true => words(
                "已留痕；见证方联署后即删除记录包",
                "on the record; the records go once the witnesses cosigned that",
            ),
            false => words("记录包已删除并留痕", "let go and on the record"),
        };
        print(format_args!("{said}{}{}", colon(), String::from_utf8_lossy(&done)));
        print(words(
            "备份及审计副本中仍有这些记录：请按各自的保存期限处理",
            "backups and auditors' copies have these records still: each has a retention of its own",
        ));
    }
    Ok(())
}

//! `stop|resume`: the stop switch.

use clap::Args;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::Change,
    terminal::{colon, print, words},
};

#[derive(Args)]
pub(super) struct Which {
    /// Only this scenario, for everybody 仅该场景（对所有查询方）
    #[arg(long)]
    scenario: Option<String>,
    /// Why; goes on the record 原因（写入日志）
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn stop(Which { scenario, reason, config }: Which) -> Result<(), Failure> {
    let made = change::make(config.read()?, Change::Stop { scenario, reason })?;
    print(format_args!("{}{}{made}", words("已停止并留痕", "stopped and on the record"), colon()));
    Ok(())
}

pub(super) fn resume(Which { scenario, reason, config }: Which) -> Result<(), Failure> {
    let made = change::make(config.read()?, Change::Resume { scenario, reason })?;
    print(format_args!("{}{}{made}", words("已恢复并留痕", "resumed and on the record"), colon()));
    Ok(())
}

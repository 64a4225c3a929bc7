//! `figures publish`: what may be told to anybody of a month, with noise.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use credit_audit::monthly::parse_month;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Made},
    terminal::{print, said},
};

#[derive(Subcommand)]
pub(super) enum Figures {
    /// Draw and record the figures of a month that is over; what was published is printed again unchanged
    /// 生成并留痕已结束月份的公开统计；已发布的原样再次输出
    Publish(Publish),
}

#[derive(Args)]
pub(super) struct Publish {
    /// The month, such as 2026-10 月份
    #[arg(long, value_name = "MONTH", value_parser = parse_month)]
    month: String,
    /// Write into this file instead of standard output 写入此文件，而非标准输出
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// What the figures say of the budget; those of releases before do not.
#[derive(serde::Deserialize)]
struct Spent {
    period: String,
    epsilon_a_year: String,
    logs: u64,
    epsilon: String,
}

pub(super) fn run(Figures::Publish(Publish { month, out, config }): Figures) -> Result<(), Failure> {
    let made = change::make(config.read()?, Change::FiguresPublish { month })?;
    let Made::Published { figures, .. } = made else {
        return Err(Failure::new(1, format_args!("the gateway replied to something else: {made}")));
    };
    match out {
        Some(file) => {
            fs::write(&file, &figures)
                .map_err(|error| Failure::unavailable(format_args!("`{}`: {error}", file.display())))?;
            if let Ok(Spent { period, epsilon_a_year, logs, epsilon }) = serde_json::from_str(&figures) {
                print(said(
                    || {
                        format!(
                            "{period}：隐私预算 {epsilon}，即每年 {epsilon_a_year} 的十二分之一，由 {logs} 个日志均分"
                        )
                    },
                    || {
                        format!(
                            "{period}: privacy budget {epsilon}, a twelfth of {epsilon_a_year} a year divided by the number of logs, {logs}"
                        )
                    },
                ));
            }
            Ok(())
        }
        None => {
            print(figures.trim_end());
            Ok(())
        }
    }
}

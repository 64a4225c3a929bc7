//! `figures publish`: what may be told to anybody of a month, with noise.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Made},
    terminal::print,
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
    #[arg(long, value_name = "MONTH")]
    month: String,
    /// Write into this file instead of standard output 写入此文件，而非标准输出
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(Figures::Publish(Publish { month, out, config }): Figures) -> Result<(), Failure> {
    let made = change::make(config.read()?, Change::FiguresPublish { month })?;
    let Made::Published { figures, .. } = made else {
        return Err(Failure::new(1, format_args!("the gateway replied to something else: {made}")));
    };
    match out {
        Some(file) => fs::write(&file, figures)
            .map_err(|error| Failure::unavailable(format_args!("`{}`: {error}", file.display()))),
        None => {
            print(figures.trim_end());
            Ok(())
        }
    }
}

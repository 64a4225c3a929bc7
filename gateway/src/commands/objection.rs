//! `objection list|show|decide`: what persons object to, and what becomes of it.

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::Change,
    terminal::{colon, print, words},
};

#[derive(Subcommand)]
pub(super) enum Objection {
    /// Print the objections that wait for a decision, the one due first at the beginning 列出待处理的异议
    List(ConfigFile),
    /// Print one objection with its statement; that you looked is on the record 查看一件异议（查看留痕）
    Show(Show),
    /// Decide an objection 处理异议
    Decide(Decide),
}

#[derive(Args)]
pub(super) struct Show {
    /// The objection, by its id of `list` 异议编号
    objection: Uuid,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Decide {
    /// The objection, by its id of `list` 异议编号
    objection: Uuid,
    /// What comes of it 处理结果
    #[arg(long, value_enum)]
    result: Decision,
    /// Why; the person reads it 理由（本人可见）
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// What becomes of a record.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// It counts nowhere any more 成立
    Upheld,
    /// It counts on 不成立
    Rejected,
}

pub(super) fn run(command: Objection) -> Result<(), Failure> {
    match command {
        Objection::List(config) => {
            let made = change::make(config.read()?, Change::ObjectionList)?;
            print(format_args!("{made}"));
        }
        Objection::Show(Show { objection, config }) => {
            let made = change::make(config.read()?, Change::ObjectionShow { objection })?;
            print(format_args!("{made}"));
        }
        Objection::Decide(Decide { objection, result, reason, config }) => {
            let upheld = result == Decision::Upheld;
            let made = change::make(config.read()?, Change::ObjectionDecide { objection, upheld, reason })?;
            print(format_args!("{}{}{made}", words("异议已办结并留痕", "the decision is on the record"), colon()));
        }
    }
    Ok(())
}

//! `notice give`: a person was told of queries about them.

use clap::{Args, Subcommand, ValueEnum};
use credit_audit::leaf::NoticeWay;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::Change,
    terminal::{colon, print, words},
};

#[derive(Subcommand)]
pub(super) enum Notice {
    /// Record that a person was told of queries about them 登记已告知本人的查询
    Give(Give),
}

#[derive(Args)]
pub(super) struct Give {
    /// How the person was told 告知方式
    #[arg(long, value_enum)]
    way: Way,
    /// The queries, by `query` of each answer; all about one person, at most 50 查询编号（同一人，至多 50 个）
    #[arg(required = true, value_name = "QUERY")]
    queries: Vec<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// The ways that somebody else than the gateway can take.
#[derive(Clone, Copy, ValueEnum)]
enum Way {
    /// At a counter 窗口当面
    Counter,
    /// By a message, or a letter 短信、信函等
    Message,
}

pub(super) fn run(command: Notice) -> Result<(), Failure> {
    match command {
        Notice::Give(Give { way, queries, config }) => {
            let way = match way {
                Way::Counter => NoticeWay::Counter,
                Way::Message => NoticeWay::Message,
            };
            let done = change::make(config.read()?, Change::NoticeGive { way, queries })?;
            print(format_args!("{}{}{done}", words("告知已留痕", "the notice is on the record"), colon()));
        }
    }
    Ok(())
}

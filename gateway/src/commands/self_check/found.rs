//! What a self-check looks at, and what it finds.

use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{commands::failure::ConfigFile, settings::Settings, terminal::words};

#[derive(Args)]
pub(in crate::commands) struct Arguments {
    /// A copy that your backup made, with `log` (or `data`) and `keys` in it; several are allowed 备份所在文件夹（含 log 或 data，以及 keys），可给多个
    #[arg(long = "backup", value_name = "DIR")]
    pub(super) backups: Vec<PathBuf>,
    /// A backup that is older is found 备份的最长时限（天）
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(super) backup_days: u32,
    /// A key that is used for longer is found 密钥使用的最长时限（天）
    #[arg(long, value_name = "DAYS", default_value_t = 400)]
    pub(super) key_days: u32,
    /// A data key that is older is due for destruction 数据密钥的保存期限（月）
    #[arg(long, value_name = "MONTHS", default_value_t = 60)]
    pub(super) retention_months: u32,
    /// As if it were this time: what will be due then 以该时间为准，查看届时将到期的事项
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<Timestamp>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) config: ConfigFile,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Check {
    /// What `check` finds: a start would end.
    Start,
    /// Ages of keys.
    Keys,
    /// Certificates, lists, the server's key.
    Tls,
    /// What the running gateway warns of.
    Alarms,
    /// The log from its first leaf on.
    Log,
    /// Data keys that should be destroyed.
    Retention,
    /// Copies that would be needed.
    Backups,
    /// The machine's clock.
    Clocks,
    /// Stores and their maps.
    Stores,
}

impl Check {
    pub(super) const ALL: [Self; 9] = [
        Self::Start,
        Self::Keys,
        Self::Tls,
        Self::Alarms,
        Self::Log,
        Self::Retention,
        Self::Backups,
        Self::Clocks,
        Self::Stores,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => words("启动", "start"),
            Self::Keys => words("密钥", "keys"),
            Self::Tls => words("证书", "tls"),
            Self::Alarms => words("告警", "alarms"),
            Self::Log => words("日志", "log"),
            Self::Retention => words("保存期限", "retention"),
            Self::Backups => words("备份", "backups"),
            Self::Clocks => words("时钟", "clocks"),
            Self::Stores => words("数据源", "stores"),
        }
    }
}

/// What was found.
#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) what: String,
}

/// All that was found so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, check: Check, what: impl Into<String>) {
        self.0.push(Finding { check, what: what.into() });
    }
}

/// What a check looks at.
pub(super) struct Looked<'a> {
    pub(super) settings: &'a Settings,
    pub(super) arguments: &'a Arguments,
    pub(super) now: Timestamp,
}

impl Looked<'_> {
    /// Whether something of then is older than so many days.
    pub(super) fn is_older(&self, then: Timestamp, days: u32) -> bool {
        self.now.duration_since(then) > SignedDuration::from_hours(24 * i64::from(days))
    }
}

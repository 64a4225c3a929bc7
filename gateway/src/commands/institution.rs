//! `institution add|suspend|resume|list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use credit_policy::{InstitutionId, InstitutionKind};
use serde_json::Value;

use super::{ConfigFile, Failure, change};
use crate::{
    callers::register::{InstitutionRecord, thumbprint_of_file},
    changes::Change,
    terminal::{print, words},
};

#[derive(Subcommand)]
pub(super) enum Institution {
    /// Register an institution 登记机构
    Add(Add),
    /// Suspend one at once 立即暂停机构
    Suspend(Which),
    /// Let one ask again 恢复机构
    Resume(Which),
    /// List all 列出机构
    List {
        #[command(flatten)]
        config: ConfigFile,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(super) struct Add {
    /// Its id: [a-z0-9-], at most 64; never reused 机构标识
    id: String,
    /// Its kind, for example housing-department 机构类型
    #[arg(long)]
    kind: String,
    /// PEM file of a client certificate; several are allowed 客户端证书
    #[arg(long = "certificate", required = true, value_name = "FILE")]
    certificates: Vec<PathBuf>,
    /// Requests a second 每秒请求数
    #[arg(long, default_value_t = 100)]
    rate_per_s: u32,
    /// Requests at once 突发请求数
    #[arg(long, default_value_t = 200)]
    burst: u32,
    /// Different persons a day 每日不同信息主体数
    #[arg(long, default_value_t = 10_000)]
    distinct_subjects_a_day: u32,
    /// Look-ups on one person a day 每日对同一主体的查询数
    #[arg(long, default_value_t = 100)]
    look_ups_a_person_a_day: u32,
    /// Look-ups a second by one operator; left out = no limit by operator 单个经办人每秒查询数,省略则不单独限制
    #[arg(long, requires = "operator_burst")]
    operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one operator 单个经办人突发查询数
    #[arg(long, requires = "operator_rate_per_s")]
    operator_burst: Option<u32>,
    /// Look-ups by one operator a day; left out = no such limit 单个经办人每日查询数,省略则不限制
    #[arg(long)]
    look_ups_an_operator_a_day: Option<u32>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Which {
    /// Its id 机构标识
    id: String,
    /// Why; goes on the record 原因(写入日志)
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(command: Institution) -> Result<(), Failure> {
    match command {
        Institution::Add(add) => {
            let particulars = particulars(&add)?;
            let done = change::make(add.config.read()?, Change::InstitutionAdd { particulars })?;
            print(format_args!("{}: {done}", words("已登记并留痕", "registered and on the record")));
        }
        Institution::Suspend(Which { id, reason, config }) => {
            let done = change::make(config.read()?, Change::InstitutionSuspend { id, reason })?;
            print(format_args!("{}: {done}", words("已暂停并留痕", "suspended and on the record")));
        }
        Institution::Resume(Which { id, reason, config }) => {
            let done = change::make(config.read()?, Change::InstitutionResume { id, reason })?;
            print(format_args!("{}: {done}", words("已恢复并留痕", "resumed and on the record")));
        }
        Institution::List { config, json } => {
            let all = change::make(config.read()?, Change::InstitutionList)?;
            if json {
                print(&all);
            } else {
                list(&all);
            }
        }
    }
    Ok(())
}

fn list(all: &Value) {
    for institution in all.as_array().into_iter().flatten() {
        let text = |key: &str| institution.get(key).and_then(Value::as_str).unwrap_or_default();
        let suspended = institution.get("suspended").and_then(Value::as_bool).unwrap_or_default();
        let standing = if suspended { words("已暂停", "suspended") } else { words("正常", "active") };
        print(format_args!("{:<24} {:<28} {standing}", text("id"), text("kind")));
    }
}

fn kinds() -> String {
    InstitutionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

fn particulars(add: &Add) -> Result<InstitutionRecord, Failure> {
    Ok(InstitutionRecord {
        id: InstitutionId::parse(&add.id)
            .map_err(|error| Failure::usage(format_args!("`{}` is no id: {error}", add.id)))?,
        kind: InstitutionKind::parse(&add.kind)
            .ok_or_else(|| Failure::usage(format_args!("`{}` is no kind of institution: {}", add.kind, kinds())))?,
        certificates: add
            .certificates
            .iter()
            .map(|path| thumbprint_of_file(path).map(|thumbprint| thumbprint.to_string()).map_err(Failure::usage))
            .collect::<Result<_, _>>()?,
        rate_per_s: add.rate_per_s,
        burst: add.burst,
        distinct_subjects_a_day: add.distinct_subjects_a_day,
        look_ups_a_person_a_day: add.look_ups_a_person_a_day,
        operator_rate_per_s: add.operator_rate_per_s,
        operator_burst: add.operator_burst,
        look_ups_an_operator_a_day: add.look_ups_an_operator_a_day,
    })
}

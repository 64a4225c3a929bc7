//! `institution add|suspend|resume|list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use credit_policy::{InstitutionId, InstitutionKind};

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    callers::{institution::InstitutionRecord, thumbprint::Thumbprint},
    changes::{Change, InstitutionStatus, Made},
    settings::Limits,
    terminal::{colon, print, words},
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
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Which {
    /// Its id 机构标识
    id: String,
    /// Why; goes on the record 原因（写入日志）
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(command: Institution) -> Result<(), Failure> {
    let (settings, change, done) = match command {
        Institution::Add(add) => {
            let institution = record(&add)?;
            let done = words("已登记并留痕", "registered and on the record");
            (add.config.read()?, Change::InstitutionAdd { institution }, done)
        }
        Institution::Suspend(Which { id, reason, config }) => {
            let done = words("已暂停并留痕", "suspended and on the record");
            (config.read()?, Change::InstitutionSuspend { id: parse(&id)?, reason }, done)
        }
        Institution::Resume(Which { id, reason, config }) => {
            let done = words("已恢复并留痕", "resumed and on the record");
            (config.read()?, Change::InstitutionResume { id: parse(&id)?, reason }, done)
        }
        Institution::List { config, json } => {
            let all = change::list(config.read()?)?;
            if json {
                print(Made::Listed(all));
            } else {
                all.iter().for_each(print_line);
            }
            return Ok(());
        }
    };
    print(format_args!("{done}{}{}", colon(), change::make(settings, change)?));
    Ok(())
}

fn print_line(listed: &InstitutionStatus) {
    let status = if listed.suspended { words("已暂停", "suspended") } else { words("正常", "active") };
    let record = &listed.institution;
    print(format_args!("{:<24} {:<28} {status}", record.id.as_str(), record.kind.as_str()));
}

fn kinds() -> String {
    InstitutionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

fn parse(id: &str) -> Result<InstitutionId, Failure> {
    InstitutionId::parse(id).map_err(|error| Failure::usage(format_args!("`{id}` is no id: {error}")))
}

fn record(add: &Add) -> Result<InstitutionRecord, Failure> {
    let certificates = add.certificates.iter().map(|path| Thumbprint::of_file(path));
    Ok(InstitutionRecord {
        id: parse(&add.id)?,
        kind: InstitutionKind::parse(&add.kind)
            .ok_or_else(|| Failure::usage(format_args!("`{}` is no kind of institution: {}", add.kind, kinds())))?,
        certificates: certificates.collect::<Result<_, _>>().map_err(Failure::usage)?,
        limits: add.limits.clone(),
    })
}

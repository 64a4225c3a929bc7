//! `stop|resume`: the stop switch.

use std::path::PathBuf;

use clap::Args;

use serde_json::json;

use super::{
    approval::Officer,
    by_two::Step,
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Warrant},
    state::approvals::{RESUME, of_resumption},
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

/// `resume`: at the machine, or where two officers are needed, at their port.
#[derive(Args)]
pub(super) struct Resume {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    step: Step,
    #[command(flatten)]
    officer: AtPort,
}

/// The officer, where two are needed.
#[derive(Args)]
struct AtPort {
    /// The officers' address of the gateway, such as `https://localhost:8445` 网关的管理人员地址
    #[arg(long, value_name = "URL", requires_all = ["authority", "certificate", "key"])]
    url: Option<String>,
    /// The authority of the gateway's certificate, PEM 网关证书的签发机构
    #[arg(long, value_name = "FILE", requires = "url")]
    authority: Option<PathBuf>,
    /// The officer's certificate, PEM 管理人员证书
    #[arg(long, value_name = "FILE", requires = "url")]
    certificate: Option<PathBuf>,
    /// Its private key, PEM 管理人员私钥
    #[arg(long, value_name = "FILE", requires = "url")]
    key: Option<PathBuf>,
}

impl AtPort {
    fn officer(self) -> Option<Officer> {
        Some(Officer { url: self.url?, authority: self.authority?, certificate: self.certificate?, key: self.key? })
    }
}

pub(super) fn resume(Resume { which, step, officer }: Resume) -> Result<(), Failure> {
    let Which { scenario, reason, config } = which;
    let Some(officer) = officer.officer() else {
        if !step.is_first() {
            return Err(Failure::usage("an officer approves and acts by certificate: name the port by `--url`"));
        }
        let made = change::make(config.read()?, Change::Resume { scenario, reason, by: Warrant::default() })?;
        print(format_args!("{}{}{made}", words(RESUMED.0, RESUMED.1), colon()));
        return Ok(());
    };
    let Some(reason) = reason else { return Err(Failure::usage("two officers need a `--reason`")) };
    let digest = of_resumption(scenario.as_deref(), Some(&reason));
    let mut body = json!({"reason": reason});
    if let (Some(scenario), Some(members)) = (scenario, body.as_object_mut()) {
        members.insert("scenario".to_owned(), scenario.into());
    }
    if let Some(done) = step.take(&officer, (RESUME, digest), ("/officers/resume", body))? {
        print(format_args!("{}{}{}", words(RESUMED.0, RESUMED.1), colon(), String::from_utf8_lossy(&done)));
    }
    Ok(())
}

const RESUMED: (&str, &str) = ("已恢复并留痕", "resumed and on the record");

//! `catalogue digest|propose|approve|list`: what two officers decide, at the officers' port of a running gateway.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, Subcommand};
use credit_audit::leaf::Base64;
use serde_json::json;
use uuid::Uuid;

use super::{
    ask::connection::Gateway,
    failure::{ConfigFile, Failure, runtime},
};
use crate::{
    changes::Proposals,
    process::start,
    terminal::{colon, print, words},
};

#[derive(Subcommand)]
pub(super) enum Catalogue {
    /// Print the digests of catalogue, register and limits of a configuration 打印配置中目录、登记与限额的摘要
    Digest(ConfigFile),
    /// Propose what a configuration has and was not approved 提议配置中尚未获批准的内容
    Propose {
        /// The configuration that is to follow 拟采用的配置
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        officer: Officer,
    },
    /// Approve what another officer proposed, if this configuration has the same 批准另一名管理人员的提议
    Approve {
        /// The proposal, by its id of `list` 提议编号
        proposal: Uuid,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        officer: Officer,
    },
    /// List proposals, and what may be loaded 列出提议与可加载的摘要
    List(Officer),
}

/// Who acts, and where.
#[derive(Args)]
pub(super) struct Officer {
    /// The officers' address of the gateway, such as `https://localhost:8445` 网关的管理人员地址
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// The authority of the gateway's certificate, PEM 网关证书的签发机构
    #[arg(long, value_name = "FILE")]
    pub(super) authority: PathBuf,
    /// The officer's certificate, PEM 管理人员证书
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: PathBuf,
    /// Its private key, PEM 管理人员私钥
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
}

pub(super) fn run(command: Catalogue) -> Result<(), Failure> {
    match command {
        Catalogue::Digest(config) => {
            let digests: BTreeMap<_, _> =
                digests(&config)?.into_iter().map(|(act, digest)| (act, Base64(digest))).collect();
            print(serde_json::to_string(&digests).map_err(Failure::unavailable)?);
            Ok(())
        }
        Catalogue::Propose { config, officer } => propose(&digests(&config)?, &officer),
        Catalogue::Approve { proposal, config, officer } => approve(proposal, &digests(&config)?, &officer),
        Catalogue::List(officer) => {
            print(String::from_utf8_lossy(&ask(&officer, "/officers/proposals", None)?));
            Ok(())
        }
    }
}

type Digests = BTreeMap<&'static str, [u8; 32]>;

fn digests(config: &ConfigFile) -> Result<Digests, Failure> {
    let settings = config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    start::digests(&settings, &catalogue).map_err(|error| Failure::start(&error))
}

fn propose(digests: &Digests, officer: &Officer) -> Result<(), Failure> {
    let known = list(officer)?;
    let is_new = |(act, digest): &(&&str, &[u8; 32])| known.approved.get(**act) != Some(&Base64(**digest));
    let mut new = digests.iter().filter(is_new).peekable();
    if new.peek().is_none() {
        print(words("配置与已批准的内容相同", "the configuration has what is approved already"));
    }
    for (act, digest) in new {
        let body = json!({"act": act, "digest": Base64(*digest)}).to_string();
        let made = ask(officer, "/officers/proposals", Some(body.into_bytes()))?;
        print(format_args!("{} {act}{}{}", words("已提议", "proposed"), colon(), String::from_utf8_lossy(&made)));
    }
    Ok(())
}

fn approve(proposal: Uuid, digests: &Digests, officer: &Officer) -> Result<(), Failure> {
    let known = list(officer)?;
    let missing = || Failure::new(1, format_args!("there is no proposal `{proposal}`: see `catalogue list`"));
    let proposed = known.proposals.iter().find(|known| known.proposal == proposal).ok_or_else(missing)?;
    if digests.get(proposed.act.as_str()) != Some(&proposed.digest.0) {
        let act = &proposed.act;
        return Err(Failure::new(1, format_args!("the {act} of your configuration is not what was proposed")));
    }
    match &proposed.differs {
        Some(differs) => print(words(&differs.zh, &differs.en)),
        None => print(words(
            "网关所在机器上没有这份配置，无法比较：policy diff 可比较两套目录",
            "the gateway does not have this configuration beside its own, so nothing is compared; `policy diff` compares two catalogues",
        )),
    }
    let body = json!({"proposal": proposal, "digest": proposed.digest}).to_string();
    let made = ask(officer, "/officers/approvals", Some(body.into_bytes()))?;
    print(format_args!(
        "{}{}{}",
        words("已批准并留痕", "approved and on the record"),
        colon(),
        String::from_utf8_lossy(&made)
    ));
    Ok(())
}

fn list(officer: &Officer) -> Result<Proposals, Failure> {
    let body = ask(officer, "/officers/proposals", None)?;
    serde_json::from_slice(&body)
        .map_err(|error| Failure::unavailable(format_args!("no list of proposals came: {error}")))
}

pub(super) fn ask(officer: &Officer, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let gateway = Gateway::new(&officer.url, &officer.authority, &officer.certificate, &officer.key)?;
    let (status, body) = runtime()?.block_on(gateway.json(path, body)).map_err(Failure::unavailable)?;
    match status {
        200 => Ok(body),
        _ => Err(Failure::new(1, String::from_utf8_lossy(&body))),
    }
}

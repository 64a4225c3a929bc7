//! `ask`: a gateway is asked, for an institution without a client of its own.

mod answers;
mod batch;
pub(in crate::commands) mod connection;
mod input;
mod progress;

use std::path::{Path, PathBuf};

use super::failure::{Failure, runtime};
use crate::terminal::print;
use connection::Gateway;
use input::read;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The gateway's address, such as `https://localhost:8443` 网关地址
    #[arg(long, value_name = "URL")]
    url: String,
    /// The authority of the gateway's certificate, PEM 网关证书的签发机构
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,
    /// The institution's certificate, PEM 机构证书
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// Its private key, PEM 机构私钥
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A query as one JSON object; `-` reads standard input 查询文件（一个 JSON 对象），`-` 为标准输入
    #[arg(value_name = "QUERY", required_unless_present = "batch", conflicts_with = "batch")]
    query: Option<PathBuf>,
    /// The consent token of the query 授权凭证文件
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    consent: Option<PathBuf>,
    /// Many queries, one a line; goes on where it broke off 批量查询文件，每行一次查询；中断后续传
    #[arg(long, value_name = "FILE", requires = "out")]
    batch: Option<PathBuf>,
    /// Where the answers of a batch are kept, one a line 批量应答文件
    #[arg(long, value_name = "FILE", requires = "batch")]
    out: Option<PathBuf>,
    /// Print the progress of a batch as JSON, one object a line 以 JSON 输出进度
    #[arg(long, requires = "batch")]
    json: bool,
}

/// 0 where everything was answered, 1 where something was refused, 64 where files or arguments cannot be, 69 where the
/// gateway cannot be asked.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let gateway = Gateway::new(&arguments.url, &arguments.authority, &arguments.certificate, &arguments.key)?;
    match (&arguments.batch, &arguments.out, &arguments.query) {
        (Some(lines), Some(out), _) => runtime()?.block_on(batch::ask(&gateway, lines, out, arguments.json)),
        (_, _, Some(query)) => runtime()?.block_on(one(&gateway, query, arguments.consent.as_ref())),
        (_, _, None) => Err(Failure::usage("there is nothing to ask: name a file with a query")),
    }
}

async fn one(gateway: &Gateway, query: &Path, consent: Option<&PathBuf>) -> Result<(), Failure> {
    let query = read(query)?;
    let consent = consent.map(|path| read(path)).transpose()?;
    let token = consent.as_ref().map(|token| String::from_utf8_lossy(token.trim_ascii()).into_owned());
    let (status, body) = gateway.query(query.to_vec(), token.as_deref()).await.map_err(Failure::unavailable)?;
    print(String::from_utf8_lossy(&body));
    if status == 200 { Ok(()) } else { Err(Failure { code: 1, lines: Vec::new() }) }
}

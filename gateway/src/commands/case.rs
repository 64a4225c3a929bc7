//! `case import`: a department's cases out of a spreadsheet, reported one by one over its own certificate.

mod rows;

use std::{fs::File, io::BufReader, path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    ask::connection::Gateway,
    failure::{Failure, runtime},
};
use crate::terminal::{eprint, print, said};
use rows::{Report, read};

/// Attempts at one row that is over the rate, before it is given up.
const ATTEMPTS: u32 = 20;

/// A wait of so many seconds is told, and every fifth one whatever its length: a pause of a second or two is the pace of the
/// institution's rate.
const TOLD_S: u64 = 5;
const TOLD_ATTEMPTS: u32 = 5;

#[derive(Subcommand)]
pub(super) enum Case {
    /// Report cases, decisions and appointments from a CSV or tab-separated file, as the institution of the certificate
    /// 以证书所属机构的身份，从 CSV 或制表符文件报送案件、办结及预约
    Import(Import),
}

#[derive(Args)]
pub(super) struct Import {
    /// The file: columns case, scenario, subject, operator, and the days opened, decided and appointment, of which some may be empty
    /// 文件：列为 case、scenario、subject、operator，及日期 opened、decided、appointment，日期可部分为空
    file: PathBuf,
    /// Look at every row and send nothing 逐行检查，不发送
    #[arg(long)]
    dry_run: bool,
    /// The gateway's address, such as `https://localhost:8443` 网关地址
    #[arg(long, value_name = "URL", required_unless_present = "dry_run")]
    url: Option<String>,
    /// The authority of the gateway's certificate, PEM 网关证书的签发机构
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    authority: Option<PathBuf>,
    /// The institution's certificate, PEM 机构证书
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    certificate: Option<PathBuf>,
    /// Its private key, PEM 机构私钥
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    key: Option<PathBuf>,
}

/// 0 where every row is on the record (or could be, of a dry run), 1 where one is not.
pub(super) fn run(Case::Import(import): Case) -> Result<(), Failure> {
    let path = import.file.display().to_string();
    let open = File::open(&import.file);
    let open = open.map_err(|error| {
        Failure::usage(said(|| format!("无法读取 `{path}`：{error}"), || format!("cannot read `{path}`: {error}")))
    })?;
    let (reports, faults) = read(BufReader::new(open));
    faults.iter().for_each(eprint);
    if !faults.is_empty() {
        let count = faults.len();
        let why = said(|| format!("有 {count} 处错误，未发送任何一行"), || format!("{count} faults; nothing was sent"));
        return Err(Failure::new(1, why));
    }
    let all = reports.len();
    if import.dry_run {
        print(said(|| format!("{all} 项报送均符合格式"), || format!("{all} reports, each of the right form")));
        return Ok(());
    }
    let (Some(url), Some(authority), Some(certificate), Some(key)) =
        (&import.url, &import.authority, &import.certificate, &import.key)
    else {
        return Err(Failure::usage("name --url, --authority, --certificate and --key"));
    };
    let gateway = Gateway::new(url, authority, certificate, key)?;
    let refused = runtime()?.block_on(send(&gateway, reports))?;
    match refused {
        0 => {
            print(said(|| format!("{all} 项报送均已留痕"), || format!("{all} reports are on the record")));
            Ok(())
        }
        _ => Err(Failure::new(
            1,
            said(|| format!("有 {refused} 项报送被拒绝"), || format!("reports that were refused: {refused}")),
        )),
    }
}

/// Code and detail of a problem document.
fn why(answer: &[u8]) -> (String, String) {
    let problem: Value = serde_json::from_slice(answer).unwrap_or_default();
    let text = |member: &str| problem.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("code"), text("detail"))
}

/// Sends them one after the other; says how many were refused. A report that is sent again is harmless.
async fn send(gateway: &Gateway, reports: Vec<Report>) -> Result<usize, Failure> {
    let mut refused = 0;
    for Report { line, path, body } in reports {
        let mut attempts = 0;
        let (status, answer) = loop {
            attempts += 1;
            let sent = gateway.report(path, body.to_vec()).await;
            let (status, answer, wait) = sent.map_err(Failure::unavailable)?;
            match wait {
                Some(wait) if matches!(status, 429 | 503) && attempts < ATTEMPTS => {
                    if wait >= TOLD_S || attempts % TOLD_ATTEMPTS == 0 {
                        let (code, _) = why(&answer);
                        eprint(said(
                            || format!("第 {line} 行：{code}；{wait} 秒后再试"),
                            || format!("line {line}: {code}; it is tried again in {wait} s"),
                        ));
                    }
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                Some(_) | None => break (status, answer),
            }
        };
        if status != 200 {
            refused += 1;
            let (code, why) = why(&answer);
            eprint(said(|| format!("第 {line} 行：{code} {why}"), || format!("line {line}: {code} {why}")));
        }
    }
    Ok(refused)
}

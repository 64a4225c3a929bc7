//! `institution add|add-certificate|remove-certificate|suspend|resume|list`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use credit_audit::clock::SystemClock;
use credit_policy::InstitutionId;
use uuid::Uuid;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    callers::{
        chain::Chain,
        institution::InstitutionRecord,
        register::has_known_kinds,
        suspension::Part,
        thumbprint::{Thumbprint, certificates_of_file},
        trust::{Cause, Trust},
    },
    changes::{Change, InstitutionStatus, Made},
    process::start::load_catalogue,
    settings::{EndInstitutionError, Limits, Settings, ends_faults, name_fault},
    terminal::{colon, eprint, print, words},
};

#[derive(Subcommand)]
pub(super) enum Institution {
    /// Register an institution 登记机构
    Add(Add),
    /// Give one another certificate: the next, before the present one ends 增加机构证书（在现有证书到期前）
    AddCertificate(AddCertificate),
    /// Take a certificate from one 移除机构证书
    RemoveCertificate(RemoveCertificate),
    /// Suspend one at once, one of its staff, or its use of a scenario 立即暂停机构、其经办人或其对某场景的使用
    Suspend(Which),
    /// Let one, or that part of it, ask again 恢复机构或其部分
    Resume(Back),
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
    /// What persons read as its name 向个人显示的机构名称
    #[arg(long)]
    name: Option<String>,
    /// PEM file of a client certificate; several are allowed 客户端证书
    #[arg(long = "certificate", required = true, value_name = "FILE")]
    certificates: Vec<PathBuf>,
    /// Of a gateway: an institution for which it may ask, and its kind; several are allowed 网关可代为查询的机构及其类型，可给多个
    #[arg(long, value_name = "ID:KIND")]
    on_behalf_of: Vec<String>,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct AddCertificate {
    /// Its id 机构标识
    id: String,
    /// PEM file of the client certificate 客户端证书
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(super) struct RemoveCertificate {
    /// Its id 机构标识
    id: String,
    /// PEM file of the certificate 证书文件
    #[arg(long, value_name = "FILE", group = "which")]
    certificate: Option<PathBuf>,
    /// SHA-256 of the certificate, as `institution list` and openssl print it 证书的 SHA-256 指纹
    #[arg(long, value_name = "HEX", group = "which")]
    fingerprint: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Which {
    /// Its id 机构标识
    id: String,
    /// Only this member of its staff, as `operator` names one 仅该经办人
    #[arg(long, conflicts_with = "scenario")]
    staff: Option<String>,
    /// Only its use of this scenario 仅该场景
    #[arg(long)]
    scenario: Option<String>,
    /// Why; goes on the record 原因（写入日志）
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Back {
    #[command(flatten)]
    which: Which,
    /// Of an officer or the supervisor: what another officer proposed, where too few officers are left 管理人员或监管部门：管理人员不足两人时，另一人的提议编号
    #[arg(long, value_name = "PROPOSAL")]
    proposal: Option<Uuid>,
}

impl Which {
    fn part(&self) -> Part {
        Part::new(self.staff.as_deref(), self.scenario.as_deref())
    }
}

pub(super) fn run(command: Institution) -> Result<(), Failure> {
    let (settings, change, done) = match command {
        Institution::Add(add) => {
            let settings = add.config.read()?;
            let chains = trusted(&settings, &add.certificates)?;
            let institution = record(&add, &settings, chains.iter().map(Chain::thumbprint).collect())?;
            let done = words("已登记并留痕", "registered and on the record");
            (settings, Change::InstitutionAdd { institution, chains }, done)
        }
        Institution::AddCertificate(AddCertificate { id, certificate, config }) => {
            let (settings, id) = (config.read()?, parse(&id)?);
            let chain = trusted(&settings, &[certificate])?.pop();
            let chain = chain.ok_or_else(|| Failure::usage("name one certificate"))?;
            let done = words("证书已增加并留痕", "certificate added and on the record");
            (settings, Change::InstitutionAddCertificate { id, chain }, done)
        }
        Institution::RemoveCertificate(RemoveCertificate { id, certificate, fingerprint, config }) => {
            let certificate = match (certificate, fingerprint) {
                (Some(path), _) => Thumbprint::of_file(&path).map_err(Failure::usage)?,
                (None, text) => Thumbprint::parse_fingerprint(&text.unwrap_or_default())
                    .ok_or_else(|| Failure::usage("--fingerprint: SHA-256 has 64 hexadecimal digits"))?,
            };
            let done = words("证书已移除并留痕", "certificate removed and on the record");
            (config.read()?, Change::InstitutionRemoveCertificate { id: parse(&id)?, certificate }, done)
        }
        Institution::Suspend(which) => {
            let done = words("已暂停并留痕", "suspended and on the record");
            let (id, part) = (parse(&which.id)?, which.part());
            (which.config.read()?, Change::InstitutionSuspend { id, part, reason: which.reason }, done)
        }
        Institution::Resume(Back { which, proposal }) => {
            let done = words("已恢复并留痕", "resumed and on the record");
            let (id, part) = (parse(&which.id)?, which.part());
            (which.config.read()?, Change::InstitutionResume { id, part, reason: which.reason, proposal }, done)
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
    let limits = &record.limits;
    print(format_args!(
        "{:<24} {:<28} {status:<10} {}/s {}, {} {}, {} {}",
        record.id.as_str(),
        record.kind.as_str(),
        limits.rate_per_s,
        format_args!("({})", limits.burst),
        limits.distinct_subjects_a_day,
        words("人/日", "persons/day"),
        limits.look_ups_a_person_a_day,
        words("次/人/日", "look-ups/person/day"),
    ));
    if !record.on_behalf_of.is_empty() {
        let ends: Vec<_> = record.on_behalf_of.iter().map(ToString::to_string).collect();
        print(format_args!("    {} {}", words("可代为查询", "may ask for"), ends.join(", ")));
    }
    for part in &listed.suspended_parts {
        let (kind, name) = match part {
            Part::Whole => continue,
            Part::Staff(name) => (words("经办人", "staff"), name),
            Part::Scenario(name) => (words("场景", "scenario"), name),
        };
        print(format_args!("    {} {kind} {name}", words("已暂停", "suspended")));
    }
    for (certificate, fingerprint) in record.certificates.iter().zip(&listed.fingerprints) {
        let ends =
            fingerprint.expires.map_or_else(|| words("未知", "an unknown time").to_owned(), |ends| ends.to_string());
        let until = words("有效期至", "valid until");
        print(format_args!("    SHA-256 {}  x5t#S256 {certificate}  {until} {ends}", fingerprint.sha256));
    }
}

/// Certificates that will be let in. One that is not valid yet is registered all the same, with a
/// warning: the next certificate often comes before its time.
fn trusted(settings: &Settings, paths: &[PathBuf]) -> Result<Vec<Chain>, Failure> {
    let trust = Trust::read(&settings.tls, &settings.data.dir, Arc::new(SystemClock::new())).map_err(Failure::usage)?;
    let mut chains = Vec::new();
    for path in paths {
        let chain = certificates_of_file(path).map_err(Failure::usage)?;
        match trust.examine(&chain) {
            Ok(()) => {}
            Err(cause @ Cause::NotYetValid) => {
                eprint(format_args!("{}{}", words("警告：", "warning: "), untrusted(path, cause)))
            }
            Err(cause) => return Err(Failure::usage(untrusted(path, cause))),
        }
        chains.extend(Chain::new(chain));
    }
    Ok(chains)
}

fn untrusted(path: &Path, cause: Cause) -> String {
    let path = path.display();
    let chinese = format!("证书 `{path}` 会被拒绝：{}", cause.words().0);
    words(&chinese, &format!("the certificate `{path}` would be refused: {}", cause.words().1)).to_owned()
}

fn parse(id: &str) -> Result<InstitutionId, Failure> {
    InstitutionId::parse(id).map_err(|error| Failure::usage(format_args!("`{id}` is no id: {error}")))
}

fn record(add: &Add, settings: &Settings, certificates: Vec<Thumbprint>) -> Result<InstitutionRecord, Failure> {
    let (catalogue, _) = load_catalogue(&settings.catalogue).map_err(|error| Failure::start(&error))?;
    let kind = catalogue.kind(&add.kind).map_err(Failure::usage)?;
    let named = add.on_behalf_of.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>();
    let on_behalf_of =
        named.map_err(|error: EndInstitutionError| Failure::usage(format_args!("--on-behalf-of: {error}")))?;
    let faults = ends_faults(kind, &on_behalf_of).into_iter().chain(add.name.as_deref().and_then(name_fault));
    if let Some(fault) = faults.into_iter().next() {
        return Err(Failure::usage(format_args!("institution `{}`: {fault}", add.id)));
    }
    let (name, limits) = (add.name.clone(), add.limits.clone());
    let record = InstitutionRecord { id: parse(&add.id)?, kind, name, certificates, on_behalf_of, limits };
    has_known_kinds(&record, &catalogue).map_err(Failure::usage)?;
    Ok(record)
}

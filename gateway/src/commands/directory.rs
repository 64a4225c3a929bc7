//! `directory`: the log that lists the logs of all replicas. Its commands need no gateway that serves; the folder is one
//! machine's, and its `log/` is copied or served to all others.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Subcommand;
use credit_audit::{
    checkpoint::Checkpoint,
    clock::{Clock, SystemClock},
    cosigning::{self, Cosigning, NotCosigned},
    directory::{Directory as Checked, DirectoryFault, ListedAs, Listing},
    leaf::{self, Act, Body, Entry, Event, ListedLog, Open},
    log::{self, Log, Recovered, Signer},
    monthly::parse_moment,
    note::VerifierKey,
    trust_policy::TrustPolicy,
    verify::{CheckError, ClientFiles, log_directory},
};
use credit_keys::SystemEntropy;
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::json;

use super::failure::{ConfigFile, Failure};
use crate::{
    changes::Account,
    process::start::{open_ring, own_key},
    recorder::new_id,
    settings::is_origin,
    terminal::{eprint, print, said, words},
};

/// How long what was recorded may take to be published.
const PUBLICATION: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub(super) enum Directory {
    /// Begin a directory, once 新建目录日志
    Init {
        /// Its folder 目录日志的文件夹
        dir: PathBuf,
        /// Name of the directory, that of no other log 目录日志的名称，不得与其他日志重名
        #[arg(long, value_name = "NAME")]
        origin: String,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Print the verifier key of a gateway's log, to list it 打印网关日志的验证公钥，用于列入
    Vkey(ConfigFile),
    /// List a log: its gateway may serve from now on 列入一个日志：其网关自此可提供服务
    Add {
        /// Its folder 目录日志的文件夹
        dir: PathBuf,
        /// The log's verifier key, which names it, as `directory vkey` prints it 日志的验证公钥（含其名称），由 `directory vkey` 打印
        #[arg(long, value_name = "FILE")]
        vkey: PathBuf,
        /// From when its records count; left out = from now on. Of a log that is in use already: when it began 记录自何时起计入；省略即自现在起。已在使用的日志填其起始时刻
        #[arg(long, value_name = "TIME", value_parser = parse_moment)]
        from: Option<Timestamp>,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Close a log for good, once its gateway is stopped 关闭一个日志，其网关须已停止；不可恢复
    Close {
        /// Its folder 目录日志的文件夹
        dir: PathBuf,
        /// Name of the log 日志名称
        #[arg(long, value_name = "NAME")]
        origin: String,
        /// Until when its records count; left out = until now 记录至何时止；省略即至现在
        #[arg(long, value_name = "TIME", value_parser = parse_moment)]
        until: Option<Timestamp>,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Ask the witnesses of a trust policy once to cosign the directory; nobody waits for it 请信任策略中的见证方为目录日志联署一次
    Witness {
        /// Its folder 目录日志的文件夹
        dir: PathBuf,
        /// The trust policy (c2sp.org/tlog-policy) 信任策略（c2sp.org/tlog-policy）
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// Certificates of the authorities of witnesses with an https address (PEM) 使用 https 地址的见证方的证书签发机构（PEM）
        #[arg(long, value_name = "FILE")]
        authorities: Option<PathBuf>,
    },
    /// Check a directory, and print what it lists 核验目录日志并打印所列日志
    List {
        /// Its folder, or a copy of its `log` 目录日志的文件夹，或其 `log` 的副本
        dir: PathBuf,
        /// Its verifier key; without it the `log.vkey` in the folder, which proves less 其验证公钥；省略时用文件夹中的 `log.vkey`，证明力较弱
        #[arg(long, value_name = "FILE")]
        vkey: Option<PathBuf>,
        /// As JSON 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
}

/// The private key of a directory.
#[derive(clap::Args)]
pub(super) struct KeyFile {
    /// The directory's private key (Ed25519, PKCS#8 as PEM, mode 0600), never in its folder; `init` makes it where there is none
    /// 目录日志的私钥（Ed25519，PKCS#8 PEM，权限 0600），勿放在其文件夹内；不存在时由 `init` 生成
    #[arg(long = "key", value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(command: Directory) -> Result<(), Failure> {
    match command {
        Directory::Init { dir, origin, key } => init(&dir, &origin, &key),
        Directory::Vkey(config) => {
            let settings = config.read()?;
            let own = open_ring(&settings).and_then(|ring| own_key(&settings, &ring));
            print(own.map_err(|error| Failure::start(&error))?);
            Ok(())
        }
        Directory::Add { dir, vkey, from, key } => {
            let vkey = read_key(&vkey)?;
            let begun = Begun::open(&dir, &key)?;
            let from = from.unwrap_or_else(|| begun.clock.now());
            let leaf = ListedLog { origin: vkey.name().to_owned(), vkey: vkey.to_string(), from, until: None };
            begun.record(&leaf)
        }
        Directory::Close { dir, origin, until, key } => {
            let begun = Begun::open(&dir, &key)?;
            let leaf =
                begun.listing.closing(&origin, until.unwrap_or_else(|| begun.clock.now())).map_err(Failure::usage)?;
            begun.record(&leaf)
        }
        Directory::Witness { dir, policy, authorities } => witness(&log_directory(&dir), &policy, authorities),
        Directory::List { dir, vkey, json } => list(&dir, vkey.as_deref(), json),
    }
}

fn init(dir: &Path, origin: &str, key: &KeyFile) -> Result<(), Failure> {
    if !is_origin(origin) {
        let why = words(
            "须为不含空格与加号、末尾无斜杠的名称，例如 credit-gateway.example/directory",
            "must be a name without spaces, plus signs or a trailing slash, for example credit-gateway.example/directory",
        );
        return Err(Failure::usage(format_args!("--origin `{origin}` {why}")));
    }
    if !key.file.exists() {
        key.make()?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let recovered = recover(dir, origin, &clock)?;
    if recovered.size() > 0 {
        return Err(Failure::usage(format_args!(
            "the directory in `{}` was begun before: nothing was changed",
            dir.display()
        )));
    }
    let signer = key.read()?;
    let software = concat!("credit-gateway ", env!("CARGO_PKG_VERSION")).to_owned();
    let open = Open { origin: origin.to_owned(), previous: None, software };
    let entry = open.entry(new_id(&*clock, &SystemEntropy::new())).map_err(Failure::unavailable)?;
    write(recovered, signer, entry)?;
    let vkey = dir.join("log/log.vkey");
    let chinese = format!(
        "已新建目录日志 `{origin}`；请将 `{}` 交给每个网关与审计人员，并将 `log/` 复制给每个网关",
        vkey.display()
    );
    let english = format!(
        "the directory `{origin}` is begun; give `{}` to every gateway and every auditor, and a copy of `log/` to every gateway",
        vkey.display()
    );
    print(words(&chinese, &english));
    Ok(())
}

/// A directory that has its first leaf, opened by its key.
struct Begun {
    listing: Listing,
    recovered: Recovered,
    signer: DirectorySigner,
    clock: Arc<dyn Clock>,
}

impl Begun {
    fn open(dir: &Path, key: &KeyFile) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        // Its own word for its name; the log's files say whether they are of that name.
        let vkey = read_key(&dir.join("log/log.vkey"))?;
        let signer = key.read()?;
        let recovered = recover(dir, vkey.name(), &clock)?;
        let mut listing = Listing::new(vkey.name());
        for leaf in recovered.leaves(0) {
            let (_, bytes) = leaf.map_err(Failure::unavailable)?;
            if let Some(Body::Log(log)) = leaf::parse(&bytes).map_err(Failure::unavailable)?.map(|leaf| leaf.body) {
                listing.take(&log).map_err(|fault| Failure::new(1, fault))?;
            }
        }
        Ok(Self { listing, recovered, signer, clock })
    }

    /// Records a leaf that the listing takes, and publishes it.
    fn record(mut self, leaf: &ListedLog) -> Result<(), Failure> {
        self.listing.take(leaf).map_err(|fault: DirectoryFault| Failure::usage(fault))?;
        let account = Account::of(rustix::process::getuid().as_raw());
        let entry = leaf.entry(new_id(&*self.clock, &SystemEntropy::new()), account.actor()).map_err(Failure::usage)?;
        write(self.recovered, self.signer, entry)?;
        let ListedLog { origin, from, until, .. } = leaf;
        print(match until {
            None => said(
                || format!("已列入 `{origin}`，自 {from} 起；请将目录复制给每个网关"),
                || format!("`{origin}` is listed from {from} on; copy the directory to every gateway"),
            ),
            Some(until) => said(
                || format!("已关闭 `{origin}`，至 {until} 止；请将目录复制给每个网关"),
                || format!("`{origin}` is closed at {until}; copy the directory to every gateway"),
            ),
        });
        Ok(())
    }
}

fn recover(dir: &Path, origin: &str, clock: &Arc<dyn Clock>) -> Result<Recovered, Failure> {
    log::recover(log::Settings::new(dir, origin), Arc::clone(clock)).map_err(Failure::unavailable)
}

/// Records one leaf, publishes it and closes the log.
fn write(recovered: Recovered, signer: DirectorySigner, entry: Entry) -> Result<(), Failure> {
    let log: Log = recovered.start(Box::new(signer), HashMap::new()).map_err(Failure::unavailable)?;
    let recorded = log.submit(entry, false, || true).map_err(Failure::unavailable)?.wait();
    recorded.map_err(Failure::unavailable)?;
    let is_published = log.drain(PUBLICATION);
    log.close();
    if is_published { Ok(()) } else { Err(Failure::unavailable("it is recorded, and could not be published yet")) }
}

fn list(dir: &Path, vkey: Option<&Path>, json: bool) -> Result<(), Failure> {
    let beside = log_directory(dir).join("log.vkey");
    let key = read_key(vkey.unwrap_or(&beside))?;
    let Checked { listing, report } = Checked::read(dir, &key, &[]).map_err(|error| match error {
        CheckError::Violation(violation) => Failure::new(1, violation),
        unavailable @ CheckError::Unavailable { .. } => Failure::unavailable(unavailable),
    })?;
    if json {
        let logs: Vec<_> = listing.logs().map(as_json).collect();
        print(json!({ "origin": listing.origin, "size": report.checkpoint.size, "logs": logs }));
        return Ok(());
    }
    for ListedAs { key, from, until } in listing.logs() {
        let until = until.map_or_else(|| words("使用中", "in use").to_owned(), |until| until.to_string());
        print(format_args!("{:<48} {from}  {until}", key.name()));
    }
    Ok(())
}

/// Asks all of them, one after the other; what a quorum signed is published.
fn witness(log: &Path, policy: &Path, authorities: Option<PathBuf>) -> Result<(), Failure> {
    let at = |error: &dyn std::fmt::Display| format!("`{}`: {error}", policy.display());
    let text = fs::read(policy).map_err(|error| Failure::unavailable(at(&error)))?;
    let policy = TrustPolicy::parse(&text).map_err(|error| Failure::usage(at(&error)))?;
    let key = read_key(&log.join("log.vkey"))?;
    let files = ClientFiles { authorities, identity: None };
    let cosigning = Cosigning::new(policy, &key, &files).map_err(|error| Failure::usage(at(&error)))?;
    let signed = fs::read_to_string(log.join("checkpoint")).map_err(Failure::unavailable)?;
    let checkpoint = Checkpoint::open(&signed, &key).map_err(|error| Failure::new(1, error))?;
    let mut lines = Vec::new();
    for witness in 0..cosigning.len() {
        match cosigning.ask(witness, log, &signed, &checkpoint) {
            Ok(said) => lines.push(said),
            Err(error @ (NotCosigned::Longer { .. } | NotCosigned::Refused { .. })) => {
                return Err(Failure::new(1, error));
            }
            // Others may be enough.
            Err(error) => eprint(&error),
        }
    }
    let (note, is_quorum) = cosigning.join(&signed, &lines).map_err(|error| Failure::new(1, error))?;
    if !is_quorum {
        return Err(Failure::unavailable("too few witnesses cosigned the directory"));
    }
    cosigning::publish(log, &note).map_err(Failure::unavailable)?;
    let size = checkpoint.size;
    print(said(
        || format!("见证方已联署，目录大小 {size}；请将目录复制给每个网关与审计人员"),
        || format!("witnesses cosigned the directory at size {size}; copy it to every gateway and every auditor"),
    ));
    Ok(())
}

fn as_json(ListedAs { key, from, until }: &ListedAs) -> serde_json::Value {
    json!({ "origin": key.name(), "vkey": key.to_string(), "from": from, "until": until })
}

fn read_key(file: &Path) -> Result<VerifierKey, Failure> {
    let at = |error: &dyn std::fmt::Display| format!("`{}`: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| Failure::unavailable(at(&error)))?;
    VerifierKey::parse(&text).map_err(|error| Failure::usage(at(&error)))
}

struct DirectorySigner {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl Signer for DirectorySigner {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.iter_mut().zip(self.pair.sign(message).as_ref()).for_each(|(to, from)| *to = *from);
        signature
    }

    fn public_key(&self) -> [u8; 32] {
        self.public
    }
}

impl KeyFile {
    fn fault(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::usage(format_args!("--key `{}`: {error}", self.file.display()))
    }

    fn make(&self) -> Result<(), Failure> {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let key = key.map_err(|_| Failure::unavailable("the system gives no randomness"))?;
        let text =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(key.as_ref()));
        let mut open = OpenOptions::new();
        let made = open.write(true).create_new(true).mode(0o600).open(&self.file);
        let made = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        made.map_err(|error| self.fault(&error))
    }

    fn read(&self) -> Result<DirectorySigner, Failure> {
        let none = || self.fault(&"it is no Ed25519 key as PEM (`-----BEGIN PRIVATE KEY-----`)");
        let pem = fs::read(&self.file).map_err(|error| self.fault(&error))?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| none())?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map_err(|_| none())?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| none())?;
        Ok(DirectorySigner { pair, public })
    }
}

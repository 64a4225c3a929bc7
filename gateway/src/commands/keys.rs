//! `keys init|status|handed-out|rotate|add-log|prepare|destroy|compromised|trace`.

mod compromised;
mod handed_out;
mod next_log;
mod together;

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use credit_audit::{
    clock::{Clock, SystemClock},
    monthly::{parse_moment, parse_month},
};
use credit_keys::{DEFAULT_OVERLAP_DAYS, Kek, KeyState, KeyStatus, KeyUse, Ring, Rotation, SystemEntropy};
use jiff::Timestamp;

use super::{
    approval::Officer,
    by_two::{Step, number_in},
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Made, TurningUse},
    process::start,
    state::approvals::DESTROY,
    terminal::{colon, print, words},
};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Create a ring, and its key file where the configuration names one that does not exist 新建密钥环
    Init(ConfigFile),
    /// Keys, their uses, states and dates; never the keys 密钥状态
    Status {
        #[command(flatten)]
        config: ConfigFile,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What was handed out to gateways that count together: from when on each key is in force, and which gateways have it 已分发的密钥：启用时刻及已取用的网关
    HandedOut {
        #[command(flatten)]
        config: ConfigFile,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Rotate the keys of one use: pseudonym (with tag), state, data, ring; `index` and `kek` (the key encryption key) with the gateway stopped; `log` with --origin seals the log 轮换密钥
    Rotate(Rotate),
    /// Make the signing key of the log of another gateway that counts together with this one 为共同计数的另一网关的日志生成签名密钥
    AddLog {
        /// The name of its log 其日志名称
        #[arg(long)]
        origin: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Make the data key of the next month now, so that a copy of the ring has it; gateways that count together do so by themselves 提前生成下月数据密钥，以便备份（共同计数的网关自行生成）
    Prepare(ConfigFile),
    /// Destroy the data keys of a month, or one person's part of them: two officers, at the officers' port 销毁数据密钥
    Destroy(Destroy),
    /// A key may be known to others: rotate it, have that signed, and say who is affected; or rehearse that 密钥可能泄露时的处置与演练
    Compromised(compromised::Compromised),
    /// Find for whom and for which purpose a pseudonym was made 追溯假名
    Trace {
        /// The pseudonym, `psn1…`
        pseudonym: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Args)]
pub(super) struct Rotate {
    /// Which use 用途
    #[arg(value_name = "USE", value_parser = ["pseudonym", "state", "data", "ring", "index", "kek", "log"])]
    use_: String,
    /// Days for which the old keys are still accepted 旧密钥继续有效的天数
    #[arg(long, default_value_t = DEFAULT_OVERLAP_DAYS)]
    overlap_days: u16,
    /// Rotate although an earlier key is still accepted, and retire that one now 立即停用仍有效的旧密钥
    #[arg(long)]
    end_overlap: bool,
    /// Of gateways that count together: from when on the new keys are in force, 5 seconds to a day ahead; without it in half a minute 新密钥的启用时刻
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    at: Option<Timestamp>,
    /// For `log`: the name of the log that follows 后继日志的名称
    #[arg(long, required_if_eq("use_", "log"))]
    origin: Option<String>,
    /// For `log`: the old log cannot be sealed, because it is lost, damaged or put back from a backup 旧日志无法封存
    #[arg(long, requires = "origin")]
    without_seal: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Destroy {
    /// The month, such as 2021-01; with a person only that month's part 月份
    #[arg(long, required_unless_present = "person", value_parser = parse_month)]
    month: Option<String>,
    /// A file with the citizen number on one line: only what was sealed about this person 载有公民身份号码的文件
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    #[command(flatten)]
    step: Step,
    #[command(flatten)]
    officer: Officer,
}

pub(super) fn run(command: Keys) -> Result<(), Failure> {
    match command {
        Keys::Init(config) => init(&config),
        Keys::Status { config, json } => {
            let settings = config.read()?;
            let ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
            let status = start::status(&settings, &ring, SystemClock::new().now());
            if json {
                print(serde_json::to_string(&status).map_err(|error| Failure::new(1, error))?);
            } else {
                status.iter().for_each(print_line);
            }
            Ok(())
        }
        Keys::Rotate(Rotate { use_, origin: Some(origin), without_seal, config, .. }) if use_ == "log" => {
            next_log::rotate_log(&config, &origin, without_seal)
        }
        Keys::Rotate(Rotate { origin: Some(_), .. }) => Err(Failure::usage("--origin goes with `log` only")),
        Keys::Rotate(Rotate { at: Some(_), use_, .. }) if TurningUse::parse(&use_).is_none() => {
            Err(Failure::usage("--at goes with `pseudonym`, `state` and `data` only"))
        }
        Keys::Rotate(Rotate { use_, config, .. }) if use_ == "index" => rotate_index(&config),
        Keys::Rotate(Rotate { use_, config, .. }) if use_ == "kek" => rotate_kek(&config),
        Keys::HandedOut { config, json } => handed_out::run(&config, json),
        Keys::Rotate(Rotate { use_, overlap_days, end_overlap, at, config, .. }) => {
            let key_use = TurningUse::parse(&use_).ok_or_else(|| {
                Failure::new(
                    1,
                    format_args!(
                        "`{use_}` is no use of keys that turns here: pseudonym (with tag), state, data or ring"
                    ),
                )
            })?;
            let done = change::make(config.read()?, Change::KeysRotate { key_use, overlap_days, end_overlap, at })?;
            let said = match &done {
                Made::Rotated { activates: Some(_), .. } => words("已分发并留痕", "handed out and on the record"),
                _ => words("已轮换并留痕", "rotated and on the record"),
            };
            print(format_args!("{said}{}{done}", colon()));
            Ok(())
        }
        Keys::AddLog { origin, config } => together::add_log(&config, &origin),
        Keys::Prepare(config) => together::prepare(&config),
        Keys::Destroy(destroy) => destroy_keys(&destroy),
        Keys::Compromised(asked) => compromised::run(&asked),
        Keys::Trace { pseudonym, config } => trace(&config, &pseudonym),
    }
}

pub(super) fn init(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    let entropy = SystemEntropy::new();
    for folder in [settings.keys.key_file.as_deref().and_then(Path::parent), settings.keys.dir.parent()] {
        let folder = folder.unwrap_or(Path::new("."));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Failure::usage(format_args!("cannot make `{}`: {error}", folder.display())))?;
    }
    let kek = match &settings.keys.key_file {
        Some(path) if !path.exists() => Kek::create_key_file(path, &entropy).map_err(Failure::usage)?,
        Some(_) | None => start::read_kek(&settings).map_err(|error| Failure::start(&error))?,
    };
    Ring::create(&settings.keys.dir, &kek, SystemClock::new().now(), &settings.log.origin, settings.demo, &entropy)
        .map_err(Failure::usage)?;
    let opens = settings.keys.key_file.as_ref().or(settings.keys.passphrase_file.as_ref());
    let (ring, opens) = (settings.keys.dir.display(), opens.map(|path| path.display().to_string()).unwrap_or_default());
    let chinese =
        format!("已新建密钥环 `{ring}`；请将 `{opens}` 另行备份，勿与密钥环放在一处：没有它，任何密封内容都无法打开");
    let english =
        format!("created the key ring `{ring}`; back up `{opens}` elsewhere: without it nothing sealed can be opened");
    print(words(&chinese, &english));
    Ok(())
}

/// The key of the index is in no leaf, and all of the index is made of it: what was made under the key before is removed,
/// and the next start makes it again.
fn rotate_index(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    change::require_no_gateway(&settings)?;
    let entropy = SystemEntropy::new();
    let mut ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    let (key_use, now) = (KeyUse::Index, SystemClock::new().now());
    let rotation = Rotation { key_use, now, overlap_days: 0, end_overlap: true, is_introduced: &|_| true };
    ring.rotate(&rotation, &entropy).map_err(|error| Failure::new(1, error))?;
    crate::index::remove(&settings.data.dir).map_err(Failure::unavailable)?;
    print(words(
        "已轮换；旧索引已删除，下次启动时重建",
        "rotated; the index made under the key before is removed, and the next start makes it again",
    ));
    Ok(())
}

/// The ring is locked by a new key file, or by the passphrase that stands beside the old one; then the new file takes the old
/// one's name. If we crash in between, the ring opens by the new file where it stands, and the next call goes on.
fn rotate_kek(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    change::require_no_gateway(&settings)?;
    let (old, new) = (start::kek_file(&settings), start::next_kek_file(&settings));
    let fault = |error: std::io::Error| Failure::unavailable(format_args!("{}: {error}", new.display()));
    let mut ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    let is_locked_anew = new.exists() && {
        let kek = start::read_next_kek(&settings).map_err(|error| Failure::start(&error))?;
        Ring::open(&settings.keys.dir, &kek).is_ok()
    };
    if !is_locked_anew {
        let entropy = SystemEntropy::new();
        let kek = match &settings.keys.key_file {
            Some(_) => {
                if new.exists() {
                    // Of a call that broke off before it was used.
                    fs::remove_file(&new).map_err(fault)?;
                }
                Kek::create_key_file(&new, &entropy).map_err(Failure::unavailable)?
            }
            None if !new.exists() => {
                let why = words(
                    "请先把新口令写入此文件（权限 0600）",
                    "write the new passphrase into this file first, with mode 0600",
                );
                return Err(Failure::usage(format_args!("{}: {why}", new.display())));
            }
            None => start::read_next_kek(&settings).map_err(|error| Failure::start(&error))?,
        };
        ring.lock_anew(&kek, SystemClock::new().now(), &entropy).map_err(|error| Failure::new(1, error))?;
    }
    fs::rename(&new, &old).map_err(fault)?;
    let folder = old.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
    let chinese = format!("已轮换密钥加密密钥：`{}` 已更新；请另行备份新文件，并销毁旧文件的所有副本", old.display());
    let english =
        format!("rotated: `{}` is new; back it up elsewhere, and destroy every copy of the old one", old.display());
    print(words(&chinese, &english));
    Ok(())
}

/// One step of a destruction. A number stands in a file, never on a command line.
fn destroy_keys(Destroy { month, person, step, officer }: &Destroy) -> Result<(), Failure> {
    if step.is_emergency() {
        let why = words("销毁不适用紧急处置：须由另一名管理人员批准", "keys are never destroyed by one officer alone");
        return Err(Failure::usage(why));
    }
    let mut what = serde_json::Map::new();
    what.extend(month.as_ref().map(|month| ("month".to_owned(), month.as_str().into())));
    what.extend(person.as_deref().map(number_in).transpose()?.map(|number| ("person".to_owned(), number.into())));
    if let Some(done) = step.take_whole(officer, DESTROY, ("/officers/destructions", what.into()))? {
        print(format_args!(
            "{}{}{}",
            words("已销毁并留痕", "destroyed and on the record"),
            colon(),
            String::from_utf8_lossy(&done)
        ));
        print(words(
            "此前的密钥环备份仍可打开：请停止网关，执行 `keys rotate kek`，并销毁旧的密钥文件及其副本",
            "backups of the ring from before still open it: stop the gateway, run `keys rotate kek`, and destroy the old key \
             file and its copies",
        ));
    }
    Ok(())
}

fn print_line(key: &KeyStatus) {
    let (id, key_use, activates) = (key.id.as_str(), key.key_use.as_str(), key.activates);
    let state = match key.state {
        KeyState::Pending => "pending",
        KeyState::Active => "active",
        KeyState::Accepted => "accepted",
        KeyState::Retired => "retired",
        KeyState::Destroyed => "destroyed",
    };
    let origin = key.origin.as_deref().map_or_else(String::new, |origin| format!(" {origin}"));
    print(format_args!("{id:<28} {key_use:<12} {state:<10} {activates}{origin}"));
}

fn trace(config: &ConfigFile, pseudonym: &str) -> Result<(), Failure> {
    let settings = config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    let ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    let listed = change::list(settings)?;
    let institutions: Vec<&str> = listed.iter().map(|listed| listed.institution.id.as_str()).collect();
    let groups: Vec<&str> = catalogue.scenarios().into_iter().map(|scenario| scenario.purpose_group()).collect();
    match ring.trace(pseudonym, &institutions, &groups) {
        Some(traced) => {
            let found = serde_json::json!({"institution": traced.institution, "purpose_group": traced.purpose_group, "epoch": traced.epoch});
            print(found);
            Ok(())
        }
        None => Err(Failure::new(
            1,
            words(
                "该假名不是本密钥环为任何已登记机构生成的",
                "no institution of the register was ever given this pseudonym by this ring",
            ),
        )),
    }
}

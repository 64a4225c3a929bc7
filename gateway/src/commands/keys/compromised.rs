//! `keys compromised`: a key may be known to others. It is turned, a checkpoint signs that, and who is affected is told.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use credit_audit::{
    clock::{Clock, SystemClock},
    leaf::Peek,
    monthly::parse_moment,
    note::VerifierKey,
    verify::{self, CheckError, Visitor},
};
use credit_keys::{DEFAULT_OVERLAP_DAYS, KeyState, KeyStatus, KeyUse};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::next_log::rotate_log;
use crate::{
    changes::{Change, Made, TurningUse},
    commands::{
        change,
        failure::{ConfigFile, Failure},
    },
    process::start,
    settings::Settings,
    terminal::{print, said, words},
};

/// Longest wait for the checkpoint that covers the new key; one is published twice a second, on a slow disk later.
const WAIT: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(in crate::commands) struct Compromised {
    /// The key, by its id of `keys status`, such as data-2026-11 可能泄露的密钥编号
    key: String,
    /// Change nothing; only say what would be done, and who would be affected 演练：不作更改
    #[arg(long)]
    rehearse: bool,
    /// Known to others from this time on; without it, since the key is used 自何时起可能为他人所知
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Timestamp>,
    /// Write the queries that are affected into this new file (mode 0600) 受影响的查询写入此新文件（权限 0600）
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Days for which the key is still accepted beside the next one 该密钥继续有效的天数
    #[arg(long, default_value_t = DEFAULT_OVERLAP_DAYS)]
    overlap_days: u16,
    /// Rotate although an earlier key is still accepted, and retire that one now 立即停用仍有效的旧密钥
    #[arg(long)]
    end_overlap: bool,
    /// For a key of the log: the name of the log that follows 后继日志的名称
    #[arg(long)]
    origin: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// What was found, as its file has it.
#[derive(Serialize)]
struct Found<'a> {
    key: &'a str,
    #[serde(rename = "use")]
    key_use: &'static str,
    since: Timestamp,
    rehearsed: bool,
    /// The log in whose records they were looked for.
    log: &'a str,
    /// Those of the other gateways, whose keys are the same: they are to be asked too.
    other_logs: &'a [String],
    affected: Vec<Affected>,
}

/// What an institution has of it.
#[derive(Serialize)]
struct Affected {
    /// Nobody's, where a person or the gateway itself acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    records: u64,
    first: Timestamp,
    last: Timestamp,
    /// The ids of its queries.
    queries: Vec<Uuid>,
}

/// 1 where there is no such key, or it turns in another way; what was turned stays.
pub(super) fn run(asked: &Compromised) -> Result<(), Failure> {
    let settings = asked.config.read()?;
    let key = known(&settings, &asked.key)?;
    let since = asked.since.unwrap_or(key.activates);
    let use_ = key.key_use.as_str();
    print(said(
        || format!("可能泄露：{}（{use_}），自 {since} 起", key.id),
        || format!("may be known: {} ({use_}), since {since}", key.id),
    ));
    turn(asked, &key)?;
    let (log, other_logs) = (settings.log.origin.as_str(), others(&settings)?);
    let mut affected = Fold { key: &key, since, by: BTreeMap::new() };
    read_log(&settings, &mut affected)?;
    let affected: Vec<_> = affected.by.into_values().collect();
    affected.iter().for_each(tell);
    if affected.is_empty() {
        print(words("受影响：无", "affected: nobody"));
    }
    if let Some(path) = &asked.out {
        let (rehearsed, other_logs) = (asked.rehearse, &*other_logs);
        let found = Found { key: key.id.as_str(), key_use: use_, since, rehearsed, log, other_logs, affected };
        write(path, &found)?;
    }
    tell_of_others((log, &other_logs), key.key_use);
    print(next(key.key_use));
    Ok(())
}

/// The logs of the operator's other gateways, of the directory and of `[[persons.gateways]]`: a key but that of a log is one for all. A
/// log that was closed has records too.
fn others(settings: &Settings) -> Result<Vec<String>, Failure> {
    let all = start::logs_of_all(settings).map_err(|error| Failure::start(&error.into()))?;
    Ok(all.into_iter().map(|(log, _)| log).filter(|log| *log != settings.log.origin).collect())
}

/// Of which log it was told who is affected, and where else to ask.
fn tell_of_others((log, others): (&str, &[String]), key_use: KeyUse) {
    if others.is_empty() {
        return;
    }
    let is_of_one = key_use == KeyUse::Log;
    print(said(|| format!("以上仅为日志 {log} 的记录"), || format!("these are the records of the log {log} alone")));
    for other in others.iter().filter(|_| !is_of_one) {
        print(said(
            || format!("另须查询：日志 {other}：请在其网关上加 `--rehearse` 执行本命令"),
            || format!("ask too: the log {other}: run this with `--rehearse` at its gateway"),
        ));
    }
}

/// The key of this id, which can be turned here.
fn known(settings: &Settings, id: &str) -> Result<KeyStatus, Failure> {
    let ring = start::open_ring(settings).map_err(|error| Failure::start(&error))?;
    let all = start::status(settings, &ring, SystemClock::new().now());
    let key = all.into_iter().find(|key| key.id.as_str() == id);
    let Some(key) = key.filter(|key| key.state != KeyState::Pending) else {
        let why = words(
            "密钥环中没有该密钥，或尚未启用：见 `keys status`",
            "no key of the ring that was ever used: see `keys status`",
        );
        return Err(Failure::new(1, format_args!("`{id}`: {why}")));
    };
    match key.key_use {
        KeyUse::Pseudonym | KeyUse::Tag | KeyUse::State | KeyUse::Data | KeyUse::Log => Ok(key),
        KeyUse::Index | KeyUse::Ring => {
            let why = words(
                "该密钥不见于任何记录：请执行 `keys rotate`；若密钥环文件也已泄露，请对 `keys status` 所列各密钥逐一执行本命令",
                "this key stands in no record: run `keys rotate`; if the ring's file was read too, run this for each key of `keys \
                 status`",
            );
            Err(Failure::new(1, format_args!("`{id}`: {why}")))
        }
    }
}

/// Turns it, unless it is in use no more, and waits for the checkpoint that signs that.
fn turn(asked: &Compromised, key: &KeyStatus) -> Result<(), Failure> {
    let Compromised { overlap_days, end_overlap, config, .. } = asked;
    let is_used = matches!(key.state, KeyState::Active | KeyState::Accepted);
    let turning = match key.key_use {
        KeyUse::Pseudonym | KeyUse::Tag => Some(TurningUse::Pseudonym),
        KeyUse::State => Some(TurningUse::State),
        KeyUse::Data => Some(TurningUse::Data),
        KeyUse::Log | KeyUse::Index | KeyUse::Ring => None,
    };
    // What a data key of an earlier month sealed is sealed; nothing more is.
    let turns = is_used && (key.key_use != KeyUse::Data || key.state == KeyState::Active);
    if !turns {
        print(words("已不再使用，无须轮换", "in use no more: not rotated"));
        return Ok(());
    }
    if asked.rehearse {
        print(words("演练：未轮换，未签名", "rehearsed: nothing rotated, nothing signed"));
        return Ok(());
    }
    let Some(key_use) = turning else {
        let why = words(
            "日志密钥须以 --origin 另立新日志",
            "a key of the log is followed by another log: name it with --origin",
        );
        let origin = asked.origin.as_deref().ok_or_else(|| Failure::usage(why))?;
        return rotate_log(config, origin, false);
    };
    let (overlap_days, end_overlap) = (*overlap_days, *end_overlap);
    let change = Change::KeysRotate { key_use, overlap_days, end_overlap, at: None };
    let made = change::make(config.read()?, change)?;
    let Made::Rotated { indices, keys, activates } = made else {
        return Err(Failure::new(1, format_args!("the gateway replied to something else: {made}")));
    };
    let names: Vec<_> = keys.iter().map(ToString::to_string).collect();
    print(said(|| format!("已轮换：{}", names.join("、")), || format!("rotated: {}", names.join(", "))));
    if let Some(at) = activates {
        print(said(
            || format!("已分发给共同计数的网关，自 {at} 起启用"),
            || format!("handed out to the gateways that count together, and in force from {at} on"),
        ));
    }
    let last = indices.into_iter().max().unwrap_or_default();
    match signed(&config.read()?.data.dir.join("log/checkpoint"), last) {
        Some(size) => print(said(
            || format!("已重新签名：检查点覆盖 {size} 条记录，其中含新密钥"),
            || format!("signed again: a checkpoint of {size} records has the new key"),
        )),
        None => print(words("新密钥尚无检查点签名：见 /readyz", "no checkpoint signs the new key yet: see /readyz")),
    }
    Ok(())
}

/// The size of the checkpoint that covers this leaf, once there is one.
fn signed(checkpoint: &Path, leaf: u64) -> Option<u64> {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(checkpoint).unwrap_or_default();
        let size = text.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).filter(|size| *size > leaf);
        if size.is_some() || begun.elapsed() > WAIT {
            return size;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn read_log(settings: &Settings, fold: &mut Fold<'_>) -> Result<(), Failure> {
    let folder = settings.data.dir.join("log");
    let unread = |why: &dyn std::fmt::Display| Failure::unavailable(format_args!("`{}`: {why}", folder.display()));
    let vkey = fs::read_to_string(folder.join("log.vkey")).map_err(|error| unread(&error))?;
    let vkey = VerifierKey::parse(&vkey).map_err(|error| unread(&error))?;
    let read = verify::directory(&folder, &vkey, &[], fold);
    read.map(drop).map_err(|error| match error {
        CheckError::Violation(_) => Failure::new(1, error),
        CheckError::Unavailable { .. } => Failure::unavailable(error),
    })
}

/// Whose records the key touched.
struct Fold<'a> {
    key: &'a KeyStatus,
    since: Timestamp,
    by: BTreeMap<Option<String>, Affected>,
}

impl Visitor for Fold<'_> {
    fn leaf(&mut self, _: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if peek.at >= self.since && self.touches(peek) {
            let institution = peek.institution.map(str::to_owned);
            let begun = || Affected {
                institution: institution.clone(),
                records: 0,
                first: peek.at,
                last: peek.at,
                queries: Vec::new(),
            };
            let affected = self.by.entry(institution.clone()).or_insert_with(begun);
            affected.records += 1;
            affected.last = peek.at;
            if peek.kind == "query" {
                affected.queries.push(peek.id);
            }
        }
        Ok(())
    }
}

impl Fold<'_> {
    /// Whether the key made, or can open, something of this record.
    fn touches(&self, peek: &Peek<'_>) -> bool {
        let member = |name: &str, value: &str| {
            // Most leaves have no such text; only the others are parsed.
            peek.text.contains(value)
                && serde_json::from_str::<Value>(peek.text)
                    .is_ok_and(|leaf| leaf.get(name).and_then(Value::as_str) == Some(value))
        };
        match self.key.key_use {
            // What it sealed, whoever acted.
            KeyUse::Data => peek.kind != "key" && member("key", self.key.id.as_str()),
            // Whoever got a pseudonym or a tag.
            KeyUse::Pseudonym | KeyUse::Tag => peek.kind == "query" && member("outcome", "answered"),
            // Whoever has an id of a record, a repeat, or a receipt.
            KeyUse::State | KeyUse::Log | KeyUse::Index | KeyUse::Ring => peek.institution.is_some(),
        }
    }
}

fn tell(affected: &Affected) {
    let Affected { institution, records, first, last, .. } = affected;
    let who = institution.as_deref().unwrap_or_else(|| words("个人与网关自身的记录", "persons and the gateway itself"));
    print(said(
        || format!("受影响：{who}：{records} 条记录，{first} 至 {last}"),
        || format!("affected: {who}: {records} records, {first} to {last}"),
    ));
}

fn write(path: &Path, found: &Found<'_>) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::usage(format_args!("`{}`: {error}", path.display()));
    let bytes = serde_json::to_vec(found).map_err(Failure::unavailable)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fault)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(fault)
}

/// What people do now.
fn next(key_use: KeyUse) -> &'static str {
    match key_use {
        KeyUse::Data => words(
            "下一步：持有日志副本者可读取上述记录的密封部分；请告知有关部门和本人（个人信息保护法第五十七条）",
            "next: whoever has a copy of the log can read the sealed part of these records; tell the departments and the persons \
             (PIPL art. 57)",
        ),
        KeyUse::Pseudonym | KeyUse::Tag => words(
            "下一步：他人可由号码算出上述机构的假名；请通知这些机构改用此后答复中的假名",
            "next: others can work out these institutions' pseudonyms from numbers; tell them to go over to those of the next answers",
        ),
        KeyUse::State => words(
            "下一步：他人可由记录内容算出上述机构所见的记录编号；请通知这些机构",
            "next: others can work out the ids of records that these institutions saw; tell them",
        ),
        KeyUse::Log => words(
            "下一步：旧密钥可伪造检查点；请将新验证公钥交给审计、见证和各机构，并与其所存最后一个检查点核对",
            "next: the old key can forge checkpoints; give auditors, witnesses and institutions the new verifier key, and compare the \
             last checkpoint with what they keep",
        ),
        KeyUse::Index | KeyUse::Ring => "",
    }
}

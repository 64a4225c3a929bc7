//! `coverage`: which cases that must be checked were looked up before they were decided (R5), and the signed list of those that
//! were not.

mod ended;

use std::{fs, path::PathBuf};

use credit_audit::{
    coverage::{CoverageFigures, Elsewhere},
    edge::Edge,
    leaf::Peek,
    monthly::parse_month,
    note::VerifierKey,
    verify::{self, CheckError, Visitor},
};
use serde::Serialize;

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Made},
    gateway::covering::{CountedLog, Covering},
    process::start::load_catalogue,
    terminal::{print, said, words},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Only decisions of this month, such as 2026-11 仅统计该月的办结
    #[arg(long, value_name = "MONTH", value_parser = parse_month)]
    month: Option<String>,
    /// Sign the list of misses into this file, to hand it over; that is on the record 将漏查清单签名写入此文件以便移交（留痕）
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Another gateway's log that ended for good: with what this folder has of it, all of it is known; takes effect at the next start
    /// 已永久停用的另一网关的日志：据此文件夹得知其全部记录，于下次启动时生效
    #[arg(long, value_name = "LOG", conflicts_with_all = ["month", "list", "json"])]
    ended: Option<PathBuf>,
    /// The public key of that log, from a source that you trust [default: log.vkey beside it]
    /// 该日志的公钥，应取自可信来源 [默认：其旁的 log.vkey]
    #[arg(long, value_name = "FILE", requires = "ended")]
    vkey: Option<PathBuf>,
    /// Print JSON 以 JSON 输出
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.read()?;
    if let Some(file) = &arguments.list {
        let made = change::make(settings, Change::CoverageList { month: arguments.month.clone() })?;
        let Made::CoverageListed { index, misses, unknown, list } = made else {
            return Err(Failure::new(1, format_args!("the gateway replied to something else: {made}")));
        };
        fs::write(file, list).map_err(|error| Failure::unavailable(format_args!("`{}`: {error}", file.display())))?;
        let file = file.display().to_string();
        print(said(
            || format!("清单已签名并写入 `{file}`：漏查或迟查 {misses} 项；记录第 {index} 条"),
            || format!("the list is signed into `{file}`: {misses} missed or late; entry {index} of the log"),
        ));
        if unknown > 0 {
            print(not_known(unknown));
        }
        return Ok(());
    }
    if let Some(log) = &arguments.ended {
        return ended::take(&settings, log, arguments.vkey.as_deref());
    }
    let (catalogue, _) = load_catalogue(&settings.catalogue).map_err(|error| Failure::start(&error))?;
    let folder = settings.data.dir.join("log");
    let unread = |why: &dyn std::fmt::Display| Failure::unavailable(format_args!("`{}`: {why}", folder.display()));
    let key = fs::read_to_string(folder.join("log.vkey")).map_err(|error| unread(&error))?;
    let key = VerifierKey::parse(&key).map_err(|error| unread(&error))?;
    let edge = Edge::read(&folder, &settings.log.origin).map_err(|error| unread(&error))?;
    let (origin, offset) = (&settings.log.origin, catalogue.offset());
    let mut fold = Fold(match settings.state {
        None => Covering::alone(offset, edge.as_ref()),
        Some(_) => Covering::together(&settings.data.dir, origin, offset, edge.as_ref()),
    });
    if !fold.0.as_before() {
        return Err(Failure::unavailable(words(
            "尚不知有哪些其他网关：请先启动本网关",
            "it is not known yet which other gateways there are: start this one first",
        )));
    }
    verify::directory(&folder, &key, &[], &mut fold).map_err(|error| match error {
        CheckError::Violation(_) => Failure::new(1, error),
        CheckError::Unavailable { .. } => Failure::unavailable(error),
    })?;
    let Fold(mut covering) = fold;
    covering.advance(None);
    let shown = Shown {
        figures: covering.figures(arguments.month.as_deref()),
        elsewhere: covering.elsewhere(arguments.month.as_deref()),
        unknown: covering.unknown(),
        counted: covering.counted(),
    };
    if arguments.json {
        print(serde_json::to_string(&shown).unwrap_or_default());
    } else {
        table(&shown);
    }
    Ok(())
}

/// What is counted; of several gateways over the logs of all, and what is not known yet.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    figures: CoverageFigures,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<Elsewhere>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counted: Vec<CountedLog>,
    #[serde(skip_serializing_if = "is_none")]
    unknown: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// That decisions wait for what other gateways have.
fn not_known(count: u64) -> String {
    said(
        || format!("另有 {count} 件办结，尚不知其他网关是否已查，未计入"),
        || {
            format!(
                "decisions that are not counted: {count}, it is not known yet whether another gateway has a look-up before them"
            )
        },
    )
}

fn table(Shown { figures, elsewhere, counted, unknown }: &Shown) {
    print(words(
        "月份  机构  场景  登记  办结  已查  迟查  漏查  结转  未登记即办结",
        "month  institution  scenario  registered  decided  looked up  late  missed  carried  unregistered",
    ));
    for one in &figures.departments {
        let counts = [one.registered, one.decided, one.looked_up, one.late, one.missed, one.carried, one.unregistered];
        let counts = counts.map(|count| count.to_string()).join("  ");
        print(format_args!("{}  {}  {}  {counts}", one.month, one.institution, one.scenario));
    }
    for waiting in &figures.waiting {
        let (institution, scenario, persons) = (&waiting.institution, &waiting.scenario, waiting.persons);
        print(said(
            || format!("待办结：{institution}  {scenario}  {persons}"),
            || format!("waiting for a decision: {institution}  {scenario}  {persons}"),
        ));
    }
    for one in elsewhere {
        let (index, case, log, leaf) = (one.index, &one.case, &one.looked_up_log, one.looked_up);
        print(said(
            || format!("已在其他日志查询：{}  {index}  {case}  {log}  {leaf}", one.log),
            || format!("looked up in another log: {}  {index}  {case}  by {log}  {leaf}", one.log),
        ));
    }
    for CountedLog { log, size, until, ended } in counted {
        let until = if *ended {
            words("已停用", "ended").to_owned()
        } else {
            until.map_or_else(|| "-".to_owned(), |until| until.to_string())
        };
        print(said(|| format!("已计入：{log}  {size}  {until}"), || format!("counted: {log}  {size}  {until}")));
    }
    if *unknown > 0 {
        print(not_known(*unknown));
    }
    for miss in &figures.misses {
        let what = if miss.late.is_some() { words("迟查", "late") } else { words("漏查", "missed") };
        let (index, on, institution, case) = (miss.index, miss.on, &miss.institution, &miss.case);
        print(format_args!("{what}  {index}  {on}  {institution}  {}  {}  {case}", miss.scenario, miss.operator));
    }
}

struct Fold(Covering);

/// So many leaves are read before what they say is counted.
const AT_ONCE: u64 = 65_536;

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if index.is_multiple_of(AT_ONCE) {
            self.0.advance(None);
        }
        let taken = self.0.leaf(index, *peek);
        taken.map_err(|error| CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() })
    }
}

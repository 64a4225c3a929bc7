//! `coverage`: which cases that must be checked were looked up before they were decided (R5), and the signed list of those that
//! were not.

use std::{fs, path::PathBuf};

use credit_audit::{
    coverage::{Coverage, CoverageFigures},
    leaf::Peek,
    monthly::is_month,
    note::VerifierKey,
    verify::{self, CheckError, Visitor},
};

use super::{
    change,
    failure::{ConfigFile, Failure},
};
use crate::{
    changes::{Change, Made},
    process::start::load_catalogue,
    terminal::{print, said, words},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Only decisions of this month, such as 2026-11 仅统计该月的办结
    #[arg(long, value_name = "MONTH", value_parser = month)]
    month: Option<String>,
    /// Sign the list of misses into this file, to hand it over; that is on the record 将漏查清单签名写入此文件以便移交（留痕）
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Print JSON 以 JSON 输出
    #[arg(long)]
    json: bool,
}

fn month(text: &str) -> Result<String, String> {
    if is_month(text) { Ok(text.to_owned()) } else { Err("a month is written as 2026-11".to_owned()) }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.read()?;
    if let Some(file) = &arguments.list {
        let made = change::make(settings, Change::CoverageList { month: arguments.month.clone() })?;
        let Made::CoverageListed { index, misses, list } = made else {
            return Err(Failure::new(1, format_args!("the gateway replied to something else: {made}")));
        };
        fs::write(file, list).map_err(|error| Failure::unavailable(format_args!("`{}`: {error}", file.display())))?;
        let file = file.display().to_string();
        print(said(
            || format!("清单已签名并写入 `{file}`：漏查或迟查 {misses} 项；记录第 {index} 条"),
            || format!("the list is signed into `{file}`: {misses} missed or late; entry {index} of the log"),
        ));
        return Ok(());
    }
    let (catalogue, _) = load_catalogue(&settings.catalogue).map_err(|error| Failure::start(&error))?;
    let folder = settings.data.dir.join("log");
    let unread = |why: &dyn std::fmt::Display| Failure::unavailable(format_args!("`{}`: {why}", folder.display()));
    let key = fs::read_to_string(folder.join("log.vkey")).map_err(|error| unread(&error))?;
    let key = VerifierKey::parse(&key).map_err(|error| unread(&error))?;
    let mut fold = Fold(Coverage::new(catalogue.offset()));
    verify::directory(&folder, &key, &[], &mut fold).map_err(|error| match error {
        CheckError::Violation(_) => Failure::new(1, error),
        CheckError::Unavailable { .. } => Failure::unavailable(error),
    })?;
    let figures = fold.0.figures(arguments.month.as_deref());
    if arguments.json {
        print(serde_json::to_string(&figures).unwrap_or_default());
    } else {
        table(&figures);
    }
    Ok(())
}

fn table(figures: &CoverageFigures) {
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
    for miss in &figures.misses {
        let what = if miss.late.is_some() { words("迟查", "late") } else { words("漏查", "missed") };
        let (index, on, institution, case) = (miss.index, miss.on, &miss.institution, &miss.case);
        print(format_args!("{what}  {index}  {on}  {institution}  {}  {}  {case}", miss.scenario, miss.operator));
    }
}

struct Fold(Coverage);

impl Visitor for Fold {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        let taken = self.0.leaf(index, *peek);
        taken.map_err(|error| CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() })
    }
}

//! `coverage --ended`: a gateway that is gone for good cannot be asked what it has. Its log, once checked, says all of it.

use std::{fs, mem::take as taken, path::Path};

use credit_audit::{
    coverage::{Event, first_whole},
    edge::Edge,
    leaf::{Peek, parse_after},
    note::VerifierKey,
    verify::{self, CheckError, Visitor, log_directory},
};
use jiff::{Timestamp, tz::Offset};

use crate::{
    commands::failure::Failure,
    gateway::covering::{Begins, Covering, EVENTS, Part},
    process::start::load_catalogue,
    settings::Settings,
    terminal::{print, said},
};

pub(super) fn take(settings: &Settings, log: &Path, vkey: Option<&Path>) -> Result<(), Failure> {
    let (catalogue, _) = load_catalogue(&settings.catalogue).map_err(|error| Failure::start(&error))?;
    let offset = catalogue.offset();
    let beside = log_directory(log).join("log.vkey");
    let path = vkey.unwrap_or(&beside);
    let unread = |why: &dyn std::fmt::Display| Failure::unavailable(format_args!("`{}`: {why}", path.display()));
    let key = fs::read_to_string(path).map_err(|error| unread(&error))?;
    let key = VerifierKey::parse(&key).map_err(|error| unread(&error))?;
    let mut read = Read::of(key.name(), offset);
    let report = verify::directory(log, &key, &[], &mut read).map_err(|error| match error {
        CheckError::Violation(_) => Failure::new(1, error),
        CheckError::Unavailable { .. } => Failure::unavailable(error),
    })?;
    let (origin, size) = (key.name().to_owned(), report.checkpoint.size);
    read.part();
    let mut covering = Covering::together(&settings.data.dir, &settings.log.origin, offset, None);
    let known = covering.as_before();
    let Some(all) = covering.of_all().filter(|_| known && settings.state.is_some()) else {
        return Err(not_counted(&origin));
    };
    let kept = all.end(&origin, read.parts, size);
    match kept.map_err(|error| Failure::unavailable(format_args!("`{}`: {error}", settings.data.dir.display())))? {
        true => print(said(
            || format!("已得知日志 `{origin}` 的全部 {size} 条记录；下次启动起视为已停用"),
            || format!("all {size} entries of the log `{origin}` are known: from the next start on it counts as ended"),
        )),
        false => return Err(not_counted(&origin)),
    }
    Ok(())
}

fn not_counted(origin: &str) -> Failure {
    Failure::new(
        1,
        said(
            || format!("本网关的覆盖统计并不计入日志 `{origin}`"),
            || format!("the log `{origin}` is none of those that are counted here beside the own one"),
        ),
    )
}

/// What the log says of cases, in parts.
struct Read {
    offset: Offset,
    next: Part,
    parts: Vec<Part>,
}

impl Read {
    fn of(log: &str, offset: Offset) -> Self {
        let at = Timestamp::MIN;
        let next = Part { log: log.to_owned(), begins: None, from: 0, until: 0, at, is_all: false, events: Vec::new() };
        Self { offset, next, parts: Vec::new() }
    }

    /// What was read so far is a part.
    fn part(&mut self) {
        let (begins, events) = (taken(&mut self.next.begins), taken(&mut self.next.events));
        self.parts.push(Part { begins, events, ..self.next.clone() });
        self.next.from = self.next.until;
    }
}

impl Visitor for Read {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        let leaf = edge.head.until;
        self.next.begins = Some(Begins { leaf, whole_from: first_whole(edge, self.offset) });
        (self.next.from, self.next.until) = (leaf, leaf);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if Event::may_be_in(peek.kind) {
            let leaf = parse_after(*peek);
            let leaf = leaf
                .map_err(|error| CheckError::Unavailable { what: format!("entry {index}"), why: error.to_string() })?;
            self.next.events.extend(leaf.and_then(|leaf| Event::of(index, &leaf)));
        }
        (self.next.until, self.next.at) = (index + 1, peek.at);
        if self.next.events.len() >= EVENTS {
            self.part();
        }
        Ok(())
    }
}

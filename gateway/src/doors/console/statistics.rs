//! How much was asked and what came of it, this month or another: by institution, scenario, field and region. It is counted from
//! the leaves, and the same as in the report of the month.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use credit_audit::monthly::{Outcomes, Queries, is_month};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    charts::share,
    elsewhere::{self, Asking, There},
    page::Frame,
    view::View,
};
use crate::{
    doors::{elsewhere::Others, persons::request::Members},
    gateway::Gateway,
    index::IndexError,
    transport::Body,
};

#[derive(Serialize)]
pub(super) struct Counted {
    month: String,
    /// Months in which somebody asked.
    months: Vec<String>,
    /// Leaves of the log that were counted.
    size: u64,
    queries: Queries,
    /// Of institutions with a region in the register, by its code of GB/T 2260.
    regions: BTreeMap<String, Outcomes>,
    /// Of institutions without one.
    without_region: Outcomes,
}

/// What another gateway counted in its log.
#[derive(Deserialize)]
struct CountedThere {
    month: String,
    months: Vec<String>,
    size: u64,
    queries: Queries,
}

/// A row of a table.
struct Line {
    title: String,
    outcomes: Outcomes,
    /// Of the longest bar, in hundredths: what was answered, and all.
    percent: (u64, u64),
}

#[derive(Template)]
#[template(path = "officers/statistics.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    all: &'a Counted,
    parts: [(&'a str, Vec<Line>); 4],
}

pub(super) async fn show(
    (gateway, others): (&Arc<Gateway>, &Others),
    asked: Option<&Members>,
    frame: &mut Frame,
) -> Response<Body> {
    let mut all = match of_this_log(gateway, asked, frame).await {
        Ok(all) => all,
        Err(response) => return *response,
    };
    if frame.span.is_some() {
        let month = all.month.clone();
        let asking = |_: &str| Asking::For(vec![("month", month.clone())]);
        let is_sound = |_: &str, there: &CountedThere| there.month == month;
        let there = elsewhere::ask(others, frame, &View::Statistics, asking, is_sound).await;
        there.into_iter().for_each(|there| all.add(there));
        (all.regions, all.without_region) = all.queries.by_region(&gateway.rules().beside.regions);
    }
    let title = frame.say("查询统计", "Statistics of queries");
    frame.show(&Page { frame, title, all: &all, parts: parts(gateway, &all, frame) }, &all)
}

impl Counted {
    /// With what was counted in another log.
    fn add(&mut self, There { log: _, shown }: There<CountedThere>) {
        let CountedThere { month: _, months, size, queries } = shown;
        self.months.extend(months.into_iter().filter(|month| is_month(month)));
        self.months.sort();
        self.months.dedup();
        self.size = self.size.saturating_add(size);
        self.queries.add(queries);
    }
}

/// What this log alone has.
///
/// # Errors
/// What is shown instead.
pub(super) async fn of_this_log(
    gateway: &Arc<Gateway>,
    asked: Option<&Members>,
    frame: &Frame,
) -> Result<Counted, Box<Response<Body>>> {
    let month = asked.and_then(|asked| asked.get("month")).filter(|month| !month.is_empty());
    if month.is_some_and(|month| !is_month(month)) {
        let sentence = frame.say("月份格式为 YYYY-MM", "a month is YYYY-MM");
        return Err(Box::new(frame.fault(StatusCode::BAD_REQUEST, sentence)));
    }
    let month = month.map_or_else(|| gateway.today().strftime("%Y-%m").to_string(), str::to_owned);
    let (shared, published, of) = (Arc::clone(gateway), gateway.log.published(), month.clone());
    let read = tokio::task::spawn_blocking(move || {
        shared.statistics.with(published, |all| {
            let months = all.months().map(str::to_owned).collect::<Vec<_>>();
            (months, all.size(), all.of_month(&of))
        })
    });
    let (months, size, queries) = match read.await {
        Ok(Ok(found)) => found,
        Ok(Err(IndexError::Behind(left))) => return Err(Box::new(behind(gateway, left, frame))),
        Ok(Err(_)) | Err(_) => return Err(Box::new(frame.unreadable())),
    };
    let (regions, without_region) = queries.by_region(&gateway.rules().beside.regions);
    Ok(Counted { month, months, size, queries, regions, without_region })
}

/// Goes on by itself, so that a later look finds it.
fn behind(gateway: &Arc<Gateway>, left: u64, frame: &Frame) -> Response<Body> {
    let (shared, published) = (Arc::clone(gateway), gateway.log.published());
    drop(tokio::task::spawn_blocking(move || shared.statistics.read_on(published)));
    let sentence = match frame.lang() {
        "en" => format!("the log is still being counted, {left} records are left: try again in a moment"),
        _ => format!("仍在统计日志，尚余 {left} 条记录，请稍候"),
    };
    frame.fault(StatusCode::SERVICE_UNAVAILABLE, &sentence)
}

fn parts<'a>(gateway: &Gateway, all: &Counted, frame: &'a Frame) -> [(&'a str, Vec<Line>); 4] {
    let catalogue = gateway.catalogue();
    let titles: BTreeMap<&str, &str> = catalogue
        .fields()
        .into_iter()
        .map(|field| (field.name().as_str(), field.legal_source().title(frame.language())))
        .collect();
    let field = |name: &str| titles.get(name).map_or_else(|| name.to_owned(), |title| format!("{title} ({name})"));
    let released = all.queries.fields.iter();
    let released = released.map(|(name, count)| (name.clone(), Outcomes { answered: *count, refused: 0 })).collect();
    let mut regions = lines(&all.regions, str::to_owned);
    if all.without_region != Outcomes::default() {
        let none = BTreeMap::from([(String::new(), all.without_region)]);
        regions.extend(lines(&none, |_| frame.say("未登记地区", "no region in the register").to_owned()));
    }
    [
        (frame.say("按机构", "By institution"), lines(&all.queries.institutions, |id| frame.institution(gateway, id))),
        (frame.say("按场景", "By scenario"), lines(&all.queries.scenarios, |name| frame.scenario(gateway, Some(name)))),
        (frame.say("按查询方地区（GB/T 2260）", "By region of the asker (GB/T 2260)"), regions),
        (frame.say("按披露的数据项", "By field released"), lines(&released, field)),
    ]
}

/// The rows, the largest first.
fn lines(counts: &BTreeMap<String, Outcomes>, title: impl Fn(&str) -> String) -> Vec<Line> {
    let sum = |outcomes: &Outcomes| outcomes.answered.saturating_add(outcomes.refused);
    let most = counts.values().map(sum).max().unwrap_or_default().max(1);
    let mut all: Vec<(&String, &Outcomes)> = counts.iter().collect();
    all.sort_by_key(|(_, outcomes)| std::cmp::Reverse(sum(outcomes)));
    let line = |(name, outcomes): (&String, &Outcomes)| Line {
        title: title(name),
        outcomes: *outcomes,
        percent: (share(outcomes.answered, most, 100), share(sum(outcomes), most, 100)),
    };
    all.into_iter().map(line).collect()
}

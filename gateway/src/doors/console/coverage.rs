//! Which cases that must be checked were looked up (R5), and which queries were reviewed (R3): by department and period.

use std::sync::Arc;

use askama::Template;
use credit_audit::{
    coverage::{Department, Miss, Waiting},
    monthly::is_month,
    review::ReviewFigures,
};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    elsewhere::{self, Asking, There},
    page::Frame,
    span::Named,
    view::View,
};
use crate::{
    changes::drawn,
    doors::{elsewhere::Others, persons::request::Members},
    gateway::Gateway,
    transport::Body,
};

/// Misses of a page.
const MOST: usize = 200;
/// Misses that another gateway is told.
const MOST_THERE: usize = 5_000;

/// Figures of one log, or of several side by side: each log counts what its own gateway was told.
#[derive(Deserialize, Serialize)]
pub(super) struct Covered {
    /// Leaves that were counted, of all logs that came.
    size: u64,
    departments: Vec<Named<Department>>,
    waiting: Vec<Named<Waiting>>,
    /// Each names its log where there are several.
    misses: Vec<Miss>,
    reviews: ReviewFigures,
    /// Whether another log has more misses than those that came, which are its newest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    /// Those of the logs of other gateways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_reviews: Vec<Named<ReviewFigures>>,
}

#[derive(Template)]
#[template(path = "officers/coverage.html")]
struct Page<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    month: &'a str,
    all: &'a Covered,
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
    let month = asked.and_then(|asked| asked.get("month")).unwrap_or_default();
    if frame.span.is_some() {
        let asking = |_: &str| Asking::For(vec![("month", month.to_owned())]);
        let there = elsewhere::ask(others, frame, &View::Coverage, asking, |_, _: &Covered| true).await;
        there.into_iter().for_each(|there| all.add(there));
    }
    let title = frame.say("应查必查与复核覆盖", "Coverage: cases and reviews");
    frame.show(&Page { frame, gateway, title, month, all: &all }, &all)
}

/// What this log alone has.
///
/// # Errors
/// What is shown instead.
pub(super) async fn of_this_log(
    gateway: &Arc<Gateway>,
    asked: Option<&Members>,
    frame: &Frame,
) -> Result<Covered, Box<Response<Body>>> {
    let month = asked.and_then(|asked| asked.get("month")).unwrap_or_default();
    if !month.is_empty() && !is_month(month) {
        let sentence = frame.say("月份格式为 YYYY-MM", "a month is YYYY-MM");
        return Err(Box::new(frame.fault(StatusCode::BAD_REQUEST, sentence)));
    }
    let (shared, wanted) = (Arc::clone(gateway), (!month.is_empty()).then(|| month.to_owned()));
    let (now, within_days) = (gateway.clock.now(), gateway.rules().beside.review.within_days);
    let read = move || {
        let cases = shared.covered(|coverage| coverage.figures(wanted.as_deref())).ok()?;
        let reviews = drawn(&shared, |reviews| reviews.figures(now, within_days)).ok()?;
        Some((cases, reviews))
    };
    let Ok(Some((mut cases, reviews))) = tokio::task::spawn_blocking(read).await else {
        return Err(Box::new(frame.unreadable()));
    };
    let log = frame.own_log();
    cases.misses.iter_mut().for_each(|miss| miss.log = log.map(str::to_owned));
    Ok(Covered {
        size: cases.size,
        departments: Named::all(cases.departments, log),
        waiting: Named::all(cases.waiting, log),
        misses: cases.misses,
        reviews,
        cut: false,
        other_reviews: Vec::new(),
    })
}

impl Covered {
    /// With the newest misses alone, for another gateway.
    pub(super) fn newest(mut self) -> Self {
        let before = self.misses.len().saturating_sub(MOST_THERE);
        self.cut = before > 0;
        self.misses.drain(..before);
        self
    }

    /// With what another log has.
    fn add(&mut self, There { log, shown }: There<Self>) {
        let Self { size, departments, waiting, misses, reviews, cut, other_reviews: _ } = shown;
        self.cut |= cut;
        self.size = self.size.saturating_add(size);
        self.departments.extend(Named::all(departments.into_iter().map(|one| one.of), Some(&log)));
        self.waiting.extend(Named::all(waiting.into_iter().map(|one| one.of), Some(&log)));
        self.misses.extend(misses.into_iter().map(|miss| Miss { log: Some(log.clone()), ..miss }));
        let place = |one: &Department| (one.institution.clone(), one.scenario.clone(), one.month.clone());
        self.departments.sort_by_cached_key(|one| place(&one.of));
        self.waiting.sort_by_cached_key(|one| (one.of.institution.clone(), one.of.scenario.clone()));
        self.misses.sort_by_key(|miss| miss.at);
        self.other_reviews.extend(Named::all([reviews], Some(&log)));
    }

    /// Whether nobody committed to a nonce in any log.
    fn has_no_nonce(&self) -> bool {
        self.all_reviews().all(|(_, of)| of.periods.is_empty())
    }

    /// Whether any log has reviews of something.
    fn has_reviews(&self) -> bool {
        self.all_reviews().any(|(_, of)| !of.periods.is_empty() || !of.months.is_empty())
    }

    /// The figures of reviews of each log, by its name where it is another gateway's.
    fn all_reviews(&self) -> impl Iterator<Item = (Option<&str>, &ReviewFigures)> {
        let others = self.other_reviews.iter().map(|one| (one.log.as_deref(), &one.of));
        std::iter::once((None, &self.reviews)).chain(others)
    }
}

impl Page<'_> {
    fn misses(&self) -> impl Iterator<Item = &Miss> {
        self.all.misses.iter().rev().take(MOST)
    }

    /// Of a hundred decided cases so many were looked up before; nothing where none is decided.
    fn percent(department: &Department) -> Option<u64> {
        (department.looked_up * 100).checked_div(department.decided)
    }
}

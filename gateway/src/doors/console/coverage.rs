//! Which cases that must be checked were looked up (R5), and which queries were reviewed (R3): by department and period.

use std::sync::Arc;

use askama::Template;
use credit_audit::{
    coverage::{CoverageFigures, Department, Elsewhere, Miss, Waiting},
    monthly::is_month,
    review::ReviewFigures,
};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    elsewhere::{self, Asking, There},
    page::Frame,
    span::Named,
    view::View,
};
use crate::{
    changes::drawn,
    doors::{elsewhere::Others, look_ups, persons::request::Members},
    gateway::{
        Gateway,
        covering::{CountedLog, Covering},
    },
    transport::Body,
};

/// Misses of a page.
const MOST: usize = 200;

/// What is counted of cases: by this log, or, where several gateways count together, over the logs of all. And reviews, of each log.
#[derive(Deserialize, Serialize)]
pub(super) struct Covered {
    /// Leaves that were counted, of all logs.
    size: u64,
    departments: Vec<Department>,
    waiting: Vec<Waiting>,
    /// Each names its log where there are several.
    misses: Vec<Miss>,
    reviews: ReviewFigures,
    /// Those of the logs of other gateways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_reviews: Vec<Named<ReviewFigures>>,
    #[serde(flatten)]
    of_all: OfAll,
}

/// What is said where several gateways count together.
#[derive(Default, Deserialize, Serialize)]
struct OfAll {
    /// The logs that are counted, and how far each is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    counted: Vec<CountedLog>,
    /// Before this time all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// Decisions of this log that are not counted: it is not known yet whether another gateway has a look-up before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<u64>,
    /// The last decisions that were looked up in another log than their own, and by which leaf.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<Elsewhere>,
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
    // So that what the page says is what all of them know by now, as far as each answers.
    look_ups::ask_all(gateway, others).await;
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
        let (cases, of_all) = shared.covered(|covering| of_cases(covering, wanted.as_deref())).ok()?;
        let reviews = drawn(&shared, |reviews| reviews.figures(now, within_days)).ok()?;
        Some((cases, of_all, reviews))
    };
    let Ok(Some((cases, of_all, reviews))) = tokio::task::spawn_blocking(read).await else {
        return Err(Box::new(frame.unreadable()));
    };
    Ok(Covered {
        size: cases.size,
        departments: cases.departments,
        waiting: cases.waiting,
        misses: cases.misses,
        reviews,
        other_reviews: Vec::new(),
        of_all,
    })
}

fn of_cases(covering: &Covering, month: Option<&str>) -> (CoverageFigures, OfAll) {
    let of_all = covering.several().map(|all| OfAll {
        counted: covering.counted(),
        until: all.until(),
        unknown: Some(covering.unknown()),
        elsewhere: covering.elsewhere(month),
    });
    (covering.figures(month), of_all.unwrap_or_default())
}

impl Covered {
    /// What another gateway does not know: it counts the cases of all logs by itself.
    pub(super) fn of_this_log_alone(self) -> Self {
        let (departments, waiting, misses) = (Vec::new(), Vec::new(), Vec::new());
        Self { departments, waiting, misses, of_all: OfAll::default(), ..self }
    }

    /// With what another log has.
    fn add(&mut self, There { log, shown }: There<Self>) {
        self.other_reviews.extend(Named::all([shown.reviews], Some(&log)));
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

    fn elsewhere(&self) -> impl Iterator<Item = &Elsewhere> {
        self.all.of_all.elsewhere.iter().rev().take(MOST)
    }

    /// Decisions that wait for what the other gateways know.
    fn unknown(&self) -> u64 {
        self.all.of_all.unknown.unwrap_or_default()
    }

    /// Of a hundred decided cases so many were looked up before; nothing where none is decided.
    fn percent(department: &Department) -> Option<u64> {
        (department.looked_up * 100).checked_div(department.decided)
    }
}

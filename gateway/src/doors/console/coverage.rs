//! Which cases that must be checked were looked up (R5), and which queries were reviewed (R3): by department and period.

use std::sync::Arc;

use askama::Template;
use credit_audit::{
    coverage::{CoverageFigures, Department, Miss},
    monthly::is_month,
    review::ReviewFigures,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::page::Frame;
use crate::{changes::drawn, doors::persons::request::Members, gateway::Gateway, transport::Body};

/// Misses of a page.
const MOST: usize = 200;

#[derive(Serialize)]
struct Covered {
    #[serde(flatten)]
    cases: CoverageFigures,
    reviews: ReviewFigures,
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

pub(super) async fn show(gateway: &Arc<Gateway>, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    let month = asked.and_then(|asked| asked.get("month")).unwrap_or_default();
    if !month.is_empty() && !is_month(month) {
        return frame.fault(StatusCode::BAD_REQUEST, frame.say("月份格式为 YYYY-MM", "a month is YYYY-MM"));
    }
    let (shared, wanted) = (Arc::clone(gateway), (!month.is_empty()).then(|| month.to_owned()));
    let (now, within_days) = (gateway.clock.now(), gateway.rules().beside.review.within_days);
    let read = move || {
        let cases = shared.covered(|coverage| coverage.figures(wanted.as_deref())).ok()?;
        let reviews = drawn(&shared, |reviews| reviews.figures(now, within_days)).ok()?;
        Some(Covered { cases, reviews })
    };
    let Ok(Some(all)) = tokio::task::spawn_blocking(read).await else { return frame.unreadable() };
    let title = frame.say("应查必查与复核覆盖", "Coverage: cases and reviews");
    frame.show(&Page { frame, gateway, title, month, all: &all }, &all)
}

impl Page<'_> {
    fn misses(&self) -> impl Iterator<Item = &Miss> {
        self.all.cases.misses.iter().rev().take(MOST)
    }

    /// Of a hundred decided cases so many were looked up before; nothing where none is decided.
    fn percent(department: &Department) -> Option<u64> {
        (department.looked_up * 100).checked_div(department.decided)
    }
}

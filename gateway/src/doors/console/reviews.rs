//! The queue of reviews.

use std::sync::Arc;

use askama::Template;
use credit_audit::review::{ReviewCase, ReviewFault, ReviewFigures, ReviewPolicy, ReviewedPeriod};
use hyper::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::page::Frame;
use crate::{
    changes::{drawn, is_latest, put_before_reviewers},
    doors::persons::{page::redirect, request::Members},
    gateway::Gateway,
    transport::Body,
};

/// Cases of a page.
const MOST: usize = 200;

/// Whether a text can be the name of a case.
pub(super) fn is_name(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A case in the list.
#[derive(Serialize)]
struct Line {
    case: String,
    period: String,
    queries: usize,
    suspicious: usize,
    /// Queries of it that are not closed.
    open: usize,
}

#[derive(Serialize)]
struct Queue {
    /// Cases with something that is not closed first.
    cases: Vec<Line>,
    #[serde(flatten)]
    figures: ReviewFigures,
    /// The policy that is in force: `credit-audit review --policy` takes it.
    policy: ReviewPolicy,
}

#[derive(Template)]
#[template(path = "officers/reviews.html")]
struct QueuePage<'a> {
    frame: &'a Frame,
    title: &'a str,
    queue: &'a Queue,
}

/// The queue, or the case in which one query is reviewed. Whoever looks at it lets the gateway go on where it was ended in a draw.
pub(super) async fn list(gateway: &Arc<Gateway>, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    if let Some(query) = asked.and_then(|asked| asked.get("query")) {
        return case_of(gateway, query, frame).await;
    }
    if !is_latest(gateway).await {
        return unreadable(frame);
    }
    put_before_reviewers(gateway);
    let (shared, now) = (Arc::clone(gateway), gateway.clock.now());
    let within_days = gateway.rules().beside.review.within_days;
    let look = move || drawn(&shared, |reviews| (reviews.cases(), reviews.figures(now, within_days)));
    let Ok(Ok((cases, figures))) = tokio::task::spawn_blocking(look).await else { return unreadable(frame) };
    let mut lines: Vec<Line> = cases.iter().map(line).collect();
    lines.sort_by_key(|line| line.open == 0);
    lines.truncate(MOST);
    let queue = Queue { cases: lines, figures, policy: gateway.rules().beside.review.policy() };
    let title = frame.say("查询复核", "Review of queries");
    frame.show(&QueuePage { frame, title, queue: &queue }, &queue)
}

/// Leads to the case in which a query is reviewed.
async fn case_of(gateway: &Arc<Gateway>, query: &str, frame: &Frame) -> Response<Body> {
    let Ok(query) = query.parse::<Uuid>() else {
        let sentence = frame.say("查询编号为 36 位 UUID", "the id of a query is a UUID of 36 characters");
        return frame.fault(StatusCode::BAD_REQUEST, sentence);
    };
    let has_it = move |case: &ReviewCase| case.queries.iter().any(|one| one.query == query);
    let shared = Arc::clone(gateway);
    let look = move || drawn(&shared, |reviews| reviews.cases().into_iter().find(has_it));
    match tokio::task::spawn_blocking(look).await {
        Ok(Ok(Some(case))) => {
            redirect(&format!("/officers/reviews/{}?lang={}#q-{query}", case.case, frame.this_lang()))
        }
        Ok(Ok(None)) => {
            frame.fault(StatusCode::NOT_FOUND, frame.say("这一查询未送复核", "this query is under no review"))
        }
        Ok(Err(_)) | Err(_) => unreadable(frame),
    }
}

fn line(case: &ReviewCase) -> Line {
    let (open, suspicious) = (case.open(), case.suspicious());
    Line { case: case.case.clone(), period: case.period.clone(), queries: case.queries.len(), suspicious, open }
}

pub(super) fn unreadable(frame: &Frame) -> Response<Body> {
    frame.fault(StatusCode::SERVICE_UNAVAILABLE, frame.say("暂时无法读取日志", "the log cannot be read now"))
}

impl Queue {
    fn period(&self, period: &ReviewedPeriod, frame: &Frame) -> String {
        let said: Vec<&str> = period.faults.iter().map(|fault| fault_text(fault, frame)).collect();
        said.join(frame.say("；", "; "))
    }
}

fn fault_text(fault: &ReviewFault, frame: &Frame) -> &'static str {
    match fault {
        ReviewFault::CommittedLate => frame.say("承诺晚于周期开始", "committed to after the period began"),
        ReviewFault::OtherNonce => frame.say("出示的随机数与承诺不符", "another nonce than was committed to"),
        ReviewFault::NotQueued(_) => frame.say("有应抽而未送复核的查询", "a drawn query waits for no reviewer"),
    }
}

//! The queue of reviews.

use std::sync::Arc;

use askama::Template;
use credit_audit::review::{ReviewCase, ReviewFault, ReviewFigures, ReviewPolicy, ReviewedPeriod};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    elsewhere::{self, Asking, There},
    page::Frame,
    span::Named,
    view::View,
};
use crate::{
    changes::{drawn, is_latest, put_before_reviewers},
    doors::{
        elsewhere::Others,
        persons::{page::redirect, request::Members},
    },
    gateway::Gateway,
    transport::Body,
};

/// Cases of a page.
const MOST: usize = 200;

/// A case in the list.
#[derive(Deserialize, Serialize)]
struct Line {
    case: String,
    period: String,
    queries: usize,
    suspicious: usize,
    /// Queries of it that are not closed.
    open: usize,
}

#[derive(Serialize)]
pub(super) struct Queue {
    /// Cases with something that is not closed first.
    cases: Vec<Named<Line>>,
    #[serde(flatten)]
    figures: ReviewFigures,
    /// Those of the logs of other gateways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_figures: Vec<Named<ReviewFigures>>,
    /// The policy that is in force: `credit-audit review --policy` takes it.
    policy: ReviewPolicy,
}

/// What another gateway has: all go by one policy.
#[derive(Deserialize)]
struct QueueThere {
    cases: Vec<Named<Line>>,
    #[serde(flatten)]
    figures: ReviewFigures,
}

#[derive(Template)]
#[template(path = "officers/reviews.html")]
struct QueuePage<'a> {
    frame: &'a Frame,
    title: &'a str,
    queue: &'a Queue,
}

/// The queue, or the case in which one query is reviewed. Whoever looks at it lets the gateway go on where it was ended in a draw.
pub(super) async fn list(
    (gateway, others): (&Arc<Gateway>, &Others),
    asked: Option<&Members>,
    frame: &mut Frame,
) -> Response<Body> {
    if let Some(query) = asked.and_then(|asked| asked.get("query")) {
        return case_of(gateway, query, frame).await;
    }
    let mut queue = match of_this_log(gateway, frame).await {
        Ok(queue) => queue,
        Err(response) => return *response,
    };
    if frame.span.is_some() {
        let asking = |_: &str| Asking::For(Vec::new());
        let there = elsewhere::ask(others, frame, &View::Reviews, asking, |_, _: &QueueThere| true).await;
        there.into_iter().for_each(|there| queue.add(there));
    }
    let title = frame.say("查询复核", "Review of queries");
    frame.show(&QueuePage { frame, title, queue: &queue }, &queue)
}

/// What this log alone has.
///
/// # Errors
/// What is shown instead.
pub(super) async fn of_this_log(gateway: &Arc<Gateway>, frame: &Frame) -> Result<Queue, Box<Response<Body>>> {
    if !is_latest(gateway).await {
        return Err(Box::new(unreadable(frame)));
    }
    put_before_reviewers(gateway);
    let (shared, now) = (Arc::clone(gateway), gateway.clock.now());
    let within_days = gateway.rules().beside.review.within_days;
    let look = move || drawn(&shared, |reviews| (reviews.cases(), reviews.figures(now, within_days)));
    let Ok(Ok((cases, figures))) = tokio::task::spawn_blocking(look).await else {
        return Err(Box::new(unreadable(frame)));
    };
    let mut cases = Named::all(cases.iter().map(line), frame.own_log());
    cases.sort_by_key(|line| line.of.open == 0);
    cases.truncate(MOST);
    Ok(Queue { cases, figures, other_figures: Vec::new(), policy: gateway.rules().beside.review.policy() })
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
        Ok(Ok(None)) => frame.not_here("没有这一查询的复核", "there is no review of this query"),
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

impl QueuePage<'_> {
    /// The page of a case: at the gateway of its log, where its steps are taken.
    fn page_of(&self, line: &Named<Line>) -> String {
        self.frame.page_of(line.log.as_deref(), &format!("/officers/reviews/{}", line.of.case))
    }
}

impl Queue {
    /// With what another log has.
    fn add(&mut self, There { log, shown: QueueThere { cases, figures } }: There<QueueThere>) {
        self.cases.extend(Named::all(cases.into_iter().map(|one| one.of), Some(&log)));
        let order = |line: &Line| (line.open == 0, line.period.clone(), std::cmp::Reverse(line.suspicious));
        self.cases.sort_by_cached_key(|line| order(&line.of));
        self.cases.truncate(MOST);
        self.other_figures.extend(Named::all([figures], Some(&log)));
    }

    /// The figures of each log, by its name where it is another gateway's.
    fn all_figures(&self) -> impl Iterator<Item = (Option<&str>, &ReviewFigures)> {
        let others = self.other_figures.iter().map(|one| (one.log.as_deref(), &one.of));
        std::iter::once((None, &self.figures)).chain(others)
    }

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

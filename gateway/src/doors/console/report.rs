//! The monthly report (R29), made here as `credit-audit report` makes it: of the same log the same bytes.

use std::sync::Arc;

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    checkpoint::Checkpoint,
    leaf::peek,
    monthly::{Monthly, MonthlyFigures, STYLE, is_month, page},
    note::VerifierKey,
};
use hyper::{Response, StatusCode};
use jiff::ToSpan;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::page::Frame;
use crate::{
    changes::is_latest,
    doors::persons::request::Members,
    gateway::Gateway,
    index::{IndexError, each_leaf},
    transport::Body,
};

/// Months that are offered.
const MONTHS: i32 = 13;

/// One is made at a time: it reads the whole log.
static TURN: Semaphore = Semaphore::const_new(1);

#[derive(Serialize)]
struct Months {
    months: Vec<String>,
}

#[derive(Template)]
#[template(path = "officers/reports.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    months: &'a [String],
}

#[derive(Template)]
#[template(path = "officers/report.html")]
struct Here<'a> {
    frame: &'a Frame,
    title: &'a str,
    month: &'a str,
    /// The report without what frames it: HTML of ours.
    body: &'a str,
}

/// The report of a month; without one, which months there are.
pub(super) async fn show(gateway: &Arc<Gateway>, asked: Option<&Members>, frame: &Frame) -> Response<Body> {
    let Some(month) = asked.and_then(|asked| asked.get("month")).filter(|month| !month.is_empty()) else {
        let today = gateway.today();
        let month = |back: i32| today.saturating_sub(back.months()).strftime("%Y-%m").to_string();
        let months = Months { months: (0..MONTHS).map(month).collect() };
        let title = frame.say("月度报告", "Monthly reports");
        return frame.show(&Page { frame, title, months: &months.months }, &months);
    };
    if !is_month(month) {
        return frame.fault(StatusCode::BAD_REQUEST, frame.say("月份格式为 YYYY-MM", "a month is YYYY-MM"));
    }
    let Ok(_turn) = TURN.try_acquire() else {
        let sentence = frame.say("正在生成另一份报告，请稍候", "another report is being made: try again in a moment");
        return frame.fault(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    // The look itself is in it, once it is published.
    if !is_latest(gateway).await {
        return frame.unreadable();
    }
    let (shared, month, language) = (Arc::clone(gateway), month.to_owned(), frame.language());
    let wanted = month.clone();
    let make = move || {
        if shared.is_let_go(&wanted).ok()? {
            return None;
        }
        let figures = made(&shared, &wanted)?;
        let json = serde_json::to_string(&figures).ok()?;
        Some((page(&figures, language), json + "\n"))
    };
    let Ok(Some((page, json))) = tokio::task::spawn_blocking(make).await else { return frame.unreadable() };
    // With the menu around it, or alone: as the auditor's command makes it.
    if frame.is_page() && asked.and_then(|asked| asked.get("show")) == Some("here") {
        let body = page.split_once("</h1>").and_then(|(_, rest)| rest.rsplit_once("</main>"));
        let (title, body) =
            (frame.say("征信查询月度合规报告", "Monthly compliance report"), body.map_or("", |(body, _)| body));
        return frame.show(&Here { frame, title: &format!("{title} {month}"), month: &month, body }, &());
    }
    frame.whole(page, json, &STANDARD.encode(digest(&SHA256, STYLE.as_bytes())))
}

/// Blocks: reads the published log from its beginning.
fn made(gateway: &Gateway, month: &str) -> Option<MonthlyFigures> {
    let origin = &gateway.settings.log.origin;
    let signer = gateway.keys.with(|ring| ring.log_signer(origin)).ok()?;
    let key = VerifierKey::new(origin, signer.public_key()).ok()?;
    let note = std::fs::read_to_string(gateway.log_folder().join("checkpoint")).ok()?;
    let checkpoint = Checkpoint::open(&note, &key).ok()?;
    let mut monthly = Monthly::new(month, gateway.catalogue().offset());
    let read = each_leaf(&gateway.log_folder(), 0, checkpoint.size, |index, bytes| {
        let taken = peek(bytes).ok().map(|head| monthly.leaf(index, head));
        taken.and_then(Result::ok).ok_or(IndexError::Leaf(index))
    });
    read.ok()?;
    Some(monthly.figures(&checkpoint))
}

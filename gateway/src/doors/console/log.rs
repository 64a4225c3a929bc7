//! How the record stands: what is durable and published, what keeps it from recording, which keys it goes by.

use std::{fs, sync::Arc};

use askama::Template;
use credit_keys::{KeyState, KeyStatus};
use hyper::Response;
use serde::Serialize;

use super::page::Frame;
use crate::{gateway::Gateway, keyring::by_log, telemetry::metrics::Duty, transport::Body};

#[derive(Serialize)]
struct LogHealth {
    origin: String,
    /// Leaves that are durable, and those under the published checkpoint.
    size: u64,
    published: u64,
    /// Entries that wait to be written.
    waiting: usize,
    unpublished_ms: u128,
    writing_ms: u128,
    reserved_bytes: u64,
    recordable: bool,
    /// Why it is not.
    causes: Vec<&'static str>,
    /// Files of the published log that were damaged and made again.
    restored: u64,
    /// The published checkpoint, signed.
    checkpoint: String,
    /// The same as witnesses cosigned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    witnessed: Option<String>,
    /// Leaves that can be searched; nothing where there is no index.
    #[serde(skip_serializing_if = "Option::is_none")]
    searchable: Option<u64>,
    duties: Vec<DutyHealth>,
    keys: Vec<KeyStatus>,
}

#[derive(Serialize)]
struct DutyHealth {
    #[serde(skip)]
    of: Duty,
    duty: &'static str,
    fails: bool,
}

#[derive(Template)]
#[template(path = "officers/log.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    log: &'a LogHealth,
}

pub(super) async fn show(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    let shared = Arc::clone(gateway);
    let Ok(log) = tokio::task::spawn_blocking(move || of(&shared)).await else { return frame.unreadable() };
    let title = frame.say("日志状况", "Log health");
    frame.show(&Page { frame, title, log: &log }, &log)
}

/// Blocks.
fn of(gateway: &Gateway) -> LogHealth {
    let metrics = gateway.log.metrics();
    let file = |name| fs::read_to_string(gateway.log_folder().join(name)).ok();
    LogHealth {
        origin: gateway.settings.log.origin.clone(),
        size: metrics.size,
        published: metrics.published,
        waiting: metrics.waiting,
        unpublished_ms: metrics.unpublished_for.as_millis(),
        writing_ms: metrics.writing_for.as_millis(),
        reserved_bytes: metrics.reserved_bytes,
        recordable: gateway.is_recordable(),
        causes: metrics.not_recordable.iter().map(|cause| cause.as_str()).collect(),
        restored: metrics.restored,
        checkpoint: file("checkpoint").unwrap_or_default(),
        witnessed: file("checkpoint.witnessed"),
        searchable: gateway.index.as_ref().map(|index| index.size()),
        duties: Duty::ALL
            .map(|duty| DutyHealth { of: duty, duty: duty.as_str(), fails: gateway.metrics.fails(duty) })
            .into(),
        keys: keys(gateway),
    }
}

/// Those of the ring; of logs the own one is in use, and so are those of gateways that count together with this one.
fn keys(gateway: &Gateway) -> Vec<KeyStatus> {
    let replicas = gateway.cluster.as_ref().map(|cluster| cluster.others()).unwrap_or_default();
    let is_open = |origin: &str| {
        let is_known = origin == gateway.settings.log.origin || replicas.iter().any(|other| other.log == origin);
        is_known.then_some(true)
    };
    by_log(gateway.keys.with(|ring| ring.status(gateway.clock.now())), is_open)
}

impl Page<'_> {
    fn duty(&self, duty: &DutyHealth) -> &'static str {
        self.frame.duty(duty.of)
    }

    fn state(&self, key: &KeyStatus) -> &'static str {
        match key.state {
            KeyState::Pending => self.frame.say("未启用", "pending"),
            KeyState::Active => self.frame.say("使用中", "active"),
            KeyState::Accepted => self.frame.say("过渡期内仍接受", "accepted"),
            KeyState::Retired => self.frame.say("已停用", "retired"),
            KeyState::Destroyed => self.frame.say("已销毁", "destroyed"),
        }
    }
}

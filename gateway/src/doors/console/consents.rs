//! Consents that were used last, and whether they are withdrawn. A consent stands here by its key in the state, not by its token.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::page::Frame;
use crate::{gateway::Gateway, index::UsedConsent, transport::Body};

#[derive(Serialize)]
struct Consent {
    /// In hexadecimal digits.
    consent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    /// Queries that were answered on it.
    answered: u64,
    /// The last query on it.
    last: Timestamp,
    withdrawn: bool,
    #[serde(skip)]
    title: String,
}

#[derive(Serialize)]
struct Consents {
    consents: Vec<Consent>,
}

#[derive(Template)]
#[template(path = "officers/consents.html")]
struct Page<'a> {
    frame: &'a Frame,
    gateway: &'a Gateway,
    title: &'a str,
    consents: &'a [Consent],
}

pub(super) async fn list(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    let shared = Arc::clone(gateway);
    let look = move || Some(shared.index.as_ref()?.used_consents());
    let used = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(used))) => used,
        Ok(None) => return frame.no_index(),
        Ok(Some(Err(_))) | Err(_) => return frame.unreadable(),
    };
    let consents = used.into_iter().map(|used| consent(gateway, used, frame)).collect();
    let all = Consents { consents };
    let title = frame.say("最近使用的授权", "Consents used last");
    frame.show(&Page { frame, gateway, title, consents: &all.consents }, &all)
}

fn consent(gateway: &Gateway, used: UsedConsent, frame: &Frame) -> Consent {
    Consent {
        title: frame.scenario(gateway, used.scenario.as_deref()),
        withdrawn: gateway.state.is_revoked(&used.key),
        consent: used.key.iter().map(|byte| format!("{byte:02x}")).collect(),
        institution: used.institution,
        scenario: used.scenario,
        answered: used.answered,
        last: Timestamp::from_microsecond(used.last).unwrap_or_default(),
    }
}

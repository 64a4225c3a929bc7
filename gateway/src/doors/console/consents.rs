//! Consents that were used last, and whether they are withdrawn. A consent stands here by its key in the state, not by its token.

use std::sync::Arc;

use askama::Template;
use hyper::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    elsewhere::{self, Asking, There},
    page::Frame,
    view::View,
};
use crate::{doors::elsewhere::Others, gateway::Gateway, index::UsedConsent, transport::Body};

#[derive(Deserialize, Serialize)]
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
    /// The log in which it was used so often, where the list is of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(skip)]
    title: String,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Consents {
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

pub(super) async fn list(gateway: &Arc<Gateway>, others: &Others, frame: &mut Frame) -> Response<Body> {
    let mut all = match of_this_log(gateway, frame).await {
        Ok(all) => all,
        Err(response) => return *response,
    };
    if frame.span.is_some() {
        let asking = |_: &str| Asking::For(Vec::new());
        let there = elsewhere::ask(others, frame, &View::Consents, asking, |_, _: &Consents| true).await;
        for There { log, shown } in there {
            all.consents.extend(shown.consents.into_iter().map(|one| {
                let title = frame.scenario(gateway, one.scenario.as_deref());
                Consent { log: Some(log.clone()), title, ..one }
            }));
        }
        all.consents.sort_by_key(|one| std::cmp::Reverse(one.last));
    }
    let title = frame.say("最近使用的授权", "Consents used last");
    frame.show(&Page { frame, gateway, title, consents: &all.consents }, &all)
}

/// What this log alone has.
///
/// # Errors
/// What is shown instead.
pub(super) async fn of_this_log(gateway: &Arc<Gateway>, frame: &Frame) -> Result<Consents, Box<Response<Body>>> {
    let shared = Arc::clone(gateway);
    let look = move || Some(shared.index.as_ref()?.used_consents());
    let used = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(used))) => used,
        Ok(None) => return Err(Box::new(frame.no_index())),
        Ok(Some(Err(_))) | Err(_) => return Err(Box::new(frame.unreadable())),
    };
    let consents = used.into_iter().map(|used| consent(gateway, used, frame)).collect();
    Ok(Consents { consents })
}

fn consent(gateway: &Gateway, used: UsedConsent, frame: &Frame) -> Consent {
    Consent {
        title: frame.scenario(gateway, used.scenario.as_deref()),
        withdrawn: gateway.state.is_revoked(&used.key),
        consent: used.key.iter().map(|byte| format!("{byte:02x}")).collect(),
        institution: used.institution,
        log: frame.own_log().map(str::to_owned),
        scenario: used.scenario,
        answered: used.answered,
        last: Timestamp::from_microsecond(used.last).unwrap_or_default(),
    }
}

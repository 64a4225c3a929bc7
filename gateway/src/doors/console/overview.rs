//! How the gateway stands, and what was asked last.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use hyper::Response;
use serde::Serialize;

use super::page::Frame;
use crate::{
    gateway::Gateway,
    index::{Listed, Search},
    state::standing::Waiting,
    transport::Body,
};

/// So many of the newest queries are counted: what it costs does not grow with the log.
const LAST: u32 = 1_000;

#[derive(Serialize)]
struct Overview {
    log: LogHealth,
    /// Whether every query is refused with `stopped`.
    stopped: bool,
    stores: Vec<StoreHealth>,
    institutions: usize,
    suspended: usize,
    objections: Objections,
    /// Of the newest queries.
    last: Last,
}

#[derive(Serialize)]
struct LogHealth {
    origin: String,
    size: u64,
    published: u64,
    recordable: bool,
    /// Why it is not.
    causes: Vec<&'static str>,
}

#[derive(Serialize)]
struct StoreHealth {
    name: String,
    up: bool,
}

#[derive(Serialize)]
struct Objections {
    open: u64,
    overdue: u64,
}

#[derive(Default, Serialize)]
struct Last {
    queries: u64,
    answered: u64,
    refused: BTreeMap<String, u64>,
    by_institution: BTreeMap<String, u64>,
    by_scenario: BTreeMap<String, u64>,
}

#[derive(Template)]
#[template(path = "officers/overview.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    all: &'a Overview,
}

pub(super) async fn show(gateway: &Arc<Gateway>, frame: &Frame) -> Response<Body> {
    let shared = Arc::clone(gateway);
    let search = move || shared.index.as_ref().and_then(|index| index.search(&Search::default(), LAST).ok());
    let listed = tokio::task::spawn_blocking(search).await.ok().flatten().unwrap_or_default();
    let institutions = gateway.register.all();
    let Waiting { open, overdue } = gateway.standing.waiting(gateway.today());
    let causes: Vec<&'static str> = gateway.log.metrics().not_recordable.iter().map(|cause| cause.as_str()).collect();
    let all = Overview {
        log: LogHealth {
            origin: gateway.settings.log.origin.clone(),
            size: gateway.log.size(),
            published: gateway.log.published(),
            recordable: gateway.log.recordable(),
            causes,
        },
        stopped: gateway.stops.has(None),
        stores: gateway
            .rules()
            .stores
            .figures()
            .map(|(name, store)| StoreHealth { name: name.to_owned(), up: store.is_up() })
            .collect(),
        institutions: institutions.len(),
        suspended: institutions.iter().filter(|institution| institution.is_suspended()).count(),
        objections: Objections { open, overdue },
        last: Last::of(listed),
    };
    let title = frame.say("概览", "Overview");
    frame.show(&Page { frame, title, all: &all }, &all)
}

impl Last {
    fn of(listed: Vec<Listed>) -> Self {
        let mut last = Self::default();
        for one in listed {
            last.queries += 1;
            match one.code {
                None => last.answered += 1,
                Some(code) => *last.refused.entry(code).or_default() += 1,
            }
            if let Some(institution) = one.institution {
                *last.by_institution.entry(institution).or_default() += 1;
            }
            if let Some(scenario) = one.scenario {
                *last.by_scenario.entry(scenario).or_default() += 1;
            }
        }
        last
    }
}

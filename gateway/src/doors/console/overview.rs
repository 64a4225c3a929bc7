//! How the gateway stands, and what was asked last.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use hyper::Response;
use serde::{Deserialize, Serialize};

use super::{
    alarms::{self, Alarms, Raised, raised_by},
    charts::{self, Bar, Row},
    elsewhere::{self, Asking, There},
    page::Frame,
    view::View,
};
use crate::{
    callers::trust::Trust,
    doors::elsewhere::Others,
    gateway::Gateway,
    index::{DayCount, Listed, Search},
    state::standing::Waiting,
    transport::Body,
};

/// So many of the newest queries are counted: what it costs does not grow with the log.
const LAST: u32 = 1_000;

#[derive(Serialize)]
pub(super) struct Overview {
    log: LogHealth,
    /// Whether every query is refused with `stopped`.
    stopped: bool,
    stores: Vec<StoreHealth>,
    institutions: usize,
    suspended: usize,
    objections: Objections,
    /// What should be mended, or what officers have to do.
    alarms: Vec<Raised>,
    /// What waits for officers, and nothing is wrong yet.
    waits: Vec<Raised>,
    /// Queries of the last days on which somebody asked.
    days: Vec<DayCount>,
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

/// What another gateway has of it.
#[derive(Deserialize)]
struct OverviewThere {
    alarms: Vec<Raised>,
    waits: Vec<Raised>,
    days: Vec<DayCount>,
    last: Last,
}

#[derive(Default, Deserialize, Serialize)]
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
    gateway: &'a Gateway,
    title: &'a str,
    all: &'a Overview,
    /// What is stopped: a number for the form, the scenario (empty for everything), what it is called.
    stops: Vec<(usize, String, String)>,
    by_two: bool,
    bars: Vec<Bar>,
    parts: [Part<'a>; 3],
}

/// Rows of a chart, each of which leads to its queries.
struct Part<'a> {
    title: &'a str,
    filter: &'a str,
    rows: Vec<Row>,
}

pub(super) async fn show(
    (gateway, trust, others): (&Arc<Gateway>, &Trust, &Others),
    frame: &mut Frame,
) -> Response<Body> {
    let mut all = of_this_log(gateway, trust, frame).await;
    if frame.span.is_some() {
        let asking = |_: &str| Asking::For(Vec::new());
        let there = elsewhere::ask(others, frame, &View::Overview, asking, |_, _: &OverviewThere| true).await;
        there.into_iter().for_each(|there| all.add(there));
    }
    let title = frame.say("概览", "Overview");
    let parts = parts(gateway, &all.last, frame);
    let bars = charts::days(&all.days, gateway.today());
    let (stops, by_two) = (stops(gateway, frame), gateway.is_by_two());
    frame.show(&Page { frame, gateway, title, all: &all, stops, by_two, bars, parts }, &all)
}

/// What this gateway alone has.
pub(super) async fn of_this_log(gateway: &Arc<Gateway>, trust: &Trust, frame: &Frame) -> Overview {
    let shared = Arc::clone(gateway);
    let search = move || {
        let index = shared.index.as_ref()?;
        Some((index.search(&Search::default(), LAST).ok()?, index.days(charts::DAYS).ok()?))
    };
    let (listed, days) = tokio::task::spawn_blocking(search).await.ok().flatten().unwrap_or_default();
    let Alarms { reasons, warnings, to_do, waits } = alarms::of_this_log(gateway, trust, frame);
    let institutions = gateway.register.all();
    let Waiting { open, overdue } = gateway.standing.waiting(gateway.today());
    let causes: Vec<&'static str> = gateway.log.metrics().not_recordable.iter().map(|cause| cause.as_str()).collect();
    Overview {
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
        alarms: [reasons, warnings, to_do].concat(),
        waits,
        days,
        last: Last::of(listed),
    }
}

impl Overview {
    /// With what another gateway has.
    fn add(&mut self, There { log, shown }: There<OverviewThere>) {
        let OverviewThere { alarms, waits, days, last } = shown;
        raised_by(&mut self.alarms, alarms, &log);
        raised_by(&mut self.waits, waits, &log);
        for other in days {
            match self.days.iter_mut().find(|known| known.day == other.day) {
                Some(known) => {
                    known.answered = known.answered.saturating_add(other.answered);
                    known.refused = known.refused.saturating_add(other.refused);
                }
                None => self.days.push(other),
            }
        }
        // The last days of all are among the last days of each.
        self.days.sort_by_key(|count| count.day);
        let before = self.days.len().saturating_sub(charts::DAYS as usize);
        self.days.drain(..before);
        self.last.add(last);
    }
}

fn stops(gateway: &Gateway, frame: &Frame) -> Vec<(usize, String, String)> {
    let everything =
        gateway.stops.is_thrown().then(|| (String::new(), frame.say("全部查询", "every query").to_owned()));
    let scenarios = gateway.stops.scenarios().into_iter().map(|name| {
        let title = frame.scenario(gateway, Some(name.as_str()));
        (name, title)
    });
    let all = everything.into_iter().chain(scenarios).enumerate();
    all.map(|(nr, (name, title))| (nr, name, title)).collect()
}

fn parts<'a>(gateway: &Gateway, last: &Last, frame: &'a Frame) -> [Part<'a>; 3] {
    let institution = |id: &str| {
        let known = gateway.register.by_id(id).ok();
        known.and_then(|institution| institution.record.name.clone()).unwrap_or_else(|| id.to_owned())
    };
    [
        Part {
            title: frame.say("按拒绝原因", "Refused, by reason"),
            filter: "outcome",
            rows: charts::rows(&last.refused, |code| frame.outcome(Some(code))),
        },
        Part {
            title: frame.say("按机构", "By institution"),
            filter: "institution",
            rows: charts::rows(&last.by_institution, institution),
        },
        Part {
            title: frame.say("按场景", "By scenario"),
            filter: "scenario",
            rows: charts::rows(&last.by_scenario, |name| frame.scenario(gateway, Some(name))),
        },
    ]
}

impl Last {
    /// With the newest of another log.
    fn add(&mut self, other: Self) {
        fn counts(all: &mut BTreeMap<String, u64>, others: BTreeMap<String, u64>) {
            for (name, count) in others {
                let sum = all.entry(name).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        let Self { queries, answered, refused, by_institution, by_scenario } = other;
        self.queries = self.queries.saturating_add(queries);
        self.answered = self.answered.saturating_add(answered);
        counts(&mut self.refused, refused);
        counts(&mut self.by_institution, by_institution);
        counts(&mut self.by_scenario, by_scenario);
    }

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

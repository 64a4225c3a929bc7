//! `store check` of a store that is reached over the network.

use std::{path::PathBuf, sync::Arc};

use credit_audit::clock::SystemClock;
use credit_policy::{CitizenNumber, ScenarioName};

use super::{check_mapped, found};
use crate::{
    commands::{failure::Failure, openapi},
    settings::{self, Settings, StoreKind},
    stores::{
        StoreError,
        contract::{Asked, Store},
        examine::Domain,
        http::{Endpoint, HttpStore, gateway::GatewayStore},
        map::Map,
        postgres::examine::{Checked, Rows, examine},
        routes::{Route, Routes},
    },
    terminal::{fault, print, said, words},
};

/// Rows of each table that are read where nothing is said.
pub(super) const ROWS: u64 = 10_000;
/// Of the district code 990000, which no place has.
const NOBODY: &str = "990000190001010008";
/// Asks for most of what there is.
const SCENARIO: &str = "self-query";

/// The store of that name, or the only one, where it is no file.
pub(super) fn named<'a>(settings: &'a Settings, named: Option<&PathBuf>) -> Option<&'a settings::Store> {
    let found = match (named, settings.stores.as_slice()) {
        (Some(name), stores) => stores.iter().find(|store| name.as_os_str() == store.name.as_str())?,
        (None, [only]) => only,
        (None, _) => return None,
    };
    (found.kind != StoreKind::Sqlite).then_some(found)
}

/// 0 where nothing was found, 1 where something was, 69 where the store is away, 64 where it cannot be read.
pub(super) fn run(
    settings: &Settings,
    store: &settings::Store,
    domain: &Domain,
    sample: Option<u64>,
) -> Result<(), Failure> {
    let map = store.map.as_ref().map(|map| Map::open(map, domain.catalogue())).transpose();
    let map = map.map_err(Failure::usage)?.map(Arc::new);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::unavailable)?;
    match store.kind {
        StoreKind::Sqlite => Ok(()),
        StoreKind::Http => {
            let routes = Routes::load(settings, domain.catalogue()).map_err(|faults| openapi::refused(&faults))?;
            runtime.block_on(interface(store, map, domain, &routes))
        }
        StoreKind::Gateway => runtime.block_on(gateway(store, &settings.log.origin)),
        StoreKind::Postgres => {
            match runtime.block_on(examine(store, map, domain, sample.map_or(Rows::All, Rows::First))) {
                Ok(Checked::Own(tally, rows)) => found::told(&rows, sample, found::lines(&tally)),
                Ok(Checked::Mapped(examined)) => check_mapped::told(&examined, sample, Vec::new()),
                Err(error) if error.may_pass() => Err(Failure::unavailable(fault(&error.to_string()))),
                Err(error) => Err(Failure::usage(fault(&error.to_string()))),
            }
        }
    }
}

/// Another gateway answers no query without a record: it is connected to, and asked nothing.
async fn gateway(store: &settings::Store, own: &str) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::usage(fault(&error.to_string()));
    let endpoint = Endpoint::of(store).map_err(|error| usage(&error))?;
    let gateway = GatewayStore::new(endpoint, store, own).map_err(|error| usage(&error))?;
    gateway.probe().await.map_err(|error| Failure::unavailable(fault(&error.to_string())))?;
    print(words(
        "已与另一网关建立双向 TLS 连接；其数据源由该网关自行检查",
        "the other gateway takes the connection over mutual TLS; its stores are for its own `store check`",
    ));
    Ok(())
}

/// Of an interface only the shape of an answer can be looked at: it is asked about nobody, as look-ups do and as each route
/// does.
async fn interface(
    store: &settings::Store,
    map: Option<Arc<Map>>,
    domain: &Domain,
    routes: &Routes,
) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::usage(fault(&error.to_string()));
    let endpoint = Endpoint::of(store).map_err(|error| usage(&error))?;
    if let Some(map) = &map {
        endpoint.takes(store, map).map_err(|error| usage(&error))?;
    }
    let catalogue = Arc::clone(domain.catalogue());
    let plan = catalogue.scenario(SCENARIO).map(|scenario| scenario.plan().within(|_| true, |_| true, |_| true));
    let (Some(plan), Ok(scenario), Ok(person)) = (plan, ScenarioName::parse(SCENARIO), CitizenNumber::parse(NOBODY))
    else {
        return Err(Failure::usage(words("规则目录没有 `self-query`", "the catalogue has no `self-query`")));
    };
    let asked = Asked { person: Arc::new(person), plan: Arc::new(plan), scenario, on: domain.day() };
    let http = HttpStore::new(endpoint, store, map, catalogue, Arc::new(SystemClock::new()));
    let mut lines = Vec::new();
    // A store that only routes ask has no class.
    if store.classes.as_ref().is_none_or(|classes| !classes.is_empty()) {
        match http.probe().await.and(http.look_up(asked).await) {
            Ok(found) if found.records.is_empty() && found.listings.is_empty() => print(words(
                "已查询一个无人使用的号码，应答格式无误；其他人的应答须由查询本身检查",
                "asked about a number that nobody has: the answer has the right form; those about others are checked when they are asked for",
            )),
            Ok(_) => lines
                .push(words("对无人使用的号码返回了记录", "it has records about a number that nobody has").to_owned()),
            Err(error) => {
                let (name, what) = (&store.name, fault(&error.to_string()));
                lines.push(said(|| format!("数据源 `{name}`：{what}"), || format!("the store `{name}`: {what}")));
            }
        }
    }
    for route in routes.of_store(&store.name) {
        lines.extend(by_route(&http, route).await);
    }
    if lines.is_empty() { Ok(()) } else { Err(Failure { code: 1, lines }) }
}

/// What is wrong with the answer to a route's request about nobody.
async fn by_route(http: &HttpStore, route: &Route) -> Option<String> {
    let (name, address) = (route.name(), route.address());
    let answered = async {
        let report = http.pass(route.question(NOBODY)).await?;
        route.reads(report.as_ref().map(|report| report.as_str())).map_err(StoreError::Failed)?;
        Ok::<_, StoreError>(report.is_some())
    };
    match answered.await {
        Ok(has_answer) => {
            let (zh, en) = if has_answer {
                ("应答格式无误", "the answer can be read")
            } else {
                ("应答为 404，即无此人", "404, which is nothing about the person")
            };
            print(said(|| format!("路由 {name}（{address}）：{zh}"), || format!("route {name} ({address}): {en}")));
            None
        }
        Err(error) => {
            let what = fault(&error.to_string());
            Some(said(|| format!("路由 {name}（{address}）：{what}"), || format!("route {name} ({address}): {what}")))
        }
    }
}

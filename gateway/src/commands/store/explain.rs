//! `store explain SCENARIO`: what would be asked of which store. Nobody is asked about, and no store is opened.

use std::{fmt::Display, sync::Arc};

use credit_policy::{Catalogue, FetchPlan};

use crate::{
    commands::{
        failure::{ConfigFile, Failure},
        hints, openapi,
    },
    process::start,
    settings::Store,
    stores::{
        all::Scope,
        map::{Map, Select},
        routes::{Route, Routes},
    },
    terminal::{print, said},
};

#[derive(clap::Args)]
pub(in crate::commands) struct Arguments {
    /// A scenario 应用场景
    #[arg(value_name = "SCENARIO", value_parser = hints::scenarios(), hide_possible_values = true)]
    scenario: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// 0, or 64 where there is no such scenario or a map does not fit.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    let catalogue = Arc::new(catalogue);
    let name = &arguments.scenario;
    let unknown = || said(|| format!("没有应用场景 `{name}`"), || format!("there is no scenario `{name}`"));
    let plan = catalogue.scenario(name).ok_or_else(|| Failure::usage(unknown()))?.plan();
    let routes = Routes::load(&settings, &catalogue).map_err(|faults| openapi::refused(&faults))?;
    for store in &settings.stores {
        explain(store, plan, &catalogue)?;
    }
    for route in routes.of_scenario(name) {
        asked_by(route);
    }
    Ok(())
}

fn explain(store: &Store, plan: &FetchPlan, catalogue: &Arc<Catalogue>) -> Result<(), Failure> {
    let scope = Scope::of(&store.name, store.classes.as_deref(), catalogue).map_err(Failure::usage)?;
    let part = scope.part(plan);
    let store_name = &store.name;
    let Some(map) = &store.map else {
        for (zh, en, names) in [
            ("记录", "records of", joined(part.classes())),
            ("名单", "lists", joined(part.lists())),
            ("属性", "attributes", joined(part.attributes())),
        ] {
            if !names.is_empty() {
                print(said(|| format!("{store_name}：{zh} {names}"), || format!("{store_name}: {en} {names}")));
            }
        }
        return Ok(());
    };
    let map = Map::open(map, catalogue).map_err(Failure::usage)?;
    for select in map.selects(&part) {
        question(store_name, &select);
    }
    Ok(())
}

/// A route of the scenario: what is asked, and what of the answer leaves.
fn asked_by(route: &Route) {
    let (name, store, address) = (route.name(), route.store(), route.address());
    let (shown, fields) = (route.shown().join(", "), joined(route.fields()));
    print(said(
        || format!("{store}：经路由 {name} 查询 {address}；返回成员 {shown}；数据项 {fields}"),
        || format!("{store}: {address}, by the route {name}; members that leave: {shown}; fields: {fields}"),
    ));
}

fn question(store: &str, select: &Select) {
    let source = select.source();
    let names: Vec<_> = select.columns().iter().map(|column| column.stored()).collect();
    let (key, columns) = (names.first().copied().unwrap_or_default(), names.join(", "));
    let place = source.table().or_else(|| source.request().map(|request| request.path.as_str())).unwrap_or_default();
    let name = source.name();
    print(said(
        || format!("{store}：{name}（{place}），按 {key} 查询；读取 {columns}"),
        || format!("{store}: {name} ({place}), by {key}; reads {columns}"),
    ));
    for exclude in select.excludes() {
        let (column, codes) = (&exclude.column, exclude.codes.join(", "));
        print(said(
            || format!("  不取 {column} 为 {codes} 的行"),
            || format!("  without rows whose {column} is {codes}"),
        ));
    }
}

fn joined<T: Display>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

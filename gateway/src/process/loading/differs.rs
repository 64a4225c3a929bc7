//! What a configuration that is to follow changes, a line each, for officers who approve it.

use std::collections::BTreeMap;

use credit_policy::{Language, diff};
use serde_json::Value;

use super::files::Read;
use crate::{
    callers::institution::InstitutionRecord,
    gateway::Gateway,
    rules::{Beside, Differs, Rules},
};

/// By act; nothing of a part that is as it is.
pub(super) fn between(gateway: &Gateway, rules: &Rules, read: &Read) -> BTreeMap<&'static str, Differs> {
    let mut all = BTreeMap::new();
    for (act, digest) in &read.digests {
        if rules.digests.get(act) == Some(digest) {
            continue;
        }
        let differs = match *act {
            "catalogue" => {
                let diff = diff(&rules.catalogue, &read.catalogue);
                Differs { zh: diff.text(Language::Zh), en: diff.text(Language::En) }
            }
            "sampling" => same(&lines("review", &sampling(&rules.beside), &sampling(&Beside::of(&read.settings)))),
            "register" => same(&register(gateway, rules, read, false)),
            "limits" => same(&register(gateway, rules, read, true)),
            _ => continue,
        };
        all.insert(*act, differs);
    }
    all
}

fn same(lines: &[String]) -> Differs {
    let text = lines.join("\n");
    Differs { zh: text.clone(), en: text }
}

fn sampling(beside: &Beside) -> Value {
    serde_json::to_value(beside.review.policy()).unwrap_or_default()
}

/// What the register becomes: all members but the limits, or the limits.
fn register(gateway: &Gateway, rules: &Rules, read: &Read, limits: bool) -> Vec<String> {
    let beside = Beside::of(&read.settings);
    let view = |record: &InstitutionRecord, beside: &Beside| {
        let id = record.id.as_str();
        let mut members = if limits {
            serde_json::to_value(&record.limits).unwrap_or_default()
        } else {
            let certificates: Vec<_> = record.certificates.iter().map(ToString::to_string).collect();
            let ends: Vec<_> = record.on_behalf_of.iter().map(ToString::to_string).collect();
            serde_json::json!({
                "kind": record.kind.as_str(), "name": record.name, "certificates": certificates, "on_behalf_of": ends,
                "unit": beside.units.get(id), "role": beside.role_in_words(id), "region": beside.regions.get(id),
            })
        };
        if let Some(members) = members.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        (id.to_owned(), members)
    };
    let now: BTreeMap<_, _> = gateway.register.all().iter().map(|known| view(&known.record, &rules.beside)).collect();
    let entries = read.settings.institutions.iter().filter_map(|entry| InstitutionRecord::of_entry(entry).ok());
    let next: BTreeMap<_, _> = entries.map(|record| view(&record, &beside)).collect();
    let gone = now.keys().filter(|id| !next.contains_key(*id));
    let mut all: Vec<_> = gone.map(|id| format!("− {id}")).collect();
    for (id, members) in &next {
        match now.get(id) {
            None => all.push(format!("+ {id} {members}")),
            Some(before) => all.extend(lines(id, before, members)),
        }
    }
    all
}

/// Each member that differs.
fn lines(of: &str, before: &Value, after: &Value) -> Vec<String> {
    let nothing = serde_json::Map::new();
    let (before, after) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let differs = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let value = |of: Option<&Value>| of.map_or_else(|| "–".to_owned(), Value::to_string);
    differs.map(|name| format!("{of} {name}: {} → {}", value(before.get(name)), value(after.get(name)))).collect()
}

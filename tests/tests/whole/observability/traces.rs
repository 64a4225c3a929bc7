//! Traces, decoded with the official messages of OpenTelemetry by a program that has nothing of ours.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_gateway::for_tests::Stage;
use credit_policy::{Catalogue, Code, catalogue};
use credit_tests::{Folder, Gateway, Reply, command, query::look_up, scratch, tools};
use serde_json::Value;

use super::institutions;
use crate::{
    collector::{Collector, Posted},
    mixed_load::mixed,
};

const DECODE: &str = include_str!("traces.py");

/// Every request, decoded.
fn decoded(posted: &[Posted]) -> Vec<Value> {
    assert!(!posted.is_empty(), "no trace was sent");
    let desk = scratch::folder("traces");
    fs::write(desk.join("traces.py"), DECODE).unwrap();
    let mut arguments = vec![desk.join("traces.py")];
    for (number, posted) in posted.iter().enumerate() {
        let body = desk.join(number.to_string());
        fs::write(&body, &posted.body).unwrap();
        arguments.push(body);
    }
    serde_json::from_str(&command(tools::python(), &arguments).held()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// Every span of every request.
fn spans(requests: &[Value]) -> Vec<&Value> {
    let resources = requests.iter().flat_map(|request| list(request, "resourceSpans"));
    resources.flat_map(|resource| list(resource, "scopeSpans")).flat_map(|scope| list(scope, "spans")).collect()
}

/// Attributes by name: text as it is, numbers as the protocol's JSON has them.
fn attributes(value: &Value) -> BTreeMap<&str, &str> {
    let told = |attribute: &'_ Value| -> bool { attribute["value"].as_object().is_some_and(|value| value.len() == 1) };
    assert!(list(value, "attributes").all(told), "{value}");
    let attributes = list(value, "attributes").map(|attribute| {
        let (key, value) = (attribute["key"].as_str().unwrap(), &attribute["value"]);
        let text = value["stringValue"].as_str().or(value["intValue"].as_str());
        (key, text.unwrap_or_else(|| panic!("{key} is neither text nor a number: {attribute}")))
    });
    attributes.collect()
}

#[test]
fn requests_are_what_the_protocol_asks_for() {
    for posted in &mixed().posted {
        assert!(posted.head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{}", posted.head);
        let head = posted.head.to_ascii_lowercase();
        assert!(head.contains("\r\ncontent-type: application/x-protobuf\r\n"), "{head}");
    }
    for request in decoded(&mixed().posted) {
        for resource in list(&request, "resourceSpans") {
            assert_eq!(attributes(&resource["resource"]), BTreeMap::from([("service.name", "credit-gateway")]));
            for scope in list(resource, "scopeSpans") {
                assert_eq!(scope["scope"]["name"], "credit-gateway");
            }
        }
    }
}

#[test]
fn a_span_says_what_is_on_the_closed_list_and_nothing_else() {
    let mixed = mixed();
    let requests = decoded(&mixed.posted);
    let spans = spans(&requests);
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let institutions = institutions(&mixed.folder);
    let (mut ids, mut traces, mut outcomes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for span in &spans {
        let members: BTreeSet<&str> = span.as_object().unwrap().keys().map(String::as_str).collect();
        let known = [
            "traceId",
            "spanId",
            "flags",
            "name",
            "kind",
            "startTimeUnixNano",
            "endTimeUnixNano",
            "attributes",
            "events",
            "status",
            "droppedAttributesCount",
        ];
        assert!(members.iter().all(|member| known.contains(member)), "a parent, a link, a state? {span}");
        assert_eq!(span["name"], "query");
        let bytes = STANDARD.decode(span["traceId"].as_str().unwrap()).unwrap();
        assert!(bytes.len() == 16 && traces.insert(bytes), "a trace id is 16 bytes and used once: {span}");
        for (key, value) in attributes(span) {
            let known = match key {
                "query" => ids.insert(value.to_owned()) && uuid::Uuid::try_parse(value).is_ok(),
                // A person asks for himself or herself.
                "institution" => institutions.contains(value) || value.is_empty(),
                "scenario" => catalogue.scenario(value).is_some(),
                "outcome" => {
                    outcomes.insert(value.to_owned());
                    value == "answered" || Code::parse(value).is_some()
                }
                "busy_ns" | "idle_ns" => value.parse::<u64>().is_ok(),
                "target" => value == "query",
                "level" => value == "TRACE",
                _ => false,
            };
            assert!(known, "{key} is `{value}` in {span}");
        }
        let stages: Vec<&str> = list(span, "events").map(|event| event["name"].as_str().unwrap()).collect();
        let mut order = Stage::ALL.iter().map(|stage| stage.as_str());
        assert!(stages.iter().all(|stage| order.any(|next| next == *stage)), "not in the journey's order: {stages:?}");
        for event in list(span, "events") {
            assert!(attributes(event).is_empty(), "{event}");
        }
    }
    assert!(outcomes.len() > 10, "{outcomes:?}");
    // Every query that was answered or refused on the record has its span.
    for reply in &mixed.replies {
        let Some((_, body)) = reply.split_once('\n') else { continue };
        let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
        if let (Some(id), true) = (body["query"].as_str(), body["receipt"].is_object()) {
            assert!(ids.contains(id), "{id} has no span");
        }
    }
    let answered = spans.iter().find(|span| attributes(span).get("outcome") == Some(&"answered")).unwrap();
    let stages: Vec<&str> = list(answered, "events").map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(stages, ["accept", "ground", "authorise", "admit", "fetch", "minimise", "record", "reply"]);
    let at = |value: &Value, key: &str| value[key].as_str().unwrap().parse::<u64>().unwrap();
    let times: Vec<u64> = list(answered, "events").map(|event| at(event, "timeUnixNano")).collect();
    assert!(times.is_sorted() && times[0] >= at(answered, "startTimeUnixNano"), "{answered}");
    assert!(times[7] <= at(answered, "endTimeUnixNano"), "{answered}");
}

#[test]
fn a_trace_that_a_caller_names_is_not_ours() {
    let collector = Collector::new();
    let folder = Folder::new();
    collector.of(&folder);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    // A citizen number fits into a trace id: as its digits, and as their bytes.
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let named = format!("{digits:0<32}");
    let hexadecimal: String = number.bytes().take(16).map(|byte| format!("{byte:02x}")).collect();
    let replies: Vec<Reply> = [&named, &hexadecimal]
        .into_iter()
        .map(|id| {
            let parent = format!("00-{id}-00f067aa0ba902b7-01");
            let headers = [
                ("traceparent", parent.as_str()),
                ("tracestate", &format!("caller={number}")),
                ("baggage", &format!("subject={number}")),
            ];
            folder.caller("housing").ask_with(&look_up(&number), &headers)
        })
        .collect();
    drop(gateway.stop());
    let posted = collector.requests();
    let requests = decoded(&posted);
    let spans = spans(&requests);
    assert_eq!(spans.len(), 2);
    for (span, reply) in spans.iter().zip(&replies) {
        assert_eq!(attributes(span)["query"], reply.json()["query"].as_str().unwrap());
        assert!(span.get("parentSpanId").is_none() && span.get("traceState").is_none(), "{span}");
    }
    for posted in posted {
        for id in [&named, &hexadecimal] {
            let id: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect();
            assert!(!posted.body.windows(8).any(|window| window == &id[..8]), "the caller's trace id is in our trace");
        }
        assert!(!String::from_utf8_lossy(&posted.body).contains(&number));
    }
}

//! What the operator's commands say of routes, and of a store behind HTTP: `store explain`, `store check`, `openapi`.

use std::collections::BTreeSet;

use credit_tests::{Ended, Folder, command, gateway, scratch, tools::python};
use serde_json::{Value, json};

use super::{CANARY, ROUTE, before};
use crate::stores::http::{
    Truth, behind,
    service::{Service, Step, ok, reply},
};

/// Of the district 990000, which no place has.
const NOBODY: &str = "990000190001010008";

fn told(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat())
}

#[test]
fn explain_names_the_routes_of_a_scenario_and_no_header_of_the_store_s() {
    let folder = before("http://127.0.0.1:9/", ROUTE);
    let said = told(&folder, &["store", "explain", "commercial-loan"]).held();
    let line = said.lines().find(|line| line.contains("by the route report")).unwrap_or_else(|| panic!("{said}"));
    for wanted in [
        "reports: GET /reports/{citizen_number}?view=full",
        "subject.id, finance.housing, finance.rate, finance.credits, score.value, overdue[].no, overdue[].since",
        "lists[].of.id, lists[].kind, lists[].from",
        "fields: black_listed, housing,",
    ] {
        assert!(line.contains(wanted), "{wanted}: {line}");
    }
    assert!(!said.contains("x-report-version"), "{said}");
    assert!(!told(&folder, &["store", "explain", "employment"]).held().contains("route"));
}

#[test]
fn check_asks_each_route_about_nobody_and_names_what_cannot_be_read() {
    let service = Service::plain(|_| vec![Step::Close]);
    let folder = before(&format!("http://127.0.0.1:{}", service.port()), ROUTE);
    let check = || told(&folder, &["store", "check", "reports"]);
    let cases: [(&str, Vec<Step>, Result<&str, &str>); 8] = [
        ("404", vec![Step::Send(reply("404 Not Found", "", b""))], Ok("404, which is nothing about the person")),
        ("an answer", ok(br#"{"subject": {"id": null}, "overdue": [], "lists": []}"#), Ok("the answer can be read")),
        ("an error as 200", ok(br#"{"code": 500, "msg": "busy"}"#), Err("overdue")),
        ("twice", ok(br#"{"subject": {"id": 1, "id": 2}}"#), Err("twice")),
        ("an array in its place", ok(br#"{"overdue": {}}"#), Err("overdue")),
        ("no JSON", ok(CANARY.as_bytes()), Err("JSON")),
        ("a fault of its own", vec![Step::Send(reply("500 Oops", "", CANARY.as_bytes()))], Err("500")),
        ("nothing", vec![Step::Close], Err("")),
    ];
    for (what, steps, expected) in cases {
        service.answers(move |_| steps.clone());
        let said = match expected {
            Ok(wanted) => {
                let said = check().held();
                assert!(said.contains(wanted), "{what}: {said}");
                said
            }
            Err(wanted) => {
                let said = check().failed(1);
                assert!(said.contains(wanted), "{what}: {said}");
                said
            }
        };
        assert!(said.contains("route report (GET /reports/{citizen_number}?view=full): "), "{what}: {said}");
        assert!(!said.contains(CANARY), "{what}: {said}");
    }
    let asked = service.asked();
    assert!(
        asked.iter().all(|asked| asked.head.starts_with(&format!("GET /reports/{NOBODY}?view=full "))),
        "{asked:?}"
    );
}

#[test]
fn check_asks_a_store_behind_http_about_nobody() {
    let folder = Folder::new();
    let truth = Truth::of(&folder);
    let somebody = folder.person("black-listed", 0);
    let of_somebody = truth.about(&somebody).to_string().replace(&somebody, NOBODY);
    let service = Service::plain(move |asked| truth.answer(asked));
    behind(&folder, &service.url(), "");
    let said = told(&folder, &["store", "check"]).held();
    assert!(said.contains("asked about a number that nobody has"), "{said}");
    for (what, steps, wanted) in [
        ("records about nobody", ok(of_somebody.as_bytes()), "has records about a number that nobody has"),
        ("another person", ok(json!({"citizen_number": somebody}).to_string().as_bytes()), "the store `own`: "),
        ("no JSON", ok(CANARY.as_bytes()), "the store `own`: "),
        ("a reset", vec![Step::Reset], "the store `own`: "),
    ] {
        service.answers(move |_| steps.clone());
        let said = told(&folder, &["store", "check"]).failed(1);
        assert!(said.contains(wanted) && !said.contains(&somebody) && !said.contains(CANARY), "{what}: {said}");
    }
    assert!(service.asked().iter().all(|asked| asked.body["citizen_number"] == NOBODY));
}

#[test]
fn the_description_of_the_interface_has_the_routes_of_the_configuration() {
    let post = ROUTE
        .replacen("name = \"report\"", "name = \"report-by-body\"", 1)
        .replacen(
            "method = \"GET\"",
            "method = \"POST\"\nbody = '{\"id\": \"{citizen_number}\", \"of\": [1, \"x\"]}'",
            1,
        )
        .replacen("/reports/{citizen_number}?view=full", "/reports?view=full", 1)
        .replacen("headers =", "staff = { member = \"who\" }\ncase = { header = \"x-file\" }\nheaders =", 1);
    let statute = "\n[[route]]\nname = \"housing\"\nmethod = \"GET\"\npath = \"/housing/{citizen_number}\"\nscenario = \"public-rental-housing\"\nstore = \"reports\"\n\
                   map = \"report.toml\"\n\n[[route.member]]\nat = [\"lists\"]\nsource = \"lists\"\nfield = \"black_listed\"\n";
    let folder = before("http://127.0.0.1:9/", &format!("{ROUTE}{post}{statute}"));
    let text = told(&folder, &["openapi"]).held();
    let file = scratch::folder("described").join("openapi.json");
    std::fs::write(&file, &text).unwrap();
    assert!(command(python(), &["-m", "openapi_spec_validator", file.to_str().unwrap()]).held().contains("OK"));
    assert!(!text.contains("x-report-version"), "a header of the store's is told");
    let described: Value = serde_json::from_str(&text).unwrap();
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.contains_key("/v1/queries"));
    let get = &paths["/reports/{citizen_number}"]["get"];
    assert_eq!(get["operationId"], "route-report");
    assert_eq!(get["x-scenario"], "commercial-loan");
    let parameter = |of: &Value, name: &str| {
        let all = of["parameters"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}: {of}")).clone()
    };
    assert_eq!(parameter(get, "citizen_number")["in"], "path");
    assert_eq!(parameter(get, "view")["schema"], json!({"const": "full"}));
    assert_eq!(parameter(get, "credit-operator")["required"], true);
    assert_eq!(parameter(get, "credit-case")["required"], false, "a scenario on consent has no case");
    assert_eq!(parameter(&paths["/housing/{citizen_number}"]["get"], "credit-case")["required"], true);
    let answer = &get["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["properties"]["score"]["properties"]["value"]["x-field"], "score_band");
    assert_eq!(answer["additionalProperties"], false);
    let entry = &answer["properties"]["overdue"]["items"]["properties"];
    let members: BTreeSet<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.into_iter().collect::<Vec<_>>(), ["amount", "at", "bank", "no", "note", "rate", "since"]);
    let post = &paths["/reports"]["post"];
    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["required"], json!(["id", "of", "who"]));
    assert_eq!(body["properties"]["of"]["prefixItems"], json!([{"const": 1}, {"const": "x"}]));
    assert_eq!(parameter(post, "x-file")["in"], "header");
    // Without routes it is what is committed.
    let plain: Value = serde_json::from_str(&told(&Folder::new(), &["openapi"]).held()).unwrap();
    let committed: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    assert_eq!(plain, committed);
}

//! `docs/openapi.json`: served as committed, true to the tables of codes and scenarios, its examples do what they
//! promise, and schemathesis finds nothing.

use std::{collections::BTreeSet, process::Stdio};

use credit_gateway::for_tests::status;
use credit_policy::{Catalogue, Code, Ground, Language, catalogue, consent::Bound};
use credit_tests::{Ended, binaries, command, plain, scratch, shared, tools::python};
use serde_json::{Value, json};

use super::{read, repository};

const FILE: &str = "docs/openapi.json";

fn document() -> Value {
    serde_json::from_str(&read(FILE)).unwrap()
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn what_is_served_is_what_is_committed() {
    let reply = plain(shared().folder().port_base() + 3, "GET", "/openapi.json");
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(reply.text(), read(FILE));
}

#[test]
fn it_is_a_sound_document_and_its_examples_are_of_their_schemas() {
    let file = repository(FILE);
    let file = file.to_str().unwrap();
    assert!(command(python(), &["-m", "openapi_spec_validator", file]).held().contains("OK"));
    let script = repository("tests/tests/whole/documents/examples.py");
    let checked: usize = command(python(), &[script.to_str().unwrap(), file]).held().trim().parse().unwrap();
    assert!(checked >= 25, "{checked}");
}

#[test]
fn every_code_stands_under_its_status_and_no_other_does() {
    let document = document();
    let responses = document["components"]["responses"].as_object().unwrap();
    let mut told = BTreeSet::new();
    for response in responses.values() {
        let schema = &response["content"]["application/problem+json"]["schema"]["properties"];
        for code in words(&schema["code"]["enum"]) {
            assert!(told.insert((code.to_owned(), schema["status"]["const"].as_u64().unwrap())), "{code} stands twice");
        }
    }
    let held: BTreeSet<_> =
        Code::ALL.iter().map(|code| (code.as_str().to_owned(), u64::from(status(*code).as_u16()))).collect();
    assert_eq!(told, held);
    let schemas = &document["components"]["schemas"];
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words(&schemas["Code"]["enum"]), codes);
    let bounds: BTreeSet<_> = Bound::ALL.iter().map(|bound| bound.as_str()).collect();
    assert_eq!(words(&schemas["Problem"]["properties"]["bound"]["enum"]), bounds);
}

#[test]
fn an_operation_that_answers_with_a_status_has_the_response_of_that_status() {
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (status, response) in operations.as_object().unwrap().values().flat_map(|operation| {
            operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.as_str() != "200")
        }) {
            let name = response["$ref"].as_str().unwrap().rsplit_once('/').unwrap().1;
            let shared = &document["components"]["responses"][name];
            let of = &shared["content"]["application/problem+json"]["schema"]["properties"]["status"]["const"];
            assert_eq!(of.to_string(), *status, "{path} {name}");
        }
    }
}

#[test]
fn the_scenarios_are_those_of_the_catalogue_that_institutions_may_use() {
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let doors: Vec<_> = catalogue
        .scenarios()
        .into_iter()
        .filter(|scenario| matches!(scenario.ground(), Ground::Consent | Ground::Statute))
        .collect();
    let schema = document()["components"]["schemas"]["Query"]["properties"]["scenario"].take();
    let named: BTreeSet<_> = doors.iter().map(|scenario| scenario.name().as_str()).collect();
    assert_eq!(words(&schema["anyOf"][0]["enum"]), named);
    let told = schema["description"].as_str().unwrap();
    for scenario in doors {
        let fields: Vec<_> = scenario.fields().iter().map(|field| format!("`{field}`")).collect();
        let (zh, en) = (scenario.title(Language::Zh), scenario.title(Language::En));
        let ground = scenario.ground().as_str();
        let row = format!("| `{}` | {zh} · {en} | {ground} | {} |", scenario.name(), fields.join(" "));
        assert!(told.lines().any(|line| line == row), "this row is not in the table of scenarios: {row}");
    }
}

/// A consent of the demo's first `clean` person for its bank.
fn consent(scenario: &str) -> String {
    let folder = shared().folder();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (path("consent-authority.jwk"), path("institutions/bank.pem"));
    let arguments = ["consent", "issue", "--key", &key, "--certificate", &certificate, "--scenario", scenario];
    let mut issue = std::process::Command::new(binaries::credit_gateway());
    let mut issue = issue.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = issue.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, folder.person("clean", 0).as_bytes()).unwrap();
    drop(input);
    String::from_utf8(issue.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn a_request_of_the_examples_gets_the_response_of_its_name() {
    let document = document();
    let folder = shared().folder();
    for (path, more) in [("/v1/queries", 11), ("/v1/revocations", 2)] {
        let operation = &document["paths"][path]["post"];
        let requests = operation["requestBody"]["content"]["application/json"]["examples"].as_object().unwrap();
        assert!(requests.len() >= more, "{path}");
        for (name, request) in requests {
            let (status, expected) = promised(&document, operation, name);
            let token = request["x-consent"].as_str().map(|scenario| format!("Bearer {}", consent(scenario)));
            let headers: Vec<_> = token.iter().map(|token| ("authorization", token.as_str())).collect();
            let headers = [&headers[..], &[("content-type", "application/json"), ("accept-language", "en")]].concat();
            let caller = folder.caller(request["x-asked-by"].as_str().unwrap());
            let reply = caller.send(hyper::Method::POST, path, &headers, request["value"].to_string());
            assert_eq!(reply.status.as_u16().to_string(), status, "{name}: {}", reply.text());
            // Ids, times and places in the log differ; what is told does not.
            for member in ["scenario", "data", "marks", "code", "title", "status", "jti", "revoked"] {
                assert_eq!(reply.json()[member], expected[member], "{name}: {member}");
            }
            let (told, expected) = (reply.json(), expected.as_object().unwrap().keys().cloned());
            assert_eq!(told.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }
}

/// Status and body of the response example with that name.
fn promised(document: &Value, operation: &Value, name: &str) -> (String, Value) {
    let responses = operation["responses"].as_object().unwrap();
    let found = responses.iter().find_map(|(status, response)| {
        let shared = response["$ref"].as_str().map(|path| document.pointer(&path[1..]).unwrap());
        let content = shared.unwrap_or(response)["content"].as_object()?.values().next()?;
        Some((status.clone(), content["examples"].get(name)?["value"].clone()))
    });
    found.unwrap_or_else(|| panic!("no response has an example `{name}`"))
}

/// The checks that issue 4 names.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method";

/// schemathesis with an institution's certificate on a document at some place.
fn schemathesis(document: &str, institution: &str, phases: &str) -> Ended {
    let folder = shared().folder();
    let path = |name: String| folder.join(&name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (
        path("ca.pem".to_owned()),
        path(format!("institutions/{institution}.pem")),
        path(format!("institutions/{institution}.key")),
    );
    let url = format!("https://localhost:{}", folder.port_base());
    // It leaves a folder where it runs.
    let program = format!("cd {} && exec \"$@\"", scratch::folder("schemathesis").display());
    let python = python();
    let mut arguments = vec!["-c", &program, "sh", python.to_str().unwrap(), "-m", "schemathesis.cli", "run", document];
    arguments.extend(["--url", &url, "--tls-verify", &ca, "--request-cert", &cert, "--request-cert-key", &key]);
    arguments.extend(["--checks", CHECKS, "--seed", "1", "--generation-database", "none", "--max-examples", "15"]);
    arguments.extend(["--phases", phases, "--no-color", "--no-shrink", "--max-time", "15"]);
    command("sh", &arguments)
}

#[test]
fn schemathesis_finds_nothing_whoever_asks() {
    let document = format!("http://127.0.0.1:{}/openapi.json", shared().folder().port_base() + 3);
    // The bank of the issue is refused everything without a consent; the others are answered too.
    for institution in ["bank", "housing", "authority"] {
        let said = schemathesis(&document, institution, "examples,coverage,fuzzing,stateful").held();
        let passed = said.split(" generated, ").nth(1).and_then(|rest| rest.split(' ').next());
        let passed: u32 = passed.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{said}"));
        // How many there are in its 15 seconds, depends on what else the machine does.
        assert!(passed >= 60 && said.contains("Tested: 4"), "{said}");
    }
}

#[test]
fn schemathesis_finds_what_a_document_keeps_silent_about() {
    let mut document = document();
    let responses = document["paths"]["/v1/queries"]["post"]["responses"].as_object_mut().unwrap();
    responses.remove("400").unwrap();
    document["components"]["schemas"]["Query"]["properties"]["operator"] = json!({"type": "integer"});
    let file = scratch::folder("silent").join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let ended = schemathesis(file.to_str().unwrap(), "housing", "examples");
    assert!(ended.code == Some(1) && ended.out.contains("Undocumented status code"), "{ended:?}");
}

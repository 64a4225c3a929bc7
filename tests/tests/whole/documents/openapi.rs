//! `docs/openapi.json`: served as committed, true to the tables of codes and scenarios, its examples do what they
//! promise, and schemathesis finds nothing.

use std::{collections::BTreeSet, process::Stdio};

use credit_gateway::for_tests::status;
use credit_policy::{Catalogue, Code, Ground, Language, catalogue, consent::Bound};
use credit_tests::{
    Ended, Folder, Gateway, binaries, command, plain, scratch, shared,
    tools::{node_script, python},
};
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
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/json; charset=utf-8")));
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

/// What redocly's linter says of a document.
fn lint(document: &Value) -> String {
    let file = scratch::folder("lint").join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let script = node_script("lint.mjs", include_str!("lint.mjs"));
    command("node", &[script.as_os_str(), file.as_os_str()]).held()
}

#[test]
fn a_linter_finds_nothing_in_it_and_something_in_a_worse_one() {
    let mut document = document();
    assert_eq!(lint(&document), "");
    document["paths"]["/v1/queries"]["post"]["operationId"] = "receipt".into();
    document["paths"]["/v1/revocations"]["post"]["responses"] = json!({"200": {"$ref": "#/components/responses/None"}});
    let found = lint(&document);
    assert!(found.contains("operation-operationId-unique") && found.contains("no-unresolved-refs"), "{found}");
}

#[test]
fn every_code_stands_under_its_status_and_no_other_does() {
    let document = document();
    let responses = document["components"]["responses"].as_object().unwrap();
    let mut told = BTreeSet::new();
    for response in responses.values() {
        for code in words(&response["x-codes"]) {
            assert!(told.insert((code.to_owned(), response["x-status"].as_u64().unwrap())), "{code} stands twice");
        }
    }
    let held: BTreeSet<_> =
        Code::ALL.iter().map(|code| (code.as_str().to_owned(), u64::from(status(*code).as_u16()))).collect();
    assert_eq!(told, held);
    let schemas = &document["components"]["schemas"];
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words(&schemas["Code"]["examples"]), codes);
    let bounds: BTreeSet<_> = Bound::ALL.iter().map(|bound| bound.as_str()).collect();
    assert_eq!(words(&schemas["Problem"]["properties"]["bound"]["examples"]), bounds);
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
            assert_eq!(shared["x-status"].to_string(), *status, "{path} {name}");
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
    assert_eq!(words(&schema["examples"]), named);
    let told = schema["description"].as_str().unwrap();
    for scenario in doors {
        let fields: Vec<_> = scenario.fields().iter().map(|field| format!("`{field}`")).collect();
        let (zh, en) = (scenario.title(Language::Zh), scenario.title(Language::En));
        let ground = scenario.ground().as_str();
        let row = format!("| `{}` | {zh} · {en} | {ground} | {} |", scenario.name(), fields.join(" "));
        assert!(told.lines().any(|line| line == row), "this row is not in the table of scenarios: {row}");
    }
}

/// Field, title, type, unit, values and null of each row of a table of fields.
fn rows_of_fields(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").take(6).collect()).collect()
}

#[test]
fn every_field_has_the_unit_values_and_null_of_the_catalogue() {
    let document = document();
    let said = document["components"]["schemas"]["Data"]["description"].as_str().unwrap();
    // `docs/fields.md` is what the catalogue makes; a test of the policy holds that.
    let page = read("docs/fields.md");
    let (said, fields) = (rows_of_fields(said), rows_of_fields(&page));
    assert!(fields.len() > 90 && fields.iter().all(|row| row.len() == 6), "{fields:?}");
    for row in &fields {
        assert!(
            said.contains(row),
            "schema Data of {FILE} has not the first six cells of this row of docs/fields.md: {row:?}"
        );
    }
    assert_eq!(said.len(), fields.len());
}

/// Whether a schema lists the only values that there may be.
fn is_closed(node: &Value) -> bool {
    match node {
        Value::Object(members) => {
            ["enum", "const"].iter().any(|word| members.contains_key(*word)) || members.values().any(is_closed)
        }
        Value::Array(nodes) => nodes.iter().any(is_closed),
        _ => false,
    }
}

/// Later releases add members, codes and scenarios, so a strict client of today must take what it does not know.
#[test]
fn what_is_answered_is_open_and_what_is_asked_is_closed() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let closed = schemas.iter().filter(|(_, schema)| schema["additionalProperties"] == false).map(|(name, _)| name);
    let asked = ["Query", "OnBehalf", "Revocation", "Case", "CaseDecision", "Appointment", "Feedback"];
    let asked = asked.into_iter().chain(["Repair", "RepairRevocation", "Decision", "NoticesGiven"]);
    assert!(closed.eq(asked));
    for (name, schema) in schemas {
        assert!(!is_closed(schema), "{name} lists the only values that there may be");
    }
    assert_eq!(schemas["Record"]["additionalProperties"], true);
    // Generators make types of several kinds at once wrong, and names of the title's first letters.
    assert!(schemas["Value"].as_object().unwrap().keys().eq(["description"]));
    assert!(document["info"]["title"].as_str().unwrap().starts_with("Credit query gateway"));
}

/// Objects with members that stand within another schema or an operation.
fn nameless(node: &Value, depth: usize, found: &mut Vec<String>) {
    if let Value::Object(members) = node {
        let inline = members.get("properties").is_some_and(Value::is_object) || members.contains_key("allOf");
        if inline && depth > 0 {
            found.push(node.to_string());
        }
        members.values().for_each(|node| nameless(node, depth + 1, found));
    } else if let Value::Array(nodes) = node {
        nodes.iter().for_each(|node| nameless(node, depth + 1, found));
    }
}

/// A schema that stands in another would get a name of the generator's choice, which changes with the document.
#[test]
fn every_object_of_the_interface_has_a_name() {
    let mut document = document();
    let mut found = Vec::new();
    for schema in document["components"]["schemas"].take().as_object().unwrap().values() {
        nameless(schema, 0, &mut found);
    }
    nameless(&document, 1, &mut found);
    assert_eq!(found, Vec::<String>::new());
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
    for (path, more) in [
        ("/v1/queries", 11),
        ("/v1/revocations", 2),
        ("/v1/cases", 2),
        ("/v1/cases/decisions", 1),
        ("/v1/repairs", 2),
        ("/v1/repairs/revocations", 1),
        ("/v1/objections/decisions", 1),
        ("/v1/notices/acknowledgements", 1),
    ] {
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
            for member in ["scenario", "data", "marks", "code", "title", "status", "jti", "revoked", "recorded"] {
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
fn schemathesis(folder: &Folder, document: &str, institution: &str, phases: &str, more: &[&str]) -> Ended {
    let path = |name: String| folder.join(&name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (
        path("ca.pem".to_owned()),
        path(format!("institutions/{institution}.pem")),
        path(format!("institutions/{institution}.key")),
    );
    let url = format!("https://localhost:{}", folder.port_base());
    // It leaves a folder where it runs.
    let (place, hooks) = (scratch::folder("schemathesis"), repository("tests/tools"));
    let hooks = format!("PYTHONPATH={} SCHEMATHESIS_HOOKS=schemathesis_hooks", hooks.display());
    let program = format!("cd {} && {hooks} exec \"$@\"", place.display());
    let python = python();
    let mut arguments = vec!["-c", &program, "sh", python.to_str().unwrap(), "-m", "schemathesis.cli", "run", document];
    arguments.extend(["--url", &url, "--tls-verify", &ca, "--request-cert", &cert, "--request-cert-key", &key]);
    arguments.extend(["--checks", CHECKS, "--seed", "1", "--generation-database", "none", "--max-examples", "15"]);
    arguments.extend(["--phases", phases, "--no-color", "--no-shrink", "--max-time", "15"]);
    arguments.extend(more);
    command("sh", &arguments)
}

#[test]
fn schemathesis_finds_nothing_whoever_asks() {
    // Its own gateway: so many refusals share leaves, and those of other tests would too.
    let gateway = Gateway::serve(Folder::new());
    let document = format!("http://127.0.0.1:{}/openapi.json", gateway.folder().port_base() + 3);
    // The bank of the issue is refused everything without a consent; the others are answered too.
    for institution in ["bank", "housing", "authority"] {
        let phases = "examples,coverage,fuzzing,stateful";
        let without = ["--exclude-operation-id", BATCH];
        let said = schemathesis(gateway.folder(), &document, institution, phases, &without).held();
        let passed = said.split(" generated, ").nth(1).and_then(|rest| rest.split(' ').next());
        let passed: u32 = passed.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{said}"));
        // How many there are in its 15 seconds, depends on what else the machine does.
        assert!(passed >= 60 && said.contains("Tested: 14"), "{said}");
    }
}

/// A batch of any text is one: what is wrong with a line stands in its line.
const BATCH: &str = "askBatch";

#[test]
fn schemathesis_finds_nothing_about_batches() {
    let gateway = Gateway::serve(Folder::new());
    let document = format!("http://127.0.0.1:{}/openapi.json", gateway.folder().port_base() + 3);
    let without = "negative_data_rejection";
    let only = ["--include-operation-id", BATCH, "--exclude-checks", without, "--max-time", "5"];
    let said = schemathesis(gateway.folder(), &document, "housing", "examples,coverage,fuzzing", &only).held();
    assert!(said.contains("Tested: 1"), "{said}");
}

#[test]
fn schemathesis_finds_what_a_document_keeps_silent_about() {
    let mut document = document();
    let responses = document["paths"]["/v1/queries"]["post"]["responses"].as_object_mut().unwrap();
    responses.remove("400").unwrap();
    document["components"]["schemas"]["Query"]["properties"]["operator"] = json!({"type": "integer"});
    let file = scratch::folder("silent").join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let gateway = Gateway::serve(Folder::new());
    let ended = schemathesis(gateway.folder(), file.to_str().unwrap(), "housing", "examples", &[]);
    assert!(ended.code == Some(1) && ended.out.contains("Undocumented status code"), "{ended:?}");
}

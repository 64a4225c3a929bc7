//! Clients that generators make of `docs/openapi.json`: they are right under strict settings and read whole answers.

use std::ffi::OsString;

use credit_tests::{command, command_reading, query::look_up, scratch, shared, tools};
use serde_json::{Value, json};

use super::{read, repository};
use crate::{client_programs::pkcs12, faults::is_full};

/// An answer with values of several types, and a refusal.
fn replies() -> (Value, Value) {
    let folder = shared().folder();
    let caller = folder.caller("housing");
    let mut answer = caller.ask(&look_up(&folder.person("clean", 3))).json();
    // Of other scenarios: a number, a text, a day, a list, and what is not known.
    for (name, value) in [
        ("credit_amount", json!(1169)),
        ("score_band", json!("A")),
        ("tax_offence_latest", json!("2026-11-01")),
        ("insurance_policies", json!(["life"])),
        ("job", Value::Null),
    ] {
        answer["data"][name] = value;
    }
    (answer, caller.ask(&json!({"scenario": "curiosity", "operator": "staff-0017"})).json())
}

#[test]
fn a_client_of_openapi_python_client_reads_answers_and_refusals() {
    let (answer, refusal) = replies();
    let script = repository("tests/tests/whole/documents/generated.py");
    let arguments = [script, repository("docs/openapi.json"), scratch::folder("generated")];
    let said = command_reading(tools::python(), &arguments, &json!([answer, refusal]).to_string()).held();
    assert_eq!(said, "read\n");
}

/// Those of openapi-generator ask the demo too, with nothing but what they send by themselves. In the short form the
/// document is held to what they need: values without a type, which they would read as another, and lists that they may
/// send empty.
#[test]
fn clients_of_openapi_generator_ask_and_read_answers_and_refusals() {
    let document: Value = serde_json::from_str(&read("docs/openapi.json")).unwrap();
    // Generators name their package after it.
    assert!(document["info"]["title"].as_str().unwrap().is_ascii());
    let schemas = &document["components"]["schemas"];
    assert!(schemas["Answer"]["properties"]["data"]["additionalProperties"].get("type").is_none());
    assert!(schemas["Query"]["properties"]["fields"].get("minItems").is_none());
    if !is_full() {
        return;
    }
    let (folder, (answer, refusal)) = (shared().folder(), replies());
    let input = json!([answer, refusal, look_up(&folder.person("clean", 4))]).to_string();
    let own = |name: &str| repository("tests/tests/whole/documents").join(name).into_os_string();
    let generated = || scratch::folder("generated").into_os_string();
    let (jar, document) =
        (tools::openapi_generator().into_os_string(), repository("docs/openapi.json").into_os_string());
    let python = [tools::python().into(), own("generated_openapi.py"), jar.clone(), document.clone(), generated()];
    let java = ["bash".into(), own("generated_java.sh"), jar, document, generated(), own("Generated.java")];
    for client in [&python[..], &java] {
        let mut arguments = vec![
            OsString::from(format!("CREDIT_URL=https://localhost:{}", folder.port_base())),
            format!("CREDIT_DIR={}", folder.path().display()).into(),
            format!("CREDIT_PKCS12={}", pkcs12(folder).display()).into(),
        ];
        arguments.extend_from_slice(client);
        assert_eq!(command_reading("env", &arguments, &input).held(), "read\n", "{client:?}");
    }
}

/// The compiler holds the replies against the types.
#[test]
fn the_types_of_openapi_typescript_are_strictly_right_and_fit_answers_and_refusals() {
    let (answer, refusal) = replies();
    let program = |answer: &Value| {
        format!(
            "import type {{ components, operations }} from './schema';\n\
             export const answer: components['schemas']['Answer'] = {answer};\n\
             export const refusal: components['schemas']['Problem'] = {refusal};\n\
             export const asked: operations['ask']['requestBody']['content']['application/json'] =\n\
               {{ scenario: 'a-scenario-of-later', operator: 'staff-0017' }};\n"
        )
    };
    let script = tools::node_script("answer.ts", &program(&answer));
    let folder = script.parent().unwrap();
    let tool = |name: &str| folder.join("node_modules/.bin").join(name);
    let (document, schema) = (repository("docs/openapi.json"), folder.join("schema.ts"));
    drop(command(tool("openapi-typescript"), &[document.as_os_str(), "-o".as_ref(), schema.as_os_str()]).held());
    let check = || command(tool("tsc"), &["--strict".as_ref(), "--noEmit".as_ref(), script.as_os_str()]);
    assert_eq!(check().held(), "");
    let mut wrong = answer;
    wrong.as_object_mut().unwrap().remove("data").unwrap();
    std::fs::write(&script, program(&wrong)).unwrap();
    assert!(check().out.contains("TS2741"), "an answer without its data is none");
}

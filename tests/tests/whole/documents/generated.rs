//! Clients that generators make of `docs/openapi.json`: they are right under strict settings and read whole answers.

use credit_tests::{command, command_reading, query::look_up, scratch, shared, tools};
use serde_json::{Value, json};

use super::repository;

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

//! The public door: what a statute publishes, to who knows name and number; for all else one answer.

use std::time::{Duration, Instant};

use credit_tests::{Folder, Leaf, Reply, audit};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Browser, gateway};

/// Answers leave at the end of such a span.
const SPAN: Duration = Duration::from_millis(250);

const NOTHING: &str = r#"{"published":false}"#;

fn ask(browser: &Browser, body: &str) -> Reply {
    let headers = [("content-type", "application/json"), ("accept", "application/json"), ("accept-language", "en")];
    browser.send(Method::POST, "/public/disclosures", &headers, body)
}

fn named(name: &str, number: &str) -> String {
    json!({"name": name, "number": number}).to_string()
}

/// The name that the store has, as the person sees it.
fn name(folder: &Folder, number: &str, service: &super::Service) -> String {
    service.person(number);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    browser.json("/me/report").json()["data"]["name"].as_str().unwrap().to_owned()
}

/// The queries of anyone.
fn queries(folder: &Folder) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.json["inputs"]["kind"] == "public").collect()
}

#[test]
fn for_all_that_is_not_published_there_is_one_answer_in_bytes_and_time() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (listed, clean) = (folder.person("black-listed", 0), folder.person("clean", 0));
    let (of_listed, of_clean) = (name(folder, &listed, &service), name(folder, &clean, &service));
    let anyone = Browser::new(folder);
    assert_eq!(anyone.get("/public/disclosures").status, StatusCode::METHOD_NOT_ALLOWED);
    for wrong in ["", r#"{"name":"x","number":"y","more":1}"#] {
        assert_eq!(ask(&anyone, wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let mut seen = Vec::new();
    for (what, body) in [
        ("another name", named("张三", &listed)),
        ("no name", named("", &listed)),
        ("nobody of the list", named(&of_clean, &clean)),
        ("a number of nobody", named(&of_listed, "990001199003071012")),
        ("a minor", named("张三", &folder.person("minor", 0))),
        ("no number", named(&of_listed, "990001199003071011")),
    ] {
        let begun = Instant::now();
        let reply = ask(&anyone, &body);
        assert!(begun.elapsed() >= SPAN, "{what}: it came before the span was over");
        assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, NOTHING), "{what}");
        let mut headers: Vec<_> = reply.headers.iter().filter(|(name, _)| *name != "date").collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        seen.push(format!("{headers:?}"));
    }
    assert!(seen.iter().all(|headers| *headers == seen[0]), "{seen:?}");
    assert_eq!(queries(folder).len(), 5, "what names somebody is on the record");

    let begun = Instant::now();
    let reply = ask(&anyone, &named(&of_listed, &listed));
    assert!(begun.elapsed() >= SPAN, "it takes as long");
    let told: Value = reply.json();
    assert_eq!((&told["published"], &told["list"]), (&json!(true), &json!("black-list")), "{}", reply.text());
    assert!(!reply.text().contains(&listed) && !reply.text().contains(&of_listed), "{}", reply.text());
    assert!(told["number"].as_str().unwrap().contains('*') && told["name"].as_str().unwrap().contains('*'));
    let refused: Vec<_> = queries(folder).into_iter().filter(|leaf| leaf.json.get("code").is_some()).collect();
    assert_eq!(refused.iter().map(|leaf| leaf.text("code")).collect::<Vec<_>>(), ["subject-minor"]);
    let mut leaves = queries(folder);
    leaves.retain(|leaf| leaf.json.get("code").is_none());
    let lengths: Vec<_> = leaves.iter().map(|leaf| leaf.json.to_string().len()).collect();
    assert!(lengths.iter().all(|length| *length == lengths[0]), "a leaf tells by its length: {lengths:?}");
    for leaf in &leaves {
        assert_eq!((leaf.text("outcome"), &leaf.json["ground"]), ("answered", &json!({"public": true})));
        for key in ["institution", "seq", "operator", "certificate", "actor"] {
            assert!(leaf.json.get(key).is_none(), "{key}");
        }
        assert!(!leaf.json.to_string().contains(&listed));
    }
    // The person sees that it was asked.
    service.person(&listed);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let list = browser.json("/me/queries").json()["list"]["entries"].clone();
    assert_eq!(list[0]["ground"], "public");
    assert!(list[0]["says"].as_str().unwrap().starts_with("Somebody at the public door"), "{list}");
    assert!(browser.get("/me/queries").text().contains("The public door"));

    // Ten a minute from one address, whatever they were.
    let replies: Vec<_> = (0..3).map(|_| ask(&anyone, &named("x", &clean)).status.as_u16()).collect();
    assert_eq!(replies, [200, 429, 429]);
    assert_eq!(queries(folder).len(), 7, "what is over the limit makes no record");
    let folder = gateway.stop();
    let (log, vkey, catalogue) = (folder.log(), folder.log().join("log.vkey"), folder.join("catalogue"));
    let [log, vkey, catalogue] = [&log, &vkey, &catalogue].map(|path| path.to_str().unwrap());
    drop(credit_tests::gateway(&["policy", "export", catalogue]).held());
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", catalogue]).held());
}

//! The officers' pages: who may look, what is found, that each look is on the record; and a real browser.

use std::time::Duration;

use credit_audit::{merkle::leaf_hash, proof::Proof};
use credit_tests::{
    Folder, Gateway, Reply, checked, each,
    query::{look_up, look_up_under, with},
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{at_door, command, of_kind};
use crate::faults::within;

/// What a program is told.
pub(super) fn seen(folder: &Folder, path: &str) -> Value {
    let reply = at_door(folder, "officer").get(path);
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

pub(super) fn page(folder: &Folder, path: &str, language: &str) -> Reply {
    let headers = [("accept", "text/html"), ("accept-language", language)];
    at_door(folder, "officer").send(Method::GET, path, &headers, "")
}

/// The ids of the queries that a list shows.
fn listed(folder: &Folder, restricted: &str) -> Vec<String> {
    let found = seen(folder, &format!("/officers/queries?{restricted}"));
    let queries = found["queries"].as_array().unwrap().iter();
    queries.map(|query| query["query"].as_str().unwrap().to_owned()).collect()
}

fn id(reply: &Reply) -> String {
    reply.json()["receipt"]["query"].as_str().or(reply.json()["query"].as_str()).unwrap().to_owned()
}

/// Looks until the index has taken in all of them.
pub(super) fn until_listed(folder: &Folder, queries: usize) {
    let all = || listed(folder, "").len() >= queries;
    assert!(within(Duration::from_secs(10), all), "the index does not take them in");
}

#[test]
fn who_is_no_officer_or_auditor_sees_nothing_and_each_look_is_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    let one = format!("/officers/queries/{}", id(&reply));
    until_listed(folder, 1);
    let recorded = [
        "/officers/queries",
        "/officers/consents",
        "/officers/objections",
        "/officers/coverage",
        "/officers/statistics",
        "/officers/report",
        one.as_str(),
    ];
    let others = ["/officers", "/officers/alarms", "/officers/log", "/officers/reviews", "/officers/institutions"];
    let paths = [&others[..], &recorded].concat();
    let looks = of_kind(folder, "read").len();
    for path in &paths {
        for who in ["housing", "bank", "authority"] {
            assert_eq!(at_door(folder, who).get(path).status, StatusCode::FORBIDDEN, "{who} {path}");
        }
        let posted = at_door(folder, "officer").send(Method::POST, path, &[], "").status;
        // Some are acted at: nothing is what no form asks for.
        let is_refused = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::UNSUPPORTED_MEDIA_TYPE].contains(&posted);
        assert!(is_refused, "{path}: {posted}");
    }
    assert_eq!(of_kind(folder, "read").len(), looks, "who was refused has read nothing");
    for who in ["officer", "supervisor"] {
        for path in &paths {
            assert_eq!(at_door(folder, who).get(path).status, StatusCode::OK, "{who} {path}");
        }
    }
    let read = || {
        let leaves = of_kind(folder, "read").split_off(looks);
        leaves.iter().map(|leaf| leaf.text("path").to_owned()).collect::<Vec<_>>()
    };
    let expected = [recorded, recorded].concat().into_iter().map(|path| &path[1..]).collect::<Vec<_>>();
    assert!(within(Duration::from_secs(5), || read() == expected), "{:?}", read());
    drop(command(folder, &["institution", "suspend", "officer"]).held());
    for path in &paths {
        assert_eq!(at_door(folder, "officer").get(path).code(), "institution-suspended", "{path}");
    }
    drop(gateway.stop());
}

#[test]
fn a_list_is_restricted_by_what_it_is_asked_and_goes_on_page_by_page() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 1));
    let answered: Vec<String> =
        (0..55).map(|nr| id(&housing.ask(&look_up_under(&number, &format!("HZ-{nr:06}"))))).collect();
    let refused = housing.ask(&with(look_up(&number), "fields", json!(["score"])));
    checked::refusal(folder, "housing", &refused, 403, "field-not-allowed");
    let by_another = id(&housing.ask(&with(look_up(&number), "operator", "staff-9999")));
    until_listed(folder, 50);
    assert!(within(Duration::from_secs(10), || listed(folder, "").first() == Some(&by_another)));
    assert_eq!(listed(folder, "institution=housing&outcome=refused"), [id(&refused)]);
    assert_eq!(listed(folder, "outcome=field-not-allowed"), [id(&refused)]);
    assert_eq!(listed(folder, "institution=housing&operator=staff-9999"), [by_another]);
    assert_eq!(listed(folder, "institution=housing&case=HZ-000007"), [answered[7].clone()]);
    assert_eq!(listed(folder, "institution=bank&case=HZ-000007"), [""; 0]);
    assert_eq!(listed(folder, "scenario=public-rental-housing&outcome=answered").len(), 50);
    assert_eq!(listed(folder, "from=2100-01-01"), [""; 0]);
    assert_eq!(listed(folder, "to=2020-01-01"), [""; 0]);
    let first = seen(folder, "/officers/queries");
    let next = first["next"].as_u64().unwrap();
    let second = seen(folder, &format!("/officers/queries?before={next}"));
    let ids = |found: &Value| {
        let queries = found["queries"].as_array().unwrap().iter();
        queries.map(|query| query["query"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = [ids(&first), ids(&second)].concat();
    assert_eq!(all.len(), 57, "none twice and none left out");
    assert!(answered.iter().all(|one| all.contains(one)) && second["next"].is_null());
    each(
        ["from=x", "from=2026-02-30", "operator=staff-1", "case=HZ-1", "before=-1", "from=2026-01-01&from=2026-01-02"],
        |restricted| {
            let reply = at_door(folder, "officer").get(&format!("/officers/queries?{restricted}"));
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{restricted}");
        },
    );
    // A slip in a name or in an outcome is told, and not taken for a list of everything, or of nothing.
    for (path, english, chinese) in [
        (
            "queries?x=1&outcom=denied",
            "there is no parameter `x` `outcom` here; there are: `institution`",
            "此处没有参数 `x` `outcom`",
        ),
        (
            "queries?outcome=denied",
            "the outcome is answered, refused or the code of a refusal",
            "outcome 须为 answered、refused",
        ),
        ("consents?institution=bank", "there is no parameter `institution` here; there are: `lang`", "此处没有参数"),
        ("alarms?month=2026-11", "there is no parameter `month`", "此处没有参数"),
        ("coverage?from=2026-11-01", "there is no parameter `from` here; there are: `month` `lang`", "此处没有参数"),
        ("statistics?lang=en&lang=zh", "a parameter stands there twice", "同一参数只能出现一次"),
    ] {
        for (language, said) in [("en", english), ("zh", chinese)] {
            let path = format!("/officers/{path}");
            let reply = at_door(folder, "officer").send(Method::GET, &path, &[("accept-language", language)], "");
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
            assert!(reply.text().contains(said), "{path}: {}", reply.text());
        }
    }
    drop(gateway.stop());
}

#[test]
fn one_record_comes_with_its_proof_and_nothing_that_is_sealed_is_opened() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let reply = folder.caller("housing").ask(&look_up(&number));
    let leaf = checked::answer(folder, "housing", &reply);
    until_listed(folder, 1);
    let path = format!("/officers/queries/{}", id(&reply));
    let raw = at_door(folder, "officer").get(&path).text();
    let found: Value = serde_json::from_str(&raw).unwrap();
    assert!(raw.contains(std::str::from_utf8(&leaf.bytes).unwrap().trim_end()), "the leaf byte for byte");
    let proof = Proof::parse(found["proof"].as_str().unwrap()).unwrap();
    proof.verify(&leaf_hash(&leaf.bytes), &folder.vkey()).unwrap();
    assert_eq!(found["index"].as_u64(), Some(leaf.index));
    for language in ["zh", "en"] {
        let shown = page(folder, &path, language);
        assert_eq!(shown.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(shown.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert!(!shown.text().contains(&number), "{language}");
        let text = shown.text();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{language}: no {part}"));
        // In words, then what proves it, then the leaf.
        let proof = if language == "zh" { "<h2>证明" } else { "<h2>Proof" };
        let words = at("<dd><code>staff-0017</code></dd>")
            .max(at(&format!("<dd><code>{}</code></dd>", leaf.json["ground"]["case"].as_str().unwrap())));
        assert!(words < at(proof) && at(proof) < at("<dt><code>seq</code></dt>"), "{language}");
    }
    for (who, language, said) in [
        ("officer", "en", "<code>officer</code> · certificate until <time"),
        ("officer", "zh", "<code>officer</code> · 管理人员 · 证书有效至 <time"),
        ("supervisor", "en", "<code>supervisor</code> · certificate until <time"),
    ] {
        let headers = [("accept", "text/html"), ("accept-language", language)];
        for path in ["/officers", path.as_str(), "/officers/queries?from=x"] {
            let shown = at_door(folder, who).send(Method::GET, path, &headers, "").text();
            assert!(shown.contains(said), "{who} {language} {path}");
        }
    }
    let fault = page(folder, "/officers/queries?from=x&institution=housing&lang=en", "en");
    assert_eq!(fault.status, StatusCode::BAD_REQUEST);
    let text = fault.text();
    assert!(text.contains("role=\"alert\" id=\"wrong\"><strong>“From” is a day"), "it says which");
    assert!(text.contains("<option value=\"housing\" selected>"), "and keeps what was typed");
    let search = page(folder, "/officers/queries", "en").text();
    assert!(search.contains("<optgroup label=\"Refused: the person’s consent\"><option value=\"consent-required\">"));
    for none in ["/officers/queries/01920000-0000-7000-8000-000000000000", "/officers/queries/x"] {
        assert_eq!(at_door(folder, "officer").get(none).status, StatusCode::NOT_FOUND, "{none}");
    }
    let overview = seen(folder, "/officers");
    assert_eq!((&overview["stopped"], &overview["last"]["by_institution"]["housing"]), (&json!(false), &json!(1)));
    drop(command(folder, &["stop", "--reason", "drill"]).held());
    drop(command(folder, &["institution", "suspend", "bank", "--staff", "staff-7"]).held());
    assert_eq!(seen(folder, "/officers")["stopped"], true);
    let all = seen(folder, "/officers/institutions");
    let bank = all["institutions"].as_array().unwrap().iter().find(|one| one["id"] == "bank").unwrap().clone();
    assert_eq!((&bank["suspended"], &bank["suspended_parts"]), (&json!(false), &json!(["staff-7"])));
    assert!(page(folder, "/officers", "en").text().contains("Stopped: every query is refused."));
    drop(gateway.stop());
}

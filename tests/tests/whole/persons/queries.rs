//! Who asked: the list against the record itself, entry by entry; what the law withholds; the record of the list.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{Kek, KeyId, Ring};
use credit_tests::{
    Folder, Gateway, Reply, checked, gateway as command,
    query::{look_up, with},
    wire::members,
};
use hmac::{Hmac, KeyInit, Mac};
use hyper::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Browser, gateway};

/// The ids of a list.
pub(super) fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let list = reply.json()["list"]["entries"].clone();
    list.as_array().unwrap().iter().map(|entry| entry["query"].as_str().unwrap().to_owned()).collect()
}

/// What the log says, by the operator's keys: the queries about each person, newest first, that are neither exempt nor
/// deferred.
fn by_person(folder: &Folder) -> BTreeMap<String, Vec<String>> {
    let kek = Kek::from_key_file(&folder.join("keys/ring.key")).ok().unwrap();
    let ring = Ring::open(&folder.join("keys"), &kek).ok().unwrap();
    let decode = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for leaf in folder.leaves().iter().rev() {
        let hidden = leaf.json.get("scenario").is_some_and(|scenario| scenario == "supervision-inspection");
        if leaf.text("kind") != "query" || leaf.json.get("sealed").is_none() || hidden {
            continue;
        }
        let key = KeyId::parse(leaf.text("key")).unwrap();
        let commit: [u8; 32] = decode(&leaf.json["commit"]).try_into().unwrap();
        let origin = "credit-gateway.example/demo/r1";
        let opened = ring.unseal(&key, origin, leaf.text("id"), &decode(&leaf.json["sealed"]), &commit).ok().unwrap();
        let about = opened.disclose(|plain| serde_json::from_slice::<Value>(plain).unwrap()["number"].clone());
        found.entry(about.as_str().unwrap().to_owned()).or_default().push(leaf.text("id").to_owned());
    }
    found
}

/// Of one person.
pub(super) fn of_record(folder: &Folder, number: &str) -> Vec<String> {
    by_person(folder).remove(number).unwrap_or_default()
}

#[test]
fn the_list_is_the_record_entry_by_entry_and_says_what_each_is() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("clean", 0));
    let housing = folder.caller("housing");
    let answered = housing.ask(&look_up(&number));
    drop(checked::answer(folder, "housing", &answered));
    let refused = housing.ask(&with(look_up(&number), "fields", json!(["score"])));
    drop(checked::refusal(folder, "housing", &refused, 403, "field-not-allowed"));
    // About somebody else, and one whose notice the law does not require.
    drop(housing.ask(&look_up(&other)));
    let exempt = folder.caller("supervisor").ask(&with(look_up(&number), "scenario", "supervision-inspection"));
    drop(checked::answer(folder, "supervisor", &exempt));

    let browser = Browser::new(folder);
    drop(browser.log_in());
    drop(browser.json("/me/report"));
    let list = browser.json("/me/queries");
    assert_eq!(ids(&list), of_record(folder, &number));
    assert_eq!(ids(&list).len(), 3);
    let entries = list.json()["list"]["entries"].clone();
    assert_eq!((&entries[0]["ground"], entries[0].get("institution")), (&json!("self"), None));
    assert_eq!(
        (&entries[1]["institution"], &entries[1]["refused"]["code"]),
        (&json!("housing"), &json!("field-not-allowed"))
    );
    assert_eq!(entries[1]["asked"][0]["name"], "score");
    let why = "the scenario, or your consent, does not release a field that it asked for";
    assert_eq!(entries[1]["refused"]["title"], why, "in the person's words");
    assert_eq!((&entries[2]["notice"], &entries[2]["institution"]), (&json!("owed"), &json!("housing")));
    let says = entries[2]["says"].as_str().unwrap();
    assert!(
        says.starts_with("The institution “演示住房保障局” asked about you for “")
            && says.contains("was told the result of"),
        "{says}"
    );
    let page = browser.get("/me/queries");
    assert!(page.text().contains("<time datetime=") && page.text().contains(says.split('“').next().unwrap()));
    assert!(!page.text().contains("supervisor"));

    // The record of the list, and of the notices that it gave.
    let statement = list.json()["statement"].clone();
    let leaf = folder.leaf(statement["index"].as_u64().unwrap());
    assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "actor", "from", "to", "size", "digest", "key", "ids"]);
    assert_eq!(leaf.text("kind"), "statement");
    assert!(leaf.json["actor"]["person"].is_string());
    let opening = STANDARD.decode(statement["opening"].as_str().unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&opening).unwrap();
    let (_, shown) = members(&list.body).into_iter().find(|(name, _)| name == "list").unwrap();
    mac.update(shown.as_bytes());
    assert_eq!(leaf.text("digest"), STANDARD.encode(mac.finalize().into_bytes()));
    let notices: Vec<_> = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "notice").collect();
    assert_eq!(notices.len(), 1, "what was given is not given again");
    assert_eq!((notices[0].text("way"), &notices[0].json["count"]), ("portal", &json!(2)));
    assert_eq!(browser.json("/me/queries").json()["list"]["entries"][2]["notice"], "given");
    for leaf in folder.leaves() {
        assert!(!leaf.json.to_string().contains(&number));
    }
    // Made again from the log it says the same.
    let folder = gateway.stop();
    let config = folder.config();
    let run = |what: &str| command(&["index", what, "--config", config.to_str().unwrap()]);
    assert!(run("check").held().contains("agrees with the log"));
    assert!(run("rebuild").held().contains("made again"));
    assert!(run("check").held().contains("agrees with the log"));
}

#[test]
fn pages_go_on_where_the_one_before_ended_and_miss_nothing() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let housing = folder.caller("housing");
    for nr in 0..45 {
        let asked = with(look_up(&number), "case", format!("HZ-2026-{nr:06}"));
        drop(checked::answer(folder, "housing", &housing.ask(&asked)));
    }
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let first = browser.json("/me/queries");
    let cursor = first.json()["list"]["next"].as_str().unwrap().to_owned();
    let second = browser.json(&format!("/me/queries?cursor={cursor}"));
    assert_eq!(second.json()["list"].get("next"), None);
    let all = [ids(&first), ids(&second)].concat();
    assert_eq!(all, of_record(folder, &number));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 45);
    // The person goes on with it in another session too.
    let again = Browser::new(folder);
    drop(again.log_in());
    assert_eq!(ids(&again.json(&format!("/me/queries?cursor={cursor}"))), ids(&second));
    // A cursor of this person for other days, an altered one, one of another person.
    service.person(&folder.person("clean", 0));
    let stranger = Browser::new(folder);
    drop(stranger.log_in());
    let mut altered = cursor.clone().into_bytes();
    altered[3] ^= 1;
    let altered = String::from_utf8(altered).unwrap();
    let refused = |browser: &Browser, query: &str| {
        assert_eq!(browser.json(&format!("/me/queries?{query}")).status, StatusCode::BAD_REQUEST, "{query}");
    };
    refused(&browser, &format!("cursor={cursor}&from=2026-01-01"));
    refused(&browser, &format!("cursor={altered}"));
    refused(&browser, "cursor=0");
    refused(&browser, "from=yesterday");
    for (path, name) in [("queries?form=2026-01-01", "`form`"), ("objections?records=x", "`records`")] {
        let reply = browser.json(&format!("/me/{path}"));
        assert!(reply.status == StatusCode::BAD_REQUEST && reply.text().contains(name), "{path}: {}", reply.text());
    }
    refused(&browser, "from=2999-01-01");
    refused(&stranger, &format!("cursor={cursor}"));
    assert_eq!(ids(&browser.json("/me/queries?to=2020-01-01")), [""; 0]);
}

#[test]
fn under_another_key_the_index_is_made_again() {
    let (gateway, _service) = gateway();
    let number = gateway.folder().person("late", 0);
    drop(gateway.folder().caller("housing").ask(&look_up(&number)));
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    let before = ids(&browser.json("/me/queries"));
    let rotate = |folder: &Folder| command(&["keys", "rotate", "index", "--config", folder.config().to_str().unwrap()]);
    assert!(rotate(gateway.folder()).err.contains("stop it first"));
    let folder = gateway.stop();
    assert!(rotate(&folder).held().contains("makes it again"));
    // What was made under the key before is of no use to anybody.
    assert!(!folder.join("data/index.sqlite").exists());
    let gateway = Gateway::serve(folder);
    let again = Browser::new(gateway.folder());
    drop(again.log_in());
    assert_eq!((ids(&again.json("/me/queries")), before.len()), (before.clone(), 1));
    assert_eq!(before, of_record(gateway.folder(), &number));
}

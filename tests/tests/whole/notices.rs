//! A notice that was owed and was given: a record of its own, by whoever gave it, that names nobody in clear.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{Kek, KeyId, Ring};
use credit_tests::{
    Folder, Gateway, Reply, audit, checked, gateway,
    query::{look_up, with},
};
use serde_json::{Value, json};

fn id(reply: &Reply) -> String {
    reply.json()["query"].as_str().unwrap().to_owned()
}

fn give<'a>(folder: &Folder, way: &'a str, queries: &[&'a str]) -> credit_tests::Ended {
    let config = folder.config();
    let flags = ["notice", "give", "--config", config.to_str().unwrap(), "--way", way];
    gateway(&[&flags[..], queries].concat())
}

#[test]
fn a_notice_is_recorded_once_it_was_given_and_only_where_one_is_owed() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let (person, other) = (folder.person("clean", 0), folder.person("clean", 1));
    let housing = folder.caller("housing");
    let ask = |number: &str| {
        let reply = housing.ask(&look_up(number));
        assert_eq!(checked::answer(folder, "housing", &reply).text("notice"), "owed");
        id(&reply)
    };
    let (first, second, of_another) = (ask(&person), ask(&person), ask(&other));
    let inspected = folder.caller("supervisor").ask(&with(look_up(&person), "scenario", "supervision-inspection"));
    assert!(checked::answer(folder, "supervisor", &inspected).text("notice").starts_with("exempt by "));
    let refused = housing.ask(&with(look_up(&person), "operator", ""));
    let nobody = "019aa000-0000-7000-8000-000000000000";
    let before = folder.leaves().len();
    for (queries, message) in [
        (&[person.as_str()][..], "one of them is no id of a query"),
        (&[nobody], "no query `019aa000-0000-7000-8000-000000000000`"),
        (&[&first, &of_another], "another person"),
        (&[&first, &first], "named twice"),
        (&[&id(&inspected)], "no notice is owed"),
        (&[&id(&refused)], "no notice is owed"),
        (&[first.as_str(); 51], "1 to 50"),
    ] {
        let said = give(folder, "counter", queries).failed(1);
        assert!(said.contains(message) && !said.contains(&person), "{said}");
    }
    drop(give(folder, "portal", &[&first]).failed(64));
    assert_eq!(folder.leaves().len(), before, "nothing was recorded");

    let said = give(folder, "counter", &[&first, &second]).held();
    assert!(said.contains("\"queries\":2"), "{said}");
    drop(give(folder, "message", &[&of_another]).held());
    let leaves = folder.leaves();
    let notices: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "notice").collect();
    let [counter, message] = notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!(counter.keys(), ["v", "kind", "id", "at", "actor", "way", "count", "key", "ids"]);
    assert_eq!((counter.text("way"), &counter.json["count"]), ("counter", &json!(2)));
    assert_eq!((message.text("way"), &message.json["count"]), ("message", &json!(1)));
    assert!(counter.json["actor"]["account"].as_str().unwrap().starts_with("uid "));
    assert_eq!(counter.text("ids").len(), message.text("ids").len(), "its length says nothing");
    assert_eq!(opened(folder, counter), json!({"number": person, "ids": [first, second]}));
    for leaf in [counter, message] {
        let text = leaf.json.to_string();
        assert!([&first, &second, &of_another, &person, &other].iter().all(|said| !text.contains(said.as_str())));
    }
    // The query's own record does not change, and the log holds.
    assert!(leaves.iter().any(|leaf| leaf.text("id") == first && leaf.text("notice") == "owed"));
    let (log, vkey) = (folder.log(), folder.log().join("log.vkey"));
    drop(audit(&["verify", log.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()]).held());
}

/// What is sealed in a notice, by the ring that sealed it.
fn opened(folder: &Folder, leaf: &credit_tests::Leaf) -> Value {
    let kek = Kek::from_key_file(&folder.join("keys/ring.key")).unwrap();
    let ring = Ring::open(&folder.join("keys"), &kek).unwrap();
    let ids = STANDARD.decode(leaf.text("ids")).unwrap();
    let (commit, sealed) = ids.split_first_chunk().unwrap();
    let vkey = std::fs::read_to_string(folder.log().join("log.vkey")).unwrap();
    let origin = vkey.split('+').next().unwrap();
    let key = KeyId::parse(leaf.text("key")).unwrap();
    let plain = ring.unseal(&key, origin, &format!("{}/ids", leaf.text("id")), sealed, commit).unwrap();
    plain.disclose(|plain| serde_json::from_slice(plain).unwrap())
}

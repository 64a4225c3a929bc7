//! Uniform answers: who is asked about shows in nothing but the values that the scenario lists, neither in the answer nor
//! in its leaf nor in the length of either.

use std::{collections::BTreeMap, sync::LazyLock};

use credit_tests::{
    Folder, Gateway, Leaf, Reply, checked,
    query::{look_up_under, new_case},
    wire,
};

/// Members of an answer that differ from query to query, whoever is asked about.
const OF_THE_QUERY: [&str; 3] = ["query", "subject", "receipt"];

/// The keys of a leaf that may differ (formats.md §4; the issue).
const OPEN: [&str; 7] = ["id", "at", "seq", "subject", "answer", "sealed", "commit"];

/// One answer and its leaf for every note that is answered about, two persons each, all under one case.
fn asked() -> &'static [(String, Reply, Leaf)] {
    static ASKED: LazyLock<Vec<(String, Reply, Leaf)>> = LazyLock::new(|| {
        let gateway = Gateway::serve(Folder::new());
        let folder = gateway.folder();
        let caller = folder.caller("housing");
        let case = new_case();
        // So that `seq` and `index` have two digits from here on to the end.
        for number in 0..10 {
            drop(caller.ask(&look_up_under(&folder.person("clean", number), &new_case())));
        }
        let notes = [
            "clean",
            "repaired",
            "no-file",
            "expired",
            "late",
            "disputed",
            "black-listed",
            "grey-listed",
            "red-listed",
        ];
        let mut asked = Vec::new();
        for note in notes {
            for nr in 0..2 {
                let reply = caller.ask(&look_up_under(&folder.noted(note)[nr + 1], &case));
                let leaf = checked::answer(folder, "housing", &reply);
                asked.push((note.to_owned(), reply, leaf));
            }
        }
        asked
    });
    &ASKED
}

fn members(bytes: &[u8]) -> BTreeMap<String, String> {
    wire::members(bytes).into_iter().collect()
}

#[test]
fn answers_differ_only_in_the_values_that_the_scenario_lists() {
    let (_, model, _) = &asked()[0];
    let first = members(&model.body);
    for (note, reply, _) in asked() {
        assert_eq!(wire::keys(&reply.body), wire::keys(&model.body), "{note}");
        let same = |key: &str| match note.as_str() {
            "clean" | "repaired" | "no-file" | "expired" | "red-listed" => !OF_THE_QUERY.contains(&key),
            // Their values are the scenario's to differ in; the objection has its marks.
            _ => !OF_THE_QUERY.contains(&key) && key != "data" && key != "marks",
        };
        for (key, value) in members(&reply.body) {
            if same(&key) {
                assert_eq!(value, first[&key], "`{key}` of {note}");
            } else if key != "data" && key != "marks" {
                assert_eq!(value.len(), first[&key].len(), "the length of `{key}` of {note}");
            }
        }
        let fields = |reply: &Reply| wire::keys(members(&reply.body)["data"].as_bytes());
        assert_eq!(fields(reply), fields(model), "{note}");
        let headers = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove("date");
            headers.remove("content-length");
            headers
        };
        assert_eq!(headers(reply), headers(model), "{note}");
    }
    for note in ["repaired", "no-file", "expired"] {
        let (_, reply, _) = asked().iter().find(|(found, ..)| found == note).unwrap();
        assert_eq!(reply.body.len(), model.body.len(), "{note}");
    }
}

#[test]
fn leaves_differ_only_in_what_identifies_the_query_and_is_sealed() {
    let (_, _, model) = &asked()[0];
    let first = members(&model.bytes);
    for (note, _, leaf) in asked() {
        assert_eq!(leaf.keys(), model.keys(), "{note}");
        assert_eq!(leaf.bytes.len(), model.bytes.len(), "{note}");
        for (key, value) in members(&leaf.bytes) {
            if OPEN.contains(&key.as_str()) {
                assert_eq!(value.len(), first[&key].len(), "the length of `{key}` of {note}");
            } else {
                assert_eq!(value, first[&key], "`{key}` of {note}");
            }
        }
    }
}

#[test]
fn what_is_random_or_keyed_is_another_each_time() {
    let mut seen = std::collections::BTreeSet::new();
    for (note, reply, leaf) in asked() {
        let json = reply.json();
        for text in [
            leaf.text("id"),
            leaf.text("subject"),
            leaf.text("answer"),
            leaf.text("sealed"),
            leaf.text("commit"),
            json["subject"].as_str().unwrap(),
            json["receipt"]["opening"].as_str().unwrap(),
        ] {
            assert!(seen.insert(text.to_owned()), "{note}: `{text}` came twice");
        }
    }
}

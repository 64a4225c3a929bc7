//! Log lines, with `RUST_LOG=trace`: each has keys of the closed list and nothing else, whoever wrote it.

use std::collections::BTreeMap;

use credit_gateway::for_tests::FIELDS;
use serde_json::{Map, Value};

use crate::mixed_load::mixed;

/// What stands in every line.
const HEAD: [&str; 3] = ["at", "level", "target"];

fn lines() -> Vec<Map<String, Value>> {
    let lines = mixed().err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    lines.collect()
}

#[test]
fn every_line_has_keys_of_the_list_and_no_other() {
    for line in lines() {
        for key in HEAD {
            assert!(line[key].is_string(), "{line:?}");
        }
        for (key, value) in line.iter().filter(|(key, _)| !HEAD.contains(&key.as_str())) {
            let known = match key.as_str() {
                "source_line" => value.is_u64(),
                "dropped" => value.as_array().unwrap().iter().all(Value::is_string),
                key => FIELDS.contains(&key) && value.is_string(),
            };
            assert!(known, "`{key}` in {line:?}");
        }
    }
}

#[test]
fn of_other_crates_no_value_is_written_and_of_ours_none_is_lost() {
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines() {
        let target = line["target"].as_str().unwrap();
        if target.starts_with("credit_") {
            assert!(!line.contains_key("dropped"), "a field of ours is not on the list: {line:?}");
            assert!(line.contains_key("message"), "{line:?}");
        } else {
            assert!(FIELDS.iter().all(|field| !line.contains_key(*field)), "{line:?}");
        }
        *told.entry(target.split("::").next().unwrap().to_owned()).or_default() += 1;
    }
    assert!(told["h2"] > 100 && told["credit_gateway"] > 50, "{told:?}");
}

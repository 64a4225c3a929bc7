//! The form of a query: operator and case, fields, and JSON itself.

use credit_tests::{
    Caller, Folder, checked,
    query::{look_up, look_up_under, new_case, with, without},
    shared,
};
use hyper::Method;
use serde_json::{Value, json};

fn housing() -> (&'static Folder, Caller) {
    let folder = shared().folder();
    (folder, folder.caller("housing"))
}

#[track_caller]
fn malformed(body: impl Into<hyper::body::Bytes>) {
    let (folder, caller) = housing();
    let reply = caller.send(Method::POST, "/v1/queries", &[("content-type", "application/json")], body);
    checked::refusal(folder, "housing", &reply, 400, "malformed-request");
}

/// Numbers that must not stand in clear in the log: one of the demo's, and its old form of 15 digits.
fn numbers() -> (String, String) {
    let number = shared().folder().person("clean", 5);
    let old = format!("{}{}", &number[..6], &number[8..17]);
    (number, old)
}

#[test]
fn an_operator_of_another_form_is_refused_and_not_copied() {
    let (folder, caller) = housing();
    let (number, old) = numbers();
    let long = "a".repeat(65);
    let within = [format!("a{number}"), format!("{number}a"), format!("a-{old}"), format!("{old}.b")];
    let mut wrong = vec!["", " ", "staff 17", "张三", "staff-0017\n", "a/b", "a+b", "é", &long, &number, &old];
    wrong.extend(within.iter().map(String::as_str));
    let lower = number.to_lowercase();
    wrong.push(&lower);
    for operator in wrong {
        let reply = caller.ask(&with(look_up(&number), "operator", operator));
        let leaf = checked::refusal(folder, "housing", &reply, 400, "malformed-request");
        assert!(leaf.json.get("operator").is_none(), "copied: {operator}");
    }
}

#[test]
fn a_case_of_another_form_is_refused_and_not_copied() {
    let (folder, caller) = housing();
    let (number, old) = numbers();
    let long = "案".repeat(65);
    let within = [
        format!("案{number}号"),
        format!("X{number}"),
        format!("{number}0"),
        format!("（{old}）"),
        format!("a{old} b"),
    ];
    let mut wrong = vec!["", "a\tb", "a\u{0}b", "a<b", "a\"b", "a\u{202e}b", "a,b", "a+b", "①", &long, &number, &old];
    wrong.extend(within.iter().map(String::as_str));
    for case in wrong {
        let reply = caller.ask(&with(look_up(&number), "case", case));
        let leaf = checked::refusal(folder, "housing", &reply, 400, "malformed-request");
        assert!(leaf.json.get("ground").is_none(), "copied: {case}");
        assert!(!String::from_utf8_lossy(&leaf.bytes).contains(&old));
    }
}

#[test]
fn operators_and_cases_of_the_form_are_taken_and_recorded() {
    let (folder, caller) = housing();
    let number = folder.person("clean", 6);
    let long = "a".repeat(64);
    for operator in ["a", "staff-0017", "Wang.Wei_3@housing.example", &long, "20260001234567", "2026000123456789"] {
        let reply = caller.ask(&with(look_up(&number), "operator", operator));
        assert_eq!(checked::answer(folder, "housing", &reply).text("operator"), operator);
    }
    let (fresh, long) = (new_case(), "案".repeat(64));
    for case in [&fresh, "惠房〔2026〕001234号", "(2026) 粤13 / 1_2.3", "（甲）乙", &long, "20260001234567"] {
        let reply = caller.ask(&with(look_up(&number), "case", case));
        assert_eq!(checked::answer(folder, "housing", &reply).json["ground"]["case"], case);
    }
}

#[test]
fn subjects_of_another_form_are_refused_and_not_copied() {
    let (folder, caller) = housing();
    let (number, old) = numbers();
    let wide: String =
        number.chars().map(|c| char::from_u32(c as u32 - '0' as u32 + '０' as u32).unwrap_or(c)).collect();
    let no_date = format!("{}20010229{}", &number[..6], &number[14..]);
    let spaced = format!(" {number}");
    let [too_old, not_born] = ["18991231", "29990101"].map(|born| born_on(&number, born));
    let wrong = [
        &too_old,
        &not_born,
        "",
        &old,
        &number[..17],
        &format!("{number}0"),
        &wide,
        &no_date,
        &spaced,
        "psn1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    for subject in wrong {
        let reply = caller.ask(&look_up(subject));
        let leaf = checked::refusal(folder, "housing", &reply, 400, "invalid-citizen-number");
        for key in ["subject", "key", "sealed", "commit"] {
            assert!(leaf.json.get(key).is_none(), "`{key}` of nobody");
        }
    }
    checked::refusal(folder, "housing", &caller.ask(&without(look_up(&number), "subject")), 400, "malformed-request");
}

/// The number with another birth date and the check character that fits it.
fn born_on(number: &str, born: &str) -> String {
    let digits = format!("{}{born}{}", &number[..6], &number[14..17]);
    let sum = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    format!("{digits}{}", &"0123456789X"[(12 - sum) as usize % 11..][..1])
}

#[test]
fn an_x_in_lower_case_names_the_same_person() {
    let (folder, caller) = housing();
    let people = folder.persons();
    let person =
        people.iter().find(|person| person.number.ends_with('X') && person.note != "minor").expect("one of a hundred");
    let case = new_case();
    let [small, large] = [person.number.to_lowercase(), person.number.clone()].map(|number| {
        let reply = caller.ask(&look_up_under(&number, &case));
        let leaf = checked::answer(folder, "housing", &reply);
        (reply.json()["data"].clone(), leaf.json["subject"].clone())
    });
    assert_eq!(small, large);
}

#[test]
fn fields_narrow_and_never_widen() {
    let (folder, caller) = housing();
    let number = folder.person("black-listed", 1);
    let asked = |fields: Value| caller.ask(&with(look_up(&number), "fields", fields));
    for (status, code, fields) in [
        (400, "malformed-request", json!(["black_listed", "black_listed"])),
        (400, "malformed-request", json!("black_listed")),
        (400, "malformed-request", json!([1])),
        (400, "unknown-field", json!(["scores"])),
        (400, "unknown-field", json!([""])),
        (400, "unknown-field", json!(["black_listed", "BLACK_LISTED"])),
        (400, "unknown-field", json!(["black_listed; DROP TABLE record"])),
        (403, "field-not-allowed", json!(["black_listed", "red_listed"])),
        (403, "field-not-allowed", json!(["age_in_years"])),
    ] {
        let reply = asked(fields.clone());
        let leaf = checked::refusal(folder, "housing", &reply, status, code);
        let text = String::from_utf8_lossy(&leaf.bytes).into_owned();
        assert!(!text.contains("DROP") && !text.contains("scores"), "copied: {text}");
    }
    for fields in [json!(["black_listed"]), json!(["grey_listed", "black_listed"])] {
        let reply = asked(fields.clone());
        let leaf = checked::answer(folder, "housing", &reply);
        let mut names: Vec<_> = fields.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(leaf.json["fields"], json!(names));
        let data = reply.json()["data"].clone();
        assert_eq!(data.as_object().unwrap().keys().collect::<Vec<_>>(), names);
        assert_eq!(data["black_listed"], true);
    }
}

#[test]
fn json_that_could_be_read_in_two_ways_is_refused() {
    let number = shared().folder().person("clean", 7);
    let body = look_up(&number).to_string();
    let twice = |key: &str, value: &str| body.replacen('{', &format!("{{\"{key}\":{value},"), 1);
    for (key, value) in [("scenario", "\"curiosity\""), ("subject", "\"x\""), ("operator", "\"a\""), ("case", "\"a\"")]
    {
        malformed(twice(key, value));
    }
    malformed(twice("surplus", "null"));
    malformed(twice("Scenario", "\"public-rental-housing\""));
    malformed(twice("\\u0073cenario", "\"curiosity\""));
    malformed(body.replacen('{', "{\"fields\":[\"black_listed\"],\"fields\":null,", 1));
    malformed(format!("{body}{body}"));
    malformed(format!("{body}x"));
    malformed(format!("\u{feff}{body}"));
    malformed(body.replace('"', "'"));
    malformed(body.replace('}', ",}"));
    malformed(format!("/* */{body}"));
}

#[test]
fn json_that_is_deep_huge_or_no_text_is_refused() {
    let number = shared().folder().person("clean", 7);
    let body = look_up(&number).to_string();
    malformed("");
    malformed("null");
    // The values alone, in the order of the members, are what a derived reader would take for an object.
    malformed(json!(["public-rental-housing", number, "staff-0017", new_case(), ["black_listed"]]).to_string());
    for key in ["subject", "operator", "case", "fields"] {
        malformed(with(look_up(&number), key, Value::Null).to_string());
    }
    malformed("[".repeat(16_000));
    malformed("{\"a\":".repeat(3_000));
    malformed(body.replacen('{', &format!("{{\"surplus\":{}1{},", "[".repeat(200), "]".repeat(200)), 1));
    malformed(body.replacen('{', &format!("{{\"surplus\":{},", "9".repeat(10_000)), 1));
    malformed(body.replacen('{', "{\"operator\":1e999,", 1));
    malformed(body.replace("staff-0017", "staff\u{1}0017"));
    let wrong_utf8: [&[u8]; 4] = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"];
    for wrong in wrong_utf8 {
        let (before, after) = body.split_at(body.find("staff").unwrap());
        malformed([before.as_bytes(), wrong, after.as_bytes()].concat());
    }
    malformed(body.replace("staff", "\\ud800staff"));
    let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_be_bytes).collect();
    malformed(utf16);
}

#[test]
fn a_query_string_is_not_taken() {
    let (folder, caller) = housing();
    let body = look_up(&folder.person("clean", 7)).to_string();
    let reply = caller.send(Method::POST, "/v1/queries?fields=score", &[("content-type", "application/json")], body);
    checked::refusal(folder, "housing", &reply, 400, "malformed-request");
}

#[test]
fn a_fault_of_form_is_named_in_both_languages() {
    let (_, caller) = housing();
    let json = ("content-type", "application/json");
    let zipped = [json, ("content-encoding", "gzip")];
    let long = "k".repeat(65);
    let keyed = [json, ("idempotency-key", long.as_str())];
    for (path, headers, body, names) in [
        ("/v1/queries", &[json][..], "\u{feff}{}", "BOM"),
        ("/v1/queries", &[json][..], "[]", "JSON"),
        ("/v1/queries", &[json][..], "{\"secret-member\":1}", "`scenario`"),
        ("/v1/queries?a=b", &[json][..], "{}", "?"),
        ("/v1/queries", &[("content-type", "text/plain")][..], "{}", "`Content-Type`"),
        ("/v1/queries", &zipped[..], "{}", "`Content-Encoding`"),
        ("/v1/queries", &keyed[..], "{}", "`Idempotency-Key`"),
    ] {
        for language in ["zh", "en"] {
            let headers = [headers, &[("accept-language", language)]].concat();
            let reply = caller.send(Method::POST, path, &headers, body.to_owned());
            let json = reply.json();
            let detail = json["detail"].as_str().unwrap_or_else(|| panic!("no detail: {}", reply.text()));
            assert!(names == "?" || detail.contains(names), "{detail}");
            let is_chinese = detail.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert_eq!(is_chinese, language == "zh", "{detail}");
            assert!(!reply.text().contains("secret-member") && !reply.text().contains(&long), "{}", reply.text());
        }
    }
}

//! Answers of an interface that are none: nothing of them leaves, each has its code and its leaf, and the same answer without
//! the fault is answered digit for digit. And numbers that hide in what may leave.

use credit_tests::{Gateway, checked::refusal, request, run};
use hyper::Method;
use serde_json::Value;

use super::{CANARY, ROUTE, allowed, before, checked, consent, path, report};
use crate::stores::http::{
    faults::{broken, heads, sizes, slow},
    service::{Service, Step, ok, reply},
};

/// One answer with one fault, and whether it is late and not wrong.
type Hostile = (String, Vec<Step>, bool);

fn all(well: &str, number: &str, other: &str) -> Vec<Hostile> {
    let value: Value = serde_json::from_str(well).unwrap();
    let mut all: Vec<Hostile> = Vec::new();
    // To a route 404 is an answer.
    let of_http =
        heads(well).into_iter().filter(|(name, _)| !name.contains("404")).chain(broken(well)).chain(sizes(&value));
    all.extend(of_http.map(|(name, steps)| (name, steps, false)));
    all.extend(slow(well).into_iter().map(|(name, steps)| (name, steps, true)));
    let mut add = |name: String, bytes: &[u8]| all.push((name, ok(bytes), false));
    for (from, to) in replaced(number, other) {
        assert!(well.contains(&from), "{from}");
        let shown = to.replace(number, "…").replace(other, "another's");
        add(format!("`{from}` as `{shown}`").replace(number, "…"), well.replacen(&from, &to, 1).as_bytes());
    }
    for end in [",", "}", " {}", "\0", "x"] {
        add(format!("`{}` behind it", end.escape_debug()), format!("{well}{end}").as_bytes());
    }
    for text in ["", "null", "[]", "\"\"", "0", "true", "<html>", "[{}]"] {
        add(format!("`{text}`"), text.as_bytes());
    }
    // Wanted or not, plain or escaped: two of a name are no answer.
    for name in ["made", "subject", "finance", "score", "overdue", "lists", "remarks"] {
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        for again in [name, &escaped] {
            add(format!("`{again}` twice"), well.replacen('{', &format!("{{\"{again}\": null, "), 1).as_bytes());
        }
    }
    for part in 1..=26 {
        add(format!("{part} of 27 parts"), &well.as_bytes()[..well.len() * part / 27]);
    }
    let gbk =
        [&well.as_bytes()[..well.find(CANARY).unwrap()], b"\xb2\xbb", &well.as_bytes()[well.find(CANARY).unwrap()..]];
    add("GBK as UTF-8".to_owned(), &gbk.concat());
    all
}

/// What a member is, and what it is instead: JSON, or what follows it.
const VALUES: [(&str, &str, &[&str]); 15] = [
    ("housing", "\"own\"", &["\"castle\"", "1", "[\"own\"]", "{\"is\": \"own\"}", "true", "\"\\ud800\"", "'own'"]),
    ("housing", "\"own\"", &["\"own\", \"housing\": \"own\"", "\"own\", \"h\\u006fusing\": null"]),
    ("rate", "4", &["5", "0", "-1", "4.0", "4e0", "\"4\"", "04", "{}", "4 4"]),
    ("credits", "2", &["[2]", "1e400", "99999999999999999999", "+2", "\"two\""]),
    ("value", "712", &["1001", "712.5", "\"712\"", "NaN", "[]"]),
    ("score", "{", &["[], \"s\": {", "712, \"s\": {", "\"A\", \"s\": {", "{}, \"sc\\u006fre\": {"]),
    ("overdue", "[", &["[null, ", "[1, ", "[[], ", "[{}, ", "{}, \"o\": [", "\"\", \"o\": [", "[], \"overdue\": ["]),
    (
        "since",
        "\"2026-01-05\"",
        &["\"2026/01/05\"", "20260105", "\"2026-02-30\"", "\"长期\"", "{}", "\"1899-12-31\"", "true"],
    ),
    ("state", "\"1\"", &["\"9\"", "null", "[]", "\"\""]),
    ("amount", "1200.50", &["{\"is\": 1}", "[1]", "1200.", ".5", "1200.50, \"amount\": 1"]),
    ("branch", "\"城东\"", &["{}", "\"\\udc00\"", "'x'"]),
    ("at", "{", &["1, \"a\": {", "[], \"a\": {", "{\"branch\": 1, "]),
    ("kind", "\"B\"", &["\"Z\"", "{}", "null"]),
    ("from", "\"2026/01/01\"", &["\"2026-01-01\"", "\"2199/01/01x\"", "[\"2026/01/01\"]"]),
    ("to", "\"\"", &["\"never\"", "\"1999/01/01\""]),
];

/// What is put in the place of what.
fn replaced(number: &str, other: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, is, instead) in VALUES {
        all.extend(instead.iter().map(|value| (format!("\"{name}\": {is}"), format!("\"{name}\": {value}"))));
    }
    let masked = format!("\"{}********{}\"", &number[..6], &number[14..]);
    let (own, of_other, digits) = (format!("\"{number}\""), format!("\"{other}\""), number.replace('X', "0"));
    for id in [&*of_other, &masked, &digits, "\"\"", "{}", "[1]", "true"] {
        all.push((format!("\"id\": {own}"), format!("\"id\": {id}")));
    }
    for id in [&*of_other, &masked, &digits, "null", "1, \"no\": 2"] {
        all.push((format!("\"of\": {{\"id\": {own}"), format!("\"of\": {{\"id\": {id}")));
    }
    all
}

#[test]
fn nothing_of_a_hostile_answer_leaves_and_the_same_without_its_fault_is_answered_digit_for_digit() {
    let service = Service::plain(|_| vec![Step::Close]);
    let folder = before(&service.url(), ROUTE);
    folder.replace_in_config("classes = []", "classes = []\ntimeout_ms = 700");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let well = report(&number, &other);
    let hostile = all(&well, &number, &other);
    assert!(hostile.len() >= 200, "{} faults", hostile.len());
    let caller = folder.caller("bank");
    let mut recorded = Vec::new();
    run(async {
        let mut connection = caller.http1().await.unwrap();
        for (at, (name, steps, is_late)) in hostile.iter().enumerate() {
            let consent = consent(folder, &number, 1);
            let headers = [("credit-operator", "staff-0017"), ("authorization", consent.as_str())];
            let mut ask = async || connection.send(request(Method::GET, &path(&number), &headers, "")).await.unwrap();
            let steps = steps.clone();
            service.answers(move |_| steps.clone());
            let before = service.asked().len();
            let refused = ask().await;
            let expected = if *is_late { (504, "store-timeout") } else { (502, "store-failed") };
            let shown = refused.text().replace(&number, "…").replace(&other, "…");
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), expected, "{at} {name}: {shown}");
            assert_eq!(service.asked().len(), before + 1, "{name}: asked more than once");
            let right = ok(well.as_bytes());
            service.answers(move |_| right.clone());
            let answer = ask().await;
            assert_eq!(answer.status.as_u16(), 200, "{at} after {name}: {}", answer.text());
            for reply in [&refused, &answer] {
                let text = format!("{}{:?}", reply.text(), reply.headers);
                let leaks = [CANARY, &number, &other].into_iter().any(|word| text.contains(word));
                assert!(!leaks, "{at} {name}: something leaves");
            }
            recorded.push((refused, answer, expected));
        }
    });
    for (refused, answer, (status, code)) in &recorded {
        refusal(folder, "bank", refused, *status, code);
        checked(folder, answer, allowed);
    }
    let leaves: String = folder.leaves().iter().map(|leaf| leaf.json.to_string()).collect();
    let heard = gateway.err().text() + &gateway.out().text() + &leaves;
    assert!(!heard.contains(CANARY), "a log line or a leaf has it");
    let numbers = folder.persons().into_iter().map(|person| person.number);
    assert!(!numbers.into_iter().any(|number| heard.contains(&number)), "a log line or a leaf has a number");
}

#[test]
fn a_number_that_hides_in_what_may_leave_is_dropped_whatever_it_looks_like() {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(before(&service.url(), ROUTE));
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let well = report(&number, &other);
    let wide: String = other.chars().map(|c| char::from_u32(u32::from(c) - 0x20 + 0xff00).unwrap()).collect();
    let spaced: String = other.chars().flat_map(|c| [c, ' ']).collect();
    let escaped: String = other.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let chinese: String =
        other.chars().map(|c| "〇一二三四五六七八九".chars().nth((u32::from(c) - 48) as usize).unwrap_or(c)).collect();
    let dashed = format!("{}-{}/{}", &other[..6], &other[6..14], &other[14..]);
    let hidden = [
        format!("\"证号{number}\""),
        format!("\"{other}\""),
        format!("\"no.{}.\"", other.to_lowercase()),
        format!("\"{wide}\""),
        format!("\"{spaced}\""),
        format!("\"{escaped}\""),
        format!("\"{chinese}\""),
        format!("\"{dashed}\""),
        format!("\"old one {}{}\"", &other[..6], &other[8..17]),
        other.replace('X', "0"),
        format!("{}.0", &other[..17]),
    ];
    let plain = "\"note\": \"a \\\"disputed\\\" one\"";
    assert!(well.contains(plain));
    for (at, hidden) in hidden.into_iter().enumerate() {
        // As a text it is dropped; a number is that only where its check character fits.
        if !hidden.starts_with('"') && !credit_policy::holds_citizen_number(&hidden) {
            continue;
        }
        let body = well.replace(plain, &format!("\"note\": {hidden}"));
        service.answers(move |_| {
            let body = [b"\xef\xbb\xbf", body.as_bytes()].concat();
            vec![Step::Send(reply("200 OK", "Content-Type: application/json;charset=UTF-8\r\n", &body))]
        });
        let consent = consent(folder, &number, 1);
        let reply = super::ask(folder, &path(&number), &consent, &[]);
        assert_eq!(reply.status.as_u16(), 200, "{at}");
        let expected = |pseudonym: &str| allowed(pseudonym).replace(r#""note":"a \"disputed\" one","#, "");
        assert!(reply.text().matches("note").count() == 0, "{at}: it is not dropped");
        checked(folder, &reply, expected);
    }
}

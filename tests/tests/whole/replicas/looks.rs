//! Officers look at one gateway at what stands in the logs of all: each row names its log, what does not come is said first, and each
//! gateway decides and records for itself.

use credit_tests::{Caller, Folder, Gateway, Leaf, Reply, checked, query::look_up_under};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    TIME,
    across::both,
    lists::{OTHER, asking},
    of_ten_uses, origin,
    persons::logged_in,
    stopped,
};
use crate::{
    cases::{decide, open},
    chromium::{are_sound, lines, pictures},
    consents::{ask, new_jti},
    faults::within,
    officers::{act, of_kind},
};

fn door(folder: &Folder, who: &str) -> Caller {
    folder.caller(who).at(folder.port_base() + 2)
}

/// What a program is told.
#[track_caller]
fn seen(folder: &Folder, who: &str, path: &str) -> Value {
    let reply = door(folder, who).get(path);
    assert_eq!(reply.status, StatusCode::OK, "{who} {path}: {}", reply.text());
    reply.json()
}

/// The same, once no log is missing: on a slow machine one may take longer than it is given.
#[track_caller]
fn whole(folder: &Folder, who: &str, path: &str) -> Value {
    let is_whole = || seen(folder, who, path)["missing_logs"] == json!([]);
    assert!(within(TIME, is_whole), "{}", seen(folder, who, path));
    seen(folder, who, path)
}

fn page(folder: &Folder, path: &str) -> String {
    door(folder, "officer").send(Method::GET, path, &[("accept", "text/html")], "").text()
}

fn asked(folder: &Folder, who: &str, body: &Value) -> Reply {
    act(folder, who, "/officers/elsewhere", body)
}

/// The queries of a list: id and log.
fn rows(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list["queries"].as_array().unwrap().iter().map(|one| (text(&one["query"]), text(&one["log"]))).collect()
}

fn told(folder: &Folder, person: &str, case: &str) -> String {
    let reply = folder.caller("housing").ask(&look_up_under(person, case));
    drop(checked::answer(folder, "housing", &reply));
    reply.json()["query"].as_str().unwrap().to_owned()
}

/// What another gateway asked for whom, as the record has it.
fn looks(folder: &Folder) -> Vec<String> {
    let is_asked = |leaf: &&Leaf| leaf.json["actor"]["officer"] == OTHER;
    of_kind(folder, "read").iter().filter(is_asked).map(|leaf| leaf.text("path").to_owned()).collect()
}

/// A cursor is of one officer and the conditions of one search, and no other word is one.
#[track_caller]
fn is_of_nobody_else(folder: &Folder, cursor: &str) {
    let next = |cursor: &str| format!("/officers/queries?cursor={cursor}");
    let forged = cursor.replace(|c: char| c.is_ascii_lowercase(), "A");
    for (who, path) in [
        ("supervisor", next(cursor)),
        ("officer", format!("{}&institution=bank", next(cursor))),
        ("officer", next(&forged)),
        ("officer", next("AAAA")),
        ("officer", "/officers/queries?before=3".to_owned()),
    ] {
        assert_eq!(door(folder, who).get(&path).status, StatusCode::BAD_REQUEST, "{who} {path}");
    }
}

#[test]
fn a_search_finds_what_stands_in_every_log_and_goes_on_in_each() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("clean", 0);
    // In turn, so that both logs are on each page.
    let mut made: Vec<(String, String)> = (0..54)
        .map(|nr| {
            let at = [one, other][nr % 2];
            (told(at, &number, &format!("HZ-{nr:06}")), origin(&format!("r{}", nr % 2)))
        })
        .collect();
    made.reverse();
    let listed = |case: &str| {
        let list = seen(one, "officer", &format!("/officers/queries?case={case}&institution=housing"));
        list["queries"][0].is_object()
    };
    let are_found = || ["HZ-000052", "HZ-000053"].into_iter().all(listed);
    assert!(within(TIME, are_found), "the indices do not take them in");
    let first = whole(one, "officer", "/officers/queries");
    assert_eq!(first["of_logs"], json!([origin("r0"), origin("r1")]));
    assert_eq!(rows(&first), made[..50]);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert!(
        first.get("next").is_none()
            && door(one, "officer").get("/officers/queries").text().starts_with("{\"missing_logs\":[")
    );
    // What is asked meanwhile is on no later page.
    drop(told(other, &number, "HZ-000100"));
    let next = |cursor: &str| format!("/officers/queries?cursor={cursor}");
    let second = whole(one, "officer", &next(cursor));
    assert_eq!((rows(&second), second.get("next_cursor")), (made[50..].to_vec(), None));
    is_of_nobody_else(one, cursor);
    let found = whole(one, "officer", "/officers/queries?institution=housing&case=HZ-000001");
    assert_eq!(rows(&found), made[52..53]);
    // Each row leads to its own gateway.
    let id = &made[52].0;
    let link = format!("https://127.0.0.1:{}/officers/queries/{id}?lang=en", other.port_base() + 2);
    for (lang, words) in [("en", "This page is of the logs"), ("zh", "此页涉及以下日志")] {
        let text = page(one, &format!("/officers/queries?institution=housing&case=HZ-000001&lang={lang}"));
        let link = link.replace("lang=en", &format!("lang={lang}"));
        assert!(text.contains(words) && text.contains(&format!("href=\"{link}\"")), "{text}");
    }
    assert_eq!(seen(other, "officer", &format!("/officers/queries/{id}"))["query"], json!(id));
    // Who asked and for whom is on the record there, each time; and here who looked.
    assert!(looks(other).iter().all(|path| path == "officers/elsewhere/queries/for/officer"), "{:?}", looks(other));
    assert!(looks(other).len() >= 4 && looks(one).is_empty());
    // Away, it is said first, and the rest is shown.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = second.stop();
    let list = seen(first.folder(), "officer", "/officers/queries");
    let address = format!("https://127.0.0.1:{}", second.port_base() + 2);
    assert_eq!(list["missing_logs"], json!([{"log": origin("r1"), "why": "away", "address": address}]));
    assert_eq!((&list["of_logs"], rows(&list).len()), (&json!([origin("r0")]), 27));
    for (lang, words) in [("en", "This page is not complete"), ("zh", "此页不完整")] {
        assert!(page(first.folder(), &format!("/officers/queries?lang={lang}")).contains(words), "{lang}");
    }
    let later = seen(first.folder(), "officer", &next(cursor));
    assert_eq!((rows(&later).len(), &later["missing_logs"][0]["why"]), (2, &json!("away")));
    let said = first.err().text();
    assert!(
        said.contains("what another gateway has for an officer could not be had") && !said.contains(&number),
        "{said}"
    );
    directory.holds(&[first.stop(), second]);
}

#[test]
fn each_gateway_decides_for_itself_whom_it_shows_its_log_and_puts_every_try_on_the_record() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    drop(seen(one, "officer", "/officers/queries"));
    let certificate = |who: &str| {
        drop(seen(one, who, "/officers/consents"));
        let is_by = |leaf: &&Leaf| leaf.json["actor"]["officer"] == who || leaf.json["actor"]["institution"] == who;
        of_kind(one, "read").iter().rfind(is_by).unwrap().json["actor"]["certificate"].clone()
    };
    let (officer, supervisor) = (certificate("officer"), certificate("supervisor"));
    assert_eq!(looks(other).last().unwrap(), "officers/elsewhere/consents/for/supervisor");
    let body = |view: &str, who: &str, certificate: &Value, looks: &str| json!({"view": view, "officer": who, "certificate": certificate, "as": looks});
    for (body, whom) in [
        (body("queries", "nobody", &officer, "officer"), "none"),
        (body("queries", "housing", &officer, "officer"), "none"),
        (body("queries", "officer", &supervisor, "officer"), "none"),
        (body("queries", "officer", &json!("A".repeat(43)), "officer"), "none"),
        (body("queries", "officer", &officer, "reviewer"), "officer"),
        (body("reviews", "officer", &officer, "supervisor"), "officer"),
        (body("queries", "supervisor", &supervisor, "officer"), "supervisor"),
    ] {
        assert_eq!(asked(other, OTHER, &body).status, StatusCode::FORBIDDEN, "{body}");
        let path = format!("officers/elsewhere/{}/for/{whom}/refused/role", body["view"].as_str().unwrap());
        assert_eq!(looks(other).last().unwrap(), &path, "{body}");
    }
    let before = other.leaves().len();
    let sound = body("queries", "officer", &officer, "officer");
    for who in ["officer", "supervisor", "housing"] {
        assert_eq!(asked(other, who, &sound).status, StatusCode::FORBIDDEN, "{who}: no gateway");
    }
    for wrong in [
        body("proposals", "officer", &officer, "officer"),
        body("query", "officer", &officer, "officer"),
        body("queries", "officer", &json!("x"), "officer"),
        json!({"view": "queries", "officer": "officer", "certificate": officer}),
        json!(["queries"]),
    ] {
        assert_eq!(asked(other, OTHER, &wrong).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let get = door(other, OTHER).get("/officers/elsewhere");
    assert_eq!((get.status, get.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
    assert_eq!(other.leaves().len(), before, "what was no question is on no record");
    // It is shown what the officer would see there, and no page of its own.
    let shown = asked(other, OTHER, &sound);
    assert_eq!((shown.status, &shown.json()["log"]), (StatusCode::OK, &json!(origin("r1"))), "{}", shown.text());
    assert_eq!(door(other, OTHER).get("/officers/queries").status, StatusCode::FORBIDDEN);
    let read = of_kind(other, "read").pop().unwrap();
    assert_eq!(read.text("path"), "officers/queries/none/refused/role");
    directory.holds(&stopped(gateways));
}

#[test]
fn alarms_coverage_consents_and_figures_are_those_of_all_logs() {
    let (gateways, directory) = both();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let person = one.person("clean", 0);
    let (jti, logs) = (new_jti(), [origin("r0"), origin("r1")]);
    for at in [one, other] {
        drop(checked::answer(at, "bank", &ask(&at.caller("bank"), &of_ten_uses(one, &jti, &person))));
    }
    // Missed at one, and another case at the other.
    for (at, case, nr) in [(one, "R-1", 1), (other, "R-2", 2), (other, "R-3", 3)] {
        open(at, case, &one.person("clean", nr));
        decide(at, case, None);
    }
    let is_there = |path: &str, is_it: &dyn Fn(&Value) -> bool| {
        assert!(within(TIME, || is_it(&whole(one, "officer", path))), "{path}: {}", whole(one, "officer", path));
        whole(one, "officer", path)
    };
    let len = |value: &Value| value.as_array().unwrap().len();
    let consents = is_there("/officers/consents", &|all| len(&all["consents"]) == 2);
    let uses = consents["consents"].as_array().unwrap().iter();
    let uses: Vec<_> = uses.map(|one| (one["consent"].clone(), one["log"].clone(), one["answered"].clone())).collect();
    assert_eq!(uses[0].0, uses[1].0, "one consent, by the same number in each log");
    assert_eq!([&uses[0].1, &uses[1].1], [&json!(logs[1]), &json!(logs[0])], "the one used last first");
    let by_consent = whole(one, "officer", &format!("/officers/queries?consent={}", uses[0].0.as_str().unwrap()));
    assert_eq!(rows(&by_consent).len(), 2);
    let covered = is_there("/officers/coverage", &|all| len(&all["misses"]) == 3);
    let misses = covered["misses"].as_array().unwrap().iter();
    let misses: Vec<_> = misses.map(|miss| (miss["case"].as_str().unwrap(), miss["log"].as_str().unwrap())).collect();
    assert_eq!(misses, [("R-1", logs[0].as_str()), ("R-2", &logs[1]), ("R-3", &logs[1])]);
    assert_eq!((len(&covered["departments"]), &covered["departments"][0]["missed"]), (1, &json!(3)), "{covered}");
    assert_eq!(covered["other_reviews"][0]["log"], json!(logs[1]));
    let is_missed = |alarms: &Value| {
        let all = alarms["to_do"].as_array().unwrap();
        let of = |count: u64, log: &str| {
            let is_it =
                |one: &Value| one["alarm"] == "cases-missed" && one["count"] == count && one["logs"] == json!([log]);
            all.iter().any(is_it)
        };
        of(1, &logs[0]) && of(2, &logs[1])
    };
    drop(is_there("/officers/alarms", &is_missed));
    // Whatever is done about it is done there.
    let link = format!("https://127.0.0.1:{}/officers/coverage?lang=en", other.port_base() + 2);
    for list in ["alarms", "coverage"] {
        let text = page(one, &format!("/officers/{list}?lang=en"));
        assert!(text.contains(&link), "{text}");
    }
    let statistics = is_there("/officers/statistics", &|all| all["queries"]["all"]["answered"] == 2);
    assert_eq!(statistics["queries"]["institutions"]["bank"], json!({"answered": 2, "refused": 0}));
    let overview = is_there("/officers", &|all| all["last"]["answered"] == 2);
    assert_eq!((&overview["days"][0]["answered"], &overview["log"]["origin"]), (&json!(2), &json!(logs[0])));
    let reviews = whole(one, "supervisor", "/officers/reviews");
    assert_eq!((&reviews["other_figures"][0]["log"], len(&reviews["cases"])), (&json!(logs[1]), 0));
    for path in ["", "/queries", "/consents", "/coverage", "/statistics", "/alarms", "/reviews"] {
        for (lang, words) in [("en", "This page is of the logs"), ("zh", "此页涉及以下日志")] {
            let text = page(one, &format!("/officers{path}?lang={lang}"));
            assert!(text.contains(words) && text.contains(&format!("<code>{}</code>", logs[1])), "{path} {lang}");
        }
    }
    let address = format!("https://127.0.0.1:{}", one.port_base() + 2);
    let arguments = [address, one.path().display().to_string(), pictures().display().to_string()];
    are_sound(&lines("looks-of-logs.mjs", include_str!("looks.mjs"), &arguments), 3);
    // What is of one log, or known of all, says so as before.
    for path in ["/officers/log", "/officers/institutions", "/officers/objections"] {
        assert_eq!(seen(one, "officer", path)["of_log"], json!(logs[0]), "{path}");
    }
    directory.holds(&stopped(gateways));
}

#[test]
fn which_report_of_the_year_one_is_counts_those_of_every_log() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("late", 0);
    let of_year = |folder: &Folder| {
        let reply = logged_in(folder).json("/me/report");
        assert_eq!(reply.status, StatusCode::OK);
        reply.header("credit-report-of-year").unwrap().to_owned()
    };
    // The other one is not told of this one by its configuration, so it counts its own.
    assert_eq!([of_year(other), of_year(other)], ["1; free=2", "2; free=2"]);
    let mut counted = of_year(one);
    for _ in 0..5 {
        if !counted.contains("missing") {
            break;
        }
        counted = of_year(one);
    }
    let so_far = of_kind(one, "query").len() + 2;
    assert_eq!(counted, format!("{so_far}; free=2"));
    let body = json!({"number": number, "act": "reports"});
    assert_eq!(act(other, "officer", "/officers/counter", &body).status, StatusCode::FORBIDDEN);
    assert!(looks(other).iter().all(|path| path == "officers/counter/reports") && !looks(other).is_empty());
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = second.stop();
    assert_eq!(of_year(first.folder()), format!("{}; free=2; missing=1", so_far - 1));
    for (lang, words) in [("en", "It may be a later one"), ("zh", "实际次数可能更多")] {
        assert!(logged_in(first.folder()).get(&format!("/me/report?lang={lang}")).text().contains(words), "{lang}");
    }
    directory.holds(&[first.stop(), second]);
}

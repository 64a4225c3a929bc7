//! A person reads at one gateway what stands in the logs of all, each list on the record of its own log; what cannot be had is
//! said to be missing.

use std::{collections::BTreeSet, time::Duration};

use credit_tests::{
    Folder, Gateway, Leaf, Reply, checked,
    query::{look_up, with},
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    TIME, of_ten_uses, origin,
    persons::{logged_in, two},
    stopped,
};
use crate::{
    consents::{ask, new_jti},
    directories::Directory,
    faults::within,
    persons::{
        Browser, Service,
        counter::{at_counter, done},
        export::check,
    },
};

const ISSUER: &str = "https://consent.example";
/// As whom each gateway knows the other; all folders have the same certificates.
pub(super) const OTHER: &str = "employer";

/// Two gateways, of which the first asks the second where persons look.
pub(super) fn asking() -> (Vec<Gateway>, Service, Directory) {
    let (gateways, service, directory) = two(is_asked_by);
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let (folder, port) = (first.stop(), second.folder().port_base() + 2);
    asks(&folder, "r1", port);
    (vec![Gateway::serve(folder), second], service, directory)
}

/// Has another gateway in its register.
pub(super) fn is_asked_by(folder: &Folder) {
    folder.replace_in_config("kind = \"employer\"", "kind = \"officer\"\nrole = \"gateway\"");
    folder.set_of_institution(OTHER, "rate_per_s = 5\nburst = 10\n", "rate_per_s = 100\nburst = 200\n");
}

/// Asks another gateway at its officers' port.
pub(super) fn asks(folder: &Folder, name: &str, port: u16) {
    folder.edit_config(|config| {
        let other = format!(
            "[[persons.gateways]]\nlog = \"{}\"\nurl = \"https://127.0.0.1:{port}\"\nauthorities = \"ca.pem\"\n\
             certificate = \"institutions/{OTHER}.pem\"\nkey = \"institutions/{OTHER}.key\"\n",
            origin(name)
        );
        format!("{config}\n{other}")
    });
}

fn queries_at(folder: &Folder, number: &str, count: usize, case: &str) -> BTreeSet<String> {
    let housing = folder.caller("housing");
    let one = |nr: usize| {
        let reply = housing.ask(&with(look_up(number), "case", format!("HZ-{case}-{nr:06}")));
        drop(checked::answer(folder, "housing", &reply));
        reply.json()["query"].as_str().unwrap().to_owned()
    };
    (0..count).map(one).collect()
}

fn ids(list: &Value) -> BTreeSet<String> {
    let entries = list["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["query"].as_str().unwrap().to_owned()).collect()
}

/// The one part of an answer, which must be of the second's log, and on its record.
#[track_caller]
fn part(reply: &Reply, second: &Folder) -> Value {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let [part] = <[Value; 1]>::try_from(reply.json()["others"].as_array().unwrap().clone()).unwrap();
    assert_eq!((&part["log"], &part["statement"]["log"]), (&json!(origin("r1")), &json!(origin("r1"))), "{part}");
    let leaf = second.leaf(part["statement"]["index"].as_u64().unwrap());
    assert_eq!(leaf.text("kind"), "statement");
    assert!(leaf.json["actor"]["person"].is_string(), "{}", leaf.json["actor"]);
    part
}

/// What a browser gets, once nothing is missing in it: on a slow machine a list may take longer than another gateway is given.
fn whole(browser: &Browser, path: &str) -> Reply {
    let mut reply = browser.json(path);
    for _ in 0..10 {
        if !is_missing(&reply) {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
        reply = browser.json(path);
    }
    reply
}

/// The same as a page.
fn whole_page(browser: &Browser, path: &str) -> String {
    drop(whole(browser, path));
    browser.get(path).text()
}

/// Which gateway asked is on the record, each time before what was shown.
#[track_caller]
fn names_who_asked(folder: &Folder) {
    let leaves = folder.leaves();
    let asked = |leaf: &Leaf| leaf.text("kind") == "read" && leaf.json["actor"]["officer"] == OTHER;
    let shown = |leaf: &Leaf| leaf.text("kind") == "statement";
    assert!(leaves.iter().filter(|leaf| asked(leaf)).all(|leaf| leaf.text("path") == "officers/counter/queries"));
    assert!(leaves.iter().position(asked).unwrap() < leaves.iter().position(shown).unwrap());
    let count = |is: &dyn Fn(&Leaf) -> bool| leaves.iter().filter(|leaf| is(leaf)).count();
    assert!(count(&asked) >= count(&shown), "{} {}", count(&asked), count(&shown));
}

fn is_missing(reply: &Reply) -> bool {
    reply.json()["others"] == json!([{"log": origin("r1"), "missing": true}])
}

/// Through a balancer a cursor may come to the gateway that did not give it, and the own log may be named as another's.
fn goes_on_anywhere(browser: &Browser, cursor: &str, rest: &BTreeSet<String>, own: &BTreeSet<String>) {
    let unnamed = |cursor: &str| format!("/me/queries?cursor={cursor}");
    assert!(within(TIME, || browser.json(&unnamed(cursor)).status == StatusCode::OK));
    let went_on = browser.json(&unnamed(cursor)).json();
    assert_eq!((&ids(&went_on["list"]), &went_on["statement"]["log"]), (rest, &json!(origin("r1"))));
    let wrong = unnamed(&cursor.replace(|c: char| c.is_ascii_lowercase(), "A"));
    assert_eq!(browser.json(&wrong).status, StatusCode::BAD_REQUEST);
    let named = browser.json(&format!("/me/queries?log={}", origin("r0"))).json();
    assert!(ids(&named["others"][0]["list"]).is_superset(own), "{named}");
    assert_eq!((&named["others"][0]["log"], named.get("list")), (&json!(origin("r0")), None));
}

#[test]
fn a_list_has_what_stands_in_every_log_page_by_page_and_says_what_is_missing() {
    let (gateways, service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("late", 0);
    let own = queries_at(one, &number, 2, "2026");
    let there = queries_at(other, &number, 43, "2027");
    drop(queries_at(other, &one.person("clean", 0), 1, "2028"));
    let browser = logged_in(one);
    let list = whole(&browser, "/me/queries");
    assert!(ids(&list.json()["list"]).is_superset(&own) && ids(&list.json()["list"]).is_disjoint(&there));
    let first = part(&list, other);
    let mut seen = ids(&first["list"]);
    assert_eq!(seen.len(), 40);
    let cursor = first["list"]["next"].as_str().unwrap().to_owned();
    let next = |cursor: &str| format!("/me/queries?log={}&cursor={cursor}", origin("r1"));
    let rest = part(&whole(&browser, &next(&cursor)), other);
    assert_eq!(ids(&rest["list"]).intersection(&seen).count(), 0);
    seen.extend(ids(&rest["list"]));
    // Logins leave reports of the own on neither log.
    assert_eq!(seen, there);
    assert!(
        is_missing(&browser.json(&next(&cursor.replace(|c: char| c.is_ascii_lowercase(), "A")))),
        "no cursor of anybody's"
    );
    goes_on_anywhere(&browser, &cursor, &ids(&rest["list"]), &own);
    assert_eq!(browser.json("/me/queries?log=nobody").status, StatusCode::NOT_FOUND);
    assert_eq!(browser.json(&format!("/me/blocks?log={}", origin("r1"))).status, StatusCode::BAD_REQUEST);
    names_who_asked(other);
    // The notices that were owed there were given there.
    let notices = other.leaves().into_iter().filter(|leaf| leaf.text("kind") == "notice");
    assert_eq!(notices.map(|leaf| leaf.json["count"].as_u64().unwrap()).sum::<u64>(), 43);
    for (lang, words) in [("en", ", then in the log"), ("zh", "再列出日志")] {
        let page = whole_page(&browser, &format!("/me/queries?lang={lang}"));
        assert!(page.contains(words) && page.contains(&format!("<code>{}</code>", origin("r1"))), "{lang}");
        let (_, cursor) =
            page.split_once(&format!("/me/queries?log={}&amp;", origin("r1").replace('/', "%2F"))).unwrap();
        let next = browser.get(&format!(
            "/me/queries?log={}&{}",
            origin("r1"),
            cursor.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&")
        ));
        assert!(
            there.iter().filter(|id| page.contains(*id)).count() == 40
                && next.text().contains("<ol class=\"entries\">")
        );
        let text = next.text();
        assert_eq!(there.iter().filter(|id| page.contains(*id) || text.contains(*id)).count(), 43, "{cursor} {text}");
    }
    // Another person sees none of it.
    service.person(&one.person("clean", 1));
    let stranger = logged_in(one);
    assert_eq!(part(&whole(&stranger, "/me/queries"), other)["list"]["entries"], json!([]));
    // Nor does the list go without saying so where the other is away.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = second.stop();
    let list = browser.json("/me/queries");
    assert!(list.status == StatusCode::OK && is_missing(&list), "{}", list.text());
    assert!(ids(&list.json()["list"]).is_superset(&own));
    assert!(browser.get("/me/queries?lang=en").text().contains("so the list is not complete"));
    assert!(first.err().text().contains("what another gateway has about a person could not be had"));
    let lines = first.err().text();
    assert!(
        lines.contains(&format!("\"peer\":\"{}\"", origin("r1")))
            && !lines.contains("dropped")
            && !lines.contains(&number),
        "{lines}"
    );
    directory.holds(&[first.stop(), second]);
}

#[test]
fn a_consent_that_was_used_elsewhere_is_listed_and_withdrawn_here() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let (number, stranger) = (one.person("late", 0), one.person("clean", 1));
    let (jti, of_another) = (new_jti(), new_jti());
    let (token, others) = (of_ten_uses(one, &jti, &number), of_ten_uses(one, &of_another, &stranger));
    for token in [&token, &others] {
        drop(checked::answer(other, "bank", &ask(&other.caller("bank"), token)));
    }
    let browser = logged_in(one);
    let list = whole(&browser, "/me/consents");
    assert_eq!(list.json()["list"]["consents"], json!([]));
    let there = part(&list, other)["list"]["consents"].as_array().unwrap().clone();
    assert_eq!(
        there.iter().map(|one| (&one["jti"], &one["state"])).collect::<Vec<_>>(),
        [(&json!(jti), &json!("in-force"))]
    );
    assert!(browser.get("/me/consents?lang=en").text().contains(&format!("<span class=\"unseen\"> {jti}</span>")));
    let withdraw =
        |jti: &str| browser.send_json(Method::POST, "/me/consents/withdrawals", &json!({"iss": ISSUER, "jti": jti}));
    assert_eq!(withdraw(&of_another).status, StatusCode::NOT_FOUND);
    assert_eq!(withdraw(&new_jti()).status, StatusCode::NOT_FOUND);
    let done = withdraw(&jti);
    assert_eq!((done.status, &done.json()["receipt"]["log"]), (StatusCode::OK, &json!(origin("r1"))));
    let leaf = other.leaf(done.json()["receipt"]["index"].as_u64().unwrap());
    assert_eq!(leaf.text("kind"), "revocation");
    assert!(leaf.json["actor"]["person"].is_string());
    for folder in [one, other] {
        assert!(within(TIME, || ask(&folder.caller("bank"), &token).code() == "consent-revoked"));
    }
    drop(checked::answer(other, "bank", &ask(&other.caller("bank"), &others)));
    // Whether one is somebody else's cannot be told while the other is away.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = second.stop();
    assert_eq!(withdraw(&new_jti()).status, StatusCode::SERVICE_UNAVAILABLE);
    directory.holds(&[first.stop(), second]);
}

#[test]
fn who_was_told_and_the_proofs_are_had_of_every_log() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("late", 0);
    drop(queries_at(other, &number, 2, "2026"));
    let browser = logged_in(one);
    let own = browser.json("/me/report").json()["records"].clone();
    let record = own[0]["record"].as_str().or_else(|| own[0]["class"].as_str()).unwrap();
    let class = own[0]["class"].as_str().unwrap();
    let told = whole(&browser, &format!("/me/recipients?record={class}"));
    assert_eq!(told.json()["list"]["recipients"], json!([]), "{record}");
    let there = part(&told, other);
    let whom = &there["list"]["recipients"][0];
    assert_eq!((&whom["institution"], &whom["answers"]), (&json!("housing"), &json!(2)), "{there}");
    let page = browser.get(&format!("/me/recipients?lang=en&record={class}")).text();
    assert!(page.contains(&format!("<code>{}</code>", origin("r1"))) && page.contains("<code>housing</code>"));
    let file = browser.json(&format!("/me/export?log={}", origin("r1")));
    assert_eq!(file.status, StatusCode::OK, "{}", file.text());
    assert_eq!(file.json()["export"]["entries"].as_array().unwrap().len(), 2);
    assert!(within(TIME, || check(other, &file.text(), true).is_none()), "{:?}", check(other, &file.text(), true));
    // Where another gateway is at that address than the configuration says, nothing of it is passed on as that log's.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let (folder, wrong) = (first.stop(), origin("r7"));
    let named = format!("log = \"{}\"", origin("r1"));
    folder.replace_in_config(&named, &format!("log = \"{wrong}\""));
    let first = Gateway::serve(folder);
    let browser = logged_in(first.folder());
    assert_eq!(browser.json(&format!("/me/export?log={wrong}")).status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.json("/me/queries").json()["others"], json!([{"log": wrong, "missing": true}]));
    assert!(first.err().text().contains("is no list of the log"), "{}", first.err().text());
    directory.holds(&stopped(vec![first, second]));
}

#[test]
fn an_officer_at_one_counter_shows_what_stands_in_every_log_and_each_log_names_the_officer() {
    let (gateways, _service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let (number, jti) = (one.person("late", 0), new_jti());
    let own = queries_at(one, &number, 1, "2026");
    let there = queries_at(other, &number, 41, "2027");
    let token = of_ten_uses(one, &jti, &number);
    drop(checked::answer(other, "bank", &ask(&other.caller("bank"), &token)));
    // Whoever asks for an officer who is none there gets nothing, nor by another's certificate, nor for more than a counter does.
    let certificate = one.leaves().iter().chain(&at_once(one, &number)).find_map(|leaf| {
        (leaf.json["actor"]["officer"] == "officer").then(|| leaf.json["actor"]["certificate"].clone())
    });
    let certificate = certificate.unwrap();
    let before = other.leaves().len();
    for (officer, certificate, act, status) in [
        ("nobody", certificate.clone(), "queries", StatusCode::FORBIDDEN),
        ("housing", certificate.clone(), "queries", StatusCode::FORBIDDEN),
        ("supervisor", certificate.clone(), "queries", StatusCode::FORBIDDEN),
        ("officer", json!("A".repeat(43)), "queries", StatusCode::FORBIDDEN),
        ("officer", json!("x"), "queries", StatusCode::BAD_REQUEST),
        ("officer", certificate.clone(), "export", StatusCode::FORBIDDEN),
        ("officer", certificate.clone(), "recipients", StatusCode::FORBIDDEN),
        ("officer", certificate, "block", StatusCode::FORBIDDEN),
    ] {
        let body = json!({"number": number, "act": act, "officer": officer, "certificate": certificate, "record": "tax-offence"});
        assert_eq!(at_counter(other, OTHER, &body).status, status, "{officer} {act}");
    }
    assert_eq!(other.leaves().len(), before, "nothing was shown");
    let asked = |more: &[(&str, &str)]| {
        let mut body = json!({"number": number, "act": "queries"});
        more.iter().for_each(|(name, value)| body[*name] = json!(value));
        at_counter(one, "officer", &body)
    };
    let is_whole = |reply: &Reply| reply.json()["others"][0].get("missing").is_none();
    let list = std::iter::repeat_with(|| asked(&[])).take(10).find(is_whole).unwrap().json();
    assert!(ids(&list["list"]).is_superset(&own));
    let part = &list["others"][0];
    assert_eq!((&part["log"], ids(&part["list"]).len()), (&json!(origin("r1")), 40));
    // It goes on there, however the cursor comes.
    let cursor = part["list"]["next"].as_str().unwrap().to_owned();
    let rest = asked(&[("cursor", &cursor)]).json();
    let mut seen = ids(&part["list"]);
    seen.extend(ids(&rest["list"]));
    assert!(seen.is_superset(&there), "{rest}");
    let named = asked(&[("log", &origin("r1")), ("cursor", &cursor)]).json();
    assert_eq!(ids(&named["others"][0]["list"]), ids(&rest["list"]));
    assert_eq!(asked(&[("log", "nobody")]).status, StatusCode::NOT_FOUND);
    let consents = done(one, &json!({"number": number, "act": "consents"}));
    assert_eq!(consents["others"][0]["list"]["consents"][0]["jti"], json!(jti));
    let withdrawn = done(one, &json!({"number": number, "act": "withdraw", "iss": ISSUER, "jti": jti}));
    assert_eq!(withdrawn["receipt"]["log"], json!(origin("r1")));
    assert!(within(TIME, || ask(&one.caller("bank"), &token).code() == "consent-revoked"));
    // That log names the gateway that asked, and the officer; and so does the person's own list.
    let leaves = other.leaves();
    let by = |leaf: &&Leaf, who: &str, kind: &str| leaf.text("kind") == kind && leaf.json["actor"]["officer"] == who;
    assert!(leaves.iter().any(|leaf| by(&leaf, OTHER, "read")));
    assert_eq!(leaves.iter().filter(|leaf| by(leaf, "officer", "revocation")).count(), 1);
    assert!(leaves.iter().filter(|leaf| by(leaf, "officer", "binding")).count() >= 4);
    let own_list = logged_in(other).json("/me/queries").json();
    let acts: Vec<_> =
        own_list["list"]["done_for"].as_array().unwrap().iter().map(|done| done["act"].clone()).collect();
    assert!(acts.contains(&json!("withdraw")) && acts.contains(&json!("queries")), "{acts:?}");
    directory.holds(&stopped(gateways));
}

/// The leaves once an officer has looked at the counter.
fn at_once(folder: &Folder, number: &str) -> Vec<Leaf> {
    drop(done(folder, &json!({"number": number, "act": "blocks"})));
    folder.leaves()
}

#[test]
fn another_gateway_reads_for_who_is_logged_in_there_and_does_nothing_else() {
    let (gateways, service, directory) = asking();
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let (number, ward) = (one.person("late", 0), one.person("late", 1));
    let before = other.leaves().len();
    for act in
        ["report", "blocks", "block", "objections", "object", "mandates", "mandate", "end-mandate", "bind", "unbind"]
    {
        let asked = at_counter(other, OTHER, &json!({"number": number, "act": act}));
        assert_eq!(asked.status, StatusCode::FORBIDDEN, "{act}");
    }
    for act in ["export", "recipients"] {
        let asked = at_counter(other, "officer", &json!({"number": number, "act": act, "record": "tax-offence"}));
        assert_eq!(asked.status, StatusCode::FORBIDDEN, "{act}");
    }
    let id = uuid::Uuid::now_v7();
    for (wrong, status) in [
        (json!({"number": number, "act": "queries", "mandate": id}), StatusCode::BAD_REQUEST),
        (json!({"number": number, "act": "queries", "deputy": ward}), StatusCode::BAD_REQUEST),
        (json!({"number": number, "act": "queries", "mandate": "x", "deputy": ward}), StatusCode::BAD_REQUEST),
        (json!({"number": number, "act": "queries", "mandate": id, "deputy": ward}), StatusCode::FORBIDDEN),
    ] {
        assert_eq!(at_counter(other, OTHER, &wrong).status, status, "{wrong}");
    }
    let door = other.caller(OTHER).at(other.port_base() + 2);
    for path in ["/officers", "/officers/queries", "/officers/reviews", "/tile/entries/000"] {
        let page = door.send(Method::GET, path, &[("accept", "text/html")], String::new());
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(other.leaves().iter().skip(before).filter(|leaf| leaf.text("kind") == "statement").count(), 0);
    // Who has a mandate reads for the ward there too, as long as it stands, and both logs name who it was.
    let today = one.leaves().last().unwrap().json["at"].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    let until = today.saturating_add(jiff::ToSpan::days(30));
    let begun = json!({"number": ward, "act": "mandate", "as": "guardian", "deputy": number, "until": until});
    let mandate = done(one, &begun)["mandate"].clone();
    drop(queries_at(other, &ward, 1, "2026"));
    service.person(&number);
    let browser: Browser = logged_in(one);
    let choose = || browser.send_json(Method::POST, "/me/mandates", &json!({"mandate": mandate}));
    assert!(within(TIME, || choose().status == StatusCode::OK));
    assert_eq!(part(&whole(&browser, "/me/queries"), other)["list"]["entries"].as_array().unwrap().len(), 1);
    let acted = |leaf: &Leaf| leaf.text("kind") == "binding" && leaf.json["actor"]["person"].is_string();
    assert!(other.leaves().iter().any(acted), "that the guardian looked is on the record there too");
    drop(done(other, &json!({"number": ward, "act": "end-mandate", "mandate": mandate})));
    directory.holds(&stopped(gateways));
}

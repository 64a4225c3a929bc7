//! What persons said, and who acts for whom, at whichever gateway: accounts that are bound, mandates, objections and what comes of
//! them.

use std::{cell::RefCell, fs};

use credit_tests::{Folder, Gateway, Leaf, checked, query::look_up};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{SECOND, TIME, replicas_with, stopped};
use crate::{
    directories::Directory,
    faults::within,
    persons::{
        Browser, Service,
        bound_ids::account,
        counter::{at_counter, done},
        repairs::{post, repair},
    },
};

/// Two gateways whose logs are listed, with one identity service.
pub(super) fn two(change: impl Fn(&Folder)) -> (Vec<Gateway>, Service, Directory) {
    let (directory, service) = (Directory::init(), RefCell::new(None::<(u16, Service)>));
    let gateways = replicas_with(2, |folder| {
        directory.lists(folder);
        change(folder);
        let mut service = service.borrow_mut();
        let own = folder.port_base() + 5;
        let (port, _) = service.get_or_insert_with(|| (own, Service::start(own, &folder.person("late", 0))));
        let config = fs::read_to_string(folder.config()).unwrap();
        let issuer = |port: u16| format!("issuer = \"http://localhost:{port}\"");
        assert!(config.contains(&issuer(own)), "the configuration names no identity service");
        fs::write(folder.config(), config.replace(&issuer(own), &issuer(*port))).unwrap();
    });
    let (_, service) = service.into_inner().unwrap();
    (gateways, service, directory)
}

pub(super) fn logged_in(folder: &Folder) -> Browser {
    let browser = Browser::new(folder);
    assert_eq!(browser.log_in().status, StatusCode::SEE_OTHER);
    browser
}

fn number_of(browser: &Browser) -> Value {
    browser.json("/me/report").json()["data"]["citizen_number"].clone()
}

fn of_kind(folder: &Folder, kind: &str, state: &str) -> Vec<Leaf> {
    let leaves = folder.leaves().into_iter();
    leaves.filter(|leaf| leaf.text("kind") == kind && leaf.text("state") == state).collect()
}

#[test]
fn an_account_that_was_bound_at_one_gateway_is_the_person_at_all_until_any_of_them_frees_it() {
    let (gateways, service, directory) =
        two(|folder| folder.replace_in_config("identified_by = \"claim\"", "identified_by = \"binding\""));
    account(&service, "account-a");
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("late", 0);
    let page = Browser::new(one).log_in();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let code = page.text().split_once("Binding code: ").unwrap().1[..10].to_owned();
    drop(done(one, &json!({"number": number, "act": "bind", "code": code})));
    assert!(within(SECOND, || Browser::new(other).log_in().status == StatusCode::SEE_OTHER));
    let browsers = [logged_in(one), logged_in(other)];
    for browser in &browsers {
        assert_eq!(number_of(browser), json!(number));
    }
    // Over a restart of the one that only heard of it.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = Gateway::serve(second.kill());
    let browser = logged_in(second.folder());
    assert_eq!(number_of(&browser), json!(number));
    drop(done(second.folder(), &json!({"number": number, "act": "unbind"})));
    assert_eq!(browser.json("/me/report").status, StatusCode::UNAUTHORIZED);
    assert!(within(SECOND, || browsers[0].json("/me/report").status == StatusCode::UNAUTHORIZED));
    assert_eq!(Browser::new(first.folder()).log_in().status, StatusCode::FORBIDDEN);
    let again = json!({"number": number, "act": "unbind"});
    assert_eq!(at_counter(first.folder(), "officer", &again).status, StatusCode::NOT_FOUND);
    directory.holds(&stopped(vec![first, second]));
}

#[test]
fn a_mandate_holds_at_every_gateway_and_so_does_its_end() {
    let (gateways, service, directory) = two(|_| {});
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let (deputy, ward) = (one.person("late", 0), one.person("late", 1));
    let today = one.leaves().last().unwrap().json["at"].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    let until = today.saturating_add(jiff::ToSpan::days(30));
    let begun = json!({"number": ward, "act": "mandate", "as": "guardian", "deputy": deputy, "until": until});
    let mandate = done(one, &begun)["mandate"].clone();
    service.person(&deputy);
    let browsers = [logged_in(one), logged_in(other)];
    // A list is of one log, and says of which; so do the officers' pages.
    for (at, browser) in browsers.iter().enumerate() {
        let log = format!("credit-gateway.example/together/r{at}");
        assert!(browser.get("/me/queries").text().contains(&log));
        let door = gateways[at].folder().caller("officer").at(gateways[at].folder().port_base() + 2);
        let page = door.send(Method::GET, "/officers?lang=en", &[("accept", "text/html")], String::new()).text();
        assert!(page.contains(&log) && page.contains("Other gateways of this operator keep logs of their own"));
        let other = format!("credit-gateway.example/together/r{}", 1 - at);
        let get = |accept: &str, path: &str| door.send(Method::GET, path, &[("accept", accept)], String::new());
        // Which others there are is looked at every few seconds.
        let shown = || get("text/html", "/officers/queries?lang=en").text();
        assert!(within(TIME, || shown()
            .contains(&format!("See the other logs at their own gateways: <code>{other}</code>."))));
        assert!(get("text/html", "/officers/reviews?lang=zh").text().contains("其他日志请在各自的网关查看："));
        for path in ["/officers", "/officers/queries", "/officers/reviews", "/officers/alarms", "/officers/coverage"] {
            let json = get("application/json", path).json();
            let others = json!([{"log": other, "is_here": true}]);
            assert_eq!((&json["of_log"], &json["other_logs"]), (&json!(log), &others), "{path}");
        }
    }
    let choose = |browser: &Browser| browser.send_json(Method::POST, "/me/mandates", &json!({"mandate": mandate}));
    assert!(within(SECOND, || choose(&browsers[1]).status == StatusCode::OK));
    assert_eq!(choose(&browsers[0]).status, StatusCode::OK);
    for browser in &browsers {
        assert_eq!(number_of(browser), json!(ward));
    }
    drop(done(other, &json!({"number": ward, "act": "end-mandate", "mandate": mandate})));
    assert!(within(SECOND, || choose(&browsers[0]).status == StatusCode::NOT_FOUND));
    drop(browsers[1].json("/me/report"));
    for browser in &browsers {
        assert_eq!(number_of(browser), json!(deputy), "for nobody else any more");
    }
    directory.holds(&stopped(gateways));
}

#[test]
fn an_objection_is_read_and_decided_at_any_gateway_and_every_answer_is_corrected_where_it_was_given() {
    let (gateways, _service, directory) = two(|_| {});
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let number = one.person("late", 0);
    let told = |folder: &Folder| {
        let reply = folder.caller("housing").ask(&look_up(&number));
        drop(checked::answer(folder, "housing", &reply));
        reply.json()["query"].clone()
    };
    let queries = [told(one), told(other)];
    let browsers = [logged_in(one), logged_in(other)];
    let own = browsers[0].json("/me/report").json()["records"].as_array().unwrap().clone();
    let said = json!({"record": own[0]["record"], "statement": "I was never there."});
    let made = browsers[0].send_json(Method::POST, "/me/objections", &said);
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let read = |at: usize| browsers[at].json("/me/objections").json()["objections"].clone();
    assert!(within(SECOND, || read(1)[0]["statement"] == "I was never there."));
    let id = read(1)[0]["objection"].clone();
    let decision = json!({"objection": id, "result": "upheld", "reason": "That was somebody else."});
    let decided = post(other, "officer", "/v1/objections/decisions", &decision);
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text());
    for at in [0, 1] {
        assert!(within(SECOND, || read(at)[0]["reason"] == "That was somebody else."), "{at}");
    }
    // The others go by repairs at one gateway alone; each gateway corrects what it told.
    for record in &own[1..] {
        assert_eq!(post(one, "credit-office", "/v1/repairs", &repair(&number, record)).status, StatusCode::OK);
    }
    let due = |folder: &Folder| folder.caller("housing").get("/v1/corrections?after=0").json();
    for (folder, query) in [one, other].into_iter().zip(&queries) {
        assert!(within(TIME, || due(folder)["corrections"][0]["query"] == *query), "no correction is due");
        // On a busy machine there may be one for the decision, and one more for the repairs.
        let all = due(folder);
        let all = all["corrections"].as_array().unwrap();
        assert!(all.iter().all(|one| one["query"] == *query), "{all:?}");
        assert!((1..=2).contains(&all.len()), "{all:?}");
    }
    // What one told to go on after is refused by the other, which would pass over its own.
    let after = |folder: &Folder| due(folder)["after"].as_u64().unwrap();
    let from = |at: &Folder, after: u64| at.caller("housing").get(&format!("/v1/corrections?after={after}"));
    let told = [one, other].map(after);
    for (at, number) in [(one, told[0]), (other, told[1])] {
        assert_eq!(from(at, number).json()["corrections"], json!([]));
        assert_eq!(from(at, number).json()["after"], number);
    }
    for (at, number) in [(one, told[1]), (other, told[0]), (one, 1)] {
        let refused = from(at, number);
        checked::refusal(at, "housing", &refused, 400, "malformed-request");
        assert!(refused.json()["detail"].as_str().unwrap().contains("`after`"), "{}", refused.text());
    }
    // Once, also over a restart.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let folder = second.kill();
    let before = of_kind(&folder, "correction", "due").len();
    assert!((1..=2).contains(&before), "{before}");
    let second = Gateway::serve(folder);
    std::thread::sleep(2 * SECOND);
    assert_eq!(of_kind(second.folder(), "correction", "due").len(), before);
    directory.holds(&stopped(vec![first, second]));
}

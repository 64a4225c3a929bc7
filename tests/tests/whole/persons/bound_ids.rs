//! An identity service that gives no citizen number: nobody comes in whose account no officer bound, an account has one person and
//! a person one account, and once it is freed its sessions are over.

use credit_tests::{Folder, Gateway, Leaf, Reply};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Browser, Lie, Service, counter::at_counter, serve};
use crate::consents::{assert_sound, new_log::continue_log};

fn gateway() -> (Gateway, Service) {
    let folder = Folder::new();
    folder.replace_in_config("identified_by = \"claim\"", "identified_by = \"binding\"");
    let (gateway, service) = serve(folder);
    // Whoever asks for it learns no number.
    account(&service, "account-a");
    (gateway, service)
}

/// Who comes from now on has this account.
pub(crate) fn account(service: &Service, sub: &'static str) {
    service.lie([Lie::Claim("sub", json!(sub)), Lie::Userinfo("citizen_number", json!(null))]);
}

/// Logs in in vain; gives the code of the page.
fn refused(folder: &Folder) -> String {
    let browser = Browser::new(folder);
    let page = browser.log_in();
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.text());
    assert_eq!(browser.cookie("__Host-session"), None);
    assert_eq!(browser.json("/me/report").status, StatusCode::UNAUTHORIZED);
    let text = page.text();
    let (_, rest) = text.split_once("Binding code: ").expect("a code");
    let code = rest[..10].to_owned();
    assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "the code has another form");
    code
}

fn bind(folder: &Folder, number: &str, code: &str) -> Reply {
    at_counter(folder, "officer", &json!({"number": number, "act": "bind", "code": code}))
}

fn unbind(folder: &Folder, number: &str) -> Reply {
    at_counter(folder, "officer", &json!({"number": number, "act": "unbind"}))
}

fn bindings(folder: &Folder) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "binding").collect()
}

#[test]
fn nobody_comes_in_unbound_and_nobody_but_an_officer_binds() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let code = refused(folder);
    let bound = json!({"number": number, "act": "bind", "code": code});
    for who in ["supervisor", "housing", "bank"] {
        assert_eq!(at_counter(folder, who, &bound).status, StatusCode::FORBIDDEN, "{who}");
    }
    assert_eq!(
        at_counter(folder, "officer", &json!({"number": number, "act": "bind"})).status,
        StatusCode::BAD_REQUEST
    );
    for wrong in ["", "0000000000", &code.to_lowercase(), "account-a"] {
        assert_eq!(bind(folder, &number, wrong).status, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(unbind(folder, &number).status, StatusCode::NOT_FOUND);
    // The account that logs in again has another code, and the one before is over.
    let again = refused(folder);
    assert_ne!(code, again);
    assert_eq!(bind(folder, &number, &code).status, StatusCode::NOT_FOUND);
    assert!(bindings(folder).is_empty(), "nothing was bound");
    service.lie([Lie::Claim("sub", json!("s".repeat(256)))]);
    assert_eq!(Browser::new(folder).log_in().status, StatusCode::FORBIDDEN);
    let lines = gateway.err().text();
    assert_eq!(lines.matches("a login at the persons' door was refused").count(), 3);
    assert_eq!(lines.matches("the account is bound to no citizen number").count(), 2);
    assert!(!lines.contains("account-a") && !lines.contains(&code) && !lines.contains(&again));
}

#[test]
fn an_account_that_an_officer_bound_is_the_person_until_it_is_freed() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (number, other) = (folder.person("late", 0), folder.person("late", 1));
    let code = refused(folder);
    assert_eq!(bind(folder, &number, &code).status, StatusCode::OK);
    assert_eq!(bind(folder, &other, &code).status, StatusCode::NOT_FOUND, "a code is used once");
    let browser = Browser::new(folder);
    assert_eq!(browser.log_in().status, StatusCode::SEE_OTHER);
    let report = |browser: &Browser| browser.json("/me/report").json()["data"]["citizen_number"].clone();
    assert_eq!(report(&browser), json!(number));
    let list = browser.json("/me/queries").json()["list"]["done_for"].clone();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["by"]), (1, &json!("counter")));
    assert!(list[0]["says"].as_str().unwrap().contains("officer recorded that the account"));
    // Another account is another person's, and neither has two.
    account(&service, "account-b");
    let second = refused(folder);
    assert_eq!(bind(folder, &number, &second).status, StatusCode::FORBIDDEN, "the person has one");
    assert_eq!(bind(folder, &other, &second).status, StatusCode::OK);
    assert_eq!(report(&logged_in(folder)), json!(other));
    assert_eq!(report(&browser), json!(number));

    assert_eq!(unbind(folder, &number).status, StatusCode::OK);
    assert_eq!(browser.json("/me/report").status, StatusCode::UNAUTHORIZED, "its session is over");
    assert_eq!(unbind(folder, &number).status, StatusCode::NOT_FOUND);
    account(&service, "account-a");
    let again = refused(folder);
    let leaves = folder.leaves();
    let text = |leaf: &Leaf| leaf.json.to_string();
    assert!(!leaves.iter().any(|leaf| text(leaf).contains(&number) || text(leaf).contains("account-")));
    let states: Vec<_> = bindings(folder).iter().map(|leaf| leaf.json["state"].clone()).collect();
    assert_eq!(states, [json!("bound"), json!("bound"), json!("unbound")]);
    assert_eq!(bind(folder, &number, &again).status, StatusCode::OK, "freed, it may be bound again");
    assert_sound(&gateway.stop());
}

fn logged_in(folder: &Folder) -> Browser {
    let browser = Browser::new(folder);
    assert_eq!(browser.log_in().status, StatusCode::SEE_OTHER);
    browser
}

#[test]
fn a_binding_stands_over_kills_and_in_the_log_that_follows_and_one_that_was_freed_does_not_come_back() {
    let (gateway, service) = gateway();
    let number = gateway.folder().person("late", 0);
    assert_eq!(bind(gateway.folder(), &number, &refused(gateway.folder())).status, StatusCode::OK);
    let gateway = Gateway::serve(gateway.kill());
    drop(logged_in(gateway.folder()));
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let browser = logged_in(gateway.folder());
    let done: Value = browser.json("/me/queries").json()["list"]["done_for"].clone();
    assert_eq!(done[0]["by"], json!("gateway"), "said again");
    let export = browser.json("/me/export").text();
    assert_eq!(super::export::check(gateway.folder(), &export, true), None);
    assert_eq!(unbind(gateway.folder(), &number).status, StatusCode::OK);
    let gateway = Gateway::serve(gateway.kill());
    account(&service, "account-a");
    drop(refused(gateway.folder()));
    assert_sound(&gateway.stop());
}

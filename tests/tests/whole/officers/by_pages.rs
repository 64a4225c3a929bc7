//! What an officer does who has the pages alone: what one page shows, the next one has filled in; and what is left or mistyped is said.

use std::time::Duration;

use credit_tests::{
    Folder, Gateway, Reply, checked,
    query::{look_up, look_up_under, with},
};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{
    act, at_door,
    by_two::{ONE, OTHER, listed, two_officers},
    console::until_listed,
    of_kind,
};
use crate::{faults::within, limits::is_wholly_recorded};

const PROPOSALS: &str = "/officers/proposals?lang=en";

fn page(folder: &Folder, who: &str, path: &str) -> String {
    let reply = at_door(folder, who).send(Method::GET, path, &[("accept", "text/html")], "");
    assert_eq!(reply.status, StatusCode::OK, "{path}");
    reply.text()
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The members that a page has filled in for the first form of this action with these words in it.
fn filled(page: &str, action: &str, words: &str) -> Vec<(String, String)> {
    let begin = format!("<form method=\"post\" action=\"{action}\">");
    let mut forms = page.split(&begin).skip(1).map(|rest| rest.split("</form>").next().unwrap());
    let form = forms.find(|form| form.contains(words)).unwrap_or_else(|| panic!("no form of {action} with {words}"));
    let of = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!(" {name}=\""))?;
        let value = rest.split('"').next().unwrap();
        Some(value.replace("&#34;", "\"").replace("&#60;", "<").replace("&#38;", "&"))
    };
    let hidden = form.split("<input ").skip(1).filter(|input| input.starts_with("type=\"hidden\""));
    let named = hidden.map(|input| (of(input, "name").unwrap(), of(input, "value").unwrap()));
    let buttons = form.split("<button ").skip(1).filter_map(|input| Some((of(input, "name")?, of(input, "value")?)));
    named.chain(buttons).collect()
}

/// Sends a form of a page, with what is typed.
fn send(folder: &Folder, who: &str, (from, action, words): (&str, &str, &str), typed: &[(&str, &str)]) -> Reply {
    let filled = filled(&page(folder, who, from), action, words);
    let filled = filled.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = filled.chain(typed.iter().copied()).map(|(name, value)| format!("{name}={}", encoded(value)));
    let body = body.collect::<Vec<_>>().join("&");
    let headers = [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
    at_door(folder, who).send(Method::POST, action, &headers, body)
}

/// What the page says to which a form leads.
fn done(folder: &Folder, who: &str, reply: &Reply) -> String {
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text());
    page(folder, who, reply.header("location").unwrap())
}

fn propose(folder: &Folder, form: (&str, &str, &str), typed: &[(&str, &str)]) -> String {
    assert!(done(folder, ONE, &send(folder, ONE, form, typed)).contains("Done, and on the record"));
    listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_proposed_in_words_is_approved_and_done_without_typing_them_again_also_after_a_start() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let ask = |folder: &Folder| folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    let asked = ask(folder);
    checked::answer(folder, "housing", &asked);
    until_listed(folder, 1);
    let stop = json!({"scenario": "public-rental-housing", "reason": "drill"});
    assert_eq!(act(folder, ONE, "/officers/stop", &stop).status, StatusCode::OK);
    // Where it is said that something is stopped, it is proposed to go on.
    let resume =
        propose(folder, ("/officers?lang=en", "/officers/proposals", "resume-0"), &[("reason", "over & done")]);
    let query = format!("/officers/queries/{}?lang=en", asked.json()["query"].as_str().unwrap());
    let unseal = propose(folder, (&query, "/officers/proposals", "Reason to open it"), &[("reason", "court order 7")]);
    let export = propose(folder, (PROPOSALS, "/officers/proposals", "export.person"), &[("export.person", &number)]);
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert!(!page(folder, ONE, PROPOSALS).contains("action=\"/officers/resume\""), "it is not approved yet");
    for (id, typed) in [(&resume, &[][..]), (&unseal, &[]), (&export, &[("export.person", number.as_str())])] {
        let shown = done(folder, OTHER, &send(folder, OTHER, (PROPOSALS, "/officers/approvals", id), typed));
        assert!(shown.contains("Done, and on the record"), "{id}");
    }
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    assert_eq!(ask(folder).code(), "stopped");
    let resumed = done(folder, ONE, &send(folder, ONE, (PROPOSALS, "/officers/resume", &resume), &[]));
    assert!(resumed.contains("Done, and on the record") && !resumed.contains("Still stopped"));
    assert_eq!(ask(folder).status, StatusCode::OK);
    let opened = send(folder, OTHER, (PROPOSALS, "/officers/unseals", &unseal), &[]);
    let told = (opened.status, opened.text().contains(&number), opened.header("cache-control") == Some("no-store"));
    assert_eq!(told, (StatusCode::OK, true, true));
    assert_eq!(of_kind(folder, "unseal")[0].text("reason"), "court order 7");
    let file = send(folder, ONE, (PROPOSALS, "/officers/exports", &export), &[("person", &number)]);
    assert!(file.header("content-disposition").is_some_and(|how| how.starts_with("attachment")), "{}", file.status);
    let left = page(folder, ONE, PROPOSALS);
    for done in ["resume", "unseals", "exports", "approvals"] {
        assert!(!left.contains(&format!("action=\"/officers/{done}\"")), "{done} is offered once it is done");
    }
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn who_lifts_one_thing_reads_what_is_stopped_still_and_who_mistypes_reads_where() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    until_listed(folder, 1);
    let stop = |scenario: serde_json::Value| {
        let body = json!({"scenario": scenario, "reason": "drill"});
        assert_eq!(act(folder, ONE, "/officers/stop", &body).status, StatusCode::OK);
    };
    stop(json!(null));
    stop(json!("employment"));
    // One officer alone resumes at once, each by itself.
    let all = done(
        folder,
        ONE,
        &send(folder, ONE, ("/officers?lang=en", "/officers/resume", "resume-0"), &[("reason", "over")]),
    );
    assert!(
        all.contains("Done, and on the record") && all.contains("Still stopped: ") && all.contains("(employment)."),
        "{all}"
    );
    let again = act(folder, ONE, "/officers/resume", &json!({"reason": "over"})).json();
    assert_eq!((&again["already"], &again["still_stopped"]), (&json!(true), &json!(["employment"])));
    let last = done(
        folder,
        ONE,
        &send(folder, ONE, ("/officers?lang=en", "/officers/resume", "resume-0"), &[("reason", "over")]),
    );
    assert!(!last.contains("Still stopped"), "{last}");

    let institutions = "/officers/institutions?lang=en&q=housing";
    let suspend = |staff: &str, typed: &[(&str, &str)]| {
        let typed = [&[("operator", staff)], typed].concat();
        let form = filled(&page(folder, ONE, institutions), "/officers/suspensions", "id=\"o-housing\"");
        let form: Vec<_> = form.into_iter().filter(|(name, _)| name != "suspended").collect();
        let form = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(typed);
        let body = form.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let headers = [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
        at_door(folder, ONE).send(Method::POST, "/officers/suspensions", &headers, body)
    };
    let unseen = "No query of this member of staff is on the record";
    let known = done(folder, ONE, &suspend("staff-0017", &[("suspended", "true"), ("reason", "drill")]));
    assert!(known.contains("Done, and on the record") && !known.contains(unseen));
    let other = done(folder, ONE, &suspend("staff-0071", &[("suspended", "true"), ("reason", "drill")]));
    assert!(other.contains("Done, and on the record") && other.contains(unseen));
    let lift = |typed: &[(&str, &str)]| {
        send(folder, ONE, (institutions, "/officers/suspensions", "value=\"staff-0071\""), typed)
    };
    let empty = lift(&[]);
    assert!(empty.status == StatusCode::BAD_REQUEST && empty.text().contains("“Reason” is empty"), "{}", empty.text());
    let lifted = done(folder, ONE, &lift(&[("reason", "typed wrong")]));
    assert!(lifted.contains("Still suspended: ") && lifted.contains("staff-0017."), "{lifted}");
    let never = done(folder, ONE, &suspend("staff-7", &[("suspended", "false"), ("reason", "typed wrong")]));
    assert!(never.contains("Nothing was done: ") && !never.contains("It was so already"), "{never}");
    let record = folder.caller("housing").ask(&look_up_under(&folder.person("clean", 1), "HZ-9"));
    until_listed(folder, 2);
    let record = format!("/officers/queries/{}?lang=en", record.json()["query"].as_str().unwrap());
    let led = || page(folder, ONE, &record).contains("/officers/institutions?q=housing&amp;lang=en#i-housing");
    assert!(within(Duration::from_secs(10), led), "from the record to where it is lifted");

    let found = |words: &str| {
        page(folder, ONE, &format!("/officers/institutions?lang=en&{words}")).matches("<li class=\"entry\"").count()
    };
    assert_eq!((found("q=HOUSING"), found("q=staff-0017"), found("suspended=true"), found("q=nobody")), (1, 1, 1, 0));
    assert!(found("") > 5);
    drop(gateway.stop());
}

#[test]
fn an_asker_reads_whether_the_member_of_staff_the_scenario_or_all_of_it_is_meant() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    let ask = |staff: &str| {
        let headers = [("accept-language", "en")];
        let body = with(look_up(&person), "operator", staff);
        let reply = folder.caller("housing").send(
            Method::POST,
            "/v1/queries",
            &[&[("content-type", "application/json")], &headers[..]].concat(),
            body.to_string(),
        );
        (reply.code(), reply.json()["detail"].as_str().unwrap_or_default().to_owned())
    };
    let set = |part: serde_json::Value, suspended: bool| {
        let mut body = json!({"institution": "housing", "suspended": suspended, "reason": "drill"});
        body.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        assert_eq!(act(folder, ONE, "/officers/suspensions", &body).status, StatusCode::OK);
    };
    let scenario = "public-rental-housing";
    for (part, said) in [
        (json!({"operator": "s-1"}), "the member of staff of `operator`"),
        (json!({"scenario": scenario}), "the institution’s use of this `scenario`"),
        (json!({}), "all of the institution"),
    ] {
        set(part.clone(), true);
        let (code, detail) = ask("s-1");
        assert!(code == "institution-suspended" && detail.starts_with(said), "{code} {detail}");
        set(part, false);
    }
    for (stop, said) in [
        (json!({"scenario": scenario}), "this `scenario` is stopped for everybody"),
        (json!({}), "every query is stopped"),
    ] {
        let mut body = stop.clone();
        body["reason"] = json!("drill");
        assert_eq!(act(folder, ONE, "/officers/stop", &body).status, StatusCode::OK);
        let (code, detail) = ask("s-1");
        assert!(code == "stopped" && detail.starts_with(said), "{code} {detail}");
        assert_eq!(act(folder, ONE, "/officers/resume", &body).status, StatusCode::OK);
    }
    assert_eq!(ask("s-1").0, "");
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn an_act_without_a_reason_is_none() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    for reason in ["", "   ", "a\u{7}b"] {
        for (path, body) in [
            ("/officers/stop", json!({"scenario": "employment", "reason": reason})),
            ("/officers/suspensions", json!({"institution": "bank", "suspended": true, "reason": reason})),
            ("/officers/proposals", json!({"act": "resume", "scenario": "employment", "reason": reason})),
        ] {
            let reply = act(folder, ONE, path, &body);
            assert_eq!(reply.status, StatusCode::CONFLICT, "{path} {reason:?}: {}", reply.text());
        }
    }
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let config = folder.config();
    let stop = ["stop", "--reason", " ", "--config", config.to_str().unwrap()];
    assert!(credit_tests::gateway(&stop).failed(1).contains("a statement or reason has 1 to 2,000 characters"));
}

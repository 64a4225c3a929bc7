//! Forms of the console's pages: an officer acts by a browser, and no other site makes the browser act.

use std::time::Duration;

use credit_tests::{Folder, Gateway, Leaf, Reply, audit, checked, query::look_up};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{
    act, at_door,
    by_two::{ONE, OTHER, listed, two_officers},
    of_kind,
};
use crate::{
    cases::{decide, open},
    faults::within,
    limits::is_wholly_recorded,
};

const HTML: (&str, &str) = ("accept", "text/html");

/// A page as a browser gets it.
fn page(folder: &Folder, who: &str, path: &str) -> String {
    let reply = at_door(folder, who).send(Method::GET, path, &[HTML], "");
    assert_eq!(reply.status, StatusCode::OK, "{path}");
    reply.text().to_owned()
}

/// The token of a page's forms.
fn token(folder: &Folder, who: &str) -> String {
    let page = page(folder, who, "/officers/proposals?lang=en");
    let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

fn send(folder: &Folder, who: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut all = vec![HTML, ("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    at_door(folder, who).send(Method::POST, path, &all, body.to_owned())
}

#[test]
fn an_officer_acts_by_a_form_of_the_own_page_and_of_no_other() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let (own, theirs) = (token(folder, ONE), token(folder, OTHER));
    assert_ne!(own, theirs);
    for page in ["/officers/institutions?lang=en", "/officers/proposals?lang=zh", "/officers?lang=en"] {
        assert!(!self::page(folder, "supervisor", page).contains("<form method=\"post\""), "{page}");
        assert!(self::page(folder, ONE, page).contains(&own), "{page}");
    }
    let stop = |token: &str| format!("form={token}&reason=drill&scenario=&next=%2Fofficers%3Flang%3Den");
    for (headers, body, status) in [
        (&[][..], stop(""), StatusCode::BAD_REQUEST),
        (&[], stop(&theirs), StatusCode::BAD_REQUEST),
        (&[("origin", "https://evil.example")], stop(&own), StatusCode::BAD_REQUEST),
        (&[("sec-fetch-site", "cross-site")], stop(&own), StatusCode::BAD_REQUEST),
        (&[], format!("{}&reason=again", stop(&own)), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(send(folder, ONE, "/officers/stop", headers, &body).status, status, "{headers:?}");
    }
    assert_eq!(send(folder, "supervisor", "/officers/stop", &[], &stop(&own)).status, StatusCode::FORBIDDEN);
    assert!(of_kind(folder, "stop").is_empty());
    let stopped = send(folder, ONE, "/officers/stop", &[("sec-fetch-site", "same-origin")], &stop(&own));
    assert_eq!(stopped.status, StatusCode::SEE_OTHER);
    let location = stopped.header("location").unwrap();
    assert!(location.starts_with("/officers?lang=en&done="), "{location}");
    let done = page(folder, ONE, location);
    let entry = of_kind(folder, "stop")[0].index;
    assert!(
        done.contains(&format!("Done, and on the record: entry {entry}.")) && done.contains("every query is refused")
    );
    let switch = "<a href=\"?lang=zh\"";
    assert!(done.contains(switch), "the other language says nothing of it");
    for (who, address) in [(OTHER, location), (ONE, "/officers?lang=en&done=5-0123456789abcdef")] {
        assert!(!page(folder, who, address).contains("Done, and on the record"), "{who} {address}");
    }
    let ask = || folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    assert_eq!(ask().code(), "stopped");
    // Two resume it, by what is to be done and without working out a digest.
    let propose = format!("form={own}&act=resume&reason=over&scenario=");
    assert_eq!(send(folder, ONE, "/officers/proposals", &[], &propose).status, StatusCode::SEE_OTHER);
    let proposed = listed(folder)["proposals"][0].clone();
    let (id, digest) = (proposed["proposal"].as_str().unwrap(), proposed["digest"].as_str().unwrap());
    let digest = digest.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let approve = |token: &str| format!("form={token}&proposal={id}&digest={digest}");
    // Who proposed it is not led to try.
    let shown = [ONE, OTHER].map(|who| page(folder, who, "/officers/proposals?lang=en"));
    let are_offered = shown.each_ref().map(|shown| shown.contains("action=\"/officers/approvals\""));
    assert_eq!(are_offered, [false, true]);
    assert!(shown[0].contains("You proposed it: another officer approves it."));
    let refused = send(folder, ONE, "/officers/approvals", &[("accept-language", "en")], &approve(&own));
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("<h1>") && refused.text().contains("own proposal"), "{}", refused.text());
    assert_eq!(send(folder, OTHER, "/officers/approvals", &[], &approve(&theirs)).status, StatusCode::SEE_OTHER);
    let resume = format!("form={own}&proposal={id}&reason=over&scenario=");
    assert_eq!(send(folder, ONE, "/officers/resume", &[], &resume).status, StatusCode::SEE_OTHER);
    assert_eq!(ask().status, StatusCode::OK);
    let suspend = format!("form={own}&institution=housing&operator=&scenario=&reason=drill&suspended=true");
    assert_eq!(send(folder, ONE, "/officers/suspensions", &[], &suspend).status, StatusCode::SEE_OTHER);
    assert_eq!(ask().code(), "institution-suspended");
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn who_approves_reads_what_it_is_about_and_what_cannot_be_is_not_proposed() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let own = token(folder, ONE);
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let is_query = |leaf: &Leaf| leaf.text("kind") == "query";
    let entry = folder.leaves().iter().rposition(is_query).unwrap();
    let number = folder.person("clean", 0);
    let next = "&next=%2Fofficers%2Fproposals%3Flang%3Dzh";
    for (what, status, said) in [
        ("act=unseal&entry=99999&reason=court+order".to_owned(), StatusCode::CONFLICT, "日志中没有记录 99999"),
        ("act=unseal&entry=0&reason=court+order".to_owned(), StatusCode::CONFLICT, "不含密封部分"),
        (format!("act=unseal&entry={entry}&reason=about+{number}"), StatusCode::CONFLICT, "含有明文的公民身份号码"),
        ("act=unseal&entry=first&reason=court+order".to_owned(), StatusCode::BAD_REQUEST, "“记录序号”须为数字"),
        ("act=catalogue&digest=wrong".to_owned(), StatusCode::BAD_REQUEST, "“摘要”须为 32 字节的 base64"),
        ("act=resume&scenario=curiosity&reason=over".to_owned(), StatusCode::CONFLICT, "目录中没有该场景"),
    ] {
        // In the language of the page from which it comes, with the way back to it.
        let body = format!("form={own}&{what}{next}");
        let refused = send(folder, ONE, "/officers/proposals", &[("accept-language", "en")], &body);
        assert_eq!(refused.status, status, "{said}");
        let text = refused.text();
        let back = "href=\"/officers/proposals?lang=zh\"";
        assert!(text.contains(said) && text.contains(back) && text.contains("没有执行"), "{said}");
        assert!(!text.contains(&number));
    }
    assert!(
        of_kind(folder, "proposal").iter().all(|leaf| leaf.json["act"] != "unseal" && leaf.json["act"] != "resume")
    );
    for what in
        [format!("act=unseal&entry={entry}&reason=court+order+7"), "act=resume&scenario=&reason=over".to_owned()]
    {
        let sent = send(folder, ONE, "/officers/proposals", &[], &format!("form={own}&{what}{next}"));
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
    }
    let shown = page(folder, OTHER, "/officers/proposals?lang=en");
    for said in [&format!("<dt>Record to open</dt><dd>{entry}</dd>"), "<dd>court order 7</dd>", "<dd>all of them</dd>"]
    {
        assert!(shown.contains(said), "{said}");
    }
    assert_eq!(shown.matches("action=\"/officers/approvals\"").count(), 2);
    // What a page does not show is not approved there.
    let digest = listed(folder)["proposals"][1]["digest"].clone();
    let evidence = json!({"act": "export", "export": {"person": number}});
    for body in [json!({"act": "unseal", "digest": digest}), evidence] {
        assert_eq!(act(folder, ONE, "/officers/proposals", &body).status, StatusCode::OK);
    }
    let shown = page(folder, OTHER, "/officers/proposals?lang=en");
    assert_eq!(shown.matches("action=\"/officers/approvals\"").count(), 3, "whose evidence it is, the approver says");
    assert!(shown.contains("name=\"export.person\"") && shown.contains("credit-gateway unseal … --approve"), "{shown}");
    assert_eq!(listed(folder)["proposals"][3]["about"], json!({"entry": entry, "reason": "court order 7"}));
    is_wholly_recorded(&gateway.stop());
}

#[test]
fn missed_cases_are_handed_over_by_a_button_and_on_the_record() {
    let folder = two_officers();
    folder.replace_in_config("kind = \"employer\"", "kind = \"officer\"\nrole = \"reviewer\"");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (path, own) = ("/officers/coverage", token(folder, ONE));
    open(folder, "R-1", &folder.person("clean", 2));
    decide(folder, "R-1", None);
    let button = "method=\"post\" action=\"/officers/coverage\"";
    let shown = |who| page(folder, who, "/officers/coverage?lang=en");
    assert!(within(Duration::from_secs(10), || shown(ONE).contains(button)), "no missed case is shown");
    assert!(!shown("supervisor").contains(button) && !shown("employer").contains(button));
    let body = format!("form={own}&next=%2Fofficers%2Fcoverage");
    assert_eq!(send(folder, "supervisor", path, &[], &body).status, StatusCode::FORBIDDEN);
    for (who, asked, status) in [
        ("employer", json!({}), StatusCode::FORBIDDEN),
        (ONE, json!({"month": "2026-13"}), StatusCode::BAD_REQUEST),
        (ONE, json!({"months": "2026-12"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(act(folder, who, path, &asked).status, status, "{who} {asked}");
    }
    let handed_over = || {
        let reads = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
        reads.filter(|path| path.starts_with("/coverage/")).count()
    };
    assert_eq!(handed_over(), 0);
    let list = send(folder, ONE, path, &[], &body);
    assert_eq!((list.status, list.header("content-type")), (StatusCode::OK, Some("text/plain; charset=utf-8")));
    assert_eq!(list.header("content-disposition"), Some("attachment; filename=\"missed-cases.txt\""));
    assert_eq!(handed_over(), 1);
    assert!(list.text().contains("R-1"));
    let file = folder.join("missed-cases.txt");
    std::fs::write(&file, list.text()).unwrap();
    assert!(shown(ONE).contains(", handed over"));
    assert!(act(folder, ONE, path, &json!({})).json()["list"].as_str().unwrap().contains("R-1"));
    let folder = gateway.stop();
    drop(audit(&["coverage", folder.log().to_str().unwrap(), "--list", file.to_str().unwrap()]).held());
}

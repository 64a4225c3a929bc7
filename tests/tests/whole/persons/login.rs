//! From the first page to the report and out again; the record of it.

use credit_tests::{Folder, Gateway, Leaf, audit};
use hyper::StatusCode;

use super::{Browser, Lie, gateway};

/// The only leaf of a query by a person.
#[track_caller]
fn own(folder: &Folder) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "query").collect()
}

#[test]
fn a_person_logs_in_sees_the_report_and_logs_out() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let browser = Browser::new(folder);
    let home = browser.get("/");
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text().contains("href=\"/login?lang=en\""), "{}", home.text());
    {
        let path = "/me/report";
        let away = browser.get(path);
        assert_eq!(
            (away.status, away.header("location")),
            (StatusCode::SEE_OTHER, Some(&*format!("/login?next={path}")))
        );
        assert_eq!(browser.json(path).status, StatusCode::UNAUTHORIZED);
    }
    let back = browser.log_in();
    assert_eq!((back.status, back.header("location")), (StatusCode::SEE_OTHER, Some("/me/report")), "{}", back.text());
    assert_eq!(own(folder).len(), 0, "a login is no query");

    let page = browser.get("/me/report");
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let number = folder.person("late", 0);
    assert!(page.text().contains(&number) && page.text().contains("<html lang=\"en\">"));
    assert!(page.text().contains("an evaluation, made under 黄信用〔2018〕1号"), "what a score rests on");
    let chinese = browser.get("/me/report?lang=zh").text();
    assert!(chinese.contains("<html lang=\"zh-Hans\">") && chinese.contains("我的信用报告"));
    let json = browser.json("/me/report");
    assert_eq!(json.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(json.json()["data"]["citizen_number"], number.as_str());
    let leaves = own(folder);
    assert_eq!(leaves.len(), 3, "each look is a record");
    let index = json.index();
    let leaf = folder.leaf(index);
    assert_eq!(leaf.json["ground"], serde_json::json!({"self": true}));
    assert_eq!((leaf.text("outcome"), leaf.json["inputs"]["kind"].as_str()), ("answered", Some("person")));
    for key in ["institution", "seq", "operator", "certificate", "actor"] {
        assert!(leaf.json.get(key).is_none(), "a person's leaf has `{key}`");
    }
    for leaf in &leaves {
        assert!(!leaf.json.to_string().contains(&number), "the number stands in clear in a leaf");
    }

    let out = browser.log_out();
    assert_eq!(out.status, StatusCode::SEE_OTHER, "{}", out.text());
    assert!(out.header("location").unwrap().contains("/end?client_id=credit-gateway-demo"), "{out:?}");
    assert_eq!(browser.json("/me/report").status, StatusCode::UNAUTHORIZED);
    let folder = gateway.stop();
    let (log, vkey, catalogue) = (folder.log(), folder.log().join("log.vkey"), folder.join("catalogue"));
    let [log, vkey, catalogue] = [&log, &vkey, &catalogue].map(|path| path.to_str().unwrap());
    drop(credit_tests::gateway(&["policy", "export", catalogue]).held());
    drop(audit(&["verify", log, "--vkey", vkey]).held());
    drop(audit(&["replay", log, "--vkey", vkey, "--catalogue", catalogue]).held());
}

#[test]
fn two_persons_see_each_their_own() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (one, other) = (Browser::new(folder), Browser::new(folder));
    drop(one.log_in());
    let second = folder.person("clean", 1);
    service.person(&second);
    drop(other.log_in());
    let number = |browser: &Browser, path: &str| browser.json(path).json()["data"]["citizen_number"].clone();
    assert_eq!(number(&one, "/me/report"), folder.person("late", 0).as_str());
    // Whatever is said beside the session.
    for path in ["/me/report", "/me/report?subject=990001199003071012", "/me/report?citizen_number=990001199003071012"]
    {
        assert_eq!(number(&other, path), second.as_str());
    }
}

#[test]
fn nothing_of_a_person_is_in_a_header_or_line_and_no_page_is_kept() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let browser = Browser::new(folder);
    let number = folder.person("late", 0);
    let mut seen = Vec::new();
    service.lie([Lie::Userinfo("citizen_number", serde_json::json!("not a number"))]);
    seen.push(browser.log_in());
    service.lie([]);
    seen.push(browser.log_in());
    let session = browser.cookie("__Host-session").unwrap();
    for path in ["/", "/me/report", "/me", "/nothing", "/me/report?lang=zh"] {
        seen.push(browser.get(path));
        seen.push(browser.json(path));
    }
    for reply in &seen {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in &reply.headers {
            let value = value.to_str().unwrap();
            assert!(!value.contains(&number), "{name}");
            assert!(name == "set-cookie" || !value.contains(&session), "{name}");
        }
        assert!(!reply.text().contains("<script"));
    }
    let (folder, said) = {
        let err = gateway.err().clone();
        (gateway.stop(), err.all())
    };
    for secret in [number.as_str(), session.as_str(), "subject-1", "access-"] {
        assert!(!said.contains(secret), "a line has {secret}");
    }
    assert!(said.contains("a login at the persons' door was refused"), "{said}");
    drop(folder);
}

#[test]
fn while_the_identity_service_is_away_the_page_says_so_and_queries_go_on() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let browser = Browser::new(folder);
    let away = browser.get("/login");
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.text().contains("identity service cannot be reached"), "{}", away.text());
    assert_eq!(away.header("retry-after"), Some("10"));
    let look_up = credit_tests::query::look_up(&folder.person("clean", 0));
    assert_eq!(folder.caller("housing").ask(&look_up).status, StatusCode::OK);
}

#[test]
fn a_session_looks_thirty_times_a_minute() {
    let (gateway, _service) = gateway();
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    let replies: Vec<_> = (0..32).map(|_| browser.json("/me/report").status).collect();
    assert_eq!(replies.iter().filter(|status| **status == StatusCode::OK).count(), 30, "{replies:?}");
    assert_eq!(replies[31], StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(own(gateway.folder()).len(), 30);
}

//! What must not log anybody in, and what must not act for who is: each is refused, with a line for the operator.

use hyper::{Method, StatusCode};
use serde_json::json;

use super::{Browser, Lie, gateway};

/// What is refused at the callback, whoever the service says that it is.
#[test]
fn no_answer_that_is_not_of_this_login_logs_anybody_in() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let expected: [(&str, Vec<Lie>); 36] = [
        ("iss of another service", vec![Lie::Claim("iss", json!("https://evil.example"))]),
        ("no iss", vec![Lie::Claim("iss", json!(null))]),
        ("another client", vec![Lie::Claim("aud", json!("another"))]),
        ("two audiences", vec![Lie::Claim("aud", json!(["credit-gateway-demo", "another"]))]),
        ("no audience", vec![Lie::Claim("aud", json!(null))]),
        ("azp of another client", vec![Lie::Claim("azp", json!("another"))]),
        ("another nonce", vec![Lie::Claim("nonce", json!("n"))]),
        ("no nonce", vec![Lie::Claim("nonce", json!(null))]),
        ("weaker acr", vec![Lie::Claim("acr", json!("password"))]),
        ("no acr", vec![Lie::Claim("acr", json!(null))]),
        ("over", vec![Lie::Time("exp", -1)]),
        ("no exp", vec![Lie::Claim("exp", json!(null))]),
        ("issued long ago", vec![Lie::Time("iat", -600)]),
        ("issued in the future", vec![Lie::Time("iat", 120)]),
        ("no iat", vec![Lie::Claim("iat", json!(null))]),
        ("at_hash of another token", vec![Lie::Claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))]),
        ("no sub", vec![Lie::Claim("sub", json!(null))]),
        ("another sub", vec![Lie::Claim("sub", json!("subject-2"))]),
        ("userinfo of another sub", vec![Lie::Userinfo("sub", json!("subject-2"))]),
        ("userinfo without sub", vec![Lie::Userinfo("sub", json!(null))]),
        ("no number", vec![Lie::Userinfo("citizen_number", json!(null))]),
        ("no valid number", vec![Lie::Userinfo("citizen_number", json!("990001199003071011"))]),
        ("a number that is no text", vec![Lie::Userinfo("citizen_number", json!(990_001_199_003_071_012_u64))]),
        ("alg none", vec![Lie::Head("alg", json!("none"))]),
        ("alg HS256", vec![Lie::Head("alg", json!("HS256"))]),
        ("alg RS256", vec![Lie::Head("alg", json!("RS256"))]),
        ("another kid", vec![Lie::Head("kid", json!("k9"))]),
        ("signed by another key", vec![Lie::OtherKey]),
        ("altered signature", vec![Lie::Signature]),
        ("no ID token", vec![Lie::NoToken]),
        ("code not taken", vec![Lie::NoCode]),
        ("no code", vec![Lie::Back("code", None)]),
        ("the person said no", vec![Lie::Back("error", Some("access_denied".to_owned()))]),
        ("iss of another in the way back", vec![Lie::Back("iss", Some("https://evil.example".to_owned()))]),
        ("no iss in the way back", vec![Lie::Back("iss", None)]),
        ("another state", vec![Lie::Back("state", Some("s".to_owned()))]),
    ];
    for (what, lies) in expected {
        let browser = Browser::new(folder);
        service.lie(lies);
        let reply = browser.log_in();
        assert!(reply.status.is_client_error(), "{what}: {} {}", reply.status, reply.text());
        assert_eq!(browser.cookie("__Host-session"), None, "{what}");
        assert_eq!(browser.json("/me/report").status, StatusCode::UNAUTHORIZED, "{what}");
    }
    service.lie([]);
    assert_eq!(Browser::new(folder).log_in().status, StatusCode::SEE_OTHER, "others are not hindered");
    let lines = gateway.err().text().matches("a login at the persons' door was refused").count();
    assert_eq!(lines, 36, "each has a line");
}

#[test]
fn a_way_back_is_taken_once_and_from_the_browser_that_began() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (victim, attacker) = (Browser::new(folder), Browser::new(folder));
    // A way back of the attacker, opened in another browser: it would be logged in as the attacker.
    let callback = attacker.to_callback("/login");
    assert_eq!(victim.get(&callback).status, StatusCode::BAD_REQUEST);
    assert_eq!(victim.cookie("__Host-session"), None);
    drop(victim.get("/login"));
    assert_eq!(victim.get(&callback).status, StatusCode::BAD_REQUEST, "with a login of its own under way");
    let login = attacker.cookie("__Host-login").unwrap();
    assert_eq!(attacker.get(&callback).status, StatusCode::SEE_OTHER);
    // The same again, with the back button or by somebody who saw the address.
    attacker.set_cookie("__Host-login", &login);
    assert_eq!(attacker.get(&callback).status, StatusCode::BAD_REQUEST);
    let (path, query) = callback.split_once('?').unwrap();
    for altered in [format!("{query}&code=another"), query.replace("state=", "state=x"), String::new()] {
        let reply = Browser::new(folder).get(&format!("{path}?{altered}"));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{altered}");
    }
}

#[test]
fn a_login_leads_to_pages_of_ours_only() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "javascript:alert(1)",
        "/me/report/../../login",
        "/me/report%0d%0aSet-Cookie:x=1",
        "/logout",
        "",
    ] {
        let browser = Browser::new(folder);
        let callback = browser.to_callback(&format!("/login?next={next}"));
        let back = browser.get(&callback);
        assert_eq!(back.header("location"), Some("/me/queries"), "{next}");
    }
}

#[test]
fn a_turned_key_of_the_service_is_read_once_and_not_at_each_forged_token() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    assert_eq!(Browser::new(folder).log_in().status, StatusCode::SEE_OTHER);
    assert_eq!(service.key_reads(), 1);
    service.lie([Lie::Head("kid", json!("unknown"))]);
    for _ in 0..5 {
        assert_eq!(Browser::new(folder).log_in().status, StatusCode::FORBIDDEN);
    }
    assert_eq!(service.key_reads(), 1, "its keys were read a moment ago");
    service.lie([]);
    service.turn_key("k2");
    let wait = std::time::Duration::from_secs(11);
    std::thread::sleep(wait);
    assert_eq!(Browser::new(folder).log_in().status, StatusCode::SEE_OTHER, "the new key was read");
    assert_eq!(service.key_reads(), 2);
}

#[test]
fn no_form_of_another_place_acts_and_no_session_is_guessed() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (browser, other) = (Browser::new(folder), Browser::new(folder));
    drop(browser.log_in());
    drop(other.log_in());
    let (token, others) = (browser.form_token(), other.form_token());
    let evil = [("origin", "https://evil.example")];
    let cross = [("sec-fetch-site", "cross-site")];
    for (form, headers) in [
        (String::new(), &[][..]),
        ("form=".to_owned(), &[]),
        (format!("form={others}"), &[]),
        (format!("form={}", token.to_lowercase()), &[]),
        (format!("form={token}&form={token}"), &[]),
        (format!("form={token}"), &evil[..]),
        (format!("form={token}"), &cross[..]),
    ] {
        let reply = browser.post("/logout", &form, headers);
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{form}");
    }
    let plain = [("content-type", "text/plain")];
    let reply = browser.send(Method::POST, "/logout", &plain, &format!("form={token}"));
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.json("/me/report").status, StatusCode::OK, "it is still logged in");
    let session = browser.cookie("__Host-session").unwrap();
    for guess in ["", "x", &session[1..], &session.to_lowercase(), &"A".repeat(43), "' OR 1=1", "../../etc/passwd"] {
        let stranger = Browser::new(folder);
        stranger.set_cookie("__Host-session", guess);
        assert_eq!(stranger.json("/me/report").status, StatusCode::UNAUTHORIZED, "{guess}");
    }
    let lines = gateway.err().text().matches("a form at the persons' door was refused").count();
    assert_eq!(lines, 8);
}

#[test]
fn methods_and_paths_that_are_not_there_are_refused() {
    let (gateway, _service) = gateway();
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    for (method, path, status) in [
        (Method::POST, "/", 405),
        (Method::DELETE, "/login", 405),
        (Method::POST, "/login/callback", 405),
        (Method::GET, "/logout", 405),
        (Method::POST, "/me/report", 405),
        (Method::PUT, "/me/queries", 405),
        (Method::GET, "/me", 404),
        (Method::GET, "/me/report/", 404),
        (Method::GET, "//me/report", 404),
        (Method::GET, "/v1/queries", 404),
        (Method::POST, "/v1/queries", 404),
        (Method::GET, "/metrics", 404),
        (Method::GET, "/checkpoint", 404),
    ] {
        let reply = browser.send(method.clone(), path, &[("accept", "text/html")], "");
        assert_eq!(reply.status.as_u16(), status, "{method} {path}");
    }
}

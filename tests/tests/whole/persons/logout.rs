//! Out again: the session here ends first, whatever the identity service does, and what the page says of the service's own
//! session is what the service says of it. Its way back after a yes and after a no is the same, so it is asked anew.

use credit_tests::{Folder, Gateway, Reply};
use hyper::StatusCode;

use super::{Browser, Lie, gateway};

/// What each page says, in English and Chinese.
const ENDED: [&str; 2] = ["nobody is logged in there", "身份认证服务表示"];
const OPEN: [&str; 2] = ["whoever uses this browser", "无须认证"];
const UNKNOWN: [&str; 2] = ["could not be found out", "无法得知"];

/// The page that a log-out ends with; each step of the way is taken.
#[track_caller]
fn out(browser: &Browser) -> Reply {
    let asked = returned(browser);
    browser.get(&browser.through(&asked))
}

/// Out, to the service and back to the first page, which asks the service anew.
#[track_caller]
fn returned(browser: &Browser) -> Reply {
    let ended = browser.log_out();
    assert_eq!(
        browser.json("/me/report").status,
        StatusCode::UNAUTHORIZED,
        "the session ends before the browser leaves"
    );
    let home = browser.through(&ended);
    assert_eq!(home, "/");
    let asked = browser.get(&home);
    assert!(asked.header("location").is_some_and(|address| address.contains("prompt=none")), "{asked:?}");
    asked
}

/// That a page says one thing of the three, and who logged out here is told so.
#[track_caller]
fn says(page: &Reply, what: [&str; 2], why: &str) {
    let text = page.text();
    for words in [ENDED, OPEN, UNKNOWN] {
        assert_eq!(text.contains(words[0]), words == what, "{why}: {text}");
    }
    assert!(text.contains("You are logged out here"), "{why}: {text}");
    assert_eq!(text.contains("shared computer"), what != ENDED, "{why}: {text}");
}

#[test]
fn a_sign_out_that_was_refused_at_the_identity_service_is_told_from_one_that_was_done() {
    let (gateway, service) = gateway();
    let browser = Browser::new(gateway.folder());
    let others = [
        (Some("login_required"), ENDED),
        // A service that would log in whoever comes.
        (None, OPEN),
        (Some("interaction_required"), OPEN),
        (Some("consent_required"), OPEN),
        (Some("account_selection_required"), OPEN),
        (Some("server_error"), UNKNOWN),
        (Some("invalid_request"), UNKNOWN),
    ];
    for (answer, what) in others {
        service.lie([]);
        drop(browser.log_in());
        service.lie([Lie::Silent(answer)]);
        let page = out(&browser);
        assert_eq!(page.status, StatusCode::OK);
        says(&page, what, answer.unwrap_or("a code"));
        assert_eq!(browser.cookie("__Host-login"), None);
        let other = browser.get("/login/callback?lang=zh");
        assert_eq!(other.header("location"), Some("/?lang=zh"), "the link to the other language leads nowhere");
        assert_eq!(browser.cookie("__Host-session"), None, "a code that came without a login logs nobody in");
        // Once told, the first page is as for everybody.
        assert!(browser.get("/").text().contains("href=\"/login?lang=en\""));
    }
}

#[test]
fn the_page_after_a_log_out_speaks_the_language_of_the_session() {
    let (gateway, service) = gateway();
    let browser = Browser::new(gateway.folder());
    for (answer, what) in [(Some("login_required"), ENDED), (None, OPEN), (Some("server_error"), UNKNOWN)] {
        service.lie([]);
        drop(browser.log_in());
        drop(browser.get("/me/report?lang=zh"));
        service.lie([Lie::Silent(answer)]);
        let text = out(&browser).text();
        assert!(text.contains("您已在本站退出登录") && text.contains(what[1]), "{text}");
    }
}

#[test]
fn only_the_browser_that_logged_out_is_told_and_only_once() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let (browser, other) = (Browser::new(folder), Browser::new(folder));
    drop(browser.log_in());
    let asked = returned(&browser);
    let callback = browser.through(&asked);
    assert_eq!(other.get(&callback).status, StatusCode::BAD_REQUEST, "another browser");
    says(&browser.get(&callback), ENDED, "its own");
    assert_eq!(browser.get(&callback).status, StatusCode::BAD_REQUEST, "a second time");
    // What a stranger sends on proves nothing about the service.
    for lie in [Some("http://localhost:1".to_owned()), None] {
        service.lie([]);
        drop(browser.log_in());
        service.lie([Lie::Back("iss", lie)]);
        let page = out(&browser);
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        says(&page, UNKNOWN, "another service's answer");
    }
    // A code that a log-out brought back is worth nothing at a login, and the other way round.
    service.lie([]);
    drop(browser.log_in());
    service.lie([Lie::Silent(None)]);
    let asked = returned(&browser);
    let callback = browser.through(&asked);
    let login = other.to_callback("/login?next=/me/report");
    assert_eq!(other.get(&callback).status, StatusCode::BAD_REQUEST);
    says(&browser.get(&callback), OPEN, "a code");
    assert_eq!(other.get(&login).status, StatusCode::SEE_OTHER);
}

#[test]
fn who_logs_in_again_meanwhile_is_not_asked_about_the_log_out_before() {
    let (gateway, _service) = gateway();
    let browser = Browser::new(gateway.folder());
    drop(browser.log_in());
    drop(browser.log_out());
    assert_eq!(browser.log_in().header("location"), Some("/me/report"));
    let home = browser.get("/");
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text().contains("href=\"/me/report\""));
}

#[test]
fn a_cookie_that_nobody_gave_asks_the_service_nothing() {
    let (gateway, _service) = gateway();
    let browser = Browser::new(gateway.folder());
    browser.set_cookie("__Host-login", "made-up");
    let home = browser.get("/");
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text().contains("href=\"/login?lang=en\""));
}

#[test]
fn the_demo_s_identity_service_keeps_no_session_and_says_so() {
    let gateway = Gateway::demo(Folder::new());
    let port = gateway.folder().port_base() + super::IDENTITY;
    let back = format!("https://127.0.0.1:{}/login/callback", gateway.folder().port_base() + 1);
    let asked = |redirect: &str| {
        let path = format!(
            "/authorize?client_id=credit-gateway-demo&redirect_uri={}&response_type=code&prompt=none\
             &code_challenge_method=S256&code_challenge=x&state=s&nonce=n",
            redirect.replace(':', "%3A").replace('/', "%2F")
        );
        credit_tests::plain(port, "GET", &path)
    };
    let reply = asked(&back);
    let location = reply.header("location").unwrap_or_default();
    assert!(location.starts_with(&format!("{back}?error=login_required&state=s&iss=")), "{location}");
    assert_eq!(asked("https://evil.example").header("location"), None);
}

//! Persons who log in at one of several gateways are logged in at all, and logged out at all; a code that one gateway handed out is
//! taken by any, once; a gateway that lost the state says so and shows nothing.

use std::{cell::RefCell, fs};

use credit_tests::{Caller, Folder, Gateway, Leaf, Tls, postgres::Server, relay::Relay};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{
    TIME, counts_in, database, database_of, made_of, member_of,
    persons::{logged_in, two},
    started, stopped,
};
use crate::{
    faults::within,
    persons::{
        Browser, Service,
        bound_ids::account,
        counter::{at_counter, done},
    },
};

/// Makes all gateways answer at the one address that persons have.
fn at_one_address() -> impl Fn(&Folder) {
    let first = RefCell::new(None::<u16>);
    move |folder: &Folder| {
        let own = folder.port_base() + 1;
        let first = *first.borrow_mut().get_or_insert(own);
        let address = |port: u16| format!("address = \"https://127.0.0.1:{port}\"");
        folder.replace_in_config(&address(own), &address(first));
    }
}

/// The same browser, whose next connection goes to another gateway.
fn moved(browser: &Browser, to: &Folder) -> Browser {
    let mut there = Browser::new(to);
    there.address = browser.address.clone();
    for name in ["__Host-session", "__Host-login"] {
        browser.cookie(name).into_iter().for_each(|value| there.set_cookie(name, &value));
    }
    there
}

/// Everything that the shared state has of who visits.
fn rows(database: &str) -> String {
    let all = "SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM";
    ["credit_session", "credit_word", "credit_asked"]
        .map(|table| Server::shared().sql(database, &format!("{all} {table} AS t")).held())
        .join("\n")
}

/// No part of a text is there, as it is or as the bytes of it.
#[track_caller]
fn says_nothing_of(rows: &str, texts: &[&str]) {
    for text in texts {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!rows.contains(text) && !rows.contains(&hex), "it stands in clear");
    }
}

#[test]
fn who_logs_in_at_one_gateway_is_logged_in_at_all_until_any_of_them_logs_out() {
    let (gateways, service, directory) = two(at_one_address());
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let (number, ward) = (one.person("late", 0), one.person("late", 1));
    // Gone to the identity service from one, come back to the other; and once.
    let browser = Browser::new(one);
    let callback = browser.to_callback("/login?next=/me/report");
    let stranger = moved(&Browser::new(one), other);
    assert_eq!(stranger.get(&callback).status, StatusCode::BAD_REQUEST, "another browser");
    let there = moved(&browser, other);
    let in_ = there.get(&callback);
    assert_eq!((in_.status, in_.header("location")), (StatusCode::SEE_OTHER, Some("/me/report")), "{}", in_.text());
    for folder in [one, other] {
        assert_eq!(moved(&browser, folder).get(&callback).status, StatusCode::BAD_REQUEST, "a second time");
    }
    // The same session, with the same word for its forms, at both; a choice at one holds at the other.
    let here = moved(&there, one);
    for browser in [&here, &there] {
        assert_eq!(browser.json("/me/report").json()["data"]["citizen_number"], json!(number));
    }
    assert_eq!(here.form_token(), there.form_token());
    assert!(here.get("/?lang=zh").text().contains("zh-Hans") && there.get("/").text().contains("zh-Hans"));
    let today = one.leaves().last().unwrap().json["at"].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    let until = today.saturating_add(jiff::ToSpan::days(30));
    let begun = json!({"number": ward, "act": "mandate", "as": "guardian", "deputy": number, "until": until});
    let mandate = done(one, &begun)["mandate"].clone();
    let choose = || there.send_json(Method::POST, "/me/mandates", &json!({"mandate": mandate}));
    assert!(within(TIME, || choose().status == StatusCode::OK));
    assert_eq!(here.json("/me/report").json()["data"]["citizen_number"], json!(ward));
    // Thirty records a minute, whichever gateway makes them; some were made above.
    let looked: Vec<_> = (0..40).map(|nr| [&here, &there][nr % 2].json("/me/blocks").status.as_u16()).collect();
    let shown = looked.iter().filter(|status| **status == 200).count();
    assert!((20..30).contains(&shown) && looked[39] == 429, "{looked:?}");
    let database = database_of(one);
    let cookie = here.cookie("__Host-session").unwrap();
    says_nothing_of(&rows(&database), &[&number, &ward, &number[6..14], &cookie, &here.form_token()]);
    // A gateway that begins anew logs nobody out.
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let second = started(second.kill());
    assert!(moved(&here, second.folder()).get("/").text().contains("action=\"/logout\""));
    // Out at one is out at all, at once, whoever else has the cookie.
    let there = moved(&here, second.folder());
    assert_eq!(there.log_out().status, StatusCode::SEE_OTHER);
    assert!(there.cookie("__Host-session").is_none());
    assert_eq!(here.json("/me/report").status, StatusCode::UNAUTHORIZED);
    assert_eq!(moved(&here, second.folder()).json("/me/report").status, StatusCode::UNAUTHORIZED);
    assert!(!first.err().text().contains(&number) && !second.err().text().contains(&number));
    drop(service);
    directory.holds(&stopped(vec![first, second]));
}

#[test]
fn a_code_of_one_gateway_is_bound_at_any_of_them_by_one_officer_once() {
    let (gateways, service, directory) =
        two(|folder| folder.replace_in_config("identified_by = \"claim\"", "identified_by = \"binding\""));
    account(&service, "account-a");
    let [one, other] = [gateways[0].folder(), gateways[1].folder()];
    let numbers = [one.person("late", 0), one.person("late", 1)];
    let code = |folder: &Folder| {
        let page = Browser::new(folder).log_in().text();
        page.split_once("Binding code: ").unwrap().1[..10].to_owned()
    };
    let (first, code) = (code(one), code(other));
    says_nothing_of(&rows(&database_of(one)), &[&first, &code, "account-a"]);
    let bind = |folder: &Folder, number: &str, code: &str| {
        at_counter(folder, "officer", &json!({"number": number, "act": "bind", "code": code})).status
    };
    for folder in [one, other] {
        assert_eq!(bind(folder, &numbers[0], &first), StatusCode::NOT_FOUND, "the account has another code since");
    }
    // Said at two counters at once, to two persons: one has it.
    let bound: Vec<_> = std::thread::scope(|scope| {
        let both = [(one, &numbers[0]), (other, &numbers[1])];
        let asked = both.map(|(folder, number)| scope.spawn(|| bind(folder, number, &code)));
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let mut sorted = bound.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [StatusCode::OK, StatusCode::NOT_FOUND], "{bound:?}");
    let leaves = gateways.iter().flat_map(|gateway| gateway.folder().leaves());
    assert_eq!(leaves.filter(|leaf: &Leaf| leaf.text("kind") == "binding").count(), 1);
    let at = bound.iter().position(|status| *status == StatusCode::OK).unwrap();
    assert!(within(TIME, || {
        gateways.iter().all(|gateway| {
            let browser = Browser::new(gateway.folder());
            browser.log_in().status == StatusCode::SEE_OTHER
                && browser.json("/me/report").json()["data"]["citizen_number"] == json!(numbers[at])
        })
    }));
    directory.holds(&stopped(gateways));
}

#[test]
fn a_gateway_that_lost_the_state_shows_nothing_and_says_that_it_ended_nothing() {
    let server = Server::shared();
    let (name, relay, service) = (database(server), Relay::to(server.port()), RefCell::new(None::<(u16, Service)>));
    let one = at_one_address();
    let gateways = made_of(
        2,
        |member| match member {
            "r0" => {
                let folder = Folder::new();
                server.lets_in(&folder);
                counts_in(folder, std::iter::once(relay.port()), &name, member)
            }
            _ => member_of(&[server], &name, member),
        },
        |folder| {
            one(folder);
            let (mut service, own) = (service.borrow_mut(), folder.port_base() + 5);
            let port = service.as_ref().map_or(own, |(port, _)| *port);
            if service.is_none() {
                *service = Some((own, Service::start(own, &folder.person("late", 0))));
            }
            let issuer = |port: u16| format!("issuer = \"http://localhost:{port}\"");
            let config = fs::read_to_string(folder.config()).unwrap();
            fs::write(folder.config(), config.replace(&issuer(own), &issuer(port))).unwrap();
        },
    );
    let [cut, whole] = [gateways[0].folder(), gateways[1].folder()];
    let here = logged_in(cut);
    let there = moved(&here, whole);
    let callback = moved(&Browser::new(cut), whole).to_callback("/login?next=/me/report");
    // On a busy machine a step may be late, and is refused then.
    let shows = |browser: &Browser| within(TIME, || browser.json("/me/blocks").status == StatusCode::OK);
    assert!(shows(&there));
    relay.cut();
    assert!(within(TIME, || here.json("/me/blocks").status == StatusCode::SERVICE_UNAVAILABLE));
    let before = cut.leaves().len();
    for path in ["/", "/me/report", "/me/queries", "/login", &callback] {
        let page = here.get(path);
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.text().contains("state-unavailable"), "{path}: {}", page.text());
        assert!(page.header("retry-after").is_some(), "{path}");
    }
    assert!(here.get("/me/report?lang=zh").text().contains("共享状态暂不可用"));
    let out = here.post("/logout", "form=x", &[("origin", &here.address)]);
    assert_eq!(out.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(here.cookie("__Host-session").is_some(), "nobody is told that it is over");
    let nobody: Caller = Tls::nobody(cut.path()).caller(cut.port_base() + 1);
    let asked = json!({"name": "x", "number": cut.person("clean", 0)}).to_string();
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let asked = nobody.send(Method::POST, "/public/disclosures", &headers, asked);
    assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(cut.leaves().len(), before, "nothing was asked");
    // At the others everything goes on; and here again once it is back, with what happened meanwhile.
    assert!(shows(&there));
    let other = logged_in_at(whole, &here);
    assert_eq!(there.log_out().status, StatusCode::SEE_OTHER);
    relay.pass();
    assert!(within(TIME, || moved(&other, cut).json("/me/blocks").status == StatusCode::OK));
    assert_eq!(here.json("/me/blocks").status, StatusCode::UNAUTHORIZED);
    drop(stopped(gateways));
}

/// Another login at a gateway, by the address that all have.
fn logged_in_at(folder: &Folder, like: &Browser) -> Browser {
    let mut browser = Browser::new(folder);
    browser.address = like.address.clone();
    assert_eq!(browser.log_in().status, StatusCode::SEE_OTHER);
    browser
}

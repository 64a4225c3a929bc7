//! The demo's own identity service: a newcomer picks a person and is logged in.

use credit_tests::{Folder, Gateway, plain};
use hyper::{Method, StatusCode};

use super::{Browser, IDENTITY};

#[test]
fn a_newcomer_picks_a_person_and_reads_the_report() {
    let gateway = Gateway::demo(Folder::new());
    let folder = gateway.folder();
    let port = folder.port_base() + IDENTITY;
    let browser = Browser::new(folder);
    let begun = browser.get("/login?next=/me/report");
    let authorize = begun.header("location").unwrap().to_owned();
    let path = authorize.strip_prefix(&format!("http://localhost:{port}")).unwrap();
    let page = plain(port, "GET", path).text();
    assert!(page.contains("Demo identity service") && page.contains("<select id=\"person\""), "{page}");
    let persons = folder.persons();
    assert!(persons.iter().all(|person| !page.contains(&person.number)), "a number stands on the page");
    let login = page.split_once("name=\"login\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let place = persons.iter().position(|person| person.note == "disputed").unwrap();
    let chosen = post(port, "/chosen", &format!("login={login}&person={place}"));
    let callback = chosen.split_once("127.0.0.1").unwrap().1.split_once('/').unwrap().1.to_owned();
    let back = browser.get(&format!("/{callback}"));
    assert_eq!((back.status, back.header("location")), (StatusCode::SEE_OTHER, Some("/me/report")), "{}", back.text());
    let report = browser.send(Method::GET, "/me/report", &[("accept-language", "en")], "");
    assert!(report.text().contains(&persons[place].number) && report.text().contains("disputed"));
    // Nothing is taken twice, and nothing that nobody asked for.
    assert_eq!(post(port, "/chosen", &format!("login={login}&person={place}")), "");
    for path in [
        "/authorize",
        "/authorize?client_id=x&redirect_uri=https://evil.example",
        "/end?post_logout_redirect_uri=https://evil.example",
    ] {
        let reply = plain(port, "GET", path);
        assert_eq!((reply.status, reply.header("location")), (StatusCode::BAD_REQUEST, None), "{path}");
    }
}

/// Sends a form in clear; gives where it leads.
fn post(port: u16, path: &str, form: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let location = reply.lines().find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_default().to_owned()
}

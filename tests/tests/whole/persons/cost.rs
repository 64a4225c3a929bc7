//! What a page costs, beside a query that must be checked.

use credit_tests::{
    Gateway,
    query::{look_up, with},
};
use hyper::StatusCode;

use super::{Browser, gateway};

/// Processor time of the gateway so far, in hundredths of a second.
fn spent(gateway: &Gateway) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", gateway.pid())).unwrap();
    // The name of the program stands in parentheses; then come numbers, of which the 12th and 13th are meant (proc(5)).
    let (_, rest) = text.rsplit_once(") ").unwrap();
    let numbers: Vec<_> = rest.split(' ').collect();
    numbers[11].parse::<u64>().unwrap() + numbers[12].parse::<u64>().unwrap()
}

#[test]
fn a_page_costs_at_most_twenty_times_a_query() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, housing) = (folder.person("late", 0), folder.caller("housing"));
    let queries = 80;
    let begun = spent(&gateway);
    for nr in 0..queries {
        let asked = with(look_up(&number), "case", format!("HZ-2026-{nr:06}"));
        assert_eq!(housing.ask(&asked).status, StatusCode::OK);
    }
    let by_query = (spent(&gateway) - begun) as f64 / f64::from(queries);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    // The first gives the notices, and the index takes in what is new.
    drop(checked_page(&browser));
    let (pages, begun) = (24, spent(&gateway));
    for _ in 0..pages {
        drop(checked_page(&browser));
    }
    let by_page = (spent(&gateway) - begun) as f64 / f64::from(pages);
    println!("{by_query:.2} hundredths of a second a query, {by_page:.2} a page of 40 entries");
    assert!(by_page <= 20.0 * by_query, "{by_page:.2} a page, {by_query:.2} a query");
}

fn checked_page(browser: &Browser) -> String {
    let page = browser.get("/me/queries");
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text().matches("<li class=\"entry\">").count(), 40);
    page.text()
}

//! What a page costs, beside a query that must be checked.

use credit_tests::{
    Gateway, figures,
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

/// How often it is measured at most: what else the machine does makes single figures larger, never smaller.
const TRIES: usize = 5;

#[test]
fn a_page_costs_at_most_twenty_times_a_query() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let (number, housing) = (folder.person("late", 0), folder.caller("housing"));
    let queries = 80;
    let ask_all = |round: usize| {
        let begun = spent(&gateway);
        for nr in 0..queries {
            let asked = with(look_up(&number), "case", format!("HZ-{round}-{nr:06}"));
            assert_eq!(housing.ask(&asked).status, StatusCode::OK);
        }
        (spent(&gateway) - begun) as f64 / f64::from(queries)
    };
    let mut by_query = ask_all(0);
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let mut by_page = f64::MAX;
    // A session makes thirty records a minute: six pages a try.
    for round in 1..=TRIES {
        // The first gives the notices, and the index takes in what is new.
        drop(checked_page(&browser));
        let (pages, begun) = (5, spent(&gateway));
        for _ in 0..pages {
            drop(checked_page(&browser));
        }
        by_page = by_page.min((spent(&gateway) - begun) as f64 / f64::from(pages));
        figures(format_args!("{by_query:.2} hundredths of a second a query, {by_page:.2} a page of 40 entries"));
        if by_page <= 20.0 * by_query {
            return;
        }
        by_query = by_query.min(ask_all(round));
    }
    panic!("{by_page:.2} a page, {by_query:.2} a query");
}

fn checked_page(browser: &Browser) -> String {
    let page = browser.get("/me/queries");
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text().matches("<li class=\"entry\">").count(), 40);
    page.text()
}

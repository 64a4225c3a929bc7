//! A store that is stuck, and callers who do not need it: their answers come as before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use credit_policy::{Catalogue, catalogue};
use credit_tests::{Ends, Folder, Gateway, Reply, checked, plain, query::look_up, request, run};
use hyper::Method;
use serde_json::{Value, json};

use super::{
    Truth,
    service::{Asked, Service, Step},
};
use crate::{faults::within, stores::ask};

const LISTS: [&str; 3] = ["black-list", "grey-list", "red-list"];
const TIMEOUT: Duration = Duration::from_millis(500);

/// A folder whose lists are in a store behind HTTP.
fn split(service: &Service) -> Folder {
    let folder = Folder::new();
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let rest: Vec<_> =
        catalogue.classes().map(|class| class.name().as_str()).filter(|it| !LISTS.contains(it)).collect();
    let lists = format!(
        "[[store]]\nname = \"lists\"\nkind = \"http\"\nurl = \"{}\"\nconnections = 4\ntimeout_ms = {}\nclasses = {LISTS:?}\n\n",
        service.url(),
        TIMEOUT.as_millis(),
    );
    folder.replace_in_config("[[store]]\n", &format!("{lists}[[store]]\nclasses = {rest:?}\n"));
    folder
}

/// How long the store is away.
fn away() -> Duration {
    if std::env::var_os("CREDIT_TESTS_FULL").is_some() { Duration::from_secs(60) } else { 3 * TIMEOUT }
}

/// What the supervisor asks needs no list.
fn licence(number: &str) -> Value {
    let mut body = look_up(number);
    body["scenario"] = "supervision-inspection".into();
    body["fields"] = json!(["administrative_licence_exists"]);
    body
}

/// Asks one after the other until it is over.
fn keep_asking(folder: &Folder, who: &str, body: impl Fn() -> Value, over: &AtomicBool) -> Vec<(Duration, Reply)> {
    let caller = folder.caller(who);
    run(async {
        let mut connection = caller.http1().await.unwrap();
        let mut all = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            let headers = [("content-type", "application/json")];
            let asked = request(Method::POST, "/v1/queries", &headers, body().to_string());
            let reply = connection.send(asked).await.unwrap();
            all.push((began.elapsed(), reply));
        }
        all
    })
}

#[test]
fn a_store_that_stalls_resets_or_is_gone_delays_nobody_who_does_not_need_it() {
    let truth = Arc::new(Truth::of(&Folder::new()));
    let right = move |asked: &Asked| truth.answer(asked);
    let service = Service::plain(right.clone());
    let gateway = Gateway::serve(split(&service));
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    assert!(ask(folder, &number).is_some());
    for (how, steps, codes) in [
        ("stalls", vec![Step::Wait(2 * TIMEOUT), Step::Close], &["store-timeout"][..]),
        ("resets", vec![Step::Reset], &["store-failed"]),
        ("closes", vec![Step::Close], &["store-failed"]),
    ] {
        service.answers(move |_| steps.clone());
        let over = AtomicBool::new(false);
        let (needs, does_not) = std::thread::scope(|threads| {
            let ends = Ends(&over);
            let needs: Vec<_> =
                (0..6).map(|_| threads.spawn(|| keep_asking(folder, "housing", || look_up(&number), &over))).collect();
            let does_not = threads.spawn(|| keep_asking(folder, "supervisor", || licence(&number), &over));
            std::thread::sleep(away());
            drop(ends);
            let needs: Vec<_> = needs.into_iter().flat_map(|asking| asking.join().unwrap()).collect();
            (needs, does_not.join().unwrap())
        });
        assert!(does_not.len() > 10, "{how}: {} answers", does_not.len());
        for (took, reply) in &does_not {
            assert_eq!(reply.status.as_u16(), 200, "{how}: {}", reply.text());
            assert!(*took < TIMEOUT, "{how}: an answer took {took:?}");
        }
        assert!(needs.len() > 10, "{how}: {} refusals", needs.len());
        for (_, reply) in &needs {
            assert!(codes.contains(&reply.code().as_str()), "{how}: {}", reply.text());
        }
        let (_, last) = needs.last().unwrap();
        checked::refusal(folder, "housing", last, last.status.as_u16(), &last.code());
        service.answers(right.clone());
        assert!(within(Duration::from_secs(5), || ask(folder, &number).is_some()), "{how}: it does not come back");
    }
    let figures = plain(folder.port_base() + 4, "GET", "/metrics").text();
    assert!(figures.contains("credit_gateway_store_up{store=\"lists\"} 1"), "{figures}");
}

//! Reads of receipts and records: a rate apart from that of queries, and turns by institution.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use credit_tests::{Caller, Folder, Gateway, Reply, checked, metric, query::look_up, request, run};
use hyper::{Method, StatusCode, header::HeaderValue};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::slow_employer;

/// The path of a receipt that nobody has, of an id made within the last minute.
fn of_nobody() -> String {
    format!("/v1/receipts/{}", Uuid::now_v7())
}

#[test]
fn reads_over_the_rate_are_refused_then_cut_off_and_cost_no_query() {
    let gateway = Gateway::serve(slow_employer("multiple = 10", "multiple = 2"));
    let (folder, caller) = (gateway.folder(), gateway.folder().caller("employer"));
    let leaves = folder.leaves().len();
    let (mut replies, mut sent, mut cut_off) = (Vec::new(), 0, false);
    run(async {
        let mut connection = caller.http1().await.expect("a connection");
        while !cut_off && sent < 60 {
            sent += 1;
            match connection.send(request(Method::GET, &of_nobody(), &[], "")).await {
                Ok(reply) => replies.push(reply),
                Err(_) => cut_off = true,
            }
        }
    });
    assert!(cut_off, "{sent} reads were all answered");
    assert_eq!(replies.iter().take_while(|reply| reply.status == StatusCode::NOT_FOUND).count(), 2, "2 at once");
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status != StatusCode::NOT_FOUND).collect();
    assert!(refused.len() >= 4, "{} refused", refused.len());
    for reply in refused {
        checked::fixed(reply, 429, "rate-limited");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.header("ratelimit-limit"), Some("2"));
    }
    let port = folder.port_base();
    assert_eq!(metric(port, r#"credit_gateway_reads_total{institution="employer"}"#), sent);
    assert_eq!(metric(port, r#"credit_gateway_floods_total{code="cut-off",institution="employer"}"#), 1);
    assert_eq!(folder.leaves().len(), leaves, "a read makes no leaf");
    // The rate of queries is untouched.
    let body = look_up(&folder.person("clean", 0));
    checked::refusal(folder, "employer", &caller.ask(&body), 403, "scenario-not-allowed");
}

/// Everything of a reply that its reader can see but when it was made.
fn seen(reply: &Reply) -> (StatusCode, Vec<(String, String)>, String) {
    let headers = reply.headers.iter().filter(|(name, _)| *name != hyper::header::DATE);
    let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    (reply.status, headers, reply.text())
}

#[test]
fn ids_that_are_not_ones_own_are_answered_alike() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
    let number = folder.person("clean", 15);
    let recorded = || housing.ask(&look_up(&number)).json()["query"].as_str().expect("an id").to_owned();
    let older: Vec<String> = (0..60).map(|_| recorded()).collect();
    drop(housing.get_when_there(&format!("/v1/receipts/{}", older[59])));
    let mut took: [Vec<Duration>; 4] = Default::default();
    run(async {
        let mut connection = bank.http1().await.expect("a connection");
        let mut alike = HashSet::new();
        for round in 0..20 {
            let fresh = housing.http1().await.expect("a connection").ask(&look_up(&number)).await.expect("a reply");
            let ids = [
                // Of another institution, published and not yet; of nobody, fresh and of a busy time.
                older[round * 3].clone(),
                fresh.json()["query"].as_str().expect("an id").to_owned(),
                Uuid::now_v7().to_string(),
                format!("{}{}", &older[round * 3][..24], "0123456789ab"),
            ];
            for (id, took) in ids.iter().zip(&mut took) {
                for path in [format!("/v1/receipts/{id}"), format!("/v1/queries/{id}/record")] {
                    let began = Instant::now();
                    let reply = connection.send(request(Method::GET, &path, &[], "")).await.expect("a reply");
                    took.push(began.elapsed());
                    checked::fixed(&reply, 404, "not-found");
                    alike.insert(seen(&reply));
                }
            }
        }
        assert_eq!(alike.len(), 1, "{alike:?}");
    });
    let medians = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    let [least, most] = [medians.iter().min(), medians.iter().max()].map(|median| *median.expect("four"));
    assert!(most < 3 * least + Duration::from_millis(5), "{medians:?}");
}

/// Asks for receipts of nobody over one connection after the other, as many at once as it may.
async fn guess(caller: Caller, stop: Arc<AtomicBool>) -> u64 {
    let mut answered = 0;
    while !stop.load(Ordering::SeqCst) {
        let Ok(connection) = caller.http2().await else { continue };
        let mut asks = JoinSet::new();
        for _ in 0..120 {
            let mut sender = connection.share().expect("HTTP/2");
            let url = format!("https://{}{}", caller.address(), of_nobody());
            asks.spawn(async move { sender.send_request(request(Method::GET, &url, &[], "")).await.is_ok() });
        }
        while let Some(done) = asks.join_next().await {
            answered += u64::from(done.expect("no panic"));
        }
    }
    answered
}

#[test]
fn who_guesses_ids_waits_for_itself_and_nobody_else() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let bank = folder.caller("bank");
    let number = folder.person("clean", 15);
    let asked = bank.ask(&look_up(&number));
    let receipt = format!("/v1/receipts/{}", asked.json()["query"].as_str().unwrap());
    drop(bank.get_when_there(&receipt));
    let housing = folder.caller("housing");
    let stop = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&stop);
    // On a thread of their own: the bank is not to wait for them on its own side.
    let guesses = std::thread::spawn(move || {
        run(async {
            let guesses: JoinSet<u64> = (0..40).map(|_| guess(housing.clone(), Arc::clone(&shared))).collect();
            guesses.join_all().await.into_iter().sum::<u64>()
        })
    });
    let mut longest = Duration::ZERO;
    run(async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut connection = bank.http1().await.expect("a connection");
        for _ in 0..15 {
            for asks_for_a_receipt in [true, false] {
                let (began, kept_waiting) = (Instant::now(), gateway.kept_waiting());
                if asks_for_a_receipt {
                    let reply = connection.send(request(Method::GET, &receipt, &[], "")).await.expect("a reply");
                    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
                } else {
                    connection.ask(&look_up(&number)).await.expect("a reply");
                }
                longest = longest.max(began.elapsed().saturating_sub(kept_waiting.so_far()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    stop.store(true, Ordering::SeqCst);
    let answered = guesses.join().expect("no panic");
    assert!(answered > 1_000, "only {answered} guesses were answered: no flood");
    // In one line for all it was 25 s.
    assert!(longest < Duration::from_secs(1), "the bank waited {longest:?}");
}

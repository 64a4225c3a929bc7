//! The demo's own limits, as the README shows them.

use credit_tests::{Folder, Gateway, checked, query::with, run};
use http_body_util::BodyExt;

use crate::consents::{self, loan};

use super::told_to_wait;

#[test]
fn thirty_quick_queries_by_the_employer_are_partly_refused_and_the_bank_is_unharmed() {
    let gateway = Gateway::demo(Folder::new());
    let folder = gateway.folder();
    let (employer, bank) = (folder.caller("employer"), folder.caller("bank"));
    let people = folder.noted("clean");
    let work: Vec<String> =
        (0..30).map(|nr| consents::token_for(folder, "employer", "employment", &people[nr % people.len()])).collect();
    let loans: Vec<String> = (0..30).map(|nr| consents::token(folder, &people[nr % people.len()], 1)).collect();
    let body = with(loan(), "scenario", "employment").to_string();
    let (quick, unharmed) = run(async {
        let (quick, unharmed) = (employer.http2().await.unwrap(), bank.http2().await.unwrap());
        let mut asks = Vec::new();
        for (work, loan_token) in work.iter().zip(&loans) {
            for (connection, token, body) in [(&quick, work, body.clone()), (&unharmed, loan_token, loan().to_string())]
            {
                let mut sender = connection.share().unwrap();
                let (url, bearer) = (format!("https://{}/v1/queries", employer.address()), format!("Bearer {token}"));
                let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
                let request = credit_tests::request(hyper::Method::POST, &url, &headers, body);
                asks.push(tokio::spawn(async move {
                    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
                    let body = body.collect().await.unwrap().to_bytes().to_vec();
                    credit_tests::Reply { status: head.status, headers: head.headers, body }
                }));
            }
        }
        let (mut quick, mut unharmed) = (Vec::new(), Vec::new());
        for (nr, ask) in asks.into_iter().enumerate() {
            let replies = if nr % 2 == 0 { &mut quick } else { &mut unharmed };
            replies.push(ask.await.unwrap());
        }
        (quick, unharmed)
    });
    let (answered, refused): (Vec<_>, Vec<_>) = quick.iter().partition(|reply| reply.status == 200);
    assert!(!answered.is_empty() && !refused.is_empty(), "{} answered, {} refused", answered.len(), refused.len());
    for reply in answered {
        checked::answer(folder, "employer", reply);
    }
    for reply in refused {
        checked::refusal(folder, "employer", reply, 429, "rate-limited");
        assert_eq!(reply.header("ratelimit-limit"), Some("10"));
        assert_eq!(told_to_wait(reply), 1, "a token comes every 200 ms");
    }
    for reply in &unharmed {
        checked::answer(folder, "bank", reply);
    }
}

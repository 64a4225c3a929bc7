//! Many at once for what is there once.

use std::sync::Arc;

use credit_tests::{Caller, Connection, Folder, Reply, checked, run, shared};
use http_body_util::BodyExt;
use hyper::Uri;
use tokio::{sync::Barrier, task::JoinSet};

use super::{answered, query, token};

/// Asks with each of the tokens at once: half of them over HTTP/1.1, each on a connection of its own, half over two
/// connections of HTTP/2. The handshakes are done before the first is asked.
async fn at_once(caller: &Caller, tokens: Vec<String>, more: &'static [(&'static str, &'static str)]) -> Vec<Reply> {
    let gate = Arc::new(Barrier::new(tokens.len()));
    let shared = [caller.http2().await.unwrap(), caller.http2().await.unwrap()];
    let mut asks = JoinSet::new();
    for (nr, token) in tokens.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        let request = query(&token, more);
        if nr % 2 == 0 {
            let mut connection = caller.http1().await.unwrap();
            asks.spawn(async move {
                gate.wait().await;
                connection.send(request).await.unwrap()
            });
        } else {
            let mut sender = Connection::share(&shared[nr / 2 % 2]).unwrap();
            let uri: Uri = format!("https://{}/v1/queries", caller.address()).parse().unwrap();
            asks.spawn(async move {
                let mut request = request;
                *request.uri_mut() = uri;
                gate.wait().await;
                let (head, body) = sender.send_request(request).await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes().to_vec();
                Reply { status: head.status, headers: head.headers, body }
            });
        }
    }
    asks.join_all().await
}

/// Exactly so many were answered; the others are refused with a code, and on the record.
#[track_caller]
fn assert_answered(folder: &Folder, replies: &[Reply], expected: usize, status: u16, code: &str) {
    let (good, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(good.len(), expected);
    for reply in good {
        checked::answer(folder, "bank", reply);
    }
    for reply in refused {
        checked::refusal(folder, "bank", reply, status, code);
    }
}

#[test]
fn of_two_hundred_at_once_on_a_one_use_consent_exactly_one_is_answered() {
    let folder = shared().folder();
    let caller = folder.caller("bank");
    let token = token(folder, &folder.person("clean", 15), 1);
    let replies = run(at_once(&caller, vec![token.clone(); 200], &[]));
    assert_eq!(replies.len(), 200);
    assert_answered(folder, &replies, 1, 403, "consent-used-up");
    assert_eq!(answered(&folder.leaves(), &token).len(), 1);
}

#[test]
fn of_many_at_once_on_a_consent_of_seven_uses_exactly_seven_are_answered_each_with_its_own_use() {
    let folder = shared().folder();
    let caller = folder.caller("bank");
    let token = token(folder, &folder.person("clean", 15), 7);
    let replies = run(at_once(&caller, vec![token.clone(); 60], &[]));
    assert_answered(folder, &replies, 7, 403, "consent-used-up");
    let leaves = folder.leaves();
    let mut uses: Vec<u64> = replies
        .iter()
        .filter(|reply| reply.status == 200)
        .map(|reply| leaves[usize::try_from(reply.index()).unwrap()].json["ground"]["use"].as_u64().unwrap())
        .collect();
    uses.sort_unstable();
    assert_eq!(uses, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(answered(&leaves, &token).len(), 7, "a leaf does not lead to the token");
}

#[test]
fn of_many_at_once_under_one_key_one_is_the_first_and_no_use_is_spent_twice() {
    let folder = shared().folder();
    let caller = folder.caller("bank");
    let token = token(folder, &folder.person("clean", 16), 1);
    let replies = run(at_once(&caller, vec![token.clone(); 40], &[("idempotency-key", "at-once")]));
    let (good, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    let firsts: Vec<_> = good.iter().filter(|reply| reply.json().get("repeats").is_none()).collect();
    assert_eq!(firsts.len(), 1);
    assert!(good.len() <= 4, "{} answered", good.len());
    for reply in good.iter().filter(|reply| reply.json().get("repeats").is_some()) {
        assert_eq!(reply.json()["repeats"], firsts[0].json()["query"]);
    }
    for reply in refused {
        // While another is under way; or for ever, after so many.
        let waits = reply.header("retry-after").is_some();
        let code = if waits { "idempotency-conflict" } else { "answer-changed" };
        checked::refusal(folder, "bank", reply, 409, code);
        assert!(waits || good.len() == 4, "{} answered", good.len());
    }
}

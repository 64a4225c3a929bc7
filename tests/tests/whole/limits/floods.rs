//! Floods: what is cut off, what is counted, and that a flood neither fills the log nor touches anybody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use credit_tests::{
    Caller, Folder, Gateway, Leaf, Reply, checked, metric,
    query::{look_up, look_up_under, new_case},
    run,
};
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
};

use super::{at_once, is_wholly_recorded, slow_employer};

const CUT_OFF: &str = r#"credit_gateway_floods_total{code="cut-off",institution="employer"}"#;

/// Asks one after the other, each time on a new connection once the last was closed; gives the replies, and how many
/// requests had none.
async fn hammer(caller: &Caller, body: &Value, count: usize) -> (Vec<Reply>, u64) {
    let (mut replies, mut cut_off) = (Vec::new(), 0);
    let mut connection = caller.http1().await.expect("a connection");
    for _ in 0..count {
        match connection.ask(body).await {
            Ok(reply) => replies.push(reply),
            Err(_) => {
                cut_off += 1;
                connection = caller.http1().await.expect("a connection");
            }
        }
    }
    (replies, cut_off)
}

/// What the flood leaves of an institution count in all, by code.
fn counted(leaves: &[Leaf], institution: &str, code: &str) -> u64 {
    floods(leaves, institution).map(|leaf| leaf.json["counts"][code].as_u64().unwrap_or_default()).sum()
}

fn floods<'a>(leaves: &'a [Leaf], institution: &'a str) -> impl Iterator<Item = &'a Leaf> {
    leaves.iter().filter(move |leaf| leaf.text("kind") == "flood" && leaf.text("institution") == institution)
}

fn queries_of(leaves: &[Leaf], institution: &str) -> usize {
    leaves.iter().filter(|leaf| leaf.text("kind") == "query" && leaf.text("institution") == institution).count()
}

#[test]
fn beyond_the_multiple_the_connection_is_closed_and_one_leaf_counts_what_was_cut_off() {
    let gateway = Gateway::serve(slow_employer("multiple = 10", "multiple = 2"));
    let folder = gateway.folder();
    let (caller, body) = (folder.caller("employer"), look_up(&folder.person("clean", 0)));
    let before = folder.leaves().len();
    let began = Instant::now();
    let (replies, cut_off) = run(hammer(&caller, &body, 60));
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    // 2 at once and 1 a second; of their refusals twice that.
    assert!(replies.len() <= 6 + 3 * seconds, "{} were answered in {seconds} s", replies.len());
    assert!(cut_off >= 10 && replies.len() >= 6, "{cut_off} cut off, {} answered", replies.len());
    for reply in &replies {
        match reply.status.as_u16() {
            429 => checked::refusal(folder, "employer", reply, 429, "rate-limited"),
            _ => checked::refusal(folder, "employer", reply, 403, "scenario-not-allowed"),
        };
    }
    assert_eq!(metric(folder.port_base(), CUT_OFF), cut_off);
    assert_eq!(folder.leaves().len(), before + replies.len(), "no leaf of the flood before its minute is over");

    let folder = gateway.stop();
    let leaves = folder.leaves();
    assert_eq!(queries_of(&leaves, "employer"), replies.len());
    let [leaf] = &floods(&leaves, "employer").collect::<Vec<_>>()[..] else { panic!("one leaf of the flood") };
    assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "institution", "since", "counts"]);
    assert_eq!(leaf.json["counts"], serde_json::json!({"cut-off": cut_off}));
    let time = |key: &str| leaf.text(key).parse::<jiff::Timestamp>().unwrap();
    assert!(time("since") <= time("at") && time("at").duration_since(time("since")).as_secs() < 60);
    is_wholly_recorded(&folder);
}

#[test]
fn a_flood_over_http2_is_cut_off_with_all_that_is_under_way_on_its_connection() {
    let gateway = Gateway::serve(slow_employer("multiple = 10", "multiple = 2"));
    let folder = gateway.folder();
    let (caller, body) = (folder.caller("employer"), look_up(&folder.person("clean", 0)));
    let bodies = vec![body; 100];
    let replies = run(async {
        let mut connection = caller.http2().await.unwrap();
        let replies = at_once(&connection, &caller, &bodies).await;
        // By now a refusal would be told again, if there were still somebody to tell it to.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(connection.ask(&bodies[0]).await.is_err(), "the connection is still open");
        replies
    });
    assert!(replies.iter().flatten().count() <= 12, "6 are on the record, and a few more if it took its time");
    assert!(metric(folder.port_base(), CUT_OFF) >= 1);
    // What was refused on it is on the record, whether or not its caller heard of it; nothing else is.
    let folder = gateway.stop();
    let leaves = folder.leaves();
    assert!(queries_of(&leaves, "employer") <= 12);
    assert!(counted(&leaves, "employer", "cut-off") >= 1);
    is_wholly_recorded(&folder);
}

#[test]
fn a_suspended_institution_cannot_fill_the_log_either() {
    let gateway = Gateway::serve(slow_employer("multiple = 10", "multiple = 2"));
    let folder = gateway.folder();
    let config = folder.config();
    let suspend = ["institution", "suspend", "employer", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    let body = look_up(&folder.person("clean", 0));
    let began = Instant::now();
    let (replies, cut_off) = run(hammer(&folder.caller("employer"), &body, 40));
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    for reply in &replies {
        checked::refusal(folder, "employer", reply, 403, "institution-suspended");
    }
    assert!(cut_off >= 5 && replies.len() <= 6 + 3 * seconds, "{cut_off} cut off, {} answered", replies.len());
    let folder = gateway.stop();
    assert_eq!(counted(&folder.leaves(), "employer", "cut-off"), cut_off);
    is_wholly_recorded(&folder);
}

#[test]
fn while_one_floods_the_fifty_a_second_of_another_are_all_answered_and_the_log_is_bounded() {
    const SECONDS: u32 = 6;
    let folder = slow_employer("leaf_every_s = 60", "leaf_every_s = 2");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (flooder, other) = (folder.caller("employer"), folder.caller("housing"));
    let (body, people) = (look_up(&folder.person("clean", 0)), folder.noted("clean"));
    let (stop, cut_off, answered) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let statuses = run(async {
        let mut floods = JoinSet::new();
        for _ in 0..4 {
            let (flooder, body, stop) = (flooder.clone(), body.clone(), Arc::clone(&stop));
            let (cut_off, answered) = (Arc::clone(&cut_off), Arc::clone(&answered));
            floods.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let (replies, unanswered) = hammer(&flooder, &body, 20).await;
                    answered.fetch_add(replies.len() as u64, Ordering::SeqCst);
                    cut_off.fetch_add(unanswered, Ordering::SeqCst);
                }
            });
        }
        let connection = other.http2().await.unwrap();
        let mut statuses = Vec::new();
        let mut each_second = tokio::time::interval(Duration::from_secs(1));
        for _ in 0..SECONDS {
            each_second.tick().await;
            let bodies: Vec<_> = (0..50).map(|nr| look_up(&people[nr % people.len()])).collect();
            let replies = at_once(&connection, &other, &bodies).await;
            statuses.extend(replies.iter().map(|reply| reply.as_ref().map_or(0, |reply| reply.status.as_u16())));
        }
        stop.store(true, Ordering::SeqCst);
        floods.join_all().await;
        statuses
    });
    let seconds = began.elapsed().as_secs() + 1;
    let (cut_off, answered) = (cut_off.load(Ordering::SeqCst), answered.load(Ordering::SeqCst));
    assert_eq!(statuses, vec![200; 50 * SECONDS as usize]);
    assert!(cut_off >= 10, "{cut_off} of {answered} were cut off: no flood");
    let folder = gateway.stop();
    let leaves = folder.leaves();
    // 2 at once and 1 a second, and ten times as many refusals.
    let recorded = queries_of(&leaves, "employer") as u64;
    assert_eq!(recorded, answered);
    assert!(recorded <= 11 * (2 + seconds), "{recorded} leaves of the flood in {seconds} s");
    assert_eq!(counted(&leaves, "employer", "cut-off"), cut_off);
    let leaves_of_floods = floods(&leaves, "employer").count() as u64;
    assert!((2..=seconds / 2 + 2).contains(&leaves_of_floods), "{leaves_of_floods} in {seconds} s");
    assert_eq!(floods(&leaves, "housing").count(), 0);
    is_wholly_recorded(&folder);
}

#[test]
fn what_is_no_query_yet_or_cannot_be_one_now_is_counted_by_code() {
    let folder = Folder::new();
    folder.replace_in_config("journeys_per_institution = 2048", "journeys_per_institution = 1");
    folder.replace_in_config("request_ms = 10000", "request_ms = 2000");
    let mut gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let whole = look_up_under(&folder.person("clean", 0), &new_case()).to_string();
    let head = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        whole.len()
    );
    let raw = |bytes: String| caller.raw(bytes.as_bytes()).unwrap_or_default();
    // Two heads that are none, one that is too long, one and a body that do not end in time.
    for no_head in ["\u{1}\u{2}\u{3} nothing\r\n\r\n", "NO HTTP AT ALL\r\n\r\n"] {
        drop(raw(no_head.to_owned()));
    }
    let long = raw(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(40_000)));
    assert!(long.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&long));
    drop(raw("POST /v1/que".to_owned()));
    let late = raw(format!("{head}{{"));
    assert!(late.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&late));
    run(async {
        // One is under way; another is one too many; at the end it is answered, and a third is too late.
        let mut slow = caller.stream("http/1.1").await.unwrap();
        slow.write_all(format!("{head}{}", &whole[..10]).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut connection = caller.http1().await.unwrap();
        let reply = connection.ask(&look_up(&folder.person("clean", 0))).await.unwrap();
        checked::fixed(&reply, 503, "overloaded");
        let mut late = caller.http2().await.unwrap();
        checked::fixed(&late.ask(&look_up(&folder.person("clean", 0))).await.unwrap(), 503, "overloaded");
        gateway.signal(Signal::TERM);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let drained = late.ask(&look_up(&folder.person("clean", 0))).await;
        slow.write_all(&whole.as_bytes()[10..]).await.unwrap();
        let mut answer = Vec::new();
        drop(slow.read_to_end(&mut answer).await);
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        if let Ok(reply) = drained {
            checked::fixed(&reply, 503, "draining");
        }
    });
    assert!(gateway.wait().success());
    let folder = gateway.folder();
    let leaves = Leaf::all(&folder.log());
    for (code, count) in [("malformed-request", 2), ("headers-too-large", 1), ("request-timeout", 2), ("overloaded", 2)]
    {
        assert_eq!(counted(&leaves, "housing", code), count, "{code}: {:?}", floods(&leaves, "housing").next());
    }
    assert_eq!(queries_of(&leaves, "housing"), 1);
    is_wholly_recorded(folder);
}

#[test]
fn a_hasty_auditor_waits_its_turn_and_is_refused_nothing() {
    let folder = Folder::new();
    folder.set_of_institution("officer", "rate_per_s = 100\nburst = 200", "rate_per_s = 20\nburst = 5");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    drop(folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let (auditor, size) = (folder.caller("officer").at(folder.port_base() + 2), folder.leaves().len());
    let path = format!("/log/tile/entries/000.p/{size}");
    let began = Instant::now();
    run(async {
        let mut connection = auditor.http1().await.unwrap();
        for _ in 0..25 {
            let request = credit_tests::request(hyper::Method::GET, &path, &[], "");
            assert_eq!(connection.send(request).await.unwrap().status, 200);
        }
    });
    // 5 at once, then one every 50 ms.
    assert!(began.elapsed() >= Duration::from_millis(950), "{:?}", began.elapsed());
    let folder = gateway.stop();
    assert_eq!(folder.leaves().iter().filter(|leaf| leaf.text("kind") == "read").count(), 25);
}

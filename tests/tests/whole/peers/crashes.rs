//! The first gateway ends, or cannot record, after the second one answered: nothing was sent, the second's record says that it
//! was asked, and whoever asks again uses nothing twice there.

use std::{fs, path::PathBuf, process::ExitStatus, time::Duration};

use credit_tests::{Folder, Gateway, Leaf, Reply, checked, query::with, request, run};
use hyper::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    Pair,
    hostile::{Between, as_it_is},
};
use crate::{
    consents::{bearer, loan, token},
    faults::{preload::on_a_disk, within},
    stores::http::service::Step,
};

const SOON: Duration = Duration::from_secs(20);

/// One use of a consent, under an idempotency key.
struct Once {
    token: String,
    body: Value,
}

impl Once {
    fn new(between: &Between) -> Self {
        let token = bearer(&token(between.pair.first.folder(), &between.number, 1));
        Self { token, body: loan() }
    }

    fn headers(&self) -> [(&str, &str); 2] {
        [("authorization", &self.token), ("idempotency-key", "asked-once")]
    }

    /// Asks the first; nothing where it closed instead.
    fn ask(&self, pair: &Pair) -> Option<Reply> {
        let caller = pair.first.folder().caller("bank");
        run(async {
            let headers = [&self.headers()[..], &[("content-type", "application/json")]].concat();
            let asked = request(Method::POST, "/v1/queries", &headers, self.body.to_string());
            caller.http1().await.ok()?.send(asked).await.ok()
        })
    }

    /// It is answered now, as a repeat at the second; and what it used there is used up.
    #[track_caller]
    fn is_answered_again(&self, pair: &Pair, first_there: &Leaf) {
        let here = pair.first.folder();
        let reply = self.ask(pair).expect("an answer");
        checked::answer(here, "bank", &reply);
        let there = pair.there();
        assert_eq!(there.last().unwrap().json["repeats"], first_there.json["id"], "{there:?}");
        let other = with(self.body.clone(), "fields", json!(["black_listed"]));
        let reply = here.caller("bank").ask_with(&other, &[("authorization", &self.token)]);
        checked::refusal(here, "bank", &reply, 403, "consent-used-up");
    }
}

fn only(pair: &Pair) -> Leaf {
    let [leaf] = pair.there().try_into().expect("one query there");
    assert_eq!(leaf.text("outcome"), "answered");
    leaf
}

#[test]
fn a_gateway_that_is_killed_before_it_records_has_sent_nothing_and_asks_again() {
    let between = Between::serving(Gateway::serve);
    let once = Once::new(&between);
    between.alter(|answer| [vec![Step::Wait(SOON)], as_it_is(answer)].concat());
    let said = std::thread::scope(|scope| {
        let asked = scope.spawn(|| once.ask(&between.pair));
        assert!(within(SOON, || between.pair.there().len() == 1), "the second answers");
        between.pair.first.signal(Signal::KILL);
        asked.join().unwrap()
    });
    assert!(said.is_none(), "{said:?}");
    between.alter(as_it_is);
    let Between { pair: Pair { first, second }, .. } = between;
    let pair = Pair { first: Gateway::serve(first.ended().1), second };
    let there = only(&pair);
    assert!(pair.first.folder().leaves().iter().all(|leaf| leaf.text("kind") != "query"));
    let links = pair.sound();
    assert_eq!((&links["linked"], &links["open"]), (&json!(0), &json!(1)), "{links}");
    once.is_answered_again(&pair, &there);
    let links = pair.sound();
    assert_eq!((&links["linked"], &links["open"]), (&json!(1), &json!(1)), "{links}");
}

/// A first gateway whose write-ahead log gets a fault as soon as the second has answered. Its segments alone: were the rollback
/// guard beside them refused too, and first, as it is where the publication is late, the gateway would refuse queries and wait.
fn failing(fault: &str) -> (Between, PathBuf) {
    let mut fails = None;
    let between = Between::serving(|folder| {
        let (gateway, file) = on_a_disk(folder, fault, ".seg");
        fails = Some(file);
        gateway
    });
    let fails = fails.unwrap();
    let begins = fails.clone();
    between.alter(move |answer| {
        fs::write(&begins, "").unwrap();
        as_it_is(answer)
    });
    (between, fails)
}

/// It ends at what it writes next. A disk that is slow, too, may have kept it from writing what was asked before: the log takes
/// nothing meanwhile. So it is asked for more that is only here, until it ends.
fn ended_once_asked(mut gateway: Gateway) -> (ExitStatus, Folder) {
    let caller = gateway.folder().caller("bank");
    let ends = within(SOON, || {
        let asked = || request(Method::POST, "/v1/queries", &[("content-type", "application/json")], "{}");
        let said = run(async { caller.http1().await.ok()?.send(asked()).await.ok() });
        assert!(said.as_ref().is_none_or(|reply| reply.code() == "not-recordable"), "{said:?}");
        !gateway.is_running()
    });
    assert!(ends, "{}", gateway.err().text());
    gateway.ended()
}

#[test]
fn a_gateway_whose_disk_fails_before_it_records_sends_nothing_and_ends() {
    let (between, fails) = failing("REFUSE_WHILE");
    let once = Once::new(&between);
    let said = once.ask(&between.pair);
    assert!(said.as_ref().is_none_or(|reply| reply.code() == "not-recordable"), "{said:?}");
    between.alter(as_it_is);
    let there = only(&between.pair);
    let Between { pair: Pair { first, second }, .. } = between;
    let (status, folder) = ended_once_asked(first);
    assert!(!status.success(), "{status}");
    fs::remove_file(fails).unwrap();
    let pair = Pair { first: Gateway::serve(folder), second };
    once.is_answered_again(&pair, &there);
    pair.sound();
}

#[test]
fn a_gateway_whose_disk_hangs_sends_nothing_until_it_is_durable() {
    let (between, fails) = failing("HANG_WHILE");
    let once = Once::new(&between);
    let reply = once.ask(&between.pair).expect("an answer");
    checked::fixed(&reply, 503, "not-recordable");
    between.alter(as_it_is);
    let there = only(&between.pair);
    fs::remove_file(fails).unwrap();
    let folder = between.pair.first.folder();
    assert!(within(SOON, || crate::stores::readiness(folder) == crate::stores::ready()));
    once.is_answered_again(&between.pair, &there);
    between.pair.sound();
}

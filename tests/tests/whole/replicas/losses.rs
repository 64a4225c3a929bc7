//! What is lost: a gateway, the database.

use std::time::{Duration, Instant};

use credit_tests::{Gateway, checked, plain, postgres::Server, query::look_up};

use super::{ask_at_once, callers, replicas, replicas_in};
use crate::{
    consents::{ask, bearer, loan, token},
    faults::within,
};

/// A gateway that does not hear refuses after 800 ms.
const UNHEARD: Duration = Duration::from_millis(800);

#[test]
fn without_the_database_everything_is_refused_and_it_goes_on_by_itself() {
    let server = Server::start();
    let gateways = replicas_in(&server, 2);
    let housing = callers(&gateways, "housing");
    let number = gateways[0].folder().person("clean", 0);
    let ask = |at: usize| housing[at].ask(&look_up(&number));
    assert_eq!((ask(0).status.as_u16(), ask(1).status.as_u16()), (200, 200));
    server.stop();
    std::thread::sleep(UNHEARD);
    for at in [0, 1] {
        let reply = ask(at);
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "state-unavailable"));
        let ready = plain(gateways[at].folder().port_base() + 4, "GET", "/readyz");
        assert_eq!(ready.status.as_u16(), 503);
        assert!(ready.text().contains("state-unavailable"));
    }
    server.run();
    for at in [0, 1] {
        assert!(within(Duration::from_secs(20), || ask(at).status == 200), "it does not come back");
    }
}

#[test]
fn what_a_killed_gateway_had_reserved_is_settled_by_its_own_log() {
    let gateways = replicas(2);
    let banks = callers(&gateways, "bank");
    let folder = gateways[0].folder();
    let tokens: Vec<_> = (0..40).map(|nr| token(folder, &folder.person("clean", nr % 8), 1)).collect();
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            ask_at_once(&banks[..1], tokens.len(), |nr| {
                (loan(), vec![("authorization".to_owned(), bearer(&tokens[nr]))])
            })
        });
        std::thread::sleep(Duration::from_millis(60));
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(i32::try_from(gateways[0].pid()).unwrap()).unwrap(),
            rustix::process::Signal::KILL,
        )
        .unwrap();
        asking.join().unwrap()
    });
    let mut gateways = gateways;
    let first = Gateway::serve(gateways.remove(0).ended().1);
    let used = first
        .folder()
        .leaves()
        .iter()
        .filter(|leaf| leaf.text("kind") == "query" && leaf.text("outcome") == "answered")
        .count();
    assert!(asked.iter().filter(|(_, reply)| reply.status == 200).count() <= used);
    // Each is used once in all, whoever used it: what the first one had not recorded is free again.
    let began = Instant::now();
    let second = gateways[0].folder();
    let free = || tokens.iter().filter(|token| ask(&banks[1], token).status == 200).count();
    let mut answered = 0;
    assert!(
        within(Duration::from_secs(20), || {
            answered += free();
            answered == tokens.len() - used
        }),
        "{answered} of {} after {:?}",
        tokens.len() - used,
        began.elapsed()
    );
    for token in &tokens {
        checked::refusal(second, "bank", &ask(&banks[1], token), 403, "consent-used-up");
    }
}

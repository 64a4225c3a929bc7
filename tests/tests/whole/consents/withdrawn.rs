//! Withdrawal while queries are under way, and after restarts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use credit_tests::{Folder, Gateway, Reply, checked, gateway, query::look_up, run};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    altered, answered, ask, assert_sound, connections, forget_state, frequency, new_jti, query, token, withdraw,
};
use crate::faults::{is_full, within};

/// Asks over several connections until it is refused; counts the answers.
fn until_refused(folder: &Folder, token: &str, answers: Arc<AtomicU32>) -> std::thread::JoinHandle<Vec<Reply>> {
    let (caller, token) = (folder.caller("bank"), token.to_owned());
    std::thread::spawn(move || {
        run(async move {
            let mut asks = JoinSet::new();
            for mut connection in connections(&caller, 3).await {
                let (token, answers) = (token.clone(), Arc::clone(&answers));
                asks.spawn(async move {
                    loop {
                        let reply = connection.send(query(&token, &[])).await.unwrap();
                        if reply.status != 200 {
                            return reply;
                        }
                        answers.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            asks.join_all().await
        })
    })
}

#[test]
fn no_answer_on_a_consent_follows_its_withdrawal_in_the_log() {
    let rounds = if is_full() { 100 } else { 20 };
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let mut between = 0;
    for round in 0..rounds {
        let jti = new_jti();
        let token = altered(folder, &jti, &number, |grant| {
            (grant.terms.uses, grant.terms.frequency) = (10, frequency("10/P1D"));
        });
        let answers = Arc::new(AtomicU32::new(0));
        let load = until_refused(folder, &token, Arc::clone(&answers));
        let wanted = 1 + round % 6;
        assert!(within(Duration::from_secs(20), || answers.load(Ordering::SeqCst) >= wanted));
        let withdrawal = withdraw(folder, &jti);
        assert_eq!(withdrawal.status, 200, "{}", withdrawal.text());
        let refusals = load.join().unwrap();
        for reply in &refusals {
            assert!(matches!(reply.code().as_str(), "consent-revoked" | "consent-used-up"), "{}", reply.text());
        }
        between += usize::from(refusals.iter().any(|reply| reply.code() == "consent-revoked"));
        // Told of the withdrawal, nobody is answered any more.
        checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked");
        let leaves = folder.leaves();
        let leaf = leaves.iter().find(|leaf| leaf.text("kind") == "revocation" && leaf.text("jti") == jti).unwrap();
        assert_eq!(leaf.index, withdrawal.index());
        for answer in answered(&leaves, &token) {
            assert!(answer.index < leaf.index, "round {round}: {answer:?} follows {leaf:?}");
            let at = |text: &str| text.parse::<Timestamp>().unwrap();
            assert!(at(answer.text("at")) <= at(leaf.text("at")));
        }
    }
    // How many, is for the scheduler: beside other work all uses may be gone before a withdrawal comes.
    assert!(between > 0, "no withdrawal came between");
    assert_sound(&gateway.stop());
}

#[test]
fn uses_and_withdrawals_outlive_the_process_with_its_snapshot_and_without() {
    let mut gateway = Gateway::serve(Folder::new());
    let number = gateway.folder().person("clean", 0);
    let folder = gateway.folder();
    let (revoked, by_hand) = (new_jti(), new_jti());
    let of = |folder: &Folder, jti: &str| altered(folder, jti, &number, |grant| grant.terms.uses = 10);
    let (withdrawn, unseen, lasting) = (of(folder, &revoked), of(folder, &by_hand), token(folder, &number, 10));
    let (once, half) = (token(folder, &number, 1), token(folder, &number, 3));
    for token in [&withdrawn, &once, &half, &lasting] {
        checked::answer(folder, "bank", &ask(&folder.caller("bank"), token));
    }
    assert_eq!(withdraw(folder, &revoked).status, 200);
    let config = folder.config();
    let config = config.to_str().unwrap();
    let said = credit_tests::gateway(&["consent", "revoke", &by_hand, "--config", config]).held();
    assert!(said.contains("index"), "{said}");
    // More than one bundle, so that the snapshot covers what was done.
    let caller = folder.caller("housing");
    run(async {
        let mut connection = caller.http2().await.unwrap();
        for _ in 0..300 {
            assert_eq!(connection.ask(&look_up(&number)).await.unwrap().status, 200);
        }
    });
    let mut first = None;
    for (round, (forgets, kills)) in
        [(false, false), (true, false), (false, true), (true, true)].into_iter().enumerate()
    {
        let folder = if kills { gateway.kill() } else { gateway.stop() };
        if forgets {
            forget_state(&folder);
        }
        gateway = Gateway::serve(folder);
        let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
        for (token, code) in [
            (&withdrawn, "consent-revoked"),
            (&unseen, "consent-revoked"),
            (&of(folder, &by_hand), "consent-revoked"),
            (&once, "consent-used-up"),
        ] {
            checked::refusal(folder, "bank", &ask(&caller, token), 403, code);
        }
        let leaf = checked::answer(folder, "bank", &ask(&caller, &lasting));
        let first = first.get_or_insert_with(|| answered(&folder.leaves(), &lasting)[0].index);
        assert_eq!(leaf.json["ground"], json!({"first": first, "use": round + 2}));
        let reply = ask(&caller, &half);
        if round < 2 {
            checked::answer(folder, "bank", &reply);
        } else {
            checked::refusal(folder, "bank", &reply, 403, "consent-used-up");
        }
    }
    assert_sound(&gateway.stop());
}

#[test]
fn a_withdrawal_by_command_needs_no_running_gateway_and_names_who() {
    let folder = Folder::new();
    let number = folder.person("clean", 0);
    let gateway_running = Gateway::serve(folder);
    let folder = gateway_running.stop();
    let (jti, config) = (new_jti(), folder.config());
    let config = config.to_str().unwrap();
    drop(gateway(&["consent", "revoke", "no token id", "--config", config]).failed(1));
    let said = gateway(&["consent", "revoke", &jti, "--config", config]).held();
    assert!(said.contains("index"), "{said}");
    let gateway_running = Gateway::serve(folder);
    let folder = gateway_running.folder();
    let token = altered(folder, &jti, &number, |_| {});
    checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked");
    let leaves = folder.leaves();
    let leaf = leaves.iter().find(|leaf| leaf.text("kind") == "revocation").unwrap();
    assert_eq!((leaf.text("jti"), leaf.text("issuer")), (jti.as_str(), "https://consent.example"));
    assert!(leaf.account().starts_with(&format!("uid {}", rustix::process::getuid().as_raw())), "{leaf:?}");
}

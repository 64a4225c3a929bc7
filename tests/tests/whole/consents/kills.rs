//! SIGKILL while many ask on one-use consents: never two answered leaves, and afterwards what the log says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_tests::{Caller, Folder, Gateway, Reply, checked, run};
use tokio::task::JoinSet;

use super::{answered, ask, assert_sound, connections, forget_state, query, token};
use crate::faults::{Chance, is_full, within};

const SEED: u64 = 0x2026_1122_0003;
/// One-use consents of a round, and how many ask on each of them.
const TOKENS: usize = 80;
const EACH: usize = 4;

/// All connections ask on all tokens, in the same order, until the gateway is gone; counts the replies.
fn race(caller: Caller, tokens: Vec<String>, count: Arc<AtomicU64>) -> Vec<(usize, Reply)> {
    run(async move {
        let mut asks = JoinSet::new();
        for mut connection in connections(&caller, EACH).await {
            let (tokens, count) = (tokens.clone(), Arc::clone(&count));
            asks.spawn(async move {
                let mut replies = Vec::new();
                for (nr, token) in tokens.iter().enumerate() {
                    let Ok(reply) = connection.send(query(token, &[])).await else { break };
                    replies.push((nr, reply));
                    count.fetch_add(1, Ordering::SeqCst);
                }
                replies
            });
        }
        asks.join_all().await.into_iter().flatten().collect()
    })
}

/// Asks on all tokens once more.
fn ask_again(caller: &Caller, tokens: &[String]) -> Vec<Reply> {
    run(async {
        let mut connection = caller.http1().await.unwrap();
        let mut replies = Vec::new();
        for token in tokens {
            replies.push(connection.send(query(token, &[])).await.unwrap());
        }
        replies
    })
}

#[test]
fn no_one_use_consent_has_two_answered_leaves_whenever_the_gateway_is_killed() {
    let rounds = if is_full() { 50 } else { 5 };
    let mut chance = Chance(SEED);
    let mut gateway = Gateway::serve(Folder::new());
    let (mut used, mut unused, mut old) = (0, 0, Vec::new());
    for round in 0..rounds {
        let folder = gateway.folder();
        let people = folder.noted("clean");
        let tokens: Vec<String> = (0..TOKENS).map(|nr| token(folder, &people[nr % people.len()], 1)).collect();
        let (caller, asked) = (folder.caller("bank"), tokens.clone());
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let load = std::thread::spawn(move || race(caller, asked, counted));
        let wanted = chance.between(1, 150);
        assert!(within(Duration::from_secs(20), || count.load(Ordering::SeqCst) >= wanted));
        std::thread::sleep(Duration::from_micros(chance.between(0, 3_000)));
        let folder = gateway.kill();
        let held = load.join().unwrap();
        if round % 2 == 1 {
            forget_state(&folder);
        }
        gateway = Gateway::serve(folder);
        let folder = gateway.folder();
        let leaves = folder.leaves();
        let again = ask_again(&folder.caller("bank"), &tokens);
        for (nr, (token, again)) in tokens.iter().zip(again).enumerate() {
            let there = answered(&leaves, token);
            assert!(there.len() <= 1, "round {round}: {there:?}");
            let good = held.iter().filter(|(of, reply)| *of == nr && reply.status == 200).count();
            assert!(good <= there.len(), "round {round}: an answer whose leaf is lost");
            let (count, code) = if there.is_empty() { (&mut unused, "") } else { (&mut used, "consent-used-up") };
            *count += 1;
            assert_eq!(again.code(), code, "round {round}");
        }
        for (_, reply) in held.iter().filter(|(_, reply)| reply.status != 200) {
            checked::refusal(folder, "bank", reply, 403, "consent-used-up");
        }
        old.extend(tokens);
    }
    assert!(used > 10 && unused > 10, "the kills came too early or too late: {used} used, {unused} not");
    // Of every round, in the end.
    let folder = gateway.folder();
    let leaves = folder.leaves();
    for token in &old {
        assert_eq!(answered(&leaves, token).len(), 1);
    }
    for token in old.iter().step_by(17) {
        checked::refusal(folder, "bank", &ask(&folder.caller("bank"), token), 403, "consent-used-up");
    }
    assert_sound(&gateway.stop());
}

//! SIGKILL while many ask on one-use consents: never two answered leaves, and afterwards what the log says.

use std::time::Duration;

use credit_tests::{Caller, Folder, Gateway, Reply, checked, run};
use tokio::task::JoinSet;

use super::{answered, ask, assert_sound, connections, forget_state, query, token};
use crate::faults::{Chance, is_full};

const SEED: u64 = 0x2026_1122_0003;
/// One-use consents of a round, and how many ask on each of them.
const TOKENS: usize = 60;
const EACH: usize = 4;

/// All connections ask on all tokens, in the same order, until the gateway is gone.
fn race(caller: Caller, tokens: Vec<String>) -> Vec<(usize, Reply)> {
    run(async move {
        let mut asks = JoinSet::new();
        for mut connection in connections(&caller, EACH).await {
            let tokens = tokens.clone();
            asks.spawn(async move {
                let mut replies = Vec::new();
                for (nr, token) in tokens.iter().enumerate() {
                    let Ok(reply) = connection.send(query(token, &[])).await else { break };
                    replies.push((nr, reply));
                }
                replies
            });
        }
        asks.join_all().await.into_iter().flatten().collect()
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
        let load = std::thread::spawn(move || race(caller, asked));
        std::thread::sleep(Duration::from_millis(chance.between(60, 500)));
        let folder = gateway.kill();
        let held = load.join().unwrap();
        if round % 2 == 1 {
            forget_state(&folder);
        }
        gateway = Gateway::serve(folder);
        let (folder, caller) = (gateway.folder(), gateway.folder().caller("bank"));
        let leaves = folder.leaves();
        for (nr, token) in tokens.iter().enumerate() {
            let there = answered(&leaves, token);
            assert!(there.len() <= 1, "round {round}: {there:?}");
            let replies: Vec<_> = held.iter().filter(|(of, _)| *of == nr).map(|(_, reply)| reply).collect();
            let good = replies.iter().filter(|reply| reply.status == 200).count();
            assert!(good <= there.len(), "round {round}: an answer whose leaf is lost");
            let reply = ask(&caller, token);
            if there.is_empty() {
                unused += 1;
                checked::answer(folder, "bank", &reply);
            } else {
                used += 1;
                checked::refusal(folder, "bank", &reply, 403, "consent-used-up");
            }
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

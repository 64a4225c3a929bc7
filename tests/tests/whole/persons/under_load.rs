//! What a person, a credit office or a department ends, under load and over SIGKILL: no answer that should not be, once the act
//! was confirmed, whatever the moment of the kill.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use credit_tests::{Caller, Folder, Gateway, Leaf, Reply, Tls, query::look_up, request, run};
use hyper::Method;
use serde_json::{Value, json};

use super::{
    Browser,
    blocks::wide,
    gateway,
    repairs::{DECISIONS, REPAIRS, repair},
};
use crate::{
    consents::{assert_sound, bearer, loan, new_jti},
    faults::{Chance, is_full, within},
};

const SEED: u64 = 0x2026_1128_0001;

/// Who asks about whom, and what is ended.
struct Scene {
    /// Of persons with records: one is repaired, one objects.
    late: [String; 2],
    /// Tokens: one is withdrawn, one's scenario closed.
    tokens: [String; 2],
    jti: String,
    /// What is posted, by whom, where: each ends something, the number of which it says.
    acts: Vec<(usize, Caller, &'static str, Value, String)>,
}

/// Sends one request; nothing where the gateway is gone.
fn send(caller: &Caller, path: &str, body: &Value, headers: &[(&str, &str)]) -> Option<Reply> {
    let json = [&[("content-type", "application/json"), ("accept", "application/json")], headers].concat();
    let request = request(Method::POST, path, &json, body.to_string());
    run(async { caller.http1().await?.send(request).await }).ok()
}

fn scene(folder: &Folder, service: &super::Service) -> Scene {
    let late = [folder.person("late", 0), folder.person("late", 1)];
    let clean = [folder.person("clean", 0), folder.person("clean", 1)];
    let jti = new_jti();
    let tokens = [wide(folder, &jti, &clean[0]), wide(folder, &new_jti(), &clean[1])];
    let records = |number: &str| {
        service.person(number);
        let browser = Browser::new(folder);
        drop(browser.log_in());
        let records = browser.json("/me/report").json()["records"].as_array().unwrap().clone();
        (browser, records)
    };
    // While the tokens still have uses.
    let mut acts = Vec::new();
    acts.push((2, folder.caller("authority"), "/v1/revocations", json!({"jti": jti}), String::new()));
    let (closing, _) = records(&clean[1]);
    let door = Tls::nobody(folder.path()).caller(folder.port_base() + 1);
    let cookie = format!("__Host-session={}", closing.cookie("__Host-session").unwrap());
    acts.push((3, door, "/me/blocks", json!({"scenario": "commercial-loan"}), cookie));
    for record in records(&late[0]).1 {
        acts.push((0, folder.caller("credit-office"), REPAIRS, repair(&late[0], &record), String::new()));
    }
    let (browser, own) = records(&late[1]);
    for record in own {
        let said = json!({"record": record["record"], "statement": "not mine"});
        let id = browser.send_json(Method::POST, "/me/objections", &said).json()["objection"].clone();
        let decision = json!({"objection": id, "result": "upheld", "reason": "x"});
        acts.push((1, folder.caller("officer"), DECISIONS, decision, String::new()));
    }
    Scene { late, tokens, jti, acts }
}

impl Scene {
    fn ask(&self, folder: &Folder, what: usize) -> Option<Reply> {
        match what {
            0 | 1 => send(&folder.caller("housing"), "/v1/queries", &look_up(&self.late[what]), &[]),
            _ => {
                let bearer = bearer(&self.tokens[what - 2]);
                send(&folder.caller("bank"), "/v1/queries", &loan(), &[("authorization", &bearer)])
            }
        }
    }
}

/// Whether an answer is as after the act.
fn is_ended(what: usize, reply: &Reply) -> bool {
    match what {
        // With nothing adverse left the person is clean; what was under way is refused.
        0 | 1 => reply.json()["data"]["clean_three_years"] == true || reply.code() == "store-failed",
        _ => reply.code() == "consent-revoked",
    }
}

/// Asks the same until the gateway is gone, or it is told to stop.
fn load(scene: &Arc<Scene>, folder: &Folder, what: usize, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<Reply>> {
    let (scene, stop) = (Arc::clone(scene), Arc::clone(stop));
    let (housing, bank) = (folder.caller("housing"), folder.caller("bank"));
    std::thread::spawn(move || {
        let mut replies = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let reply = match what {
                0 | 1 => send(&housing, "/v1/queries", &look_up(&scene.late[what]), &[]),
                _ => {
                    let bearer = bearer(&scene.tokens[what - 2]);
                    send(&bank, "/v1/queries", &loan(), &[("authorization", &bearer)])
                }
            };
            let Some(reply) = reply else { break };
            replies.push(reply);
        }
        replies
    })
}

/// The index of the last leaf that ended it, where every act of it was confirmed.
fn ends(confirmed: &[(usize, Option<u64>)], what: usize) -> Option<u64> {
    let of_it = confirmed.iter().filter(|(of, _)| *of == what).map(|(_, index)| *index);
    of_it.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max())
}

fn round(nr: u32, chance: &mut Chance) -> [bool; 4] {
    let (gateway, service) = gateway();
    let scene = Arc::new(scene(gateway.folder(), &service));
    let stop = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..4).map(|what| load(&scene, gateway.folder(), what, &stop)).collect();
    let shared = Arc::clone(&scene);
    let acting = std::thread::spawn(move || {
        let act = |(what, caller, path, body, cookie): &(usize, Caller, &'static str, Value, String)| {
            let headers = [("cookie", cookie.as_str())];
            let reply = send(caller, path, body, if cookie.is_empty() { &[] } else { &headers });
            let confirmed = reply.filter(|reply| reply.status == 200).map(|reply| reply.index());
            (*what, confirmed)
        };
        shared.acts.iter().map(act).collect::<Vec<_>>()
    });
    // Half of the rounds end in the midst of the acts, the others after them.
    if nr.is_multiple_of(2) {
        assert!(within(Duration::from_secs(40), || acting.is_finished()), "round {nr}: the acts do not end");
    }
    std::thread::sleep(Duration::from_millis(chance.between(0, 150)));
    let folder = gateway.kill();
    stop.store(true, Ordering::SeqCst);
    let replies: Vec<Vec<Reply>> = asking.into_iter().map(|asking| asking.join().unwrap()).collect();
    let confirmed = acting.join().unwrap();
    let ended = [0, 1, 2, 3].map(|what| ends(&confirmed, what));
    for (what, index) in ended.into_iter().enumerate() {
        let Some(index) = index else { continue };
        let later = replies[what].iter().filter(|reply| reply.status == 200 && reply.index() > index);
        let wrong: Vec<_> = later.filter(|reply| !is_ended(what, reply)).collect();
        assert!(wrong.is_empty(), "round {nr}, act {what}: {} answers after leaf {index}", wrong.len());
    }
    let gateway = Gateway::serve(folder);
    for (what, index) in ended.into_iter().enumerate() {
        let reply = scene.ask(gateway.folder(), what).unwrap();
        assert!(index.is_none() || is_ended(what, &reply), "round {nr}, act {what}: {}", reply.text());
    }
    let folder = gateway.stop();
    if ended[2].is_some() {
        let leaves: Vec<Leaf> = folder.leaves();
        assert!(leaves.iter().any(|leaf| leaf.text("kind") == "revocation" && leaf.text("jti") == scene.jti));
    }
    if nr.is_multiple_of(10) {
        assert_sound(&folder);
    }
    ended.map(|index| index.is_some())
}

#[test]
fn what_is_ended_under_load_stays_ended_whenever_the_gateway_is_killed() {
    let rounds = if is_full() { 50 } else { 2 };
    let (mut chance, mut held) = (Chance(SEED), [0; 4]);
    for nr in 0..rounds {
        for (held, was) in held.iter_mut().zip(round(nr, &mut chance)) {
            *held += u32::from(was);
        }
    }
    credit_tests::figures(format_args!("{rounds} kills; confirmed repairs, decisions, withdrawals, blocks: {held:?}"));
    assert!(held.iter().all(|held| *held > 0), "{held:?}");
}

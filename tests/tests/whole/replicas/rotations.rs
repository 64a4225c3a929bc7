//! Keys that are rotated by command at one gateway come in force at all of them at one instant, without a refused query: also where one
//! is off over that, and not where one is cut off, which refuses by itself. What is not what was handed out is not used.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use credit_audit::clock::{Clock as _, SystemClock};
use credit_tests::{Ended, Ends, Folder, Gateway, Leaf, Reply, gateway, metric, postgres::Server, relay::Relay};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::Value;
use uuid::Uuid;

use super::{
    TIME, database, made,
    months::{Ahead, ask, folders, handed, names_it_first, ring},
    origin, stopped,
};
use crate::{directories::Directory, faults::within};

fn now() -> Timestamp {
    SystemClock::new().now()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + seconds).unwrap()
}

/// Whether a data key can be rotated within the month for the time of a test.
fn is_within_month() -> bool {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().first_of_month();
    day(now()) == day(now() + 5.minutes())
}

fn keys(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[&["keys"][..], arguments, &["--config", config.to_str().unwrap()]].concat())
}

fn rotate(folder: &Folder, use_: &str, at: Timestamp) -> String {
    keys(folder, &["rotate", use_, "--at", &at.to_string()]).held()
}

/// What `keys handed-out` says of a key.
fn listed(folder: &Folder, key: &str) -> Value {
    let all: Value = serde_json::from_str(&keys(folder, &["handed-out", "--json"]).held()).unwrap();
    all.as_array().unwrap().iter().find(|row| row["key"] == key).cloned().unwrap_or_default()
}

fn names(listed: &Value) -> Vec<&str> {
    listed.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// When the query began: by this its keys are chosen.
fn begun(reply: &Reply) -> Timestamp {
    let id: Uuid = reply.json()["query"].as_str().unwrap().parse().unwrap();
    let (seconds, nanoseconds) = id.get_timestamp().unwrap().to_unix();
    Timestamp::new(seconds.try_into().unwrap(), nanoseconds.try_into().unwrap()).unwrap()
}

fn pseudonym(reply: &Reply) -> String {
    reply.json()["subject"].as_str().unwrap().to_owned()
}

/// The data key under which the record of each answered query is sealed.
fn sealed_under(folder: &Folder) -> Vec<(Uuid, String)> {
    let answered = super::answered(std::slice::from_ref(folder));
    answered.iter().map(|leaf| (leaf.text("id").parse().unwrap(), leaf.text("key").to_owned())).collect()
}

#[test]
fn what_is_not_what_was_handed_out_is_refused_and_nothing_is_handed_out_at_a_wrong_time() {
    let server = Server::shared();
    let (database, clock) = (database(server), Ahead::new());
    let elsewhere = super::database(server);
    let mut all = folders(server, &database, 3);
    let (third, off, first) = (all.pop().unwrap(), all.pop().unwrap(), clock.serve(all.pop().unwrap()));
    let stranger = super::with_keys_of_logs(super::member(server, &elsewhere, "r9"), &[]);
    fs::remove_file(stranger.join("keys/ring.json")).unwrap();
    let config = stranger.config();
    drop(gateway(&["keys", "init", "--config", config.to_str().unwrap()]).held());
    let stranger = clock.serve(super::with_keys_of_logs(stranger, &["r9".to_owned()]));
    for wrong in [after(-60), after(1), after(2 * 86_400)] {
        let refused = keys(first.folder(), &["rotate", "state", "--at", &wrong.to_string()]).failed(1);
        assert!(refused.contains("in 5 seconds at the earliest"), "{refused}");
    }
    drop(keys(first.folder(), &["rotate", "ring", "--at", &after(60).to_string()]).failed(1));
    drop(keys(first.folder(), &["rotate", "index", "--at", &after(60).to_string()]).failed(64));
    let turn = after(600);
    for gateway in [&first, &stranger] {
        for use_ in ["state", "pseudonym"] {
            assert!(rotate(gateway.folder(), use_, turn).contains("handed out and on the record"));
        }
    }
    let again = keys(first.folder(), &["rotate", "state", "--at", &after(900).to_string()]).failed(1);
    assert!(again.contains("`state-2` was handed out, and is in force from"), "{again}");
    let row = listed(first.folder(), "state-2");
    assert_eq!((&row["state"], names(&row["has"])), (&Value::from("pending"), vec![&*origin("r0")]));
    // Its time comes: whoever lacks it does not start, and the one that has it says what is wrong, and serves.
    clock.reach(turn + SignedDuration::from_secs(60));
    let right = handed(server, &database, "state-2");
    let cases = [
        (right.replace("\"body\":\"", "\"body\":\"AAAA"), "was altered"),
        (handed(server, &database, "pseudonym-2"), "the shared state has `pseudonym-2`"),
        (handed(server, &elsewhere, "state-2"), "is sealed under another ring key"),
        ("{}".to_owned(), "was altered"),
    ];
    let put = |text: &str| {
        let changed = format!("UPDATE credit_key SET handed = '{text}', mark = gen_random_uuid() WHERE id = 'state-2'");
        drop(server.sql(&database, &changed).held());
    };
    for (text, says) in cases {
        assert!(!text.is_empty());
        let failures = || metric(first.folder().port_base(), "credit_gateway_duty_failures_total{duty=\"keys\"}");
        let before = failures();
        put(&text);
        let ended = clock.ends(&off);
        assert!(ended.contains(says), "{ended}");
        assert!(!ring(&off).contains_key("state-2"));
        assert!(within(TIME, || failures() > before), "the duty does not fail: {says}");
        assert_eq!(listed(first.folder(), "state-2")["state"], "refused");
        assert!(within(TIME, || ask(&first).status == 200));
    }
    // A row that is gone is put there again by who has the key.
    drop(server.sql(&database, "DELETE FROM credit_key WHERE id IN ('state-2', 'pseudonym-2')").held());
    assert!(within(TIME, || !handed(server, &database, "state-2").is_empty()));
    let second = clock.serve(off);
    assert!(within(TIME, || ask(&second).status == 200));
    // Keys whose time is past and that no gateway had: a row from somewhere else.
    let alone = super::database(server);
    third.replace_in_config(&format!("/{database}\""), &format!("/{alone}\""));
    let row = format!("INSERT INTO credit_key (id, handed, origin) VALUES ('state-2', '{right}', 'r7')");
    drop(server.sql(&alone, &row).held());
    let third = clock.serve(third);
    assert!(within(TIME, || ask(&third).status == 200));
    let failures = || metric(third.folder().port_base(), "credit_gateway_duty_failures_total{duty=\"keys\"}");
    assert!(within(TIME, || failures() > 0 && third.err().text().contains("no gateway had it then")));
    assert!(!ring(third.folder()).contains_key("state-2"));
}

/// The leaves about a key.
fn leaves_of(folder: &Folder, key: &str) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "key" && leaf.text("key") == key).collect()
}

/// That the log names a data key first, and exactly what began at its time or later is sealed under it.
fn is_sealed_from(folder: &Folder, data: &str, turn: Timestamp) {
    names_it_first(folder, data);
    for (id, key) in sealed_under(folder) {
        let (seconds, nanoseconds) = id.get_timestamp().unwrap().to_unix();
        let began = Timestamp::new(seconds.try_into().unwrap(), nanoseconds.try_into().unwrap()).unwrap();
        assert_eq!(key == data, began.as_millisecond() >= turn.as_millisecond(), "{began}, and they turn at {turn}");
    }
}

#[test]
fn no_query_is_refused_while_three_rotate_by_command_and_one_that_was_off_takes_what_it_lacks() {
    let directory = Directory::init();
    let mut all = made(&[Server::shared()], 4, |folder| directory.lists(folder));
    let off = all.pop().unwrap().stop();
    let turn = after(16);
    let data = is_within_month().then(|| {
        let month = now().to_zoned(TimeZone::UTC).date();
        format!("data-{:04}-{:02}-2", month.year(), month.month())
    });
    drop(rotate(all[0].folder(), "pseudonym", turn));
    drop(rotate(all[1].folder(), "state", turn));
    data.iter().for_each(|_| drop(rotate(all[2].folder(), "data", turn)));
    let mut seen: Vec<Vec<(Timestamp, String)>> = vec![Vec::new(); 3];
    let (mut is_taken, mut refused) = (false, 0);
    while now() < turn + SignedDuration::from_secs(2) {
        for (gateway, seen) in all.iter().zip(&mut seen) {
            let reply = ask(gateway);
            // A machine that does much else may keep one from hearing of the others for a moment, whatever turns.
            if reply.status == 503 {
                refused += 1;
                continue;
            }
            assert_eq!(reply.status, 200, "{} {} before", reply.code(), turn - now());
            seen.push((begun(&reply), pseudonym(&reply)));
        }
        if !is_taken && now() > turn - SignedDuration::from_secs(4) {
            is_taken = true;
            let row = listed(all[0].folder(), "pseudonym-2");
            assert_eq!(
                (names(&row["with"]), names(&row["has"]).len(), &row["state"]),
                (vec!["tag-2"], 3, &"pending".into())
            );
        }
        thread::sleep(Duration::from_millis(40));
    }
    let answered = seen.iter().map(Vec::len).sum::<usize>();
    assert!(is_taken && refused * 20 < answered, "{refused} refused, {answered} answered");
    let (before, last) = (seen[0][0].1.clone(), seen[0].last().unwrap().1.clone());
    assert_ne!(before, last);
    for (began, pseudonym) in seen.iter().flatten() {
        // Ids have milliseconds.
        let expected = if began.as_millisecond() < turn.as_millisecond() { &before } else { &last };
        assert_eq!(pseudonym, expected, "{began}, and they turn at {turn}");
    }
    assert!(!ring(&off).contains_key("pseudonym-2"));
    all.push(Gateway::serve(off));
    let reply = ask(&all[3]);
    assert_eq!((reply.status.as_u16(), pseudonym(&reply)), (200, last), "{}", reply.code());
    assert_eq!(listed(all[3].folder(), "state-2")["state"], "in-force");
    let folders = stopped(all);
    for folder in &folders {
        for key in ["pseudonym-2", "tag-2", "state-2"] {
            assert_eq!(ring(folder)[key], ring(&folders[0])[key]);
            assert_eq!(leaves_of(folder, key).len(), 1, "{key}");
        }
        if let Some(data) = &data {
            is_sealed_from(folder, data, turn);
        }
    }
    // Who handed it out is on the record of the gateway where that was done.
    let of = |folder: &Folder, key: &str| leaves_of(folder, key).remove(0);
    assert!(
        !of(&folders[0], "pseudonym-2").account().is_empty() && of(&folders[1], "pseudonym-2").account().is_empty()
    );
    assert_eq!(of(&folders[1], "pseudonym-2").text("activates").parse::<Timestamp>().unwrap(), turn);
    directory.holds(&folders);
}

#[test]
fn who_is_cut_off_over_the_instant_refuses_by_itself_and_takes_it_when_it_is_back() {
    let (server, directory) = (Server::shared(), Directory::init());
    let relay = Relay::to(server.port());
    let all = super::cut::two(&relay, &directory);
    assert!(within(TIME, || all.iter().all(|gateway| ask(gateway).status == 200)));
    // It is cut off before it could take anything.
    relay.cut();
    thread::sleep(Duration::from_millis(1_500));
    let turn = after(6);
    drop(rotate(all[1].folder(), "state", turn));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let ends = Ends(&is_over);
        let (other, is_over) = (&all[1], &is_over);
        let asks = scope.spawn(move || {
            let mut refused = Vec::new();
            while !is_over.load(Ordering::SeqCst) {
                let reply = ask(other);
                refused.extend((reply.status != 200).then(|| reply.code()));
                thread::sleep(Duration::from_millis(40));
            }
            refused
        });
        while now() < turn + SignedDuration::from_secs(1) {
            let reply = ask(&all[0]);
            assert_eq!(reply.code(), "state-unavailable");
            thread::sleep(Duration::from_millis(100));
        }
        assert!(!ring(all[0].folder()).contains_key("state-2"));
        relay.pass();
        let began = Instant::now();
        // As soon as it answers, it has it.
        while ask(&all[0]).status != 200 {
            assert!(began.elapsed() < TIME, "it does not come back");
            thread::sleep(Duration::from_millis(20));
        }
        assert!(ring(all[0].folder()).contains_key("state-2"), "it answers by the key before");
        drop(ends);
        assert!(asks.join().unwrap().is_empty(), "the other one refused");
    });
    directory.holds(&stopped(all));
}

#[test]
fn the_ring_s_own_key_is_rotated_once_all_have_what_was_handed_out_and_nothing_is_handed_out_before_it_is_in_all_rings()
{
    let (server, directory) = (Server::shared(), Directory::init());
    let relay = Relay::to(server.port());
    let mut all = super::cut::two(&relay, &directory);
    assert!(within(TIME, || all.iter().all(|gateway| ask(gateway).status == 200)));
    let names: Vec<String> = ["r0", "r1"].map(origin).to_vec();
    let refused = |at: &Gateway, use_: &str| keys(at.folder(), &["rotate", use_]).failed(1);
    // One is cut off, and believed to be here, while a key is handed out.
    relay.cut();
    thread::sleep(Duration::from_millis(1_500));
    let database = super::database_of(all[1].folder());
    let beats = format!("UPDATE credit_replica SET beat = now() + interval '1 hour' WHERE origin = '{}'", names[0]);
    drop(server.sql(&database, &beats).held());
    drop(rotate(all[1].folder(), "state", after(40)));
    let said = refused(&all[1], "ring");
    assert!(said.contains("`state-2` was handed out") && said.contains(&names[0]), "{said}");
    relay.pass();
    assert!(within(TIME, || names_of(&listed(all[1].folder(), "state-2")["has"]) == 2));
    // Who rotates it has what is in the shared state sealed anew, and the other one opens nothing of it.
    drop(keys(all[1].folder(), &["rotate", "ring"]).held());
    for (at, use_) in [(1, "pseudonym"), (0, "pseudonym"), (1, "ring"), (0, "ring")] {
        let said = refused(&all[at], use_);
        let is_said =
            if at == 1 { said.contains(&names[0]) } else { said.contains("is sealed under another ring key") };
        assert!(is_said, "{use_} at {at}: {said}");
    }
    // As the page says: the folder is copied to the other one while that is stopped.
    let other = all.remove(0).stop();
    fs::copy(all[0].folder().join("keys/ring.json"), other.join("keys/ring.json")).unwrap();
    all.insert(0, Gateway::serve(other));
    assert!(within(TIME, || all.iter().all(|gateway| ask(gateway).status == 200)));
    drop(rotate(all[0].folder(), "pseudonym", after(40)));
    assert!(within(TIME, || names_of(&listed(all[0].folder(), "pseudonym-2")["has"]) == 2));
    drop(keys(all[0].folder(), &["rotate", "ring"]).held());
    directory.holds(&stopped(all));
}

fn names_of(listed: &Value) -> usize {
    listed.as_array().map_or(0, Vec::len)
}

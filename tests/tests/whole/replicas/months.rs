//! The data key of a month is one for all who count together, and comes from the shared state: over the turn of a month, to a gateway
//! that was off, from a database that was put back; what is altered there is not used, and what is destroyed does not come back.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use credit_audit::clock::{Clock as _, SystemClock};
use credit_tests::{
    Folder, Gateway, Reply, audit, checked, gateway, metric,
    postgres::{Server, Sql},
    query::look_up,
    scratch,
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::Value;

use super::{TIME, counts_in, database, member, number_in, with_keys_of_logs};
use crate::{
    faults::{preload::preload, within},
    officers::by_two::{ONE, OTHER, at_port, listed},
    persons::destruction::later,
};

/// A clock of some gateways, which is put ahead while they run.
pub(super) struct Ahead {
    path: PathBuf,
    file: File,
}

impl Ahead {
    pub(super) fn new() -> Self {
        let path = scratch::folder("clock").join("ahead");
        fs::write(&path, [0; 8]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        Self { path, file }
    }

    pub(super) fn reach(&self, instant: Timestamp) {
        let ahead = instant.duration_since(SystemClock::new().now());
        self.file.write_all_at(&ahead.as_secs().to_ne_bytes(), 0).unwrap();
    }

    pub(super) fn serve(&self, folder: Folder) -> Gateway {
        let mut command = Gateway::serve_command(&folder);
        command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_FILE", &self.path).env("LC_ALL", "C.UTF-8");
        Gateway::start(folder, command)
    }

    /// Why a start ends.
    pub(super) fn ends(&self, folder: &Folder) -> String {
        let mut command = Gateway::serve_command(folder);
        command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_FILE", &self.path).env("LC_ALL", "C.UTF-8");
        let ended = command.output().unwrap();
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    }
}

fn first_of_next(day: Date) -> Date {
    day.first_of_month().saturating_add(1.month())
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn key_of(month: Date) -> String {
    format!("data-{:04}-{:02}", month.year(), month.month())
}

/// A month that has not begun, and the one after it.
fn months() -> (Date, Date) {
    let month = first_of_next(SystemClock::new().now().to_zoned(TimeZone::UTC).date());
    (month, first_of_next(month))
}

fn hours_before(instant: Timestamp, hours: i64) -> Timestamp {
    instant.checked_sub(SignedDuration::from_hours(hours)).unwrap()
}

/// The keys of a folder's ring, by id: their fingerprints, nothing of those that were destroyed.
pub(super) fn ring(folder: &Folder) -> BTreeMap<String, Option<String>> {
    let text = fs::read_to_string(folder.join("keys/ring.json")).unwrap();
    let ring: Value = serde_json::from_str(&text).unwrap();
    let keys = ring["header"]["keys"].as_array().unwrap().iter().map(|key| {
        let is_whole = key.get("destroyed").is_none();
        (key["id"].as_str().unwrap().to_owned(), is_whole.then(|| key["fingerprint"].as_str().unwrap().to_owned()))
    });
    keys.collect()
}

pub(super) fn fingerprint(folder: &Folder, key: &str) -> Option<String> {
    ring(folder).remove(key).flatten()
}

/// What the shared state hands out for a key; empty where it was destroyed, or is not there.
pub(super) fn handed(server: &impl Sql, database: &str, key: &str) -> String {
    let text = server.sql(database, &format!("SELECT handed FROM credit_key WHERE id = '{key}'")).held();
    // A line ends it, and psql adds one.
    text.strip_suffix('\n').unwrap_or_default().to_owned()
}

fn is_handed_as(server: &impl Sql, database: &str, key: &str, fingerprint: &str) -> bool {
    handed(server, database, key).contains(&format!("\"fingerprint\":\"{fingerprint}\""))
}

pub(super) fn ask(gateway: &Gateway) -> Reply {
    gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 0)))
}

/// The same, until it answers: on a slow machine a beat may come late.
pub(super) fn answered(gateway: &Gateway) -> Reply {
    let (began, mut reply) = (Instant::now(), ask(gateway));
    while reply.code() == "state-unavailable" && began.elapsed() < TIME {
        thread::sleep(Duration::from_millis(50));
        reply = ask(gateway);
    }
    reply
}

/// Folders of gateways that count together in a database, all with the ring of the first, which never served yet.
pub(super) fn folders(server: &Server, database: &str, count: usize) -> Vec<Folder> {
    let names: Vec<_> = (0..count).map(|number| format!("r{number}")).collect();
    let first = with_keys_of_logs(member(server, database, &names[0]), &names);
    let others = names[1..].iter().map(|name| {
        let folder = member(server, database, name);
        fs::copy(first.join("keys/ring.json"), folder.join("keys/ring.json")).unwrap();
        folder
    });
    let others: Vec<_> = others.collect();
    std::iter::once(first).chain(others).collect()
}

/// Each log names a key before anything is sealed under it, and verifies.
#[track_caller]
pub(super) fn names_it_first(folder: &Folder, key: &str) {
    let leaves = folder.leaves();
    let named = leaves.iter().position(|leaf| leaf.text("kind") == "key" && leaf.text("key") == key);
    let used = leaves.iter().position(|leaf| leaf.text("kind") == "query" && leaf.text("key") == key);
    assert!(used.is_some() && named < used && named.is_some(), "{key}: named {named:?}, used {used:?}");
    let (log, vkey) = (folder.log(), folder.join("data/log/log.vkey"));
    drop(audit(&["verify", log.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()]).held());
}

fn sealed_under(gateway: &Gateway, reply: &Reply) -> String {
    checked::answer(gateway.folder(), "housing", reply).text("key").to_owned()
}

#[test]
fn over_the_turn_of_a_month_all_have_one_key_and_nobody_does_anything() {
    let server = Server::shared();
    let (database, clock, (month, next)) = (database(server), Ahead::new(), months());
    clock.reach(hours_before(midnight(next), 8 * 24));
    let mut all: Vec<_> = folders(server, &database, 4).into_iter().map(|folder| clock.serve(folder)).collect();
    let off = all.pop().unwrap().stop();
    let key = key_of(next);
    assert!(ring(&off).contains_key(&key_of(month)), "the month's key was made once, and taken");
    assert_eq!(handed(server, &database, &key), "", "its week has not come");
    clock.reach(hours_before(midnight(next), 6 * 24));
    let made = within(TIME, || all.iter().all(|gateway| ring(gateway.folder()).contains_key(&key)));
    assert!(made, "nobody made the next month's key ahead");
    // One of them was started again meanwhile.
    let again = all.pop().unwrap().stop();
    clock.reach(midnight(next).checked_sub(SignedDuration::from_secs(4)).unwrap());
    all.push(clock.serve(again));
    assert!(within(TIME, || all.iter().all(|gateway| ask(gateway).status == 200)));
    let (began, mut longest, mut since) = (Instant::now(), Duration::ZERO, None);
    while began.elapsed() < Duration::from_secs(6) {
        let replies: Vec<_> = all.iter().map(ask).filter(|reply| reply.status != 200).collect();
        assert!(replies.iter().all(|reply| reply.code() == "state-unavailable"), "{replies:?}");
        since = (!replies.is_empty()).then(|| since.unwrap_or(began.elapsed()));
        longest = longest.max(since.map_or(Duration::ZERO, |since| began.elapsed() - since));
        thread::sleep(Duration::from_millis(50));
    }
    assert!(longest < Duration::from_secs(3), "somebody was refused for {longest:?} while they turned");
    for gateway in &all {
        assert!(within(TIME, || sealed_under(gateway, &answered(gateway)) == key), "it goes on under the key before");
    }
    // Who was off takes what it lacks, and serves at once.
    assert!(!ring(&off).contains_key(&key));
    all.push(clock.serve(off));
    assert_eq!(sealed_under(&all[3], &answered(&all[3])), key);
    let one = fingerprint(all[0].folder(), &key).unwrap();
    assert!(is_handed_as(server, &database, &key, &one));
    for folder in super::stopped(all) {
        assert_eq!(fingerprint(&folder, &key).as_ref(), Some(&one));
        names_it_first(&folder, &key);
    }
}

#[test]
fn of_two_that_need_a_key_at_once_both_take_the_same_and_without_the_state_nobody_makes_one() {
    let server = Server::start();
    let (database, clock, (_, next)) = (database(&server), Ahead::new(), months());
    clock.reach(hours_before(midnight(next), 8 * 24));
    let all: Vec<_> = folders(&server, &database, 2).into_iter().map(|folder| clock.serve(folder)).collect();
    let key = key_of(next);
    // The month turns while the state is away.
    server.stop();
    clock.reach(midnight(next).checked_add(SignedDuration::from_secs(30)).unwrap());
    thread::sleep(Duration::from_secs(2));
    for gateway in &all {
        let reply = ask(gateway);
        assert_eq!(reply.status.as_u16(), 503, "{}", reply.code());
        assert!(!ring(gateway.folder()).contains_key(&key), "it made a key of its own");
    }
    server.run();
    // Neither sees what the other puts there before both have tried.
    server.session(&database, "BEGIN; LOCK TABLE credit_key IN SHARE ROW EXCLUSIVE MODE;", || {
        thread::sleep(Duration::from_millis(1_800));
    });
    for gateway in &all {
        assert!(within(TIME, || ask(gateway).status == 200), "{}", gateway.err().text());
        assert_eq!(sealed_under(gateway, &answered(gateway)), key);
    }
    let one = fingerprint(all[0].folder(), &key).unwrap();
    assert_eq!(fingerprint(all[1].folder(), &key).as_ref(), Some(&one));
    assert!(is_handed_as(&server, &database, &key, &one));
    // A database that is put back without the row is given it again, and no other.
    drop(server.sql(&database, "DELETE FROM credit_key").held());
    assert!(within(TIME, || is_handed_as(&server, &database, &key, &one)), "it is not put there again");
    for folder in super::stopped(all) {
        assert_eq!(fingerprint(&folder, &key).as_ref(), Some(&one));
        names_it_first(&folder, &key);
    }
}

#[test]
fn a_key_that_was_altered_is_of_another_ring_or_of_another_month_is_refused_and_never_used() {
    let server = Server::shared();
    let (database, clock, (month, next)) = (database(server), Ahead::new(), months());
    clock.reach(hours_before(midnight(next), 6 * 24));
    let (key, before) = (key_of(next), key_of(month));
    let elsewhere = super::database(server);
    // A ring of its own, in another state.
    let stranger = with_keys_of_logs(member(server, &elsewhere, "r9"), &["r9".to_owned()]);
    fs::remove_file(stranger.join("keys/ring.json")).unwrap();
    drop(gateway(&["keys", "init", "--config", stranger.config().to_str().unwrap()]).held());
    drop(clock.serve(with_keys_of_logs(stranger, &["r9".to_owned()])).stop());
    let mut all = folders(server, &database, 2);
    let off = all.pop().unwrap();
    let by_hand = gateway(&["keys", "prepare", "--config", off.config().to_str().unwrap()]).failed(64);
    assert!(by_hand.contains("need no command"), "{by_hand}");
    let gateway = clock.serve(all.remove(0));
    let right = handed(server, &database, &key);
    let altered = right.replace("\"body\":\"", "\"body\":\"AAAA");
    let cases = [
        (altered, "was altered"),
        (handed(server, &elsewhere, &key), "is sealed under another ring key"),
        (handed(server, &database, &before), "the shared state has `data-"),
        ("{}".to_owned(), "was altered"),
    ];
    let put = |text: &str| {
        let changed = format!("UPDATE credit_key SET handed = '{text}', mark = gen_random_uuid() WHERE id = '{key}'");
        drop(server.sql(&database, &changed).held());
    };
    // It is needed now: whoever lacks it does not start, and the one that has it says so and serves.
    clock.reach(midnight(next).checked_add(SignedDuration::from_hours(1)).unwrap());
    for (text, says) in cases {
        assert!(!text.is_empty());
        let failures = || metric(gateway.folder().port_base(), "credit_gateway_duty_failures_total{duty=\"keys\"}");
        let before = failures();
        put(&text);
        let ended = clock.ends(&off);
        assert!(ended.contains(says), "{ended}");
        assert!(!ring(&off).contains_key(&key));
        assert!(within(TIME, || failures() > before), "the duty does not fail: {says}");
        assert!(within(TIME, || ask(&gateway).status == 200));
    }
    put(&right);
    let second = clock.serve(off);
    assert_eq!(sealed_under(&second, &answered(&second)), key);
    assert_eq!(fingerprint(second.folder(), &key), fingerprint(gateway.folder(), &key));
}

#[test]
fn a_key_that_two_officers_destroyed_does_not_come_back() {
    let server = Server::shared();
    let database = database(server);
    let folder = crate::persons::destruction::folder();
    server.lets_in(&folder);
    let folder = counts_in(folder, std::iter::once(server.port()), &database, "r0");
    let gateway = Gateway::serve(with_keys_of_logs(folder, &["r0".to_owned()]));
    let key = sealed_under(&gateway, &answered(&gateway));
    let whole = handed(server, &database, &key);
    assert!(whole.contains(&key));
    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let copy = fs::read(folder.join("keys/ring.json")).unwrap();
    let words = ["keys", "destroy", "--month", key.trim_start_matches("data-")];
    drop(at_port(folder, ONE, &words).held());
    let id = listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned();
    drop(at_port(folder, OTHER, &[&words[..], &["--approve", &id]].concat()).held());
    drop(at_port(folder, ONE, &[&words[..], &["--proposal", &id]].concat()).held());
    // Once it is told that it is done.
    assert_eq!((fingerprint(folder, &key), handed(server, &database, &key)), (None, String::new()));
    let put_back = || {
        let row = format!("UPDATE credit_key SET handed = '{whole}', mark = gen_random_uuid() WHERE id = '{key}'");
        drop(server.sql(&database, &row).held());
    };
    put_back();
    let is_gone = within(TIME, || handed(server, &database, &key).is_empty());
    assert!(is_gone, "the row that was put back stays: {}", gateway.err().text());
    assert_eq!(fingerprint(folder, &key), None);
    // The row and the ring, both from a copy.
    let folder = gateway.stop();
    fs::write(folder.join("keys/ring.json"), copy).unwrap();
    drop(server.sql(&database, "DELETE FROM credit_key").held());
    let gateway = later(folder, 100);
    assert_eq!((fingerprint(gateway.folder(), &key), handed(server, &database, &key)), (None, String::new()));
    assert_eq!(number_in(server, &database, &format!("SELECT count(*) FROM credit_key WHERE id = '{key}'")), 1);
    put_back();
    assert!(within(TIME, || handed(server, &database, &key).is_empty()));
    assert_eq!(fingerprint(gateway.folder(), &key), None);
}

//! All gateways are started again, one after the other, under load.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use credit_tests::{Caller, Ends, Gateway, figures, postgres::Server, query::look_up};

use super::{TIME, are_right, callers, made, started, stopped, tried};
use crate::{directories::Directory, faults::within};

/// Asks one gateway, and once more the next one where the first is away or on its way down; under one key.
fn ask_twice(callers: &[Caller], at: usize, number: &str, key: &str) -> Result<(), String> {
    let (body, headers) = (look_up(number), [("idempotency-key", key)]);
    let first = tried(&callers[at % callers.len()], &body, &headers);
    let reply = match first {
        Some(reply) if reply.status != 503 || reply.code() != "draining" => reply,
        _ => tried(&callers[(at + 1) % callers.len()], &body, &headers).ok_or("no reply")?,
    };
    if reply.status == 200 { Ok(()) } else { Err(format!("{} {}", reply.status, reply.code())) }
}

#[test]
fn a_rolling_restart_fails_no_query_and_leaves_the_books_clean() {
    let (server, directory) = (Server::shared(), Directory::init());
    let gateways = made(&[server], 3, |folder| directory.lists(folder));
    let housing = callers(&gateways, "housing");
    let (is_over, asked, failed) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let numbers: Vec<_> = (0..6).map(|nr| gateways[0].folder().person("clean", nr)).collect();
    let gateways: Vec<_> = std::thread::scope(|scope| {
        let ends = Ends(&is_over);
        for (nr, number) in numbers.iter().enumerate() {
            let (housing, is_over, asked, failed) = (&housing, &is_over, &asked, &failed);
            scope.spawn(move || {
                for at in (nr..).take_while(|_| !is_over.load(Ordering::SeqCst)) {
                    if let Err(why) = ask_twice(housing, at, number, &format!("rolling-{nr}-{at}")) {
                        *failed.lock().unwrap().entry(why).or_insert(0) += 1;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        }
        let goes_on = || {
            let before = asked.load(Ordering::SeqCst);
            assert!(within(TIME, || asked.load(Ordering::SeqCst) > before + 60), "nothing is asked");
        };
        let again = |gateway: Gateway| {
            goes_on();
            started(gateway.stop())
        };
        let gateways = gateways.into_iter().map(again).collect();
        goes_on();
        drop(ends);
        gateways
    });
    assert_eq!(failed.into_inner().unwrap(), BTreeMap::new());
    figures(format_args!("{} queries over a rolling restart of three gateways: none failed", asked.into_inner()));
    let database = super::database_of(gateways[0].folder());
    let folders = stopped(gateways);
    are_right(server, &database, &folders);
    directory.holds(&folders);
}

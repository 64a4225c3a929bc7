//! How many instructions a query takes of the threads that serve callers, as valgrind's callgrind counts them: a number that
//! nothing else on the machine changes. What makes a query dearer is seen here before anybody measures its time.

use std::{fs, path::Path, process::Command};

use credit_tests::{
    Caller, Connection as Channel, Folder, Gateway, figures,
    query::{look_up_under, new_case},
    request, run,
};
use hyper::Method;
use rusqlite::Connection;

use crate::consents;

/// Thousands of instructions of a query, in the programs that tests are built with: without optimisation. Whoever makes a query
/// cheaper lowers them.
const MUST_CHECK: u64 = 4_620;
const CONSENT: u64 = 6_630;

/// By so many of a hundred a count may differ: other machines have other instructions for cryptography, and lines of a register
/// or a catalogue that are added are read too.
const TOLERANCE: u64 = 10;

/// Queries that are counted, after as many that are not: tables grow, and what is made once a day is made.
const QUERIES: u64 = 24;

#[test]
fn a_query_takes_as_many_instructions_as_it_did() {
    let folder = Folder::new();
    // Slowed down as it is; and nobody has to look whether somebody writes to the store, now at one query and then at another.
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 60000");
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.pragma_update(None, "journal_mode", "wal").unwrap();
    drop(store);
    let (out, own) = (folder.join("instructions"), Gateway::serve_command(&folder));
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind", "--fair-sched=yes", "--separate-threads=yes", "--instr-atstart=no"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(own.get_program()).args(own.get_args());
    let gateway = Gateway::start(folder, command);
    let (folder, pid) = (gateway.folder(), gateway.pid());
    let people = folder.noted("clean");
    let person = |nr: u64| &people[usize::try_from(nr).unwrap() % people.len()];
    let must_check = |nr| (look_up_under(person(nr), &new_case()), None);
    let on_consent = |nr| (consents::loan(), Some(consents::bearer(&consents::token(folder, person(nr), 1))));
    let counts = [
        counted(&folder.caller("housing"), (pid, &out), &must_check),
        counted(&folder.caller("bank"), (pid, &out), &on_consent),
    ];
    let known = [("a look-up by statute", MUST_CHECK), ("a query on a consent", CONSENT)];
    figures(format_args!("{counts:?} thousand instructions, and there were {known:?}"));
    for ((what, known), count) in known.into_iter().zip(counts) {
        assert!(
            count.abs_diff(known) <= known * TOLERANCE / 100,
            "{what} takes {count} thousand instructions, and took {known}: make it cheaper, or write the new number down with the reason"
        );
    }
    drop(gateway.kill());
}

/// A query, and its consent where it has one.
type Query = (serde_json::Value, Option<String>);

/// Thousands of instructions a query.
fn counted(caller: &Caller, (pid, out): (u32, &Path), query: &dyn Fn(u64) -> Query) -> u64 {
    let control = |arguments: &[&str]| {
        let done =
            Command::new("callgrind_control").args(arguments).arg(pid.to_string()).output().expect("valgrind's own");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    run(async {
        let mut connection = caller.http1().await.expect("a connection");
        let mut is_warm = false;
        // Where the machine has much else to do, the programs are so slow that a record takes too long: another time.
        for first in (0..20).map(|round| round * QUERIES) {
            if !is_warm {
                is_warm = ask(&mut connection, query, first).await;
                continue;
            }
            control(&["--instr=on"]);
            let is_whole = ask(&mut connection, query, first).await;
            control(&["--dump"]);
            control(&["--instr=off"]);
            let all = served(out);
            if is_whole {
                assert!(all > 0, "no thread that serves callers was counted");
                return all / QUERIES / 1_000;
            }
        }
        panic!("not once all of {QUERIES} queries were answered");
    })
}

/// Whether all were answered.
async fn ask(connection: &mut Channel, query: &dyn Fn(u64) -> Query, first: u64) -> bool {
    let mut is_whole = true;
    for nr in first..first + QUERIES {
        let (body, token) = query(nr);
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(token.as_ref().map(|token| ("authorization", token.as_str())));
        let request = request(Method::POST, "/v1/queries", &headers, body.to_string());
        let reply = connection.send(request).await.expect("a reply");
        is_whole &= reply.status == 200;
        assert!(reply.status == 200 || reply.code() == "not-recordable", "{}", reply.text());
    }
    is_whole
}

/// Instructions of the threads that serve callers, in what was written last; it is gone then.
fn served(out: &Path) -> u64 {
    let (folder, name) = (out.parent().unwrap(), out.file_name().unwrap().to_str().unwrap());
    let mut all = 0;
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if !file.file_name().unwrap().to_str().unwrap().starts_with(name) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let sum = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<u64>().ok());
        if text.contains("process::serve::worker") {
            all += sum.expect("a total");
        }
        fs::remove_file(file).unwrap();
    }
    all
}

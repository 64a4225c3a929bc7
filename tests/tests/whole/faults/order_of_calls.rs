//! The order of system calls, seen from outside: of each request all was read, then a write-ahead segment was synced, and then the
//! answer was written. And of each checkpoint: all that it covers was synced before it had its name.

use std::{collections::HashMap, fs, process::Command};

use credit_tests::{
    Folder, Gateway, figures,
    query::{look_up_under, new_case},
    run,
};
use hyper::StatusCode;

use super::{
    is_full,
    order_of_publication::{Publications, is_of},
};

/// Writes of a connection before its first answer: of its handshake, and its tickets.
const OF_HANDSHAKE: usize = 2;

/// What was seen of a connection.
#[derive(Default)]
struct Seen {
    /// The line at which bytes had come last.
    read: usize,
    writes: usize,
}

/// What strace wrote, as far as it tells the order.
#[derive(Default)]
struct Calls {
    connections: HashMap<String, Seen>,
    /// By thread: the call that has not ended, and the line at which it began.
    open: HashMap<String, (String, usize)>,
    /// Of the syncs that have ended, the line at which the last began.
    synced: usize,
    answers: usize,
    /// Answers of whose record nothing can have been synced when they were written.
    too_early: usize,
    publications: Publications,
}

impl Calls {
    /// Takes a line; one that is cut in two by another thread's is put together.
    fn line(&mut self, at: usize, line: &str, door: &str) {
        let (thread, call) = line.split_once(' ').expect("a thread");
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            self.begins(at, begun, door);
            self.open.insert(thread.to_owned(), (begun.to_owned(), at));
        } else if call.starts_with("<... ") {
            let (_, end) = call.split_once(" resumed>").expect("the end of a call");
            if let Some((begun, since)) = self.open.remove(thread) {
                self.ends(at, since, &(begun + end), door);
            }
        } else {
            self.begins(at, call, door);
            self.ends(at, at, call, door);
        }
    }

    fn begins(&mut self, at: usize, call: &str, door: &str) {
        self.publications.begins(at, call);
        let is_write = ["write", "writev", "sendto", "sendmsg"].iter().any(|name| is_of(call, name));
        let Some(connection) = connection(call, door).filter(|_| is_write) else { return };
        let seen = self.connections.entry(connection.to_owned()).or_default();
        seen.writes += 1;
        if seen.writes > OF_HANDSHAKE {
            self.answers += 1;
            self.too_early += usize::from(self.synced <= seen.read);
        }
    }

    fn ends(&mut self, at: usize, since: usize, call: &str, door: &str) {
        let result = call.rsplit_once(" = ").map(|(_, result)| result.trim());
        if is_of(call, "fdatasync") && call.contains("/wal/") && result == Some("0") {
            self.synced = self.synced.max(since);
        }
        if result == Some("0") {
            self.publications.ends(at, since, call);
        }
        let has_read = result.and_then(|count| count.parse::<i64>().ok()).is_some_and(|count| count > 0);
        let is_read = ["read", "readv", "recvfrom", "recvmsg"].iter().any(|name| is_of(call, name));
        if let Some(connection) = connection(call, door).filter(|_| is_read && has_read) {
            self.connections.entry(connection.to_owned()).or_default().read = at;
        }
    }
}

/// The connection of the institutions' door that a call is about.
fn connection<'c>(call: &'c str, door: &str) -> Option<&'c str> {
    let (_, rest) = call.split_once("<TCP:[")?;
    let (connection, _) = rest.split_once(']')?;
    connection.starts_with(door).then_some(connection)
}

#[test]
fn each_answer_is_written_after_its_record_was_synced() {
    let (requests, connections) = if is_full() { (10_000, 40) } else { (320, 8) };
    let folder = Folder::new();
    let (calls, own) = (folder.join("calls"), Gateway::serve_command(&folder));
    // As a grandchild of the gateway, so that signals are the gateway's; and no byte that is read or written.
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-q", "-yy", "-s", "0", "-e", "signal=none"]);
    let of_publication = "fsync,syncfs,rename,renameat,renameat2,mkdir,mkdirat";
    let trace = format!("trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fdatasync,{of_publication}");
    command.args(["-e", &trace, "-o"]);
    command.arg(&calls).arg(own.get_program()).args(own.get_args());
    let gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    let (housing, person) = (folder.caller("housing"), folder.person("clean", 0));
    let refused = run(async {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (housing, person) = (housing.clone(), person.clone());
            all.spawn(async move {
                let (mut connection, mut refused) = (housing.http1().await.unwrap(), 0);
                for _ in 0..requests / connections {
                    let reply = connection.ask(&look_up_under(&person, &new_case())).await.unwrap();
                    // What is told where nothing can be recorded needs no record: a machine that is slow to sync.
                    let is_fixed = reply.status == StatusCode::SERVICE_UNAVAILABLE && reply.code() == "not-recordable";
                    assert!(is_fixed || reply.status == StatusCode::OK, "{}", reply.text());
                    refused += usize::from(is_fixed);
                }
                refused
            });
        }
        all.join_all().await.into_iter().sum::<usize>()
    });
    let door = format!("127.0.0.1:{}->", folder.port_base());
    let folder = gateway.stop();
    let (text, mut seen) = (fs::read_to_string(folder.join("calls")).unwrap(), Calls::default());
    for (at, line) in text.lines().enumerate() {
        seen.line(at + 1, line, &door);
    }
    figures(format_args!("{} answers, each written after a sync that began when its request was there", seen.answers));
    assert!(seen.too_early <= refused, "{} answers were written before their record was synced", seen.too_early);
    assert!(refused * 10 < requests, "{refused} of {requests} were refused");
    assert!(seen.connections.len() >= connections, "{} connections were seen", seen.connections.len());
    assert!(seen.answers >= requests, "{} answers were seen of {requests}", seen.answers);
    seen.publications.check();
}

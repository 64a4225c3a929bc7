//! Everything that might delay another, at once: nobody reads standard error, callers do not read their answers, others ask
//! for receipts that nobody has over many connections. An institution that asks soundly is answered in time throughout.
//!
//! All of them share the processors of one machine, and perhaps with other programs. So the time in which the gateway was ready
//! to go on and the machine ran something else is not counted: what counts is how many others it lets go first.

use std::{
    fs::OpenOptions,
    io::Write,
    net::TcpStream,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use credit_tests::{Caller, Folder, Gateway, figures, metric, request, run};
use hyper::Method;
use tokio::{io::AsyncWriteExt, task::JoinSet};
use uuid::Uuid;

use super::{
    is_full,
    preload::{into_a_pipe, pipe},
    query, readiness, within,
};

/// How much of it: callers who do not read at the public door and at that of the institutions, connections that ask for
/// receipts, streams of each, how long.
struct Siege {
    unread: usize,
    connections: usize,
    streams: usize,
    time: Duration,
}

/// Every sound query is answered within it.
const WITHIN: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

fn siege() -> Siege {
    let second = Duration::from_secs(1);
    if is_full() {
        Siege { unread: 512, connections: 40, streams: 120, time: 30 * second }
    } else {
        Siege { unread: 256, connections: 20, streams: 120, time: 5 * second }
    }
}

/// Asks at the public door again and again, and never reads.
fn unread_at_the_public_door(port: u16) -> TcpStream {
    let caller = TcpStream::connect(("127.0.0.1", port)).unwrap();
    caller.set_nonblocking(true).unwrap();
    let many = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
    drop((&caller).write(many.as_bytes()));
    caller
}

/// Begins anew where it is ended; how often the gateway took it.
async fn unread(caller: Caller, number: String, stop: Arc<AtomicBool>, taken: Arc<AtomicU64>) {
    let body = query(&number, "unread", "unread").to_string();
    let head = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let many = format!("{head}{body}").repeat(100);
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut stream) = caller.stream("http/1.1").await else { continue };
        taken.fetch_add(1, Ordering::SeqCst);
        drop(tokio::time::timeout(Duration::from_secs(2), stream.write_all(many.as_bytes())).await);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Asks for receipts that nobody has, over one connection after the other.
async fn guess(caller: Caller, streams: usize, stop: Arc<AtomicBool>, asked: Arc<AtomicU64>) {
    while !stop.load(Ordering::SeqCst) {
        let Ok(connection) = caller.http2().await else { continue };
        let mut asks = JoinSet::new();
        for _ in 0..streams {
            let mut sender = connection.share().expect("HTTP/2");
            let url = format!("https://{}/v1/receipts/{}", caller.address(), Uuid::now_v7());
            asks.spawn(async move { sender.send_request(request(Method::GET, &url, &[], "")).await.is_ok() });
        }
        while asks.join_next().await.is_some() {
            asked.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// On a thread of its own, until it is stopped.
fn besiege(
    folder: &Folder,
    siege: &Siege,
    stop: &Arc<AtomicBool>,
    [taken, asked]: [&Arc<AtomicU64>; 2],
) -> std::thread::JoinHandle<()> {
    let (bank, employer, number) = (folder.caller("bank"), folder.caller("employer"), folder.person("clean", 1));
    let (unreading, connections, streams) = (siege.unread / 2, siege.connections, siege.streams);
    let (stop, taken, asked) = (Arc::clone(stop), Arc::clone(taken), Arc::clone(asked));
    std::thread::spawn(move || {
        run(async {
            let mut callers = JoinSet::new();
            for _ in 0..unreading {
                callers.spawn(unread(employer.clone(), number.clone(), Arc::clone(&stop), Arc::clone(&taken)));
            }
            for _ in 0..connections {
                callers.spawn(guess(bank.clone(), streams, Arc::clone(&stop), Arc::clone(&asked)));
            }
            while callers.join_next().await.is_some() {}
        });
    })
}

#[test]
fn another_institution_is_answered_in_time() {
    let siege = siege();
    let folder = Folder::new();
    let err = folder.join("unread");
    pipe(&err);
    // Open for both, and never read.
    let kept = OpenOptions::new().read(true).write(true).open(&err).unwrap();
    let mut command = Gateway::serve_command(&folder);
    command.env("RUST_LOG", "trace");
    let command: Command = into_a_pipe(&command, &err);
    let gateway = Gateway::spawn(folder, command);
    let folder = gateway.folder();
    let listens = || TcpStream::connect(("127.0.0.1", folder.port_base() + 4)).is_ok();
    assert!(within(Duration::from_secs(30), listens));
    let (stop, taken, asked) =
        (Arc::new(AtomicBool::new(false)), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let attack = besiege(folder, &siege, &stop, [&taken, &asked]);
    let mut unread: Vec<_> = Vec::new();
    let (housing, number) = (folder.caller("housing"), folder.person("clean", 0));
    let (began, mut times) = (Instant::now(), Vec::new());
    // On a busy machine the attackers take their time.
    let is_there = || taken.load(Ordering::SeqCst) >= siege.unread as u64 / 2 && asked.load(Ordering::SeqCst) > 100;
    while began.elapsed() < siege.time || (!is_there() && began.elapsed() < MOST) {
        // Those that are ended come again.
        if unread.len() < siege.unread / 2 {
            unread.push(unread_at_the_public_door(folder.port_base() + 3));
        }
        let (begun, kept_waiting) = (Instant::now(), gateway.kept_waiting());
        // A connection of its own: who is new is served too.
        let reply = housing.ask(&query(&number, "sound", &format!("case-{}", times.len())));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let took = begun.elapsed();
        times.push((took.saturating_sub(kept_waiting.so_far()), took));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(readiness(folder), (200, "ready\n".to_owned()));
    stop.store(true, Ordering::SeqCst);
    times.sort_unstable();
    let ((slowest, _), (median, _)) = (times[times.len() - 1], times[times.len() / 2]);
    let took = times.iter().map(|&(_, took)| took).max().unwrap();
    let is_there = is_there();
    let (taken, asked) = (taken.load(Ordering::SeqCst), asked.load(Ordering::SeqCst));
    let said = format!(
        "{} answered, median {median:?}, slowest {slowest:?} ({took:?} by the clock), {taken} unread, {asked} guessed",
        times.len()
    );
    figures(&said);
    assert!(slowest < WITHIN, "{said}");
    assert!(is_there, "there was no siege: {said}");
    let dropped = metric(folder.port_base(), "credit_gateway_lines_dropped_total");
    assert!(dropped > 0, "standard error was read");
    drop(unread);
    drop(gateway);
    attack.join().unwrap();
    drop(kept);
}

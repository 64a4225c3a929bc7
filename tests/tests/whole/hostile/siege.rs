//! A gateway under attack, another institution's queries, and the gateway's memory.

use std::{
    fs,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use credit_tests::{Caller, Connection, Folder, Gateway, query::look_up, run};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::faults::within;

/// How long an attack runs.
const TIME: Duration = Duration::from_secs(3);
/// Of the queries of another institution.
const EVERY: Duration = Duration::from_millis(20);
const MOST_KIB: u64 = 300 * 1024;
const BACK_WITHIN_KIB: u64 = 64 * 1024;

/// The gateway that is attacked, one attack after the other: what one leaves behind would show in the next.
static BESIEGED: LazyLock<Mutex<Gateway>> = LazyLock::new(|| Mutex::new(Gateway::serve(Folder::new())));

/// What an attacker knows: whom to attack, as whom, and until when.
#[derive(Clone)]
pub(super) struct Attack {
    /// With the bank's certificate.
    pub(super) caller: Caller,
    pub(super) port_base: u16,
    until: Instant,
    done: Arc<AtomicU64>,
}

impl Attack {
    /// Whether to go on.
    pub(super) fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// So much more was done.
    pub(super) fn did(&self, more: u64) {
        self.done.fetch_add(more, Ordering::Relaxed);
    }

    /// Waits until the time is over.
    pub(super) async fn end(&self) {
        tokio::time::sleep_until(self.until.into()).await;
    }

    /// Does something until the time is over, `at_once` of it at once.
    pub(super) async fn again_and_again<W>(self, at_once: usize, deed: impl Fn(Self) -> W + Copy + Send + 'static)
    where
        W: Future<Output = ()> + Send,
    {
        let mut all = JoinSet::new();
        for _ in 0..at_once {
            let attack = self.clone();
            all.spawn(async move {
                while attack.goes_on() {
                    drop(tokio::time::timeout_at(attack.until.into(), deed(attack.clone())).await);
                    tokio::task::yield_now().await;
                }
            });
        }
        all.join_all().await;
    }
}

/// Attacks, and holds the gateway to what is promised. The attack must have done at least so much, or there was none.
#[track_caller]
pub(super) fn withstands<W: Future<Output = ()>>(least: u64, attack: impl FnOnce(Attack) -> W) {
    may_open_many_files();
    let gateway = BESIEGED.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = gateway.folder();
    let before = resident_kib(gateway.pid());
    let memory = Memory::watch(gateway.pid());
    let others = Others::ask(folder);
    let done = Arc::new(AtomicU64::new(0));
    let attacker = Attack {
        caller: folder.caller("bank"),
        port_base: folder.port_base(),
        until: Instant::now() + TIME,
        done: Arc::clone(&done),
    };
    run(attack(attacker));
    let (asked, failed, slowest) = others.stop();
    let most = memory.stop();
    let done = done.load(Ordering::Relaxed);
    let shown = format!("{done} done; {asked} asked, slowest {slowest:?}; {before} KiB before, {most} KiB at most");
    assert!(done >= least, "no attack: {shown}");
    assert!(failed.is_empty(), "{} of {asked} were not answered ({}); {shown}", failed.len(), failed[0]);
    assert!(most <= MOST_KIB, "{shown}");
    let back = within(Duration::from_secs(20), || resident_kib(gateway.pid()) <= before + BACK_WITHIN_KIB);
    assert!(back, "{} KiB long after it; {shown}", resident_kib(gateway.pid()));
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn may_open_many_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to the maximum");
    }
    assert!(maximum.is_none_or(|most| most >= 16_384), "raise the limit of open files (ulimit -Hn) to 16384 or more");
}

/// Memory of a process, in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("KiB")
}

/// The most memory that a process has, as long as it is watched.
struct Memory {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut most = 0;
            while !stopped.load(Ordering::Relaxed) {
                most = most.max(resident_kib(pid));
                std::thread::sleep(Duration::from_millis(50));
            }
            most
        });
        Self { stop, thread }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only reads")
    }
}

/// Another institution, which asks fifty times a second, each tenth time over a connection of its own.
struct Others {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, Vec<String>, Duration)>,
}

impl Others {
    fn ask(folder: &Folder) -> Self {
        let (caller, numbers) = (folder.caller("housing"), folder.noted("clean"));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || run(ask_until(stopped, caller, numbers)));
        Self { stop, thread }
    }

    /// How many were asked, what went wrong, and how long one took at most.
    fn stop(self) -> (usize, Vec<String>, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}

async fn ask_until(stop: Arc<AtomicBool>, caller: Caller, numbers: Vec<String>) -> (usize, Vec<String>, Duration) {
    let open = Arc::new(Mutex::new(Vec::new()));
    let mut all = JoinSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    for nr in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        ticks.tick().await;
        let (caller, open) = (caller.clone(), Arc::clone(&open));
        let question = look_up(&numbers[nr % numbers.len()]);
        all.spawn(async move {
            let began = Instant::now();
            let kept: Option<Connection> = open.lock().expect("no panic").pop().filter(|_| nr % 10 != 0);
            let mut connection = match kept {
                Some(connection) => connection,
                None => caller.http1().await.map_err(|error| format!("no connection: {error}"))?,
            };
            let reply = connection.ask(&question).await.map_err(|error| format!("no reply: {error}"))?;
            if reply.status != 200 {
                return Err(reply.text());
            }
            open.lock().expect("no panic").push(connection);
            Ok(began.elapsed())
        });
    }
    let replies = all.join_all().await;
    let asked = replies.len();
    let slowest = replies.iter().flatten().max().copied().unwrap_or_default();
    (asked, replies.into_iter().filter_map(Result::err).collect(), slowest)
}

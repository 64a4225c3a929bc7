//! Gateway processes.

use std::{
    collections::HashMap,
    io::Read,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Folder, binaries, scratch};

/// Longest time to the line `ready`, and to the end after a signal.
const TIME: Duration = Duration::from_secs(60);

/// How long nothing comes where all has come, and how long that is waited for where something comes all the time.
const MOMENT: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(2);

/// What a process wrote so far, gathered while it runs so that it never waits for a reader.
#[derive(Clone, Default)]
pub struct Heard(Arc<Ear>);

#[derive(Default)]
struct Ear {
    state: Mutex<Sound>,
    changed: Condvar,
}

#[derive(Default)]
struct Sound {
    bytes: Vec<u8>,
    closed: bool,
}

impl Heard {
    pub(crate) fn listen(mut from: impl Read + Send + 'static) -> Self {
        let heard = Self::default();
        let ours = heard.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = from.read(&mut buffer).unwrap_or_default();
                let mut sound = ours.lock();
                sound.bytes.extend_from_slice(&buffer[..read]);
                sound.closed = read == 0;
                ours.0.changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        heard
    }

    /// All of it, once nothing has come for a moment: a line is written a little after the reply that it is about.
    #[must_use]
    pub fn text(&self) -> String {
        let (began, mut seen, mut sound) = (Instant::now(), usize::MAX, self.lock());
        while !sound.closed && sound.bytes.len() != seen && began.elapsed() < MOST {
            seen = sound.bytes.len();
            sound = self.0.changed.wait_timeout(sound, MOMENT).expect("no panic while listening").0;
        }
        String::from_utf8_lossy(&sound.bytes).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Sound> {
        self.0.state.lock().expect("no panic while listening")
    }

    /// All of it, once the other end is closed.
    #[must_use]
    pub fn all(&self) -> String {
        self.wait(|_| false);
        self.text()
    }

    /// Waits until it holds something; false where the other end was closed without.
    pub fn wait(&self, holds: impl Fn(&str) -> bool) -> bool {
        let mut sound = self.lock();
        let began = Instant::now();
        loop {
            let so_far = String::from_utf8_lossy(&sound.bytes);
            if holds(&so_far) {
                return true;
            }
            if sound.closed {
                return false;
            }
            assert!(began.elapsed() < TIME, "not heard in time; so far: {so_far}");
            let second = Duration::from_secs(1);
            sound = self.0.changed.wait_timeout(sound, second).expect("no panic while listening").0;
        }
    }
}

/// A gateway that serves a folder. Killed when dropped.
pub struct Gateway {
    folder: Option<Folder>,
    child: Option<Child>,
    out: Heard,
    err: Heard,
}

impl Gateway {
    /// `credit-gateway demo`, which makes its tour first; returns once it is ready.
    #[must_use]
    #[track_caller]
    pub fn demo(folder: Folder) -> Self {
        let command = Self::demo_command(&folder);
        Self::start(folder, command)
    }

    /// `credit-gateway serve` with the folder's configuration; returns once it is ready.
    #[must_use]
    #[track_caller]
    pub fn serve(folder: Folder) -> Self {
        let command = Self::serve_command(&folder);
        Self::start(folder, command)
    }

    /// [`Self::demo`] that logs as much as there is to log: for a test that searches what it says.
    #[must_use]
    #[track_caller]
    pub fn talkative_demo(folder: Folder) -> Self {
        let mut command = Self::demo_command(&folder);
        command.env("RUST_LOG", "trace");
        Self::start(folder, command)
    }

    fn demo_command(folder: &Folder) -> Command {
        let mut command = Command::new(binaries::credit_gateway());
        command.arg("demo").arg("--dir").arg(folder.path()).arg("--port-base").arg(folder.port_base().to_string());
        command
    }

    /// The command that [`Self::serve`] starts: for a test that gives it another environment, or another parent.
    #[must_use]
    pub fn serve_command(folder: &Folder) -> Command {
        let mut command = Command::new(binaries::credit_gateway());
        command.arg("serve").arg("--config").arg(folder.config());
        command
    }

    /// Starts a command that serves the folder; returns once it is ready.
    #[must_use]
    #[track_caller]
    pub fn start(folder: Folder, command: Command) -> Self {
        let mut gateway = Self::spawn(folder, command);
        if !gateway.is_ready() {
            let status = gateway.wait();
            panic!("the gateway ended before it was ready: {status}\n{}", gateway.err.all());
        }
        gateway
    }

    /// Starts a command that serves the folder, and does not wait.
    #[must_use]
    pub fn spawn(folder: Folder, mut command: Command) -> Self {
        command.env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the gateway starts");
        scratch::began(child.id());
        let out = Heard::listen(child.stdout.take().expect("piped"));
        let err = Heard::listen(child.stderr.take().expect("piped"));
        Self { folder: Some(folder), child: Some(child), out, err }
    }

    /// Waits for the line `ready`; false where the process ended without.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.out.wait(|text| text.lines().any(|line| line.starts_with("ready ")) && text.ends_with('\n'))
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        self.folder.as_ref().expect("kept until the end")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("running").id()
    }

    /// Its standard output.
    #[must_use]
    pub fn out(&self) -> &Heard {
        &self.out
    }

    /// Its standard error.
    #[must_use]
    pub fn err(&self) -> &Heard {
        &self.err
    }

    /// From now on, for how long a worker thread waits for a processor that runs something else.
    #[must_use]
    pub fn kept_waiting(&self) -> KeptWaiting {
        KeptWaiting { pid: self.pid(), before: waited(self.pid()) }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a process id")).expect("not 0");
        kill_process(pid, signal).expect("it is ours and not waited for");
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.as_mut().map(Child::try_wait), Some(Ok(None)))
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let child = self.child.as_mut().expect("running");
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                break status;
            }
            assert!(began.elapsed() < TIME, "the gateway does not end; it said: {}", self.err.text());
            std::thread::sleep(Duration::from_millis(5));
        };
        scratch::ended(child.id());
        self.child = None;
        status
    }

    /// SIGTERM, then its end; must be in order. Gives back the folder, to look at or to start again.
    #[must_use]
    #[track_caller]
    pub fn stop(mut self) -> Folder {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.err.all());
        self.folder.take().expect("kept until now")
    }

    /// The end that it comes to by itself, and the folder.
    #[must_use]
    pub fn ended(mut self) -> (ExitStatus, Folder) {
        let status = self.wait();
        (status, self.folder.take().expect("kept until now"))
    }

    /// SIGKILL, then its end. Gives back the folder.
    #[must_use]
    pub fn kill(mut self) -> Folder {
        self.signal(Signal::KILL);
        let status = self.wait();
        assert_eq!(status.signal(), Some(9));
        self.folder.take().expect("kept until now")
    }
}

/// How long the machine let worker threads wait that were ready to run: other programs' time, not the gateway's.
pub struct KeptWaiting {
    pid: u32,
    before: HashMap<PathBuf, Duration>,
}

impl KeptWaiting {
    /// Of the thread that waited most.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        let since = |(thread, now): (PathBuf, Duration)| now.checked_sub(*self.before.get(&thread)?);
        waited(self.pid).into_iter().filter_map(since).max().unwrap_or_default()
    }
}

/// Of each worker thread, by the kernel's account (`schedstat`: time on a processor, time waiting for one, turns).
fn waited(pid: u32) -> HashMap<PathBuf, Duration> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let read = |thread: PathBuf| {
        let is_worker = std::fs::read_to_string(thread.join("comm")).ok()?.starts_with("worker-");
        let account = std::fs::read_to_string(thread.join("schedstat")).ok().filter(|_| is_worker)?;
        Some((thread, Duration::from_nanos(account.split(' ').nth(1)?.parse().ok()?)))
    };
    threads.filter_map(|thread| read(thread.path())).collect()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
            scratch::ended(child.id());
        }
    }
}

/// The demo that most tests share. What they do to it must not be in each other's way: each asks under cases of its own.
pub fn shared() -> &'static Gateway {
    SHARED.get_or_init(|| Gateway::demo(Folder::new()))
}

static SHARED: OnceLock<Gateway> = OnceLock::new();

/// Whether this is the folder of [`shared`], whose room for refusals with a leaf of their own many tests use up.
pub(crate) fn is_shared(folder: &Folder) -> bool {
    SHARED.get().is_some_and(|shared| shared.folder().path() == folder.path())
}

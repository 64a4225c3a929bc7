//! What outlives no test process: one folder for all its files, and the processes that it started.
//!
//! Tests share instances that nobody drops (a `static` lives until the process is gone), and a test process can be killed.
//! So a shell waits at the other end of a pipe: when this process is gone, however it went, the shell ends what was
//! started and not ended, each by its id, and removes the folder.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

const JANITOR: &str = r#"
trap '' INT TERM HUP
started=
stops=
while read -r verb pid; do
  case $verb in
    began) started="$started $pid " ;;
    ended) started=$(printf %s "$started" | sed "s/ $pid / /") ;;
    stops) stops="$stops $pid" ;;
  esac
done
for pid in $stops; do kill -QUIT "$pid" 2>/dev/null; done
for pid in $started; do kill -KILL "$pid" 2>/dev/null; done
sleep 0.2
rm -rf -- "$1"
"#;

#[expect(clippy::zombie_processes, reason = "it outlives this process, that is what it is for")]
static JANITOR_INPUT: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    let mut shell = Command::new("sh")
        .args(["-c", JANITOR, "sh"])
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh");
    Mutex::new(shell.stdin.take().expect("a pipe"))
});

fn tell(verb: &str, pid: u32) {
    let mut input = JANITOR_INPUT.lock().expect("no panic while telling");
    writeln!(input, "{verb} {pid}").expect("the janitor reads");
}

/// A process was started: it is ended with this one at the latest.
pub fn began(pid: u32) {
    tell("began", pid);
}

/// A server was started that cleans up when it is asked to end: it is asked with the end of this process at the latest.
pub fn stops(pid: u32) {
    tell("stops", pid);
}

/// A process has ended and was waited for: its id may be another's by now.
pub fn ended(pid: u32) {
    tell("ended", pid);
}

fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = std::env::temp_dir().join(format!("credit-tests-{}", std::process::id()));
        fs::create_dir(&path).expect("a folder of our own below the temporary one");
        path
    });
    &ROOT
}

/// A new, empty folder, gone with the test process at the latest.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    static MADE: AtomicU32 = AtomicU32::new(0);
    // The janitor must be there before there is something to remove.
    LazyLock::force(&JANITOR_INPUT);
    let path = root().join(format!("{}-{name}", MADE.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir(&path).expect("a new folder");
    path
}

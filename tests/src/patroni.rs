//! PostgreSQL as it is run where it must not be lost: servers under Patroni, with etcd, of which one takes writes and one has all of
//! them (strict synchronous mode).

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{
    Authority, Ended, Folder, Program, command, command_reading,
    plain::answers,
    ports,
    postgres::{PASSWORD, PROGRAMS, READER, Sql, as_postgres, lets_in, own_folder, written_by_postgres},
    scratch, tools,
};

/// Longest time to a state that comes by itself.
const TIME: Duration = Duration::from_secs(120);

/// How long the leader's lock lasts where nobody renews it: Patroni takes no shorter one.
pub const LOCK: Duration = Duration::from_secs(20);

/// Ends Patroni in order, and its server with it, when it is asked to end in any way.
const WRAPPED: &str = r#"trap 'kill -TERM $child 2>/dev/null' TERM QUIT; "$@" & child=$!; wait $child; wait $child"#;

/// Some servers, of which one takes writes. Ended when dropped.
pub struct Patroni {
    folder: PathBuf,
    nodes: Vec<Node>,
    authority: Authority,
    _etcd: Program,
}

struct Node {
    folder: PathBuf,
    port: u16,
    api: u16,
    process: Mutex<Option<Child>>,
}

impl Patroni {
    /// So many servers; returns once one takes writes, another has all of them, and the gateway's role is made.
    #[must_use]
    pub fn start(count: usize) -> Self {
        let folder = own_folder();
        let (etcd, at) = etcd();
        let authority = Authority::new("an authority of databases");
        let nodes = (0..count).map(|nr| Node::new(&folder, nr, at, &authority)).collect();
        let patroni = Self { folder, nodes, authority, _etcd: etcd };
        patroni.nodes.iter().for_each(Node::run);
        patroni.is_whole();
        let role = format!("CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'; GRANT pg_read_all_stats TO {READER};");
        drop(patroni.sql("postgres", &role).held());
        patroni
    }

    /// Where the servers listen.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }

    /// Waits until one takes writes and all the others follow, one of them synchronously, and may take over: Patroni writes down
    /// which one a moment after the server has it.
    ///
    /// # Panics
    /// Where that does not come.
    pub fn is_whole(&self) {
        let has_all = || {
            let follow = self.sql(
                "postgres",
                "SELECT count(*) || ' ' || count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) FROM pg_stat_replication",
            );
            follow.code == Some(0) && follow.out.trim() == format!("{} 1", self.nodes.len() - 1)
        };
        let may_take_over = || self.nodes.iter().any(|node| answers(node.api, "/synchronous"));
        within(|| self.leader().is_some() && has_all() && may_take_over(), "Patroni's servers do not become whole");
    }

    /// Which one takes writes, where Patroni says so.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        self.nodes.iter().position(|node| answers(node.api, "/primary"))
    }

    /// Makes the synchronous one take writes, as an operator does; returns once it is asked for.
    pub fn switch_over(&self) {
        let Some(leader) = self.leader() else { return };
        let api = format!("http://127.0.0.1:{}/switchover", self.nodes[leader].api);
        let body = format!("{{\"leader\":\"p{leader}\"}}");
        let asked = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "60", "-d", &body, &api];
        let status = command("curl", &asked).held();
        assert!(["200", "202", "412", "503"].contains(&&*status), "{status}");
    }

    /// Ends a server without a word, as when its process dies; Patroni goes on beside it.
    pub fn kill_server(&self, nr: usize) {
        self.nodes[nr].signal_server(Signal::KILL);
    }

    /// Ends a server and its Patroni without a word, as when the machine is gone.
    pub fn kill_node(&self, nr: usize) {
        let node = &self.nodes[nr];
        let Some(mut child) = node.process.lock().expect("no panic").take() else { return };
        // Patroni first: it would start the server again.
        let group = Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("not 0");
        kill_process_group(group, Signal::KILL).expect("it is ours and not waited for");
        child.wait().expect("waited for");
        scratch::ended(child.id());
        node.signal_server(Signal::KILL);
    }

    /// Starts a node again that was ended.
    pub fn run_node(&self, nr: usize) {
        self.nodes[nr].run();
    }

    /// Puts into a folder what the gateway needs to come in.
    pub fn lets_in(&self, folder: &Folder) {
        lets_in(folder, &self.authority.pem());
    }
}

impl Sql for Patroni {
    fn sql(&self, database: &str, sql: &str) -> Ended {
        let node = &self.nodes[self.leader().unwrap_or_default()];
        let (socket, port) = (node.folder.to_str().expect("UTF-8"), node.port.to_string());
        #[rustfmt::skip]
        let arguments = [
            "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1",
            "-h", socket, "-p", &port, "-U", "postgres", "-d", database, "-f", "-",
        ];
        command_reading("psql", &arguments, sql)
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        for node in &self.nodes {
            node.end();
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Node {
    fn new(all: &Path, nr: usize, etcd: u16, authority: &Authority) -> Self {
        let folder = all.join(format!("p{nr}"));
        command_as_postgres("mkdir", &["-m", "700", folder.to_str().expect("UTF-8")]);
        let (certificate, key) = authority.server(&["127.0.0.1"]);
        let port = ports();
        let node = Self { folder, port, api: port + 1, process: Mutex::default() };
        let at = node.folder.to_str().expect("UTF-8");
        let config = format!(
            r#"scope: credit
name: p{nr}
restapi: {{listen: "127.0.0.1:{api}", connect_address: "127.0.0.1:{api}"}}
etcd3: {{hosts: ["127.0.0.1:{etcd}"]}}
bootstrap:
  dcs:
    ttl: {lock}
    loop_wait: 1
    retry_timeout: 5
    master_start_timeout: 0
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql: {{use_pg_rewind: true, parameters: {{max_connections: 100}}}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}, {{auth: trust}}, no-sync]
postgresql:
  listen: "127.0.0.1:{port}"
  connect_address: "127.0.0.1:{port}"
  use_unix_socket: true
  data_dir: {at}/data
  bin_dir: {PROGRAMS}
  pgpass: {at}/pgpass
  remove_data_directory_on_diverged_timelines: true
  authentication: {{superuser: {{username: postgres}}, replication: {{username: replicator}}, rewind: {{username: rewinder}}}}
  parameters: {{unix_socket_directories: "{at}", shared_buffers: 32MB, jit: "off", ssl: "on", ssl_cert_file: "{at}/server.crt", ssl_key_file: "{at}/server.key"}}
  pg_hba:
  - local all all trust
  - host all postgres,rewinder 127.0.0.1/32 trust
  - host replication replicator 127.0.0.1/32 trust
  - hostssl all all 127.0.0.1/32 scram-sha-256
"#,
            api = node.api,
            lock = LOCK.as_secs(),
        );
        for (name, text) in [("server.crt", &*certificate), ("server.key", &*key), ("patroni.yml", &*config)] {
            written_by_postgres(&node.folder.join(name), text);
        }
        node
    }

    fn run(&self) {
        let mut shell = as_postgres("sh");
        shell.args(["-c", WRAPPED, "sh", "patroni"]).arg(self.folder.join("patroni.yml"));
        shell.env("LC_ALL", "C.UTF-8").process_group(0);
        let said = fs::File::create(self.folder.join("said")).expect("a file");
        let also = said.try_clone().expect("a file");
        let child = shell.stdin(Stdio::null()).stdout(said).stderr(also).spawn().expect("patroni");
        scratch::stops(child.id());
        *self.process.lock().expect("no panic") = Some(child);
    }

    /// A signal to the server itself, where there is one.
    fn signal_server(&self, signal: Signal) {
        let Ok(pid) = fs::read_to_string(self.folder.join("data/postmaster.pid")) else { return };
        let pid = pid.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may be on its way down by itself.
            kill_process(pid, signal).unwrap_or_default();
        }
    }

    fn end(&self) {
        let Some(mut child) = self.process.lock().expect("no panic").take() else { return };
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("not 0");
        kill_process(pid, Signal::TERM).expect("it is ours and not waited for");
        child.wait().expect("waited for");
        scratch::ended(child.id());
    }
}

fn command_as_postgres(program: &str, arguments: &[&str]) {
    let status = as_postgres(program).args(arguments).status().expect("it runs");
    assert!(status.success(), "{program}");
}

/// The one that Patroni's servers agree by, and where it listens.
fn etcd() -> (Program, u16) {
    let (folder, port) = (scratch::folder("etcd"), ports());
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{}", port + 1));
    let mut etcd = Command::new(tools::etcd());
    etcd.args(["--name=etcd", "--data-dir=data", "--log-level=error"]).current_dir(&folder);
    for (name, value) in [
        ("listen-client-urls", &client),
        ("advertise-client-urls", &client),
        ("listen-peer-urls", &peer),
        ("initial-advertise-peer-urls", &peer),
        ("initial-cluster", &format!("etcd={peer}")),
    ] {
        etcd.arg(format!("--{name}={value}"));
    }
    let etcd = Program::start(etcd);
    within(|| answers(port, "/health"), "etcd does not answer");
    (etcd, port)
}

fn within(holds: impl Fn() -> bool, what: &str) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < TIME, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

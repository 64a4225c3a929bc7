//! The two sides: a gateway on core 0, and an nginx on core 0 that passes on to another one on core 1. The callers are on
//! core 1 too.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use credit_tests::{Caller, Folder, Gateway, ports, postgres, scratch};

/// A gateway on core 0, whose limits nobody reaches; its log in a folder of its own where one is named.
pub(crate) fn gateway(folder: Folder, log: Option<&str>) -> Gateway {
    for (setting, most) in [
        ("rate_per_s", "1000000"),
        ("burst", "1000000"),
        ("distinct_subjects_a_day", "100000000"),
        ("look_ups_a_person_a_day", "100000000"),
        ("connections_per_institution", "11000"),
    ] {
        folder.edit_config(|config| {
            let raised = |line: &str| match line.starts_with(&format!("{setting} = ")) {
                true => format!("{setting} = {most}"),
                false => line.to_owned(),
            };
            config.lines().map(raised).collect::<Vec<_>>().join("\n")
        });
    }
    folder.replace_in_config("publish_every_ms = 50", "publish_every_ms = 500");
    if let Some(memory) = log {
        let data = PathBuf::from(memory).join(format!("credit-load-{}", std::process::id()));
        folder.replace_in_config("dir = \"data\"", &format!("dir = \"{}\"", data.display()));
        drop(fs::remove_dir_all(&data));
        let copied = Command::new("cp").arg("-a").arg(folder.join("data")).arg(&data).status().expect("cp");
        assert!(copied.success());
    }
    let serve = Gateway::serve_command(&folder);
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(serve.get_program()).args(serve.get_args());
    Gateway::start(folder, command)
}

/// So many gateways that count together in a database of the server.
pub(crate) fn together(server: &postgres::Server, count: usize) -> Vec<Gateway> {
    let database = server.state();
    let origin = |nr: usize| format!("credit-gateway.example/load/r{nr}");
    let mut all: Vec<Gateway> = Vec::new();
    for nr in 0..count {
        let folder = Folder::new();
        server.count_there(&folder, &database, &origin(nr));
        match all.first() {
            Some(first) => {
                let ring = "keys/ring.json";
                let _bytes = fs::copy(first.folder().join(ring), folder.join(ring)).expect("a ring");
            }
            None => (0..count).for_each(|nr| add_log(&folder, &origin(nr))),
        }
        all.push(gateway(folder, None));
    }
    all
}

fn add_log(folder: &Folder, origin: &str) {
    let config = folder.config();
    let config = config.to_str().expect("UTF-8");
    drop(credit_tests::gateway(&["keys", "add-log", "--origin", origin, "--config", config]).held());
}

/// Puts a route to the upstream into a folder, beside its store.
pub(crate) fn put_route(folder: &Folder, upstream: &Upstream) {
    fs::write(folder.join("report.toml"), REPORT_MAP).expect("a folder of our own");
    let url = format!("http://127.0.0.1:{}", upstream.port);
    folder.edit_config(|config| config + &ROUTE.replace("URL", &url));
}

const ROUTE: &str = r#"
[[store]]
name = "reports"
kind = "http"
url = "URL"
classes = []

[[route]]
name = "report"
method = "GET"
path = "/reports/{citizen_number}"
scenario = "public-rental-housing"
store = "reports"
map = "report.toml"

[[route.member]]
at = ["lists"]
source = "lists"
field = "black_listed"
"#;

const REPORT_MAP: &str = r#"
map = "report"
title = { zh = "信用报告接口", en = "A report interface" }

[[source]]
name = "lists"
entries = true

[source.columns]
kind = { form = "code" }
from = { form = "yyyy-mm-dd" }
to = { form = "yyyy-mm-dd", none = [""] }

[[source.listing]]
list_by = { column = "kind", codes = { "B" = "black" } }
since = "from"
last = "to"
"#;

/// Longer than the second in which work begins that is left to be done.
const WINDOW: Duration = Duration::from_millis(1_200);

/// A server of which processor time is measured.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) pids: Vec<u32>,
    /// Of the servers behind it.
    others: Vec<u32>,
    /// The housing department, and the bank, of each gateway.
    pub(crate) callers: Vec<[Caller; 2]>,
}

impl Side {
    pub(crate) fn gateway(name: &'static str, gateway: &Gateway) -> Self {
        Self::of(name, std::slice::from_ref(gateway), Vec::new())
    }

    /// One process that is no gateway.
    pub(crate) fn alone(name: &'static str, pid: u32, callers: [Caller; 2]) -> Self {
        Self { name, pids: vec![pid], others: Vec::new(), callers: vec![callers] }
    }

    /// Several gateways, each of which gets as many connections, with other processes.
    pub(crate) fn of(name: &'static str, gateways: &[Gateway], others: Vec<u32>) -> Self {
        let pids = gateways.iter().map(Gateway::pid).collect();
        let callers = |gateway: &Gateway| ["housing", "bank"].map(|who| gateway.folder().caller(who));
        Self { name, pids, others, callers: gateways.iter().map(callers).collect() }
    }

    /// What it takes in such a time while nobody asks.
    pub(crate) fn idle(&self) -> Times {
        let before = self.cpu();
        std::thread::sleep(WINDOW);
        self.cpu().since(&before)
    }

    /// Processor time so far, of every thread, once nothing is left to do: what a query leaves to be done behind it, as the
    /// index of the log, is its own and not the next one's. What is done while nobody asks is not, while that is waited for.
    pub(crate) fn cpu_at_rest(&self, idle: &Times) -> Times {
        let latest = Instant::now() + Duration::from_secs(60);
        let mut waited = Times::default();
        loop {
            let before = self.cpu();
            std::thread::sleep(WINDOW);
            let now = self.cpu();
            waited = Times { own: waited.own + idle.own, others: waited.others + idle.others };
            let is_at_rest = now.since(&before).all() < idle.all() + Duration::from_millis(48);
            if is_at_rest || Instant::now() > latest {
                return now.since(&waited);
            }
        }
    }

    /// Processor time so far, of every thread.
    pub(crate) fn cpu(&self) -> Times {
        let of = |pids: &[u32]| pids.iter().map(|pid| cpu(*pid)).sum();
        Times { own: of(&self.pids), others: of(&self.others) }
    }

    pub(crate) fn resident_kib(&self) -> u64 {
        self.kib("VmRSS:")
    }

    /// Of it, what is no part of a file.
    pub(crate) fn own_kib(&self) -> u64 {
        self.kib("RssAnon:")
    }

    /// The most that it was so far.
    pub(crate) fn most_kib(&self) -> u64 {
        self.kib("VmHWM:")
    }

    fn kib(&self, what: &str) -> u64 {
        let of = |pid: &u32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
            let line = status.lines().find_map(|line| line.strip_prefix(what)).expect(what).trim();
            line.trim_end_matches(" kB").parse::<u64>().expect("KiB")
        };
        self.pids.iter().map(of).sum()
    }
}

/// Processor time.
#[derive(Default)]
pub(crate) struct Times {
    own: Duration,
    /// Of the servers behind it.
    pub(crate) others: Duration,
}

impl Times {
    pub(crate) fn all(&self) -> Duration {
        self.own + self.others
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        // A process that has ended is counted no more.
        Self { own: self.own.saturating_sub(before.own), others: self.others.saturating_sub(before.others) }
    }
}

/// By the kernel's account (`schedstat`: nanoseconds on a processor first).
fn cpu(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    let of = |thread: fs::DirEntry| {
        let account = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        account.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    threads.filter_map(of).sum()
}

/// What both pass on to: an nginx that answers everything with one report.
pub(crate) struct Upstream {
    child: Child,
    port: u16,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let (port, report) = (ports(), report());
        let store = format!(
            "server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ default_type application/json; return 200 '{report}'; }} }}"
        );
        let own = scratch::folder("upstream");
        let child = nginx(&own, "behind", 1, &store);
        listens(port, &own);
        Self { child, port }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
    scratch::ended(child.id());
}

fn listens(port: u16, own: &Path) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "nginx does not listen: see {}", own.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An nginx that takes the folder's certificates and passes on.
pub(crate) struct Nginx {
    front: Child,
    port: u16,
}

impl Nginx {
    pub(crate) fn start(folder: &Folder, upstream: &Upstream) -> Self {
        let (port, behind_port) = (ports(), upstream.port);
        let own = scratch::folder("nginx");
        let file = |name: &str| folder.join(name).display().to_string();
        let pass = format!(
            "upstream store {{ server 127.0.0.1:{behind_port}; keepalive 128; keepalive_requests 1000000000; }}
             ssl_certificate {}; ssl_certificate_key {}; ssl_client_certificate {}; ssl_protocols TLSv1.3;
             proxy_http_version 1.1; proxy_set_header Connection \"\";
             server {{ listen 127.0.0.1:{port} ssl backlog=4096; ssl_verify_client on; location / {{ proxy_pass http://store; }} }}",
            file("server.pem"),
            file("server.key"),
            file("ca.pem"),
        );
        let front = nginx(&own, "front", 0, &pass);
        listens(port, &own);
        Self { front, port }
    }

    pub(crate) fn side(&self, folder: &Folder) -> Side {
        let callers = ["housing", "bank"].map(|who| Caller::of(folder.path(), who, self.port));
        Side::alone("nginx", self.front.id(), callers)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        end(&mut self.front);
    }
}

/// One process of one worker.
fn nginx(own: &Path, name: &str, core: usize, servers: &str) -> Child {
    let at = |what: &str| own.join(format!("{name}.{what}")).display().to_string();
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {};", at(what)));
    let config = format!(
        "daemon off; master_process off; pid {}; error_log {} warn; worker_rlimit_nofile 65536;
         events {{ worker_connections 8192; }}
         http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; tcp_nodelay on; server_tokens off;
           {} {servers} }}",
        at("pid"),
        at("err"),
        temporary.join(" "),
    );
    fs::write(at("conf"), config).expect("a folder of our own");
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), "nginx", "-e", &at("err"), "-c", &at("conf")]);
    let child = command.spawn().expect("nginx and taskset");
    scratch::began(child.id());
    child
}

/// 2 KB of JSON, as a report of a credit store.
fn report() -> String {
    let record = |nr: u32| {
        format!(
            "{{\"class\":\"administrative-penalty\",\"document\":\"MADE-UP-{nr:06}\",\"determined\":\"2025-03-0{}\",\"severity\":\"minor\",\"state\":\"in-force\",\"amount\":{}00}}",
            nr % 9 + 1,
            nr + 1
        )
    };
    let records: Vec<_> = (0..14).map(record).collect();
    format!("{{\"lists\":[],\"records\":[{}]}}", records.join(","))
}

//! PostgreSQL servers of the tests' own, and databases in them.
//!
//! Made by `initdb` and run by an account that is not root, which PostgreSQL refuses. Nothing is kept for a power cut.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use credit_gateway::for_tests::{POSTGRES_SCHEMA, STATE_SCHEMA};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::{Authority, Ended, Folder, command_reading, ports, scratch};

/// Debian's programs, which are not in the path.
pub(crate) const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// The gateway's role, and its password.
pub const READER: &str = "credit_reader";
/// See [`READER`].
pub const PASSWORD: &str = "made-for-tests-only";

/// Who may come in how: the tests by the socket, everybody else with a password by SCRAM; into three databases with less.
const WHO: &str = "host trusting all 127.0.0.1/32 trust\nhost cleartext all 127.0.0.1/32 password\n\
    host digest all 127.0.0.1/32 md5\nlocal all postgres trust\n\
    local replication postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n";

/// A server at `127.0.0.1`, with TLS. Ended when dropped.
pub struct Server {
    folder: PathBuf,
    port: u16,
    authority: Arc<Authority>,
    fsync: &'static str,
    child: Mutex<Option<Child>>,
}

/// A folder that belongs to the account that runs servers.
pub(crate) fn own_folder() -> PathBuf {
    let folder = scratch::folder("postgres");
    if geteuid().is_root() {
        assert!(Command::new("chown").arg("postgres:postgres").arg(&folder).status().expect("chown").success());
    }
    folder
}

/// A command as the account that runs servers.
pub(crate) fn as_postgres(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command
}

/// Writes a file as the account that runs servers, which must be the owner of its key.
pub(crate) fn written_by_postgres(target: &Path, text: &str) {
    let mut shell = as_postgres("sh");
    shell.args(["-c", "umask 077 && cat > \"$0\""]).arg(target);
    let mut child = shell.stdin(Stdio::piped()).spawn().expect("sh");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    assert!(child.wait().expect("sh").success());
}

/// Puts into a folder what the gateway needs to come in to a server of this authority.
pub(crate) fn lets_in(folder: &Folder, authority: &str) {
    fs::write(folder.join("postgres-ca.pem"), authority).expect("written");
    let password = folder.join("postgres.password");
    fs::write(&password, format!("{PASSWORD}\n")).expect("written");
    let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&password, only_ours).expect("its mode");
}

/// Where SQL is run as the owner of databases.
pub trait Sql {
    /// Runs SQL in a database.
    fn sql(&self, database: &str, sql: &str) -> Ended;

    /// A new database, made by this text after `CREATE DATABASE` and its name.
    #[must_use]
    fn made(&self, made: &str) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("credit_{}", MADE.fetch_add(1, Ordering::Relaxed));
        drop(self.sql("postgres", &format!("CREATE DATABASE {name} {made}")).held());
        name
    }
}

impl Sql for Server {
    fn sql(&self, database: &str, sql: &str) -> Ended {
        Self::sql(self, database, sql)
    }
}

impl Server {
    /// The server that most tests share, each in databases of its own.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Server> = LazyLock::new(Server::start);
        &SHARED
    }

    /// A new one, without databases.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("fsync=off")
    }

    /// The same, which syncs what it commits, as one does that is no test's.
    #[must_use]
    pub fn durable() -> Self {
        Self::start_with("fsync=on")
    }

    fn start_with(fsync: &'static str) -> Self {
        let folder = own_folder();
        let data = folder.join("data");
        let program = Path::new(PROGRAMS).join("initdb");
        assert!(program.exists(), "`{}` is missing: run tests/run, which installs it", program.display());
        let mut initdb = as_postgres(program);
        initdb.args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=postgres", "--no-sync", "-D"]);
        assert!(initdb.arg(&data).stdout(Stdio::null()).status().expect("initdb").success());
        let authority = Authority::new("an authority of databases");
        let (certificate, key) = authority.server(&["127.0.0.1"]);
        for (name, text) in [("server.crt", &*certificate), ("server.key", &*key), ("pg_hba.conf", WHO)] {
            written_by_postgres(&data.join(name), text);
        }
        let server = Self { folder, port: ports(), authority: Arc::new(authority), fsync, child: Mutex::new(None) };
        server.run();
        drop(server.sql("postgres", &format!("CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")).held());
        server
    }

    /// A standby that follows this server, and for which its writes wait from here on.
    #[must_use]
    pub fn standby(&self) -> Self {
        let folder = own_folder();
        let port = self.port.to_string();
        let mut copy = as_postgres(Path::new(PROGRAMS).join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--no-sync", "--checkpoint=fast", "-U", "postgres", "-p", &port, "-h"]);
        copy.arg(&self.folder).arg("-D").arg(folder.join("data"));
        assert!(copy.stdout(Stdio::null()).status().expect("pg_basebackup").success());
        let (port, authority) = (ports(), Arc::clone(&self.authority));
        let standby = Self { folder, port, authority, fsync: self.fsync, child: Mutex::new(None) };
        standby.run();
        self.set_standbys("*");
        standby
    }

    /// For which standbys writes wait: names, `*` for any, none where it is empty. In force when this returns.
    pub fn set_standbys(&self, names: &str) {
        drop(self.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).held());
        drop(self.sql("postgres", "SELECT pg_reload_conf()").held());
        let began = Instant::now();
        while self.sql("postgres", "SHOW synchronous_standby_names").out.trim() != names {
            assert!(began.elapsed() < Duration::from_secs(10), "the names are not taken");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes a standby the server that takes writes, which wait for nobody.
    pub fn promote(&self) {
        drop(self.sql("postgres", "SELECT pg_promote(true, 30)").held());
        self.set_standbys("");
    }

    /// Starts it again where it was stopped; returns once it takes connections.
    pub fn run(&self) {
        let port = self.port.to_string();
        let mut postgres = as_postgres(Path::new(PROGRAMS).join("postgres"));
        postgres.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder).args(["-p", &port]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "ssl=on",
            self.fsync,
            "full_page_writes=off",
            "max_connections=400",
            "shared_buffers=32MB",
            "autovacuum=off",
            "jit=off",
        ] {
            postgres.args(["-c", setting]);
        }
        let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres");
        scratch::stops(child.id());
        *self.child.lock().expect("no panic") = Some(child);
        let began = Instant::now();
        while self.sql("postgres", "SELECT 1").code != Some(0) {
            assert!(began.elapsed() < Duration::from_secs(30), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it at once, with all connections, and waits for its end.
    pub fn stop(&self) {
        // Fast: it takes nothing more, ends every connection and writes what it has.
        self.end(Signal::INT);
    }

    /// Ends it without writing what it has, as a machine that is gone.
    pub fn crash(&self) {
        self.end(Signal::QUIT);
    }

    fn end(&self, signal: Signal) {
        let Some(mut child) = self.child.lock().expect("no panic").take() else { return };
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("not 0");
        kill_process(pid, signal).expect("it is ours and not waited for");
        child.wait().expect("waited for");
        assert!(TcpStream::connect(("127.0.0.1", self.port)).is_err());
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address for its owner, who comes in by the socket.
    #[must_use]
    pub fn owner_url(&self, database: &str) -> String {
        let socket = self.folder.to_str().expect("UTF-8").replace('/', "%2F");
        format!("postgresql://postgres@{socket}:{}/{database}", self.port)
    }

    /// The certificate of the authority of its own.
    #[must_use]
    pub fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Runs SQL in a database as its owner.
    #[must_use]
    pub fn sql(&self, database: &str, sql: &str) -> Ended {
        let (socket, port) = (self.folder.to_str().expect("UTF-8"), self.port.to_string());
        #[rustfmt::skip]
        let arguments = [
            "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1",
            "-h", socket, "-p", &port, "-U", "postgres", "-d", database, "-f", "-",
        ];
        command_reading("psql", &arguments, sql)
    }

    /// Runs SQL in a session of its own, which is kept open while `during` runs; what it began is rolled back.
    pub fn session(&self, database: &str, sql: &str, during: impl FnOnce()) {
        let (socket, port) = (self.folder.to_str().expect("UTF-8"), self.port.to_string());
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "-h", socket, "-p", &port, "-U", "postgres", "-d", database]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql");
        let mut given = child.stdin.take().expect("piped");
        given.write_all(format!("{sql}\n\\echo begun\n").as_bytes()).expect("written");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert_eq!(line, "begun\n");
        during();
        drop(given);
        assert!(child.wait().expect("psql").success());
    }

    /// A new database, made by this text after `CREATE DATABASE` and its name.
    #[must_use]
    pub fn database(&self, made: &str) -> String {
        self.made(made)
    }

    /// A new database with the gateway's own tables and the rows of a folder's store, which the gateway's role may read.
    #[must_use]
    pub fn seeded(&self, folder: &Folder) -> String {
        let name = self.database("TEMPLATE template0");
        let grant = format!("GRANT SELECT ON record, listing, attribute TO {READER};\n");
        let made = format!("{POSTGRES_SCHEMA}\n{grant}{}", rows(&folder.join("data/store.sqlite")));
        drop(self.sql(&name, &made).held());
        name
    }

    /// Makes a database the only store of a folder, over TLS.
    pub fn serve_from(&self, folder: &Folder, database: &str) {
        self.lets_in(folder);
        folder.replace_in_config("kind = \"sqlite\"\npath = \"data/store.sqlite\"\n", &self.store(database));
    }

    /// A new database with the tables of the shared state, which the gateway's role may write.
    #[must_use]
    pub fn state(&self) -> String {
        let name = self.database("TEMPLATE template0");
        let grants = format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {READER}; GRANT pg_read_all_stats TO {READER};"
        );
        drop(self.sql(&name, &format!("{STATE_SCHEMA}\n{grants}")).held());
        name
    }

    /// Makes the folder's gateway count in such a database, over TLS, with the log of this name.
    pub fn count_there(&self, folder: &Folder, database: &str, origin: &str) {
        self.lets_in(folder);
        let url = format!("postgresql://{READER}@127.0.0.1:{}/{database}", self.port);
        folder.edit_config(|config| {
            let line = config.lines().find(|line| line.starts_with("origin = ")).expect("an origin").to_owned();
            let config = config.replace(&line, &format!("origin = \"{origin}\""));
            format!(
                "{config}\n[state]\nurl = \"{url}\"\npassword_file = \"postgres.password\"\nauthorities = \"postgres-ca.pem\"\n"
            )
        });
    }

    /// The processes of the server.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let first = self.child.lock().expect("no panic").as_ref().expect("it runs").id();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).expect("it runs");
        std::iter::once(first).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
    }

    /// A database as a store of a configuration, over TLS.
    #[must_use]
    pub fn store(&self, database: &str) -> String {
        let url = format!("postgresql://{READER}@127.0.0.1:{}/{database}", self.port);
        format!(
            "kind = \"postgres\"\nurl = \"{url}\"\npassword_file = \"postgres.password\"\nauthorities = \"postgres-ca.pem\"\n"
        )
    }

    /// Puts into a folder what it needs to come in.
    pub fn lets_in(&self, folder: &Folder) {
        lets_in(folder, &self.authority());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The rows of an embedded store, as PostgreSQL copies them in.
fn rows(store: &Path) -> String {
    let store = store.to_str().expect("UTF-8");
    let mut text = String::new();
    for table in ["record", "listing", "attribute"] {
        let said = crate::command("python3", &["-c", COPY, store, table]).held();
        text.push_str(&said);
    }
    text
}

/// Prints one table as `COPY … FROM stdin` reads it.
const COPY: &str = r#"
import sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
rows = store.execute(f"SELECT * FROM {sys.argv[2]}")
names = ", ".join(column[0] for column in rows.description)
print(f"COPY {sys.argv[2]} ({names}) FROM stdin;")
for row in rows:
    print("\t".join("\\N" if value is None else str(value).replace("\\", "\\\\") for value in row))
print("\\.")
"#;

//! What a gateway before a database is compared with: bare hyper with mutual TLS that asks the same prepared statements
//! through tokio-postgres and answers with the rows. A process of its own, on the servers' core.

use std::{
    convert::Infallible,
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use credit_tests::{Caller, Folder, ports, postgres, run, scratch};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::civil::Date;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_postgres::{Client, Statement, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::TlsAcceptor;

use crate::servers::Side;

/// Connections to the database.
const SESSIONS: usize = 8;

/// What a must-check asks of the gateway's own tables.
const RECORDS: &str = "SELECT t.number, t.class, t.severity, t.act, t.determined, t.sentence_end, t.effect_end, t.repaired, \
    t.repair_revoked, t.disputed, t.performed, t.amount FROM record t WHERE t.number = ANY ($1) AND (t.class = ANY ($2))";
const LISTINGS: &str = "SELECT t.number, t.list, t.since, t.until, t.disputed FROM listing t WHERE t.number = ANY ($1) \
    AND (t.list = ANY ($2))";

/// The process.
pub(crate) struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    /// Starts it before a database.
    pub(crate) fn start(folder: &Folder, database: &postgres::Server, name: &str) -> Self {
        let (port, database_port) = (ports(), database.port().to_string());
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(env::current_exe().expect("itself")).arg("peer").arg(folder.path());
        let child = command.args([&port.to_string(), &database_port, name]).spawn().expect("taskset");
        scratch::began(child.id());
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "the peer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }

    pub(crate) fn side(&self, folder: &Folder) -> Side {
        let callers = ["housing", "bank"].map(|who| Caller::of(folder.path(), who, self.port));
        Side::alone("hyper and tokio-postgres", self.child.id(), callers)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        scratch::ended(self.child.id());
    }
}

struct Session {
    client: Client,
    records: Statement,
    listings: Statement,
    classes: Vec<String>,
}

/// Is the peer: never ends.
pub(crate) fn serve(arguments: &[String]) {
    let [folder, port, database_port, database] = arguments else { panic!("not for use by hand") };
    let (folder, port) = (Path::new(folder), port.parse::<u16>().expect("a port"));
    run(async {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            sessions.push(Session::open(folder, database_port, database).await);
        }
        let sessions = Arc::new(sessions);
        let acceptor = TlsAcceptor::from(Arc::new(tls(folder)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a port");
        for turn in 0_usize.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (acceptor, sessions) = (acceptor.clone(), Arc::clone(&sessions));
            tokio::spawn(async move {
                let Ok(()) = stream.set_nodelay(true) else { return };
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(|request| answer(&sessions[turn % SESSIONS], request));
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
}

async fn answer(
    session: &Session,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let rows = session.rows(asked["subject"].as_str().expect("a number")).await;
    let mut response = Response::new(Full::new(Bytes::from(rows.to_string())));
    response.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
    Ok(response)
}

impl Session {
    async fn open(folder: &Path, port: &str, database: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("postgres-ca.pem")).expect("PEM")).expect("an authority");
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let url = format!(
            "host=127.0.0.1 port={port} dbname={database} user={} password={} sslmode=require",
            postgres::READER,
            postgres::PASSWORD
        );
        let connected = tokio_postgres::connect(&url, MakeRustlsConnect::new(config)).await;
        let (client, connection) = connected.expect("a session");
        tokio::spawn(connection);
        let records = client.prepare(RECORDS).await.expect("a statement");
        let listings = client.prepare(LISTINGS).await.expect("a statement");
        let classes = client.query("SELECT DISTINCT class FROM record", &[]).await.expect("classes");
        let classes = classes.iter().map(|row| row.get(0)).collect();
        Self { client, records, listings, classes }
    }

    async fn rows(&self, number: &str) -> Value {
        let (numbers, lists) = (vec![number], vec!["black", "grey", "red"]);
        let asked: [[&(dyn ToSql + Sync); 2]; 2] = [[&numbers, &self.classes], [&numbers, &lists]];
        let records = self.client.query(&self.records, &asked[0]);
        let (records, listings) = tokio::join!(records, self.client.query(&self.listings, &asked[1]));
        let day = |row: &tokio_postgres::Row, column| row.get::<_, Option<Date>>(column).map(|day| day.to_string());
        let record = |row: &tokio_postgres::Row| {
            let text = |column| row.get::<_, &str>(column).to_owned();
            json!([text(1), text(2), day(row, 3), day(row, 4), day(row, 5), day(row, 6), day(row, 7)])
        };
        let listing = |row: &tokio_postgres::Row| json!([row.get::<_, &str>(1), day(row, 2), day(row, 3)]);
        json!({
            "records": records.expect("rows").iter().map(record).collect::<Vec<_>>(),
            "listings": listings.expect("rows").iter().map(listing).collect::<Vec<_>>(),
        })
    }
}

fn tls(folder: &Path) -> ServerConfig {
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&read("ca.pem")).expect("PEM")).expect("an authority");
    let callers = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let chain = CertificateDer::pem_slice_iter(&read("server.pem")).map(|der| der.expect("PEM")).collect();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .with_client_cert_verifier(callers.build().expect("an authority"))
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(&read("server.key")).expect("PEM"))
        .expect("a certificate and its key")
}

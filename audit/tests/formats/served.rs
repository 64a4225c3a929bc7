//! Logs over HTTP: for anyone without bundles, for auditors by certificate with them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use credit_audit::checkpoint::Checkpoint;
use credit_audit::verify::{self, CheckError, ClientFiles, Remote, RemoteError, Report, Violation};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::logs::{Log, leaf_of};

/// Answers requests from a folder until the other side closes. After every third answer it closes the connection itself,
/// every sixth time without saying so.
fn answer(stream: &mut (impl Read + Write), folder: &std::path::Path, bundles: bool) {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if !matches!(stream.read(&mut byte), Ok(1)) {
                return;
            }
            head.push(byte[0]);
        }
        let mut lines = BufReader::new(&head[..]).lines().map(Result::unwrap);
        let request = lines.next().unwrap();
        let path = request.strip_prefix("GET /log/").and_then(|rest| rest.strip_suffix(" HTTP/1.1")).unwrap();
        assert!(lines.any(|line| line.to_ascii_lowercase().starts_with("host: 127.0.0.1:")));
        let hidden = path.starts_with("tile/entries/") && !bundles;
        let body = fs::read(folder.join(path)).ok().filter(|_| !hidden);
        let status = match body {
            Some(_) if folder.join("failing").exists() => "503 Service Unavailable",
            Some(_) => "200 OK",
            None => "404 Not Found",
        };
        let body = body.unwrap_or_default();
        let closes = count.is_multiple_of(3);
        let connection = if closes && !count.is_multiple_of(6) { "connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 {status}\r\n{connection}content-length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).and_then(|()| stream.flush()).is_err() || closes {
            return;
        }
    }
}

/// A server in a thread that lives as long as the test process.
pub(crate) fn serve(folder: PathBuf, tls: Option<Arc<ServerConfig>>, bundles: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match &tls {
                None => answer(&mut stream, &folder, bundles),
                Some(config) => {
                    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                    let mut stream = StreamOwned::new(connection, stream);
                    answer(&mut stream, &folder, bundles);
                    stream.conn.send_close_notify();
                    stream.flush().unwrap_or_default();
                }
            }
        }
    });
    address
}

fn check(address: &str, files: &ClientFiles, log: &Log, earlier: &[Checkpoint]) -> Result<Report, CheckError> {
    let remote = Remote::new(address, files).unwrap();
    verify::remote(remote, files.identity.is_some(), &log.key, earlier, &mut ())
}

#[test]
fn anyone_can_check_the_tree_of_a_served_log() {
    let log = Log::of_sizes(&[300, 65_600]);
    let address = serve(log.folder.clone(), None, false);
    for url in [format!("http://{address}/log"), format!("http://{address}/log/")] {
        let report = check(&url, &ClientFiles::default(), &log, &[]).unwrap();
        assert_eq!((report.checkpoint.size, report.leaves), (65_600, None));
        assert_eq!(report.files, 257 + 1 + 1);
    }
    let url = format!("http://{address}/log");
    let mut before = Log::new();
    before.leaves = log.leaves[..300].to_vec();
    let report = check(&url, &ClientFiles::default(), &log, &[before.head()]).unwrap();
    assert_eq!(report.earlier, [300]);
    let forked = Checkpoint { root: [0; 32], ..before.head() };
    let found = check(&url, &ClientFiles::default(), &log, &[forked]).unwrap_err();
    assert!(matches!(found, CheckError::Violation(Violation::Root { size: 300 })), "{found}");

    for path in ["tile/0/000", "tile/0/256.p/64", "tile/1/000", "tile/2/000.p/1"] {
        let good = log.read(path);
        let mut bad = good.clone();
        bad[17] ^= 4;
        log.write(path, &bad);
        assert!(matches!(check(&url, &ClientFiles::default(), &log, &[]), Err(CheckError::Violation(_))), "{path}");
        log.write(path, &bad[1..]);
        assert!(matches!(check(&url, &ClientFiles::default(), &log, &[]), Err(CheckError::Violation(_))), "{path}");
        fs::remove_file(log.folder.join(path)).unwrap();
        let missing = check(&url, &ClientFiles::default(), &log, &[]).unwrap_err();
        assert!(matches!(missing, CheckError::Violation(Violation::Missing { .. })), "{path}: {missing}");
        log.write(path, &good);
    }
    let endless = Checkpoint { size: u64::MAX, ..log.head() };
    log.write("checkpoint", log.signed(&endless).as_bytes());
    let found = check(&url, &ClientFiles::default(), &log, &[]).unwrap_err();
    assert!(matches!(found, CheckError::Violation(Violation::Missing { .. })), "{found}");
    fs::remove_file(log.folder.join("checkpoint")).unwrap();
    assert!(matches!(check(&url, &ClientFiles::default(), &log, &[]), Err(CheckError::Unavailable { .. })));
}

#[test]
fn a_partial_tile_that_gave_way_is_read_from_the_full_one() {
    let mut log = Log::of_sizes(&[300]);
    log.leaves.extend((300..600).map(leaf_of));
    log.publish_tiles();
    log.clean_up();
    assert!(!log.folder.join("tile/0/001.p/44").exists());
    let address = serve(log.folder.clone(), None, true);
    let report = check(&format!("http://{address}/log"), &ClientFiles::default(), &log, &[]).unwrap();
    assert_eq!(report.checkpoint.size, 300);
}

/// Writes a certificate and its key as files; gives their paths.
fn write_pair(log: &Log, name: &str, issuer: &CertifiedIssuer<'_, KeyPair>) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    log.write(&format!("{name}.pem"), certificate.pem().as_bytes());
    log.write(&format!("{name}.key"), key.serialize_pem().as_bytes());
    (log.folder.join(format!("{name}.pem")), log.folder.join(format!("{name}.key")))
}

#[test]
fn an_auditor_checks_the_leaves_too() {
    let log = Log::of_sizes(&[300]);
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    log.write("ca.pem", ca.pem().as_bytes());
    let (certificate, key) = write_pair(&log, "server", &ca);
    let identity = write_pair(&log, "auditor", &ca);

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let config = config.with_client_cert_verifier(verifier);
    let config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap()).unwrap();
    let url = format!("https://{}/log", serve(log.folder.clone(), Some(Arc::new(config)), true));

    let authorities = Some(log.folder.join("ca.pem"));
    let auditor = ClientFiles { authorities: authorities.clone(), identity: Some(identity.clone()) };
    let report = check(&url, &auditor, &log, &[]).unwrap();
    assert_eq!(report.leaves.unwrap().count, 300);

    let nobody = ClientFiles { authorities, identity: None };
    assert!(matches!(check(&url, &nobody, &log, &[]), Err(CheckError::Unavailable { .. })), "no certificate");
    let stranger = ClientFiles { authorities: Some(identity.0.clone()), identity: Some(identity) };
    assert!(matches!(check(&url, &stranger, &log, &[]), Err(CheckError::Unavailable { .. })), "another authority");

    let bundle = log.read("tile/entries/001.p/44");
    log.write("tile/entries/001.p/44", &bundle[1..]);
    assert!(matches!(check(&url, &auditor, &log, &[]), Err(CheckError::Violation(Violation::Framing { .. }))));
}

#[test]
fn a_server_that_cannot_read_its_files_is_no_fault_of_the_log_and_a_file_that_is_too_long_is_one() {
    let log = Log::of_sizes(&[300]);
    let url = format!("http://{}/log", serve(log.folder.clone(), None, false));
    let none = ClientFiles::default();
    log.write("failing", b"");
    match check(&url, &none, &log, &[]) {
        Err(CheckError::Unavailable { why, .. }) => assert!(why.contains("503"), "{why}"),
        other => panic!("{other:?}"),
    }
    fs::remove_file(log.folder.join("failing")).unwrap();
    check(&url, &none, &log, &[]).unwrap();
    log.write("tile/0/000", &[0; 256 * 32 + 1]);
    let found = check(&url, &none, &log, &[]);
    assert!(
        matches!(&found, Err(CheckError::Violation(Violation::Length { path })) if path == "tile/0/000"),
        "{found:?}"
    );
}

#[test]
fn addresses_and_client_files_must_be_usable() {
    let none = ClientFiles::default();
    for address in ["", "localhost", "ftp://localhost/", "http://", "http://user@localhost/", "http://localhost/?a=b"] {
        assert!(matches!(Remote::new(address, &none), Err(RemoteError::Address(_))), "{address}");
    }
    assert!(matches!(Remote::new("https://localhost/", &none), Err(RemoteError::NoAuthorities)));
    let log = Log::of_sizes(&[1]);
    for file in ["missing", "log.vkey"] {
        let files = ClientFiles { authorities: Some(log.folder.join(file)), identity: None };
        assert!(matches!(Remote::new("https://localhost/", &files), Err(RemoteError::File { .. })), "{file}");
    }
}

//! The revocation list while the gateway runs: a new one holds without a restart, also for what is open and under way;
//! one that cannot be used changes nothing; and without one that is still good nobody is served.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use credit_tests::{
    Authority, Broken, Caller, Folder, Gateway, Wish, checked, each, gateway, metric, plain,
    query::{look_up, look_up_under, new_case},
    run,
};
use rusqlite::Connection as Database;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;

use crate::faults::within;

const DAY_S: i64 = 86_400;
/// What is promised is two seconds; the rest is for machines that are busy with other tests.
const SOON: Duration = Duration::from_secs(8);
const REFUSED: &str = "credit_gateway_revocation_list_refused";

/// A folder of an authority of our own: the housing department with two certificates, and an officer.
fn folder(authority: &Authority, list: &str) -> Folder {
    let folder = Folder::new();
    let wishes = [Wish::caller("first", 1), Wish::caller("second", 2), Wish::caller("auditor", 3)];
    authority.take_over(&folder, &wishes, list);
    let two = "\"institutions/first.pem\", \"institutions/second.pem\"";
    folder.set_of_institution("housing", "\"institutions/housing.pem\"", two);
    folder.set_of_institution("officer", "\"institutions/officer.pem\"", "\"institutions/auditor.pem\"");
    folder
}

/// As certificate authorities' tools do it: a new file in the old one's place.
fn put(folder: &Folder, list: &str) {
    fs::write(folder.join("crl.new"), list).unwrap();
    fs::rename(folder.join("crl.new"), folder.join("crl.pem")).unwrap();
}

/// Waits until the other side closes; gives what it said before.
async fn closed(mut stream: impl AsyncReadExt + Unpin) -> Vec<u8> {
    let mut said = Vec::new();
    let end = tokio::time::timeout(SOON, stream.read_to_end(&mut said)).await;
    assert!(end.is_ok(), "the connection was not dropped");
    said
}

fn handshake(caller: &Caller) -> Result<(), Broken> {
    // TLS 1.3 tells of a refused certificate at the first read.
    caller.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").map(drop)
}

/// Waits until handshakes are refused for this reason.
#[track_caller]
fn refused_soon(caller: &Caller, reason: &str) {
    let refused = within(SOON, || handshake(caller).is_err_and(|error| error.to_string().contains(reason)));
    assert!(refused, "{:?}", handshake(caller));
}

fn readiness(folder: &Folder) -> (u16, String) {
    credit_tests::readiness(folder.port_base() + 4)
}

#[test]
fn a_new_list_drops_what_it_revokes_and_nothing_else() {
    let authority = Authority::new("an authority");
    let gateway = Gateway::serve(folder(&authority, &authority.list(1, &[], DAY_S)));
    let folder = gateway.folder();
    let [first, second, auditor] = ["first", "second", "auditor"].map(|name| folder.caller(name));
    let (person, auditor) = (folder.person("clean", 0), auditor.at(folder.port_base() + 2));
    run(async {
        let mut staying = [second.http1().await.unwrap(), second.http2().await.unwrap()];
        let mut leaving = [first.http1().await.unwrap(), first.http2().await.unwrap()];
        for connection in staying.iter_mut().chain(&mut leaving) {
            checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
        }
        let idle = [first.stream("http/1.1").await.unwrap(), first.stream("h2").await.unwrap()];
        let reading = auditor.stream("http/1.1").await.unwrap();
        let began = Instant::now();
        put(folder, &authority.list(2, &[1, 3], DAY_S));
        for stream in idle.into_iter().chain([reading]) {
            closed(stream).await;
        }
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "dropped after {took:?}");
        for connection in &mut leaving {
            assert!(connection.ask(&look_up(&person)).await.is_err(), "the revoked one was served");
        }
        for connection in &mut staying {
            checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
        }
    });
    refused_soon(&first, "CertificateRevoked");
    refused_soon(&auditor, "CertificateRevoked");
    // What was on hold may come back (RFC 5280 §5.3.1), on a list with a higher number.
    put(folder, &authority.list(3, &[], 2 * DAY_S));
    assert!(within(SOON, || handshake(&first).is_ok()));
    checked::answer(folder, "housing", &first.ask(&look_up(&person)));
    assert!(gateway.err().wait(|text| text.contains("a new revocation list is in force")));
}

#[test]
fn a_query_under_way_when_its_certificate_is_revoked_is_refused_on_the_record() {
    let authority = Authority::new("an authority");
    let folder = folder(&authority, &authority.list(1, &[], DAY_S));
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 20000");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (caller, person, case) = (folder.caller("first"), folder.person("clean", 0), new_case());
    // While another has the store locked, a look-up is under way.
    let lock = Database::open(folder.join("data/store.sqlite")).unwrap();
    lock.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").unwrap();
    run(async {
        let mut connection = caller.http1().await.unwrap();
        let question = look_up_under(&person, &case);
        let asked = connection.ask(&question);
        let revoked = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let watched = caller.stream("h2").await.unwrap();
            put(folder, &authority.list(2, &[1], DAY_S));
            closed(watched).await;
        };
        let (asked, ()) = tokio::join!(asked, revoked);
        assert!(asked.is_err(), "it was answered: {asked:?}");
    });
    lock.execute_batch("COMMIT").unwrap();
    let of_case = || folder.leaves().into_iter().find(|leaf| leaf.text("kind") == "query");
    assert!(within(SOON, || of_case().is_some()), "it left no leaf");
    let leaf = of_case().unwrap();
    assert_eq!((leaf.text("outcome"), leaf.text("code")), ("refused", "certificate-unknown"));
    assert!(leaf.json.get("fields").is_none());
    // The look-up is not spent.
    let other = folder.caller("second");
    for _ in 0..3 {
        checked::answer(folder, "housing", &other.ask(&look_up_under(&person, &case)));
    }
}

/// Lists that must not be taken, and words that tell why; the one in force has number 5.
fn unusable(authority: &Authority) -> Vec<(&'static str, String, &'static str)> {
    let another = Authority::new("another authority");
    let of_that_name = Authority::new("an authority");
    let good = authority.list(6, &[1], DAY_S);
    vec![
        ("past its next update", authority.list(6, &[1], -60), "next update"),
        ("by another", another.list(6, &[1], DAY_S), "none of"),
        ("by another of that name", of_that_name.list(6, &[1], DAY_S), "signature"),
        ("cut short", good[..good.len() / 2].to_owned(), "crl.pem"),
        ("empty", String::new(), "no list"),
        ("a certificate", authority.pem(), "no list"),
        ("one good, one by another", format!("{good}{}", another.list(6, &[1], DAY_S)), "none of"),
        ("no X.509", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_owned(), "X.509"),
    ]
}

#[test]
fn a_list_that_cannot_be_used_changes_nothing_and_is_told() {
    let authority = Authority::new("an authority");
    let gateway = Gateway::serve(folder(&authority, &authority.list(5, &[], DAY_S)));
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("first"), folder.person("clean", 0));
    let told = || gateway.err().text().matches("was not taken").count();
    let mut lists = unusable(&authority);
    lists.push(("an older one", authority.list(4, &[1], DAY_S), "older"));
    run(async {
        let mut connection = caller.http1().await.unwrap();
        for (what, list, why) in lists {
            let before = told();
            put(folder, &list);
            assert!(within(SOON, || told() > before), "{what}: nothing was said");
            let said = gateway.err().text();
            let line = said.lines().rfind(|line| line.contains("was not taken")).unwrap();
            assert!(line.contains(why), "{what}: {line}");
            assert_eq!(metric(folder.port_base(), REFUSED), 1, "{what}");
            let reply = connection.ask(&look_up(&person)).await;
            checked::answer(folder, "housing", &reply.unwrap_or_else(|error| panic!("{what}: {error}")));
        }
        fs::remove_file(folder.join("crl.pem")).unwrap();
        assert!(within(SOON, || gateway.err().text().contains("No such file")));
        checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
    });
    assert_eq!(readiness(folder).0, 200);
    // A hang-up says: look now. It ends nothing.
    let before = told();
    gateway.signal(Signal::HUP);
    assert!(within(SOON, || told() > before), "nothing was looked at");
    put(folder, &authority.list(6, &[1], DAY_S));
    refused_soon(&caller, "CertificateRevoked");
    assert!(within(SOON, || metric(folder.port_base(), REFUSED) == 0));
}

#[test]
fn a_gateway_does_not_start_with_a_list_that_cannot_be_used() {
    let authority = Authority::new("an authority");
    let folder = folder(&authority, &authority.list(5, &[], DAY_S));
    let config = folder.config();
    let config = config.to_str().unwrap();
    each(&unusable(&authority), |(what, list, why)| {
        put(&folder, list);
        // A list that has ended is followed by another one day, and a clock that is wrong at boot is put right.
        let code = if *why == "next update" { 69 } else { 64 };
        for command in ["check", "serve"] {
            let said = gateway(&[command, "--config", config]).failed(code);
            assert!(said.contains(why) && said.contains("crl.pem"), "{what}: {said}");
            assert_eq!(said.trim().lines().count(), 1, "{what}: {said}");
        }
    });
    // Its key may sign certificates, and no lists.
    fs::write(folder.join("own-ca.pem"), authority.pem_without_lists()).unwrap();
    put(&folder, &authority.list(5, &[], DAY_S));
    let said = gateway(&["check", "--config", config]).failed(64);
    assert!(said.contains("may not sign"), "{said}");
}

#[test]
fn past_the_next_update_nobody_is_served_until_there_is_a_newer_list() {
    let authority = Authority::new("an authority");
    let gateway = Gateway::serve(folder(&authority, &authority.list(1, &[], 20)));
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("first"), folder.person("clean", 0));
    assert_eq!(readiness(folder), (200, "ready\n".to_owned()));
    run(async {
        let mut connection = caller.http1().await.unwrap();
        checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
        let idle = caller.stream("h2").await.unwrap();
        let expired = || readiness(folder) == (503, "revocation-list-expired\n".to_owned());
        assert!(within(Duration::from_secs(60), expired));
        closed(idle).await;
        assert!(connection.ask(&look_up(&person)).await.is_err(), "it was served");
    });
    refused_soon(&caller, "HandshakeFailure");
    assert_eq!(plain(folder.port_base() + 4, "GET", "/healthz").status, 200);
    assert!(gateway.err().wait(|text| text.contains("past its next update")));
    put(folder, &authority.list(2, &[2], DAY_S));
    assert!(within(SOON, || readiness(folder).0 == 200));
    checked::answer(folder, "housing", &caller.ask(&look_up(&person)));
    refused_soon(&folder.caller("second"), "CertificateRevoked");
}

#[test]
fn openssl_reads_our_lists_as_we_do() {
    let authority = Authority::new("an authority");
    let folder = folder(&authority, &authority.list(7, &[1], DAY_S));
    let verify = |name: &str| {
        let of = |name: &str| folder.join(name);
        let files = [of("own-ca.pem"), of("crl.pem"), of(&format!("institutions/{name}.pem"))];
        let [ca, list, leaf] = files.each_ref().map(|path| -> &Path { path });
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-crl_check", "-CAfile"])
            .arg(ca)
            .arg("-CRLfile")
            .args([list, leaf])
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    assert!(verify("first").contains("certificate revoked"), "{}", verify("first"));
    assert!(verify("second").contains(": OK"), "{}", verify("second"));
}

//! The other listeners: persons where they have no door, auditors, the public, operations; and `credit-audit` at each of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_audit::tile::entries_path;
use credit_tests::{
    Folder, Gateway, Leaf, Tls, audit, checked, each, metric, plain,
    query::{look_up, wrong_check},
    readiness, scratch, shared,
};
use hyper::{Method, StatusCode};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};

const PERSONS: u16 = 1;
const AUDITORS: u16 = 2;
const PUBLIC: u16 = 3;
const OPERATIONS: u16 = 4;

/// The path of the bundle that the checkpoint of a log ends with, and its bytes on disk.
fn last_bundle(folder: &Folder) -> (String, Vec<u8>) {
    let size = folder.leaves().len() as u64;
    let width = u16::try_from((size - 1) % 256 + 1).unwrap();
    let path = entries_path((size - 1) / 256, width);
    let bytes = fs::read(folder.log().join(&path)).unwrap();
    (path, bytes)
}

#[test]
fn without_an_identity_service_the_persons_door_has_nothing_for_anybody() {
    let folder = Folder::new();
    folder.edit_config(|config| {
        let (before, rest) = config.split_once("[persons]\n").unwrap();
        let (_, after) = rest.split_once("[tls]\n").unwrap();
        format!("{before}[tls]\n{after}")
    });
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let port = folder.port_base() + PERSONS;
    let callers = [Tls::nobody(folder.path()).caller(port), folder.caller("housing").at(port)];
    let queries = [
        (Method::GET, "/"),
        (Method::GET, "/v1/queries"),
        (Method::POST, "/v1/queries"),
        (Method::GET, "/checkpoint"),
        (Method::GET, "/metrics"),
        (Method::DELETE, "/login"),
    ];
    for caller in callers {
        for (method, path) in &queries {
            let reply = caller.send(method.clone(), path, &[], "");
            assert_eq!((reply.status, reply.text().as_str()), (StatusCode::NOT_FOUND, "not found\n"), "{path}");
        }
    }
}

#[test]
fn the_public_is_refused_entries_and_everything_that_is_no_file_of_the_log() {
    let folder = shared().folder();
    let port = folder.port_base() + PUBLIC;
    let (entries, _) = last_bundle(folder);
    for prefix in ["/", "/log/"] {
        let refused = plain(port, "GET", &format!("{prefix}{entries}"));
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{prefix}{entries}");
        assert!(!refused.text().contains("\"kind\""));
    }
    each(
        [
            "/index.html",
            "/log",
            "/log/",
            "//checkpoint",
            "/log/log/checkpoint",
            "/checkpoint/",
            "/Checkpoint",
            "/tile",
            "/tile/0",
            "/tile/0/000.p/0",
            "/tile/0/000.p/256",
            "/tile/0/0",
            "/tile/0/x000/000",
            "/tile/8/000",
            "/tile/64/000",
            "/tile/0/999",
            "/tile/entries",
            "/../keys/ring",
            "/..%2fconfig.toml",
            "/%2e%2e/config.toml",
            "/tile/../../store.sqlite",
            "/log/../store.sqlite",
            "/wal/lock",
            "/state.snapshot",
            "/store.sqlite",
            "/metrics",
            "/v1/queries",
            "/v1/receipts/01900000-0000-7000-8000-000000000000",
        ],
        |path| assert_eq!(plain(port, "GET", path).status, StatusCode::NOT_FOUND, "{path}"),
    );
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(plain(port, method, "/checkpoint").status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[test]
fn the_public_gets_checkpoint_key_and_hash_tiles_as_they_are_on_disk() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let port = folder.port_base() + PUBLIC;
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let tile = format!("tile/0/000.p/{}", folder.leaves().len());
    for file in ["checkpoint", "log.vkey", &tile] {
        let on_disk = fs::read(folder.log().join(file)).unwrap();
        for prefix in ["/", "/log/"] {
            let reply = plain(port, "GET", &format!("{prefix}{file}"));
            assert_eq!((reply.status, &reply.body), (StatusCode::OK, &on_disk), "{prefix}{file}");
            assert!(reply.header("cache-control").is_some() && reply.header("content-type").is_some());
        }
        let head = plain(port, "HEAD", &format!("/{file}"));
        assert_eq!(head.status, StatusCode::OK);
    }
    let immutable = plain(port, "GET", &format!("/{tile}"));
    assert!(immutable.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(plain(port, "GET", "/checkpoint").header("cache-control"), Some("no-cache"));
}

#[test]
fn auditors_read_entries_and_each_read_is_on_the_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let port = folder.port_base() + AUDITORS;
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    for (who, role) in [("officer", "officer"), ("supervisor", "institution")] {
        let (path, bytes) = last_bundle(folder);
        let size = folder.leaves().len() as u64;
        let read = folder.caller(who).at(port).get(&format!("/log/{path}"));
        assert_eq!((read.status, read.body), (StatusCode::OK, bytes), "{who}");
        assert_eq!(read.headers["cache-control"], "no-store");
        // Durable before the first byte left.
        assert_eq!(metric(folder.port_base(), "credit_gateway_log_durable_leaves"), size + 1);
        let leaf = folder.leaf(size);
        assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "actor", "path"]);
        let actor = &leaf.json["actor"];
        assert_eq!((leaf.text("kind"), &actor[role], leaf.text("path")), ("read", &who.into(), path.as_str()));
        let file = folder.join(format!("institutions/{who}.pem"));
        let thumbprint = Sha256::digest(CertificateDer::from_pem_file(file).unwrap());
        assert_eq!(actor["certificate"], URL_SAFE_NO_PAD.encode(thumbprint));
    }
    let size = folder.leaves().len();
    let officer = folder.caller("officer").at(port);
    for path in ["/log/checkpoint", "/checkpoint", "/log/log.vkey", "/log/tile/0/000.p/1"] {
        assert_eq!(officer.get(path).status, StatusCode::OK, "{path}");
    }
    assert_eq!(metric(folder.port_base(), "credit_gateway_log_durable_leaves"), size as u64, "no entries, no leaf");
}

#[test]
fn nobody_else_reads_entries() {
    let folder = Folder::new();
    folder.unregister("employer");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let port = folder.port_base() + AUDITORS;
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    let (path, _) = last_bundle(folder);
    let size = folder.leaves().len() as u64;
    for who in ["bank", "employer", "housing", "authority"] {
        for path in [format!("/log/{path}"), "/log/checkpoint".to_owned()] {
            let reply = folder.caller(who).at(port).get(&path);
            let expected = if who == "employer" { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
            assert_eq!(reply.status, expected, "{who}");
            assert!(!reply.text().contains("\"kind\""), "{who}");
        }
    }
    assert_eq!(folder.caller("officer").at(port).send(Method::POST, "/log/checkpoint", &[], "").status, 405);
    // Queries are not for this door, and the record is not for the institutions' one.
    assert_eq!(folder.caller("supervisor").at(port).get("/v1/queries").status, StatusCode::NOT_FOUND);
    let reply = folder.caller("supervisor").get(&format!("/log/{path}"));
    checked::refusal(folder, "supervisor", &reply, 404, "not-found");
    assert_eq!(metric(folder.port_base(), "credit_gateway_log_durable_leaves"), size + 1);
}

#[test]
fn operations_tell_health_readiness_and_figures() {
    let folder = shared().folder();
    let port = folder.port_base() + OPERATIONS;
    let reply = plain(port, "GET", "/healthz");
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "ok\n"));
    assert_eq!(readiness(port), (200, "ready\n".to_owned()));
    for path in ["//", "/v1/queries", "/checkpoint", "/metrics/"] {
        assert_eq!(plain(port, "GET", path).status, StatusCode::NOT_FOUND, "{path}");
    }
    let answered =
        r#"credit_gateway_queries_total{institution="housing",outcome="answered",scenario="public-rental-housing"}"#;
    let refused = r#"credit_gateway_queries_total{institution="housing",outcome="invalid-citizen-number",scenario="public-rental-housing"}"#;
    let before = [metric(folder.port_base(), answered), metric(folder.port_base(), refused)];
    let (caller, number) = (folder.caller("housing"), folder.person("clean", 15));
    drop(caller.ask(&look_up(&number)));
    drop(caller.ask(&look_up(&wrong_check(&number))));
    let after = [metric(folder.port_base(), answered), metric(folder.port_base(), refused)];
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
    let metrics = plain(port, "GET", "/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    for name in
        ["credit_gateway_query_seconds_bucket", "credit_gateway_log_durable_leaves", "credit_gateway_log_recordable 1"]
    {
        assert!(metrics.text().contains(name), "{name}");
    }
}

/// A browser that opens a listener finds what is there, in both languages, and nothing that runs, loads or is framed.
#[test]
fn the_public_and_the_operator_have_a_first_page() {
    let folder = shared().folder();
    for (port, links) in [
        (PUBLIC, &["/checkpoint", "/log.vkey", "/openapi.json"][..]),
        (OPERATIONS, &["/healthz", "/readyz", "/metrics"]),
    ] {
        let port = folder.port_base() + port;
        let page = plain(port, "GET", "/");
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        let html = page.text();
        assert!(html.contains("lang=\"zh-CN\"") && html.contains("lang=\"en\""), "{html}");
        each(["<script", "<style", "style=", "<img", "<link", "<form", "<iframe", " on", "src="], |part| {
            let inside = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap());
            assert!(!inside.map(|tag| format!("<{tag}")).any(|tag| tag.contains(part)), "{part}");
        });
        let hrefs: Vec<&str> = html.split("href=\"/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(hrefs.len(), 2 * links.len(), "each link in each language: {hrefs:?}");
        for link in links {
            assert!(hrefs.contains(&&link[1..]), "{link}");
            assert_eq!(plain(port, "GET", link).status, StatusCode::OK, "{link}");
        }
        assert_eq!(plain(port, "HEAD", "/").status, StatusCode::OK);
    }
}

/// A log to be spoiled: a copy of a stopped gateway's, and its key.
fn spoilable(name: &str) -> (PathBuf, String) {
    use std::sync::LazyLock;
    static MADE: LazyLock<Folder> = LazyLock::new(|| {
        let gateway = Gateway::serve(Folder::new());
        let folder = gateway.folder();
        for person in folder.noted("clean").iter().take(5) {
            drop(folder.caller("housing").ask(&look_up(person)));
        }
        gateway.stop()
    });
    let copy = scratch::folder(name).join("log");
    assert!(Command::new("cp").arg("-a").args([MADE.log(), copy.clone()]).status().unwrap().success());
    let vkey = MADE.log().join("log.vkey");
    (copy, vkey.to_str().unwrap().to_owned())
}

fn verify(log: &Path, vkey: &str, more: &[&str]) -> credit_tests::Ended {
    audit(&[&["verify", log.to_str().unwrap(), "--vkey", vkey], more].concat())
}

#[test]
fn verify_finds_whatever_was_altered_in_a_directory() {
    let (log, vkey) = spoilable("sound");
    drop(verify(&log, &vkey, &[]).held());
    let size = Leaf::all(&log).len();
    let (bundle, tile) = (format!("tile/entries/000.p/{size}"), format!("tile/0/000.p/{size}"));
    let flip = |file: PathBuf, at: usize| {
        let mut bytes = fs::read(&file).unwrap();
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1;
        fs::write(file, bytes).unwrap();
    };
    for (number, file) in [&bundle, &tile, "checkpoint"].iter().enumerate() {
        for at in [0, 40, 150, usize::MAX] {
            let (log, vkey) = spoilable(&format!("flipped-{number}"));
            flip(log.join(file), at);
            let said = verify(&log, &vkey, &[]).failed(1);
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
    for file in [&bundle, &tile] {
        let (log, vkey) = spoilable("missing");
        fs::remove_file(log.join(file)).unwrap();
        drop(verify(&log, &vkey, &[]).failed(1));
    }
    let (log, vkey) = spoilable("stranger");
    fs::write(log.join("tile/0/000.p/x"), "x").unwrap();
    drop(verify(&log, &vkey, &[]).failed(1));
}

#[test]
fn verify_tells_usage_and_what_is_not_there_from_what_does_not_hold() {
    let (log, vkey) = spoilable("codes");
    let path = log.to_str().unwrap();
    let garbage = scratch::folder("garbage").join("vkey");
    fs::write(&garbage, "no key").unwrap();
    let garbage = garbage.to_str().unwrap();
    for usage in [
        &["verify"][..],
        &["verify", path],
        &["verify", path, "--vkey", garbage],
        &["verify", path, "--vkey", &vkey, "--receipt", garbage],
        &["verify", path, "--vkey", &vkey, "--surplus"],
        &["verify", "https://127.0.0.1:1/log", "--vkey", &vkey],
        &["nothing"],
    ] {
        let said = audit(usage).failed(64);
        assert!(!said.is_empty());
    }
    for unavailable in [
        &["verify", "/nowhere/at/all", "--vkey", &vkey][..],
        &["verify", path, "--vkey", "/nowhere/log.vkey"],
        &["verify", "http://127.0.0.1:1/", "--vkey", &vkey],
        &["verify", path, "--vkey", &vkey, "--old", "/nowhere/checkpoint"],
    ] {
        let said = audit(unavailable).failed(69);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // Another log's key is no usage: the log does not hold by it.
    let other = spoilable("other").0.join("other.vkey");
    let foreign = Gateway::serve(foreign_origin());
    fs::copy(foreign.folder().log().join("log.vkey"), &other).unwrap();
    drop(verify(&log, other.to_str().unwrap(), &[]).failed(1));
}

/// A folder whose log has another name and so another key id.
pub(crate) fn foreign_origin() -> Folder {
    let folder = Folder::new();
    fs::rename(folder.join("keys"), folder.join("old-keys")).unwrap();
    folder.edit_config(|text| text.replace("credit-gateway.example/demo/r1", "credit-gateway.example/other/r1"));
    let config = folder.config();
    drop(credit_tests::gateway(&["keys", "init", "--config", config.to_str().unwrap()]).held());
    fs::copy(folder.join("old-keys/consent-authority.jwks"), folder.join("keys/consent-authority.jwks")).unwrap();
    folder
}

#[test]
fn verify_reads_a_running_gateway_by_directory_http_and_https() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    let first = caller.ask(&look_up(&folder.person("clean", 0)));
    let leaf = checked::answer(folder, "housing", &first);
    let kept = scratch::folder("kept");
    fs::copy(folder.log().join("checkpoint"), kept.join("checkpoint")).unwrap();
    for person in folder.noted("clean").iter().take(5) {
        drop(caller.ask(&look_up(person)));
    }
    let id = first.json()["query"].as_str().unwrap().to_owned();
    fs::write(kept.join("receipt"), caller.get_when_there(&format!("/v1/receipts/{id}")).body).unwrap();
    fs::write(kept.join("leaf"), &leaf.bytes).unwrap();
    fs::write(kept.join("other-leaf"), [&leaf.bytes[..], b" "].concat()).unwrap();
    let path = |name: &str| kept.join(name).to_str().unwrap().to_owned();
    let of = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let vkey = of("data/log/log.vkey");
    let urls = [
        of("data"),
        of("data/log"),
        format!("http://127.0.0.1:{}", folder.port_base() + PUBLIC),
        format!("http://localhost:{}/log/", folder.port_base() + PUBLIC),
    ];
    for url in &urls {
        let said = audit(&["verify", url, "--vkey", &vkey, "--old", &path("checkpoint")]).held();
        assert!(!said.is_empty());
        let (receipt, leaf) = (path("receipt"), path("leaf"));
        let json = audit(&["verify", url, "--vkey", &vkey, "--receipt", &receipt, "--leaf", &leaf, "--json"]).held();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["holds"], true);
        let other = path("other-leaf");
        drop(audit(&["verify", url, "--vkey", &vkey, "--receipt", &receipt, "--leaf", &other]).failed(1));
    }
    drop(audit(&["verify", "--vkey", &vkey, "--receipt", &path("receipt"), "--leaf", &path("leaf")]).held());

    let before = folder.leaves().len();
    let https = format!("https://127.0.0.1:{}/log", folder.port_base() + AUDITORS);
    let with = |who: &str| {
        let (cert, key) = (of(&format!("institutions/{who}.pem")), of(&format!("institutions/{who}.key")));
        audit(&["verify", &https, "--vkey", &vkey, "--ca", &of("ca.pem"), "--cert", &cert, "--key", &key, "--json"])
    };
    let said: serde_json::Value = serde_json::from_str(&with("officer").held()).unwrap();
    assert_eq!(said["holds"], true, "{said}");
    assert!(said.to_string().contains("query"), "leaves were not read: {said}");
    let reads = folder.leaves().split_off(before);
    assert!(reads.iter().any(|leaf| leaf.text("kind") == "read" && leaf.json["actor"]["officer"] == "officer"));
    let refused = with("bank");
    assert_eq!(refused.code, Some(69), "{refused:?}");
}

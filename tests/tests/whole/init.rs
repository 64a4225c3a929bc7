//! `credit-gateway init`: what the page about a gateway of one's own does not show.

use std::{fs, path::Path};

use credit_tests::{Ended, command, gateway, ports, scratch};

fn init(dir: &Path, more: &[&str]) -> Ended {
    gateway(&[&["init", dir.to_str().unwrap()], more].concat())
}

fn make(dir: &Path, arguments: &[&str]) -> Ended {
    let script = dir.join("authority/make.sh");
    command("sh", &[&[script.to_str().unwrap()], arguments].concat())
}

fn check(dir: &Path) -> Ended {
    gateway(&["check", "--config", dir.join("config.toml").to_str().unwrap()])
}

#[test]
fn nothing_is_written_where_something_is_or_where_an_argument_is_wrong() {
    let full = scratch::folder("init-full");
    fs::write(full.join("thesis.txt"), "mine").unwrap();
    assert!(init(&full, &[]).failed(64).contains("not empty"));
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
    let new = scratch::folder("init-wrong").join("own");
    for wrong in [
        &["--host", "a,b"][..],
        &["--host", ""],
        &["--host", "x\nDNS:y"],
        &["--port-base", "65532"],
        &["--origin", "a b"],
    ] {
        assert!(init(&new, wrong).failed(64).contains(wrong[0]), "{wrong:?}");
        assert!(!new.exists(), "{wrong:?}");
    }
}

#[test]
fn a_folder_with_blanks_and_quotes_in_its_path_becomes_a_gateway_that_can_start() {
    let dir = scratch::folder("init").join("a \"b\" ü");
    let base = ports().to_string();
    let said = init(&dir, &["--port-base", &base, "--host", "gateway.example", "--host", "::1"]).held();
    let next = format!("sh '{}/authority/make.sh'", dir.display());
    assert!(said.contains(&next), "a shell reads it as one path: {said}");
    // In the wrong order nothing is left that stands in the way of the right one.
    assert!(make(&dir, &["client", "housing"]).failed(1).contains("run make.sh first"));
    drop(make(&dir, &["renew"]).failed(1));
    let missing = check(&dir).failed(64);
    assert_eq!(missing.lines().count(), 4, "{missing}");
    assert!(missing.lines().all(|line| line.contains("/tls/")), "{missing}");
    drop(make(&dir, &[]).held());
    let usable = check(&dir);
    assert_eq!((usable.code, usable.err_of_any_day().as_str()), (Some(0), ""), "{usable:?}");
    let server = dir.join("tls/server.pem");
    let before = fs::read(&server).unwrap();
    drop(make(&dir, &["renew"]).held());
    assert_ne!(fs::read(&server).unwrap(), before);
    assert_eq!(check(&dir).code, Some(0));
    let shown = command("openssl", &["x509", "-noout", "-text", "-in", server.to_str().unwrap()]).held();
    assert!(
        shown.contains("Version: 3") && shown.contains("DNS:gateway.example, IP Address:0:0:0:0:0:0:0:1"),
        "{shown}"
    );
    // What is there stays.
    let key = fs::read(dir.join("tls/server.key")).unwrap();
    drop(make(&dir, &[]).failed(1));
    drop(make(&dir, &["request"]).failed(1));
    assert_eq!(fs::read(dir.join("tls/server.key")).unwrap(), key);
    drop(make(&dir, &["client", "housing"]).held());
    drop(make(&dir, &["client", "housing"]).failed(1));
    drop(make(&dir, &["revoke", "housing"]).held());
    let list = dir.join("tls/crl.pem");
    let shown = command("openssl", &["crl", "-noout", "-text", "-in", list.to_str().unwrap()]).held();
    assert!(shown.contains("Revoked Certificates"), "{shown}");
    drop(make(&dir, &["list"]).held());
    assert_eq!(check(&dir).code, Some(0));
    drop(make(&dir, &["unknown"]).failed(64));
}

#[test]
fn a_request_for_one_s_own_authority_has_the_server_s_names() {
    let dir = scratch::folder("init-request").join("own");
    drop(init(&dir, &["--host", "gateway.example"]).held());
    drop(make(&dir, &["request"]).held());
    let request = dir.join("authority/server.csr");
    let shown = command("openssl", &["req", "-noout", "-text", "-verify", "-in", request.to_str().unwrap()]).held();
    assert!(shown.contains("CN = gateway.example") && shown.contains("DNS:gateway.example"), "{shown}");
    assert!(!dir.join("tls/ca.pem").exists());
}

#[test]
fn an_issuer_s_key_is_private_and_its_public_half_is_printed() {
    let out = scratch::folder("new-key").join("authority.jwk");
    let new = |algorithm| {
        let out = out.to_str().unwrap();
        gateway(&["consent", "new-key", "--kid", "2026-1", "--algorithm", algorithm, "--out", out])
    };
    let public = new("ES256").held();
    assert!(public.starts_with(r#"{"keys":[{"#) && public.contains(r#""kid":"2026-1""#), "{public}");
    assert!(!public.contains(r#""d""#), "{public}");
    let private = fs::read_to_string(&out).unwrap();
    assert!(private.contains(r#""d""#) && private.contains(r#""alg":"ES256""#));
    drop(new("EdDSA").failed(64));
    assert_eq!(fs::read_to_string(&out).unwrap(), private);
}

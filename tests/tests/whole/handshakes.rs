//! A handshake that fails is counted by its cause, and a line of the log tells who mends it: peer, cause and certificate.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use credit_tests::{Authority, Folder, Gateway, Wish, command, each, metric, sh};
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::Value;

use crate::faults::within;

const DAY_S: i64 = 86_400;

fn folder(authority: &Authority) -> Folder {
    let folder = Folder::new();
    let wish = |name: &'static str, serial, valid_s| Wish { valid_s, ..Wish::caller(name, serial) };
    let wishes = [
        wish("good", 1, (-DAY_S, DAY_S)),
        wish("expired", 2, (-2 * DAY_S, -DAY_S)),
        wish("early", 3, (DAY_S, 2 * DAY_S)),
        wish("revoked", 4, (-DAY_S, DAY_S)),
        Wish { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..Wish::caller("server-only", 5) },
    ];
    authority.take_over(&folder, &wishes, &authority.list(1, &[4], DAY_S));
    Authority::new("another authority").put(&folder, &Wish::caller("foreign", 6));
    let at = folder.join("institutions");
    let at = at.display();
    let first = format!(
        "openssl ecparam -name prime256v1 -genkey -noout -out {at}/v1.key && openssl req -new -key {at}/v1.key -subj /CN=x \
         -out {at}/v1.csr && openssl x509 -req -in {at}/v1.csr -signkey {at}/v1.key -days 90 -out {at}/v1.pem"
    );
    drop(sh(&first).held());
    let both = "\"institutions/good.pem\", \"institutions/expired.pem\"";
    folder.set_of_institution("housing", "\"institutions/housing.pem\"", both);
    folder
}

fn count(folder: &Folder, cause: &str) -> u64 {
    metric(folder.port_base(), &format!("credit_gateway_failed_handshakes_total{{cause=\"{cause}\"}}"))
}

/// The lines of one cause.
fn lines(gateway: &Gateway, cause: &str) -> Vec<Value> {
    let text = gateway.err().text();
    let all = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(|line| line["message"] == "a handshake failed" && line["code"] == cause).collect()
}

fn fingerprint(folder: &Folder, name: &str) -> String {
    let path = folder.join(format!("institutions/{name}.pem"));
    let told = command("openssl", &["x509", "-in", path.to_str().unwrap(), "-noout", "-fingerprint", "-sha256"]).held();
    told.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase()
}

fn connect(folder: &Folder, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", folder.port_base())).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

#[test]
fn a_certificate_that_is_refused_is_named_with_its_cause() {
    let gateway = Gateway::serve(folder(&Authority::new("an authority")));
    let folder = gateway.folder();
    let cases = [
        ("foreign", "unknown-issuer", "none of tls.authorities"),
        ("expired", "expired", "expired"),
        ("early", "not-yet-valid", "not valid yet"),
        ("revoked", "revoked", "revoked"),
        ("server-only", "wrong-usage", "clientAuth"),
        ("v1", "version-1", "version 1"),
    ];
    each(cases, |(name, cause, word)| {
        let before = count(folder, cause);
        let of = |file: &str| folder.join(file).to_str().unwrap().to_owned();
        let (cert, key) = (of(&format!("institutions/{name}.pem")), of(&format!("institutions/{name}.key")));
        let url = format!("https://127.0.0.1:{}/", folder.port_base());
        let said = command("curl", &["-sS", "--cacert", &of("ca.pem"), "--cert", &cert, "--key", &key, &url]);
        assert_ne!(said.code, Some(0), "{name} was let in");
        assert!(within(Duration::from_secs(5), || count(folder, cause) == before + 1), "{name} is not counted");
        assert!(gateway.err().wait(|text| text.contains(&format!("\"code\":\"{cause}\""))), "{name}: no line");
        let lines = lines(&gateway, cause);
        let line = lines.last().unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        assert!(text("cause").contains(word) && text("peer").starts_with("127.0.0.1:"), "{line}");
        assert_eq!(text("certificate"), fingerprint(folder, name), "{line}");
        let owner = if *name == "expired" { "housing" } else { "" };
        assert_eq!((text("institution").as_str(), text("level").as_str()), (owner, "INFO"), "{line}");
        assert!(line.get("dropped").is_none(), "{line}");
    });
}

#[test]
fn what_is_no_handshake_has_causes_of_its_own_and_a_probe_is_no_fault() {
    let folder = Folder::new();
    folder.replace_in_config("handshake_ms = 5000", "handshake_ms = 1000");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let certified = folder.caller("housing");
    let ca = folder.join("ca.pem");
    let url = format!("https://127.0.0.1:{}/", folder.port_base());
    let curl = |more: &[&str]| {
        let arguments = [&["-sS", "--cacert", ca.to_str().unwrap()], more, &[&url]].concat();
        assert_ne!(command("curl", &arguments).code, Some(0));
    };
    // A handshake record that is cut short.
    let begun = certified.hello();
    type Act<'a> = Box<dyn Fn() + 'a>;
    let acts: [(&str, Act<'_>); 6] = [
        ("no-certificate", Box::new(|| curl(&[]))),
        ("incompatible", Box::new(|| curl(&["--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"]))),
        ("refused-by-caller", Box::new(|| curl(&["--cacert", "/etc/ssl/certs/ca-certificates.crt"]))),
        (
            "not-tls",
            Box::new(|| drop(connect(folder, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").read_to_end(&mut Vec::new()))),
        ),
        ("closed-early", Box::new(|| drop(connect(folder, &begun[..begun.len() / 2])))),
        ("timed-out", Box::new(|| drop(connect(folder, &begun[..9]).read_to_end(&mut Vec::new())))),
    ];
    for (cause, act) in acts {
        let before = count(folder, cause);
        act();
        assert!(within(Duration::from_secs(8), || count(folder, cause) > before), "{cause}: {}", gateway.err().text());
        assert!(within(Duration::from_secs(5), || !lines(&gateway, cause).is_empty()), "{cause} has no line");
    }
    let probes = count(folder, "probe");
    for _ in 0..50 {
        drop(connect(folder, b""));
    }
    assert!(within(Duration::from_secs(8), || count(folder, "probe") == probes + 50), "{}", count(folder, "probe"));
    assert_eq!(lines(&gateway, "probe"), [] as [Value; 0]);
    // However often, the lines are bounded.
    let before = count(folder, "closed-early");
    for _ in 0..300 {
        drop(connect(folder, &begun[..begun.len() / 2]));
    }
    assert!(within(Duration::from_secs(20), || count(folder, "closed-early") >= before + 300));
    let told = lines(&gateway, "closed-early").len();
    assert!((1..=14).contains(&told), "{told} lines");
    let person = folder.person("clean", 0);
    assert_eq!(certified.ask(&credit_tests::query::look_up(&person)).status, 200);
}

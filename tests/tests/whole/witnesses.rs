//! Witnesses: a gateway's log is cosigned in the background, by programs that remember it; an auditor asks for a quorum.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_tests::{Folder, Gateway, Program, audit, checked, command, gateway, plain, query::look_up, scratch, tools};
use serde_json::Value;

use crate::{
    faults::within,
    stores::{
        http::service::{Service, Step, reply},
        readiness, ready,
    },
};

const COSIGNED: &str = include_str!("witnesses/cosigned.py");

/// A witness with one key, in a folder of its own.
pub(crate) struct Site {
    folder: PathBuf,
    name: &'static str,
}

impl Site {
    pub(crate) fn new(name: &'static str, key: &str) -> Self {
        let folder = scratch::folder("witness");
        fs::write(folder.join("key.pem"), key).unwrap();
        Self { folder, name }
    }

    pub(crate) fn vkey(&self) -> String {
        let key = self.folder.join("key.pem");
        let keys = audit(&["witness", "--name", self.name, "--key", key.to_str().unwrap(), "--print-keys"]).held();
        keys.trim_end().to_owned()
    }

    /// Serves until it is dropped. With a port of before, at the same address.
    pub(crate) fn serve(&self, log: &Path, is_new: bool, port: u16) -> (Program, String) {
        let mut command = std::process::Command::new(credit_tests::binaries::credit_audit());
        command.args(["witness", "--name", self.name, "--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--key").arg(self.folder.join("key.pem")).arg("--state").arg(self.folder.join("state"));
        command.arg("--log").arg(log).args(is_new.then_some("--new"));
        let program = Program::start(command);
        let is_serving = |said: &str| said.lines().any(|line| line.starts_with("serving on ")) && said.ends_with('\n');
        assert!(program.out().wait(is_serving), "{}", program.err().text());
        let said = program.out().text();
        let address = said.lines().find_map(|line| line.strip_prefix("serving on ")).unwrap().to_owned();
        (program, address)
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

/// As the usual tool writes an Ed25519 key.
pub(crate) fn ed25519() -> String {
    let made = command("openssl", &["genpkey", "-algorithm", "ed25519"]);
    made.held()
}

/// An ML-DSA-44 key as its seed alone.
fn ml_dsa() -> String {
    let head = [
        0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11,
        0x04, 0x22, 0x80, 0x20,
    ];
    pem(&[&head[..], &[5; 32]].concat())
}

/// The port of an address `http://127.0.0.1:PORT`.
fn port(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// What the log publishes for witnesses, once it has this size.
fn witnessed(folder: &Folder, size: u64) -> String {
    let began = Instant::now();
    loop {
        let reply = plain(folder.port_base() + 3, "GET", "/checkpoint.witnessed");
        let text = if reply.status == 200 { reply.text() } else { String::new() };
        if text.lines().nth(1).and_then(|line| line.parse().ok()).is_some_and(|found: u64| found >= size) {
            return text;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not cosigned at size {size}: {text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn size(folder: &Folder) -> u64 {
    let checkpoint = fs::read_to_string(folder.log().join("checkpoint")).unwrap();
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

fn elsewhere(note: &str, vkeys: &[&str]) -> String {
    let folder = scratch::folder("cosigned");
    let (script, file) = (folder.join("cosigned.py"), folder.join("note"));
    fs::write(&script, COSIGNED).unwrap();
    fs::write(&file, note).unwrap();
    let files = [script.to_str().unwrap(), file.to_str().unwrap()];
    command(tools::python(), &[&files[..], vkeys].concat()).held().trim_end().to_owned()
}

fn verify(folder: &Folder, log: &str, policy: &Path) -> (Option<i32>, Value, String) {
    let key = folder.join("data/log/log.vkey");
    let ended =
        audit(&["verify", log, "--vkey", key.to_str().unwrap(), "--policy", policy.to_str().unwrap(), "--json"]);
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_default(), ended.err)
}

#[test]
fn a_log_is_cosigned_while_it_serves_and_a_witness_that_comes_back_goes_on_where_it_was() {
    let folder = Gateway::serve(Folder::new()).stop();
    let sites = [Site::new("witness.example/ed", &ed25519()), Site::new("witness.example/ml", &ml_dsa())];
    let (ed, ml) = (sites[0].vkey(), sites[1].vkey());
    let policy = folder.join("trust-policy");
    let write = |addresses: [&str; 2], quorum: &str| {
        let lines = format!(
            "log {}\nwitness ed {ed} {}\nwitness ml {ml} {}\ngroup both all ed ml\nquorum {quorum}\n",
            folder.vkey(),
            addresses[0],
            addresses[1]
        );
        fs::write(&policy, lines).unwrap();
    };
    let (first, at_first) = sites[0].serve(&folder.join("data/log/log.vkey"), true, 0);
    let (second, at_second) = sites[1].serve(&folder.join("data/log/log.vkey"), true, 0);
    write([&at_first, &at_second], "both");
    folder.replace_in_config("witness_every_s = 10", "trust_policy = \"trust-policy\"\nwitness_every_s = 1");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    for nr in 0..3 {
        checked::answer(folder, "housing", &caller.ask(&look_up(&folder.person("clean", nr))));
    }
    let note = witnessed(folder, size(folder));
    assert_eq!(elsewhere(&note, &[&ed, &ml]), "2");
    let altered = note.replacen('\n', "\n1", 1);
    assert_eq!(elsewhere(&altered, &[&ed, &ml]), "0", "another size");
    let log = folder.log().to_str().unwrap().to_owned();
    let address = format!("http://127.0.0.1:{}", folder.port_base() + 3);
    for log in [&log, &address] {
        let (code, said, err) = verify(folder, log, &policy);
        assert_eq!((code, said["witnessed"]["by"].as_array().map(Vec::len)), (Some(0), Some(2)), "{err}");
    }
    // A copy has it too: whoever holds one needs neither the log nor its witnesses.
    let (copy, vkey) = (folder.join("copy"), folder.join("data/log/log.vkey"));
    let [copy, vkey, by] = [&copy, &vkey, &policy].map(|path| path.to_str().unwrap());
    drop(audit(&["mirror", &address, copy, "--vkey", vkey]).held());
    let said = audit(&["verify", copy, "--hashes", "--vkey", vkey, "--policy", by, "--json"]).held();
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["witnessed"]["by"].as_array().map(Vec::len), Some(2));

    // One is away: what was cosigned stays, and what comes later is not enough for both.
    let before = size(folder);
    drop(first);
    assert!(gateway.err().wait(|said| said.contains("a witness does not cosign the log")));
    checked::answer(folder, "housing", &caller.ask(&look_up(&folder.person("clean", 5))));
    assert!(size(folder) > before);
    let kept = witnessed(folder, 1);
    assert_eq!(elsewhere(&kept, &[&ed, &ml]), "2", "what was cosigned stays");
    assert!(kept.lines().nth(1).unwrap().parse::<u64>().unwrap() <= before);
    let (again, _) = sites[0].serve(&folder.join("data/log/log.vkey"), false, port(&at_first));
    checked::answer(folder, "housing", &caller.ask(&look_up(&folder.person("clean", 6))));
    assert_eq!(elsewhere(&witnessed(folder, size(folder)), &[&ed, &ml]), "2", "it goes on where it was");

    // Who asks for other witnesses is not content with these.
    let strict = folder.join("strict");
    let stranger = Site::new("witness.example/other", &ed25519()).vkey();
    fs::write(&strict, format!("witness a {ed}\nwitness b {stranger}\ngroup both all a b\nquorum both\n")).unwrap();
    let (code, _, err) = verify(folder, &log, &strict);
    assert!(code == Some(1) && err.contains("1 of 2 known witnesses"), "{err}");
    let checkpoint = folder.log().join("checkpoint.witnessed");
    let good = fs::read_to_string(&checkpoint).unwrap();
    fs::write(&checkpoint, good.replacen('\n', "\n1", 1)).unwrap();
    assert_eq!(verify(folder, &log, &policy).0, Some(1), "what was not cosigned");
    drop((again, second));
    drop(gateway.stop());
}

#[test]
fn a_witness_over_http_answers_as_the_protocol_says() {
    let site = Site::new("witness.example/w1", &ed25519());
    let folder = credit_tests::shared().folder();
    let (_witness, address) = site.serve(&folder.join("data/log/log.vkey"), true, 0);
    let port = port(&address);
    let ask = |body: &str| {
        let url = format!("{address}/add-checkpoint");
        let said = command("curl", &["-s", "-w", "\n%{http_code} %{content_type}", "--data-binary", body, &url]).held();
        let (body, head) = said.rsplit_once('\n').unwrap();
        (head.to_owned(), body.to_owned())
    };
    let checkpoint = fs::read_to_string(folder.log().join("checkpoint")).unwrap();
    let (head, lines) = ask(&format!("old 0\n\n{checkpoint}"));
    assert_eq!(head, "200 text/plain; charset=utf-8");
    assert!(lines.starts_with("\u{2014} witness.example/w1 ") && lines.ends_with('\n'));
    let size = checkpoint.lines().nth(1).unwrap();
    assert_eq!(ask(&format!("old 0\n\n{checkpoint}")), ("409 text/x.tlog.size".to_owned(), format!("{size}\n")));
    assert!(ask(&format!("old {size}\n\n{checkpoint}")).0.starts_with("200"), "the same again has a new time");
    assert!(ask("nothing").0.starts_with("400"));
    assert!(ask(&format!("old 0\n\n{}", checkpoint.replacen("credit", "other", 1))).0.starts_with("404"));
    assert!(ask(&format!("old {size}\n\n{}", checkpoint.replacen('\n', "\n1", 1))).0.starts_with("403"));
    let digest =
        command("sh", &["-c", &format!("printf %s '{}' | sha256sum | cut -c1-64", folder.vkey().name())]).held();
    let latest = plain(port, "GET", &format!("/{}/checkpoint", digest.trim_end()));
    assert_eq!((latest.status.as_u16(), latest.text().starts_with(&checkpoint)), (200, true));
    for (method, path, status) in [
        ("GET", "/add-checkpoint", 405),
        ("POST", "/x/checkpoint", 405),
        ("GET", "/x/checkpoint", 404),
        ("GET", "/", 404),
    ] {
        assert_eq!(plain(port, method, path).status, status, "{method} {path}");
    }
}

#[test]
fn a_witness_that_remembers_another_history_is_told_to_the_operator_and_no_query_waits_for_it() {
    let folder = Gateway::serve(Folder::new()).stop();
    let longer = || vec![Step::Send(reply("409 Conflict", "Content-Type: text/x.tlog.size\r\n", b"999999\n"))];
    let service = Service::plain(move |_| longer());
    let (key, log) = (Site::new("witness.example/w1", &ed25519()).vkey(), folder.vkey());
    let lines = format!("log {log}\nwitness w {key} http://127.0.0.1:{}\nquorum w\n", service.port());
    fs::write(folder.join("trust-policy"), lines).unwrap();
    folder.replace_in_config("witness_every_s = 10", "trust_policy = \"trust-policy\"\nwitness_every_s = 1");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let warned = (200, "ready\nwarning: not-witnessed\n".to_owned());
    assert!(within(Duration::from_secs(20), || readiness(folder) == warned), "{:?}", readiness(folder));
    assert!(gateway.err().wait(|said| said.contains("the log was rolled back, or another gateway signs with its key")));
    drop(checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0)))));
    // It was a slip of the witness.
    service.answers(|_| vec![Step::Send(reply("500 Internal Server Error", "", b""))]);
    assert!(within(Duration::from_secs(20), || readiness(folder) == ready()), "{:?}", readiness(folder));
}

#[test]
fn a_policy_by_which_nobody_can_be_asked_keeps_the_gateway_from_starting() {
    let folder = Gateway::serve(Folder::new()).stop();
    folder.replace_in_config("witness_every_s = 10", "trust_policy = \"trust-policy\"\nwitness_every_s = 1");
    let key = Site::new("witness.example/w1", &ed25519()).vkey();
    let log = folder.vkey();
    let other = log.to_string().replacen("credit", "other", 1);
    let config = folder.config();
    let cases = [
        (None, "cannot be read"),
        (Some("quorum\n".to_owned()), "line 1"),
        (Some(format!("log {other}\nquorum none\n")), "line 1"),
        (Some(format!("witness w {key}\nquorum w\n")), "its quorum is not reached"),
        (Some(format!("witness w {key} ftp://127.0.0.1\nquorum w\n")), "the witness `w`"),
        (Some(format!("witness w {key} https://127.0.0.1\nquorum w\n")), "the witness `w`"),
    ];
    for (policy, why) in cases {
        let file = folder.join("trust-policy");
        match &policy {
            Some(policy) => fs::write(&file, policy).unwrap(),
            None => fs::remove_file(&file).unwrap_or_default(),
        }
        let said = gateway(&["check", "--config", config.to_str().unwrap()]).failed(64);
        assert!(said.contains("log.trust_policy") && said.contains(why), "{policy:?}: {said}");
    }
}

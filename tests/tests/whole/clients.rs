//! Clients that are not ours: curl, openssl, Python's standard library; and the calls that the demo prints.

use std::path::Path;

use credit_tests::{
    Ended, Folder, Gateway, Leaf,
    arguments::Watched,
    binaries, checked, command, each,
    query::{look_up, look_up_under, new_case},
    sh, shared,
};
use serde_json::Value;

fn file(folder: &Folder, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// What curl says with the housing department's certificate: body, a line end, status and protocol.
fn curl(folder: &Folder, more: &[&str]) -> Ended {
    let (ca, cert, key) =
        (file(folder, "ca.pem"), file(folder, "institutions/housing.pem"), file(folder, "institutions/housing.key"));
    let common = ["-sS", "--cacert", &ca, "--cert", &cert, "--key", &key, "-w", "\n%{http_code} %{http_version}"];
    command("curl", &[&common, more].concat())
}

#[test]
fn curl_speaks_both_protocols_by_every_name_of_the_server() {
    let folder = shared().folder();
    let port = folder.port_base();
    for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2"), ("--tlsv1.3", "2"), ("--tls-max=1.2", "2")] {
        for name in ["127.0.0.1", "localhost"] {
            let url = format!("https://{name}:{port}/v1/queries");
            let body = look_up(&folder.person("clean", 16)).to_string();
            // curl takes the value of this option apart from it.
            let flags: Vec<&str> = flag.split('=').collect();
            let said =
                curl(folder, &[&flags[..], &["-H", "Content-Type: application/json", "-d", &body, &url]].concat());
            let said = said.held();
            let (answer, status) = said.rsplit_once('\n').unwrap();
            assert_eq!(status, format!("200 {version}"), "{flag} {name}: {answer}");
            let answer: Value = serde_json::from_str(answer).unwrap();
            assert_eq!(answer["data"]["clean_three_years"], true);
        }
    }
}

#[test]
fn curl_with_expect_and_chunked_bodies_gets_what_http_says() {
    let folder = shared().folder();
    let url = format!("https://127.0.0.1:{}/v1/queries", folder.port_base());
    let body = look_up(&folder.person("clean", 16)).to_string();
    let send = |headers: &[&str]| {
        let mut arguments = vec!["--http1.1", "-H", "Content-Type: application/json"];
        arguments.extend(headers.iter().flat_map(|header| ["-H", header]));
        arguments.extend(["-d", &body, &url]);
        curl(folder, &arguments).held()
    };
    assert!(send(&["Expect: 100-continue"]).ends_with("\n200 1.1"));
    assert!(send(&["Transfer-Encoding: chunked"]).ends_with("\n200 1.1"));
}

#[test]
fn curl_is_told_to_continue_where_it_asks_and_nowhere_else() {
    let folder = shared().folder();
    let url = format!("https://127.0.0.1:{}/v1/", folder.port_base());
    each(["--http1.1", "--http2"], |protocol| {
        let said = |path: &str, more: &[&str]| {
            let url = url.clone() + path;
            let body = look_up_under(&folder.person("clean", 16), &new_case()).to_string();
            let common = [*protocol, "-i", "-m", "15", "-H", "Content-Type: application/json", "-d", &body, &url];
            let said = curl(folder, &[&common[..], more].concat()).held();
            let states = said.lines().filter_map(|line| line.strip_prefix("HTTP/")?.split(' ').nth(1));
            states.map(str::to_owned).collect::<Vec<_>>()
        };
        let expect = ["-H", "Expect: 100-continue", "--expect100-timeout", "30"];
        assert_eq!(said("queries", &expect), ["100", "200"], "{protocol}");
        assert_eq!(said("nothing", &expect), ["100", "404"], "{protocol}");
        assert_eq!(said("queries", &[]), ["200"], "{protocol}");
    });
}

#[test]
fn curl_without_a_certificate_or_with_the_revoked_one_gets_nothing() {
    let folder = shared().folder();
    let url = format!("https://127.0.0.1:{}/v1/queries", folder.port_base());
    let ca = file(folder, "ca.pem");
    let (cert, key) = (file(folder, "institutions/revoked.pem"), file(folder, "institutions/revoked.key"));
    for identity in [&[][..], &["--cert", &cert, "--key", &key]] {
        for version in ["--tlsv1.3", "--tlsv1.2"] {
            let ended = command(
                "curl",
                &[&["-sS", "--cacert", &ca, version, "--tls-max", &version[6..]], identity, &[&url]].concat(),
            );
            assert!(ended.code != Some(0) && ended.out.is_empty(), "{ended:?}");
        }
    }
    // And the server is not trusted by who does not know its authority.
    let ended = command("curl", &["-sS", &url]);
    assert_eq!(ended.code, Some(60), "{ended:?}");
}

/// `openssl s_client`, which says a request and listens to the end.
fn s_client(folder: &Folder, more: &str, request: &str) -> Ended {
    let ca = file(folder, "ca.pem");
    let institution = |end: &str| file(folder, &format!("institutions/housing.{end}"));
    sh(&format!(
        "printf '{request}' | openssl s_client -connect 127.0.0.1:{} -CAfile {ca} -cert {} -key {} -verify_return_error -ign_eof {more} 2>&1",
        folder.port_base(),
        institution("pem"),
        institution("key"),
    ))
}

#[test]
fn openssl_speaks_both_versions_of_tls_and_no_older_one() {
    let folder = shared().folder();
    let body = look_up_under(&folder.person("clean", 16), &new_case()).to_string();
    let request = format!(
        "POST /v1/queries HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\nContent-Length: {}\\r\\n\\r\\n{body}",
        body.len()
    );
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let said = s_client(folder, version, &request).held();
        assert!(said.contains(&format!("New, {name}")), "{said}");
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(said.contains("HTTP/1.1 200 OK") && said.contains("\"clean_three_years\":true"), "{said}");
    }
    for version in ["-tls1_1 -cipher ALL:@SECLEVEL=0", "-tls1 -cipher ALL:@SECLEVEL=0"] {
        let ended = s_client(folder, version, &request);
        assert!(ended.code != Some(0) && !ended.out.contains("HTTP/1.1"), "{}", ended.out);
    }
}

#[test]
fn no_session_is_ever_resumed() {
    let folder = shared().folder();
    let request = "GET /v1/queries HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n";
    for version in ["-tls1_2", "-tls1_3"] {
        let said = s_client(folder, &format!("-msg {version}"), request).held();
        assert!(said.contains("HTTP/1.1 405"), "{said}");
        assert!(!said.contains("NewSessionTicket"), "{said}");
        assert!(!said.contains("Reused"), "{said}");
        assert!(!said.contains("TLS session ticket:"), "{said}");
    }
    let said = s_client(folder, "-tls1_2", request).held();
    let session = said.lines().find_map(|line| line.trim().strip_prefix("Session-ID:")).map(str::trim);
    assert!(matches!(session, None | Some("")), "a session id was given: {session:?}");
    let said = s_client(folder, "-tls1_3", request).held();
    assert!(said.contains("Early data was not sent"), "{said}");
    // Six connections one after the other, each offering the session of the first.
    let said = s_client(folder, "-tls1_2 -reconnect", request);
    assert!(said.out.matches("New, TLSv1.2").count() >= 5 && !said.out.contains("Reused,"), "{}", said.out);
}

/// Python's own TLS and HTTP, nothing else.
const PYTHON: &str = r#"
import http.client, json, ssl, sys
folder, port, version, subject, case = sys.argv[1:]
context = ssl.create_default_context(cafile=folder + "/ca.pem")
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
context.load_cert_chain(folder + "/institutions/housing.pem", folder + "/institutions/housing.key")
connection = http.client.HTTPSConnection("localhost", int(port), context=context, timeout=20)
query = {"scenario": "public-rental-housing", "subject": subject, "operator": "staff-0017", "case": case}
for body, status in ((query, 200), ({**query, "surplus": 1}, 400), (query, 200)):
    connection.request("POST", "/v1/queries", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = json.load(answer)
    assert answer.status == status, (answer.status, body)
    assert answer.getheader("Cache-Control") == "no-store"
    assert connection.sock.version() == version.replace("_", "."), connection.sock.version()
print(body["data"]["clean_three_years"])
"#;

#[test]
fn python_speaks_both_versions_of_tls_strictly_over_one_connection() {
    let folder = shared().folder();
    let (path, port) = (folder.path().to_str().unwrap(), folder.port_base().to_string());
    for version in ["TLSv1_2", "TLSv1_3"] {
        let (person, case) = (folder.person("clean", 17), new_case());
        let said = command("python3", &["-c", PYTHON, path, &port, version, &person, &case]).held();
        assert_eq!(said, "True\n");
    }
}

#[test]
fn the_calls_that_the_demo_prints_work_as_printed() {
    let gateway = shared();
    let out = gateway.out().text();
    let lines: Vec<&str> = out.lines().collect();
    let calls: Vec<&str> = lines.windows(2).filter(|two| two[0].starts_with("# ")).map(|two| two[1]).collect();
    assert_eq!(calls.len(), 8, "{out}");
    assert_eq!(out.lines().last(), Some(format!("ready https://127.0.0.1:{}", gateway.folder().port_base()).as_str()));
    // The program beside this one, where it is built or installed.
    assert!(calls[7].starts_with(binaries::credit_audit().to_str().unwrap()), "{}", calls[7]);
    let bin = credit_tests::scratch::folder("watched");
    let watched = Watched::new(&bin, &calls.concat());
    let run = |call: &str| sh(&format!("PATH={}:$PATH\n{call}", bin.display())).held();
    let said: Vec<String> = calls.iter().map(|call| run(call)).collect();
    watched.are_impersonal();
    let json = |nr: usize| serde_json::from_str::<Value>(&said[nr]).unwrap_or_else(|_| panic!("{}", said[nr]));
    let (first, second, third) = (json(0), json(1), json(2));
    assert_eq!(first["data"]["clean_three_years"], true);
    assert!(first["receipt"].get("tlog_proof").is_none());
    assert!(second["receipt"]["tlog_proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\n"));
    assert_eq!((&third["code"], &third["status"]), (&"unknown-scenario".into(), &400.into()));
    assert!(third["title"].as_str().unwrap().is_ascii(), "in English: {third}");
    // A loan with a consent of its own, a withdrawal, and the consent that is withdrawn.
    let (loan, withdrawal, refused) = (json(3), json(4), json(5));
    assert_eq!(loan["data"].as_object().unwrap().keys().collect::<Vec<_>>(), ["clean_three_years", "score_band"]);
    assert_eq!((&withdrawal["revoked"], &refused["jti"]), (&true.into(), &Value::Null));
    assert_eq!(refused["code"], "consent-revoked");
    // Each run of the line signs a new consent.
    assert!(run(calls[3]).contains(r#""clean_three_years":true"#));
    assert!(said[6].starts_with("credit-gateway.example/demo/r1\n"), "{}", said[6]);
    assert!(!said[7].is_empty());
    each(&calls, |call| assert!(!call.contains(" -k ") && !call.contains("--insecure")));
    let index = first["receipt"]["index"].as_u64().unwrap();
    assert_eq!(gateway.folder().leaf(index).text("operator"), "staff-0017");
}

#[test]
fn the_demo_s_standard_output_is_for_the_reader_and_its_log_is_not_in_it() {
    let gateway = shared();
    let out = gateway.out().text();
    each(out.lines(), |line| assert!(!line.starts_with('{'), "a line of the log"));
    let ready: Vec<&str> = out.lines().filter(|line| line.starts_with("ready ")).collect();
    assert_eq!(ready.len(), 1);
    assert!(out.contains("All results are as expected."), "the tour was not made to its end");
    drop(checked::answer(
        gateway.folder(),
        "housing",
        &gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 18))),
    ));
    assert!(Path::new(&gateway.folder().config()).is_file());
}

/// Columns of a line in a terminal: a Chinese character or mark takes two.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// The refusals that a tour shows, code by code, each found on the record at the leaf that it names.
fn shown(out: &str, leaves: &[Leaf]) -> Vec<(String, String)> {
    let rows = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|row| row.len() > 4 && row[0].parse::<u16>().is_ok_and(|status| status >= 400));
    let shown: Vec<_> = rows
        .map(|row| {
            let leaf = &leaves[row[3].parse::<usize>().unwrap()];
            assert_eq!((leaf.text("outcome"), leaf.text("code")), ("refused", row[1]), "{row:?}");
            (row[0].to_owned(), row[1].to_owned())
        })
        .collect();
    let codes: std::collections::BTreeSet<&str> = shown.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes.len(), shown.len(), "a code is shown twice: {shown:?}");
    shown
}

/// What the tour rests on, broken: it ends there with 1 and says why, and without `--once` the demo serves all the same.
#[test]
fn a_tour_that_does_not_hold_ends_with_1_and_one_line() {
    let dir = credit_tests::scratch::folder("broken").join("demo");
    let (path, port) = (dir.to_str().unwrap(), credit_tests::ports().to_string());
    let demo = ["demo", "--once", "--dir", path, "--port-base", &port];
    drop(credit_tests::gateway(&demo).held());
    let complaint = |said: String| {
        let lines: Vec<_> =
            said.lines().filter(|line| line.starts_with("credit-gateway: ")).map(str::to_owned).collect();
        assert_eq!(lines.len(), 1, "{said}");
        lines[0].clone()
    };
    // The gateway does not know the authority's keys any more.
    let keys = dir.join("keys/consent-authority.jwks");
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::write(&keys, text.replace("demo-eddsa", "another")).unwrap();
    assert!(complaint(credit_tests::gateway(&demo).failed(1)).contains("consent-invalid"));
    std::fs::write(&keys, text).unwrap();
    drop(credit_tests::gateway(&demo).held());
    // The person is not what the file says.
    let persons = dir.join("persons.csv");
    let text = std::fs::read_to_string(&persons).unwrap();
    let (clean, late) = (",clean\n", ",late\n");
    std::fs::write(&persons, text.replace(clean, ",x\n").replace(late, clean).replace(",x\n", late)).unwrap();
    assert!(complaint(credit_tests::gateway(&demo).failed(1)).contains("clean three years"));
    std::fs::write(&persons, text).unwrap();
    // An institution that may not ask.
    let config = dir.join("config.toml");
    let suspend = ["institution", "suspend", "employer", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    assert!(complaint(credit_tests::gateway(&demo).failed(1)).contains("institution-suspended"));
}

/// A folder that was used is served at once: the tour is made once, and its lines are not mixed with those of the log.
#[test]
fn a_second_demo_of_a_folder_serves_without_a_tour() {
    let gateway = Gateway::demo(Folder::new());
    assert!(gateway.out().text().contains("All results are as expected."));
    assert_eq!(gateway.err().text(), "", "a log without a fault");
    let folder = gateway.stop();
    let before = Leaf::all(&folder.join("data/log")).len();
    let gateway = Gateway::demo(folder);
    let out = gateway.out().text();
    assert!(out.starts_with("This demo has been used before") && out.contains("Calls to copy"), "{out}");
    assert!(!out.contains("All results are as expected."), "{out}");
    assert_eq!(Leaf::all(&gateway.stop().join("data/log")).len(), before);
}

#[test]
fn demo_once_makes_the_folder_tours_and_ends() {
    let dir = credit_tests::scratch::folder("once").join("made/on/the/way");
    let port = credit_tests::ports().to_string();
    let path = dir.to_str().unwrap();
    let mut english = String::new();
    // The ports of a folder stay, until others are asked for.
    let elsewhere = credit_tests::ports();
    for ports in [port.as_str(), &elsewhere.to_string(), ""] {
        let base = ["--port-base", ports];
        let base = if ports.is_empty() { &[][..] } else { &base };
        english = credit_tests::gateway(&[&["demo", "--once", "--dir", path], base].concat()).held();
        assert!(!english.contains("ready "), "{english}");
        assert!(
            english.contains("The person sees that it has fetched it."),
            "each tour has somebody who objects: {english}"
        );
    }
    let config = std::fs::read_to_string(dir.join("config.toml")).unwrap();
    assert!(config.contains(&format!("institutions = \"127.0.0.1:{elsewhere}\"")), "{config}");
    let leaves = Leaf::all(&dir.join("data/log"));
    let chinese = sh(&format!(
        "LC_ALL=zh_CN.UTF-8 {} demo --once --dir {path} --port-base {port}",
        binaries::credit_gateway().display()
    ));
    let chinese = chinese.held();
    let refused = shown(&english, &leaves);
    assert!(refused.len() >= 10, "{refused:?}");
    assert_eq!(refused, shown(&chinese, &Leaf::all(&dir.join("data/log"))), "both languages show the same");
    each(english.lines().chain(chinese.lines()), |line| assert!(columns(line) <= 100, "too wide: {line}"));
    each(english.lines().filter(|line| !line.contains("应查必查")), |line| assert!(line.is_ascii(), "{line}"));
    assert!(chinese.contains("公租房"));
    let longest = [&english, &chinese].map(|out| out.split(|c: char| !c.is_ascii_digit()).map(str::len).max());
    assert!(longest.iter().all(|longest| *longest < Some(9)), "whose number is that? {longest:?}");
    // A folder that is something else is left alone.
    let other = credit_tests::scratch::folder("thesis");
    std::fs::write(other.join("thesis.txt"), "mine").unwrap();
    let other = other.to_str().unwrap();
    let refused = credit_tests::gateway(&["demo", "--once", "--dir", other, "--port-base", &port]);
    assert!(matches!(refused.code, Some(64 | 69)), "{refused:?}");
}

//! nginx as the report interface, over mutual TLS, and curl as its client: neither knows anything of the gateway.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use credit_tests::{Authority, Folder, Gateway, Wish, command, ports, scratch, tools};
use rustix::process::{Pid, Signal, kill_process};

use super::{CANARY, ROUTE, allowed, before, consent, nothing, path, report};

/// A server with one report. Ended when dropped.
struct Nginx(Child);

impl Nginx {
    /// Serves the report of one person, to who has a certificate of `callers`; of everybody else it has none.
    fn start(callers: &Authority, own: &Authority, port: u16, number: &str, report: &str) -> Self {
        let folder = scratch::folder("nginx");
        let (certificate, key) = own.server(&["127.0.0.1"]);
        fs::create_dir_all(folder.join("www/reports")).unwrap();
        fs::write(folder.join("www/reports").join(number), report).unwrap();
        for (name, text) in [("server.pem", &*certificate), ("server.key", &*key), ("callers.pem", &*callers.pem())] {
            fs::write(folder.join(name), text).unwrap();
        }
        let it = folder.display();
        let config = format!(
            "worker_processes 1; daemon off; master_process off; pid {it}/pid; error_log {it}/error.log;
             events {{ worker_connections 64; }}
             http {{ access_log {it}/access.log; default_type application/json; gzip on; gzip_min_length 1; gzip_types *;
               client_body_temp_path {it}/1; proxy_temp_path {it}/2; fastcgi_temp_path {it}/3; uwsgi_temp_path {it}/4; scgi_temp_path {it}/5;
               server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3; ssl_certificate {it}/server.pem;
                 ssl_certificate_key {it}/server.key; ssl_client_certificate {it}/callers.pem; ssl_verify_client on;
                 root {it}/www; expires 1h; add_header Set-Cookie session=1; }} }}"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let child =
            Command::new(tools::nginx()).arg("-p").arg(&folder).arg("-c").arg(&file).stderr(Stdio::null()).spawn();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child.unwrap())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).ok();
        }
        drop(self.0.wait());
    }
}

/// What curl gets; `base` is all that its user changes.
fn curl(folder: &Folder, base: &str, number: &str, consent: &str) -> (String, String) {
    let file = |name: &str| folder.join(name).display().to_string();
    let arguments = [
        "--silent".to_owned(),
        "--show-error".to_owned(),
        "--compressed".to_owned(),
        "--cacert".to_owned(),
        file("ca.pem"),
        "--cert".to_owned(),
        file("institutions/bank.pem"),
        "--key".to_owned(),
        file("institutions/bank.key"),
        "--header".to_owned(),
        "Credit-Operator: staff-0017".to_owned(),
        "--header".to_owned(),
        format!("Authorization: {consent}"),
        "--write-out".to_owned(),
        "\n%{http_code}".to_owned(),
        format!("{base}{}", path(number)),
    ];
    let said = command("curl", &arguments).held();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (body.to_owned(), status.to_owned())
}

#[test]
fn an_old_client_changes_its_address_adds_two_headers_and_gets_the_scenario_s_members() {
    let (callers, own, port) = (Authority::new("stores"), Authority::new("an office"), ports());
    let folder = before(&format!("https://127.0.0.1:{port}"), ROUTE);
    let (certificate, key) = callers.certify(&Wish::caller("asker", 7));
    for (name, text) in [("asker.pem", certificate), ("asker.key", key), ("office.pem", own.pem())] {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    folder.replace_in_config(
        "classes = []",
        "classes = []\nauthorities = \"office.pem\"\ncertificate = \"asker.pem\"\nkey = \"asker.key\"",
    );
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let whole = report(&number, &other);
    assert!(whole.len() > 2_000, "a report of 2 KB: {}", whole.len());
    let _nginx = Nginx::start(&callers, &own, port, &number, &whole);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let base = format!("https://127.0.0.1:{}", folder.port_base());
    for (number, expected) in [(&number, allowed as fn(&str) -> String), (&other, nothing)] {
        let (body, status) = curl(folder, &base, number, &consent(folder, number, 1));
        assert_eq!(status, "200", "{body}");
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, expected(json["subject"]["id"].as_str().unwrap()));
        assert!(!body.contains(CANARY));
    }
    let (body, status) = curl(folder, &base, &number, "Bearer none");
    assert_eq!(status, "401", "{body}");
}

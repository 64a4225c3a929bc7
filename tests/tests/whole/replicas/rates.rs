//! Rates that gateways keep together in Redis: the limit is that of all, each keeps its share while the server is away, and says so.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::Command,
    time::Instant,
};

use credit_tests::{Authority, Folder, Gateway, Program, figures, ports, query::look_up, readiness, scratch};
use serde_json::Value;

use super::{TIME, ask_at_once, callers, replicas_with};
use crate::faults::within;

/// What an institution may ask, a second and at once.
const RATE: u32 = 30;

/// A Redis with TLS, and one user who may do what the gateway does.
pub(super) struct Redis {
    folder: PathBuf,
    port: u16,
    authority: String,
    server: Option<Program>,
}

impl Redis {
    pub(super) fn start() -> Self {
        let folder = scratch::folder("redis");
        let authority = Authority::new("an authority of rates");
        let (certificate, key) = authority.server(&["127.0.0.1"]);
        let mut redis = Self { folder, port: ports(), authority: authority.pem(), server: None };
        let config = format!(
            "port 0\ntls-port {}\nbind 127.0.0.1\ntls-cert-file server.crt\ntls-key-file server.key\ntls-ca-cert-file ca.pem\n\
             tls-auth-clients no\nsave \"\"\nuser default off\n\
             user rates on >a-word ~{{credit-gateway}}:* resetchannels -@all +evalsha +script|load +get +set +time +ping +hello +select\n",
            redis.port
        );
        for (name, text) in [
            ("server.crt", &*certificate),
            ("server.key", &*key),
            ("ca.pem", &*redis.authority),
            ("redis.conf", &*config),
        ] {
            fs::write(redis.folder.join(name), text).unwrap();
        }
        redis.run();
        redis
    }

    pub(super) fn run(&mut self) {
        // Debian's redis-tools has the server under another name, by which it knows what it is.
        let mut command = Command::new("redis-check-rdb");
        command.arg0("redis-server").arg("redis.conf").current_dir(&self.folder);
        let server = Program::start(command);
        assert!(server.out().wait(|said| said.contains("Ready to accept connections")), "Redis does not start");
        self.server = Some(server);
    }

    pub(super) fn stop(&mut self) {
        self.server = None;
    }

    /// Makes it the server of rates of a folder.
    pub(super) fn serves(&self, folder: &Folder) {
        for (name, text) in [("redis-ca.pem", &*self.authority), ("redis.password", "a-word\n")] {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let url = format!("rediss://rates@127.0.0.1:{}", self.port);
        folder.edit_config(|config| {
            format!(
                "{config}\n[state.rates]\nurl = \"{url}\"\npassword_file = \"redis.password\"\nauthorities = \"redis-ca.pem\"\n\
                 gateways = 3\ntimeout_ms = 1000\n"
            )
        });
    }
}

/// With a rate for housing alone.
fn bounded(config: &str) -> String {
    let at = config.find("id = \"housing\"").unwrap();
    let (before, of) = config.split_at(at);
    let end = of.find("[[").unwrap_or(of.len());
    let (of, after) = of.split_at(end);
    let line = |name: &str| of.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let (rate, burst) = (line("rate_per_s = "), line("burst = "));
    let of = of.replace(&rate, &format!("rate_per_s = {RATE}")).replace(&burst, &format!("burst = {RATE}"));
    format!("{before}{of}{after}")
}

/// How many of many queries at once are answered, and for how many seconds they took; everything else is over the rate.
fn answered(gateways: &[Gateway], count: usize) -> (u32, f64) {
    let housing = callers(gateways, "housing");
    let number = gateways[0].folder().person("clean", 0);
    let began = Instant::now();
    let replies = ask_at_once(&housing, count, |_| (look_up(&number), Vec::<(String, String)>::new()));
    let took = began.elapsed().as_secs_f64();
    assert_eq!(replies.len(), count);
    let answered = replies.iter().filter(|(_, reply)| reply.status == 200).count();
    let limited = replies.iter().filter(|(_, reply)| reply.code() == "rate-limited");
    let waits = limited.clone().all(|(_, reply)| reply.header("retry-after").is_some_and(|wait| wait != "0"));
    assert!(waits, "a refusal does not say when");
    assert_eq!(limited.count() + answered, count);
    (u32::try_from(answered).unwrap(), took)
}

fn are_alone(gateways: &[Gateway]) -> bool {
    gateways.iter().all(|gateway| readiness(gateway.folder().port_base() + 4).1.contains("warning: rates-alone"))
}

#[test]
fn is_that_of_all_of_them_and_each_keeps_its_share_while_the_server_is_away() {
    let mut redis = Redis::start();
    let gateways = replicas_with(3, |folder| {
        folder.edit_config(|config| bounded(&config));
        redis.serves(folder);
    });
    let is_together =
        || gateways.iter().all(|gateway| !readiness(gateway.folder().port_base() + 4).1.contains("rates-alone"));
    assert!(within(TIME, is_together), "they do not reach the server of rates");
    let (count, took) = answered(&gateways, 150);
    let most = f64::from(RATE) * (1.0 + took) + 1.0;
    assert!(count >= RATE / 2 && f64::from(count) <= most, "{count} answered in {took:.2} s");
    figures(format_args!("of 150 at once over three gateways {count} were answered, of {RATE} a second and at once"));
    redis.stop();
    assert!(within(TIME, || are_alone(&gateways)), "nothing says that the server is away");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (count, took) = answered(&gateways, 150);
    let most = f64::from(RATE) * (1.0 + took) + 1.0;
    assert!(count >= 3 && f64::from(count) <= most, "{count} answered in {took:.2} s, each of its share");
    redis.run();
    assert!(within(TIME, is_together), "they do not come back");
    let (count, took) = answered(&gateways, 150);
    assert!(f64::from(count) <= f64::from(RATE) * (1.0 + took) + 1.0, "{count} answered in {took:.2} s");
    let refused: Vec<Value> =
        gateways.iter().flat_map(|gateway| gateway.folder().leaves()).map(|leaf| leaf.json).collect();
    assert!(refused.iter().any(|leaf| leaf["code"] == "rate-limited"), "a refusal is not on the record");
}

#[test]
fn a_wrong_password_is_said_and_keeps_nobody_from_serving() {
    let redis = Redis::start();
    let gateways = replicas_with(1, |folder| {
        redis.serves(folder);
        fs::write(folder.join("redis.password"), "another-word\n").unwrap();
    });
    let number = gateways[0].folder().person("clean", 0);
    let housing = &callers(&gateways, "housing")[0];
    assert_eq!(housing.ask(&look_up(&number)).status, 200);
    assert!(within(TIME, || are_alone(&gateways)), "nothing says it");
    assert!(
        within(TIME, || gateways[0].err().text().contains("does not let this user in")),
        "the log does not say why"
    );
    assert!(!gateways[0].err().text().contains("another-word"));
}

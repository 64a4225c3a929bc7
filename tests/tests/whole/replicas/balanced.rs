//! Three gateways behind the balancer that is shipped: a restart of each fails no query.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use credit_tests::{
    Caller, Connection, Ends, Folder, Gateway, Program, Reply, figures, ports, postgres::Server, query::look_up,
    request, run, scratch, tools,
};
use hyper::Method;

use super::{TIME, are_right, made, started, stopped};
use crate::faults::{is_drill, within};

/// Where a gateway tells the balancer whether it may get connections; beyond its own ports.
fn readiness(folder: &Folder) -> u16 {
    folder.port_base() + 8
}

/// Tells a balancer whether a folder's gateway may get connections.
pub(super) fn answers_balancer(folder: &Folder) {
    folder.replace_in_config("[listen]\n", &format!("[listen]\nreadiness = \"127.0.0.1:{}\"\n", readiness(folder)));
}

/// The balancer as it is shipped, but for its addresses; and it looks more often, so that the test is shorter.
pub(super) fn balancer(gateways: &[Gateway]) -> (Program, u16) {
    let port = ports();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/deploy/haproxy.cfg");
    let mut text = fs::read_to_string(shipped).unwrap();
    let mut replace = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    };
    replace("check inter 3s", "check inter 200ms");
    // It asks for two descriptors a connection, which a machine of tests may not give.
    replace("maxconn 20000", "maxconn 500");
    replace("bind :8443", &format!("bind 127.0.0.1:{port}"));
    replace("bind :8444", &format!("bind 127.0.0.1:{}", port + 1));
    for (nr, gateway) in gateways.iter().enumerate() {
        let (base, readiness) = (gateway.folder().port_base(), readiness(gateway.folder()));
        let address = format!("192.0.2.1{}", nr + 1);
        replace(&format!("{address}:8443 port 8449"), &format!("127.0.0.1:{base} port {readiness}"));
        replace(&format!("{address}:8444 port 8449"), &format!("127.0.0.1:{} port {readiness}", base + 1));
    }
    let file = scratch::folder("balancer").join("haproxy.cfg");
    fs::write(&file, text).unwrap();
    let mut command = std::process::Command::new(tools::haproxy());
    command.arg("-db").arg("-f").arg(file);
    (Program::start(command), port)
}

/// Somebody who keeps a connection to the balancer as long as it lasts.
struct Client<'a> {
    caller: &'a Caller,
    connection: Option<Connection>,
}

impl<'a> Client<'a> {
    fn new(caller: &'a Caller) -> Self {
        Self { caller, connection: None }
    }

    /// Asks, and once more where no reply came or the gateway is on its way down; under one key.
    async fn ask_twice(&mut self, number: &str, key: &str) -> Result<(), String> {
        let first = match self.ask(number, key).await {
            Ok(reply) if reply.status == 503 && reply.code() == "draining" => Err("draining".to_owned()),
            first => first,
        };
        let reply = match first {
            Ok(reply) => reply,
            Err(first) => {
                let again = self.ask(number, key).await;
                again.map_err(|second| format!("no reply: {first}, and then {second}"))?
            }
        };
        if reply.status == 200 { Ok(()) } else { Err(format!("{} {}", reply.status, reply.code())) }
    }

    /// Why no reply came, else.
    async fn ask(&mut self, number: &str, key: &str) -> Result<Reply, String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.caller.http1().await.map_err(|error| format!("no connection ({error})"))?,
        };
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let reply = connection.send(request(Method::POST, "/v1/queries", &headers, look_up(number).to_string())).await;
        let reply = reply.map_err(|error| format!("a connection that broke ({error})"))?;
        // Whoever goes down says that this was the last reply.
        self.connection = Some(connection).filter(|_| reply.header("connection") != Some("close"));
        Ok(reply)
    }
}

/// How many queries a second, and by how many clients: in the drill as many as a city has.
fn load() -> (u32, usize) {
    if is_drill() { (500, 32) } else { (150, 4) }
}

#[test]
fn the_balancer_that_is_shipped_takes_all_three_through_a_restart() {
    let server = Server::shared();
    let gateways = made(&[server], 3, |folder| {
        answers_balancer(folder);
        // Two dozen looks of the balancer.
        folder.replace_in_config("drain_notice_s = 0", "drain_notice_s = 5");
    });
    let (_balancer, port) = balancer(&gateways);
    let first = gateways[0].folder();
    let caller = Caller::of(first.path(), "housing", port);
    let (rate, clients) = load();
    let people = first.noted("clean");
    let is_passed = || run(Client::new(&caller).ask_twice(&people[0], "the-first")).is_ok();
    assert!(within(TIME, is_passed), "the balancer passes nothing");
    let (is_over, asked, failed) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let begun = Instant::now();
    let gateways: Vec<_> = std::thread::scope(|scope| {
        let ends = Ends(&is_over);
        for nr in 0..clients {
            let (mut client, number) = (Client::new(&caller), &people[nr % people.len()]);
            let (is_over, asked, failed) = (&is_over, &asked, &failed);
            scope.spawn(move || {
                run(async {
                    // Each its share of the rate, whether or not the one before took long.
                    let mut due =
                        tokio::time::interval(Duration::from_secs(1) * u32::try_from(clients).unwrap() / rate);
                    for at in (0..).take_while(|_| !is_over.load(Ordering::SeqCst)) {
                        due.tick().await;
                        if let Err(why) = client.ask_twice(number, &format!("balanced-{nr}-{at}")).await {
                            *failed.lock().unwrap().entry(why).or_insert(0) += 1;
                        }
                        asked.fetch_add(1, Ordering::SeqCst);
                    }
                });
            });
        }
        let again = |gateway: Gateway| {
            let gateway = started(gateway.stop());
            let before = asked.load(Ordering::SeqCst);
            let more = usize::try_from(rate).unwrap();
            assert!(within(TIME, || asked.load(Ordering::SeqCst) > before + more), "nothing is asked");
            gateway
        };
        let gateways = gateways.into_iter().map(again).collect();
        drop(ends);
        gateways
    });
    assert_eq!(failed.into_inner().unwrap(), BTreeMap::new());
    let (asked, took) = (asked.into_inner(), begun.elapsed().as_secs_f64());
    let a_second = asked as f64 / took;
    figures(format_args!(
        "{asked} queries through the balancer over three restarts, {a_second:.0} a second: none failed"
    ));
    // What the machine makes of a rate is known of programs that users run, which `CREDIT_BINARIES` names.
    if is_drill() && std::env::var_os("CREDIT_BINARIES").is_some() {
        assert!(a_second >= 0.9 * f64::from(rate), "{a_second:.0} a second instead of {rate}");
    }
    let database = super::database_of(gateways[0].folder());
    let folders = stopped(gateways);
    are_right(server, &database, &folders);
    // Each had its share: none of them was left out.
    assert!(folders.iter().all(|folder| !super::answered(std::slice::from_ref(folder)).is_empty()));
}

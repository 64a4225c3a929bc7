//! Three gateways behind the balancer that is shipped: a restart of each fails no query.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use credit_tests::{
    Caller, Ends, Folder, Gateway, Program, figures, ports, postgres::Server, query::look_up, scratch, tools,
};

use super::{TIME, are_right, made, started, stopped, tried};
use crate::faults::within;

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

/// Asks at the balancer, and once more where no reply came or the gateway is on its way down; under one key.
fn ask_twice(caller: &Caller, number: &str, key: &str) -> Result<(), String> {
    let (body, headers) = (look_up(number), [("idempotency-key", key)]);
    let is_done = |reply: &credit_tests::Reply| reply.status != 503 || reply.code() != "draining";
    let first = tried(caller, &body, &headers).filter(is_done);
    let reply = first.or_else(|| tried(caller, &body, &headers)).ok_or("no reply")?;
    if reply.status == 200 { Ok(()) } else { Err(format!("{} {}", reply.status, reply.code())) }
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
    let numbers: Vec<_> = (0..4).map(|nr| first.person("clean", nr)).collect();
    assert!(within(TIME, || ask_twice(&caller, &numbers[0], "the-first").is_ok()), "the balancer passes nothing");
    let (is_over, asked, failed) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let gateways: Vec<_> = std::thread::scope(|scope| {
        let ends = Ends(&is_over);
        for (nr, number) in numbers.iter().enumerate() {
            let (caller, is_over, asked, failed) = (&caller, &is_over, &asked, &failed);
            scope.spawn(move || {
                for at in (0..).take_while(|_| !is_over.load(Ordering::SeqCst)) {
                    if let Err(why) = ask_twice(caller, number, &format!("balanced-{nr}-{at}")) {
                        *failed.lock().unwrap().entry(why).or_insert(0) += 1;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
            });
        }
        let again = |gateway: Gateway| {
            let gateway = started(gateway.stop());
            let before = asked.load(Ordering::SeqCst);
            assert!(within(TIME, || asked.load(Ordering::SeqCst) > before + 100), "nothing is asked");
            gateway
        };
        let gateways = gateways.into_iter().map(again).collect();
        drop(ends);
        gateways
    });
    assert_eq!(failed.into_inner().unwrap(), BTreeMap::new());
    figures(format_args!("{} queries through the balancer over three restarts: none failed", asked.into_inner()));
    let database = super::database_of(gateways[0].folder());
    let folders = stopped(gateways);
    are_right(server, &database, &folders);
    // Each had its share: none of them was left out.
    assert!(folders.iter().all(|folder| !super::answered(std::slice::from_ref(folder)).is_empty()));
}

//! A server that goes away and comes back.

use std::time::{Duration, Instant};

use credit_tests::{Folder, Gateway, postgres::Server};

use super::{change_database, gateway_after};
use crate::{
    faults::within,
    stores::{CLEAN, ask, failed, readiness, ready, refused},
};

#[test]
fn a_server_that_was_stopped_refuses_at_once_and_answers_within_five_seconds_of_its_return() {
    let server = Server::start();
    let folder = Folder::new();
    let database = server.seeded(&folder);
    server.serve_from(&folder, &database);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    assert_eq!(ask(folder, &number), CLEAN);
    server.stop();
    let began = Instant::now();
    refused(folder, &number);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(within(Duration::from_secs(5), || readiness(folder) == failed()), "{:?}", readiness(folder));
    server.run();
    assert!(within(Duration::from_secs(5), || readiness(folder) == ready()), "{:?}", readiness(folder));
    assert_eq!(ask(folder, &number), CLEAN);
}

#[test]
fn connections_that_the_server_ended_are_made_again() {
    let (gateway, database) = gateway_after(|_| "SELECT 1".to_owned());
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    for _ in 0..3 {
        assert_eq!(ask(folder, &number), CLEAN);
        // Until each is gone: of one that is about to go, the gateway may not know yet, and no fetch is made twice.
        change_database(
            &database,
            &format!(
                "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = '{database}' AND usename = 'credit_reader'"
            ),
        );
        assert!(within(Duration::from_secs(5), || ask(folder, &number) == CLEAN));
    }
}

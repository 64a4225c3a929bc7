//! The authorities of a database's certificate are renewed while the gateway serves.

use std::{fs, time::Duration};

use credit_tests::{Authority, metric, postgres::Server};

use super::gateway_after;
use crate::{
    faults::within,
    stores::{CLEAN, ask, put, readiness, ready},
};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_authorities_of_a_database_are_read_again() {
    let (gateway, _) = gateway_after(|_| "SELECT 1".to_owned());
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    assert_eq!(ask(folder, &number), CLEAN);
    let refused = || metric(folder.port_base(), "credit_gateway_store_files_refused");
    // What cannot be used changes nothing, and is told.
    put(folder, "postgres-ca.pem", "no certificate\n");
    assert!(within(SOON, || refused() == 1));
    assert_eq!(readiness(folder), (200, "ready\nwarning: store-files-refused: own\n".to_owned()));
    assert_eq!(ask(folder, &number), CLEAN);
    fs::remove_file(folder.join("postgres-ca.pem")).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!((ask(folder, &number), refused()), (CLEAN, 1));
    // Another authority's: no look-up goes over a connection that was made before.
    put(folder, "postgres-ca.pem", &Authority::new("another authority").pem());
    assert!(within(SOON, || ask(folder, &number).is_none()));
    assert_eq!(refused(), 0);
    put(folder, "postgres-ca.pem", &Server::shared().authority());
    assert!(within(SOON, || ask(folder, &number) == CLEAN && readiness(folder) == ready()), "{:?}", readiness(folder));
}

//! An object store as others run it: signatures, conditions and locks are its own.

use credit_tests::{Folder, Gateway, s3::ObjectStore};

use super::{TIME, ask, command, figure, names, origin, verified};
use crate::faults::within;

#[test]
fn a_store_of_others_takes_the_log_locks_it_and_gives_it_back() {
    let store = ObjectStore::shared();
    let folder = Folder::new();
    let name = format!("credit-gateway.example/objects/{}", folder.port_base());
    let own = origin(&folder);
    let add = ["keys", "add-log", "--origin", &name, "--config", folder.config().to_str().unwrap()].map(str::to_owned);
    drop(credit_tests::gateway(&add).held());
    folder.replace_in_config(&own, &name);
    names(&folder, &store.url(), "lock = \"compliance\"\nlock_days = 1");
    drop(credit_tests::gateway(&["check", "--config", folder.config().to_str().unwrap()]).held());
    let gateway = Gateway::serve(folder);
    ask(&gateway, "seaweed", 260);
    let folder = gateway.folder();
    let size = || credit_tests::metric(folder.port_base(), "credit_gateway_log_published_leaves");
    assert!(within(TIME, || figure(folder, "leaves") == size() && size() > 260), "{}", gateway.err().text());
    let tile = format!("log/{name}/tile/0/000");
    let bundle = format!("log-entries/{name}/tile/entries/000");
    assert_eq!([store.asked("GET", &tile, &[]), store.asked("GET", &bundle, &[])], ["200", "200"]);
    assert_eq!(store.asked_by_anybody(&bundle), "403");
    // A version that is locked stays; a mark over it is put off.
    assert_eq!(store.asked("DELETE", &bundle, &[]), "204");
    assert!(within(TIME, || store.asked("GET", &bundle, &[]) == "200"));
    assert!(within(TIME, || figure(folder, "restored_total") == 1));
    ask(&gateway, "more", 5);
    let folder = gateway.stop();
    drop(command(&folder, &["repair"]).held());
    drop(command(&folder, &["check"]).held());
    let to = folder.join("fetched");
    drop(command(&folder, &["fetch", "--to", to.to_str().unwrap()]).held());
    verified(&to, &folder);
    // Other credentials are refused, and said so.
    let credentials = std::fs::read_to_string(folder.join("objects.credentials")).unwrap();
    std::fs::write(folder.join("objects.credentials"), credentials.replace("tests=", "tests")).unwrap();
    assert!(command(&folder, &["check"]).failed(69).contains("403 (SignatureDoesNotMatch)"));
}

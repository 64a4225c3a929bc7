//! `demo --postgres URL`: the same tour on a database that the demo makes.

use credit_tests::{Folder, Gateway, gateway as command, ports, postgres::Server, scratch};

use super::change_database;

#[test]
fn the_demo_tours_on_a_database_that_it_makes_and_touches_no_other() {
    let server = Server::shared();
    let other = server.database("TEMPLATE template0");
    change_database(&other, "CREATE TABLE record(a int)");
    let (dir, port) = (scratch::folder("demo-postgres").join("demo"), ports().to_string());
    let dir = dir.to_str().unwrap();
    let demo = |url: &str| command(&["demo", "--once", "--dir", dir, "--port-base", &port, "--postgres", url]);
    // No folder is made for a server that is away.
    assert!(demo("postgresql://owner@127.0.0.1:1/demo").failed(69).contains("cannot reach the server of"));
    assert!(!std::path::Path::new(dir).exists());
    let taken = demo(&server.owner_url(&other)).failed(64);
    assert!(taken.contains(&format!("the database `{other}` has other tables")), "{taken}");
    assert!(demo("postgresql://owner@10.0.0.1/demo").failed(64).contains("a server of this machine"));
    assert!(demo("postgresql://owner:word@127.0.0.1/demo").failed(64).contains("PGPASSWORD"));
    assert!(demo("postgresql://owner@127.0.0.1:1/demo").failed(69).contains("cannot reach"));
    let name = format!("{other}_demo");
    let url = server.owner_url(&name);
    let said = demo(&url).held();
    assert!(said.contains(&format!("in the PostgreSQL database `{name}`")), "{said}");
    assert!(said.contains("All results are as expected."), "{said}");
    let config = std::fs::read_to_string(std::path::Path::new(dir).join("config.toml")).unwrap();
    assert!(config.contains("kind = \"postgres\"") && !config.contains("kind = \"sqlite\""), "{config}");
    let count = server.sql(&name, "SELECT count(DISTINCT number) > 900 FROM attribute").held();
    assert_eq!(count.trim(), "t");
    // The folder answers from there: nothing is made again, and no other database takes its place.
    let again = demo(&url).held();
    assert!(again.contains("All results are as expected.") && !again.contains("in the PostgreSQL database"), "{again}");
    assert!(demo(&server.owner_url(&other)).failed(64).contains("answers from another database"));
}

#[test]
fn a_demo_that_answered_from_its_own_store_is_not_told_to_answer_from_a_database() {
    let folder = Folder::new();
    let dir = folder.path().to_str().unwrap().to_owned();
    let gateway = Gateway::serve(folder);
    let _folder = gateway.stop();
    for url in ["postgresql://owner@127.0.0.1:1/demo", &Server::shared().owner_url("demo_of_an_old_folder")] {
        let said = command(&["demo", "--once", "--dir", &dir, "--postgres", url]).failed(64);
        assert!(said.contains("answers from a store of its own already"), "{said}");
    }
    let databases = Server::shared().sql("postgres", "SELECT datname FROM pg_database").held();
    assert!(!databases.contains("demo_of_an_old_folder"), "{databases}");
}

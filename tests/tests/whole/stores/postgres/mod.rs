//! PostgreSQL as the store: the same answers as from SQLite, and what it refuses.

mod answers;
mod away;
mod daily;
mod demo;
mod encodings;
mod mapped;
mod renewed;
mod scale;
mod starts;
mod types;

use credit_tests::{Folder, Gateway, postgres::Server};

use super::mapped::Office;

/// A folder that is answered from a database of its own on the shared server, and the database's name.
fn folder() -> (Folder, String) {
    let folder = Folder::new();
    let database = Server::shared().seeded(&folder);
    Server::shared().serve_from(&folder, &database);
    (folder, database)
}

/// A server with an office's tables, and an office whose penalties and licences the gateway reads there.
fn office(server: &Server, made: &str, map: &str) -> (Office, String) {
    let database = server.database(made);
    let office = Office::without_tables(&format!("{}map = \"{map}\"", server.store(&database)));
    server.lets_in(&office.folder);
    (office, database)
}

/// A gateway that answers from a database, after something was done to it as its owner.
fn gateway_after(change: impl FnOnce(&Folder) -> String) -> (Gateway, String) {
    let (folder, database) = folder();
    let change = change(&folder);
    change_database(&database, &change);
    (Gateway::serve(folder), database)
}

fn change_database(database: &str, sql: &str) {
    drop(Server::shared().sql(database, sql).held());
}

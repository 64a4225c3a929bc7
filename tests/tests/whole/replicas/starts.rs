//! With whom a gateway does not count together.

use credit_tests::{
    Folder, Gateway, checked, gateway,
    postgres::{READER, Server, Sql},
    query::look_up,
};

use crate::consents::new_log::continue_log;

use super::{database, make_tables, member, with_keys_of_logs, with_ring_of};

#[track_caller]
fn refused(folder: &Folder, says: &str) {
    let config = folder.config();
    for command in ["check", "serve"] {
        let ended = gateway(&[command, "--config", config.to_str().unwrap()]);
        assert_ne!(ended.code, Some(0), "{command}");
        assert!(ended.err.contains(says), "{command}: {}", ended.err);
    }
}

#[test]
fn another_ring_tables_that_are_missing_and_a_log_that_was_counted_alone_are_refused() {
    let server = Server::shared();
    let database = database(server);
    let member = |database: &str, name: &str| {
        with_keys_of_logs(member(server, database, name), &[name.to_owned(), "r4".to_owned()])
    };
    let first = Gateway::serve(member(&database, "r0"));
    let stranger = super::member(server, &database, "r1");
    std::fs::remove_file(stranger.join("keys/ring.json")).unwrap();
    drop(gateway(&["keys", "init", "--config", stranger.config().to_str().unwrap()]).held());
    refused(&stranger, "is not the one of this ring");
    let empty = server.database("TEMPLATE template0");
    refused(&member(&empty, "r2"), "has not the tables");
    refused(&member("nowhere", "r3"), "cannot use the shared state");
    // A log with queries that nobody else knows of.
    let alone = Folder::new();
    let gateway = Gateway::serve(alone);
    let reply = gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 0)));
    checked::answer(gateway.folder(), "housing", &reply);
    let alone = gateway.stop();
    let joined = super::member(server, &database, "r4");
    let state = std::fs::read_to_string(joined.config()).unwrap();
    let state = &state[state.rfind("[state]").unwrap()..];
    server.lets_in(&alone);
    alone.edit_config(|config| format!("{config}\n{state}"));
    refused(&alone, "was counted by one gateway alone");
    drop(Gateway::serve(with_ring_of(joined, &first)).stop());
}

#[test]
fn older_tables_are_refused_until_they_are_made_new_and_then_all_is_told_again() {
    let server = Server::shared();
    let database = database(server);
    let folder = with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]);
    let gateway = Gateway::serve(folder);
    crate::cases::open(gateway.folder(), "BEFORE", &gateway.folder().person("clean", 0));
    let folder = gateway.stop();
    // As the release before had it: the case was told to nobody.
    let before = "DROP TABLE credit_schema; ALTER TABLE credit_replica DROP COLUMN kinds; \
                  DELETE FROM credit_act WHERE position('\"kind\":\"case\"' IN convert_from(leaf, 'UTF8')) > 0";
    drop(server.sql(&database, before).held());
    refused(&folder, "has not the tables");
    make_tables(server, &database);
    make_tables(server, &database);
    let gateway = Gateway::serve(folder);
    crate::cases::decide(gateway.folder(), "BEFORE", None);
    let cases = "SELECT count(*) FROM credit_act WHERE position('\"kind\":\"case\"' IN convert_from(leaf, 'UTF8')) > 0";
    assert_eq!(super::number_in(server, &database, cases), 2);
}

#[test]
fn tables_that_may_not_be_written_or_of_which_one_is_gone_are_refused_by_check_as_by_serve() {
    let server = Server::shared();
    let database = server.made("TEMPLATE template0");
    let folder = with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]);
    let grant = |what: &str| format!("GRANT {what} ON ALL TABLES IN SCHEMA public TO {};", READER);
    drop(server.sql(&database, &format!("{}\n{}", super::STATE_SCHEMA, grant("SELECT"))).held());
    refused(&folder, "or its role may not write them");
    drop(server.sql(&database, &grant("INSERT, UPDATE, DELETE")).held());
    let config = folder.config();
    let check = || gateway(&["check", "--config", config.to_str().unwrap()]);
    drop(check().held());
    for taken in [format!("REVOKE UPDATE ON credit_once FROM {}", READER), "DROP TABLE credit_asked".to_owned()] {
        drop(server.sql(&database, &taken).held());
        assert!(check().failed(64).contains("or its role may not write them"), "{taken}");
        drop(server.sql(&database, &format!("{}\n{}", super::STATE_SCHEMA, grant("ALL"))).held());
    }
}

#[test]
fn where_a_standby_is_required_and_there_is_none_nothing_starts() {
    let server = Server::shared();
    let folder = with_keys_of_logs(member(server, &database(server), "r0"), &["r0".to_owned()]);
    folder.replace_in_config("standby = \"none\"\n", "");
    refused(&folder, "pg_read_all_stats");
}

#[test]
fn the_key_of_the_next_month_is_made_once_and_waits_in_the_ring() {
    let folder = Folder::new();
    let config = folder.config();
    let of = |arguments: &[&str]| gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat()).held();
    let (before, said) = (of(&["keys", "status"]), of(&["keys", "prepare"]));
    let key = said.split(' ').next().unwrap().to_owned();
    assert!(key.starts_with("data-") && !before.contains(&key));
    let status = of(&["keys", "status"]);
    let line = status.lines().find(|line| line.contains(&key)).expect("it is in the ring");
    assert!(line.contains("pending"), "{line}");
    assert!(of(&["keys", "prepare"]).starts_with(&key), "it is made once");
    assert_eq!(of(&["keys", "status"]), status);
}

#[test]
fn a_log_that_continues_another_says_again_what_is_suspended_before_anybody_can_be_told() {
    let server = Server::shared();
    let folder = with_keys_of_logs(member(server, &database(server), "r0"), &["r0".to_owned()]);
    let gateway = Gateway::serve(folder);
    let config = gateway.folder().config();
    let suspend = ["institution", "suspend", "housing", "--reason", "drill", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    let folder = gateway.stop();
    continue_log(&folder, 1, &[]);
    let gateway = Gateway::serve(folder);
    let reply = gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 0)));
    checked::refusal(gateway.folder(), "housing", &reply, 403, "institution-suspended");
}

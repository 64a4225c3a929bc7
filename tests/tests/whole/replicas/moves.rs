//! A log that was counted by one gateway alone goes into the shared state, and comes out of it: nothing is used twice on the way.

use std::fs;

use credit_tests::{
    Ended, Folder, Gateway, checked, gateway,
    postgres::Server,
    query::{look_up, look_up_under},
};

use super::{answered_in, database, member, number_in, with_keys_of_logs, with_ring_of};
use crate::consents::{ask, new_jti, token, withdraw};

/// The same folder with and without its `[state]`.
struct Configured {
    alone: String,
    together: String,
}

impl Configured {
    fn of(folder: &Folder) -> Self {
        let together = fs::read_to_string(folder.config()).unwrap();
        let alone = together[..together.rfind("\n[state]").unwrap()].to_owned() + "\n";
        Self { alone, together }
    }

    fn alone(&self, folder: &Folder) {
        fs::write(folder.config(), &self.alone).unwrap();
    }

    fn together(&self, folder: &Folder) {
        fs::write(folder.config(), &self.together).unwrap();
    }
}

fn on(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat())
}

#[track_caller]
fn refused(folder: &Folder, arguments: &[&str], code: i32, says: &str) {
    let ended = on(folder, arguments);
    assert!(ended.code == Some(code) && ended.err.contains(says), "{arguments:?}: {:?} {}", ended.code, ended.err);
}

/// What has the gateway refuse again, whoever counts.
struct Used {
    used_up: String,
    withdrawn: String,
    case: serde_json::Value,
}

/// Uses up a consent and a case, withdraws a consent, and has an institution suspended.
fn use_up(gateway: &Gateway) -> Used {
    let folder = gateway.folder();
    let number = folder.person("clean", 0);
    let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
    let used_up = token(folder, &number, 1);
    checked::answer(folder, "bank", &ask(&bank, &used_up));
    let jti = new_jti();
    let withdrawn = super::of_ten_uses(folder, &jti, &number);
    checked::answer(folder, "bank", &ask(&bank, &withdrawn));
    assert_eq!(withdraw(folder, &jti).status, 200);
    let case = look_up_under(&number, "CASE-BEFORE");
    let last = (0..50).map(|_| housing.ask(&case)).find(|reply| reply.status != 200).expect("a case has a limit");
    checked::refusal(folder, "housing", &last, 409, "case-already-used");
    drop(on(folder, &["institution", "suspend", "employer", "--reason", "drill"]).held());
    Used { used_up, withdrawn, case }
}

#[track_caller]
fn stays_used(gateway: &Gateway, used: &Used) {
    let folder = gateway.folder();
    let (bank, housing) = (folder.caller("bank"), folder.caller("housing"));
    checked::refusal(folder, "bank", &ask(&bank, &used.used_up), 403, "consent-used-up");
    checked::refusal(folder, "bank", &ask(&bank, &used.withdrawn), 403, "consent-revoked");
    checked::refusal(folder, "housing", &housing.ask(&used.case), 409, "case-already-used");
    let listed = on(folder, &["institution", "list"]).held();
    assert!(listed.lines().any(|line| line.contains("employer") && line.contains("suspended")), "{listed}");
}

/// The database fails at the last step: nothing of it is there, and the log is counted alone as before.
fn fails_at_the_last_step(server: &Server, database: &str, folder: &Folder) {
    let fails = "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$; \
                 CREATE TRIGGER fails BEFORE INSERT ON credit_replica FOR EACH ROW EXECUTE FUNCTION fails()";
    drop(server.sql(database, fails).held());
    refused(folder, &["state", "join"], 69, "cannot use the shared state");
    let rows = "SELECT (SELECT count(*) FROM credit_count) + (SELECT count(*) FROM credit_use) + (SELECT count(*) FROM credit_act)";
    assert_eq!(number_in(server, database, rows), 0);
    drop(server.sql(database, "DROP TRIGGER fails ON credit_replica").held());
}

#[test]
fn what_one_gateway_counted_alone_counts_for_all_once_it_has_joined() {
    let server = Server::shared();
    let database = database(server);
    let folder = with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned(), "r1".to_owned()]);
    let configured = Configured::of(&folder);
    configured.alone(&folder);
    let gateway = Gateway::serve(folder);
    let used = use_up(&gateway);
    refused(gateway.folder(), &["state", "join"], 69, "a gateway is running");
    let folder = gateway.stop();
    refused(&folder, &["state", "join"], 64, "there is no [state]");
    configured.together(&folder);
    for command in ["check", "serve"] {
        refused(&folder, &[command], 64, "was counted by one gateway alone");
    }
    // As a crash leaves it: it may be there, so it is neither counted alone nor together before it is known.
    let note = folder.join("data/state.shared");
    fs::write(&note, "joining\n").unwrap();
    configured.alone(&folder);
    for command in ["check", "serve"] {
        refused(&folder, &[command], 64, "counts together with others");
    }
    configured.together(&folder);
    fails_at_the_last_step(server, &database, &folder);
    configured.alone(&folder);
    drop(on(&folder, &["check"]).held());
    configured.together(&folder);
    let said = on(&folder, &["state", "join"]).held();
    assert!(said.contains("uses of consents 2,"), "{said}");
    assert_eq!(number_in(server, &database, "SELECT count(*) FROM credit_use"), 2);
    let first_of = answered_in([&folder].into_iter()).len();
    // A crash after it: asking again finds it there.
    fs::write(&note, "joining\n").unwrap();
    assert!(on(&folder, &["state", "join"]).held().contains("already"));
    assert_eq!(fs::read_to_string(&note).unwrap(), "joined\n");
    configured.alone(&folder);
    refused(&folder, &["serve"], 64, "counts together with others");
    configured.together(&folder);
    // Another one begins before the first is back.
    let second = member(server, &database, "r1");
    fs::copy(folder.join("keys/ring.json"), second.join("keys/ring.json")).unwrap();
    let second = Gateway::serve(second);
    stays_used(&second, &used);
    let first = Gateway::serve(folder);
    stays_used(&first, &used);
    let number = first.folder().person("clean", 1);
    let token = token(first.folder(), &number, 1);
    checked::answer(second.folder(), "bank", &ask(&second.folder().caller("bank"), &token));
    checked::refusal(first.folder(), "bank", &ask(&first.folder().caller("bank"), &token), 403, "consent-used-up");
    let folder = first.stop();
    assert_eq!(answered_in([&folder].into_iter()).len(), first_of);
    refused(&folder, &["state", "leave"], 64, "counts in this shared state, or did");
    // One that was counted alone meanwhile does not come into what others use.
    let third = with_ring_of(member(server, &database, "r2"), &second);
    let third = with_keys_of_logs(third, &["r2".to_owned()]);
    let configured = Configured::of(&third);
    configured.alone(&third);
    let third = Gateway::serve(third);
    checked::answer(third.folder(), "housing", &third.folder().caller("housing").ask(&look_up(&number)));
    let third = third.stop();
    configured.together(&third);
    refused(&third, &["state", "join"], 64, "counts in this shared state, or did");
    configured.alone(&third);
    drop(Gateway::serve(third).stop());
    drop(second.stop());
}

#[test]
fn a_gateway_that_was_alone_in_the_shared_state_counts_on_alone_once_it_has_left() {
    let server = Server::shared();
    let database = database(server);
    let folder = with_keys_of_logs(member(server, &database, "r0"), &["r0".to_owned()]);
    let configured = Configured::of(&folder);
    let gateway = Gateway::serve(folder);
    let used = use_up(&gateway);
    refused(gateway.folder(), &["state", "leave"], 69, "a gateway is running");
    let folder = gateway.kill();
    configured.alone(&folder);
    refused(&folder, &["serve"], 64, "counts together with others");
    configured.together(&folder);
    assert!(on(&folder, &["state", "leave"]).held().contains("out of the shared state"));
    let rows = "SELECT (SELECT count(*) FROM credit_count) + (SELECT count(*) FROM credit_use) + (SELECT count(*) FROM credit_act) \
                + (SELECT count(*) FROM credit_replica) + (SELECT count(*) FROM credit_claim) + (SELECT count(*) FROM credit_repeat)";
    assert_eq!(number_in(server, &database, rows), 0);
    refused(&folder, &["serve"], 64, "was counted by one gateway alone");
    // After a crash it may not be known that it has left; asking again says so.
    let note = folder.join("data/state.shared");
    assert!(!note.exists());
    fs::write(&note, "leaving\n").unwrap();
    configured.alone(&folder);
    refused(&folder, &["serve"], 64, "counts together with others");
    configured.together(&folder);
    assert!(on(&folder, &["state", "leave"]).held().contains("is not in the shared state"));
    // A note of another shared state is not believed to be about this one.
    fs::write(&note, "joined\n").unwrap();
    for command in ["join", "leave"] {
        refused(&folder, &["state", command], 64, "in another shared state");
    }
    fs::remove_file(&note).unwrap();
    configured.alone(&folder);
    let gateway = Gateway::serve(folder);
    stays_used(&gateway, &used);
    let folder = gateway.stop();
    // And back.
    configured.together(&folder);
    drop(on(&folder, &["state", "join"]).held());
    let gateway = Gateway::serve(folder);
    stays_used(&gateway, &used);
    drop(gateway.stop());
}

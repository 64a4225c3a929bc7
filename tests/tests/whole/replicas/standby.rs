//! What was written counts when a synchronous standby has it: whatever becomes of the server, nothing that was told as done is lost.

use std::time::Duration;

use credit_tests::{
    Folder, Gateway, checked, figures,
    postgres::{READER, Server},
    query::look_up,
    relay::Relay,
};

use super::{ask_at_once, callers, made, started, stopped};
use crate::{
    consents::{ask, bearer, loan, new_jti, of_one_use, withdraw},
    directories::Directory,
    faults::{is_drill, within},
};

/// A server with a standby, and two gateways that believe nothing which the standby has not.
fn pair(directory: &Directory) -> (Server, Server, Vec<Gateway>) {
    let primary = Server::start();
    drop(primary.sql("postgres", &format!("GRANT pg_read_all_stats TO {READER}")).held());
    let standby = primary.standby();
    let gateways = made(&[&primary, &standby], 2, |folder: &Folder| {
        folder.replace_in_config("standby = \"none\"", "standby = \"required\"");
        directory.lists(folder);
    });
    (primary, standby, gateways)
}

#[test]
fn without_its_standby_nothing_is_answered() {
    let directory = Directory::init();
    let (_primary, standby, gateways) = pair(&directory);
    let housing = callers(&gateways, "housing");
    let number = gateways[0].folder().person("clean", 0);
    let ask = |at: usize| housing[at].ask(&look_up(&number));
    assert_eq!((ask(0).status.as_u16(), ask(1).status.as_u16()), (200, 200));
    standby.stop();
    let refused = ask(0);
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "state-unavailable"));
    standby.run();
    for at in [0, 1] {
        assert!(within(Duration::from_secs(20), || ask(at).status == 200), "it does not come back");
    }
}

#[test]
fn a_server_that_is_cut_off_keeps_nobody_from_the_one_that_took_over() {
    let (primary, directory) = (Server::start(), Directory::init());
    let standby = primary.standby();
    let relay = Relay::to(primary.port());
    let gateways = made(&[&primary, &standby], 1, |folder: &Folder| {
        directory.lists(folder);
        folder.replace_in_config(&format!("127.0.0.1:{},", primary.port()), &format!("127.0.0.1:{},", relay.port()));
    });
    let (housing, number) = (&callers(&gateways, "housing")[0], gateways[0].folder().person("clean", 0));
    assert_eq!(housing.ask(&look_up(&number)).status, 200);
    // It takes connections still, and says nothing on any.
    relay.cut();
    primary.crash();
    standby.promote();
    let comes_back = within(Duration::from_secs(20), || housing.ask(&look_up(&number)).status == 200);
    assert!(comes_back, "it does not find the server that takes writes");
    directory.holds(&stopped(gateways));
}

/// The standby goes, writes wait for it, and somebody ends the wait; then the server is gone and the standby takes over.
fn fail_over(ends_the_wait: impl Fn(&Server)) -> (usize, usize) {
    let directory = Directory::init();
    let (primary, standby, gateways) = pair(&directory);
    let (banks, folder) = (callers(&gateways, "bank"), gateways[0].folder());
    let names: Vec<_> = (0..24).map(|nr| (new_jti(), folder.person("clean", nr % 8))).collect();
    let tokens: Vec<_> = names.iter().map(|(jti, number)| of_one_use(folder, jti, number)).collect();
    let bearer_of = |nr: usize| (loan(), vec![("authorization".to_owned(), bearer(&tokens[nr]))]);
    let withdrawn = of_one_use(folder, &new_jti(), &names[0].1);
    // Some are used while all is well, the others while the standby is away.
    let (before, during) = (8, tokens.len() - 8);
    let mut replies = ask_at_once(&banks[..1], before, bearer_of);
    standby.stop();
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_at_once(&banks[..1], during, |nr| bearer_of(before + nr)));
        let withdrawing = scope.spawn(|| withdraw(folder, &new_jti()).status);
        std::thread::sleep(Duration::from_millis(150));
        ends_the_wait(&primary);
        assert_ne!(withdrawing.join().unwrap(), 200, "a withdrawal that the standby has not was told as done");
        asking.join().unwrap()
    });
    replies.extend(asked);
    let told = replies.iter().filter(|(_, reply)| reply.status == 200).count();
    primary.crash();
    standby.run();
    standby.promote();
    // What the standby takes over waits for nobody: from here on the gateways count without another one.
    let gateways: Vec<_> = gateways
        .into_iter()
        .map(|gateway| {
            let folder = gateway.kill();
            folder.replace_in_config("standby = \"required\"", "standby = \"none\"");
            started(folder)
        })
        .collect();
    // The other gateway knows of no use but by the database: what was told is used there.
    let other = gateways[1].folder().caller("bank");
    let answered = tokens.iter().filter(|token| ask(&other, token).status == 200).count();
    assert_eq!(answered, tokens.len() - told, "{told} were told");
    for token in &tokens {
        checked::refusal(gateways[1].folder(), "bank", &ask(&other, token), 403, "consent-used-up");
    }
    checked::answer(gateways[1].folder(), "bank", &ask(&other, &withdrawn));
    directory.holds(&stopped(gateways));
    (told, tokens.len())
}

#[test]
fn what_was_told_as_done_is_there_after_a_failover_however_the_wait_ended() {
    let cancel = |primary: &Server| {
        let waits = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        drop(primary.sql("postgres", waits).held());
    };
    let empty = |primary: &Server| primary.set_standbys("");
    // The server is stopped fast, which ends every wait and writes what it has, or at once, which does neither.
    let ways: [&dyn Fn(&Server); 4] = [&cancel, &empty, &Server::stop, &Server::crash];
    let rounds = if is_drill() { 25 } else { 1 };
    let (mut told, mut all) = (0, 0);
    for way in ways.iter().cycle().take(rounds * ways.len()) {
        let of_round = fail_over(way);
        (told, all) = (told + of_round.0, all + of_round.1);
    }
    figures(format_args!(
        "{told} of {all} uses were told as done over {} failovers; all of them are there",
        rounds * ways.len()
    ));
}

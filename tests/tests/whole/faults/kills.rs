//! SIGKILL under load, again and again.

use std::time::Duration;

use credit_tests::{Folder, Gateway, Reply};

use super::{Chance, is_full, keep, load::Load, record, verify};

const SEED: u64 = 0x2026_1122;

#[test]
fn whatever_a_caller_holds_is_in_the_log_after_every_kill() {
    let rounds = if is_full() { 50 } else { 5 };
    let mut chance = Chance(SEED);
    let mut gateway = Gateway::serve(Folder::new());
    // A checkpoint to begin with, and the key as an auditor has it.
    let first = gateway.folder().leaf(0);
    assert_eq!(first.text("kind"), "open");
    let vkey = keep(gateway.folder(), &gateway.folder().log().join("log.vkey"), "kept.vkey");
    let mut old = keep(gateway.folder(), &gateway.folder().log().join("checkpoint"), "kept.checkpoint");
    let mut held: Vec<Reply> = Vec::new();
    for round in 0..rounds {
        let load = Load::start(gateway.folder(), &format!("kill-{round}"));
        std::thread::sleep(Duration::from_millis(chance.between(20, 900)));
        let folder = gateway.kill();
        held.extend(load.end().recorded("never"));
        // While it is dead, for whoever has the folder or a copy of it.
        verify(&folder.join("data"), &vkey, Some(&old));
        old = keep(&folder, &folder.log().join("checkpoint"), "dead.checkpoint");
        gateway = Gateway::serve(folder);
        let folder = gateway.folder();
        let last = held.iter().map(Reply::index).max().unwrap_or_default();
        assert!(folder.leaf(last).index == last);
        verify(&folder.join("data"), &vkey, Some(&old));
        old = keep(folder, &folder.log().join("checkpoint"), "alive.checkpoint");
        record::assert_whole(&folder.leaves(), &held, &folder.vkey());
    }
    let answered = held.iter().filter(|reply| reply.status == 200).count();
    let proven = held.iter().filter(|reply| reply.json()["receipt"].get("tlog_proof").is_some()).count();
    assert!(answered > 20 && held.len() - answered > 20 && proven > 20, "{answered} of {}, {proven}", held.len());
    let folder = gateway.stop();
    verify(&folder.join("data"), &vkey, Some(&old));
    record::assert_whole(&folder.leaves(), &held, &folder.vkey());
}

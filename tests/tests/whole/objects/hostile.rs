//! A store that is bad in every way that could be made: queries are answered all the same, and what it should have it has in the
//! end.

use std::{collections::BTreeSet, fs};

use credit_tests::{Folder, Gateway};

use super::{
    TIME, ask, checkpoint, command, figure, folder_with, holds, is_current, is_warned, names, origin, size,
    store::{Mode, Store},
};
use crate::faults::within;

#[test]
fn the_log_goes_to_two_buckets_and_a_copy_of_them_holds() {
    let store = Store::start();
    let gateway = Gateway::serve(folder_with(&store, "lock = \"governance\"\nlock_days = 30"));
    ask(&gateway, "whole", 300);
    is_current(&store, gateway.folder());
    let origin = origin(gateway.folder());
    let keys: BTreeSet<String> = store.keys().into_iter().collect();
    for key in ["tile/0/000", "checkpoint"] {
        assert!(keys.contains(&format!("log/{origin}/{key}")), "{key}: {keys:?}");
    }
    assert!(keys.contains(&format!("log-entries/{origin}/tile/entries/000")), "{keys:?}");
    assert!(keys.iter().any(|key| key.starts_with(&format!("log/{origin}/tile/1/000.p/"))), "{keys:?}");
    for key in &keys {
        assert_eq!(
            key.starts_with("log-entries/"),
            key.contains("/tile/entries/"),
            "entries in the private bucket alone"
        );
    }
    // Tiles never cover anything, and the checkpoint only what it follows.
    let mut checkpoints = 0;
    for head in store.puts().iter().map(|head| head.to_ascii_lowercase()) {
        let covers = head.contains("\r\nif-match: ");
        assert!(covers != head.contains("\r\nif-none-match: *\r\n"), "{head}");
        assert!(!covers || head.contains("/checkpoint "), "{head}");
        assert!(head.contains("\r\nx-amz-object-lock-mode: governance\r\n"), "{head}");
        assert!(head.contains("\r\nx-amz-object-lock-retain-until-date: "), "{head}");
        checkpoints += usize::from(covers);
    }
    assert!(checkpoints > 0);
    assert_eq!(figure(gateway.folder(), "restored_total"), 0);
    let folder = gateway.stop();
    drop(holds(&store, &folder));
}

#[test]
fn a_bad_store_holds_nobody_up_and_has_everything_once_it_is_sound() {
    let store = Store::start();
    let gateway = Gateway::serve(folder_with(&store, "timeout_ms = 1000"));
    ask(&gateway, "before", 3);
    is_current(&store, gateway.folder());
    for (nr, mode) in [
        Mode::Hangs,
        Mode::Refuses("503 Slow Down", "SlowDown"),
        Mode::Refuses("403 Forbidden", "AccessDenied"),
        Mode::Full,
        Mode::Forgets,
        Mode::Spoils,
        Mode::Public,
    ]
    .into_iter()
    .enumerate()
    {
        store.set(mode);
        // While it says nothing to a request that it has, queries are answered.
        assert!(mode != Mode::Hangs || within(TIME, || store.held() > 0));
        ask(&gateway, &format!("bad-{nr}"), 3);
        assert!(within(TIME, || is_warned(gateway.folder())), "{mode:?}");
        assert!(within(TIME, || figure(gateway.folder(), "failing") == 1), "{mode:?}");
        // The checkpoint there covers nothing of what was asked meanwhile.
        let durable = credit_tests::metric(gateway.folder().port_base(), "credit_gateway_log_durable_leaves");
        assert!(store.body(&checkpoint(gateway.folder())).is_some_and(|there| size(&there) + 3 <= durable), "{mode:?}");
        store.set(Mode::Sound);
        is_current(&store, gateway.folder());
        assert!(within(TIME, || !is_warned(gateway.folder())), "{mode:?}");
        drop(holds(&store, gateway.folder()));
    }
    let figures = |name| figure(gateway.folder(), name);
    assert!(within(TIME, || figures("failing") == 0 && figures("behind_seconds") == 0));
    let text = gateway.err().text();
    assert!(text.contains("503 (SlowDown)") && text.contains("goes to the object store again"), "{text}");
    drop(gateway.stop());
}

#[test]
fn what_is_lost_or_covered_is_found_and_put_again_after_a_restart_too() {
    let store = Store::start();
    let gateway = Gateway::serve(folder_with(&store, ""));
    ask(&gateway, "kept", 270);
    is_current(&store, gateway.folder());
    let origin = origin(gateway.folder());
    let tile = format!("log/{origin}/tile/0/000");
    let bundle = format!("log-entries/{origin}/tile/entries/000");
    let sound = [&tile, &bundle].map(|path| store.body(path).unwrap());
    let is_mended = || [&tile, &bundle].map(|path| store.body(path)) == sound.clone().map(Some);
    store.lose(&bundle);
    store.cover(&tile, &[7; 8_192]);
    // Nobody is told otherwise by the commands meanwhile, whatever the round has mended already.
    assert!(within(TIME, is_mended));
    store.cover(&bundle, &sound[1][..100]);
    assert!(within(TIME, is_mended));
    store.cover(&checkpoint(gateway.folder()), b"not a checkpoint");
    is_current(&store, gateway.folder());
    store.lose(&checkpoint(gateway.folder()));
    is_current(&store, gateway.folder());
    assert!(within(TIME, || figure(gateway.folder(), "restored_total") >= 4));
    assert!(gateway.err().wait(|said| said.contains("was not there or another one, and was put again")));
    let folder = gateway.stop();
    // While no gateway runs.
    store.lose(&tile);
    store.cover(&bundle, &vec![0; 1 << 20]);
    let told = command(&folder, &["check"]).failed(1);
    assert!(told.contains("missing: tile/0/000") && told.contains("another content: tile/entries/000"), "{told}");
    let gateway = Gateway::serve(folder);
    assert!(within(TIME, is_mended));
    let folder = gateway.stop();
    store.lose(&bundle);
    let told = command(&folder, &["repair"]);
    assert!(told.err.contains("missing: tile/entries/000"), "{told:?}");
    assert!(told.held().contains("objects that are those of the log: ") && is_mended());
    drop(command(&folder, &["check"]).held());
    drop(holds(&store, &folder));
    // And back.
    let to = folder.join("fetched");
    drop(command(&folder, &["fetch", "--to", to.to_str().unwrap()]).held());
    super::verified(&to, &folder);
    store.cover(&tile, &[7; 8_192]);
    let to = folder.join("again");
    let told = command(&folder, &["fetch", "--to", to.to_str().unwrap()]).failed(1);
    assert!(told.contains("tile/0/000") || told.contains("000"), "{told}");
}

#[test]
fn a_store_that_knows_another_history_is_not_written_over() {
    let store = Store::start();
    let gateway = Gateway::serve(folder_with(&store, ""));
    ask(&gateway, "first", 4);
    is_current(&store, gateway.folder());
    let folder = gateway.stop();
    let kept = store.body(&checkpoint(&folder)).unwrap();
    // A gateway with the same keys that begins the log anew: what it has is shorter first, and another then.
    let again = Folder::new();
    names(&again, &store.url(), "");
    let gateway = Gateway::serve(again);
    let said = |words: &str| {
        let words = words.to_owned();
        gateway.err().wait(move |said| said.contains(&words))
    };
    assert!(said("which has") || said("does not continue"));
    ask(&gateway, "second", 12);
    assert!(said("that this log does not continue"));
    // That is no store that is away: it is a duty that fails, at once.
    assert!(said("\"place\":\"objects\""));
    assert!(is_warned(gateway.folder()));
    let told = command(gateway.folder(), &["repair"]).failed(1);
    assert!(told.contains("another gateway signs with its key"), "{told}");
    assert_eq!(store.body(&checkpoint(gateway.folder())).as_ref(), Some(&kept));
    let again = gateway.stop();
    assert_eq!(fs::read(folder.log().join("checkpoint")).unwrap(), kept);
    drop(again);
}

#[test]
fn a_file_that_rots_here_does_not_go_where_it_is_sound() {
    let store = Store::start();
    let gateway = Gateway::serve(folder_with(&store, ""));
    ask(&gateway, "sound", 260);
    is_current(&store, gateway.folder());
    let folder = gateway.stop();
    let tile = format!("log/{}/tile/0/000", origin(&folder));
    let sound = store.body(&tile).unwrap();
    let own = folder.log().join("tile/0/000");
    let mut bytes = fs::read(&own).unwrap();
    bytes[0] ^= 1;
    fs::write(&own, &bytes).unwrap();
    let told = command(&folder, &["repair"]).failed(69);
    assert!(told.contains("is not what the tree has there"), "{told}");
    assert_eq!(store.body(&tile).as_ref(), Some(&sound));
}

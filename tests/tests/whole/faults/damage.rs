//! Files of the log changed, cut and removed while the gateway is down.

use std::{
    fs,
    net::TcpStream,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use credit_tests::{Folder, Gateway, Reply};

use super::{keep, query, record, verify, within};

/// A folder with a few recorded queries, its gateway ended in order; and what the callers hold.
fn filled(queries: usize) -> (Folder, Vec<Reply>) {
    let gateway = Gateway::serve(Folder::new());
    let held = ask(&gateway, "filled", queries);
    (gateway.stop(), held)
}

fn ask(gateway: &Gateway, name: &str, queries: usize) -> Vec<Reply> {
    let folder = gateway.folder();
    let (caller, numbers) = (folder.caller("housing"), folder.noted("clean"));
    credit_tests::run(async {
        let mut connection = caller.http1().await.expect("a connection");
        let mut held = Vec::new();
        for nr in 0..queries {
            let body = query(&numbers[nr % numbers.len()], "staff-0017", &format!("{name}-{nr}"));
            let reply = connection.ask(&body).await.expect("a reply");
            assert_eq!(reply.status, 200);
            held.push(reply);
        }
        held
    })
}

/// The one segment of a small log.
fn segment(folder: &Folder) -> PathBuf {
    folder.join("data/wal/0000000000000000.seg")
}

/// Where the batches of a segment are (`audit/src/log/wal/frame.rs`).
fn batches(segment: &[u8]) -> Vec<Range<usize>> {
    let (mut batches, mut start, mut at) = (Vec::new(), 128, 128);
    loop {
        let length: [u8; 4] = segment[at..at + 4].try_into().expect("4 bytes");
        match u32::from_be_bytes(length) {
            0 => return batches,
            u32::MAX => {
                at += 64;
                batches.push(start..at);
                start = at;
            }
            length => at += 8 + length as usize,
        }
    }
}

/// Starts it on the folder; it must end with 69 and one clear line, and never open a port.
#[track_caller]
fn assert_refuses(folder: Folder, clear: &[&str]) -> Folder {
    let ports = folder.port_base()..folder.port_base() + 5;
    let command = Gateway::serve_command(&folder);
    let mut gateway = Gateway::spawn(folder, command);
    while gateway.is_running() {
        for port in ports.clone() {
            assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "port {port} is open");
        }
    }
    // It was seen to end, so this does not wait; the folder comes back with the process.
    let (out, err) = (gateway.out().all(), gateway.err().all());
    let (status, folder) = gateway.ended();
    assert_eq!((status.code(), out.as_str()), (Some(69), ""), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    for words in clear {
        assert!(err.contains(words), "`{words}` is not in: {err}");
    }
    folder
}

/// It starts, everything held is there, it goes on, and ends in order.
#[track_caller]
fn assert_goes_on(folder: Folder, held: &mut Vec<Reply>, name: &str) -> Folder {
    let vkey = keep(&folder, &folder.log().join("log.vkey"), "kept.vkey");
    let gateway = Gateway::serve(folder);
    held.extend(ask(&gateway, name, 3));
    let folder = gateway.stop();
    verify(&folder.join("data"), &vkey, None);
    record::assert_whole(&folder.leaves(), held, &folder.vkey());
    folder
}

#[test]
fn damage_before_the_end_is_refused_and_nothing_is_touched() {
    let (mut folder, mut held) = filled(12);
    let path = segment(&folder);
    let whole = fs::read(&path).expect("a segment");
    let batches = batches(&whole);
    assert!(batches.len() > 10, "{}", batches.len());
    for (batch, at) in [(0, 3), (1, 0), (2, 30), (5, 400), (8, 9)] {
        let mut bytes = whole.clone();
        bytes[batches[batch].start + at] ^= 0x40;
        fs::write(&path, &bytes).expect("written");
        folder = assert_refuses(folder, &["0000000000000000.seg", "is damaged at byte", "restore"]);
        assert!(fs::read(&path).expect("a segment") == bytes, "a refused log was changed");
    }
    fs::write(&path, &whole).expect("written");
    drop(assert_goes_on(folder, &mut held, "mended"));
}

#[test]
fn damage_is_noticed_in_a_log_of_several_tiles_too() {
    let (folder, mut held) = filled(600);
    let path = segment(&folder);
    let whole = fs::read(&path).expect("a segment");
    let mut bytes = whole.clone();
    bytes[batches(&whole)[3].start + 200] ^= 1;
    fs::write(&path, &bytes).expect("written");
    let folder = assert_refuses(folder, &["is damaged at byte"]);
    fs::write(&path, &whole).expect("written");
    drop(assert_goes_on(folder, &mut held, "mended"));
}

#[test]
fn a_torn_end_is_cut_off_and_writing_goes_on() {
    let (mut folder, mut held) = filled(5);
    let path = segment(&folder);
    // The beginning of a batch that was never told to anybody: its head only, half of it, all but its trailer's end.
    for (nr, keep) in [6, 700, usize::MAX].into_iter().enumerate() {
        let mut bytes = fs::read(&path).expect("a segment");
        let batches = batches(&bytes);
        let last = batches.last().expect("some").clone();
        let torn = bytes[last.clone()].to_vec();
        let keep = keep.min(torn.len() - 20);
        bytes[last.end..last.end + keep].copy_from_slice(&torn[..keep]);
        fs::write(&path, &bytes).expect("written");
        folder = assert_goes_on(folder, &mut held, &format!("torn-{nr}"));
    }
}

#[test]
fn a_log_that_is_shorter_than_the_rollback_guard_says_is_refused() {
    let (folder, mut held) = filled(5);
    let path = segment(&folder);
    let old = fs::read(&path).expect("a segment");
    let gateway = Gateway::serve(folder);
    held.extend(ask(&gateway, "more", 5));
    let folder = gateway.stop();
    let new = fs::read(&path).expect("a segment");
    let size = folder.leaves().len();
    // The older file in its place, and the newer one cut at each of its last batches.
    fs::write(&path, &old).expect("written");
    let says = format!("size {size} was signed");
    let mut folder = assert_refuses(folder, &["the write-ahead log ends at size", &says]);
    for batch in batches(&new).iter().rev().take(3) {
        let mut bytes = new.clone();
        bytes[batch.start..].fill(0);
        fs::write(&path, &bytes).expect("written");
        folder = assert_refuses(folder, &["the write-ahead log ends at size", &says]);
    }
    fs::write(&path, &new).expect("written");
    drop(assert_goes_on(folder, &mut held, "mended"));
}

#[test]
fn without_its_rollback_guard_it_is_refused() {
    let (folder, mut held) = filled(3);
    let path = folder.join("data/wal/second-place");
    let whole = fs::read(&path).expect("the rollback guard");
    fs::remove_file(&path).expect("removed");
    let folder = assert_refuses(folder, &["the rollback guard", "is missing"]);
    fs::write(&path, vec![0; whole.len()]).expect("written");
    let folder = assert_refuses(folder, &["the rollback guard", "is damaged"]);
    fs::write(&path, &whole).expect("written");
    drop(assert_goes_on(folder, &mut held, "mended"));
}

#[test]
fn what_is_published_is_made_anew_from_the_write_ahead_log() {
    let (mut folder, mut held) = filled(300);
    for (nr, lost) in ["log/tile", "log/checkpoint", "log"].into_iter().enumerate() {
        let note = keep(&folder, &folder.log().join("checkpoint"), "kept.checkpoint");
        let vkey = keep(&folder, &folder.log().join("log.vkey"), "kept.vkey");
        let size = folder.leaves().len();
        let path = folder.join("data").join(lost);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.expect(lost);
        let gateway = Gateway::serve(folder);
        let is_there = within(Duration::from_secs(2), || gateway.folder().leaves().len() >= size);
        assert!(is_there, "`{lost}` is not made anew");
        verify(&gateway.folder().join("data"), &vkey, Some(&note));
        folder = assert_goes_on(gateway.kill(), &mut held, &format!("anew-{nr}"));
    }
}

#[test]
fn a_case_is_used_up_whatever_became_of_process_and_state() {
    let gateway = Gateway::serve(Folder::new());
    let number = gateway.folder().person("clean", 0);
    let look_up = |gateway: &Gateway| gateway.folder().caller("housing").ask(&query(&number, "staff-0017", "one case"));
    for _ in 0..3 {
        assert_eq!(look_up(&gateway).status, 200);
    }
    let refused = |gateway: &Gateway, when: &str| {
        let reply = look_up(gateway);
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (409, "case-already-used"), "{when}");
    };
    let gateway = Gateway::serve(gateway.kill());
    refused(&gateway, "after a kill");
    // More than a bundle, so that an end in order writes a snapshot of the state.
    drop(ask(&gateway, "more", 300));
    let gateway = Gateway::serve(gateway.stop());
    refused(&gateway, "with a snapshot");
    let gateway = Gateway::serve(gateway.kill());
    refused(&gateway, "with a snapshot and leaves after it");
    let folder = gateway.stop();
    let state = |folder: &Folder| folder.join("data/state.snapshot");
    assert!(state(&folder).exists());
    remove_state(&folder.join("data"));
    let gateway = Gateway::serve(folder);
    refused(&gateway, "without the snapshot");
    let folder = gateway.stop();
    let mut snapshot = fs::read(state(&folder)).expect("written at the end");
    let middle = snapshot.len() / 2;
    snapshot[middle] ^= 1;
    fs::write(state(&folder), snapshot).expect("written");
    let gateway = Gateway::serve(folder);
    refused(&gateway, "with a damaged snapshot");
    assert!(gateway.err().wait(|lines| lines.contains("the snapshot of the state cannot be used")));
    let folder = gateway.stop();
    remove_state(&folder.join("data"));
    fs::remove_dir_all(folder.log().join("tile")).expect("removed");
    let gateway = Gateway::serve(folder);
    refused(&gateway, "without snapshot and tiles");
}

fn remove_state(data: &Path) {
    fs::remove_file(data.join("state.snapshot")).expect("it was there");
}

#[test]
fn a_bundle_that_rots_while_it_serves_is_made_again_or_named() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let caller = folder.caller("housing");
    credit_tests::run(async {
        let mut connection = caller.http1().await.expect("a connection");
        for _ in 0..260 {
            let body = serde_json::json!({"scenario": "none"});
            assert_ne!(connection.ask(&body).await.expect("a reply").status, 200);
        }
    });
    let bundle = folder.log().join("tile/entries/000");
    assert!(within(Duration::from_secs(5), || bundle.exists()));
    let good = fs::read(&bundle).expect("published");
    let failures = || credit_tests::metric(folder.port_base(), r#"credit_gateway_duty_failures_total{duty="scrub"}"#);
    let restored = || credit_tests::metric(folder.port_base(), "credit_gateway_log_restored_files_total");
    let mut rotten = good.clone();
    rotten[1_000] ^= 1;
    // The write-ahead log has its records.
    fs::write(&bundle, &rotten).expect("ours");
    assert!(within(Duration::from_secs(5), || restored() == 1 && failures() == 0));
    assert_eq!(fs::read(&bundle).expect("restored"), good);
    let said = || gateway.err().text().contains("was made again");
    assert!(within(Duration::from_secs(5), said), "{}", gateway.err().text());
    // And now it has not any more.
    let segment = fs::read_dir(folder.join("data/wal")).expect("ours").map(|entry| entry.expect("a name").path());
    let segment = segment.filter(|path| path.extension().is_some_and(|kind| kind == "seg")).min().expect("a segment");
    let away = segment.with_extension("away");
    fs::rename(&segment, &away).expect("ours");
    fs::write(&bundle, &rotten).expect("ours");
    assert!(within(Duration::from_secs(5), || failures() > 0));
    assert!(gateway.err().text().contains("tile/entries/000"), "{}", gateway.err().text());
    assert_eq!(fs::read(&bundle).expect("there"), rotten);
    fs::rename(&away, &segment).expect("ours");
    let again = || gateway.err().text().contains("a duty in the background succeeds again");
    assert!(within(Duration::from_secs(5), again), "{}", gateway.err().text());
    assert_eq!(fs::read(&bundle).expect("restored"), good);
    drop(gateway.stop());
}

//! A store that is replaced while it is asked: the old answer, the new one, or none.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use credit_tests::{Folder, Gateway, query::look_up, run};
use rusqlite::Connection;

use super::{BLACK, CLEAN, another, ask, blackened, told};
use crate::faults::within;

/// The new answers are there within this.
const SOON: Duration = Duration::from_secs(10);

/// Callers who ask about one person until they are stopped; each answer is whole.
fn load(folder: &Folder, number: &str, stop: &Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<usize>> {
    let ask_on = |_| {
        let (caller, number, stop) = (folder.caller("housing"), number.to_owned(), Arc::clone(stop));
        std::thread::spawn(move || {
            run(async {
                let mut connection = caller.http1().await.unwrap();
                let mut asked = 0;
                while !stop.load(Ordering::SeqCst) {
                    let reply = connection.ask(&look_up(&number)).await.expect("the gateway lives");
                    match reply.status.as_u16() {
                        200 => assert!([CLEAN, BLACK].contains(&told(&reply)), "a mixture: {}", reply.text()),
                        502 => assert_eq!(reply.code(), "store-failed"),
                        429 => tokio::time::sleep(Duration::from_millis(50)).await,
                        _ => panic!("{}", reply.text()),
                    }
                    asked += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                asked
            })
        })
    };
    (0..4).map(ask_on).collect()
}

fn generous() -> Folder {
    let folder = Folder::new();
    for (limit, least) in
        [("rate_per_s = ", "100000"), ("burst = ", "100000"), ("look_ups_a_person_a_day = ", "1000000")]
    {
        folder.edit_config(|text| {
            text.lines()
                .map(|line| if line.starts_with(limit) { format!("{limit}{least}\n") } else { format!("{line}\n") })
                .collect()
        });
    }
    folder
}

#[test]
fn replaced_by_renaming_and_by_writing_over_under_load() {
    let mut gateway = Gateway::serve(generous());
    let (number, store) = (gateway.folder().person("clean", 0), gateway.folder().join("data/store.sqlite"));
    let clean = another(gateway.folder(), "clean.sqlite", "");
    let black = another(gateway.folder(), "black.sqlite", &blackened(&number));
    let stop = Arc::new(AtomicBool::new(false));
    let callers = load(gateway.folder(), &number, &stop);

    let renamed = gateway.folder().join("data/next.sqlite");
    fs::copy(&black, &renamed).unwrap();
    fs::rename(&renamed, &store).unwrap();
    let told = || ask(gateway.folder(), &number);
    assert!(within(SOON, || told() == BLACK), "renamed: {:?}", told());
    // Truncated and written again and again, then left alone: a reader that maps the file dies of this.
    for nr in 0..60 {
        fs::copy(if nr % 2 == 0 { &black } else { &clean }, &store).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(within(SOON, || told() == CLEAN), "written over: {:?}", told());
    // Without being truncated: old and new pages in one file that has the right length all the time.
    over_in_place(&black, &store);
    assert!(within(SOON, || told() == BLACK), "written over in place: {:?}", told());

    stop.store(true, Ordering::SeqCst);
    let asked: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    assert!(asked > 100, "{asked}");
    assert!(gateway.is_running());
    let left: Vec<_> =
        fs::read_dir(gateway.folder().join("data")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("store-copy")), "{left:?}");
}

fn over_in_place(from: &std::path::Path, to: &std::path::Path) {
    use std::io::Write;
    let bytes = fs::read(from).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(to).unwrap();
    for piece in bytes.chunks(bytes.len() / 8 + 1) {
        file.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    file.set_len(bytes.len() as u64).unwrap();
}

#[test]
fn written_by_transactions_of_another_program() {
    let gateway = Gateway::serve(Folder::new());
    let (folder, number) = (gateway.folder(), gateway.folder().person("clean", 0));
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch(&blackened(&number)).unwrap();
    assert!(within(SOON, || ask(folder, &number) == BLACK));

    // With a write-ahead log, and a writer that never pauses.
    store.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE beside(x)").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (stop, store) = (Arc::clone(&stop), Connection::open(folder.join("data/store.sqlite")).unwrap());
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                store.execute_batch("INSERT INTO beside VALUES (1)").unwrap();
                std::thread::sleep(Duration::from_millis(30));
            }
        })
    };
    store.busy_timeout(SOON).unwrap();
    let cleared =
        format!("DELETE FROM listing WHERE number = '{number}'; DELETE FROM record WHERE number = '{number}'");
    store.execute_batch(&cleared).unwrap();
    let is_clean = within(SOON, || ask(folder, &number) == CLEAN);
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert!(is_clean);
}

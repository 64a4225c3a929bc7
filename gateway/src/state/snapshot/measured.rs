//! What the counts need of memory and time, and that a snapshot gives back as many as were written.
//!
//! By hand, on a machine that does nothing else (`docs/sizing.md` has the figures):
//! `CASES=10000000 CONSENTS=1000000 cargo test --release -p credit-gateway --lib -- --nocapture state::snapshot::measured`.

#![expect(clippy::print_stdout, reason = "what is measured is read by the one who measures")]

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::date};

use super::{file::Reader, merge, usage};
use crate::{
    scratch::Scratch,
    state::{
        consent::Use,
        key::{consent_key, key},
        ledger::Ledger,
        projection::{ConsentName, Projection, UseEvent},
        random_log::CATALOGUE,
        usage::Usage,
    },
};

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Calls `each` so often; gives back the longest call, and the time of all.
fn timed(times: u64, mut each: impl FnMut(u64)) -> (Duration, Duration) {
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    for number in 0..times {
        let begun = Instant::now();
        each(number);
        longest = longest.max(begun.elapsed());
    }
    (longest, began.elapsed())
}

fn used(number: u64) -> UseEvent {
    let consent = consent_key("https://issuer.example", &number.to_string());
    UseEvent {
        consent: ConsentName::Token(consent, 1_900_000_000),
        use_: Use { at: 1_795_000_000_000_000, number: 1, holder: Some(number) },
    }
}

fn grown(cases: u64, consents: u64) -> Usage {
    let at: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();
    let (mut usage, empty) = (Usage::beginning(at), resident_bytes());
    let (longest, all) = timed(cases, |number| {
        let case = key("case", &["housing", &number.to_string()]);
        usage.cases.add(date(2026, 11, 1), &case, 1);
    });
    let with_cases = resident_bytes();
    println!(
        "{cases} cases: {:.0} MiB, longest addition {longest:?}, {:.2} µs each",
        mebibytes(with_cases - empty),
        all.as_secs_f64() * 1e6 / cases as f64
    );
    let (longest, all) = timed(consents, |number| {
        let UseEvent { consent: ConsentName::Token(consent, expires), use_ } = used(number) else { return };
        usage.use_consent(&consent, use_, expires);
    });
    println!(
        "{consents} consents: {:.0} MiB, longest addition {longest:?}, {:.2} µs each",
        mebibytes(resident_bytes() - with_cases),
        all.as_secs_f64() * 1e6 / consents as f64
    );
    usage
}

#[test]
fn what_counts_need_and_that_all_of_them_come_back() {
    let (cases, consents) = (number_of("CASES", 10_000), number_of("CONSENTS", 1_000));
    let folder = Scratch::new();
    let path = folder.path().join("state.snapshot");
    let usage_before = grown(cases, consents);
    let begun = Instant::now();
    let uses = (0..consents).map(used).collect();
    let run = Projection::with(Ledger::default(), usage_before, uses);
    let file = BufWriter::new(File::create(&path).unwrap());
    merge::merge::<File, _>(None, run, "origin", "root", file).unwrap();
    println!(
        "snapshot: {:.0} MiB, written in {:?}",
        mebibytes(std::fs::metadata(&path).unwrap().len()),
        begun.elapsed()
    );
    let begun = Instant::now();
    let (mut reader, head) = Reader::begin(BufReader::with_capacity(1 << 18, File::open(&path).unwrap())).unwrap();
    let mut projection = Projection::restored(head.ledger.clone(), usage(&mut reader, &head).unwrap());
    reader.end().unwrap();
    println!("start from it: {:?}", begun.elapsed());
    assert_eq!(projection.usage.cases.iter().count() as u64, cases);
    assert_eq!(projection.usage.consents.len() as u64, consents);
    let leaves: Vec<_> = (0..cases.min(65_536)).map(leaf).collect();
    let begun = Instant::now();
    for (index, leaf) in (0..).zip(&leaves) {
        projection.apply(&CATALOGUE, index, leaf).unwrap();
    }
    println!("{} leaves after it: {:?}", leaves.len(), begun.elapsed());
}

/// A must-check query as the gateway records it, but for what is in the places of texts.
fn leaf(number: u64) -> Vec<u8> {
    let subject = STANDARD.encode([7; 32]);
    let sealed = "A".repeat(1_460);
    format!(
        r#"{{"v":1,"kind":"query","id":"019aa000-0000-7000-8000-{number:012x}","at":"2026-11-22T05:00:00.000000Z","institution":"housing","seq":{},"operator":"staff-0017","certificate":"RRlzQGyOBQf8FtRPkZ7TjlxKZVzG1mLZQSmKX2dSvUk","scenario":"housing-purchase","ground":{{"statute":"a statute","case":"case {number}"}},"catalogue":"2026.11@sha256:00","rules":["open-to-kind"],"inputs":{{}},"outcome":"answered","fields":["black_listed"],"notice":"owed","answer":"{subject}","subject":"{subject}","key":"data-2026-11","sealed":"{sealed}","commit":"{subject}"}}"#,
        number + 1
    )
    .into_bytes()
}

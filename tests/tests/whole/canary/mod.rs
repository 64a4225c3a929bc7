//! The demo's numbers are found nowhere but where they belong: in no line of output or log, no metric, no trace, no answer, no file
//! of the data folder but the store. Plain, in hexadecimal, in base64 wherever it may begin, and hashed without a key.

mod core_dump;
mod histories;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use sha2::{Digest, Sha256};

use crate::mixed_load::mixed;

/// All that is searched for, by its first bytes.
struct Needles {
    by_start: BTreeMap<[u8; 4], Vec<Vec<u8>>>,
    starts: Vec<bool>,
}

impl Needles {
    fn new(numbers: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut by_start: BTreeMap<[u8; 4], Vec<Vec<u8>>> = BTreeMap::new();
        let mut starts = vec![false; 1 << 24];
        for needle in numbers.into_iter().flat_map(|number| forms(number.as_ref())) {
            starts[start_of(&needle)] = true;
            by_start.entry([needle[0], needle[1], needle[2], needle[3]]).or_default().push(needle);
        }
        Self { by_start, starts }
    }

    /// Where the first of them is found, and a little around it.
    fn find(&self, bytes: &[u8]) -> Option<String> {
        for (at, window) in bytes.windows(4).enumerate() {
            if !self.starts[start_of(window)] {
                continue;
            }
            let start = [window[0], window[1], window[2], window[3]];
            let found = self.by_start.get(&start).into_iter().flatten().any(|needle| bytes[at..].starts_with(needle));
            if found {
                let around = &bytes[at.saturating_sub(120)..(at + 120).min(bytes.len())];
                return Some(format!("at {at}: …{}…", String::from_utf8_lossy(around)));
            }
        }
        None
    }
}

/// Three bytes as a number: few windows begin as one of many needles does.
fn start_of(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// Every form in which a number could be there.
fn forms(number: &str) -> Vec<Vec<u8>> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hash = Sha256::digest(number);
    let mut forms = vec![number.to_owned(), number.to_lowercase(), hex(number.as_bytes()), hex(&hash)];
    for engine in [&STANDARD, &URL_SAFE] {
        forms.extend((0..3).map(|before| within_base64(engine, before, number.as_bytes())));
        forms.push(engine.encode(hash).trim_end_matches('=').to_owned());
    }
    forms.extend([forms[2].to_uppercase(), forms[3].to_uppercase()]);
    let mut forms: BTreeSet<Vec<u8>> = forms.into_iter().map(String::into_bytes).collect();
    forms.insert(hash.to_vec());
    forms.into_iter().collect()
}

/// What base64 makes of the bytes behind so many others: the characters that depend on nothing else.
fn within_base64(engine: &impl Engine, before: usize, bytes: &[u8]) -> String {
    let text = engine.encode([&vec![0; before], bytes].concat());
    text[(before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6].to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

fn is_store(file: &Path) -> bool {
    file.file_name().unwrap().to_string_lossy().starts_with("store.sqlite")
}

#[test]
fn the_search_finds_every_form() {
    let number = "990001199003071012";
    let needles = Needles::new([number]);
    assert!(needles.find(b"99000119900307101 and 2").is_none());
    let hash = Sha256::digest(number);
    let mut hidden = vec![format!("a{number}b").into_bytes(), [b"\x00\xff", &hash[..], b"\x00"].concat()];
    for before in ["", "a", "ab", "abc", "number: "] {
        for after in ["", "z", "zy"] {
            hidden.push(STANDARD.encode(format!("{before}{number}{after}")).into_bytes());
            hidden.push(URL_SAFE.encode(format!("{before}{number}{after}")).into_bytes());
        }
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    hidden.extend(
        [hex(number.as_bytes()), hex(number.as_bytes()).to_lowercase(), hex(&hash), hex(&hash).to_lowercase()]
            .map(String::into_bytes),
    );
    hidden.push(STANDARD.encode(hash).into_bytes());
    for bytes in hidden {
        assert!(needles.find(&bytes).is_some(), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_numbers_are_in_no_line_that_the_gateway_wrote() {
    let mixed = mixed();
    let needles = Needles::new(&mixed.numbers);
    assert!(mixed.err.lines().count() > 100, "the log was not talkative: {}", mixed.err.lines().count());
    assert_eq!(needles.find(mixed.err.as_bytes()), None, "standard error");
    // The calls to copy and paste have the first clean person, and nobody else has them.
    let first = &mixed.folder.noted("clean")[0];
    let others = Needles::new(mixed.numbers.iter().filter(|number| *number != first));
    assert_eq!(others.find(mixed.out.as_bytes()), None, "standard output");
    let first = Needles::new([first]);
    let mut calls = 0;
    for line in mixed.out.lines() {
        match first.find(line.as_bytes()) {
            // By a pipe: what is in arguments is seen by everybody on the machine.
            Some(found) => {
                let (before, call) = line.split_once(" | ").expect("a pipe");
                assert!(first.find(call.as_bytes()).is_none() && call.contains("/v1/queries"), "{found}");
                assert!(before.starts_with("echo "), "{found}");
            }
            None => continue,
        }
        calls += 1;
    }
    assert_eq!(calls, 5, "{}", mixed.out);
}

#[test]
fn the_numbers_are_in_no_metric_and_no_answer() {
    let mixed = mixed();
    let needles = Needles::new(&mixed.numbers);
    assert!(mixed.metrics.contains("credit_gateway_queries_total"));
    assert_eq!(needles.find(mixed.metrics.as_bytes()), None, "metrics");
    assert!(mixed.replies.len() > 200, "{}", mixed.replies.len());
    for reply in &mixed.replies {
        assert_eq!(needles.find(reply.as_bytes()), None, "{reply}");
    }
}

#[test]
fn the_numbers_are_in_no_trace() {
    let mixed = mixed();
    let spans = mixed.traces.windows(8).filter(|window| *window == b"answered").count();
    assert!(spans > 50, "{spans} spans");
    assert_eq!(Needles::new(&mixed.numbers).find(&mixed.traces), None);
}

#[test]
fn the_numbers_are_in_no_file_but_the_store_s() {
    let mixed = mixed();
    let needles = Needles::new(&mixed.numbers);
    let (stores, others): (Vec<_>, Vec<_>) =
        files(&mixed.folder.join("data")).into_iter().partition(|file| is_store(file));
    for name in ["wal", "log/tile/entries", "log/checkpoint", "state.snapshot"] {
        let place = mixed.folder.join("data").join(name);
        assert!(others.iter().any(|file| file.starts_with(&place)), "`{name}` was not searched");
    }
    for file in others.iter().chain(&files(&mixed.folder.join("keys"))).chain([&mixed.folder.config()]) {
        assert_eq!(needles.find(&fs::read(file).unwrap()), None, "{}", file.display());
    }
    // They are found where they are, so that the search is known to search.
    assert!(stores.iter().any(|file| needles.find(&fs::read(file).unwrap()).is_some()));
}

#[test]
fn the_pseudonyms_are_in_no_line_and_no_file() {
    let mixed = mixed();
    let pseudonyms: BTreeSet<&str> =
        mixed.replies.iter().flat_map(|reply| reply.match_indices("psn1").map(|(at, _)| &reply[at..at + 43])).collect();
    assert!(pseudonyms.len() > 90, "{}", pseudonyms.len());
    let needles = Needles::new(&pseudonyms);
    for bytes in [mixed.out.as_bytes(), mixed.err.as_bytes(), mixed.metrics.as_bytes(), &mixed.traces] {
        assert_eq!(needles.find(bytes), None);
    }
    for file in files(&mixed.folder.join("data")) {
        assert_eq!(needles.find(&fs::read(&file).unwrap()), None, "{}", file.display());
    }
}

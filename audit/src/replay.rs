//! A whole log replayed: every decision made again, and every promise of the format that leaves alone can show.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use credit_policy::Catalogue;
use jiff::Timestamp;
use rustix::fs::OFlags;

use crate::consents_again::Consents;
use crate::leaf::{self, Body, Kind, Peek, QueryLeaf};
use crate::promises::{Broken, BrokenInSet, Place, Promises};
use crate::set::{LogSet, SetLeaf, SetVisitor};
use crate::verify::{CheckError, Violation, Visitor};

pub use crate::consents_again::ConsentMismatch;
pub use crate::decision::{Mismatch, Verdict, decide_again};

/// Decides every query of a log again while the log is checked ([`crate::verify::directory`]).
pub struct Replay<'a> {
    again: Again<'a>,
    promises: Promises,
}

impl<'a> Replay<'a> {
    /// Decides by these catalogues, each leaf by the one that it names.
    #[must_use]
    pub fn new(catalogues: &'a [Catalogue]) -> Self {
        Self {
            again: Again { catalogues, consents: Consents::default(), decided: 0, next: 0 },
            promises: Promises::default(),
        }
    }

    /// Verifies consents by these key sets (JWK or JWK Set, of any issuer) instead of by the keys on the record.
    #[must_use]
    pub fn with_issuer_keys(self, sets: Vec<String>) -> Self {
        Self { again: Again { consents: Consents::by(sets), ..self.again }, ..self }
    }

    /// How many signatures of consents were verified, and how many were not since no key of an issuer is on the record.
    #[must_use]
    pub fn consents(&self) -> (u64, u64) {
        self.again.consents.counted()
    }

    /// How many queries were decided again, and came out as recorded.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.again.decided
    }
}

impl Visitor for Replay<'_> {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        self.again.leaf(index, peek, bytes)?;
        check_members(index, peek)?;
        Ok(self.promises.leaf(index, bytes).map_err(|cause| Violation::Promise { index, cause })?)
    }
}

/// Checks the promises of a set of logs while it is checked ([`LogSet::check`]), and decides its queries again where it is
/// given catalogues.
pub struct SetReplay<'a> {
    origins: Vec<String>,
    /// For each log.
    again: Vec<Again<'a>>,
    promises: Promises,
}

impl<'a> SetReplay<'a> {
    /// The promises alone, which logs can break that hold each by itself.
    #[must_use]
    pub fn promises(set: &LogSet) -> Self {
        let origins: Vec<_> = set.origins().map(str::to_owned).collect();
        Self { promises: Promises::of_set(origins.len()), origins, again: Vec::new() }
    }

    /// Decides by these catalogues too, and verifies consents by these key sets, where there are any.
    #[must_use]
    pub fn deciding(self, catalogues: &'a [Catalogue], issuer_keys: &[String]) -> Self {
        let consents = || match issuer_keys {
            [] => Consents::default(),
            sets => Consents::by(sets.to_vec()),
        };
        let again =
            self.origins.iter().map(|_| Again { catalogues, consents: consents(), decided: 0, next: 0 }).collect();
        Self { again, ..self }
    }

    /// Whether it decides queries again.
    #[must_use]
    pub fn is_deciding(&self) -> bool {
        !self.again.is_empty()
    }

    /// As [`Replay::consents`], of all logs.
    #[must_use]
    pub fn consents(&self) -> (u64, u64) {
        let counted = self.again.iter().map(|again| again.consents.counted());
        counted.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// As [`Replay::decided`], of all logs.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.again.iter().map(|again| again.decided).sum()
    }

    fn broken(&self, BrokenInSet { log, index, cause }: BrokenInSet) -> CheckError {
        let origin = self.origins.get(log).cloned().unwrap_or_default();
        Violation::InLog { origin, cause: Box::new(Violation::Promise { index, cause }) }.into()
    }
}

impl SetVisitor for SetReplay<'_> {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        let SetLeaf { log, index, place, peek, bytes } = leaf;
        if let Some(again) = self.again.get_mut(*log) {
            again.leaf(*index, peek, bytes)?;
        }
        check_members(*index, peek)?;
        let place = Place { log: *log, index: *index, place: *place };
        self.promises.leaf_of_set(place, peek.at, bytes).map_err(|broken| self.broken(broken))
    }

    fn end(&mut self) -> Result<(), CheckError> {
        self.promises.end_of_set().map_err(|broken| self.broken(broken))
    }
}

fn check_members(index: u64, peek: &Peek<'_>) -> Result<(), Violation> {
    let form = |error: leaf::BodyError| Violation::Promise { index, cause: Broken::Form(error.to_string()) };
    leaf::check_members(peek).map_err(form)
}

/// The decisions of one log and the consents that they rest on.
struct Again<'a> {
    catalogues: &'a [Catalogue],
    consents: Consents,
    decided: u64,
    next: u64,
}

impl Again<'_> {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        if index > self.next {
            self.consents.let_go = index;
        }
        self.next = index + 1;
        if peek.kind == Kind::Query.as_str() {
            self.decide(index, bytes)?;
        } else if [Kind::IssuerKey, Kind::Institution].map(Kind::as_str).contains(&peek.kind) {
            self.take_in(peek.at, bytes);
        }
        Ok(())
    }

    /// What consents are verified by. A leaf that does not read is the promises' to find.
    fn take_in(&mut self, at: Timestamp, bytes: &[u8]) {
        match leaf::parse(bytes).ok().flatten().map(|leaf| leaf.body) {
            Some(Body::IssuerKey(key)) => self.consents.key(&key, at),
            Some(Body::Institution(change)) => self.consents.holds(&change.institution, &change.certificates),
            Some(_) | None => {}
        }
    }

    fn decide(&mut self, index: u64, bytes: &[u8]) -> Result<(), CheckError> {
        let fault = |cause| Violation::Decision { index, cause };
        let query = QueryLeaf::parse(bytes).map_err(|error| fault(Mismatch::Malformed(error.to_string())))?;
        if !query.is_written_so(bytes) {
            return Err(fault(Mismatch::Malformed("its members are in another order or spelling".to_owned())).into());
        }
        let catalogue = self.catalogues.iter().find(|catalogue| catalogue.label() == query.catalogue);
        let Some(catalogue) = catalogue else {
            let why = format!("entry {index} was decided by it; give its folder with --catalogue");
            return Err(CheckError::unavailable(query.catalogue, &why));
        };
        decide_again(catalogue, &query).map_err(fault)?;
        self.consents.query(index, catalogue, &query).map_err(|cause| fault(cause.into()))?;
        self.decided += 1;
        Ok(())
    }
}

/// Longest file of a catalogue.
const LONGEST_FILE: u64 = 1 << 20;
/// Files and folders of a catalogue, at most, and bytes of all files.
const MOST_ENTRIES: usize = 4_096;
const MOST_BYTES: usize = 16 << 20;

/// The files of a catalogue's folder, as [`Catalogue::load`] takes them: tables, statutes and their schema, by path below the folder.
///
/// # Errors
/// When the folder or a file cannot be read, is not UTF-8, or is larger than a catalogue is.
pub fn catalogue_files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    let (mut seen, mut bytes) = (0, 0);
    while let Some((place, prefix)) = folders.pop() {
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            seen += 1;
            if seen > MOST_ENTRIES || bytes > MOST_BYTES {
                let most = format!("it is no catalogue: more than {MOST_ENTRIES} files, or {} MiB", MOST_BYTES >> 20);
                return Err(io::Error::other(most));
            }
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else if [".toml", ".cedar", ".cedarschema"].iter().any(|end| name.ends_with(end)) {
                let text = catalogue_file(&entry.path()).map_err(|error| named(&name, &error))?;
                bytes += text.len();
                files.push((name, text));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A file whose length is looked at before a byte is read. Opening a pipe does not wait.
fn catalogue_file(place: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(place)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    if found.len() <= LONGEST_FILE {
        file.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    }
    if found.len().max(text.len() as u64) > LONGEST_FILE {
        return Err(io::Error::other(format!("it is longer than {LONGEST_FILE} bytes")));
    }
    Ok(text)
}

fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{name}`: {error}"))
}

//! Several logs that one directory lists: what is missing, doubled, unlisted, forked, rolled back or shortened is found.

use std::fs;
use std::path::PathBuf;

use credit_audit::checkpoint::Checkpoint;
use credit_audit::directory::{Directory, DirectoryFault, Listing};
use credit_audit::leaf::{self, Act as _, Actor, Event as _, ListedLog, Open, Previous, Read};
use credit_audit::set::{LogSet, SetFault, SetLeaf, SetVisitor};
use credit_audit::verify::{CheckError, Report, Violation};
use jiff::Timestamp;

use crate::logs::{Log, at, id};

pub(crate) const DIRECTORY: &str = "credit-gateway.example/directory";
const ORIGINS: [&str; 3] = ["credit-gateway.example/r1", "credit-gateway.example/r2", "credit-gateway.example/r3"];
const OTHER: &str = "credit-gateway.example/r4";

pub(crate) fn account() -> Actor {
    Actor::Account("uid 0 (root)".to_owned())
}

pub(crate) fn open(origin: &str, number: u64) -> Vec<u8> {
    let open = Open { origin: origin.to_owned(), previous: None, software: "test".to_owned() };
    leaf::render(&open.entry(id(number)).unwrap(), at(number), 0)
}

/// Leaf `place` of the log number `nr`; another `history` has other leaves of the same times.
fn read(nr: u64, place: u64, history: &str) -> Vec<u8> {
    let number = place * 3 + nr;
    let entry = Read { path: format!("/log/{history}") }.entry(id(1_000 + number), account()).unwrap();
    leaf::render(&entry, at(number), 0)
}

pub(crate) fn listed(log: &Log, from: Timestamp) -> ListedLog {
    ListedLog { origin: log.key.name().to_owned(), vkey: log.key.to_string(), from, until: None }
}

pub(crate) fn directory_of(logs: &[ListedLog]) -> Log {
    let acts =
        (1..).zip(logs).map(|(nr, log)| leaf::render(&log.entry(id(900_000 + nr), account()).unwrap(), at(nr), 0));
    Log::of_origin(DIRECTORY, std::iter::once(open(DIRECTORY, 0)).chain(acts).collect())
}

/// Three logs that grew to these sizes, and their directory.
struct Three {
    logs: Vec<Log>,
    directory: Log,
}

fn log(nr: usize, size: u64, history: &str) -> Log {
    let leaves = (0..size).map(|place| match place {
        0 => open(ORIGINS[nr], nr as u64),
        place => read(nr as u64, place, history),
    });
    Log::of_origin(ORIGINS[nr], leaves.collect())
}

impl Three {
    fn of(sizes: [u64; 3]) -> Self {
        let logs: Vec<_> = (0..3).map(|nr| log(nr, sizes[nr], "a")).collect();
        let directory = directory_of(&logs.iter().map(|log| listed(log, at(0))).collect::<Vec<_>>());
        Self { logs, directory }
    }

    fn folders(&self) -> Vec<PathBuf> {
        self.logs.iter().map(|log| log.folder.clone()).collect()
    }

    fn read(&self) -> Directory {
        Directory::read(&self.directory.folder, &self.directory.key, &[]).unwrap()
    }

    /// The check of these folders, in whatever order.
    fn check(&self, folders: &[PathBuf], earlier: &[Checkpoint]) -> Result<Vec<Report>, CheckError> {
        LogSet::of(self.read(), folders)?.check(earlier, &mut ())
    }
}

#[track_caller]
fn fault<T>(found: Result<T, CheckError>) -> Violation {
    match found {
        Err(CheckError::Violation(violation)) => violation,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("nothing is found"),
    }
}

/// What a violation says of one log.
#[track_caller]
fn in_log(nr: usize, violation: Violation) -> Violation {
    match violation {
        Violation::InLog { origin, cause } if origin == ORIGINS[nr] => *cause,
        other => panic!("{other}"),
    }
}

#[test]
fn a_listed_log_reads_back_as_it_was_written() {
    let log = Log::of_origin(OTHER, vec![open(OTHER, 0)]);
    for until in [None, Some(at(9))] {
        let said = ListedLog { until, ..listed(&log, at(3)) };
        let bytes = leaf::render(&said.entry(id(7), account()).unwrap(), at(7), 0);
        leaf::check_form(&bytes).unwrap();
        let read = leaf::parse(&bytes).unwrap().unwrap();
        assert_eq!(read.actor, Some(account()));
        assert!(matches!(read.body, leaf::Body::Log(again) if again == said));
    }
}

#[test]
fn a_log_is_listed_once_and_closed_once() {
    let log = Log::of_origin(OTHER, vec![open(OTHER, 0)]);
    let other_key = Log::of_origin("another.example/r1", vec![open("another.example/r1", 0)]);
    let entry = listed(&log, at(3));
    let closed = ListedLog { until: Some(at(9)), ..entry.clone() };
    let twice = || Err(DirectoryFault::Twice(OTHER.to_owned()));
    let mut listing = Listing::new(DIRECTORY);
    assert_eq!(listing.closing(OTHER, at(9)).unwrap_err(), DirectoryFault::NotListed(OTHER.to_owned()));
    for (wrong, why) in [
        (ListedLog { vkey: other_key.key.to_string(), ..entry.clone() }, DirectoryFault::OtherKey(OTHER.to_owned())),
        (ListedLog { vkey: "x".to_owned(), ..entry.clone() }, DirectoryFault::OtherKey(OTHER.to_owned())),
        (ListedLog { until: Some(at(2)), ..entry.clone() }, DirectoryFault::Ends(OTHER.to_owned())),
    ] {
        assert_eq!(listing.take(&wrong), Err(why));
    }
    assert_eq!(Listing::new(OTHER).take(&entry), Err(DirectoryFault::Itself));
    listing.take(&entry).unwrap();
    assert_eq!(listing.take(&entry), twice());
    assert_eq!(listing.take(&ListedLog { from: at(4), ..closed.clone() }), twice());
    // Another key under the same name.
    let pair = credit_audit::note::VerifierKey::new(OTHER, *b"01234567890123456789012345678901").unwrap();
    assert_eq!(listing.take(&ListedLog { vkey: pair.to_string(), ..closed.clone() }), twice());
    assert_eq!(listing.closing(OTHER, at(9)).unwrap(), closed);
    listing.take(&closed).unwrap();
    for late in [&entry, &closed] {
        assert_eq!(listing.take(late), Err(DirectoryFault::Closed(OTHER.to_owned())));
    }
    assert_eq!(listing.log(OTHER).unwrap().until, Some(at(9)));
}

#[test]
fn a_directory_has_no_other_kinds_and_lists_nothing_twice() {
    let log = Log::of_origin(OTHER, vec![open(OTHER, 0)]);
    let entry = |number| leaf::render(&listed(&log, at(0)).entry(id(number), account()).unwrap(), at(number), 0);
    let check = |leaves: Vec<Vec<u8>>| {
        let directory = Log::of_origin(DIRECTORY, [vec![open(DIRECTORY, 0)], leaves].concat());
        Directory::read(&directory.folder, &directory.key, &[]).map(|read| read.listing.logs().count())
    };
    assert_eq!(check(vec![entry(1)]).unwrap(), 1);
    let Violation::Directory { index: 2, cause } = fault(check(vec![entry(1), entry(2)])) else { panic!() };
    assert_eq!(cause, DirectoryFault::Twice(OTHER.to_owned()));
    let Violation::Directory { index: 1, cause } = fault(check(vec![read(0, 1, "a")])) else { panic!() };
    assert_eq!(cause, DirectoryFault::OtherKind("read".to_owned()));
}

/// The leaves in the order in which they are told.
#[derive(Default)]
struct Told(Vec<(usize, u64)>);

impl SetVisitor for Told {
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError> {
        assert_eq!(leaf.place, self.0.len() as u64);
        self.0.push((leaf.log, leaf.index));
        Ok(())
    }
}

#[test]
fn a_set_that_is_right_passes_and_is_told_by_time_whatever_the_order_of_its_folders() {
    let three = Three::of([300, 5, 40]);
    let kept: Vec<_> = (0..3).map(|nr| log(nr, 3, "a").head()).collect();
    let mut orders = Vec::new();
    for turn in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let folders: Vec<_> = turn.iter().map(|nr| three.logs[*nr].folder.clone()).collect();
        let set = LogSet::of(three.read(), &folders).unwrap();
        assert!(set.origins().eq(ORIGINS));
        let mut told = Told::default();
        let reports = set.check(&kept, &mut told).unwrap();
        let sizes: Vec<_> = reports.iter().map(|report| report.checkpoint.size).collect();
        assert_eq!(sizes, [300, 5, 40]);
        orders.push(told.0);
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
    let mut wanted: Vec<_> =
        [300, 5, 40].into_iter().enumerate().flat_map(|(log, size)| (0..size).map(move |index| (log, index))).collect();
    wanted.sort_by_key(|(log, index)| index * 3 + *log as u64);
    assert_eq!(orders[0], wanted);
}

#[test]
fn a_log_that_is_missing_doubled_or_unlisted_is_named() {
    let three = Three::of([9, 9, 9]);
    let folders = three.folders();
    let set = |fault| Violation::Set(fault);
    let missing = fault(three.check(&folders[1..], &[]));
    assert_eq!(missing, set(SetFault::Missing(ORIGINS[0].to_owned())));
    let again = log(1, 4, "a");
    let doubled = fault(three.check(&[&folders[..], std::slice::from_ref(&again.folder)].concat(), &[]));
    assert_eq!(doubled, set(SetFault::Twice(ORIGINS[1].to_owned())));
    let other = Log::of_origin(OTHER, vec![open(OTHER, 0)]);
    let unlisted = fault(three.check(&[&folders[..], std::slice::from_ref(&other.folder)].concat(), &[]));
    assert_eq!(unlisted, set(SetFault::Unlisted(OTHER.to_owned())));
    // What was kept of a log that the directory does not have any more.
    let unlisted = fault(three.check(&folders, &[other.head()]));
    assert_eq!(unlisted, set(SetFault::Unlisted(OTHER.to_owned())));
}

#[test]
fn a_leaf_out_of_the_time_of_its_log_is_found() {
    let second = |seconds: i64| at(0).checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let (one, two) = (log(0, 9, "a"), log(1, 9, "a"));
    for (from, until, holds) in [
        (second(0), None, true),
        // Clocks differ by a second.
        (second(1), None, true),
        (second(2), None, false),
        (second(0), Some(second(0)), true),
        (second(-9), Some(second(-2)), false),
    ] {
        let directory = directory_of(&[listed(&one, at(0)), ListedLog { until, ..listed(&two, from) }]);
        let directory = Directory::read(&directory.folder, &directory.key, &[]).unwrap();
        let set = LogSet::of(directory, &[one.folder.clone(), two.folder.clone()]).unwrap();
        let found = set.check(&[], &mut ());
        if holds {
            found.unwrap();
        } else {
            let untimely = SetFault::Untimely { origin: ORIGINS[1].to_owned(), index: 0 };
            assert_eq!(fault(found), Violation::Set(untimely));
        }
    }
}

#[test]
fn what_a_log_says_that_it_goes_on_from_is_no_longer_and_no_other_than_the_log_before() {
    let before = log(0, 9, "a");
    let goes_on = |checkpoint: String, size, history| {
        let previous = Some(Previous { origin: ORIGINS[0].to_owned(), checkpoint });
        let open = Open { origin: ORIGINS[1].to_owned(), previous, software: "test".to_owned() };
        let after = Log::of_origin(ORIGINS[1], vec![leaf::render(&open.entry(id(1)).unwrap(), at(1), 0)]);
        let before = log(0, size, history);
        let directory = directory_of(&[&before, &after].map(|log| listed(log, at(0))));
        let directory = Directory::read(&directory.folder, &directory.key, &[]).unwrap();
        LogSet::of(directory, &[before.folder.clone(), after.folder.clone()])?.check(&[], &mut ())
    };
    for size in [9, 12] {
        goes_on(before.checkpoint(), size, "a").unwrap();
    }
    let found = in_log(0, fault(goes_on(before.checkpoint(), 8, "a")));
    assert_eq!(found, Violation::Shortened { size: 8, earlier: 9 });
    assert_eq!(in_log(0, fault(goes_on(before.checkpoint(), 12, "b"))), Violation::Root { size: 9 });
    let altered = before.checkpoint().replacen("\n9\n", "\n8\n", 1);
    assert!(matches!(in_log(1, fault(goes_on(altered, 9, "a"))), Violation::Checkpoint(_)));
}

/// 60 cases: of three logs of various sizes one is forked, rolled back, cut short or not listed, in various ways.
#[test]
fn a_forked_rolled_back_shortened_or_unlisted_log_among_three_is_found_each_time() {
    let mut random = 20_261_129_u64;
    let mut below = |most: u64| {
        // A generator that is written down (Knuth's MMIX).
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % most
    };
    for case in 0..60 {
        let sizes = [0; 3].map(|_| 4 + below(700));
        let nr = usize::try_from(below(3)).unwrap();
        let size = sizes[nr];
        let mut three = Three::of(sizes);
        three.check(&three.folders(), &[]).unwrap();
        let kept: Vec<_> = three.logs.iter().map(Log::head).collect();
        let mut folders = three.folders();
        match case % 6 {
            // The folder is an older copy, or goes on from one with other leaves; or it was made again from the first leaf on.
            0 => {
                three.logs[nr] = log(nr, 1 + below(size - 1), "a");
                let found = in_log(nr, fault(three.check(&three.folders(), &kept)));
                assert!(matches!(found, Violation::Shortened { .. }), "case {case}: {found}");
            }
            1 => {
                three.logs[nr] = log(nr, size + below(300), "b");
                let found = in_log(nr, fault(three.check(&three.folders(), &kept)));
                assert_eq!(found, Violation::Root { size }, "case {case}");
            }
            // Both histories are given; or the other one under the name of a log that is not listed.
            2 => {
                let other = log(nr, 2 + below(900), "b");
                folders.push(other.folder.clone());
                let found = fault(three.check(&folders, &[]));
                assert_eq!(found, Violation::Set(SetFault::Forked(ORIGINS[nr].to_owned())), "case {case}");
            }
            3 => {
                let other = Log::of_origin(OTHER, vec![open(OTHER, 0), read(nr as u64, 1 + below(9), "a")]);
                let place = usize::try_from(below(4)).unwrap();
                folders.insert(place, other.folder.clone());
                let found = fault(three.check(&folders, &kept));
                assert_eq!(found, Violation::Set(SetFault::Unlisted(OTHER.to_owned())), "case {case}");
            }
            // Files at its end are gone, with the checkpoint as it was, or signed again over what is left.
            4 => {
                let of_log = &three.logs[nr];
                let last = of_log.files().into_iter().rfind(|path| path.starts_with("tile/entries/")).unwrap();
                fs::remove_file(of_log.folder.join(&last)).unwrap();
                let found = in_log(nr, fault(three.check(&folders, &[])));
                let is_gone = matches!(found, Violation::Missing { .. } | Violation::Hanging { .. });
                assert!(is_gone, "case {case}: {found}");
            }
            _ => {
                three.logs[nr] = log(nr, 1, "a");
                three.logs[nr].leaves.extend((1..size - 1).map(|place| read(nr as u64, place, "a")));
                three.logs[nr].publish();
                let found = in_log(nr, fault(three.check(&three.folders(), &kept)));
                assert_eq!(found, Violation::Shortened { size: size - 1, earlier: size }, "case {case}");
            }
        }
    }
}

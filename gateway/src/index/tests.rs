//! The index's file: what is found of a person, and when it is of no use any more.

mod costs;

use credit_audit::leaf::CorrectionState;
use jiff::civil::{Date, date};
use uuid::Uuid;

use super::{
    error::IndexError,
    file::{IndexFile, Wanted},
    owed::Owed,
    place::{Place, Removal},
    row::{ALWAYS, ConsentRow, QueryRow, Row, Rows, day_number},
    search::{Outcome, Search},
};
use crate::scratch::Scratch;

const TODAY: Date = date(2026, 11, 28);
const PERSON: [u8; 16] = [7; 16];

fn query(leaf: u64, known_from: Option<&str>) -> QueryRow {
    QueryRow {
        place: Place { leaf, offset: 2, length: 100 },
        id: Uuid::from_u128(u128::from(leaf)),
        at: i64::try_from(leaf).unwrap(),
        day: TODAY,
        institution: Some("bank".to_owned()),
        on_behalf: None,
        staff: None,
        scenario: Some("commercial-loan".to_owned()),
        code: None,
        consent: Some(ConsentRow::Key([9; 16])),
        case: None,
        person: Some(PERSON),
        data_key: Some("data-2026-11".to_owned()),
        known_from: known_from.map(|day| if day == "0001-01-01" { ALWAYS } else { day_number(day.parse().unwrap()) }),
    }
}

fn take(file: &mut IndexFile, all: Vec<Row>) {
    let (from, mut rows) = (file.size(), Rows::default());
    let until = from + all.len() as u64;
    all.into_iter().for_each(|row| rows.push(row, [1; 32]));
    file.take(&rows, from, until).unwrap();
}

fn found(file: &IndexFile, person: [u8; 16], today: Date) -> Vec<u64> {
    let wanted = Wanted { person, before: u64::MAX, from: i64::MIN, until: i64::MAX, most: 40 };
    file.about(&wanted, today).unwrap().iter().map(|found| found.place.leaf).collect()
}

fn file() -> IndexFile {
    IndexFile::in_memory("log", "index-1").unwrap()
}

fn of(row: QueryRow) -> Row {
    Row::Query(Box::new(row))
}

#[test]
fn what_is_deferred_is_found_from_its_day_or_notice_on_and_what_is_exempt_never() {
    let mut file = file();
    take(
        &mut file,
        vec![
            of(query(0, Some("0001-01-01"))),
            of(query(1, Some("2026-11-29"))),
            of(query(2, None)),
            of(query(3, None)),
            of(QueryRow { person: Some([8; 16]), ..query(4, Some("0001-01-01")) }),
            of(QueryRow { person: None, ..query(5, Some("0001-01-01")) }),
        ],
    );
    assert_eq!(found(&file, PERSON, TODAY), [0]);
    assert_eq!(found(&file, PERSON, date(2026, 11, 29)), [1, 0]);
    take(&mut file, vec![Row::Notice { leaf: 6, queries: vec![Uuid::from_u128(3)] }, Row::Other]);
    assert_eq!(found(&file, PERSON, TODAY), [3, 0]);
    assert_eq!(found(&file, [8; 16], TODAY), [4]);
    assert_eq!(file.size(), 8);
}

fn correction(leaf: u64, query: u64, state: CorrectionState) -> Row {
    Row::Correction { leaf, at: 1_000, query: Uuid::from_u128(u128::from(query)), state }
}

#[test]
fn a_correction_is_due_to_who_was_answered_until_it_is_fetched_and_never_of_what_is_withheld() {
    let mut file = file();
    let refused = QueryRow { code: Some("subject-minor".to_owned()), ..query(3, Some("0001-01-01")) };
    let own = QueryRow { institution: None, ..query(4, Some("0001-01-01")) };
    let first = vec![query(0, Some("0001-01-01")), query(1, Some("2026-11-29")), query(2, None), refused, own];
    take(&mut file, first.into_iter().map(of).collect());
    let answered = |file: &IndexFile, before, today| {
        file.answered(&PERSON, Removal::Leaf(before), today).unwrap().iter().map(|place| place.leaf).collect::<Vec<_>>()
    };
    assert_eq!(answered(&file, 5, TODAY), [0]);
    assert_eq!(answered(&file, 5, date(2026, 11, 29)), [0, 1]);
    assert!(answered(&file, 0, TODAY).is_empty());
    take(&mut file, vec![correction(5, 0, CorrectionState::Due)]);
    let due = |file: &IndexFile, after| {
        file.due("bank", after, 40).unwrap().iter().map(|due| (due.place.leaf, due.due, due.at)).collect::<Vec<_>>()
    };
    assert_eq!((answered(&file, 5, TODAY), answered(&file, 6, TODAY)), (vec![], vec![0]));
    assert_eq!((due(&file, 0), due(&file, 5)), (vec![(0, 5, 1_000)], vec![]));
    // By another log it goes by time: after the answers, and after what was said to be due.
    let answered_at = |at| {
        let at = Removal::At(jiff::Timestamp::from_microsecond(at).unwrap());
        file.answered(&PERSON, at, TODAY).unwrap().iter().map(|place| place.leaf).collect::<Vec<_>>()
    };
    assert_eq!((answered_at(1_000), answered_at(1_001)), (vec![], vec![0]));
    assert_eq!(file.due("another", 0, 40).unwrap(), []);
    let state = |file: &IndexFile| {
        let wanted = Wanted { person: PERSON, before: 1, from: i64::MIN, until: i64::MAX, most: 40 };
        file.about(&wanted, TODAY).unwrap()[0].correction
    };
    assert_eq!(state(&file), Some(CorrectionState::Due));
    take(&mut file, vec![correction(6, 0, CorrectionState::Fetched)]);
    assert_eq!(state(&file), Some(CorrectionState::Fetched));
    // Another record goes out of answers.
    take(&mut file, vec![correction(7, 0, CorrectionState::Due)]);
    assert_eq!((state(&file), due(&file, 5)), (Some(CorrectionState::Due), vec![(0, 7, 1_000)]));
}

#[test]
fn a_notice_is_owed_from_its_day_on_until_it_is_given() {
    let mut file = file();
    let refused = QueryRow { code: Some("subject-minor".to_owned()), ..query(3, Some("0001-01-01")) };
    let own = QueryRow { institution: None, ..query(4, Some("0001-01-01")) };
    let other = QueryRow { person: Some([8; 16]), ..query(5, Some("0001-01-01")) };
    let nobody = QueryRow { person: None, ..query(6, Some("0001-01-01")) };
    let first =
        vec![query(0, Some("0001-01-01")), query(1, Some("2026-11-29")), query(2, None), refused, own, other, nobody];
    take(&mut file, first.into_iter().map(of).collect());
    let owed = |file: &IndexFile, after, until, person, today| {
        let wanted = Owed { after, until, person, most: 40 };
        file.owed(&wanted, today).unwrap().iter().map(|owed| owed.place.leaf).collect::<Vec<_>>()
    };
    // The first leaf of a log is no query.
    assert_eq!(owed(&file, 0, 9, None, TODAY), [5]);
    assert_eq!(owed(&file, 0, 9, None, date(2026, 11, 29)), [1, 5]);
    assert_eq!(owed(&file, 0, 9, Some(PERSON), date(2026, 11, 29)), [1]);
    assert!(owed(&file, 1, 4, None, date(2026, 11, 29)).is_empty());
    assert_eq!((file.count_owed(9, TODAY, 40).unwrap(), file.count_owed(9, TODAY, 1).unwrap()), (2, 1));
    assert_eq!(file.count_owed(5, TODAY, 40).unwrap(), 1);
    assert_eq!((file.leaf_of(Uuid::from_u128(5)).unwrap(), file.leaf_of(Uuid::from_u128(9)).unwrap()), (Some(5), None));
    take(&mut file, vec![Row::Notice { leaf: 7, queries: vec![Uuid::from_u128(5)] }]);
    assert!(owed(&file, 0, 9, None, TODAY).is_empty());
}

#[test]
fn the_rows_of_a_month_lose_their_persons_with_its_data_key() {
    let mut file = file();
    let december = QueryRow { data_key: Some("data-2026-12".to_owned()), ..query(1, Some("0001-01-01")) };
    take(&mut file, vec![of(query(0, Some("0001-01-01"))), of(december)]);
    take(&mut file, vec![Row::Destroyed { data_key: "data-2026-11".to_owned() }]);
    assert_eq!(found(&file, PERSON, TODAY), [1]);
}

#[test]
fn rows_that_another_has_taken_in_meanwhile_are_not_taken_in_twice() {
    let mut file = file();
    let mut rows = Rows::default();
    rows.push(of(query(0, Some("0001-01-01"))), [1; 32]);
    file.take(&rows, 0, 1).unwrap();
    file.take(&rows, 0, 1).unwrap();
    assert_eq!((file.size(), found(&file, PERSON, TODAY)), (1, vec![0]));
}

#[test]
fn what_is_taken_in_is_found_at_once_and_written_later_and_a_failure_takes_back_what_is_not_written() {
    let folder = Scratch::new();
    let path = folder.path().join("index.sqlite");
    let mut file = IndexFile::open(&path, "log", "index-1", folder.path()).unwrap();
    // What a start finds after a kill.
    let left = || {
        let other = rusqlite::Connection::open(&path).unwrap();
        let count = |sql| other.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        (count("SELECT size FROM head"), count("SELECT COUNT(*) FROM query"))
    };
    take(&mut file, vec![of(query(0, Some("0001-01-01"))), of(query(1, Some("0001-01-01")))]);
    assert_eq!((found(&file, PERSON, TODAY), left()), (vec![1, 0], (0, 0)));
    file.write().unwrap();
    assert_eq!(left(), (2, 2));
    take(&mut file, vec![of(query(2, Some("0001-01-01")))]);
    let mut twice = Rows::default();
    twice.push(of(query(3, Some("0001-01-01"))), [1; 32]);
    twice.push(of(query(3, Some("0001-01-01"))), [1; 32]);
    assert!(file.take(&twice, 3, 5).is_err());
    assert_eq!((file.size(), found(&file, PERSON, TODAY), left()), (2, vec![1, 0], (2, 2)));
    // It goes on from there; whoever is forgotten is so from then on, whatever happens.
    take(&mut file, vec![of(query(2, Some("0001-01-01")))]);
    file.forget(&PERSON, "data-2026-11").unwrap();
    assert_eq!((found(&file, PERSON, TODAY), left()), (vec![], (3, 3)));
    take(&mut file, vec![Row::Other]);
    drop(file);
    assert_eq!(left(), (4, 3));
}

#[test]
fn what_is_let_go_leaves_no_name_and_the_index_of_what_is_left() {
    let row = |leaf: u64| {
        let (old, text) = (leaf < 2, |text: &str| Some(text.to_owned()));
        QueryRow {
            institution: text(if old { "bank" } else { "housing" }),
            staff: Some(format!("staff-{leaf}")),
            data_key: text(if old { "data-2026-10" } else { "data-2026-11" }),
            consent: None,
            ..query(leaf, Some("0001-01-01"))
        }
    };
    let mut whole = file();
    take(&mut whole, (0..4).map(|leaf| of(row(leaf))).collect());
    let at = jiff::tz::Offset::UTC.to_timestamp(TODAY.at(1, 0, 0, 0)).unwrap();
    whole.let_go(2, at, jiff::tz::Offset::UTC).unwrap();
    let (mut left, mut rows) = (file(), Rows::default());
    (2..4).for_each(|leaf| rows.push(of(row(leaf)), [1; 32]));
    left.take(&rows, 0, 4).unwrap();
    whole.compare(&left).unwrap();
    for table in ["combination", "staff", "data_key", "asked"] {
        let count = |file: &IndexFile| {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            file.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(count(&whole), count(&left), "{table}");
    }
    // Names that come again have numbers again.
    let mut again = Rows::default();
    again.push(of(QueryRow { place: Place { leaf: 4, offset: 2, length: 100 }, ..row(0) }), [1; 32]);
    whole.take(&again, 4, 5).unwrap();
    assert_eq!(whole.search(&Search { staff: Some("staff-0".to_owned()), ..Search::default() }, 9).unwrap().len(), 1);
}

#[test]
fn a_row_that_says_another_thing_or_is_missing_is_found() {
    let make = |rows: Vec<Row>| {
        let mut made = file();
        take(&mut made, rows);
        made
    };
    let sound = || vec![of(query(0, Some("0001-01-01"))), of(query(1, Some("0001-01-01")))];
    assert!(make(sound()).compare(&make(sound())).is_ok());
    let staff = QueryRow { staff: Some("s".to_owned()), ..query(1, Some("0001-01-01")) };
    let nobody = QueryRow { person: None, ..query(1, Some("0001-01-01")) };
    let tomorrow = QueryRow { day: date(2026, 11, 29), ..query(1, Some("0001-01-01")) };
    let compared = make(sound()).compare(&make(vec![of(query(0, Some("0001-01-01"))), of(tomorrow)]));
    assert!(matches!(compared, Err(IndexError::Differs(2))), "{compared:?}");
    for other in [
        vec![of(query(0, Some("0001-01-01"))), of(staff)],
        vec![of(query(0, Some("0001-01-01"))), of(nobody)],
        vec![of(query(0, Some("0001-01-01"))), of(query(1, None))],
        vec![of(query(0, Some("0001-01-01")))],
    ] {
        let compared = make(sound()).compare(&make(other));
        assert!(matches!(compared, Err(IndexError::Differs(1))), "{compared:?}");
    }
}

#[test]
fn an_index_of_another_log_or_key_or_that_is_no_database_begins_anew() {
    let folder = Scratch::new();
    let path = folder.path().join("index.sqlite");
    let open = |origin, key| IndexFile::open(&path, origin, key, folder.path()).unwrap();
    take(&mut open("log", "index-1"), vec![of(query(0, None))]);
    // Nothing of the log is there, so the last leaf cannot be the same.
    assert_eq!(open("log", "index-1").size(), 0);
    take(&mut open("log", "index-1"), vec![of(query(0, None))]);
    assert_eq!(open("another", "index-1").size(), 0);
    assert_eq!(open("another", "index-2").size(), 0);
    std::fs::write(&path, "no database").unwrap();
    assert_eq!(open("log", "index-1").size(), 0);
}

#[test]
fn a_search_finds_what_fits_all_of_it_newest_first() {
    let mut file = file();
    let rows = (0..40_u64).map(|leaf| {
        let institution = Some(if leaf % 2 == 0 { "bank" } else { "housing" }.to_owned());
        let code = (leaf % 5 == 0).then(|| "case-limit".to_owned());
        let (staff, case) = (Some(format!("staff-{}", leaf % 4)), Some(format!("c-{}", leaf % 8)));
        let at = i64::try_from(leaf / 2 * 10).unwrap();
        of(QueryRow { institution, code, staff, case, at, ..query(leaf, None) })
    });
    take(&mut file, rows.collect());
    let found =
        |search: Search| -> Vec<u64> { file.search(&search, 100).unwrap().iter().map(|listed| listed.index).collect() };
    let text = |text: &str| Some(text.to_owned());
    let any = Search::default();
    assert_eq!(found(any.clone()), (0..40).rev().collect::<Vec<_>>());
    let bank = Search { institution: text("bank"), ..any.clone() };
    assert_eq!(found(bank.clone()).len(), 20);
    assert_eq!(found(Search { staff: text("staff-2"), before: Some(11), ..bank.clone() }), [10, 6, 2]);
    assert_eq!(found(Search { case: text("c-4"), ..bank.clone() }), [36, 28, 20, 12, 4]);
    assert_eq!(found(Search { case: text("c-5"), ..bank.clone() }), [0; 0], "another institution's");
    assert_eq!(found(Search { outcome: Some(Outcome::Refused), ..bank.clone() }), [30, 20, 10, 0]);
    assert_eq!(found(Search { outcome: Some(Outcome::Code("case-limit".to_owned())), ..any.clone() }).len(), 8);
    assert_eq!(found(Search { outcome: Some(Outcome::Answered), ..any.clone() }).len(), 32);
    assert_eq!(found(Search { from: Some(10), until: Some(30), ..any.clone() }), [5, 4, 3, 2]);
    assert_eq!(found(Search { from: Some(9), until: Some(11), ..any.clone() }), [3, 2]);
    assert_eq!(found(Search { from: Some(191), ..any.clone() }), [0; 0]);
    assert_eq!(found(Search { until: Some(0), ..any }), [0; 0]);
}

#[test]
fn days_are_counted_over_batches_and_consents_are_listed_by_their_last_use() {
    let mut file = file();
    let refused = |leaf| QueryRow { code: Some("case-limit".to_owned()), ..query(leaf, None) };
    let another = |leaf| QueryRow { consent: Some(ConsentRow::Key([8; 16])), ..query(leaf, None) };
    let without = |leaf| QueryRow { consent: None, day: date(2026, 11, 29), ..query(leaf, None) };
    take(&mut file, vec![of(query(0, None)), of(another(1)), of(refused(2))]);
    take(&mut file, vec![of(query(3, None)), of(without(4))]);
    let days = |most| {
        let days = super::days::days(&file.connection, most).unwrap().into_iter();
        days.map(|day| (day.day, day.answered, day.refused)).collect::<Vec<_>>()
    };
    assert_eq!(days(14), [(TODAY, 3, 1), (date(2026, 11, 29), 1, 0)]);
    assert_eq!(days(1), [(date(2026, 11, 29), 1, 0)]);
    let used: Vec<_> =
        file.used_consents().unwrap().into_iter().map(|used| (used.key, used.answered, used.last)).collect();
    assert_eq!(used, [([9; 16], 2, 3), ([8; 16], 1, 1)]);
    let found = Search { consent: Some([8; 16]), ..Search::default() };
    assert_eq!(file.search(&found, 40).unwrap().iter().map(|listed| listed.index).collect::<Vec<_>>(), [1]);
}

//! The traps, one by one.

use credit_policy::{Record, Severity, Value};
use jiff::civil::{Date, date};

use super::*;
use crate::stores::map::{What, shipped};

const FIELDS: [&str; 4] =
    ["administrative_penalty_exists", "administrative_licence_exists", "black_listed", "red_listed"];

/// A row of `cn-sgs-2018` that counts.
fn penalty<'a>() -> Vec<(&'a str, Cell<'a>)> {
    vec![
        ("CF_XDR_ZJHM", Cell::Text(PERSON)),
        ("CF_XDR_ZJLX", Cell::Text("01")),
        ("CF_XDR_LB", Cell::Text("01")),
        ("CF_SYFW", Cell::Text("0")),
        ("CF_JDRQ", Cell::Text("2026/03/01")),
        ("CF_YXQ", Cell::Null),
    ]
}

/// The same row with another cell.
fn with<'a>(mut row: Vec<(&'a str, Cell<'a>)>, column: &'a str, cell: Cell<'a>) -> Vec<(&'a str, Cell<'a>)> {
    row.retain(|(name, _)| *name != column);
    row.push((column, cell));
    row
}

fn sgs() -> Asked {
    Asked::new(shipped("cn-sgs-2018").unwrap(), &FIELDS)
}

fn penalty_with(column: &str, cell: Cell<'_>) -> Result<Read, Unfit> {
    sgs().read("penalty", &[&with(penalty(), column, cell)])
}

fn fails(column: &str, cell: Cell<'_>, what: What) {
    match penalty_with(column, cell) {
        Ok(read) => panic!("{column} {what:?}: {} records", read.history.records.len()),
        Err(unfit) => {
            assert_eq!((&*unfit.source, &*unfit.column, unfit.what), ("penalty", column, what));
            assert_eq!(unfit.class.unwrap().as_str(), "administrative-penalty");
        }
    }
}

fn is_left_out(column: &str, cell: Cell<'_>) {
    let read = penalty_with(column, cell).map_err(|unfit| unfit.to_string()).unwrap();
    assert!(read.history.records.is_empty() && read.unknown.is_empty(), "{column}");
}

fn one(read: Result<Read, Unfit>) -> Record {
    let mut read = read.map_err(|unfit| unfit.to_string()).unwrap();
    assert_eq!((read.history.records.len(), read.unknown.len()), (1, 0));
    read.history.records.remove(0)
}

#[test]
fn a_row_that_fits_is_a_record() {
    let record = one(sgs().read("penalty", &[&penalty()]));
    assert_eq!((record.class.as_str(), record.severity), ("administrative-penalty", Severity::General));
    assert_eq!((record.act, record.determined), (date(2026, 3, 1), date(2026, 3, 1)));
    assert_eq!((record.effect_end, record.sentence_end, record.repaired), (None::<Date>, None, None));
    assert!(!record.disputed);
}

#[test]
fn what_has_not_come_yet_was_determined_by_nobody() {
    one(penalty_with("CF_JDRQ", Cell::Text("2026/11/23")));
    fails("CF_JDRQ", Cell::Text("2026/11/24"), What::Future);
    fails("CF_JDRQ", Cell::Text("2062/03/01"), What::Future);
}

#[test]
fn keys_that_are_nobody_s_number_fail() {
    for text in ["00000000000000000X", "330921************", "990101199003070049", "990101900307004", "", "E12345678"] {
        fails("CF_XDR_ZJHM", Cell::Text(text), What::NoNumber);
    }
    fails("CF_XDR_ZJHM", Cell::Null, What::NoNumber);
    fails("CF_XDR_ZJHM", Cell::Int(990_101_199_003_070_031), What::NumberCell);
    fails("CF_XDR_ZJHM", Cell::Number("990101199003070031"), What::NumberCell);
    fails("CF_XDR_ZJHM", Cell::Text(OTHER), What::AnotherPerson);
    one(penalty_with("CF_XDR_ZJHM", Cell::Text(" 99010119900307004x ")));
}

#[test]
fn other_documents_and_organisations_are_not_the_person_and_sole_traders_are() {
    for code in ["02", "05", "护照"] {
        is_left_out("CF_XDR_ZJLX", Cell::Text(code));
    }
    for code in ["02", "03", "法人", "非法人组织"] {
        is_left_out("CF_XDR_LB", Cell::Text(code));
    }
    for code in ["01", "自然人", "04", "个体工商户", " 04 "] {
        one(penalty_with("CF_XDR_LB", Cell::Text(code)));
    }
    for column in ["CF_XDR_ZJLX", "CF_XDR_LB"] {
        fails(column, Cell::Text("06"), What::Code);
        fails(column, Cell::Null, What::Code);
        fails(column, Cell::Int(1), What::Code);
    }
}

#[test]
fn a_row_is_used_within_its_scope_only() {
    let asked = sgs();
    let counts = |scope: &str, scenario: &str| {
        let row = with(penalty(), "CF_SYFW", Cell::Text(scope));
        asked.read_for(scenario, "penalty", &[&row]).map_err(|unfit| unfit.to_string()).unwrap().history.records.len()
    };
    for (scope, scenario, wanted) in [
        ("0", "public-rental-housing", 1),
        ("1", "public-rental-housing", 1),
        ("2", "public-rental-housing", 0),
        ("1", "wealth-management", 0),
        ("2", "wealth-management", 1),
        ("1", "public-disclosure", 0),
        ("2", "public-disclosure", 0),
        // About oneself.
        ("1", "self-query", 1),
        ("2", "self-query", 1),
        // Of another catalogue.
        ("0", "unknown-here", 1),
        ("1", "unknown-here", 0),
    ] {
        assert_eq!(counts(scope, scenario), wanted, "{scope} {scenario}");
    }
    fails("CF_SYFW", Cell::Text("3"), What::Code);
    fails("CF_SYFW", Cell::Null, What::Code);
}

#[test]
fn for_ever_is_no_end_and_unknown_is_not_displayed_and_reported() {
    for text in ["2099/12/31", "9999/12/31", "长期", "", "\u{3000}长期 "] {
        assert_eq!(one(penalty_with("CF_YXQ", Cell::Text(text))).effect_end, None, "{text}");
    }
    // The same days of a column of the type `date`.
    for day in [date(2099, 12, 31), date(9999, 12, 31)] {
        assert_eq!(one(penalty_with("CF_YXQ", Cell::Date(day))).effect_end, None);
    }
    assert_eq!(one(penalty_with("CF_YXQ", Cell::Text("2027/03/01"))).effect_end, Some(date(2027, 3, 1)));
    for cell in [
        Cell::Null,
        Cell::Text(""),
        Cell::Text("\\N"),
        Cell::Text("1899/12/31"),
        Cell::Date(date(1899, 12, 31)),
        Cell::DateTime(date(1899, 12, 31).at(12, 0, 0, 0)),
    ] {
        let read = penalty_with("CF_JDRQ", cell).map_err(|unfit| unfit.to_string()).unwrap();
        assert!(read.history.records.is_empty());
        let [unknown] = read.unknown.as_slice() else { panic!("{}", read.unknown.len()) };
        assert_eq!((&*unknown.column, unknown.what), ("CF_JDRQ", What::UnknownDay));
        assert_eq!(unknown.class.as_ref().unwrap().as_str(), "administrative-penalty");
    }
    let read = penalty_with("CF_YXQ", Cell::Text("\\N")).map_err(|unfit| unfit.to_string()).unwrap();
    assert_eq!((read.history.records.len(), read.unknown.len()), (0, 1));
    fails("CF_JDRQ", Cell::Text("长期"), What::BeginsNever);
    fails("CF_JDRQ", Cell::Text("2099/12/31"), What::BeginsNever);
}

#[test]
fn another_form_of_a_day_fails() {
    for text in
        ["2026-03-01", "20260301", "202603", "1772294400000", "46082", "2026/3/1", "2026/03/01 00:00:00", "01/03/2026"]
    {
        fails("CF_JDRQ", Cell::Text(text), What::Day);
    }
    fails("CF_JDRQ", Cell::Int(46_082), What::Day);
    fails("CF_JDRQ", Cell::Real(46_082.0), What::Day);
    fails("CF_JDRQ", Cell::Bool(true), What::Day);
    fails("CF_JDRQ", Cell::Text("2026/02/29"), What::Day);
    let moment = "2026-02-28T16:00:00Z".parse().unwrap();
    assert_eq!(one(penalty_with("CF_JDRQ", Cell::Instant(moment))).determined, date(2026, 3, 1));
}

#[test]
fn the_end_of_publication_and_a_second_person_are_never_asked_for() {
    for select in sgs().selects {
        let names: Vec<_> = select.columns().iter().map(|column| column.name()).collect();
        for name in &names {
            assert!(!name.contains("GSJZQ") && !name.contains("_FR") && !name.ends_with("_MC"), "{names:?}");
        }
        assert_eq!(names.first(), Some(&select.source().columns()[select.source().key()].name()));
    }
}

#[test]
fn of_a_licence_the_last_day_is_read_and_not_the_first() {
    let row = |end| {
        [
            ("XK_XDR_ZJHM", Cell::Text(PERSON)),
            ("XK_XDR_ZJLX", Cell::Text("01")),
            ("XK_XDR_LB", Cell::Text("01")),
            ("XK_SYFW", Cell::Text("0")),
            ("XK_JDRQ", Cell::Text("2020/01/01")),
            ("XK_YXQZ", Cell::Text("2020/02/01")),
            ("XK_YXQZI", end),
            ("XK_ZT", Cell::Text("1")),
        ]
    };
    let asked = sgs();
    let end = |cell| one(asked.read("licence", &[&row(cell)])).effect_end;
    assert_eq!(end(Cell::Text("2030/01/31")), Some(date(2030, 1, 31)));
    assert_eq!(end(Cell::Text("长期")), None);
    let withdrawn = with(row(Cell::Text("长期")).to_vec(), "XK_ZT", Cell::Text("2"));
    assert!(
        asked.read("licence", &[&withdrawn]).map_err(|unfit| unfit.to_string()).unwrap().history.records.is_empty()
    );
}

#[test]
fn bytes_are_decoded_by_the_map_s_encoding_or_fail() {
    let gb = shipped("cn-sgs-2018").unwrap().replace("any_case = true", "any_case = true\nencoding = \"gb18030\"");
    let asked = Asked::new(&gb, &FIELDS);
    let read = |bytes| asked.read("penalty", &[&with(penalty(), "CF_XDR_LB", Cell::Bytes(bytes))]);
    one(read(b"\xd7\xd4\xc8\xbb\xc8\xcb"));
    assert!(read(b"\xb7\xa8\xc8\xcb").map_err(|unfit| unfit.to_string()).unwrap().history.records.is_empty());
    assert_eq!(read(b"\xd7\xd4\xc8").err().unwrap().what, What::Encoding);
    fails("CF_XDR_LB", Cell::Bytes(b"\xd7\xd4\xc8\xbb\xc8\xcb"), What::Encoding);
    // Somebody decoded it before, and lost characters.
    fails("CF_XDR_LB", Cell::Text("\u{fffd}然人"), What::Encoding);
}

#[test]
fn columns_that_nobody_asked_for_do_not_exist() {
    let asked = sgs();
    let person = person();
    let scenario = ScenarioName::parse("self-query").unwrap();
    let mut reading = Reading::new(&asked.map, &asked.plan, &scenario, &person, date(2026, 11, 22));
    let select = &asked.selects[0];
    let mut row = cells(select, &penalty());
    row.push(Cell::Text("a column that was added upstream"));
    assert_eq!(reading.row(select, &row).err().unwrap().what, What::Columns);
}

const MONEY: &str = r#"
map = "money"
title = { zh = "金额", en = "Money" }
[[source]]
name = "tax"
table = "tax"
key = "id"
[source.columns]
id = { form = "citizen-number" }
paid = { form = "money", unit = "wan-yuan" }
[[source.attribute]]
field = "tax_paid_last_year"
column = "paid"
"#;

#[test]
fn money_is_exact_and_within_the_domain() {
    let asked = Asked::new(MONEY, &["tax_paid_last_year"]);
    let row = |cell| [("id", Cell::Text(PERSON)), ("paid", cell)];
    let value = |cell| {
        let read = asked.read("tax", &[&row(cell)])?;
        Ok::<_, Unfit>(read.history.attributes.into_iter().next().unwrap().value)
    };
    for cell in [Cell::Number("0.200000"), Cell::Text("0.2"), Cell::Real(0.2), Cell::Number("2e-1")] {
        assert!(value(cell).ok().unwrap() == Value::Int(2_000));
    }
    assert!(value(Cell::Int(3)).ok().unwrap() == Value::Int(30_000));
    assert!(value(Cell::Null).ok().unwrap() == Value::Null);
    for (cell, what) in [
        (Cell::Number("0.00005"), What::TooFine),
        (Cell::Text("二千"), What::NoAmount),
        (Cell::Text("1,000"), What::NoAmount),
        (Cell::Bool(true), What::NoAmount),
        (Cell::Int(-1), What::OutsideDomain),
        (Cell::Int(100_001), What::OutsideDomain),
    ] {
        assert_eq!(value(cell).err().unwrap().what, what);
    }
    let unfit = asked.read("tax", &[&row(Cell::Int(1)), &row(Cell::Int(2))]).err().unwrap();
    assert_eq!((unfit.what, unfit.class.unwrap().as_str()), (What::Twice, "tax-amount"));
    assert!(asked.read("tax", &[&row(Cell::Int(1)), &row(Cell::Number("1.0"))]).is_ok());
}

#[test]
fn a_yes_or_no_of_any_number_of_rows() {
    let asked = Asked::new(shipped("report-workflow").unwrap(), &["objection_open"]);
    let row = |state| [("APPLICANT_ID_NUMBER", Cell::Text(PERSON)), ("STATE", state)];
    let value = |states: &[&'static str]| {
        let rows: Vec<_> = states.iter().map(|state| row(Cell::Text(state))).collect();
        let rows: Vec<&[_]> = rows.iter().map(|row| row.as_slice()).collect();
        let read = asked.read("objection", &rows).map_err(|unfit| unfit.to_string()).unwrap();
        read.history.attributes.into_iter().next().unwrap().value == Value::Bool(true)
    };
    assert_eq!([value(&[]), value(&["2"]), value(&["2", "1", "3"]), value(&["1", "2"])], [false, false, true, true]);
    assert_eq!(asked.read("objection", &[&row(Cell::Text("7"))]).err().unwrap().what, What::Code);
}

#[test]
fn lists_end_after_their_last_day_and_states_are_honoured() {
    let asked = Asked::new(shipped("cn-city-person").unwrap(), &FIELDS);
    let row = |last, state| {
        [("B000002", Cell::Text(PERSON)), ("RDRQ", Cell::Text("20260101")), ("JZRQ", last), ("ZT", state)]
    };
    let read = |last, state| asked.read("default", &[&row(last, state)]).map(|read| read.history.listings);
    let first = read(Cell::Text("20261231"), Cell::Text("2")).ok().unwrap().remove(0);
    assert_eq!((first.from, first.until, first.disputed), (date(2026, 1, 1), Some(date(2027, 1, 1)), true));
    for last in [Cell::Null, Cell::Text("99991231"), Cell::Int(20_991_231)] {
        assert_eq!(read(last, Cell::Text("0")).ok().unwrap().remove(0).until, None);
    }
    assert!(read(Cell::Null, Cell::Text("1")).ok().unwrap().is_empty());
    assert_eq!(read(Cell::Text("20250101"), Cell::Text("0")).err().unwrap().what, What::OutOfOrder);
    assert_eq!(read(Cell::Text("20250101"), Cell::Text("5")).err().unwrap().what, What::Code);
}

#[test]
fn states_of_several_columns_classes_and_severities_come_by_code() {
    let asked = Asked::new(shipped("cn-exec").unwrap(), &FIELDS);
    let row = |procedure, level, public, cancelled| {
        [
            ("ADMIN_CP_ID_NUMBER", Cell::Text(PERSON)),
            ("ADMIN_CP_ID_TYPE", Cell::Text("01")),
            ("ADMIN_CP_TYPE", Cell::Text("04")),
            ("PUNISH_ACT_DATE", Cell::Int(1_767_196_800_000)),
            ("PUNISH_DATE", Cell::Number("1772294400000")),
            ("PUNISH_END_DATE", Cell::Int(0)),
            ("PUNISH_PROCEDURE", procedure),
            ("PUNISH_LEVEL", level),
            ("PUBLICSTATUS", public),
            ("ISCANCELCASE", cancelled),
        ]
    };
    let read = |row: [(&str, Cell<'_>); 10]| asked.read("case", &[&row]);
    let record = one(read(row(Cell::Int(1), Cell::Int(3), Cell::Int(2), Cell::Bool(false))));
    assert_eq!((record.act, record.determined), (date(2026, 1, 1), date(2026, 3, 1)));
    assert_eq!((record.severity, record.disputed, record.repaired), (Severity::Serious, true, None));
    let repaired = one(read(row(Cell::Int(1), Cell::Int(1), Cell::Int(3), Cell::Null)));
    assert_eq!((repaired.repaired, repaired.disputed), (Some(date(2026, 3, 1)), false));
    for left_out in [
        row(Cell::Int(1), Cell::Int(1), Cell::Int(0), Cell::Null),
        row(Cell::Int(1), Cell::Int(1), Cell::Int(1), Cell::Bool(true)),
        row(Cell::Int(2), Cell::Int(1), Cell::Int(1), Cell::Null),
    ] {
        assert!(read(left_out).map_err(|unfit| unfit.to_string()).unwrap().history.records.is_empty());
    }
    for (row, column) in [
        (row(Cell::Int(3), Cell::Int(1), Cell::Int(1), Cell::Null), "PUNISH_PROCEDURE"),
        (row(Cell::Int(1), Cell::Int(4), Cell::Int(1), Cell::Null), "PUNISH_LEVEL"),
        (row(Cell::Int(1), Cell::Int(1), Cell::Null, Cell::Null), "PUBLICSTATUS"),
    ] {
        let unfit = read(row).err().unwrap();
        assert_eq!((&*unfit.column, unfit.what), (column, What::Code));
    }
}

#[test]
fn no_fault_quotes_a_value() {
    let values = [PERSON, OTHER, "330921************", "2026-03-01", "护照2"];
    for column in ["CF_XDR_ZJHM", "CF_XDR_ZJLX", "CF_XDR_LB", "CF_SYFW", "CF_JDRQ", "CF_YXQ"] {
        for value in values {
            if let Err(unfit) = penalty_with(column, Cell::Text(value)) {
                let text = format!("{unfit} {unfit:?}");
                assert!(values.iter().all(|value| !text.contains(value)), "{column}");
            }
        }
    }
}

/// A map with a day in some form, and what a debt needs beside it.
fn debts(form: &str) -> Asked {
    let map = format!(
        r#"map = "debts"
title = {{ zh = "债务", en = "Debts" }}
for_ever = ["9999-12-31", "2099-12-31"]
[[source]]
name = "debt"
table = "debt"
key = "number"
[source.columns]
number = {{ form = "citizen-number" }}
since = {{ form = "yyyy-mm-dd" }}
ends = {{ form = "{form}", none = [""] }}
paid = {{ form = "yyyy-mm-dd", none = ["0"] }}
again = {{ form = "yyyy-mm-dd", none = [""] }}
revoked = {{ form = "yyyy-mm-dd", none = [""] }}
sum = {{ form = "money", unit = "yuan" }}
[[source.record]]
class = "loan-overdue"
severity = "general"
determined = "since"
effect_end = "ends"
performed = "paid"
amount = "sum"
repaired = "again"
repair_revoked = "revoked"
"#
    );
    Asked::new(&map, &["loan_overdue_exists"])
}

fn debt<'a>(more: &[(&'a str, Cell<'a>)]) -> Vec<(&'a str, Cell<'a>)> {
    let row = vec![
        ("number", Cell::Text(PERSON)),
        ("since", Cell::Text("2025-01-05")),
        ("ends", Cell::Text("")),
        ("again", Cell::Text("")),
        ("revoked", Cell::Text("")),
    ];
    more.iter().fold(row, |row, (column, cell)| with(row, column, *cell))
}

#[test]
fn for_ever_is_known_in_every_form_that_can_write_it() {
    for (form, text) in [
        ("yyyymmdd", "99991231"),
        ("yyyymm", "999912"),
        ("yyyy.mm.dd", "9999.12.31"),
        ("yyyy年m月d日", "9999年12月31日"),
        ("yyyy-mm-dd hh:mm:ss", "9999-12-31 23:59:59"),
        ("rfc3339", "9999-12-31T23:59:59+08:00"),
        ("rfc3339", "9999-12-30T16:00:00Z"),
        ("milliseconds", "253402185600000"),
        ("milliseconds", "253402271999000"),
        ("seconds", "253402271999"),
        ("serial", "2958465"),
        ("serial", "73050"),
        ("date", "9999-12-31"),
    ] {
        let row = debt(&[("ends", Cell::Text(text))]);
        assert_eq!(one(debts(form).read("debt", &[&row])).effect_end, None, "{form} {text}");
    }
    for (form, text) in [
        ("yyyymmdd", "99991230"),
        ("yyyymm", "999911"),
        ("milliseconds", "253402099200000"),
        ("milliseconds", "253502099200000"),
        ("serial", "2958464"),
        ("yyyymmdd", "22010101"),
    ] {
        let row = debt(&[("ends", Cell::Text(text))]);
        let unfit = debts(form).read("debt", &[&row]).err().unwrap();
        assert_eq!((&*unfit.column, unfit.what), ("ends", What::Day), "{form} {text}");
    }
}

#[test]
fn a_performance_and_an_amount_that_do_not_fit_fail_and_one_that_is_not_known_ends_nothing() {
    for (column, cell, what) in [
        ("paid", Cell::Text("2025/02/01"), What::Day),
        ("paid", Cell::Text("2025-01-04"), What::OutOfOrder),
        ("sum", Cell::Text("much"), What::NoAmount),
        ("sum", Cell::Text("-1"), What::NoAmount),
    ] {
        let unfit = debts("date").read("debt", &[&debt(&[(column, cell)])]).err().unwrap();
        assert_eq!((&*unfit.column, unfit.what), (column, what));
    }
    for cell in [Cell::Null, Cell::Text(""), Cell::Text("0"), Cell::Text("9999-12-31")] {
        let record = one(debts("date").read("debt", &[&debt(&[("paid", cell)])]));
        assert_eq!((record.performed, record.amount), (None, None));
    }
    let paid = debt(&[("paid", Cell::Text("2025-01-05")), ("sum", Cell::Text("9999.01"))]);
    let record = one(debts("date").read("debt", &[&paid]));
    assert_eq!((record.performed, record.amount), (Some(date(2025, 1, 5)), Some(10_000)));
}

#[test]
fn a_revocation_before_the_repair_was_of_an_earlier_one() {
    let row = debt(&[("again", Cell::Text("2026-03-01")), ("revoked", Cell::Text("2026-02-01"))]);
    let record = one(debts("date").read("debt", &[&row]));
    assert_eq!((record.repaired, record.repair_revoked), (Some(date(2026, 3, 1)), Some(date(2026, 2, 1))));
}

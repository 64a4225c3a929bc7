//! What an office's columns are made of in PostgreSQL: each is answered from as its rows say, or refused.

use std::fs;

use credit_tests::{Gateway, gateway, postgres::Server};

use super::{change_database, mapped::as_text, office};
use crate::stores::{
    CLEAN, ask,
    mapped::{Office, PENALISED},
    refused,
};

/// An office whose tables were changed, and the name of its database.
fn changed(change: &str) -> (Office, String) {
    let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    change_database(&database, &(as_text(&office.seed()) + change));
    (office, database)
}

/// A penalty of a person; the rest of the row as it is said.
fn penalty(number: &str, columns: &str, values: &str) -> String {
    format!("INSERT INTO xzcf(cf_xdr_zjhm, {columns}) VALUES ('{number}', {values});\n")
}

/// Texts that compare without case, and rows of two hundred columns more, twenty of them of a megabyte, none of which the map names.
#[test]
fn columns_of_citext_and_wide_rows_are_answered_from() {
    let added: String = (0..200).map(|nr| format!(", ADD wide_{nr} text")).collect();
    let (office, database) = changed(&format!(
        "CREATE EXTENSION citext;
         ALTER TABLE xzcf ALTER cf_xdr_zjhm TYPE citext, ALTER cf_xdr_zjlx TYPE citext, ALTER cf_xdr_lb TYPE citext,
           ALTER cf_jdrq TYPE citext, ALTER cf_syfw TYPE citext {added};"
    ));
    let large: String = (0..20)
        .map(|nr| {
            format!(
                "ALTER TABLE xzcf ALTER wide_{nr} SET STORAGE EXTERNAL;
                 UPDATE xzcf SET wide_{nr} = repeat('宽', 350000) WHERE cf_xdr_zjhm = '{}';",
                office.penalised
            )
        })
        .collect();
    let small: Vec<_> = (20..200).map(|nr| format!("wide_{nr} = '宽'")).collect();
    change_database(&database, &format!("{large} UPDATE xzcf SET {};", small.join(", ")));
    let gateway = Gateway::serve(office.folder);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &office.penalised), PENALISED);
    assert_eq!(ask(folder, &office.trader), PENALISED);
    assert_eq!(ask(folder, &office.clean), CLEAN);
    refused(folder, &office.blank);
    refused(folder, &office.spoilt);
}

/// A table of partitions, a key of fixed width, and NULL in every column in turn.
#[test]
fn partitions_are_one_table_and_null_is_what_the_map_makes_of_nothing() {
    let (office, database) = changed(
        "ALTER TABLE xzcf RENAME TO stored;
         CREATE TABLE xzcf (LIKE stored) PARTITION BY HASH (cf_xdr_zjhm);
         CREATE TABLE part_0 PARTITION OF xzcf FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE part_1 PARTITION OF xzcf FOR VALUES WITH (MODULUS 2, REMAINDER 1);
         INSERT INTO xzcf SELECT * FROM stored; DROP TABLE stored; CREATE INDEX ON xzcf(cf_xdr_zjhm);
         GRANT SELECT ON xzcf TO credit_reader;",
    );
    let others = office.folder.noted("clean");
    let [no_day, no_end, no_kind, no_document, no_scope] = &others[..5] else { panic!("{} people", others.len()) };
    let all = "cf_xdr_zjlx, cf_xdr_lb, cf_syfw, cf_jdrq, cf_yxq";
    let rows = [
        penalty(no_day, all, "'01', '01', '0', NULL, NULL"),
        penalty(no_end, all, "'01', '01', '0', '2026/01/05', NULL"),
        penalty(no_kind, all, "'01', NULL, '0', '2026/01/05', NULL"),
        penalty(no_document, all, "NULL, '01', '0', '2026/01/05', NULL"),
        penalty(no_scope, all, "'01', '01', NULL, '2026/01/05', NULL"),
        "INSERT INTO xzcf DEFAULT VALUES;\n".to_owned(),
    ];
    change_database(&database, &rows.concat());
    let gateway = Gateway::serve(office.folder);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &office.penalised), PENALISED);
    assert_eq!(ask(folder, no_day), CLEAN, "no day: displayed nowhere");
    assert_eq!(ask(folder, no_end), PENALISED);
    // Nothing says whose row it is, or who may see it: nobody guesses.
    for person in [no_kind, no_document, no_scope] {
        refused(folder, person);
    }
}

/// Days of their own types have days without end, which only a map that names them reads; and a materialised view is a table.
#[test]
fn days_without_end_are_what_the_map_says_of_them() {
    let (office, database) = changed("");
    let others = office.folder.noted("clean");
    let [for_ever, never, before] = &others[..3] else { panic!("{} people", others.len()) };
    let all = "cf_xdr_zjlx, cf_xdr_lb, cf_syfw, cf_jdrq, cf_yxq";
    let rows = [
        penalty(for_ever, all, "'01', '01', '0', '2026/01/05', 'infinity'"),
        penalty(never, all, "'01', '01', '0', '-infinity', NULL"),
        penalty(before, all, "'01', '01', '0', '0044/03/15 BC', NULL"),
    ];
    change_database(
        &database,
        &format!(
            "{}
             DELETE FROM xzcf WHERE cf_jdrq = '\\N' OR cf_jdrq = '20260301' OR cf_yxq = '长期';
             ALTER TABLE xzcf RENAME TO stored;
             ALTER TABLE stored ALTER cf_jdrq TYPE date USING cf_jdrq::date, ALTER cf_yxq TYPE timestamp USING cf_yxq::timestamp;
             CREATE MATERIALIZED VIEW xzcf AS SELECT * FROM stored;
             CREATE INDEX ON xzcf(cf_xdr_zjhm); GRANT SELECT ON xzcf TO credit_reader;",
            rows.concat()
        ),
    );
    let gateway = Gateway::serve(office.folder);
    assert_eq!(ask(gateway.folder(), &office.penalised), PENALISED);
    for person in [for_ever, never, before] {
        refused(gateway.folder(), person);
    }
    let folder = gateway.stop();
    let shipped = include_str!("../../../../../gateway/maps/cn-sgs-2018.toml");
    let named = shipped.replacen("for_ever = [", "for_ever = [\"infinity\", ", 1).replacen(
        "unknown = [",
        "unknown = [\"-infinity\", ",
        1,
    );
    fs::write(folder.join("own.toml"), named).unwrap();
    folder.replace_in_config("map = \"cn-sgs-2018\"", "map = \"own.toml\"");
    let gateway = Gateway::serve(folder);
    assert_eq!(ask(gateway.folder(), for_ever), PENALISED);
    assert_eq!(ask(gateway.folder(), never), CLEAN, "an unknown day: displayed nowhere");
    refused(gateway.folder(), before);
}

/// Numbers in the columns of codes: the digits are compared, with the fraction if there is one.
#[test]
fn a_code_in_decimal_digits_is_the_code_only_digit_for_digit() {
    let (office, database) = changed(
        "ALTER TABLE xzcf ALTER cf_syfw TYPE numeric(4,2) USING cf_syfw::numeric, ALTER cf_xdr_zjhm TYPE char(18)
           USING trim(cf_xdr_zjhm)::char(18);",
    );
    let gateway = Gateway::serve(office.folder);
    refused(gateway.folder(), &office.penalised);
    let folder = gateway.stop();
    change_database(&database, "ALTER TABLE xzcf ALTER cf_syfw TYPE numeric(4,0)");
    let gateway = Gateway::serve(folder);
    assert_eq!(ask(gateway.folder(), &office.penalised), PENALISED);
    assert_eq!(ask(gateway.folder(), &office.clean), CLEAN);
}

#[test]
fn types_that_no_form_reads_are_refused_before_anybody_is_asked_about() {
    let (office, database) = changed("");
    let config = office.folder.config();
    for (column, name, live, told) in [
        ("cf_jdrq", "CF_JDRQ", "uuid", "uuid"),
        ("cf_jdrq", "CF_JDRQ", "text[]", "_text"),
        ("cf_jdrq", "CF_JDRQ", "interval", "interval"),
        ("cf_jdrq", "CF_JDRQ", "time", "time"),
        ("cf_jdrq", "CF_JDRQ", "jsonb", "jsonb"),
        ("cf_jdrq", "CF_JDRQ", "xml", "xml"),
        ("cf_jdrq", "CF_JDRQ", "daterange", "daterange"),
        ("cf_syfw", "CF_SYFW", "money", "money"),
        ("cf_syfw", "CF_SYFW", "bit(4)", "bit"),
        ("cf_xdr_zjhm", "CF_XDR_ZJHM", "numeric(18,0)", "numeric"),
        ("cf_xdr_zjhm", "CF_XDR_ZJHM", "bytea", "bytea"),
    ] {
        change_database(&database, &format!("ALTER TABLE xzcf ALTER {column} TYPE {live} USING NULL"));
        let said = gateway(&["store", "check", "office", "--config", config.to_str().unwrap()]).failed(64);
        assert!(said.contains(&format!("`penalty.{name}` has the type {told}")), "{live}: {said}");
        change_database(&database, &format!("ALTER TABLE xzcf ALTER {column} TYPE text USING NULL"));
    }
}

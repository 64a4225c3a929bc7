//! Tables as an office has them in PostgreSQL, behind a map: each trap of them, in the types that offices use.

use std::fs;

use credit_tests::{Gateway, gateway, postgres::Server};

use super::{change_database, office};
use crate::stores::{
    CLEAN, ask,
    mapped::{Office, PENALISED},
    refused,
};

/// The same rows with columns of the type `text`: of a number PostgreSQL makes no text by itself.
pub(super) fn as_text(seed: &str) -> String {
    let typed = |line: &str| line.trim_end_matches([',', ')', ';']).replace(", ", " text, ") + " text";
    let mut is_table = false;
    let lines = seed.lines().filter(|line| !line.contains(" 990101199003070031,")).map(|line| {
        let columns = is_table && line.starts_with("  ");
        is_table = line.starts_with("CREATE TABLE") || (is_table && columns);
        match columns.then(|| &line[line.trim_end_matches([',', ')', ';']).len()..]) {
            Some(end) => format!("  {}{end}\n", typed(line.trim_start())),
            None => format!("{line}\n"),
        }
    });
    lines.collect::<String>() + "GRANT SELECT ON xzcf, xzxk TO credit_reader;"
}

/// Fixed width, days of their own type, codes as numbers, and a view that joins a table of codes.
const AS_TYPES: &str = "
    CREATE DOMAIN document AS char(40);
    CREATE TYPE kind AS ENUM ('01', '02', '03', '04');
    UPDATE xzcf SET cf_jdrq = NULL WHERE cf_jdrq = '\\N';
    UPDATE xzcf SET cf_xdr_lb = '01' WHERE cf_xdr_lb IS NULL;
    ALTER TABLE xzcf
      ALTER cf_xdr_zjhm TYPE document, ALTER cf_xdr_zjlx TYPE char(4), ALTER cf_xdr_lb TYPE kind USING cf_xdr_lb::kind,
      ALTER cf_jdrq TYPE date USING to_date(replace(cf_jdrq, '/', ''), 'YYYYMMDD'),
      ALTER cf_yxq TYPE timestamp USING CASE WHEN cf_yxq = '长期' THEN '9999-12-31 12:00:00'::timestamp END,
      ALTER cf_gsjzq TYPE timestamptz USING cf_gsjzq::timestamptz;
    ALTER TABLE xzcf RENAME TO stored;
    CREATE TABLE scopes(code smallint, meaning numeric(1,0)); INSERT INTO scopes VALUES (10, 0), (12, 2);
    ALTER TABLE stored ADD scope smallint; UPDATE stored SET scope = 10 + cf_syfw::int;
    CREATE VIEW xzcf AS SELECT s.cf_xdr_zjhm, s.cf_xdr_zjlx, s.cf_xdr_lb, s.cf_jdrq, s.cf_yxq, s.cf_gsjzq, c.meaning AS cf_syfw
      FROM stored s JOIN scopes c ON c.code = s.scope;
    GRANT SELECT ON xzcf TO credit_reader;";

fn checked(office: &Office, arguments: &[&str]) -> credit_tests::Ended {
    let config = office.folder.config();
    gateway(&[&["store", "check", "office", "--config", config.to_str().unwrap()], arguments].concat())
}

#[test]
fn an_office_s_tables_are_answered_from_and_their_traps_change_no_answer() {
    for (more, spoilt) in [("", None), (AS_TYPES, Some(PENALISED))] {
        let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
        change_database(&database, &(as_text(&office.seed()) + more));
        let gateway = Gateway::serve(office.folder);
        let folder = gateway.folder();
        assert_eq!(ask(folder, &office.penalised), PENALISED);
        assert_eq!(ask(folder, &office.trader), PENALISED);
        assert_eq!(ask(folder, &office.clean), CLEAN);
        refused(folder, &office.blank);
        match spoilt {
            // A day of its own type has one reading.
            Some(told) => assert_eq!(ask(folder, &office.spoilt), told),
            None => refused(folder, &office.spoilt),
        }
        let said = gateway.err().text();
        assert!(said.contains("not in its canonical form") && !said.contains(&office.blank), "{said}");
    }
}

#[test]
fn what_does_not_fit_is_found_before_anybody_is_asked_about() {
    let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    change_database(&database, &as_text(&office.seed()));
    let said = checked(&office, &[]).failed(1);
    for wanted in [
        "`penalty.CF_XDR_ZJHM`: 2 with no citizen number",
        "`penalty.CF_XDR_ZJHM`: 1 with a citizen number that is not in its canonical form",
        "`penalty.CF_JDRQ`: 1 with no date since 1900 in the form that the map names: row 13",
        "`penalty.CF_JDRQ`: 2 with an unknown date: the row does not count",
        "`penalty.CF_JDRQ`: 1 with a day in the future: row 14",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    for number in [&office.clean, &office.blank, &office.spoilt] {
        assert!(!said.contains(number.as_str()) && !said.contains("330921"), "{said}");
    }
    let first = checked(&office, &["--sample", "1"]).held();
    assert!(first.contains("rows checked: penalty 1, licence 0") && first.contains("nothing was found"), "{first}");
    assert!(first.contains("only the first 1 rows of each table were checked"), "{first}");
    assert!(checked(&office, &["--all"]).failed(1).contains("CF_JDRQ"));
    change_database(&database, "DELETE FROM xzcf WHERE cf_wsh IS NULL");
    for (change, told) in [
        ("DROP INDEX xzcf_number", "`penalty` has no index on its citizen numbers"),
        ("CREATE INDEX xzcf_number ON xzcf(cf_xdr_zjhm); GRANT DELETE ON xzxk TO credit_reader", "can write `xzxk`"),
        (
            "REVOKE DELETE ON xzxk FROM credit_reader; REVOKE SELECT ON xzcf FROM credit_reader; \
             GRANT SELECT (cf_xdr_zjhm, cf_jdrq) ON xzcf TO credit_reader",
            "may not read all columns that the map names in `penalty`",
        ),
        (
            "GRANT SELECT ON xzcf TO credit_reader; ALTER TABLE xzcf RENAME cf_jdrq TO cf_rq",
            "in `penalty.CF_JDRQ`: the store has no such column",
        ),
        (
            "ALTER TABLE xzcf RENAME cf_rq TO cf_jdrq; ALTER TABLE xzcf ADD \"CF_Jdrq\" text",
            "two such columns, of one name or of names that differ by case",
        ),
        (
            "ALTER TABLE xzcf DROP \"CF_Jdrq\"; CREATE TABLE \"Xzcf\"(a int)",
            "has two tables `XZCF` that differ by case",
        ),
        ("DROP TABLE \"Xzcf\"; ALTER TABLE xzcf RENAME TO other", "has no table or view `XZCF`"),
        (
            "ALTER TABLE other RENAME TO xzcf; ALTER TABLE xzcf ALTER cf_jdrq TYPE json USING NULL",
            "`penalty.CF_JDRQ` has the type json",
        ),
        (
            "ALTER TABLE xzcf ALTER cf_jdrq TYPE text; ALTER TABLE xzcf ALTER cf_xdr_zjhm TYPE bigint USING NULL",
            "`penalty.CF_XDR_ZJHM` has the type int8",
        ),
    ] {
        change_database(&database, change);
        let said = checked(&office, &[]).failed(64);
        assert!(said.contains(told), "{change}: {said}");
        let config = office.folder.config();
        assert!(gateway(&["check", "--config", config.to_str().unwrap()]).failed(64).contains(told), "{change}");
    }
}

#[test]
fn an_answer_has_the_map_s_columns_and_a_bound() {
    let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    change_database(
        &database,
        &(as_text(&office.seed())
            + &format!(
                "REVOKE SELECT ON xzcf FROM credit_reader;
                 GRANT SELECT (cf_xdr_zjhm, cf_xdr_zjlx, cf_xdr_lb, cf_syfw, cf_jdrq, cf_yxq, cf_gsjzq) ON xzcf TO credit_reader;
                 UPDATE xzcf SET cf_jdrq = '2015/01/05' WHERE cf_jdrq = '20260301';
                 INSERT INTO xzcf(cf_xdr_zjhm, cf_xdr_zjlx, cf_xdr_lb, cf_syfw, cf_jdrq)
                   SELECT '{}', '01', repeat('0', 100000000), '0', '2015/01/05';
                 INSERT INTO xzcf(cf_xdr_zjhm, cf_xdr_zjlx, cf_xdr_lb, cf_syfw, cf_jdrq)
                   SELECT '{}', '01', '01', '0', '2015/01/05' FROM generate_series(1, 10001);",
                office.spoilt, office.blank
            )),
    );
    office.folder.replace_in_config("= \"postgres-ca.pem\"\n", "= \"postgres-ca.pem\"\nanswer_bytes = 400000\n");
    let gateway = Gateway::serve(office.folder);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &office.penalised), PENALISED);
    refused(folder, &office.spoilt);
    refused(folder, &office.blank);
    assert_eq!(ask(folder, &office.clean), CLEAN, "no look-up waits for what these left");
    let said = gateway.err().text();
    assert!(
        said.contains("longer than any that fits") && said.contains("its answer is larger than 400000 bytes"),
        "{said}"
    );
}

#[test]
fn what_is_asked_is_printed_for_a_database_too() {
    let (office, _) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    let config = office.folder.config();
    let said = gateway(&["store", "explain", "public-rental-housing", "--config", config.to_str().unwrap()]).held();
    assert!(said.contains("office: penalty (XZCF), by CF_XDR_ZJHM") && !said.contains("GSJZQ"), "{said}");
    assert!(fs::read_to_string(config).unwrap().contains("kind = \"postgres\""));
}

#[test]
fn a_moment_of_the_last_day_is_for_ever_and_one_beyond_the_calendar_fails_for_its_person_alone() {
    let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    let Office { penalised, trader, spoilt, .. } = &office;
    let change = format!(
        "ALTER TABLE xzcf ALTER cf_yxq TYPE timestamptz USING NULL;
         UPDATE xzcf SET cf_yxq = '9999-12-31 23:59:59+08' WHERE cf_xdr_zjhm = '{penalised}';
         UPDATE xzcf SET cf_yxq = '9999-12-31 12:00:00+00' WHERE upper(cf_xdr_zjhm) = '{trader}';
         UPDATE xzcf SET cf_yxq = '20000-01-01 00:00:00+00', cf_jdrq = (SELECT max(cf_jdrq) FROM xzcf WHERE cf_xdr_zjhm = '{penalised}')
           WHERE cf_xdr_zjhm = '{spoilt}';"
    );
    change_database(&database, &(as_text(&office.seed()) + &change));
    let said = checked(&office, &["--all"]).failed(1);
    assert!(said.contains("`penalty.CF_YXQ`: 1 with no date since 1900"), "{said}");
    let gateway = Gateway::serve(office.folder);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &office.trader), PENALISED);
    for _ in 0..25 {
        refused(folder, &office.spoilt);
    }
    assert_eq!(ask(folder, &office.penalised), PENALISED, "what is wrong with one row is said of nobody else");
}

//! What is answered from the tables, and about whom nothing is.

use std::time::{Duration, Instant};

use credit_tests::{Folder, Gateway, checked, metric, query::look_up};

use super::{change_database, folder, gateway_after};
use crate::{
    consents::{bearer, loan, token},
    stores::{BLACK, CLEAN, ask, readiness, ready, refused},
};

/// Tables without constraints and with one column more than the gateway reads, under views of their names.
const UNGUARDED: &str = "
    ALTER TABLE record RENAME TO r; ALTER TABLE listing RENAME TO l; ALTER TABLE attribute RENAME TO a;
    CREATE TABLE r2 AS TABLE r; CREATE TABLE l2 AS TABLE l; CREATE TABLE a2 AS TABLE a;
    CREATE INDEX ON r2 (number); CREATE INDEX ON l2 (number); CREATE INDEX ON a2 (number);
    ALTER TABLE r2 ADD note text DEFAULT 'upstream-secret';
    CREATE VIEW record AS TABLE r2; CREATE VIEW listing AS TABLE l2; CREATE VIEW attribute AS TABLE a2;
    GRANT SELECT ON record, listing, attribute TO credit_reader;";

fn told(folder: &Folder, number: &str, nr: u64) -> [String; 2] {
    let housing = folder.caller("housing").ask(&look_up(number));
    let token = token(folder, number, nr);
    let loaned = folder.caller("bank").ask_with(&loan(), &[("authorization", &bearer(&token))]);
    [housing, loaned].map(|reply| format!("{} {} {}", reply.status, reply.json()["data"], reply.json()["code"]))
}

#[test]
fn the_same_people_have_the_same_answers_as_in_sqlite() {
    let embedded = Gateway::serve(Folder::new());
    let database = Gateway::serve(folder().0);
    let people = embedded.folder().persons();
    assert_eq!(people, database.folder().persons(), "one ready-made demo");
    let mut different = std::collections::BTreeSet::new();
    for (nr, person) in (1..).zip(people.iter().step_by(3)) {
        let [one, other] = [&embedded, &database].map(|gateway| told(gateway.folder(), &person.number, nr));
        assert_eq!(one, other, "{}", person.note);
        different.extend(one);
    }
    assert!(different.len() > 4, "{different:?}");
}

#[test]
fn whoever_a_value_is_about_that_does_not_fit_is_not_answered_about() {
    let folder = Folder::new();
    let (black, late) = (folder.noted("black-listed"), folder.noted("late"));
    let clean = folder.noted("clean");
    let with_x = folder.persons().into_iter().find(|one| one.number.ends_with('X') && one.note == "clean");
    let with_x = with_x.map(|one| one.number);
    let (gateway, database) = gateway_after(|_| UNGUARDED.to_owned());
    let folder = gateway.folder();
    assert_eq!(ask(folder, &black[0]), BLACK);
    assert_eq!(ask(folder, &clean[0]), CLEAN, "a column that was added upstream changes nothing");
    change_database(
        &database,
        &format!(
            "UPDATE l2 SET list = 'Black' WHERE number = '{}';
             UPDATE l2 SET since = '2026-03-01', until = '2026-02-01' WHERE number = '{}' AND list = 'black';
             UPDATE l2 SET list = NULL WHERE number = '{}';
             UPDATE r2 SET class = 'taxes' WHERE number = '{}';
             UPDATE r2 SET determined = 'infinity' WHERE number = '{}';
             INSERT INTO r2 (number, class, nr, severity, act, determined, disputed)
               VALUES ('{}', 'tax', 99, 'serious', NULL, '2026-01-01', false);
             INSERT INTO l2 (number, list, nr, since, disputed) VALUES ('{}', 'grey', 99, '2026-01-01', NULL);
             INSERT INTO r2 (number, class, nr, severity, act, determined, disputed)
               SELECT '{}', 'tax', nr, 'minor', '2026-01-01', '2026-01-01', false FROM generate_series(1, 10001) nr;",
            black[0], black[1], black[2], late[0], late[1], clean[1], clean[2], clean[3],
        ),
    );
    for number in [&black[0], &black[1], &black[2], &late[0], &late[1], &clean[1], &clean[2], &clean[3]] {
        refused(folder, number);
    }
    if let Some(number) = with_x {
        let small = number.to_lowercase();
        change_database(
            &database,
            &format!(
                "INSERT INTO l2 (number, list, nr, since, disputed) VALUES ('{small}', 'black', 99, '2026-01-01', false)"
            ),
        );
        refused(folder, &number);
    }
    assert_eq!(ask(folder, &clean[0]), CLEAN, "others are");
    assert_eq!(readiness(folder), ready());
    let said = gateway.err().text();
    assert!(said.contains("`listing.list` is no list") && said.contains("`record` has more than 10000 rows"), "{said}");
    assert!(!said.contains("upstream-secret") && !said.contains(&late[0]), "{said}");
}

#[test]
fn a_look_up_that_takes_too_long_is_cancelled_and_the_next_does_not_wait_for_it() {
    let (gateway, database) = gateway_after(|folder| {
        let slow = folder.person("late", 0);
        format!(
            "ALTER TABLE listing RENAME TO l;
             CREATE VIEW listing AS SELECT number, list, nr, since, until, disputed FROM l
               WHERE CASE WHEN number = '{slow}' THEN pg_sleep(30) IS NOT NULL ELSE true END;
             INSERT INTO l VALUES ('{slow}', 'red', 9, '2026-01-01', NULL, false);
             GRANT SELECT ON listing TO credit_reader;"
        )
    });
    let folder = gateway.folder();
    let (slow, clean) = (folder.person("late", 0), folder.person("clean", 0));
    let late = folder.caller("housing").ask(&look_up(&slow));
    checked::refusal(folder, "housing", &late, 504, "store-timeout");
    let began = Instant::now();
    assert_eq!(ask(folder, &clean), CLEAN);
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    // The daily look at the rows, about nobody, takes the time that it takes.
    let asleep = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'PgSleep' AND query LIKE '%ANY ($1)%'"
    );
    let sleeps = || credit_tests::postgres::Server::shared().sql("postgres", &asleep).held().trim().to_owned();
    assert!(crate::faults::within(Duration::from_secs(3), || sleeps() == "0"), "{} still run", sleeps());
    assert_eq!(metric(folder.port_base(), "credit_gateway_log_recordable"), 1);
}

#[test]
fn a_number_in_another_writing_and_a_day_without_end_clear_nobody() {
    let folder = Folder::new();
    let clean: Vec<_> = folder.noted("clean").into_iter().filter(|number| !number.ends_with('X')).collect();
    let wide: String = clean[0].chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let old = format!("{}{}", &clean[1][..6], &clean[1][8..17]);
    let rows = [wide, old, format!("{} ", clean[2])]
        .map(|number| format!("INSERT INTO l2 VALUES ('{number}', 'black', 77, '2026-01-01', NULL, false);"));
    let endless = format!("INSERT INTO l2 VALUES ('{}', 'black', 77, '2026-01-01', 'infinity', false);", clean[3]);
    let (gateway, _) = gateway_after(|_| format!("{UNGUARDED} {} {endless}", rows.concat()));
    let folder = gateway.folder();
    clean[..4].iter().for_each(|number| refused(folder, number));
    assert_eq!(ask(folder, &clean[4]), CLEAN);
    let config = folder.config();
    let said = credit_tests::gateway(&["store", "check", "--all", "--config", config.to_str().unwrap()]).failed(1);
    assert!(said.contains("`listing.until`: 1 with no date since 1900"), "{said}");
}

#[test]
fn rows_that_may_not_be_there_are_a_warning_of_readiness_and_change_no_answer() {
    let clean = Folder::new().person("clean", 0);
    let sealed = format!(
        "INSERT INTO record(number, class, nr, severity, act, determined) VALUES
           ('{clean}', 'religion', 1, 'minor', '2026-01-01', '2026-01-01'), ('{clean}', 'religion', 2, 'minor', '2026-01-01', '2026-01-01');
         INSERT INTO attribute VALUES ('{clean}', 'blood_type', '\"A\"');"
    );
    let (gateway, _) = gateway_after(|_| sealed);
    let folder = gateway.folder();
    assert_eq!(ask(folder, &clean), CLEAN);
    let begun = Instant::now();
    while !readiness(folder).1.contains("warning: unlawful-data") {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", readiness(folder));
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = gateway.err().text();
    assert!(said.contains("may not be collected, is confidential or is sealed: blood-type, religion"), "{said}");
    assert!(!said.contains(&clean), "{said}");
}

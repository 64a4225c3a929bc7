//! Rows that do not fit: they clear nobody, and are counted and named.

use credit_tests::{Folder, Gateway, gateway, metric};
use rusqlite::Connection;

use super::{BLACK, CLEAN, ask, readiness, refused};

fn spoilt(folder: &Folder, change: &str) {
    let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
    store.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {change}")).unwrap();
}

#[test]
fn whoever_a_row_is_about_that_does_not_fit_is_not_answered_about() {
    let folder = Folder::new();
    let people = folder.persons();
    let with_x =
        people.iter().find(|one| one.number.ends_with('X') && !["minor", "black-listed"].contains(&one.note.as_str()));
    let with_x = with_x.expect("one of a hundred").number.clone();
    let black = folder.noted("black-listed");
    let late = folder.noted("late");
    spoilt(
        &folder,
        &format!(
            "INSERT INTO listing VALUES ('{}', 'black', 50, '2026-01-01', NULL, 0);
             UPDATE listing SET list = 'Black' WHERE number = '{}';
             UPDATE listing SET since = '2026-03-01', until = '2026-02-01' WHERE number = '{}' AND list = 'black';
             UPDATE record SET class = 'taxes' WHERE number = '{}';
             UPDATE record SET determined = '1899-12-31' WHERE number = '{}';
             INSERT INTO record(number, class, nr, severity, act, determined)
                 SELECT number, 'religion', 1, 'minor', '2026-01-01', '2026-01-01' FROM record LIMIT 1;",
            with_x.to_lowercase(),
            black[0],
            black[1],
            late[0],
            late[1],
        ),
    );
    let checked = gateway(&["check", "--config", folder.config().to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for part in
        ["warning: ", "has 15 values that do not fit", "5 persons are not answered about", "take it out: religion"]
    {
        assert!(checked.err.contains(part), "{part}: {}", checked.err);
    }
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for number in [&with_x, &black[0], &black[1], &late[0], &late[1]] {
        refused(folder, number);
    }
    assert_eq!(ask(folder, &black[2]), BLACK, "others are");
    assert_eq!(ask(folder, &folder.person("clean", 1)), CLEAN);
    assert!(metric(folder.port_base(), "credit_gateway_store_faulty_values") >= 5);
    assert_eq!(readiness(folder), (200, "ready\nwarning: unlawful-data\n".to_owned()));
    let said = gateway.err().text();
    for place in ["`listing.number`", "`listing.list`", "`listing.until`", "`record.class`", "`record.determined`"] {
        assert!(said.contains(place) && said.contains("row "), "{place}: {said}");
    }
    assert!(said.contains("WARN") && said.lines().all(|line| !line.contains(&late[0])), "{said}");
}

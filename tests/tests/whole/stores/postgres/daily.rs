//! What is looked at once a day: rows that do not fit are found before anybody is asked about.

use std::time::Duration;

use credit_tests::{Gateway, metric, postgres::Server};

use super::{change_database, gateway_after, mapped::as_text, office};
use crate::faults::within;

const SOON: Duration = Duration::from_secs(20);

fn faulty(gateway: &Gateway, store: &str) -> u64 {
    metric(gateway.folder().port_base(), &format!("credit_gateway_store_faulty_values{{store=\"{store}\"}}"))
}

#[test]
fn rows_behind_a_map_that_do_not_fit_are_counted_and_named_by_column_and_kind() {
    let (office, database) = office(Server::shared(), "TEMPLATE template0", "cn-sgs-2018");
    change_database(&database, &as_text(&office.seed()));
    let persons = [&office.clean, &office.penalised, &office.trader, &office.blank, &office.spoilt].map(Clone::clone);
    let gateway = Gateway::serve(office.folder);
    assert!(within(SOON, || faulty(&gateway, "office") >= 7), "{}", gateway.err().text());
    let said = gateway.err().text();
    let line = said.lines().find(|line| line.contains("values that do not fit, in a sample of")).expect("a line");
    assert!(line.contains("\"store\":\"office\"") && line.contains("run `credit-gateway store check`"), "{line}");
    for wanted in [
        "`penalty.CF_XDR_ZJHM`: 2 with no citizen number",
        "`penalty.CF_XDR_ZJHM`: 1 with a citizen number that is not in its canonical form",
        "`penalty.CF_JDRQ`: 1 with no date since 1900 in the form that the map names",
        "`penalty.CF_JDRQ`: 2 with an unknown date",
        "`penalty.CF_JDRQ`: 1 with a day in the future",
    ] {
        assert!(line.contains(wanted), "{wanted}: {line}");
    }
    let is_told = |number: &String| said.contains(number.as_str());
    assert!(!persons.iter().any(is_told) && !said.contains("330921") && !said.contains("2062"), "{said}");
}

#[test]
fn of_a_large_table_a_sample_is_looked_at_and_of_its_own_tables_too() {
    // Nobody's numbers, in a table of many pages whose size is known.
    let many = "INSERT INTO record (number, class, nr, severity, act, determined)
           SELECT '98' || lpad(person::text, 16, '0'), 'tax', 1, 'minor', '2026-01-01', '2026-01-02'
           FROM generate_series(1, 60000) person; ANALYZE record;";
    let (gateway, _) = gateway_after(|_| many.to_owned());
    assert!(within(SOON, || faulty(&gateway, "own") > 0), "{}", gateway.err().text());
    let found = faulty(&gateway, "own");
    assert!((5_000..=10_000).contains(&found), "{found}");
    let said = gateway.err().text();
    assert!(said.contains("`record.number`: ") && said.contains("with no citizen number"), "{said}");
}

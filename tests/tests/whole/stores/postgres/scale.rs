//! A look-up costs the same however many people a database has.

use std::{
    env,
    time::{Duration, Instant},
};

use credit_tests::{Connection, Gateway, query::look_up, run};
use hyper::Method;

use super::gateway_after;

/// Made up numbers, which no look-up asks for, each with ten records.
fn filled(people: u64) -> String {
    format!(
        "INSERT INTO record (number, class, nr, severity, act, determined)
           SELECT '98' || lpad(person::text, 16, '0'), 'tax', nr, 'minor', '2026-01-01', '2026-01-02'
           FROM generate_series(1, {people}) person, generate_series(1, 10) nr;
         INSERT INTO attribute SELECT '98' || lpad(person::text, 16, '0'), 'score', '600' FROM generate_series(1, {people}) person;
         ANALYZE record; ANALYZE listing; ANALYZE attribute;"
    )
}

async fn took(connection: &mut Connection, number: &str) -> Duration {
    let headers = [("content-type", "application/json")];
    let asked = credit_tests::request(Method::POST, "/v1/queries", &headers, look_up(number).to_string());
    let began = Instant::now();
    let reply = connection.send(asked).await.unwrap();
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    began.elapsed()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

#[test]
fn a_look_up_costs_the_same_among_many_people_as_among_few() {
    let is_full = env::var_os("CREDIT_TESTS_FULL").is_some();
    // On a machine that is busy with other tests, a third more is noise.
    let (few, many, rounds, most) = if is_full { (10_000, 1_000_000, 1_500, 1.1) } else { (1_000, 20_000, 150, 1.33) };
    let [few, many]: [Gateway; 2] = [few, many].map(|people| gateway_after(|_| filled(people)).0);
    let people = few.folder().noted("clean");
    let (few_took, many_took) = run(async {
        let mut few = few.folder().caller("housing").http1().await.unwrap();
        let mut many = many.folder().caller("housing").http1().await.unwrap();
        let (mut few_took, mut many_took) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let number = &people[round % people.len()];
            // Side by side, so that whatever else the machine does slows both.
            few_took.push(took(&mut few, number).await);
            many_took.push(took(&mut many, number).await);
        }
        (median(few_took), median(many_took))
    });
    let ratio = many_took.as_secs_f64() / few_took.as_secs_f64();
    assert!(ratio <= most, "{ratio:.2}: {few_took:?} among few, {many_took:?} among many");
}

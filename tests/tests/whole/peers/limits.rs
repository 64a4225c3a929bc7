//! Limits at the second gateway count for the end institution, and outlive a restart.

use credit_tests::{Gateway, checked, query::with};

use super::{PEER, Pair};
use crate::consents::{bearer, loan, token};

#[test]
fn distinct_persons_count_for_each_end_institution_by_itself() {
    let Pair { first, second } = Pair::with_second(|folder| {
        folder.set_of_institution(PEER, "distinct_subjects_a_day = 100000", "distinct_subjects_a_day = 2");
    });
    let people: Vec<_> = (10..14).map(|nr| first.folder().person("clean", nr)).collect();
    let pair = Pair { first, second };
    for number in &people[..2] {
        checked::answer(pair.first.folder(), "housing", &pair.look_up(number));
    }
    let reply = pair.look_up(&people[2]);
    checked::refusal(pair.first.folder(), "housing", &reply, 429, "distinct-subjects-exceeded");
    assert_eq!(reply.header("ratelimit-limit"), Some("2"));
    // Another end institution has its own.
    let reply = pair.loan(&token(pair.first.folder(), &people[2], 1));
    checked::answer(pair.first.folder(), "bank", &reply);
    // So it is after a restart, by the log alone.
    let Pair { first, second } = pair;
    let folder = second.stop();
    drop(std::fs::remove_file(folder.join("data/state.snapshot")));
    let pair = Pair { first, second: Gateway::serve(folder) };
    checked::refusal(pair.first.folder(), "housing", &pair.look_up(&people[3]), 429, "distinct-subjects-exceeded");
    checked::answer(pair.first.folder(), "housing", &pair.look_up(&people[1]));
    pair.sound();
}

#[test]
fn the_rate_of_the_row_is_that_of_each_end_institution() {
    let pair = Pair::with_second(|folder| {
        folder.set_of_institution(PEER, "rate_per_s = 500\nburst = 1000\n", "rate_per_s = 1\nburst = 4\n");
    });
    let number = pair.first.folder().person("clean", 15);
    let housing = || pair.direct(&pair.body(&number), &[]).status.as_u16();
    let told: Vec<_> = (0..6).map(|_| housing()).collect();
    assert_eq!(told[..4], [200; 4], "{told:?}");
    assert!(told[4..].contains(&429), "{told:?}");
    // The other one's four are still there; the connections bring as much as both together.
    let asked = with(loan(), "on_behalf", pair.on_behalf("bank", "bank"));
    let token = token(pair.first.folder(), &number, 1);
    let reply = pair.direct(&asked, &[("authorization", &bearer(&token))]);
    checked::answer(pair.second.folder(), PEER, &reply);
}

//! Many persons under a mixed load: each one's list is the record, entry by entry; nothing is missing, nothing too many.

use credit_tests::query::{look_up, with};
use serde_json::json;

use super::{
    Browser, gateway,
    queries::{by_person, ids},
};

#[test]
fn everybody_s_list_is_the_record() {
    let (gateway, service) = gateway();
    let folder = gateway.folder();
    let persons: Vec<_> = folder.persons().into_iter().filter(|person| person.note != "minor").collect();
    let most = if std::env::var_os("CREDIT_TESTS_FULL").is_some() { persons.len() } else { 12 };
    let persons = &persons[..most];
    let (housing, supervisor) = (folder.caller("housing"), folder.caller("supervisor"));
    // Small numbers that follow from one another.
    let mut draw = 7_u32;
    let mut below = |most: u32| {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (draw >> 16) % most
    };
    for nr in 0..most * 4 {
        let person = &persons[below(u32::try_from(most).unwrap()) as usize];
        let asked = with(look_up(&person.number), "case", format!("HZ-2026-{nr:06}"));
        drop(match below(4) {
            0 => housing.ask(&with(asked, "fields", json!(["score"]))),
            1 => supervisor.ask(&with(asked, "scenario", "supervision-inspection")),
            _ => housing.ask(&asked),
        });
    }
    let recorded = by_person(folder);
    let mut all = 0;
    for person in persons {
        service.person(&person.number);
        let browser = Browser::new(folder);
        drop(browser.log_in());
        let expected = recorded.get(&person.number).cloned().unwrap_or_default();
        assert_eq!(ids(&browser.json("/me/queries")), expected, "{}", person.note);
        all += expected.len();
    }
    assert_eq!(all, recorded.values().map(Vec::len).sum::<usize>());
    assert!(all > most, "{all}");
}

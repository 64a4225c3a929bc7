//! What was returned by a route are entries: one that goes out of answers later is corrected, whatever the field amounts to.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ROUTE, answers::served, ask, consent, path, report, told};
use crate::{faults::within, persons::repairs::post, stores::http::service::ok};

/// How long anything may take that comes by itself, on a busy machine.
const TIME: Duration = Duration::from_secs(30);

#[test]
fn an_entry_that_was_returned_and_is_repaired_is_corrected_though_others_leave_the_field_as_it_is() {
    let (service, gateway) = served(ROUTE);
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let whole = report(&number, &other);
    service.answers(move |_| ok(whole.as_bytes()));
    let consent = consent(folder, &number, 3);
    let ask = || ask(folder, &path(&number), &consent, &[]);
    let first = ask();
    assert!(first.text().contains("ov-1") && first.text().contains("ov-6"), "{}", first.text());
    let query: Value = first.header("credit-query").unwrap().into();
    let due = || folder.caller("bank").get("/v1/corrections").json()["corrections"].clone();
    assert_eq!(due(), json!([]));
    let repair = |since: &str| {
        let order = json!({
            "subject": number, "class": "loan-overdue", "document": format!("{since}/general"), "determined": since,
            "repaired_on": since, "order": "撤销 2026 年第 1 号",
        });
        let reply = post(folder, "credit-office", "/v1/repairs", &order);
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    };
    // One that was too old to be returned is missed by nobody.
    repair("2010-01-05");
    repair("2026-01-05");
    let second = ask();
    assert!(!second.text().contains("ov-1") && second.text().contains("ov-6"), "{}", second.text());
    let beside = |reply: &credit_tests::Reply| told(reply, "credit-answer");
    assert_eq!(beside(&first)["subject"], beside(&second)["subject"]);
    assert!(within(TIME, || due().as_array().is_some_and(|due| !due.is_empty())), "nothing is due");
    let due = due();
    let wanted = json!({"query": query, "fields": ["loan_overdue_band"]});
    let all: Vec<Value> =
        due.as_array().unwrap().iter().map(|one| json!({"query": one["query"], "fields": one["fields"]})).collect();
    assert_eq!(all, [wanted], "once, and none of the answer that came after it");
}

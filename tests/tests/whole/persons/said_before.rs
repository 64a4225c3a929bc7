//! A log that continues another: what a person closed stays closed, what is objected to stays marked or gone.

use credit_tests::{Gateway, checked, query::look_up};
use hyper::Method;
use serde_json::json;

use super::{Browser, gateway};
use crate::consents::{altered, ask, frequency, new_jti, new_log::continue_log};

#[test]
fn what_a_person_said_stands_in_every_log_that_follows() {
    let (gateway, _service) = gateway();
    let folder = gateway.folder();
    let number = folder.person("late", 0);
    let token = altered(folder, &new_jti(), &number, |grant| {
        (grant.terms.uses, grant.terms.frequency) = (10, frequency("10/P1D"));
    });
    let browser = Browser::new(folder);
    drop(browser.log_in());
    let record = browser.json("/me/report").json()["records"][0]["record"].clone();
    let said = json!({"record": record, "statement": "that was somebody else"});
    let objected = browser.send_json(Method::POST, "/me/objections", &said);
    let blocked = browser.send_json(Method::POST, "/me/blocks", &json!({"scenario": "commercial-loan"}));
    assert_eq!((objected.status.as_u16(), blocked.status.as_u16()), (200, 200));
    let told = |gateway: &Gateway| {
        let folder = gateway.folder();
        drop(checked::refusal(folder, "bank", &ask(&folder.caller("bank"), &token), 403, "consent-revoked"));
        let reply = folder.caller("housing").ask(&look_up(&number));
        drop(checked::answer(folder, "housing", &reply));
        reply.json()["marks"].clone()
    };
    let marks = told(&gateway);
    assert_ne!(marks, json!([]));
    let mut folder = gateway.stop();
    for nr in 1..=2 {
        continue_log(&folder, nr, &[]);
        let gateway = Gateway::serve(folder);
        assert_eq!(told(&gateway), marks);
        // Killed and started again, it says nothing twice.
        let gateway = Gateway::serve(gateway.kill());
        assert_eq!(told(&gateway), marks);
        let again: Vec<_> = gateway.folder().leaves();
        let again = again.iter().filter(|leaf| matches!(leaf.text("kind"), "block" | "objection"));
        assert_eq!(again.count(), 2);
        let browser = Browser::new(gateway.folder());
        drop(browser.log_in());
        let objection = browser.json("/me/objections").json()["objections"][0].clone();
        assert_eq!(objection["objection"], objected.json()["objection"]);
        assert_eq!((&objection["statement"], &objection["state"]), (&said["statement"], &json!("open")));
        crate::consents::assert_sound(gateway.folder());
        folder = gateway.stop();
    }
}

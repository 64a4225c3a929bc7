//! `Idempotency-Key` on a route: as on a query.

use credit_tests::{Gateway, checked::refusal};

use super::{ROUTE, allowed, ask, before, checked, consent, path, report, told};
use crate::stores::http::service::{Service, Step, ok};

#[test]
fn a_repeat_is_answered_while_the_answer_is_the_same_and_spends_nothing() {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(before(&service.url(), ROUTE));
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let whole = report(&number, &other);
    let first = whole.clone();
    service.answers(move |_| ok(first.as_bytes()));
    let consent = consent(folder, &number, 1);
    let key = [("idempotency-key", "k-1")];
    let ask = |target: &str| ask(folder, target, &consent, &key);
    let one = ask(&path(&number));
    let leaf = checked(folder, &one, allowed);
    // What does not leave may change: the answer is the same.
    let more = whole.replace("\"m-v3\"", "\"m-v4\"").replace("120000.50", "1");
    service.answers(move |_| ok(more.as_bytes()));
    let two = ask(&path(&number));
    assert_eq!(checked(folder, &two, allowed).json["repeats"], leaf.json["id"]);
    assert_eq!(told(&two, "credit-answer")["repeats"], leaf.json["id"]);
    assert_eq!(one.body, two.body);
    // The other spelling of the query string is another question.
    refusal(folder, "bank", &ask(&format!("/reports/{number}?%76iew=full")), 409, "idempotency-conflict");
    let changed = whole.replace("1200.50", "1200.5");
    service.answers(move |_| ok(changed.as_bytes()));
    refusal(folder, "bank", &ask(&path(&number)), 409, "answer-changed");
}

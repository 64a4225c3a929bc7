//! Every refusal.
use credit_tests::shared;
use serde_json::json;

#[test]
fn a_look_up_without_a_case_is_refused() {
    let folder = shared().folder();
    let reply = folder.caller("housing").ask(
        &json!({"scenario": "public-rental-housing", "subject": folder.person("clean", 1), "operator": "staff-0017"}),
    );
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "case-required"));
    let leaf = folder.leaf(reply.index());
    assert_eq!(leaf.text("code"), "case-required");
}

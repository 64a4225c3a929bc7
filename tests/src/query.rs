//! Queries as institutions send them.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

/// The scenario that most tests ask for.
pub const SCENARIO: &str = "public-rental-housing";

/// A case number that no other test uses.
#[must_use]
pub fn new_case() -> String {
    static USED: AtomicU32 = AtomicU32::new(0);
    // Of one length, so that what is compared byte for byte differs in nothing but digits.
    format!("CASE-{:06}", USED.fetch_add(1, Ordering::Relaxed))
}

/// A look-up by the housing department, whole and in order, under a case.
#[must_use]
pub fn look_up_under(number: &str, case: &str) -> Value {
    json!({"scenario": SCENARIO, "subject": number, "operator": "staff-0017", "case": case})
}

/// A look-up under a case of its own.
#[must_use]
pub fn look_up(number: &str) -> Value {
    look_up_under(number, &new_case())
}

/// A body with one member set to something else.
#[must_use]
pub fn with(mut body: Value, key: &str, value: impl Into<Value>) -> Value {
    body[key] = value.into();
    body
}

/// A body without one member.
#[must_use]
pub fn without(mut body: Value, key: &str) -> Value {
    body.as_object_mut().expect("an object").remove(key).expect("it has the member");
    body
}

/// A citizen number with another, wrong check character.
#[must_use]
pub fn wrong_check(number: &str) -> String {
    let (digits, check) = number.split_at(17);
    format!("{digits}{}", if check == "0" { '1' } else { '0' })
}

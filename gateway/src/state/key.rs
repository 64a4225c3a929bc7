//! What stands for persons, cases, consents and callers' keys in the counts.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_policy::normal_case;

/// What stands for a person in what outlives a data key ([`standing`](super::standing)).
pub(crate) type StandingKey = [u8; 32];

/// 16 bytes that stand for an institution together with a person, a case or a member of staff, or for a consent. Made
/// from the leaf's keyed `subject` tag, so it says as little as the leaf does (`FORMAT.md` §4, `carried`).
pub(crate) type Key = [u8; 16];

/// Text in the place of a key that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key in it is not 16 bytes of base64")]
pub(crate) struct NoKey;

pub(super) fn parse_key(text: &str) -> Result<Key, NoKey> {
    STANDARD.decode(text).map_err(|_| NoKey)?.try_into().map_err(|_| NoKey)
}

pub(super) fn key_text(key: &Key) -> String {
    STANDARD.encode(key)
}

/// Stands for some parts: 16 bytes of SHA-256 over them, framed.
#[must_use]
pub(crate) fn key(label: &str, parts: &[&str]) -> Key {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in std::iter::once(&label).chain(parts) {
        context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    key
}

/// What stands for a consent in the counts.
#[must_use]
pub(crate) fn consent_key(iss: &str, jti: &str) -> Key {
    key("consent", &[iss, jti])
}

/// However a case is written, it is counted in its normal form.
pub(super) fn case_key(institution: &str, case: &str, subject: &str) -> Key {
    key("case", &[institution, &normal_case(case), subject])
}

pub(super) fn person_key(institution: &str, subject: &str) -> Key {
    key("person", &[institution, subject])
}

pub(super) fn staff_key(institution: &str, staff: &str) -> Key {
    key("operator", &[institution, staff])
}

/// What stands for a key on one day.
pub(super) fn day_key(of: &Key, day: jiff::civil::Date) -> Key {
    key("day", &[&key_text(of), &day.to_string()])
}

//! What one `query` leaf did: the keys of it that count.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::key::{Key, consent_key};

/// What one `query` leaf did; the keys of the leaf that count here.
#[derive(Deserialize)]
pub(crate) struct QueryEffect<'a> {
    /// The query.
    pub(crate) id: Uuid,
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// Who asked.
    pub(crate) institution: Option<&'a str>,
    /// Through whom.
    pub(crate) operator: Option<&'a str>,
    outcome: &'a str,
    /// The scenario, once it was found.
    pub(crate) scenario: Option<&'a str>,
    /// Tag of the person.
    pub(crate) subject: Option<&'a str>,
    #[serde(borrow)]
    ground: Option<GroundEffect<'a>>,
    /// The first query that this one repeats.
    pub(crate) repeats: Option<Uuid>,
    idempotency: Option<&'a str>,
}

#[derive(Deserialize)]
struct GroundEffect<'a> {
    #[serde(borrow)]
    case: Option<Cow<'a, str>>,
    consent: Option<&'a str>,
    first: Option<u64>,
    #[serde(rename = "use")]
    number: Option<u64>,
}

/// The claims of a recorded token that name it. It was verified before it was recorded.
#[derive(Deserialize)]
struct TokenName {
    iss: String,
    jti: String,
    exp: Option<i64>,
}

impl QueryEffect<'_> {
    /// Whether it was answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.outcome == "answered"
    }

    /// Its case.
    pub(crate) fn case(&self) -> Option<&str> {
        self.ground.as_ref()?.case.as_deref()
    }

    /// Which use of a consent it was, and the leaf that holds the token: this one, `index`, or an earlier one.
    pub(crate) fn consent_use(&self, index: u64) -> Option<(u64, u64)> {
        let ground = self.ground.as_ref()?;
        Some((ground.first.unwrap_or(index), ground.number?))
    }

    /// What stands for the consent whose token this leaf has, and when the token ends.
    pub(crate) fn consent(&self) -> Option<(Key, Option<Timestamp>)> {
        let payload = self.ground.as_ref()?.consent?.split('.').nth(1)?;
        let name: TokenName = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let expires = name.exp.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Some((consent_key(&name.iss, &name.jti), expires))
    }

    /// Its idempotency key, and everything that was asked under it.
    pub(crate) fn idempotency(&self) -> Option<(Key, Key)> {
        let bytes = STANDARD.decode(self.idempotency?).ok()?;
        let (slot, identity) = bytes.split_first_chunk::<16>()?;
        Some((*slot, identity.try_into().ok()?))
    }
}

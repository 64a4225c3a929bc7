//! What a consent agrees to, and the widest that a scenario takes.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Serialize;

use super::fault::Bound;
use super::period::{Frequency, Period};
use crate::names::{FieldName, ScenarioName};
use crate::number_guard::holds_citizen_number;

/// The one audience whose tokens are taken: the claim `aud`.
pub const AUDIENCE: &str = "credit-gateway";

/// The longest `jti`, in characters.
const LONGEST_ID: usize = 128;

/// The `jti` of a consent: 1 to 128 visible ASCII characters without a citizen number, since it stands in records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TokenId(String);

impl TokenId {
    /// Parses a `jti`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let form = (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        (form && !holds_citizen_number(text)).then(|| Self(text.to_owned()))
    }

    /// The text of the `jti`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a consent is revoked and counted under: a `jti` means nothing without its issuer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsentId {
    /// The issuer, `iss`.
    pub iss: String,
    /// The issuer's id of the token, `jti`.
    pub jti: TokenId,
}

/// What a person agreed to: the one `credit-query` detail of the token (RFC 9396).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The scenario, that is, the purpose.
    pub scenario: ScenarioName,
    /// The fields by name, as the token lists them; `None` means the scenario's first-tier fields of the catalogue in
    /// force at [`Consent::issued_at`](crate::consent::Consent::issued_at). Whether the data list knows them is for the catalogue to say.
    pub fields: Option<Vec<FieldName>>,
    /// How far back records may lie; in years, months, weeks and days.
    pub look_back: Period,
    /// How many answers the token is good for, at least one.
    pub uses: u64,
    /// How many of them in how long a time.
    pub frequency: Frequency,
    /// How long the institution may keep an answer; in years, months, weeks and days.
    pub data_life: Period,
}

/// The widest terms that the catalogue allows a scenario's consents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maxima {
    /// The longest lifetime, `exp` − `iat`.
    pub lifetime: Period,
    /// The most uses.
    pub uses: u64,
    /// The highest frequency.
    pub frequency: Frequency,
    /// The longest look-back.
    pub look_back: Period,
    /// The longest data life.
    pub data_life: Period,
}

/// The first bound by which the one is wider than the other, on that day.
pub(crate) fn wider(one: &Maxima, other: &Maxima, on: Date) -> Option<Bound> {
    let start = start_of(on);
    let longer = |one: Period, other: Period| one.end_from(start) > other.end_from(start);
    let wider = [
        (longer(one.lifetime, other.lifetime), Bound::Lifetime),
        (one.uses > other.uses, Bound::Uses),
        (one.frequency.most_within(other.frequency.per, start) > other.frequency.uses, Bound::Frequency),
        (longer(one.look_back, other.look_back), Bound::LookBack),
        (longer(one.data_life, other.data_life), Bound::DataLife),
    ];
    wider.into_iter().find(|(wider, _)| *wider).map(|(_, bound)| bound)
}

/// The instant at which periods begin that run from that day.
pub(crate) fn start_of(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

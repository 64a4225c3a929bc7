//! Consent tokens: the person's consent as an issuer signed it, verified, and held against the query (formats.md §3).
//!
//! [`Unverified::parse`] reads the form, [`Unverified::verify`] makes the [`Consent`], [`Consent::check_presented`] holds
//! it against the query. That it is within the catalogue's [`Maxima`] is decided on its terms as they are recorded
//! ([`crate::ConsentFacts::exceeds`]). Whether it was revoked or used up is state, and is counted elsewhere under its
//! [`ConsentId`]. [`issue()`] is the issuer's side, for demo and tests.
//!
//! The parser knows this one profile of SD-JWT (RFC 9901) and no other: general libraries are lenient where a gateway
//! must not be. Signatures are checked by `ring`. Nothing here reads a clock or draws a random number by itself.

mod claims;
mod fault;
mod issue;
mod json;
mod keys;
mod period;
mod token;

use jiff::Timestamp;
use serde::Serialize;

use crate::names::{FieldName, ScenarioName};
use crate::person::{CitizenNumber, holds_citizen_number};
use crate::personal::Personal;

pub use fault::{Bound, ConsentFault};
pub use issue::{Grant, IssueError, SigningKey, issue};
pub use keys::{Algorithm, IssuerKeys, KeyError};
pub use period::{Frequency, Period, PeriodError};
pub use token::Unverified;

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
    /// force at [`Consent::issued_at`]. Whether the data list knows them is for the catalogue to say.
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

/// A verified consent: signed by its issuer for this gateway, whole, and in force at the time of verification. Only
/// [`Unverified::verify`] makes one. What it permits is still to be checked.
#[must_use]
pub struct Consent {
    id: ConsentId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    certificate: [u8; 32],
    terms: Terms,
    person: Personal<CitizenNumber>,
    issuer_signed: String,
}

impl Consent {
    /// What it is revoked and counted under.
    #[must_use]
    pub fn id(&self) -> &ConsentId {
        &self.id
    }

    /// When it was issued, `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// From when on it is expired, `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The certificate for whose holder it was issued: `x5t#S256` (RFC 8705 §3.1), SHA-256 of its DER form.
    #[must_use]
    pub fn certificate(&self) -> &[u8; 32] {
        &self.certificate
    }

    /// What the person agreed to.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The person, from the disclosure.
    #[must_use]
    pub fn person(&self) -> &Personal<CitizenNumber> {
        &self.person
    }

    /// The issuer-signed JWT without disclosure, byte for byte: what the leaf holds. It names nobody.
    #[must_use]
    pub fn issuer_signed(&self) -> &str {
        &self.issuer_signed
    }

    /// Checks that it is for this caller and this query: for one of the institution's unrevoked `certificates` (by
    /// thumbprint, SHA-256 of the DER form), for the `scenario`, and for the person whom the body repeats, if it does.
    ///
    /// # Errors
    ///
    /// The first of [`ConsentFault::WrongInstitution`], [`ConsentFault::WrongScenario`] and
    /// [`ConsentFault::WrongSubject`].
    pub fn check_presented(
        &self,
        certificates: &[[u8; 32]],
        scenario: &ScenarioName,
        subject: Option<&Personal<CitizenNumber>>,
    ) -> Result<(), ConsentFault> {
        refuse_if(!certificates.contains(&self.certificate), ConsentFault::WrongInstitution)?;
        refuse_if(self.terms.scenario != *scenario, ConsentFault::WrongScenario)?;
        let another = subject.is_some_and(|subject| {
            subject.disclose(|subject| self.person.disclose(|person| subject.as_str() != person.as_str()))
        });
        refuse_if(another, ConsentFault::WrongSubject)
    }
}

/// An error where the fault is there.
fn refuse_if(fault: bool, error: ConsentFault) -> Result<(), ConsentFault> {
    if fault { Err(error) } else { Ok(()) }
}

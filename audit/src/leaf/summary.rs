//! What of a query counts after it: read without copies, for folding whole logs.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credit_policy::consent::RecordedConsent;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::query::{OnBehalf, Outcome};

/// A `query` leaf, without what only its decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct QuerySummary<'a> {
    /// The query.
    pub id: Uuid,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who asked; nobody where the person or the public did.
    pub institution: Option<&'a str>,
    /// Member of staff.
    pub operator: Option<&'a str>,
    /// The certificate used.
    pub certificate: Option<&'a str>,
    on_behalf: Option<OnBehalfSummary<'a>>,
    /// The scenario, once it was found.
    pub scenario: Option<&'a str>,
    #[serde(borrow)]
    ground: Option<GroundSummary<'a>>,
    /// The first query that this one repeats.
    pub repeats: Option<Uuid>,
    idempotency: Option<&'a str>,
    /// The catalogue's label.
    pub catalogue: Cow<'a, str>,
    /// Whether it was answered.
    pub outcome: Outcome,
    /// Why it was refused.
    pub code: Option<&'a str>,
    /// The notice to the person.
    pub notice: Option<Cow<'a, str>>,
    /// The person's tag, in base64.
    pub subject: Option<&'a str>,
    /// Id of the data key.
    pub key: Option<&'a str>,
    /// The personal part, sealed, in base64.
    pub sealed: Option<&'a str>,
    /// Commitment to the personal part, in base64.
    pub commit: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct OnBehalfSummary<'a> {
    institution: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct GroundSummary<'a> {
    case: Option<Cow<'a, str>>,
    consent: Option<&'a str>,
    first: Option<u64>,
    #[serde(rename = "use")]
    number: Option<u64>,
}

/// The claims of a recorded token that name it. It was verified before it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConsentName {
    /// The issuer.
    pub iss: String,
    /// The token's id at the issuer.
    pub jti: String,
    /// When it ends, in seconds of Unix time; nothing in tokens that say it in another way.
    #[serde(default)]
    pub exp: Option<i64>,
}

impl<'a> QuerySummary<'a> {
    /// Of a later use of a consent: the leaf with the token.
    #[must_use]
    pub fn holder(&self) -> Option<u64> {
        self.ground.as_ref()?.first
    }

    /// Reads a leaf of kind `query`.
    ///
    /// # Errors
    /// When a key is missing that every query has, or one is of another type.
    pub fn parse(leaf: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(leaf)
    }

    /// Whether it was answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.outcome == Outcome::Answered
    }

    /// Whom it counts for: the institution that asked, or the end institution of the gateway that asked
    /// ([`OnBehalf::counted_for`]).
    #[must_use]
    pub fn counted_for(&self) -> Cow<'a, str> {
        let asker = self.institution.unwrap_or_default();
        match &self.on_behalf {
            None => asker.into(),
            Some(on_behalf) => OnBehalf::counted_for(asker, on_behalf.institution).into(),
        }
    }

    /// For whom a gateway asked.
    #[must_use]
    pub fn on_behalf(&self) -> Option<&'a str> {
        self.on_behalf.as_ref().map(|end| end.institution)
    }

    /// Its case.
    #[must_use]
    pub fn case(&self) -> Option<&str> {
        self.ground.as_ref()?.case.as_deref()
    }

    /// Which use of a consent it was: the index of the leaf that holds the token (`index`, this one's, or an earlier
    /// one's) and the number of the use.
    #[must_use]
    pub fn consent_use(&self, index: u64) -> Option<(u64, u64)> {
        let ground = self.ground.as_ref()?;
        Some((ground.first.unwrap_or(index), ground.number?))
    }

    /// The consent whose token this leaf holds.
    #[must_use]
    pub fn consent(&self) -> Option<ConsentName> {
        let payload = self.ground.as_ref()?.consent?.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// How many uses the consent whose token this leaf holds allows; nothing where it is no consent of the profile.
    #[must_use]
    pub fn allowed_uses(&self) -> Option<u64> {
        let consent = RecordedConsent::parse(self.ground.as_ref()?.consent?).ok()?;
        Some(consent.terms().uses)
    }

    /// Whether a token stands in it.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.ground.as_ref().is_some_and(|ground| ground.consent.is_some())
    }

    /// Its idempotency key, and everything that was asked under it, each as 16 bytes of a keyed digest.
    #[must_use]
    pub fn idempotency(&self) -> Option<([u8; 16], [u8; 16])> {
        let bytes = STANDARD.decode(self.idempotency?).ok()?;
        let (slot, identity) = bytes.split_first_chunk::<16>()?;
        Some((*slot, identity.try_into().ok()?))
    }
}

//! Why a consent is refused: a cause for the operator, a code for the caller.

use super::claim_names::Claim;
use crate::Language;
use crate::code::Code;
use crate::words::words;

words! {
    /// The bounds that the catalogue sets to a consent: the member `bound` of a refusal.
    "bound" pub Bound {
        /// The lifetime, `exp` − `iat`.
        Lifetime = "lifetime",
        /// The number of uses.
        Uses = "uses",
        /// The frequency of uses.
        Frequency = "frequency",
        /// The look-back.
        LookBack = "look_back",
        /// The data life.
        DataLife = "data_life",
    }
}

/// Why a consent is refused. It contains nothing of the token: no person, and no text of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentFault {
    /// Longer than a token, a header or a disclosure may be.
    #[error("the token is too long: its signed part must fit into a record")]
    Size,
    /// Not issuer-signed JWT, `~`, one disclosure, `~`.
    #[error("the token is not a JWT of three parts, one disclosure and a last `~`: send no key-binding JWT")]
    Parts,
    /// A part is not base64url as RFC 7515 §2 has it: without padding, and the one encoding of its bytes.
    #[error("a part of the token is not canonical base64url without padding")]
    Encoding,
    /// The header is not exactly `alg`, `typ` and `kid`.
    #[error("the header must have `alg` (`EdDSA` or `ES256`), `typ` (`consent+sd-jwt`) and `kid`, and nothing else")]
    Header,
    /// No issuer has a key of this `kid`.
    #[error("no known issuer has the key of this `kid`: compare the keys in the settings with the issuer's")]
    UnknownKey,
    /// The key of this `kid` is for the other algorithm.
    #[error("the key of this `kid` is for another `alg`")]
    Algorithm,
    /// The signature does not verify.
    #[error("the signature does not verify with the issuer's key")]
    Signature,
    /// The payload is not one JSON object, or repeats a member, is too deep, or has a citizen number in clear.
    #[error("the payload must be one JSON object, each member once, and no citizen number in clear")]
    Claims,
    /// A claim is missing, or has not the form of the profile.
    #[error("the claim `{0}` is missing or has another form: it must be {form}", form = .0.form(Language::En))]
    Claim(Claim),
    /// A claim beyond those of the profile, which the record would keep for ever.
    #[error("the payload has a claim that the profile does not know: leave out all but {known}", known = Claim::known())]
    UnknownClaim,
    /// The key is not one of `iss`.
    #[error("the key of this `kid` belongs to another issuer than `iss`")]
    Issuer,
    /// `aud` is not this gateway.
    #[error("`aud` must be the one text `credit-gateway`")]
    Audience,
    /// `nbf` is not before `exp`.
    #[error("`nbf` must be before `exp`")]
    Lifetime,
    /// The disclosure is not salt, `citizen_number` and a valid number.
    #[error(
        "the disclosure must be a salt of at least 128 bits (22 characters of base64url, or 32 of hexadecimal), `citizen_number` and a valid citizen number"
    )]
    Disclosure,
    /// The digest of the disclosure does not stand exactly once in `_sd`.
    #[error("the digest of the disclosure must stand in `_sd`, and no digest twice")]
    Digest,
    /// `iat` or `nbf` lies more than 10 seconds ahead.
    #[error("the consent is not valid yet: compare the clocks of issuer and gateway")]
    NotYetValid,
    /// `exp` is reached.
    #[error("the consent has expired: ask the person for a new one")]
    Expired,
    /// `cnf` is no certificate of the institution that presents it.
    #[error("the consent is for the holder of another certificate")]
    WrongInstitution,
    /// It is for another scenario.
    #[error("the consent is for another scenario")]
    WrongScenario,
    /// The body names another person than the disclosure.
    #[error("the consent is another person's than the body names")]
    WrongSubject,
}

impl ConsentFault {
    /// The code that the caller gets.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Size
            | Self::Parts
            | Self::Encoding
            | Self::Header
            | Self::UnknownKey
            | Self::Algorithm
            | Self::Signature
            | Self::Claims
            | Self::Claim(_)
            | Self::UnknownClaim
            | Self::Issuer
            | Self::Audience
            | Self::Lifetime
            | Self::Disclosure
            | Self::Digest => Code::ConsentInvalid,
            Self::NotYetValid => Code::ConsentNotYetValid,
            Self::Expired => Code::ConsentExpired,
            Self::WrongInstitution => Code::ConsentWrongInstitution,
            Self::WrongScenario => Code::ConsentWrongScenario,
            Self::WrongSubject => Code::ConsentWrongSubject,
        }
    }
}

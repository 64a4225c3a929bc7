//! Consent tokens: the person's consent as an issuer signed it, verified, and compared with the query (formats.md §3).
//!
//! [`Unverified::parse`] reads the form, [`Unverified::verify`] makes the [`Consent`], [`Consent::check_presented`] compares
//! it with the query. That it is within the catalogue's [`Maxima`] is decided on its terms as they are recorded
//! ([`crate::ConsentFacts::exceeds`]). Whether it was revoked or used up is state, and is counted elsewhere under its
//! [`ConsentId`]. [`issue()`] is the issuer's side, for demo and tests.
//!
//! The parser knows this one profile of SD-JWT (RFC 9901) and no other: general libraries are lenient where a gateway
//! must not be. Signatures are checked by `ring`. Nothing here reads a clock or draws a random number by itself.

mod claim_names;
mod claims;
mod detail;
mod ed25519;
mod fault;
mod issue;
mod json;
mod keys;
mod new_key;
mod period;
mod recorded;
mod terms;
mod token;

pub use claim_names::Claim;
pub use fault::{Bound, ConsentFault};
pub use issue::{Grant, IssueError, SigningKey, issue};
pub use keys::{Algorithm, IssuerJwk, IssuerKeys, KeyError};
pub use new_key::new_jwk;
pub use period::{Frequency, Period, PeriodError};
pub use recorded::RecordedConsent;
pub use terms::{AUDIENCE, ConsentId, Maxima, Terms, TokenId};
pub(crate) use terms::{start_of, wider};
pub use token::{Consent, Unverified};

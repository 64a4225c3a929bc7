//! Who calls: institutions and their limits, issuers of consents, certificates and whether they are trusted now.

pub mod flood;
pub mod institution;
pub mod issuers;
pub mod limits;
pub mod register;
pub mod thumbprint;
pub mod trust;

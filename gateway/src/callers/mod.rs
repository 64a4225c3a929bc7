//! Who calls: institutions and their limits, issuers of consents, certificates and whether they are trusted now.

pub(crate) mod chain;
pub(crate) mod expiry;
pub(crate) mod file_stamp;
pub(crate) mod flood;
pub(crate) mod institution;
pub(crate) mod issuers;
pub(crate) mod kept;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod offences;
pub(crate) mod rate;
pub(crate) mod refusals;
pub(crate) mod register;
pub(crate) mod suspension;
pub(crate) mod thumbprint;
pub(crate) mod trust;

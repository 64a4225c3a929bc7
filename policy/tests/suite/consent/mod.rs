//! Consent tokens: the hostile ones first, then the good, the bounds, the issuer's side and an outside library.

mod accepted;
mod checks;
mod detail;
pub(crate) mod draft;
mod hostile;
mod issuing;
mod keys;
mod oracle;
mod periods;
mod properties;

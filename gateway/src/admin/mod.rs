//! Changes to a running gateway: over `admin.sock`, each a leaf that names who.

pub mod changes;
pub mod socket;

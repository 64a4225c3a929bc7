//! A second copy of the write-ahead log at another machine, over TLS in which both sides show a certificate: who sends ([`At`]), and
//! who keeps it ([`keep`]); what they say to each other is in `wire.rs`. What is sent, and when it counts, is for the log
//! (`credit_audit::log::Copies`).

mod keeper;
mod sender;
mod wire;

pub(crate) use keeper::{Keeper, keep};
pub(crate) use sender::At;

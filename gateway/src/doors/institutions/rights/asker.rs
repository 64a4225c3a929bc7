//! Who asks, and what it is answered.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::log::Durable;
use credit_policy::{Code, Duty, Language};
use hyper::{Method, http::request::Parts};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use uuid::Uuid;

use super::super::{exchange::unambiguous, reply::with_receipt};
use crate::{
    callers::{register::Institution, trust::CertificateStatus},
    changes::{By, ChangeError},
    gateway::Gateway,
    journey::{detail::Detail, record::Receipt, refusal::Refusal},
};

/// Who asks.
pub(super) struct Asker {
    pub(super) gateway: Arc<Gateway>,
    pub(super) institution: Arc<Institution>,
    pub(super) status: Arc<CertificateStatus>,
    pub(super) language: Language,
}

/// Why nothing was done.
pub(super) enum Undone {
    /// It is refused, and that is recorded.
    Refused(Refusal),
    /// Nothing can be recorded now.
    NotRecordable,
}

impl From<Refusal> for Undone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ChangeError> for Undone {
    fn from(error: ChangeError) -> Self {
        match error {
            // One that is somebody else's is none.
            ChangeError::UnknownObjection(_)
            | ChangeError::Decided(_)
            | ChangeError::UnknownRepair
            | ChangeError::UnknownNotice => Self::Refused(Refusal::because(Code::NotFound, error)),
            error => {
                tracing::error!(%error, "what an institution asked for is not on the record");
                Self::NotRecordable
            }
        }
    }
}

impl Asker {
    /// Whether it may ask at all now.
    pub(super) fn is_in_order(&self) -> bool {
        let has_certificate = self.institution.has_certificate(self.status.thumbprint());
        self.status.is_valid() && has_certificate && !self.institution.is_suspended()
    }

    pub(super) fn is(&self, duty: Duty) -> bool {
        self.institution.record.kind.duty() == Some(duty)
    }

    /// The institution as who acts.
    pub(super) fn by(&self) -> By {
        let certificate = self.status.thumbprint().to_string();
        By::Institution { institution: self.institution.id().to_owned(), certificate }
    }

    /// An answer with the receipt of its leaf.
    pub(super) fn recorded(&self, answer: &impl Serialize, id: Uuid, durable: &Durable) -> Vec<u8> {
        let leaf = STANDARD.encode(durable.leaf_hash);
        let receipt = Receipt { query: id, index: durable.index, leaf, opening: None, proof: None, beside: None };
        let body = serde_json::to_vec(answer).unwrap_or_default();
        with_receipt(body, &self.gateway.settings.log.origin, &receipt)
    }
}

/// The largest number that every program of JSON reads as it is (RFC 8259, section 6).
const LAST: u64 = (1 << 53) - 1;

/// Where several gateways count together, a number of `after` says of which log it is above this bit: each has a list of its own, and
/// what lies between two numbers of another log would be passed over. No log has so many leaves.
const LEAF_BITS: u32 = 40;

/// The first 12 bits of SHA-256 over the name of a log, and never none.
fn tag_of(origin: &str) -> u64 {
    let digest = digest(&SHA256, origin.as_bytes());
    let first = digest.as_ref().first_chunk::<2>().map_or(0, |first| u16::from_be_bytes(*first) >> 4);
    u64::from(first.max(1))
}

impl Asker {
    fn tag(&self) -> u64 {
        if self.gateway.is_one_of_several() { tag_of(&self.gateway.settings.log.origin) } else { 0 }
    }

    /// A leaf as a caller is told it, to go on after it.
    pub(super) fn to_go_on(&self, leaf: u64) -> u64 {
        self.tag() << LEAF_BITS | leaf
    }

    /// The leaf of this log after which is asked, of the head of a request that is to read at its path: 0 where none is named.
    ///
    /// # Errors
    /// `method-not-allowed`, `malformed-request`: also for what another gateway told.
    pub(super) fn after(&self, head: &Parts, sound: bool) -> Result<u64, Refusal> {
        match (after(head, sound)?, self.tag()) {
            (number, 0) => Ok(number),
            (0, _) => Ok(0),
            (number, tag) if number >> LEAF_BITS == tag => Ok(number & ((1 << LEAF_BITS) - 1)),
            _ => Err(Refusal::because(Code::MalformedRequest, "`after` of another log").with(Detail::AfterOfAnother)),
        }
    }
}

/// # Errors
/// `method-not-allowed`, `malformed-request`.
fn after(head: &Parts, sound: bool) -> Result<u64, Refusal> {
    unambiguous(sound)?;
    if head.method != Method::GET {
        return Err(Refusal::method("GET"));
    }
    let Some(query) = head.uri.query() else { return Ok(0) };
    let text = query.strip_prefix("after=").map(|text| if text.is_empty() { "0" } else { text });
    let number = text.and_then(|text| text.parse::<u64>().ok().filter(|number| number.to_string() == text));
    let number = number.filter(|number| *number <= LAST);
    number.ok_or_else(|| Refusal::because(Code::MalformedRequest, "no number in `after`").with(Detail::After))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_log_has_a_tag_and_what_is_told_is_a_number_of_json() {
        let logs = (0..20_000).map(|nr| format!("gateway.example/r{nr}"));
        assert!(logs.map(|log| tag_of(&log)).all(|tag| (1..1 << 12).contains(&tag)));
        assert_eq!((4_095 << LEAF_BITS) + ((1 << LEAF_BITS) - 1), LAST >> 1);
        assert_ne!(tag_of("gateway.example/r1"), tag_of("gateway.example/r2"));
    }
}

//! Who asks, and what it is answered.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::log::Durable;
use credit_policy::{Code, Duty, Language};
use hyper::{Method, http::request::Parts};
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

/// The leaf after which is asked, of the head of a request that is to read at its path: 0 where none is named.
///
/// # Errors
/// `method-not-allowed`, `malformed-request`.
pub(super) fn after(head: &Parts, sound: bool) -> Result<u64, Refusal> {
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

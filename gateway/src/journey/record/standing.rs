//! What must still be so when an answer is recorded: nothing of it may have changed while the query was under way.

use std::sync::Arc;

use credit_policy::{Code, Scenario, StaffId};

use crate::{
    callers::suspension::Part,
    gateway::Gateway,
    journey::{
        caller::Who,
        detail::Detail,
        refusal::Refusal,
        stages::{identify::REVOKED, minimise::Still, on_behalf::EndInstitution},
    },
};

/// Who asks, for whom, and on which consent.
pub(super) struct Standing<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) who: &'a Who,
    /// For whom another gateway asks.
    pub(super) end: Option<&'a EndInstitution>,
    /// The member of staff and the scenario of the query.
    pub(super) asked: (Option<StaffId>, Option<Arc<Scenario>>),
    /// What of the person and of the consent must still be so.
    pub(super) still: &'a Still,
}

impl Standing<'_> {
    /// Whether the answer may be given. Certificates are verified here: not for the queue of the log.
    pub(super) fn is_given(&self) -> bool {
        let is_valid = match self.who {
            Who::Institution(_, certificate) => certificate.is_valid(),
            Who::Person(_) | Who::Public(_) => true,
        };
        is_valid && self.end.is_none_or(|end| end.certificate.passes()) && self.is_allowed()
    }

    /// [`Self::is_given`] for the queue of the log, where every query waits: of certificates it is only seen whether the list by
    /// which they were verified is still the one in force.
    pub(super) fn is_given_still(&self) -> bool {
        let is_valid = match self.who {
            Who::Institution(_, certificate) => certificate.is_still_valid(),
            Who::Person(_) | Who::Public(_) => true,
        };
        is_valid && self.end.is_none_or(|end| end.certificate.passes_still()) && self.is_allowed()
    }

    /// Whether the institution is suspended, or the part of it that asks.
    pub(super) fn is_suspended(&self) -> bool {
        let staff = self.asked.0.as_ref().map(StaffId::as_str);
        self.who.institution().is_some_and(|institution| institution.suspensions.includes(staff, self.scenario()))
    }

    /// The part of the institution that is.
    fn suspended(&self) -> Option<Part> {
        let staff = self.asked.0.as_ref().map(StaffId::as_str);
        self.who.institution()?.suspensions.which(staff, self.scenario())
    }

    fn is_stopped(&self) -> bool {
        self.gateway.stops.includes(self.scenario())
    }

    fn scenario(&self) -> Option<&str> {
        self.asked.1.as_ref().map(|scenario| scenario.name().as_str())
    }

    /// Why the answer may not be given any more.
    pub(super) fn refusal(&self) -> Refusal {
        if !self.is_certified() {
            Refusal::because(Code::CertificateUnknown, REVOKED)
        } else if self.is_suspended() {
            Refusal::suspended(&self.suspended().unwrap_or_default())
        } else if self.is_stopped() {
            Refusal::stopped(self.gateway.stops.is_thrown())
        } else if !self.gateway.is_heard() {
            Refusal::unavailable()
        } else if !self.end.is_none_or(|end| end.certificate.passes()) || !self.may_ask_for_end() {
            Refusal::from(Code::ScenarioNotAllowed).with(Detail::OnBehalfCertificate)
        } else if self.still.is_withdrawn(self.gateway) {
            Code::ConsentRevoked.into()
        } else {
            Refusal::because(Code::StoreFailed, "a record went out of answers meanwhile")
        }
    }

    /// What no list says.
    fn is_allowed(&self) -> bool {
        let has_certificate = match self.who {
            Who::Institution(institution, certificate) => institution.has_certificate(certificate.thumbprint()),
            Who::Person(_) | Who::Public(_) => true,
        };
        if !self.gateway.is_heard() {
            return false;
        }
        let is_given = || !self.still.is_withdrawn(self.gateway) && !self.still.is_outdated(self.gateway);
        has_certificate && !self.is_suspended() && !self.is_stopped() && self.may_ask_for_end() && is_given()
    }

    fn may_ask_for_end(&self) -> bool {
        self.end.is_none_or(|end| end.may_be_asked_for(&self.gateway.register))
    }

    /// Whether an institution's certificate is valid and still its own.
    fn is_certified(&self) -> bool {
        match self.who {
            Who::Institution(institution, certificate) => {
                certificate.is_valid() && institution.has_certificate(certificate.thumbprint())
            }
            Who::Person(_) | Who::Public(_) => true,
        }
    }
}

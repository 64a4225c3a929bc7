//! What two officers approved: which catalogue, register and limits a start may load, as the log says.
//!
//! A log begins without officers who could approve: what the gateway loads then it proposes itself, and nobody approves
//! it (`began`). From the start on at which two officers are registered it proposes nothing more itself, and loads what
//! two of them approved last.

use std::collections::BTreeMap;

use credit_audit::leaf::{Actor, Approval, Proposal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The act by which the gateway says that from here on two officers are needed.
pub(crate) const OFFICER: &str = "officer";

/// So many proposals are remembered; the oldest go first.
const REMEMBERED: usize = 500;

/// SHA-256 of what is proposed.
pub(crate) type Digest = [u8; 32];

/// Proposals, and what may be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approvals {
    /// Whether two officers are needed.
    by_two: bool,
    proposals: BTreeMap<Uuid, Proposed>,
    /// By act, the digest that was approved last, or that the log began with.
    loadable: BTreeMap<String, Digest>,
}

/// A proposal of an officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proposed {
    /// What kind of act.
    pub(crate) act: String,
    /// What is proposed.
    pub(crate) digest: Digest,
    /// Until when it may be approved.
    pub(crate) expires: Timestamp,
    /// Who proposed it.
    pub(crate) officer: String,
    /// By which certificate (`x5t#S256`).
    pub(crate) certificate: String,
    /// Who approved it.
    pub(crate) approved_by: Option<String>,
}

/// Who wants to approve.
pub(crate) struct Approver<'a> {
    /// The officer's id.
    pub(crate) officer: &'a str,
    /// Whether the key of the officer's certificate is that of this certificate, or that cannot be told.
    pub(crate) has_key_of: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Why an approval is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotApproved {
    /// No such proposal.
    #[error("there is no such proposal, or it is long past")]
    Unknown,
    /// Something else was looked at.
    #[error("the proposal has another digest: what you looked at is not what was proposed")]
    OtherDigest,
    /// Too late.
    #[error("the proposal has expired: let it be proposed again")]
    Expired,
    /// By the officer who proposed it.
    #[error("an officer cannot approve an own proposal")]
    Own,
    /// By the certificate's key that proposed it, under another name.
    #[error("the certificate has the key by which it was proposed, or that cannot be told: another officer is needed")]
    SameKey,
    /// It is approved.
    #[error("the proposal is approved already")]
    Again,
}

impl NotApproved {
    /// The word for it in a leaf.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::OtherDigest => "other-digest",
            Self::Expired => "expired",
            Self::Own => "own",
            Self::SameKey => "same-key",
            Self::Again => "again",
        }
    }
}

impl Approvals {
    /// Takes in a proposal, as its leaf says.
    pub(crate) fn propose(&mut self, id: Uuid, by: Option<&Actor>, proposal: Proposal) {
        let Proposal { act, digest, expires } = proposal;
        match by {
            Some(Actor::Officer { officer, certificate }) => {
                let (officer, certificate) = (officer.clone(), certificate.clone());
                let proposed = Proposed { act, digest: digest.0, expires, officer, certificate, approved_by: None };
                self.proposals.insert(id, proposed);
                while self.proposals.len() > REMEMBERED {
                    self.proposals.pop_first();
                }
            }
            Some(Actor::System(_)) if act == OFFICER => self.by_two = true,
            Some(Actor::System(_)) => drop(self.loadable.insert(act, digest.0)),
            Some(Actor::Institution { .. } | Actor::Account(_) | Actor::Person(_)) | None => {}
        }
    }

    /// Takes in an approval, as its leaf says. Only what passed [`Approvals::fault`] has one.
    pub(crate) fn approve(&mut self, by: Option<&Actor>, approval: &Approval) {
        let (Some(Actor::Officer { officer, .. }), Some(proposed)) = (by, self.proposals.get_mut(&approval.proposal))
        else {
            return;
        };
        proposed.approved_by = Some(officer.clone());
        self.loadable.insert(proposed.act.clone(), proposed.digest);
    }

    /// Why this officer cannot approve this; nothing where that is possible.
    pub(crate) fn fault(&self, id: Uuid, digest: &Digest, by: &Approver<'_>, now: Timestamp) -> Option<NotApproved> {
        let Some(proposed) = self.proposals.get(&id) else { return Some(NotApproved::Unknown) };
        let faults = [
            (proposed.digest != *digest, NotApproved::OtherDigest),
            (proposed.officer == by.officer, NotApproved::Own),
            (proposed.approved_by.is_some(), NotApproved::Again),
            (proposed.expires < now, NotApproved::Expired),
        ];
        let fault = faults.into_iter().find(|(is_so, _)| *is_so).map(|(_, fault)| fault);
        fault.or_else(|| (by.has_key_of)(&proposed.certificate).then_some(NotApproved::SameKey))
    }

    /// Whether two officers are needed.
    pub(crate) fn is_by_two(&self) -> bool {
        self.by_two
    }

    /// What may be loaded: approved last, or what the log began with.
    pub(crate) fn loadable(&self, act: &str) -> Option<&Digest> {
        self.loadable.get(act)
    }

    /// The proposals that are remembered, the last one first.
    pub(crate) fn proposals(&self) -> impl Iterator<Item = (&Uuid, &Proposed)> {
        self.proposals.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::Base64;

    use super::*;

    const PROPOSED: Uuid = Uuid::from_u128(7);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn officer(name: &str) -> Actor {
        Actor::Officer { officer: name.to_owned(), certificate: format!("{name}-certificate") }
    }

    fn proposed() -> Approvals {
        let mut approvals = Approvals::default();
        let proposal =
            Proposal { act: "limits".to_owned(), digest: Base64([1; 32]), expires: at("2026-11-23T00:00:00Z") };
        approvals.propose(PROPOSED, Some(&officer("one")), proposal);
        approvals
    }

    #[test]
    fn what_is_no_second_officer_s_approval_of_the_very_thing_in_time_is_none() {
        let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
        let fault = |approvals: &Approvals, id, digest: u8, officer, same_key: bool, now| {
            approvals.fault(id, &[digest; 32], &Approver { officer, has_key_of: &|_| same_key }, now)
        };
        let mut approvals = proposed();
        for (id, digest, by, same_key, now, expected) in [
            (Uuid::from_u128(8), 1, "two", false, in_time, Some(NotApproved::Unknown)),
            (PROPOSED, 2, "two", false, in_time, Some(NotApproved::OtherDigest)),
            (PROPOSED, 1, "one", false, in_time, Some(NotApproved::Own)),
            (PROPOSED, 1, "two", true, in_time, Some(NotApproved::SameKey)),
            (PROPOSED, 1, "two", false, late, Some(NotApproved::Expired)),
            (PROPOSED, 1, "two", false, in_time, None),
        ] {
            assert_eq!(fault(&approvals, id, digest, by, same_key, now), expected);
        }
        assert_eq!(approvals.loadable("limits"), None, "one signature loads nothing");
        let approval = Approval { proposal: PROPOSED, digest: Base64([1; 32]) };
        approvals.approve(Some(&officer("two")), &approval);
        assert_eq!(approvals.loadable("limits"), Some(&[1; 32]));
        assert_eq!(fault(&approvals, PROPOSED, 1, "three", false, in_time), Some(NotApproved::Again));
    }

    #[test]
    fn only_the_gateway_itself_says_what_a_log_begins_with() {
        let mut approvals = Approvals::default();
        let proposal =
            |act: &str| Proposal { act: act.to_owned(), digest: Base64([3; 32]), expires: at("2026-11-22T00:00:00Z") };
        approvals.propose(PROPOSED, Some(&Actor::Account("uid 0".to_owned())), proposal("catalogue"));
        approvals.propose(PROPOSED, Some(&Actor::Account("uid 0".to_owned())), proposal(OFFICER));
        assert!(approvals.loadable("catalogue").is_none() && !approvals.is_by_two());
        approvals.propose(PROPOSED, Some(&Actor::gateway()), proposal("catalogue"));
        approvals.propose(PROPOSED, Some(&Actor::gateway()), proposal(OFFICER));
        assert!(approvals.loadable("catalogue").is_some() && approvals.is_by_two());
    }
}

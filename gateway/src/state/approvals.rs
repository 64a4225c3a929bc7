//! What two officers approved: which catalogue, register and limits a start may load, as the log says.
//!
//! A log begins without officers who could approve: what the gateway loads then it proposes itself, and nobody approves
//! it (`began`). From the start on at which two officers are registered it proposes nothing more itself, and loads what
//! two of them approved last.

use std::collections::BTreeMap;

use credit_audit::leaf::{Actor, Approval, Proposal};
use credit_keys::frame::framed;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::emergencies::Emergencies;
pub(crate) use super::not_approved::{Digest, NotApproved};

/// The act by which the gateway says that from here on two officers are needed.
pub(crate) const OFFICER: &str = "officer";

/// What a start loads by the approval of two (formats.md §5).
pub(crate) const LOADED: [&str; 4] = ["catalogue", "register", "limits", "sampling"];

/// What an officer does once another approved it; or alone, in an emergency.
pub(crate) const RESUME: &str = "resume";
/// As above.
pub(crate) const UNSEAL: &str = "unseal";

/// As above, and never in an emergency.
pub(crate) const DESTROY: &str = "destroy";

/// The evidence of a person is handed over: as above.
pub(crate) const EXPORT: &str = "export";

/// Records are let go: as above.
pub(crate) const PRUNE: &str = "prune";

/// What is proposed and approved by saying it, and the gateway makes the digest: a digest shows nobody which month or whom it is
/// about.
pub(crate) const IN_WORDS: [&str; 3] = [DESTROY, EXPORT, PRUNE];

/// What was permitted in time is on the record a moment later.
const RECORDED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// So many proposals are remembered; the oldest go first.
const REMEMBERED: usize = 500;

/// The digest of a resumption: SHA-256 of framed("credit/resume", scenario, reason), empty where there is none.
pub(crate) fn of_resumption(scenario: Option<&str>, reason: Option<&str>) -> Digest {
    sha256(&framed("credit/resume", &[scenario.unwrap_or_default().as_bytes(), reason.unwrap_or_default().as_bytes()]))
}

/// The digest of an unsealing: SHA-256 of framed("credit/unseal", index in digits, reason).
pub(crate) fn of_unsealing(entry: u64, reason: &str) -> Digest {
    sha256(&framed("credit/unseal", &[entry.to_string().as_bytes(), reason.as_bytes()]))
}

/// The digest of the destruction of the data keys of a month (`2021-01`): SHA-256 of framed("credit/destroy", month).
pub(crate) fn of_destruction(month: &str) -> Digest {
    sha256(&framed("credit/destroy", &[month.as_bytes()]))
}

/// The last step of a path that says: loaded from here on.
const LOADED_WORD: &str = "loaded";
/// And: done, where no kind of leaf of its own says so.
const DONE_WORD: &str = "done";

/// The path of the leaf that says that what was approved is loaded from here on.
pub(crate) fn loaded_path(act: &str, proposal: Uuid) -> String {
    format!("officers/{act}/{proposal}/{LOADED_WORD}")
}

/// The path of the leaf that says that what was approved is done.
pub(crate) fn done_path(act: &str, proposal: Uuid) -> String {
    format!("officers/{act}/{proposal}/{DONE_WORD}")
}

fn of_path(path: &str) -> Option<(&str, Uuid, &str)> {
    let mut steps = path.split('/');
    let (officers, act, proposal, word) = (steps.next()?, steps.next()?, steps.next()?, steps.next()?);
    (officers == "officers" && steps.next().is_none()).then_some(())?;
    Some((act, proposal.parse().ok()?, word))
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut made = [0; 32];
    made.copy_from_slice(digest(&SHA256, bytes).as_ref());
    made
}

/// Proposals, and what may be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approvals {
    /// Whether two officers are needed.
    by_two: bool,
    proposals: BTreeMap<Uuid, Proposed>,
    /// By act, the digest that was approved last, or that the log began with.
    loadable: BTreeMap<String, Digest>,
    /// By act, the proposal of that.
    #[serde(default)]
    last: BTreeMap<String, Uuid>,
    /// By act, what the log says was loaded last, or that the log began with.
    #[serde(default)]
    in_force: BTreeMap<String, Digest>,
    #[serde(default)]
    emergencies: Emergencies,
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
    /// Whether it was done, where it is done once.
    #[serde(default)]
    pub(crate) is_done: bool,
}

/// Who wants to approve.
pub(crate) struct Approver<'a> {
    /// The officer's id.
    pub(crate) officer: &'a str,
    /// Whether the key of the officer's certificate is that of this certificate, or that cannot be told.
    pub(crate) has_key_of: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Proposed {
    fn is_of(&self, act: &str, digest: &Digest) -> bool {
        self.act == act && self.digest == *digest
    }
}

impl Approvals {
    /// Takes in a proposal, as its leaf says.
    pub(crate) fn propose(&mut self, id: Uuid, by: Option<&Actor>, proposal: Proposal) {
        let Proposal { act, digest, expires } = proposal;
        match by {
            Some(Actor::Officer { officer, certificate }) => {
                let (officer, certificate) = (officer.clone(), certificate.clone());
                let proposed = Proposed {
                    act,
                    digest: digest.0,
                    expires,
                    officer,
                    certificate,
                    approved_by: None,
                    is_done: false,
                };
                self.proposals.insert(id, proposed);
                while self.proposals.len() > REMEMBERED {
                    self.proposals.pop_first();
                }
            }
            Some(Actor::System(_)) if act == OFFICER => self.by_two = true,
            Some(Actor::System(_)) => {
                self.in_force.insert(act.clone(), digest.0);
                self.loadable.insert(act, digest.0);
            }
            Some(Actor::Institution { .. } | Actor::Account(_) | Actor::Person(_)) | None => {}
        }
    }

    /// Takes in an approval, as its leaf of then says. Only what passed [`Approvals::fault`] has one.
    pub(crate) fn approve(&mut self, by: Option<&Actor>, approval: &Approval, at: Timestamp) {
        let (Some(Actor::Officer { officer, .. }), Some(proposed)) = (by, self.proposals.get_mut(&approval.proposal))
        else {
            return;
        };
        proposed.approved_by = Some(officer.clone());
        if LOADED.contains(&proposed.act.as_str()) {
            self.loadable.insert(proposed.act.clone(), proposed.digest);
            self.last.insert(proposed.act.clone(), approval.proposal);
        }
        // What one officer did alone is done: this is the second, and nothing that may be done once more.
        proposed.is_done = self.emergencies.settle(&proposed.act, &proposed.digest, at);
    }

    /// Takes in what a leaf says was read: the gateway itself says so that it loaded what was approved, and a proposal that
    /// nothing else would call done is done by it.
    pub(crate) fn read(&mut self, path: &str, by: Option<&Actor>) {
        let Some((act, proposal, done)) = of_path(path) else { return };
        let Some(proposed) = self.proposals.get_mut(&proposal).filter(|known| known.act == act) else { return };
        match (done, by) {
            (LOADED_WORD, Some(Actor::System(_))) if proposed.approved_by.is_some() => {
                self.in_force.insert(act.to_owned(), proposed.digest);
                proposed.is_done = true;
            }
            (DONE_WORD, Some(Actor::Officer { .. })) if proposed.approved_by.is_some() => proposed.is_done = true,
            (_, _) => {}
        }
    }

    /// What two officers approved last and the log does not say was loaded: act and proposal.
    pub(crate) fn to_load(&self) -> impl Iterator<Item = (&str, Uuid)> {
        let is_new = |act: &str| self.loadable.get(act) != self.in_force.get(act);
        self.last.iter().filter(move |(act, _)| is_new(act)).map(|(act, proposal)| (act.as_str(), *proposal))
    }

    /// Takes in that an officer did what needs two: by the proposal that the leaf names; where its kind names none, by the one that
    /// was approved and lasts longest; or else alone. One that expired before is none: it would hide that nobody stood behind it,
    /// or leave the one that was used to be used again.
    pub(crate) fn done(
        &mut self,
        (act, digest): (&str, &Digest),
        proposal: Option<Uuid>,
        by: Option<&Actor>,
        at: Timestamp,
    ) {
        let (true, Some(Actor::Officer { officer, .. })) = (self.by_two, by) else { return };
        let lasts = |known: &Proposed| known.expires.saturating_add(RECORDED_WITHIN).is_ok_and(|end| end >= at);
        let is_it = |known: &Proposed| known.is_of(act, digest) && known.approved_by.is_some() && !known.is_done;
        let done = match proposal {
            Some(proposal) => self.proposals.get_mut(&proposal).filter(|known| is_it(known)),
            None => {
                let all = self.proposals.values_mut().filter(|known| is_it(known) && lasts(known));
                all.max_by_key(|known| known.expires)
            }
        };
        match (done, proposal) {
            (Some(proposed), _) => proposed.is_done = true,
            // Long past, so that it is not remembered: what was done then is done.
            (None, Some(_)) => {}
            (None, None) => self.emergencies.begin(act, *digest, officer, at),
        }
    }

    /// Takes in that data keys were destroyed: of one person, by the proposal that `part` names; else all of a month, and then
    /// whatever was proposed of that month is done.
    pub(crate) fn destroyed(&mut self, key: &str, part: Option<[u8; 16]>) {
        if let Some(proposal) = part {
            let proposed = self.proposals.get_mut(&Uuid::from_bytes(proposal));
            proposed.into_iter().for_each(|proposed| proposed.is_done = true);
        } else if let Some(month) = key.strip_prefix("data-").and_then(|month| month.get(..7)) {
            let digest = of_destruction(month);
            let all = self.proposals.values_mut().filter(|known| known.is_of(DESTROY, &digest));
            all.for_each(|proposed| proposed.is_done = true);
        }
    }

    /// The act of a proposal that is remembered.
    pub(crate) fn act_of(&self, proposal: Uuid) -> Option<&str> {
        self.proposals.get(&proposal).map(|proposed| proposed.act.as_str())
    }

    /// The digest of a proposal that is remembered.
    pub(crate) fn digest_of(&self, proposal: Uuid) -> Option<Digest> {
        self.proposals.get(&proposal).map(|proposed| proposed.digest)
    }

    /// Why this officer cannot do this by this proposal; nothing where that is possible.
    pub(crate) fn fault_of_doing(
        &self,
        (act, digest): (&str, &Digest),
        proposal: Uuid,
        officer: &str,
        now: Timestamp,
    ) -> Option<NotApproved> {
        let Some(proposed) = self.proposals.get(&proposal) else { return Some(NotApproved::Unknown) };
        let approved_by = proposed.approved_by.as_deref();
        let faults = [
            (!proposed.is_of(act, digest), NotApproved::OtherDigest),
            (approved_by.is_none(), NotApproved::NotYet),
            (proposed.is_done, NotApproved::Done),
            (proposed.expires < now, NotApproved::Expired),
            (proposed.officer != officer && approved_by != Some(officer), NotApproved::NotTheirs),
        ];
        faults.into_iter().find(|(is_so, _)| *is_so).map(|(_, fault)| fault)
    }

    /// What officers did alone.
    pub(crate) fn emergencies(&self) -> &Emergencies {
        &self.emergencies
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

    /// What is loaded, as the log says it.
    pub(crate) fn in_force(&self, act: &str) -> Option<&Digest> {
        self.in_force.get(act)
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
        approvals.approve(Some(&officer("two")), &approval, in_time);
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

    /// Approvals of a gateway with two officers, and a proposal of `one` to unseal record 5.
    fn unsealing() -> (Approvals, Digest) {
        let (mut approvals, digest) = (Approvals::default(), of_unsealing(5, "a court order"));
        let proposal = |act: &str, digest| Proposal {
            act: act.to_owned(),
            digest: Base64(digest),
            expires: at("2026-11-23T00:00:00Z"),
        };
        approvals.propose(Uuid::from_u128(1), Some(&Actor::gateway()), proposal(OFFICER, [3; 32]));
        approvals.propose(PROPOSED, Some(&officer("one")), proposal(UNSEAL, digest));
        (approvals, digest)
    }

    #[test]
    fn what_two_approved_is_done_once_by_one_of_them_in_time() {
        let (mut approvals, digest) = unsealing();
        let (in_time, late) = (at("2026-11-22T00:00:00Z"), at("2026-11-24T00:00:00Z"));
        let fault = |approvals: &Approvals, act: &str, digest: &Digest, id, officer: &str, now| {
            approvals.fault_of_doing((act, digest), id, officer, now)
        };
        assert_eq!(fault(&approvals, UNSEAL, &digest, PROPOSED, "one", in_time), Some(NotApproved::NotYet));
        let approval = Approval { proposal: PROPOSED, digest: Base64(digest) };
        approvals.approve(Some(&officer("two")), &approval, in_time);
        for (act, digest, id, by, now, expected) in [
            (UNSEAL, digest, Uuid::from_u128(8), "one", in_time, Some(NotApproved::Unknown)),
            (RESUME, digest, PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
            (UNSEAL, of_unsealing(6, "a court order"), PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
            (UNSEAL, of_unsealing(5, "curiosity"), PROPOSED, "one", in_time, Some(NotApproved::OtherDigest)),
            (UNSEAL, digest, PROPOSED, "three", in_time, Some(NotApproved::NotTheirs)),
            (UNSEAL, digest, PROPOSED, "two", late, Some(NotApproved::Expired)),
            (UNSEAL, digest, PROPOSED, "one", in_time, None),
            (UNSEAL, digest, PROPOSED, "two", in_time, None),
        ] {
            assert_eq!(fault(&approvals, act, &digest, id, by, now), expected);
        }
        approvals.done((UNSEAL, &digest), Some(PROPOSED), Some(&officer("two")), in_time);
        assert_eq!(fault(&approvals, UNSEAL, &digest, PROPOSED, "one", in_time), Some(NotApproved::Done));
        assert_eq!(approvals.emergencies().count(in_time), (0, 0));
        assert_eq!(approvals.loadable(UNSEAL), None, "nothing that a start loads");
    }

    #[test]
    fn what_was_approved_and_expired_neither_saves_what_is_used_nor_hides_who_was_alone() {
        let (mut approvals, digest) = unsealing();
        let (begun, later) = (at("2026-11-22T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        let approve = |approvals: &mut Approvals, id, now| {
            let approval = Approval { proposal: id, digest: Base64(digest) };
            approvals.approve(Some(&officer("two")), &approval, now);
        };
        approve(&mut approvals, PROPOSED, begun);
        let again = Uuid::from_u128(9);
        let expires = at("2026-12-05T00:00:00Z");
        let proposal = || Proposal { act: UNSEAL.to_owned(), digest: Base64(digest), expires };
        approvals.propose(again, Some(&officer("one")), proposal());
        approve(&mut approvals, again, later);
        for named in [Some(again), None] {
            let mut approvals = approvals.clone();
            approvals.done((UNSEAL, &digest), named, Some(&officer("one")), later);
            let fault = approvals.fault_of_doing((UNSEAL, &digest), again, "one", later);
            assert_eq!(fault, Some(NotApproved::Done), "{named:?}");
            assert_eq!(approvals.emergencies().count(later), (0, 0));
            // Once more, by nobody's approval but the one that expired.
            approvals.done((UNSEAL, &digest), None, Some(&officer("one")), later);
            assert_eq!(approvals.emergencies().count(later), (1, 0));
        }
    }

    #[test]
    fn what_one_did_alone_is_settled_within_the_hour_or_never() {
        let begun = at("2026-11-22T00:00:00Z");
        for (approved, settled) in [("2026-11-22T01:00:00Z", true), ("2026-11-22T01:00:01Z", false)] {
            let (mut approvals, digest) = unsealing();
            approvals.done((UNSEAL, &digest), None, Some(&officer("one")), begun);
            assert_eq!(approvals.emergencies().count(begun), (1, 0));
            let fault = |approvals: &Approvals, officer, now| approvals.emergencies().fault(officer, now);
            assert_eq!(fault(&approvals, "two", begun), Some(NotApproved::EmergencyWaits));
            let approval = Approval { proposal: PROPOSED, digest: Base64(digest) };
            approvals.approve(Some(&officer("two")), &approval, at(approved));
            let much_later = at("2027-01-01T00:00:00Z");
            assert_eq!(approvals.emergencies().count(much_later), (0, usize::from(!settled)), "{approved}");
            let alone = (!settled).then_some(NotApproved::EmergencyAlone);
            assert_eq!(fault(&approvals, "one", much_later), alone);
            assert_eq!(fault(&approvals, "two", much_later), None);
            // The approval of what is done allows nothing more.
            let again = approvals.fault_of_doing((UNSEAL, &digest), PROPOSED, "one", begun);
            assert_eq!(again, settled.then_some(NotApproved::Done));
        }
    }

    #[test]
    fn nobody_acts_alone_where_no_two_are_needed() {
        let mut approvals = Approvals::default();
        let (one, begun) = (officer("one"), at("2026-11-22T00:00:00Z"));
        approvals.done((RESUME, &of_resumption(None, None)), None, Some(&one), begun);
        assert_eq!(approvals, Approvals::default());
    }
}

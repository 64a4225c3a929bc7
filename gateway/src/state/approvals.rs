//! What two officers approved: which catalogue, register and limits a start may load, as the log says.
//!
//! A log begins without officers who could approve: what the gateway loads then it proposes itself, and nobody approves
//! it (`began`). From the start on at which two officers are registered it proposes nothing more itself, and loads what
//! two of them approved last.

mod heard;

use std::collections::{BTreeMap, BTreeSet};

use credit_audit::leaf::{Actor, Approval, Proposal};
use credit_keys::frame::framed;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use super::not_approved::{Digest, NotApproved};
use super::{emergencies::Emergencies, key::Key};

/// The act by which the gateway says that from here on two officers are needed.
pub(crate) const OFFICER: &str = "officer";

/// What a start loads by the approval of two (formats.md §5), and refuses to go without: several gateways never go by two of one.
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

/// An officer or the supervisor who was suspended acts again: as above.
pub(crate) const REINSTATE: &str = "reinstate";

/// What is about one log, or the keys of one gateway: it is proposed, approved and done at that one.
const OF_ONE_LOG: [&str; 4] = [UNSEAL, DESTROY, EXPORT, PRUNE];

/// What is proposed and approved by saying it, and the gateway makes the digest: a digest shows nobody which month or whom it is
/// about.
pub(crate) const IN_WORDS: [&str; 3] = [DESTROY, EXPORT, PRUNE];

/// What was permitted in time is on the record a moment later.
const RECORDED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// So many proposals are remembered; the oldest go first.
const REMEMBERED: usize = 500;

/// What is known of what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Heard {
    /// Leaves of the own log below this one are taken in as they are heard; the later ones were when they were recorded.
    own_until: u64,
    /// The logs that need two officers from here on; the own one is nothing.
    by_two: BTreeSet<Option<String>>,
    /// Proposals of which the own log says by leaves that no other gateway hears that they are done.
    done_here: BTreeSet<Uuid>,
}

/// The digest of a resumption: SHA-256 of framed("credit/resume", scenario, reason), empty where there is none.
pub(crate) fn of_resumption(scenario: Option<&str>, reason: Option<&str>) -> Digest {
    sha256(&framed("credit/resume", &[scenario.unwrap_or_default().as_bytes(), reason.unwrap_or_default().as_bytes()]))
}

/// The digest of a reinstatement: SHA-256 of framed("credit/reinstate", institution).
pub(crate) fn of_reinstatement(institution: &str) -> Digest {
    sha256(&framed("credit/reinstate", &[institution.as_bytes()]))
}

/// The digest of an unsealing: SHA-256 of framed("credit/unseal", index in digits, reason).
pub(crate) fn of_unsealing(entry: u64, reason: &str) -> Digest {
    sha256(&framed("credit/unseal", &[entry.to_string().as_bytes(), reason.as_bytes()]))
}

/// The digest of the destruction of the data keys of a month (`2021-01`): SHA-256 of framed("credit/destroy", month).
pub(crate) fn of_destruction(month: &str) -> Digest {
    sha256(&framed("credit/destroy", &[month.as_bytes()]))
}

/// What stands for something that is done once of a proposal.
pub(crate) fn once_key(what: &str, proposal: Uuid) -> Key {
    let digest = sha256(&framed("credit/once", &[what.as_bytes(), proposal.as_bytes()]));
    let mut key = Key::default();
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    key
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
    /// By act, what was approved last of all that any gateway says it loaded: what every one of them must have in force. No log alone
    /// says it.
    #[serde(skip)]
    common: BTreeMap<String, Digest>,
    #[serde(skip)]
    heard: Heard,
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
    /// The log in which it was proposed, where that is another gateway's.
    #[serde(skip)]
    pub(crate) log: Option<String>,
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
        if self.proposals.contains_key(&id) {
            return;
        }
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
                    log: None,
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
        let is_known = proposed.approved_by.replace(officer.clone()).is_some();
        if LOADED.contains(&proposed.act.as_str()) {
            self.loadable.insert(proposed.act.clone(), proposed.digest);
            self.last.insert(proposed.act.clone(), approval.proposal);
        }
        // What is heard, and known already, changes nothing but the order of all gateways.
        if is_known {
            return;
        }
        // What one officer did alone is done: this is the second, and nothing that may be done once more.
        proposed.is_done |= self.emergencies.settle(&proposed.act, &proposed.digest, at);
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

    /// Whether another gateway goes by what was approved, and these digests are not that.
    pub(crate) fn is_behind(&self, digests: &BTreeMap<&'static str, Digest>) -> bool {
        LOADED.iter().any(|act| self.common.get(*act).is_some_and(|common| digests.get(act) != Some(common)))
    }

    /// Whether this proposal is about what stands in another gateway's log alone.
    fn is_of_other_log(proposed: &Proposed) -> bool {
        proposed.log.is_some() && OF_ONE_LOG.contains(&proposed.act.as_str())
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
        if self.by_two {
            self.done_by_two((act, digest), proposal, by, at);
        }
    }

    /// As [`Approvals::done`], in a log that needed two officers by then.
    fn done_by_two(
        &mut self,
        (act, digest): (&str, &Digest),
        proposal: Option<Uuid>,
        by: Option<&Actor>,
        at: Timestamp,
    ) {
        let Some(Actor::Officer { officer, .. }) = by else { return };
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

    /// Takes in that whoever was suspended acts again: whatever was proposed of that is done, so that none of it is used after the
    /// next suspension.
    pub(crate) fn reinstated(&mut self, institution: &str) {
        self.reinstated_before(institution, Uuid::max());
    }

    /// Of what was proposed before a leaf.
    fn reinstated_before(&mut self, institution: &str, leaf: Uuid) {
        let digest = of_reinstatement(institution);
        let all = self.proposals.range_mut(..leaf).filter(|(_, known)| known.is_of(REINSTATE, &digest));
        all.for_each(|(_, proposed)| proposed.is_done = true);
    }

    /// Who proposed what the account at the machine is to be the second for.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn fault_of_second(
        &self,
        (act, digest): (&str, &Digest),
        proposal: Uuid,
        now: Timestamp,
    ) -> Result<&str, NotApproved> {
        let proposed = self.proposals.get(&proposal).ok_or(NotApproved::Unknown)?;
        let faults = [
            (!proposed.is_of(act, digest), NotApproved::OtherDigest),
            (proposed.is_done, NotApproved::Done),
            (proposed.expires < now, NotApproved::Expired),
        ];
        let fault = faults.into_iter().find(|(is_so, _)| *is_so);
        fault.map_or(Ok(proposed.officer.as_str()), |(_, fault)| Err(fault))
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
            (Self::is_of_other_log(proposed), NotApproved::OtherLog),
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
            (Self::is_of_other_log(proposed), NotApproved::OtherLog),
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

    /// How many proposals wait for another officer; and how many were approved and are not done, or not loaded.
    pub(crate) fn waiting(&self, now: Timestamp) -> (usize, usize) {
        let is_open = |known: &&Proposed| known.expires >= now && !known.is_done;
        let (approved, proposed): (Vec<_>, Vec<_>) =
            self.proposals.values().filter(is_open).partition(|known| known.approved_by.is_some());
        let to_do = approved.iter().filter(|known| !LOADED.contains(&known.act.as_str())).count();
        (proposed.len(), to_do + self.to_load().count())
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
mod tests;

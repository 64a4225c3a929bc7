//! The act by which two officers let records go.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::leaf::{self, Actor, Body, Kind, Peek};
use crate::pruned::{self, Pruned, PrunedFault, PrunedHead};

/// What was let go, of a log that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetGo {
    /// The leaves before this one.
    pub until: u64,
    /// How many of them are kept.
    pub kept: u64,
    /// When the last of them was recorded.
    pub last_at: Timestamp,
    /// The leaf that says so.
    pub leaf: u64,
    /// The proposal that two officers stand behind.
    pub proposal: Uuid,
}

/// Looks for the act that let records go: proposed, approved by another officer in time, and done once.
#[derive(Default)]
pub(super) struct Acts {
    proposals: HashMap<Uuid, Proposed>,
    /// By the leaf: until where, and the proposal.
    done: HashMap<u64, (u64, Uuid)>,
}

struct Proposed {
    digest: [u8; 32],
    expires: Timestamp,
    officer: String,
    is_approved: bool,
}

impl Acts {
    pub(super) fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) {
        if ![Kind::Proposal, Kind::Approval, Kind::Prune].map(Kind::as_str).contains(&peek.kind) {
            return;
        }
        // What does not read is none of them, and the replay's to find.
        let Some(leaf) = leaf::parse(bytes).ok().flatten() else { return };
        let Some(Actor::Officer { officer, .. }) = leaf.actor else { return };
        match leaf.body {
            Body::Proposal(proposal) if proposal.act == Kind::Prune.as_str() => {
                let (digest, expires) = (proposal.digest.0, proposal.expires);
                let proposed = Proposed { digest, expires, officer, is_approved: false };
                self.proposals.insert(peek.id, proposed);
            }
            Body::Approval(approval) => {
                if let Some(proposed) = self.proposals.get_mut(&approval.proposal) {
                    proposed.is_approved |= proposed.digest == approval.digest.0
                        && peek.at <= proposed.expires
                        && proposed.officer != officer;
                }
            }
            Body::Prune(prune) => {
                // Once: what was approved is spent.
                let by = prune.proposal.and_then(|id| Some((id, self.proposals.remove(&id)?)));
                let is_so = |(_, by): &(Uuid, Proposed)| {
                    by.is_approved && by.digest == pruned::digest(prune.until) && prune.until <= index
                };
                if let Some((id, _)) = by.filter(is_so) {
                    self.done.insert(index, (prune.until, id));
                }
            }
            _ => {}
        }
    }

    /// What the file says was let go, if a leaf says the same.
    pub(super) fn of(&self, pruned: &Pruned) -> Result<LetGo, PrunedFault> {
        let PrunedHead { until, leaf, last_at, .. } = pruned.head;
        let said = self.done.get(&leaf).filter(|(said, _)| *said == until);
        let (_, proposal) = *said.ok_or(PrunedFault::Unsaid(leaf))?;
        let kept = pruned.kept_from(0).count() as u64;
        Ok(LetGo { until, kept, last_at, leaf, proposal })
    }
}

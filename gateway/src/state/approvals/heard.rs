//! What several gateways decided, in the order of all of them. A log alone does not tell it, so a start makes it anew: every act of
//! all logs, from the first one on, is taken in once. An act that was taken in twice could be taken for two.

use std::collections::BTreeSet;

use credit_audit::leaf::{Actor, Body, Leaf};

use super::{Approvals, Heard, IN_WORDS, LOADED_WORD, OFFICER, RESUME, UNSEAL, of_path, of_resumption, of_unsealing};

impl Approvals {
    /// All acts follow, in their order, of the own log those below `own_until` too: what they amount to begins anew. What this log
    /// alone says stays, and so does what a start loads.
    pub(crate) fn begin_anew(&mut self, own_until: u64) {
        let is_done_here = |act: &str| IN_WORDS.contains(&act);
        let done = self.proposals.iter().filter(|(_, known)| known.is_done && is_done_here(&known.act));
        let done_here = done.map(|(id, _)| *id).collect();
        self.heard = Heard { own_until, by_two: BTreeSet::new(), done_here };
        self.proposals.clear();
        self.emergencies = super::Emergencies::default();
    }

    /// Takes in what the leaf at `index` of a log says, in the order of all logs; of the own one (nothing) what is known already, but
    /// for what was there when all began anew.
    pub(crate) fn take_in(&mut self, log: Option<&str>, index: u64, leaf: &Leaf<'_>) {
        let (id, at, by) = (leaf.head.id, leaf.head.at, leaf.actor.as_ref());
        let is_new = log.is_some() || index < self.heard.own_until;
        match &leaf.body {
            // What a gateway loads before two officers are registered, each says for itself.
            Body::Proposal(proposal) => match by {
                Some(Actor::Officer { .. }) => {
                    let is_known = self.proposals.contains_key(&id);
                    self.propose(id, by, proposal.clone());
                    if let Some(proposed) = self.proposals.get_mut(&id).filter(|_| !is_known) {
                        proposed.log = log.map(str::to_owned);
                        proposed.is_done = self.heard.done_here.contains(&id);
                    }
                }
                Some(Actor::System(_)) if proposal.act == OFFICER => {
                    self.heard.by_two.insert(log.map(str::to_owned));
                }
                _ => {}
            },
            Body::Approval(approval) => self.approve(by, approval, at),
            Body::Read(read) => {
                if log.is_none() {
                    self.read(&read.path, by);
                }
                self.loaded_somewhere(&read.path, by);
            }
            Body::Stop(stop) if is_new && !stop.stopped && self.is_by_two_in(log) => {
                let digest = of_resumption(stop.scenario.as_deref(), stop.reason.as_deref());
                self.done_by_two((RESUME, &digest), None, by, at);
            }
            // Of what was proposed before: ids are made in the order of time.
            Body::Suspension(said) if !said.suspended && said.operator.is_none() && said.scenario.is_none() => {
                self.reinstated_before(&said.institution, id);
            }
            Body::Unseal(unseal) if is_new && self.is_by_two_in(log) => {
                let digest = of_unsealing(unseal.entry, &unseal.reason);
                self.done_by_two((UNSEAL, &digest), unseal.proposal, by, at);
            }
            _ => {}
        }
    }

    /// Whether that log has said that it needs two officers.
    fn is_by_two_in(&self, log: Option<&str>) -> bool {
        self.heard.by_two.contains(&log.map(str::to_owned))
    }

    /// A gateway loaded what was approved. What another was approved after is over.
    fn loaded_somewhere(&mut self, path: &str, by: Option<&Actor>) {
        let Some((act, proposal, LOADED_WORD)) = of_path(path) else { return };
        let Some(proposed) = self.proposals.get(&proposal).filter(|known| known.act == act) else { return };
        let is_last = self.last.get(act) == Some(&proposal);
        if is_last && matches!(by, Some(Actor::System(_))) {
            self.common.insert(act.to_owned(), proposed.digest);
        }
    }
}

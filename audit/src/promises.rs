//! The promises of `FORMAT.md` that leaves alone can show, checked one leaf after the other (`FORMAT.md` §9).
//!
//! What a promise says of several leaves is remembered here: nothing is taken from `inputs`, which are the operator's
//! word.

mod broken;
mod consents;
mod corrections;
mod keys;
mod register;
mod repeats;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::leaf::{self, Actor, Approval, Base64, Body, Leaf, Objection, Proposal, QuerySummary, Refusals, Repair};

use consents::Consents;
use corrections::Corrections;
use keys::Keys;
use register::{Register, certificate};
use repeats::Repeats;

pub use broken::Broken;

/// Checks leaves in their order, from the first of a log.
#[derive(Default)]
pub struct Promises {
    register: Register,
    consents: Consents,
    repeats: Repeats,
    corrections: Corrections,
    keys: Keys,
    ids: HashSet<Uuid>,
    catalogues: HashSet<String>,
    proposals: HashMap<Uuid, Proposed>,
    /// Whether two officers are needed, and the digest of the catalogue that may be loaded.
    by_two: bool,
    loadable: Option<Base64<[u8; 32]>>,
}

struct Proposed {
    act: String,
    digest: Base64<[u8; 32]>,
    expires: Timestamp,
    by: Option<Actor>,
    is_approved: bool,
}

impl Promises {
    /// Checks the next leaf, which has this index. A kind that this release does not know promises nothing.
    ///
    /// # Errors
    /// The promise that it breaks.
    pub fn leaf(&mut self, index: u64, bytes: &[u8]) -> Result<(), Broken> {
        let form = |error: leaf::BodyError| Broken::Form(error.to_string());
        leaf::check_form(bytes).map_err(form)?;
        let Some(leaf) = leaf::parse(bytes).map_err(form)? else { return Ok(()) };
        self.new_id(leaf.head.id)?;
        match &leaf.body {
            Body::Query(query) => return self.query(index, &leaf, query),
            Body::Catalogue(set) => {
                self.catalogues.insert(set.label.clone());
                let is_approved = self.loadable.is_some_and(|digest| set.label.ends_with(&hex(&digest.0)));
                if self.by_two && !is_approved {
                    return Err(Broken::NotByTwo(set.label.clone()));
                }
            }
            Body::Definitions(definitions) if !self.catalogues.contains(&definitions.catalogue) => {
                return Err(Broken::Catalogue(definitions.catalogue.clone()));
            }
            Body::Key(event) => {
                self.repeats.key(event);
                self.keys.event(event)?;
            }
            Body::Institution(change) => self.register.change(change)?,
            Body::Suspension(change) => self.register.suspend(change),
            Body::Stop(change) => self.register.stop(change),
            Body::Revocation(revocation) => self.consents.revoke(revocation),
            Body::Carried(carried) => {
                self.repeats.carry(carried);
                self.consents.carry(carried)?;
            }
            Body::Refusals(refusals) => {
                agree(refusals, leaf.head.seq)?;
                return self.register.act(&leaf.head, None, true);
            }
            Body::Seal(seal) => self.register.seal(seal)?,
            Body::Notice(notice) => self.keys.used(&notice.key)?,
            Body::Statement(statement) => {
                self.keys.used(&statement.key)?;
                is_before(index, statement.size, "size")?;
            }
            Body::Block(block) => self.keys.used(&block.key)?,
            Body::Objection(Objection { key, .. }) | Body::Repair(Repair { key, .. }) => {
                self.keys.used(key)?;
                self.corrections.removed(index, &leaf.body);
            }
            Body::Correction(correction) => self.corrections.correction(index, leaf.actor.as_ref(), correction)?,
            Body::Binding(binding) => self.keys.used(&binding.key)?,
            Body::Case(case) => case.key.as_deref().map_or(Ok(()), |key| self.keys.used(key))?,
            Body::Appointment(said) => self.keys.used(&said.key)?,
            Body::Proposal(proposal) => {
                let by = leaf.actor.clone();
                self.began(proposal, by.as_ref())?;
                let Proposal { act, digest, expires } = proposal.clone();
                self.proposals.insert(leaf.head.id, Proposed { act, digest, expires, by, is_approved: false });
            }
            Body::Approval(approval) => self.approve(approval, &leaf)?,
            Body::Unseal(unseal) => is_before(index, unseal.entry.saturating_add(1), "entry")?,
            Body::Definitions(_)
            | Body::Flood(_)
            | Body::Read(_)
            | Body::IssuerKey(_)
            | Body::Feedback(_)
            | Body::Review(_)
            | Body::Sampling(_)
            | Body::Figures(_)
            | Body::Prune(_)
            | Body::Log(_)
            | Body::Open(_) => {}
        }
        self.register.act(&leaf.head, certificate(leaf.actor.as_ref()), false)
    }

    fn new_id(&mut self, id: Uuid) -> Result<(), Broken> {
        if self.ids.insert(id) { Ok(()) } else { Err(Broken::Id(id)) }
    }

    fn query(&mut self, index: u64, leaf: &Leaf<'_>, query: &QuerySummary<'_>) -> Result<(), Broken> {
        if !self.catalogues.contains(&*query.catalogue) {
            return Err(Broken::Catalogue(query.catalogue.clone().into_owned()));
        }
        query.key.map_or(Ok(()), |key| self.keys.used(key))?;
        let use_ = self.consents.query(index, query)?;
        self.repeats.query(query, use_)?;
        if query.is_answered() {
            self.register.answered(query)?;
            self.corrections.answered(index, query);
        }
        self.register.act(&leaf.head, query.certificate, !query.is_answered())
    }

    /// What the gateway itself proposes is what it loads before two officers are registered; it says so once.
    fn began(&mut self, proposal: &Proposal, by: Option<&Actor>) -> Result<(), Broken> {
        match by {
            Some(Actor::System(_)) if self.by_two => Err(Broken::NotByTwo(proposal.act.clone())),
            Some(Actor::System(_)) => {
                self.by_two = proposal.act == "officer";
                if proposal.act == "catalogue" {
                    self.loadable = Some(proposal.digest);
                }
                Ok(())
            }
            Some(Actor::Institution { .. } | Actor::Officer { .. } | Actor::Account(_) | Actor::Person(_)) | None => {
                Ok(())
            }
        }
    }

    fn approve(&mut self, approval: &Approval, leaf: &Leaf<'_>) -> Result<(), Broken> {
        let proposed = self.proposals.get_mut(&approval.proposal).ok_or(Broken::Approval)?;
        let fits = proposed.digest == approval.digest
            && leaf.head.at <= proposed.expires
            && !proposed.is_approved
            && name(proposed.by.as_ref()) != name(leaf.actor.as_ref());
        if !fits {
            return Err(Broken::Approval);
        }
        proposed.is_approved = true;
        if proposed.act == "catalogue" {
            self.loadable = Some(proposed.digest);
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a leaf says of the leaves before it may name no later one.
fn is_before(index: u64, end: u64, member: &str) -> Result<(), Broken> {
    if end <= index { Ok(()) } else { Err(Broken::Form(format!("`{member}` goes beyond the entries before it"))) }
}

/// Who it is, whatever the certificate.
fn name(actor: Option<&Actor>) -> Option<&str> {
    match actor? {
        Actor::Institution { institution: name, .. }
        | Actor::Officer { officer: name, .. }
        | Actor::Account(name)
        | Actor::System(name) => Some(name),
        Actor::Person(_) => None,
    }
}

/// As many numbers as refusals, and the leaf has the last of them.
fn agree(refusals: &Refusals, seq: Option<u64>) -> Result<(), Broken> {
    let (first, last) = refusals.seqs;
    let numbers = last.checked_sub(first).and_then(|more| more.checked_add(1));
    let counted = refusals.counts.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let fits = numbers.is_some() && numbers == counted && seq == Some(last) && first > 0;
    if fits { Ok(()) } else { Err(Broken::Refusals) }
}

//! The promises of `FORMAT.md` that leaves alone can show, checked one leaf after the other (`FORMAT.md` §9).
//!
//! What a promise says of several leaves is remembered here: nothing is taken from `inputs`, which are the operator's
//! word.

mod broken;
mod consents;
mod corrections;
mod keys;
mod later;
mod let_go;
mod place;
mod register;
mod repeats;
mod standing;

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use uuid::Uuid;

use crate::leaf::{
    self, Actor, Approval, Base64, Body, Leaf, Objection, Peek, Proposal, QuerySummary, Refusals, Repair,
};

use consents::Consents;
use corrections::Corrections;
use keys::Keys;
use later::{Later, What};
use let_go::LetGo;
use place::Since;
use register::{Register, certificate};
use repeats::Repeats;
use standing::{Answered, Standing};

pub use broken::Broken;
pub use place::Place;

/// Checks leaves in their order, from the first of a log; or those of all logs of a set, by time ([`Promises::of_set`]).
pub struct Promises {
    /// What a log says of itself, for each log.
    own: Vec<Own>,
    is_set: bool,
    standing: Standing,
    consents: Consents,
    repeats: Repeats,
    corrections: Corrections,
    ids: HashSet<Uuid>,
    proposals: HashMap<Uuid, Proposed>,
    /// What a leaf of another log may still put right.
    later: VecDeque<Later>,
}

/// What each log says for itself, though it belongs to a set: every replica begins with its register, keys and catalogue.
#[derive(Default)]
struct Own {
    register: Register,
    keys: Keys,
    catalogues: HashSet<String>,
    /// Whether two officers are needed, and the digest of the catalogue that may be loaded.
    by_two: bool,
    /// Where leaves before were let go: what may have stood there is not missed.
    let_go: LetGo,
    loadable: Option<Base64<[u8; 32]>>,
}

/// A leaf of a set that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenInSet {
    /// The log, by its number.
    pub log: usize,
    /// In it, from 0.
    pub index: u64,
    /// Which promise.
    pub cause: Broken,
}

impl Default for Promises {
    fn default() -> Self {
        let (consents, repeats) = (Consents::default(), Repeats::default());
        Self::new(1, consents, repeats, false)
    }
}

struct Proposed {
    act: String,
    digest: Base64<[u8; 32]>,
    expires: Timestamp,
    by: Option<Actor>,
    is_approved: bool,
}

impl Promises {
    /// Of a set of so many logs: withdrawals, suspensions, stops, proposals and uses of consents count in all of them, the first
    /// three a second later in another log than their own.
    #[must_use]
    pub fn of_set(logs: usize) -> Self {
        Self::new(logs, Consents::of_set(), Repeats::of_set(), true)
    }

    fn new(logs: usize, consents: Consents, repeats: Repeats, is_set: bool) -> Self {
        Self {
            own: std::iter::repeat_with(Own::default).take(logs).collect(),
            is_set,
            standing: Standing::default(),
            consents,
            repeats,
            corrections: Corrections::default(),
            ids: HashSet::new(),
            proposals: HashMap::new(),
            later: VecDeque::new(),
        }
    }

    /// Checks the next leaf, which has this index. A kind that this release does not know promises nothing.
    ///
    /// # Errors
    /// The promise that it breaks.
    pub fn leaf(&mut self, index: u64, bytes: &[u8]) -> Result<(), Broken> {
        self.next(Place { log: 0, index, place: index }, bytes)
    }

    /// Checks the next leaf of a set.
    ///
    /// # Errors
    /// The promise that it breaks, or that an earlier leaf broke, which no leaf of another log has put right meanwhile.
    pub fn leaf_of_set(&mut self, place: Place, at: Timestamp, bytes: &[u8]) -> Result<(), BrokenInSet> {
        self.look_again(Some(at))?;
        let Place { log, index, .. } = place;
        self.next(place, bytes).map_err(|cause| BrokenInSet { log, index, cause })
    }

    /// Behind the last leaf of a set.
    ///
    /// # Errors
    /// The promise that an earlier leaf broke.
    pub fn end_of_set(&mut self) -> Result<(), BrokenInSet> {
        self.look_again(None)
    }

    fn next(&mut self, place: Place, bytes: &[u8]) -> Result<(), Broken> {
        let Place { log, index, .. } = place;
        self.own.get_mut(log).into_iter().for_each(|own| own.let_go.reach(index));
        let form = |error: leaf::BodyError| Broken::Form(error.to_string());
        leaf::check_form(bytes).map_err(form)?;
        let Some(leaf) = leaf::parse(bytes).map_err(form)? else { return Ok(()) };
        self.new_id(leaf.head.id)?;
        let since = Since { log, at: leaf.head.at };
        let Some(own) = self.own.get_mut(log) else { return Ok(()) };
        own.let_go.at(leaf.head.at);
        match &leaf.body {
            Body::Query(query) => return self.query(place, &leaf, query),
            Body::Catalogue(_) | Body::Approval(_) => self.by_two(place, &leaf, bytes)?,
            Body::Definitions(definitions) if !own.catalogues.contains(&definitions.catalogue) => {
                return Err(Broken::Catalogue(definitions.catalogue.clone()));
            }
            Body::Key(event) => {
                self.repeats.key(event);
                own.keys.event(event)?;
            }
            Body::Institution(change) => own.register.change(change)?,
            Body::Suspension(change) => self.standing.suspend(change, since),
            Body::Stop(change) => self.standing.stop(change, since),
            Body::Revocation(revocation) => self.consents.revoke(revocation, since),
            Body::Carried(carried) => {
                self.repeats.carry(carried);
                self.consents.carry(carried, since)?;
            }
            Body::Refusals(refusals) => {
                agree(refusals, leaf.head.seq)?;
                return own.register.act(&leaf.head, None, true);
            }
            Body::Seal(seal) => own.register.seal(seal, own.let_go.is_any())?,
            Body::Notice(notice) => own.keys.used(&notice.key)?,
            Body::Statement(statement) => {
                own.keys.used(&statement.key)?;
                is_before(index, statement.size, "size")?;
            }
            Body::Block(block) => own.keys.used(&block.key)?,
            Body::Objection(Objection { key, .. }) | Body::Repair(Repair { key, .. }) => {
                own.keys.used(key)?;
                self.corrections.removed(place.place, &leaf.body);
            }
            Body::Correction(correction) => {
                let kept = self.corrections.correction(place.place, leaf.actor.as_ref(), correction);
                let kept = if self.is_let_go(correction.query) { Ok(()) } else { kept };
                self.or_later(kept, place, since.at, bytes, What::Correction)?;
            }
            Body::Binding(binding) => own.keys.used(&binding.key)?,
            Body::Case(case) => case.key.as_deref().map_or(Ok(()), |key| own.keys.used(key))?,
            Body::Appointment(said) => own.keys.used(&said.key)?,
            Body::Proposal(proposal) => self.propose(log, &leaf, proposal)?,
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
        self.acted(log, &leaf.head, certificate(leaf.actor.as_ref()), false)
    }

    fn new_id(&mut self, id: Uuid) -> Result<(), Broken> {
        if self.ids.insert(id) { Ok(()) } else { Err(Broken::Id(id)) }
    }

    fn query(&mut self, place: Place, leaf: &Leaf<'_>, query: &QuerySummary<'_>) -> Result<(), Broken> {
        let Some(own) = self.own.get(place.log) else { return Ok(()) };
        if !own.catalogues.contains(&*query.catalogue) {
            return Err(Broken::Catalogue(query.catalogue.clone().into_owned()));
        }
        query.key.map_or(Ok(()), |key| own.keys.used(key))?;
        let use_ = self.consents.query(place, query, own.let_go.before())?;
        let bytes = leaf.head.text.as_bytes();
        let kept = self.repeats.query(place.log, query, use_);
        let kept = if query.repeats.is_some_and(|first| self.is_let_go(first)) { Ok(()) } else { kept };
        let may_come = query.repeats.is_some_and(|first| !self.repeats.is_known(first));
        match kept {
            Err(broken) if may_come => self.or_later(Err(broken), place, query.at, bytes, What::Repeat(use_))?,
            kept => kept?,
        }
        if query.is_answered() {
            let answered = Answered { query, log: place.log, is_looked_at_again: false };
            let kept = self.standing.answered(&answered);
            self.or_later(kept, place, query.at, bytes, What::Answered)?;
            self.corrections.answered(place.place, query);
        }
        self.acted(place.log, &leaf.head, query.certificate, !query.is_answered())
    }

    /// Whether the leaf of this query may be one of those that were let go.
    fn is_let_go(&self, query: Uuid) -> bool {
        self.own.iter().any(|own| own.let_go.may_have(query))
    }

    /// An institution's own act. In a set the register of another log may have its certificate.
    fn acted(&mut self, log: usize, head: &Peek<'_>, certificate: Option<&str>, refused: bool) -> Result<(), Broken> {
        let Some(own) = self.own.get_mut(log) else { return Ok(()) };
        let acted = own.register.act(head, certificate, refused);
        let name = head.institution.unwrap_or_default();
        if acted.is_err() && self.own.iter().any(|other| other.register.has(name, certificate)) {
            Ok(())
        } else {
            acted
        }
    }

    /// In a set, what is broken now may be put right by a leaf of another log whose clock is behind: it is looked at again.
    fn or_later(
        &mut self,
        kept: Result<(), Broken>,
        place: Place,
        at: Timestamp,
        bytes: &[u8],
        what: What,
    ) -> Result<(), Broken> {
        match kept {
            Err(_) if self.is_set => {
                self.later.push_back(Later { place, at, bytes: bytes.to_vec(), what });
                Ok(())
            }
            kept => kept,
        }
    }

    /// Looks again at what waited for more than a second before this time; or at all of it.
    fn look_again(&mut self, now: Option<Timestamp>) -> Result<(), BrokenInSet> {
        while let Some(later) = self.later.pop_front_if(|later| now.is_none_or(|now| later.is_due(now))) {
            let Later { place, bytes, what, .. } = &later;
            let leaf = leaf::parse(bytes).ok().flatten();
            let kept = match (what, leaf.as_ref().map(|leaf| &leaf.body)) {
                (What::Answered, Some(Body::Query(query))) => {
                    self.standing.answered(&Answered { query, log: place.log, is_looked_at_again: true })
                }
                (What::Repeat(use_), Some(Body::Query(query))) => self.repeats.query(place.log, query, *use_),
                (What::Correction, Some(Body::Correction(correction))) => {
                    let by = leaf.as_ref().and_then(|leaf| leaf.actor.as_ref());
                    self.corrections.correction(place.place, by, correction)
                }
                (What::Approval, Some(Body::Approval(approval))) => {
                    leaf.as_ref().map_or(Ok(()), |leaf| self.approve(approval, leaf))
                }
                (What::Catalogue, Some(Body::Catalogue(set))) => {
                    self.own.get_mut(place.log).map_or(Ok(()), |own| own.catalogue(&set.label))
                }
                (What::Answered | What::Repeat(_) | What::Correction | What::Approval | What::Catalogue, _) => Ok(()),
            };
            kept.map_err(|cause| BrokenInSet { log: place.log, index: place.index, cause })?;
        }
        Ok(())
    }

    /// What two officers decided. In a set another log may say what came before it.
    fn by_two(&mut self, place: Place, leaf: &Leaf<'_>, bytes: &[u8]) -> Result<(), Broken> {
        let (kept, what) = match &leaf.body {
            Body::Approval(approval) => (self.approve(approval, leaf), What::Approval),
            Body::Catalogue(set) => {
                let own = self.own.get_mut(place.log);
                (own.map_or(Ok(()), |own| own.catalogue(&set.label)), What::Catalogue)
            }
            _ => return Ok(()),
        };
        self.or_later(kept, place, leaf.head.at, bytes, what)
    }

    fn propose(&mut self, log: usize, leaf: &Leaf<'_>, proposal: &Proposal) -> Result<(), Broken> {
        let by = leaf.actor.clone();
        self.own.get_mut(log).map_or(Ok(()), |own| own.began(proposal, by.as_ref()))?;
        let Proposal { act, digest, expires } = proposal.clone();
        self.proposals.insert(leaf.head.id, Proposed { act, digest, expires, by, is_approved: false });
        Ok(())
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
            let digest = proposed.digest;
            self.own.iter_mut().for_each(|own| own.loadable = Some(digest));
        }
        Ok(())
    }
}

impl Own {
    fn catalogue(&mut self, label: &str) -> Result<(), Broken> {
        self.catalogues.insert(label.to_owned());
        let is_approved = self.loadable.is_some_and(|digest| label.ends_with(&hex(&digest.0)));
        if self.by_two && !is_approved { Err(Broken::NotByTwo(label.to_owned())) } else { Ok(()) }
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

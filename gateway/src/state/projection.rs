//! The projection of the log: what all its leaves together amount to.
//!
//! One function, [`Projection::apply`], takes in one leaf. Start-up runs it over what the snapshot does not cover, the
//! snapshot advances by it, and an index would be fed by it: nothing else reads what leaves mean.
//!
//! INVARIANT (fold): after start-up the counts are what it makes of every leaf of the log, and from then on each answered
//! leaf adds exactly what its reservation was. So a crash loses nothing and doubles nothing: what was reserved and
//! not recorded is gone with the process, what was recorded is read again.

use std::collections::{BTreeMap, BTreeSet};

use credit_audit::leaf::{self, Actor, Body, BodyError, Leaf, Peek, PeekError, QuerySummary, RegisterChange, peek};
use credit_policy::Catalogue;
use jiff::Timestamp;

use super::{
    consent::{Consent, Use},
    idempotency::FirstQuery,
    key::{Key, NoKey, consent_key},
    ledger::{InForce, Ledger, RegisterEvent},
    usage::{Spending, Usage, seconds},
};

/// What the leaves up to a size amount to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projection {
    pub(crate) ledger: Ledger,
    pub(crate) usage: Usage,
    consents: Consents,
}

/// A use of a consent, as a leaf names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UseEvent {
    pub(crate) consent: ConsentName,
    pub(crate) use_: Use,
}

/// Which consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsentName {
    /// The leaf has the token, which ends then (seconds of Unix time).
    Token(Key, u32),
    /// The token stands in an earlier leaf. The consent is known where that leaf was taken in by this projection.
    Holder(u64, Option<Key>),
}

/// How uses of consents are taken in.
#[derive(Clone, Debug)]
enum Consents {
    /// Each into its row. Finding a consent by the leaf with its token takes a list, which is made when it is needed.
    Rows(Option<Holders>),
    /// The rows are elsewhere: in a snapshot that this projection goes on from.
    Apart { uses: Vec<UseEvent>, holders: Holders },
}

impl Default for Consents {
    fn default() -> Self {
        Self::Rows(None)
    }
}

/// A leaf that cannot be taken in.
#[derive(Debug, thiserror::Error)]
#[error("leaf {index} of the log cannot be read ({why}); run `credit-audit verify` on the data folder")]
pub(crate) struct FoldError {
    pub(crate) index: u64,
    why: Fault,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Peek(#[from] PeekError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Key(#[from] NoKey),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl FoldError {
    pub(crate) fn unread(index: u64, source: std::io::Error) -> Self {
        Self { index, why: source.into() }
    }
}

impl Projection {
    /// Goes on from a snapshot whose rows stay where they are; its small parts are given.
    pub(crate) fn beyond(ledger: Ledger, at: Timestamp, day: Option<jiff::civil::Date>) -> Self {
        let mut usage = Usage::beginning(at);
        drop(day.and_then(|day| usage.turn(day)));
        Self { ledger, usage, consents: Consents::Apart { uses: Vec::new(), holders: Holders::default() } }
    }

    /// One that goes on from where this one is, and has its small parts.
    pub(crate) fn go_on(&self) -> Self {
        Self::beyond(self.ledger.clone(), self.usage.at, self.usage.day.date)
    }

    /// Parts of a run that goes on from a snapshot.
    #[cfg(test)]
    pub(crate) fn with(ledger: Ledger, usage: Usage, uses: Vec<UseEvent>) -> Self {
        Self { ledger, usage, consents: Consents::Apart { uses, holders: Holders::default() } }
    }

    /// From its parts, as they were written.
    pub(crate) fn restored(ledger: Ledger, usage: Usage) -> Self {
        Self { ledger, usage, consents: Consents::default() }
    }

    /// Nothing is taken in any more but what the counts themselves take: the list of holders is let go.
    pub(crate) fn finish(self) -> (Ledger, Usage) {
        (self.ledger, self.usage)
    }

    /// Of leaves that were let go only those in force were taken in: these numbers and certificates stood in the others.
    pub(crate) fn go_on_after(&mut self, numbers: &BTreeMap<String, u64>, certificates: &BTreeSet<String>) {
        for (institution, last) in numbers {
            let known = self.ledger.seqs.entry(institution.clone()).or_default();
            *known = (*known).max(*last);
        }
        self.ledger.used.extend(certificates.iter().cloned());
    }

    /// Whether it is the same as another, apart from what leaves before `until` have sealed: whose data keys are destroyed.
    pub(crate) fn is_as(&self, other: &Self, until: u64) -> bool {
        self.usage == other.usage && self.ledger.from(until) == other.ledger.from(until)
    }

    /// The uses that wait for their rows, in the log's order.
    pub(crate) fn take_uses(&mut self) -> Vec<UseEvent> {
        match &mut self.consents {
            Consents::Rows(_) => Vec::new(),
            Consents::Apart { uses, .. } => std::mem::take(uses),
        }
    }

    /// Takes in one leaf.
    ///
    /// # Errors
    /// When it is no leaf, or not of the form of its kind.
    pub(crate) fn apply(&mut self, catalogue: &Catalogue, index: u64, leaf: &[u8]) -> Result<(), FoldError> {
        self.try_apply(catalogue, index, leaf).map_err(|why| FoldError { index, why })
    }

    fn try_apply(&mut self, catalogue: &Catalogue, index: u64, leaf: &[u8]) -> Result<(), Fault> {
        let head = peek(leaf)?;
        let leaf = leaf::parse_after(head)?;
        self.apply_parsed(catalogue, index, &head, leaf)
    }

    /// Takes in one leaf that was parsed for others too.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(crate) fn apply_read(
        &mut self,
        catalogue: &Catalogue,
        index: u64,
        head: &Peek<'_>,
        leaf: Option<&Leaf<'_>>,
    ) -> Result<(), FoldError> {
        if let Some(Leaf { body: Body::Query(query), .. }) = leaf {
            drop(self.usage.reach(head.at));
            self.query(catalogue, index, query);
            self.passed(index, head);
            return Ok(());
        }
        self.apply_parsed(catalogue, index, head, leaf.cloned()).map_err(|why| FoldError { index, why })
    }

    fn apply_parsed(
        &mut self,
        catalogue: &Catalogue,
        index: u64,
        head: &Peek<'_>,
        leaf: Option<Leaf<'_>>,
    ) -> Result<(), Fault> {
        drop(self.usage.reach(head.at));
        // A kind of a later release: a reader passes over it (`FORMAT.md` §2).
        if let Some(leaf) = leaf {
            if let (Body::Case(case), Some(institution)) = (&leaf.body, head.institution) {
                self.ledger.cases.apply(institution, index, case, leaf.actor.as_ref());
            }
            let by = leaf.actor;
            if let Body::Appointment(said) = &leaf.body {
                let by_gateway = matches!(by, Some(Actor::System(_)));
                self.ledger.appointments.apply(head.at, index, said, by_gateway);
            }
            self.apply_body(catalogue, index, (head, by.as_ref()), leaf.body)?;
        }
        self.passed(index, head);
        Ok(())
    }

    fn passed(&mut self, index: u64, head: &Peek<'_>) {
        if let (Some(institution), Some(seq)) = (head.institution, head.seq) {
            self.ledger.seqs.insert(institution.to_owned(), seq);
        }
        self.ledger.size = index + 1;
    }

    /// Every kind by name: whoever adds one decides here what it means for the state.
    fn apply_body(
        &mut self,
        catalogue: &Catalogue,
        index: u64,
        (head, by): (&Peek<'_>, Option<&Actor>),
        body: Body<'_>,
    ) -> Result<(), Fault> {
        match body {
            Body::Query(query) => self.query(catalogue, index, &query),
            Body::Revocation(revocation) => {
                self.usage.revoke(&consent_key(&revocation.issuer, &revocation.jti), head.at);
            }
            Body::Carried(carried) => {
                let consents = &mut self.consents;
                self.usage.import(&carried, head.at, |consent, use_, expires| match consents {
                    Consents::Rows(_) => true,
                    Consents::Apart { uses, .. } => {
                        uses.push(UseEvent { consent: ConsentName::Token(consent, expires), use_ });
                        false
                    }
                })?;
            }
            Body::Institution(change) => self.ledger.apply(
                index,
                match change.change {
                    RegisterChange::Added => RegisterEvent::Added(*change),
                    RegisterChange::Changed => RegisterEvent::Changed(*change),
                    RegisterChange::Removed => RegisterEvent::Removed { institution: change.institution },
                },
            ),
            Body::Suspension(suspension) => self.ledger.suspend(suspension, Some(head.at)),
            Body::Catalogue(catalogue) => self.ledger.catalogues.push(InForce { at: head.at, catalogue }),
            Body::Definitions(definitions) => self.ledger.define(definitions),
            Body::Key(key) => self.ledger.key(key),
            Body::IssuerKey(key) => self.ledger.issuer_key(key),
            Body::Stop(stop) => self.ledger.stop_by(stop, by, head.at),
            Body::Unseal(unseal) => self.ledger.unseal(&unseal, by, head.at),
            Body::Proposal(proposal) => self.ledger.approvals.propose(head.id, by, proposal),
            Body::Approval(approval) => self.ledger.approvals.approve(by, &approval, head.at),
            Body::Seal(_) => self.ledger.sealed = true,
            // They say nothing that a later query depends on.
            Body::Read(read) => self.ledger.approvals.read(&read.path, by),
            Body::Open(_) | Body::Flood(_) | Body::Refusals(_) | Body::Log(_) => {}
            Body::Prune(prune) => self.ledger.prune(index, &prune, by, head.at),
            // Whom they are about is sealed: start-up opens them.
            Body::Block(_) | Body::Objection(_) | Body::Repair(_) | Body::Binding(_) => {
                self.ledger.standing.push(index);
            }
            Body::Figures(figures) => self.ledger.publish(figures),
            // Taken in before: it needs who acted.
            Body::Case(_) | Body::Appointment(_) => {}
            // They say nothing that a later query depends on, or are written by nothing yet.
            Body::Notice(_) | Body::Statement(_) | Body::Correction(_) | Body::Feedback(_) => {}
            Body::Review(_) | Body::Sampling(_) => {}
        }
        Ok(())
    }

    fn query(&mut self, catalogue: &Catalogue, index: u64, query: &QuerySummary<'_>) {
        query.certificate.into_iter().for_each(|certificate| self.ledger.used(certificate));
        self.apply_query(catalogue, index, query);
    }

    /// What an answered query used. Refused queries use nothing.
    fn apply_query(&mut self, catalogue: &Catalogue, index: u64, query: &QuerySummary<'_>) {
        // What persons ask about themselves, and the public, counts against no limit.
        let (true, Some(_), Some(subject)) = (query.is_answered(), query.institution, query.subject) else {
            return;
        };
        let group = query.scenario.and_then(|name| catalogue.scenario(name)).map_or("", |found| found.purpose_group());
        let staff = query.operator.unwrap_or_default();
        let mut spending = Spending::new(&query.counted_for(), group, staff, subject, query.case());
        if let Some((key, identity)) = query.idempotency() {
            let repeats = u16::from(query.repeats.is_some());
            let first = FirstQuery::new(identity, query.repeats.unwrap_or(query.id));
            spending.idempotency = Some((key, FirstQuery { repeats, ..first }));
        }
        if query.repeats.is_some() {
            spending.case = None;
        } else if let Some((holder, number)) = query.consent_use(index) {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let use_ = Use { at: query.at.as_microsecond(), number, holder: Some(holder) };
            let consent = match query.consent() {
                Some(name) => {
                    let expires = name.exp.and_then(|exp| Timestamp::from_second(exp).ok());
                    ConsentName::Token(consent_key(&name.iss, &name.jti), expires.map_or(u32::MAX, seconds))
                }
                None => ConsentName::Holder(holder, None),
            };
            self.apply_use(UseEvent { consent, use_ });
        }
        drop(self.usage.spend(query.at, catalogue.today(query.at), &spending));
    }

    fn apply_use(&mut self, mut event: UseEvent) {
        match &mut self.consents {
            Consents::Rows(holders) => match event.consent {
                ConsentName::Token(consent, expires) => {
                    self.usage.use_consent(&consent, event.use_, expires);
                    if let (Some(holders), Some(holder)) = (holders, event.use_.holder) {
                        holders.insert(holder, consent);
                    }
                }
                ConsentName::Holder(holder, _) => {
                    let holders = holders.get_or_insert_with(|| Holders::all(&self.usage));
                    if let Some(consent) = holders.consent_of(holder).copied() {
                        self.usage.use_known(&consent, event.use_);
                    }
                }
            },
            Consents::Apart { uses, holders } => {
                match &mut event.consent {
                    ConsentName::Token(consent, _) => {
                        event.use_.holder.into_iter().for_each(|holder| holders.insert(holder, *consent));
                    }
                    ConsentName::Holder(holder, consent) => *consent = holders.consent_of(*holder).copied(),
                }
                uses.push(event);
            }
        }
    }
}

/// Consents by the leaves that have their tokens, sorted. Leaves come in order, so nearly all are added at the end.
#[derive(Clone, Debug, Default)]
struct Holders(Vec<(u64, Key)>);

impl Holders {
    fn all(usage: &Usage) -> Self {
        let holders = |(consent, row): (Key, &Consent)| {
            let holders: Vec<u64> = row.uses().filter_map(|use_| use_.holder).collect();
            holders.into_iter().map(move |holder| (holder, consent))
        };
        let mut all: Vec<(u64, Key)> = usage.consents.iter().flat_map(holders).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    fn insert(&mut self, holder: u64, consent: Key) {
        let place = self.0.partition_point(|known| *known < (holder, consent));
        if self.0.get(place) != Some(&(holder, consent)) {
            self.0.insert(place, (holder, consent));
        }
    }

    fn consent_of(&self, holder: u64) -> Option<&Key> {
        let place = self.0.binary_search_by_key(&holder, |(known, _)| *known).ok()?;
        self.0.get(place).map(|(_, consent)| consent)
    }
}

impl PartialEq for Projection {
    fn eq(&self, other: &Self) -> bool {
        self.ledger == other.ledger && self.usage == other.usage
    }
}

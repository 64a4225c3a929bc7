//! A stored leaf, read by its kind.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::actor::Actor;
use super::bodies::{
    Appointment, Approval, Binding, Block, Carried, Case, CatalogueSet, Correction, Definitions, Feedback, Figures,
    Flood, InstitutionChange, IssuerKey, KeyEvent, ListedLog, Notice, Objection, Open, Proposal, Prune, Read, Refusals,
    Repair, Review, Revocation, Sampling, Seal, Statement, Stop, Suspension, Unseal,
};
use super::entry::{Entry, LeafError, render};
use super::kind::Kind;
use super::peek::{Peek, PeekError, peek};
use super::rows::fault;
use super::summary::QuerySummary;

/// Why a stored leaf is none of its kind.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Its beginning is malformed.
    #[error(transparent)]
    Peek(#[from] PeekError),
    /// Its keys are not those of its kind.
    #[error("the keys of a `{kind}` are not all there or not of their types: {why}")]
    Keys {
        /// Which kind.
        kind: &'static str,
        /// What is wrong.
        why: serde_json::Error,
    },
    /// An act that nobody did, or an actor where nobody acts.
    #[error("a `{0}` names who did it, or nobody did it and it names somebody")]
    Actor(&'static str),
    /// The bytes are not those that a writer makes of these keys.
    #[error("the leaf is not written as a `{0}` is: an order, a space or a key that does not belong there")]
    Form(&'static str),
    /// A member is not what its row allows, alone or beside the others of the leaf.
    #[error("`{member}` of a `{kind}` is not of the form that its row says")]
    Member {
        /// Which kind.
        kind: &'static str,
        /// Which member: `leaf` where members do not agree, `person` where a citizen number stands in one of them.
        member: &'static str,
    },
}

/// The keys of a kind as they stand in a leaf.
///
/// A `match` on it without a wildcard does not compile when a kind is added: whoever folds the log decides what each
/// kind means there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the struct of its kind")]
pub enum Body<'a> {
    Query(QuerySummary<'a>),
    Catalogue(CatalogueSet),
    Definitions(Definitions),
    Key(KeyEvent),
    Institution(Box<InstitutionChange>),
    Suspension(Suspension),
    Revocation(Revocation),
    Flood(Flood),
    Refusals(Refusals),
    Read(Read),
    Unseal(Unseal),
    Stop(Stop),
    IssuerKey(IssuerKey),
    Notice(Notice),
    Statement(Statement),
    Block(Block),
    Objection(Objection),
    Repair(Repair),
    Correction(Correction),
    Case(Case),
    Appointment(Appointment),
    Feedback(Feedback),
    Binding(Binding),
    Proposal(Proposal),
    Approval(Approval),
    Review(Review),
    Sampling(Sampling),
    Figures(Figures),
    Prune(Prune),
    Log(ListedLog),
    Carried(Carried),
    Open(Open),
    Seal(Seal),
}

/// A stored leaf of a kind that this release knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// What every leaf begins with.
    pub head: Peek<'a>,
    /// Who acted, where it records an act.
    pub actor: Option<Actor>,
    /// The keys of its kind.
    pub body: Body<'a>,
}

/// Reads a stored leaf; `None` where its kind is one that this release does not know.
///
/// # Errors
/// As [`BodyError`] says; [`BodyError::Form`] is left to [`check_form`].
pub fn parse(leaf: &[u8]) -> Result<Option<Leaf<'_>>, BodyError> {
    parse_after(peek(leaf)?)
}

/// As [`parse`], of a leaf whose beginning is read already.
///
/// # Errors
/// As [`BodyError`] says.
pub fn parse_after(head: Peek<'_>) -> Result<Option<Leaf<'_>>, BodyError> {
    let Some(kind) = Kind::parse(head.kind) else { return Ok(None) };
    let body = Body::parse(kind, head.text)?;
    let actor = head.actor.map(|actor| Actor::parse(actor).ok_or(PeekError::Actor)).transpose()?;
    if actor.is_some() != body.is_act() {
        return Err(BodyError::Actor(kind.as_str()));
    }
    Ok(Some(Leaf { head, actor, body }))
}

/// Checks every member of a leaf by its row: what `FORMAT.md` §3 and §4 let it hold.
///
/// # Errors
/// [`BodyError::Member`].
pub fn check_members(leaf: &Peek<'_>) -> Result<(), BodyError> {
    let Some(kind) = Kind::parse(leaf.kind) else { return Ok(()) };
    fault(leaf).map_or(Ok(()), |member| Err(BodyError::Member { kind: kind.as_str(), member }))
}

/// Checks that a leaf is, byte for byte, what a writer makes of its keys. Kinds that this release does not know pass;
/// queries pass, because [`QueryLeaf`](super::QueryLeaf) takes no key too many.
///
/// # Errors
/// As [`BodyError`] says.
pub fn check_form(bytes: &[u8]) -> Result<(), BodyError> {
    let Some(leaf) = parse(bytes)? else { return Ok(()) };
    let kind = leaf.body.kind().as_str();
    let again = leaf.entry().map_err(|_| BodyError::Form(kind))?;
    let same = again.is_none_or(|entry| render(&entry, leaf.head.at, leaf.head.seq.unwrap_or_default()) == bytes);
    if same { Ok(()) } else { Err(BodyError::Form(kind)) }
}

impl Leaf<'_> {
    /// The entry that a writer would make of it; `None` for a query, of which only a summary was read.
    fn entry(&self) -> Result<Option<Entry>, LeafError> {
        let Some(entry) = self.body.entry(self.head.id).transpose()? else { return Ok(None) };
        let entry = Entry { institution: self.head.institution.map(str::to_owned), ..entry };
        match &self.actor {
            Some(actor) => entry.by_whom(actor.clone()).map(Some),
            None => Ok(Some(entry)),
        }
    }
}

macro_rules! each_kind {
    ($($kind:ident as $trait:ident,)+) => {
        impl<'a> Body<'a> {
            /// Reads the keys of this kind.
            ///
            /// # Errors
            /// [`BodyError::Keys`].
            pub fn parse(kind: Kind, leaf: &'a str) -> Result<Self, BodyError> {
                let fault = |why| BodyError::Keys { kind: kind.as_str(), why };
                match kind {
                    Kind::Query => QuerySummary::parse(leaf).map(Self::Query).map_err(fault),
                    Kind::Institution => keys(leaf).map(|body| Self::Institution(Box::new(body))).map_err(fault),
                    $(Kind::$kind => keys(leaf).map(Self::$kind).map_err(fault),)+
                }
            }

            /// The kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    Self::Query(_) => Kind::Query,
                    Self::Institution(_) => Kind::Institution,
                    $(Self::$kind(_) => Kind::$kind,)+
                }
            }

            /// Whether leaves of this kind name who acted.
            #[must_use]
            pub fn is_act(&self) -> bool {
                match self {
                    Self::Query(_) => false,
                    Self::Institution(_) => true,
                    $(Self::$kind(_) => each_kind!(@act $trait),)+
                }
            }

            fn entry(&self, id: Uuid) -> Option<Result<Entry, LeafError>> {
                match self {
                    Self::Query(_) => None,
                    Self::Institution(body) => Some(Entry::as_written(self.kind(), id, None, body)),
                    $(Self::$kind(body) => Some(Entry::as_written(self.kind(), id, None, body)),)+
                }
            }
        }
    };
    (@act Act) => { true };
    (@act Event) => { false };
}

each_kind! {
    Catalogue as Event,
    Definitions as Event,
    Key as Act,
    Suspension as Act,
    Revocation as Act,
    Flood as Event,
    Refusals as Event,
    Read as Act,
    Unseal as Act,
    Stop as Act,
    IssuerKey as Act,
    Notice as Act,
    Statement as Act,
    Block as Act,
    Objection as Act,
    Repair as Act,
    Correction as Act,
    Case as Act,
    Appointment as Act,
    Feedback as Act,
    Binding as Act,
    Proposal as Act,
    Approval as Act,
    Review as Act,
    Sampling as Act,
    Figures as Event,
    Prune as Act,
    Log as Act,
    Carried as Event,
    Open as Event,
    Seal as Event,
}

fn keys<T: DeserializeOwned>(leaf: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(leaf)
}

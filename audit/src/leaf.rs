//! Leaves: one line of JSON each, keys in a fixed order, hashed as stored (`FORMAT.md` §2).
//!
//! A leaf begins with `v`, `kind`, `id`, `at`, then `actor` where it records an act, then `institution` and `seq` where
//! it is an institution's own act; then come the keys of its kind. `at` and `seq` are given by the log's writer, so an
//! [`Entry`] waits without them. [`peek`] reads that beginning without parsing JSON, which is what makes checking a whole
//! log fast; [`parse`] reads a whole leaf as a [`Body`], one variant a kind.

mod actor;
mod bodies;
mod body;
mod encoded;
mod entry;
mod event;
mod guard;
mod kind;
mod link;
mod peek;
mod query;
mod rows;
#[doc(hidden)]
pub mod samples;
mod summary;

use serde::de::DeserializeOwned;

pub use actor::Actor;
pub use bodies::{
    Appointment, Approval, Binding, BindingState, Block, Carried, Case, CaseState, CatalogueFile, CatalogueSet,
    Correction, CorrectionState, Definitions, Feedback, FeedbackResult, Figures, Flood, InstitutionChange, IssuerKey,
    IssuerKeyState, KeyEvent, KeyState, ListedLog, Notice, NoticeWay, Objection, ObjectionState, Open, Previous,
    Proposal, Prune, Read, Refusals, RegisterChange, Repair, RepairState, Review, ReviewState, Revocation, Sampling,
    SamplingState, Seal, Statement, Stop, Suspension, Unseal,
};
pub use body::{Body, BodyError, Leaf, check_form, check_members, parse, parse_after};
pub use encoded::Base64;
pub use entry::{Entry, LeafError, MAX_TAIL_BYTES, render, render_into};
pub use event::{Act, Event, entry_among};
pub use kind::Kind;
pub use link::LinkFault;
pub(crate) use link::{LinkedQuery, check_links, is_linked};
pub use peek::{MAX_LEAF_BYTES, Peek, PeekError, peek};
pub use query::{GroundRecord, OnBehalf, Outcome, QueryLeaf, QueryRecord, RemoteLeaf};
pub use summary::{ConsentName, QuerySummary};

/// The keys of a leaf's kind, as a type; keys that the type does not name are passed over.
///
/// # Errors
/// When the leaf is not JSON of that shape.
pub fn body<T: DeserializeOwned>(leaf: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(leaf)
}

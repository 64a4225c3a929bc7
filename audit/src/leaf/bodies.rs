//! The keys of every kind that is not a query. Each struct is a row of `FORMAT.md` §4, in the order of its keys.

mod log;
mod officers;
mod operation;
mod persons;

pub use log::{Carried, CatalogueFile, CatalogueSet, Definitions, ListedLog, Open, Previous, Prune, Seal};
pub use officers::{
    Appointment, Approval, Case, CaseState, Feedback, FeedbackResult, Figures, Proposal, Review, ReviewState, Sampling,
    SamplingState, Unseal,
};
pub use operation::{
    Flood, InstitutionChange, IssuerKey, IssuerKeyState, KeyEvent, KeyState, Read, Refusals, RegisterChange,
    Revocation, Stop, Suspension,
};
pub use persons::{
    Binding, BindingState, Block, Correction, CorrectionState, Notice, NoticeWay, Objection, ObjectionState, Repair,
    RepairState, Statement,
};

//! Why another gateway's answer is none, and what it refused.

use credit_audit::proof::ProofError;
use credit_policy::{Code, FieldName, consent::Bound};

/// What is wrong with the answer of another gateway. It says nothing of what the answer said.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GatewayFault {
    /// It is of another query, log or scenario.
    #[error("its answer is not of the query that it was asked")]
    OtherQuery,
    /// Its receipt is none of the key that the configuration names.
    #[error("its receipt is not valid by `vkey`: {0}")]
    Receipt(#[from] ProofError),
    /// A field outside its domain in the data list.
    #[error("its value of `{0}` lies outside the field's domain in the data list")]
    Domain(FieldName),
    /// It refused with what the institution that asks here can do nothing about.
    #[error("it refused with `{0}`")]
    Refusal(&'static str),
    /// What it sent is neither an answer nor a refusal.
    #[error("it answered with the status {0} and no problem document of a gateway")]
    NoProblem(u16),
}

/// A refusal that the institution which asks here can act upon: it gets the same code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub(crate) code: Code,
    /// Seconds after which a retry makes sense, a day at most.
    pub(crate) retry_after_s: Option<u64>,
    /// The size of the limit that was reached.
    pub(crate) limit: Option<u32>,
    /// Which bound a consent exceeds.
    pub(crate) bound: Option<Bound>,
}

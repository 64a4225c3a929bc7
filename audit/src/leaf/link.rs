//! Links between the logs of two gateways: what a query says of the other log, and whether that has its form.

use serde::Deserialize;
use uuid::Uuid;

use super::kind::Kind;
use super::peek::Peek;
use super::query::{OnBehalf, Outcome, RemoteLeaf};

/// How two leaves do not name each other. Indices are of the log of the gateway that asked, unless it is said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// `on_behalf` or `remote` is not of its form, or stands where it cannot.
    #[error("`on_behalf` or `remote` is not of its form, or stands in a query that cannot have it")]
    Form,
    /// The entry there is no query that was asked for this log.
    #[error("entry {0} of the other log, which it names, is no query that this log asked")]
    NotThere(u64),
    /// The entry there has another hash.
    #[error("entry {0} of the other log has another hash than the one that is named")]
    Altered(u64),
    /// The entry there is of another query of this log.
    #[error("entry {0} of the other log names another query, institution, certificate, kind or scenario")]
    Other(u64),
    /// The entry there was refused.
    #[error("entry {0} of the other log, from which it is answered, was refused")]
    Refused(u64),
    /// Two queries name one entry there.
    #[error("entry {0} of the other log is named by an earlier entry too")]
    Twice(u64),
    /// It was answered there, and does not say so.
    #[error("it was answered with entry {0} of the other log and does not name it")]
    Unnamed(u64),
    /// Answered there, and not on record here.
    #[error(
        "the other log answered query {query} of this log, which has no such query: the gateway that asked stopped before it \
         could record and sent nothing, or a record is missing, or the other log invented it"
    )]
    Unrecorded {
        /// The query's id in this log.
        query: Uuid,
    },
}

/// Of a query, what two leaves say to each other.
#[derive(Deserialize)]
pub(crate) struct LinkedQuery {
    pub(crate) id: Uuid,
    pub(crate) institution: Option<String>,
    pub(crate) certificate: Option<String>,
    pub(crate) on_behalf: Option<OnBehalf>,
    pub(crate) scenario: Option<String>,
    pub(crate) inputs: LinkedInputs,
    pub(crate) outcome: Outcome,
    pub(crate) remote: Option<RemoteLeaf>,
}

#[derive(Deserialize)]
pub(crate) struct LinkedInputs {
    pub(crate) kind: String,
}

/// Whether a leaf of kind `query` can have a link: without one it is not read.
pub(crate) fn is_linked(text: &str) -> bool {
    text.contains(r#""on_behalf":"#) || text.contains(r#""remote":"#)
}

/// Whether the links of a leaf are of their form. Of a leaf without one nothing is read.
///
/// # Errors
/// [`LinkFault::Form`].
pub(crate) fn check_links(peek: &Peek<'_>) -> Result<(), LinkFault> {
    if peek.kind != Kind::Query.as_str() || !is_linked(peek.text) {
        return Ok(());
    }
    let query: LinkedQuery = serde_json::from_str(peek.text).map_err(|_| LinkFault::Form)?;
    let is_sound = query.on_behalf.as_ref().is_none_or(|on_behalf| {
        query.institution.is_some()
            && !on_behalf.institution.is_empty()
            && !on_behalf.origin.is_empty()
            && on_behalf.kind == query.inputs.kind
            && on_behalf.certificate.len() == 43
    });
    let is_answered = query.outcome == Outcome::Answered;
    // A query that another gateway asked is passed on to no third one.
    let is_placed = query.remote.is_none() || (is_answered && query.on_behalf.is_none());
    if is_sound && is_placed { Ok(()) } else { Err(LinkFault::Form) }
}

//! The members of a query (`docs/formats.md` §2): the body of one, and a line of a batch. Unknown and duplicate members are
//! refused by the derived reader.

use credit_policy::Code;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    body_fault::{line_fault, query_fault},
    json_body::{object, present},
    on_behalf::OnBehalfBody,
};
use crate::journey::{detail::Detail, exchange::Question, refusal::Refusal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryBody {
    scenario: String,
    #[serde(default, deserialize_with = "present")]
    subject: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    operator: Option<String>,
    #[serde(default, deserialize_with = "present")]
    case: Option<String>,
    #[serde(default, deserialize_with = "present")]
    fields: Option<Vec<String>>,
    /// Of another gateway's query alone.
    #[serde(default, deserialize_with = "present")]
    on_behalf: Option<OnBehalfBody>,
    /// Of a line alone.
    #[serde(default, deserialize_with = "present")]
    line: Option<usize>,
    /// Of a line alone.
    #[serde(default, deserialize_with = "present")]
    consent: Option<Zeroizing<String>>,
}

/// A line of a batch.
pub(super) struct Line {
    /// Its number, as it says itself.
    pub(super) number: usize,
    pub(super) question: Question,
    pub(super) consent: Option<Zeroizing<String>>,
}

impl QueryBody {
    fn question(self) -> Question {
        let Self { scenario, subject, operator, case, fields, on_behalf, line: _, consent: _ } = self;
        let on_behalf = on_behalf.map(OnBehalfBody::words);
        Question { scenario, subject, staff: operator, case, fields, on_behalf, idempotency: None, route: None }
    }
}

/// Reads the body of a query.
///
/// # Errors
/// `malformed-request` where it is not one JSON object of the members of a query.
pub fn question(body: &[u8]) -> Result<Question, Refusal> {
    let read: QueryBody = object(body, query_fault)?;
    if read.line.is_some() || read.consent.is_some() {
        let refusal = Refusal::because(Code::MalformedRequest, "the body has a member of lines of a batch");
        return Err(refusal.with(query_fault(body)));
    }
    Ok(read.question())
}

/// Reads a line.
///
/// # Errors
/// `malformed-request` where it is not one JSON object of the members of a line.
pub(super) fn line(bytes: &[u8]) -> Result<Line, Refusal> {
    let mut read: QueryBody = object(bytes, line_fault).map_err(|refusal| match refusal.detail {
        // Said of a body as a whole.
        Some(Detail::NoObject) => refusal.with(Detail::BatchLine),
        _ => refusal,
    })?;
    match (read.line, &read.on_behalf) {
        (Some(number), None) => {
            let consent = read.consent.take();
            Ok(Line { number, question: read.question(), consent })
        }
        (None, _) | (_, Some(_)) => {
            let cause = "a line without a number, or with a member that no line has";
            Err(Refusal::because(Code::MalformedRequest, cause).with(Detail::BatchLine))
        }
    }
}

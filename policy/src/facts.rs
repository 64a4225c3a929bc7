//! The facts on which a decision rests: everything that counts and nothing that is personal.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::asker::InstitutionKind;
use crate::code::Code;
use crate::names::FieldName;

/// The non-personal inputs of one decision. They *are* the `inputs` of its leaf (formats.md §4), so that it can be
/// decided again from leaf and catalogue alone. For an answered query of one scenario they are the same whoever the
/// person is: whatever would tell persons apart stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The kind of the institution that asks.
    pub kind: InstitutionKind,
    /// Whether the institution, or its operator, or its use of this scenario is suspended (R15).
    pub suspended: bool,
    /// The jurisdiction's date of the decision ([`crate::Catalogue::today`]).
    pub on: Date,
    /// Whether a well-formed operator id was given.
    pub operator: bool,
    /// Whether a well-formed case number was given.
    pub case: bool,
    /// The fields asked for, if the query asks for fewer than the scenario has. Only fields of the data list: caller
    /// text that was not recognised is never copied into a record; it is [`Code::UnknownField`] in `observed` instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldName>>,
    /// Whether the person is under 18 on that date; `None` while the person is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<bool>,
    /// A fault that was met outside policy. It takes its place in the order of faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Code>,
}

impl Facts {
    /// The facts at the start of a query: who asks and when, and nothing else known yet.
    #[must_use]
    pub fn new(kind: InstitutionKind, on: Date) -> Self {
        Self { kind, suspended: false, on, operator: false, case: false, fields: None, minor: None, observed: None }
    }
}

//! What a value of a field means: its type, its unit, the values that it may have, and what null says.

use super::legal_source::{Text, Titles};
use crate::words::words;

words! {
    /// The type of a field's value in an answer.
    "type of a value" pub ValueType {
        /// `true` or `false`.
        YesNo = "yes-no",
        /// A whole number.
        WholeNumber = "whole-number",
        /// A day, `2026-03-31`.
        Day = "day",
        /// A text.
        Text = "text",
    }
}

/// What the row of an attribute says of its values; nothing where it does not say it.
#[derive(Clone, Debug, Default)]
pub(super) struct Meaning {
    pub(super) value_type: Option<ValueType>,
    pub(super) unit: Option<Titles>,
    pub(super) values: Vec<Text>,
    pub(super) null: Option<Titles>,
}

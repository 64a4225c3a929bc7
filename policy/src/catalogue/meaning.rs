//! What a value of a field means: its type, its unit, the values that it may have, and what null says.

use super::legal_source::{Text, Titles};
use crate::history::Value;
use crate::number_guard::holds_citizen_number;
use crate::person::CitizenNumber;
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
    /// The least and the most that its number may be.
    pub(super) bounds: Option<(i64, i64)>,
    /// How many characters a free text may have.
    pub(super) longest: Option<u16>,
    /// Whether it is the citizen number itself: the only text that may hold one.
    pub(super) is_citizen_number: bool,
    pub(super) null: Option<Titles>,
}

impl Meaning {
    /// Whether a store's value lies in the domain. What is not known always does.
    pub(super) fn admits(&self, value: &Value) -> bool {
        match (self.value_type, value) {
            (_, Value::Null) | (Some(ValueType::YesNo), Value::Bool(_)) => true,
            (Some(ValueType::WholeNumber), Value::Int(number)) => {
                self.bounds.is_some_and(|(least, most)| (least..=most).contains(number))
            }
            (Some(ValueType::Day), Value::Text(text)) => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            (Some(ValueType::Text), Value::Text(text)) => self.admits_text(text),
            (_, Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_)) => false,
        }
    }

    fn admits_text(&self, text: &str) -> bool {
        if self.is_citizen_number {
            return CitizenNumber::parse(text).is_ok();
        }
        let fits = match self.longest {
            Some(longest) => text.chars().count() <= usize::from(longest) && !text.contains(char::is_control),
            None => self.values.iter().any(|value| value.as_str() == text),
        };
        fits && !holds_citizen_number(text)
    }
}

//! What the stores returned about a person.
//!
//! A history has no `Debug` and no `Serialize`: it comes from a store and leaves only through [`crate::minimise()`].

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::names::{ClassName, FieldName};
use crate::words::words;

/// Everything that the stores returned about one person for one permit. The default is a person without a file.
#[derive(Default, PartialEq)]
pub struct History {
    /// The records, in any order.
    pub records: Vec<Record>,
    /// The entries on lists, in any order.
    pub listings: Vec<Listing>,
    /// The attributes, in any order, each field at most once.
    pub attributes: Vec<Attribute>,
}

impl History {
    /// Whether there is nothing in it; an attribute without a value is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { records, listings, attributes } = self;
        let has_none = attributes.iter().all(|attribute| attribute.value == Value::Null);
        records.is_empty() && listings.is_empty() && has_none
    }
}

words! {
    /// How grave the act behind a record was; the rule pack's display periods go by it.
    "severity" pub Severity {
        /// 轻微.
        Minor = "minor",
        /// 一般.
        General = "general",
        /// 严重.
        Serious = "serious",
    }
}

/// One record of an act, such as a penalty or a judgment not performed.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// The class of the data list to which it belongs.
    pub class: ClassName,
    /// How grave the act was.
    pub severity: Severity,
    /// The day of the act.
    pub act: Date,
    /// The day of the determination (认定). The record counts from this day on.
    pub determined: Date,
    /// The day on which a custodial sentence ends, if there is one.
    pub sentence_end: Option<Date>,
    /// The day on which the measure's effect ends, if it has one.
    pub effect_end: Option<Date>,
    /// The day of the repair (R10).
    pub repaired: Option<Date>,
    /// The day on which a repair was revoked.
    pub repair_revoked: Option<Date>,
    /// The day on which the duty was performed in full: the debt repaid, the judgment fulfilled, the breach corrected.
    pub performed: Option<Date>,
    /// What the duty amounts to, in yuan, rounded up.
    pub amount: Option<u64>,
    /// Whether an objection to it is open (R11).
    pub disputed: bool,
}

words! {
    /// The lists of persons (R19).
    "list" pub List {
        /// 红名单: incentives.
        Red = "red",
        /// 灰名单: attention.
        Grey = "grey",
        /// 黑名单: restraint.
        Black = "black",
    }
}

/// One entry on a list.
#[derive(Clone, PartialEq)]
pub struct Listing {
    /// On which list the person stands.
    pub list: List,
    /// The first day on it.
    pub from: Date,
    /// The first day no longer on it; `None` while no end is set.
    pub until: Option<Date>,
    /// Whether an objection to it is open (R11).
    pub disputed: bool,
}

/// The value of one field that a store has as it is.
#[derive(Clone, PartialEq)]
pub struct Attribute {
    /// The field of the data list.
    pub field: FieldName,
    /// The value in the store.
    pub value: Value,
}

/// The value of a field in a store or in an answer.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
}

/// The characters of a citizen number.
const CITIZEN_NUMBER: usize = 18;

impl Value {
    /// A name keeps its first character; a citizen number the two digits of its province and its last two characters.
    /// What is no text becomes nothing.
    pub(crate) fn masked(self) -> Self {
        let Self::Text(text) = self else { return Self::Null };
        let length = text.chars().count();
        let (head, tail) =
            if length == CITIZEN_NUMBER { (2, length - 2) } else { (1.min(length.saturating_sub(1)), length) };
        let cover = |(at, c): (usize, char)| if at < head || at >= tail { c } else { '*' };
        Self::Text(text.chars().enumerate().map(cover).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
        }
    }
}

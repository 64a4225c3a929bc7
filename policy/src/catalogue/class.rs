//! The classes of the data list: what each says about a person, and how openly.

use super::clock::Clock;
use super::legal_source::LegalSource;
use crate::history::List;
use crate::names::{ClassName, FieldName};
use crate::words::words;

words! {
    /// What a class of data says about a person.
    "sensitivity" pub Sensitivity {
        /// It counts against the person.
        Adverse = "adverse",
        /// It counts neither way.
        Neutral = "neutral",
        /// It counts in the person's favour.
        Positive = "positive",
        /// It is the person's name and number (R23).
        Identity = "identity",
        /// It is a score of the person (R22).
        Score = "score",
        /// It may not be collected: a name that no row can use (R13).
        Forbidden = "forbidden",
        /// It shows who reported something: a name that no row can use (R14).
        ConfidentialSource = "confidential-source",
    }
}

words! {
    /// How openly a class may be released.
    "tier" pub Tier {
        /// By any scenario that names its fields.
        First = "first",
        /// Only by a consent that names the field, and to the person: income, deposits, securities, insurance,
        /// property, tax amounts (art. 14 of the credit-reporting regulation).
        Second = "second",
    }
}

/// One class of the data list.
#[derive(Debug)]
pub struct Class {
    pub(super) name: ClassName,
    pub(super) legal_source: LegalSource,
    pub(super) sensitivity: Sensitivity,
    pub(super) tier: Tier,
    /// Its display periods, if it is a class of records.
    pub(super) clock: Option<Clock>,
    pub(super) list: Option<List>,
    pub(super) attributes: Vec<FieldName>,
}

impl Class {
    /// The name in the data list.
    #[must_use]
    pub fn name(&self) -> &ClassName {
        &self.name
    }

    /// Its title and the law behind it.
    #[must_use]
    pub fn legal_source(&self) -> &LegalSource {
        &self.legal_source
    }

    /// What it says about a person.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// How openly it may be released.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Whether it is a class of records, with a display period.
    #[must_use]
    pub fn holds_records(&self) -> bool {
        self.clock.is_some()
    }

    /// The display periods of its records, if it is a class of records.
    pub(crate) fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// The list, if it is the class of one.
    #[must_use]
    pub fn list(&self) -> Option<List> {
        self.list
    }

    /// The attributes of the class, in the order of the file.
    #[must_use]
    pub fn attributes(&self) -> &[FieldName] {
        &self.attributes
    }
}

//! The classes of the data list: what each says about a person, and how openly.

use super::clock::Clock;
use super::dated::Dated;
use super::legal_source::{Language, LegalSource, Titles};
use super::period::Days;
use crate::consent::Period;
use crate::history::{List, Severity};
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
        /// It evaluates the person: a score, a band, a verdict (R22).
        Evaluation = "evaluation",
        /// It may not be collected: a name that no row can use (R13).
        Forbidden = "forbidden",
        /// It shows who reported something: a name that no row can use (R14).
        ConfidentialSource = "confidential-source",
        /// It is sealed by law: a name that no row can use.
        Sealed = "sealed",
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

words! {
    /// What a class consists of.
    "content of a class" pub(crate) Holding {
        /// Facts without a date.
        Attributes = "attributes",
        /// Entries on a list.
        List = "list",
        /// Nothing: a name that no row can use.
        Nothing = "nothing",
        /// Records.
        Records = "records",
    }
}

/// One class of the data list.
#[derive(Debug)]
pub struct Class {
    pub(super) name: ClassName,
    pub(super) legal_source: LegalSource,
    pub(super) sensitivity: Sensitivity,
    pub(super) tier: Tier,
    /// The display periods of its records or of the entries on its list.
    pub(super) clock: Option<Dated<Clock>>,
    pub(super) list: Option<List>,
    /// How grave an entry on the list is taken for.
    pub(super) severity: Option<Severity>,
    pub(super) attributes: Vec<FieldName>,
    pub(super) provider: Option<Titles>,
    pub(super) refresh: Option<Days>,
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
        self.clock.is_some() && self.list.is_none()
    }

    /// What it consists of.
    pub(crate) fn holds(&self) -> Holding {
        match (self.list, &self.clock) {
            (Some(_), _) => Holding::List,
            (None, Some(_)) => Holding::Records,
            (None, None) if self.attributes.is_empty() => Holding::Nothing,
            (None, None) => Holding::Attributes,
        }
    }

    /// The display periods of its records or of the entries on its list.
    pub(crate) fn clock(&self) -> Option<&Dated<Clock>> {
        self.clock.as_ref()
    }

    /// The list, if it is the class of one.
    #[must_use]
    pub fn list(&self) -> Option<List> {
        self.list
    }

    /// How grave an entry on its list is taken for: the display period goes by it.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.severity
    }

    /// Which department provides its entries; `None` where the row does not say. Provincial rules want it for each entry of
    /// a data list, with whom it is shared with (`policy show` says that) and how often it is brought up to date.
    #[must_use]
    pub fn provider(&self, language: Language) -> Option<&str> {
        self.provider.as_ref().map(|provider| provider.text(language))
    }

    /// How often its entries are brought up to date; `None` where the row does not say.
    #[must_use]
    pub fn refresh(&self) -> Option<Period> {
        self.refresh.map(|days| days.0)
    }

    /// Whether stores hold it: a class of a name that no row may use has nothing.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.holds() != Holding::Nothing
    }

    /// The attributes of the class, in the order of the file.
    #[must_use]
    pub fn attributes(&self) -> &[FieldName] {
        &self.attributes
    }
}

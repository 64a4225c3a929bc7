//! What two officers destroy: all that was sealed in a month, or what was sealed about one person.

use std::fmt;

use credit_keys::KeyId;
use jiff::civil::Date;

use super::sealing::Number;

/// What two officers destroy.
#[derive(Clone)]
pub(crate) enum Destruction {
    /// The data keys of a month: all that was sealed in it.
    Month(Month),
    /// What was sealed about one person, in one month or in all of which nothing must be kept any longer.
    Person(Number, Option<Month>),
}

/// Shows nobody.
impl fmt::Debug for Destruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destruction").field("month", &self.month()).finish_non_exhaustive()
    }
}

/// Whose evidence.
#[derive(Clone)]
pub(crate) struct Whose(pub(crate) Number);

/// Shows nobody.
impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Whose")
    }
}

/// A calendar month of UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    /// As ids of data keys have it: `2021-01`.
    name: String,
    first: Date,
}

impl Month {
    /// Reads `2021-01`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let first: Date = format!("{name}-01").parse().ok()?;
        (first.strftime("%Y-%m").to_string() == name).then(|| Self { name: name.to_owned(), first })
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// Its first day.
    pub(super) fn first(&self) -> Date {
        self.first
    }

    /// Its last day.
    pub(super) fn last(&self) -> Date {
        self.first.last_of_month()
    }

    /// The month of a data key.
    pub(super) fn of(key: &KeyId) -> Option<Self> {
        Self::parse(key.as_str().strip_prefix("data-")?.get(..7)?)
    }
}

impl Destruction {
    /// Of whom, where it is one person.
    pub(super) fn number(&self) -> Option<&Number> {
        match self {
            Self::Month(_) => None,
            Self::Person(number, _) => Some(number),
        }
    }

    /// The month that is named.
    pub(super) fn month(&self) -> Option<&Month> {
        match self {
            Self::Month(month) => Some(month),
            Self::Person(_, month) => month.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_and_two() {
        for wrong in ["", "2021", "2021-1", "2021-13", "2021-01-01", "21-01", "+2021-01", " 2021-01", "２０２１-01"]
        {
            assert!(Month::parse(wrong).is_none(), "{wrong}");
        }
        let month = |key| Month::of(&KeyId::parse(key).unwrap()).map(|month| month.name);
        assert_eq!(month("data-2021-01"), Some("2021-01".to_owned()));
        assert_eq!(month("data-2021-01-2"), Some("2021-01".to_owned()));
        assert_eq!(month("state-1"), None);
    }
}

//! Which part of a list is wanted: days, and where a page goes on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::Catalogue;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use ring::hmac;

use super::request::Members;

/// The first day of any list.
pub(super) const EARLIEST: Date = jiff::civil::date(2000, 1, 1);
/// Bytes of a cursor: the leaf, and what proves that it was given to this person for these days of one log.
const LEAF_BYTES: usize = 8;

/// Of what a cursor is: whoever is one of several gateways sees by it to whose log it belongs.
#[derive(Clone, Copy)]
pub(super) struct ListOf<'a> {
    /// Stands for the person, and is told nobody.
    pub(super) person: &'a str,
    /// The log.
    pub(super) log: &'a str,
}

/// Days in the jurisdiction, both included, and the leaf before which the page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) before: Option<u64>,
}

impl Range {
    /// Of a query. Nothing where a member has not its form, or a cursor is not of this list for these days.
    pub(super) fn of(members: &Members, list: ListOf<'_>, today: Date) -> Option<Self> {
        let day = |name, otherwise| match members.get(name) {
            None | Some("") => Some(otherwise),
            Some(text) => text.parse::<Date>().ok().filter(|day| *day >= EARLIEST && *day <= today),
        };
        let range = Self { from: day("from", EARLIEST)?, to: day("to", today)?, before: None };
        if range.from > range.to {
            return None;
        }
        let Some(cursor) = members.get("cursor") else { return Some(range) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (leaf, tag) = bytes.split_at_checked(LEAF_BYTES)?;
        hmac::verify(&list.key(), &range.message(leaf), tag).ok()?;
        let leaf = u64::from_be_bytes(leaf.try_into().ok()?);
        Some(Self { before: Some(leaf), ..range })
    }

    /// Everything up to today.
    pub(super) fn everything(today: Date) -> Self {
        Self { from: EARLIEST, to: today, before: None }
    }

    /// The cursor of the page that goes on before this leaf.
    pub(super) fn cursor(&self, leaf: u64, list: ListOf<'_>) -> String {
        let leaf = leaf.to_be_bytes();
        let tag = hmac::sign(&list.key(), &self.message(&leaf));
        URL_SAFE_NO_PAD.encode([&leaf, tag.as_ref()].concat())
    }

    /// Whether a day is in it.
    pub(super) fn has(&self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// Whether it begins with the first day of any list and ends with today.
    pub(super) fn is_of_all_days(&self, today: Date) -> bool {
        self.from == EARLIEST && self.to == today
    }

    /// Instants between which all of it lies, in microseconds of Unix time, whatever the jurisdiction's offset.
    pub(super) fn microseconds(&self) -> (i64, i64) {
        let at = |day: Date| day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).unwrap_or(Timestamp::MIN);
        let from = at(self.from).saturating_sub(24.hours()).unwrap_or(Timestamp::MIN);
        let until = at(self.to).saturating_add(48.hours()).unwrap_or(Timestamp::MAX);
        (from.as_microsecond(), until.as_microsecond())
    }

    fn message(&self, leaf: &[u8]) -> Vec<u8> {
        [leaf, self.from.to_string().as_bytes(), self.to.to_string().as_bytes()].concat()
    }
}

/// When a day begins in the jurisdiction.
pub(super) fn begin(catalogue: &Catalogue, day: Date) -> Timestamp {
    catalogue.offset().to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

impl ListOf<'_> {
    fn key(self) -> hmac::Key {
        // Neither of the two has a line feed.
        hmac::Key::new(hmac::HMAC_SHA256, format!("{}\n{}", self.person, self.log).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 28);

    fn list(person: &str) -> ListOf<'_> {
        ListOf { person, log: "log" }
    }

    fn of(query: &str, person: &str) -> Option<Range> {
        Range::of(&Members::read(query.as_bytes()).unwrap(), list(person), TODAY)
    }

    #[test]
    fn a_cursor_is_of_one_person_one_log_and_its_days() {
        let whole = of("", "form").unwrap();
        let cursor = whole.cursor(7, list("form"));
        let elsewhere = Members::read(format!("cursor={cursor}").as_bytes()).unwrap();
        assert_eq!(Range::of(&elsewhere, ListOf { log: "another", ..list("form") }, TODAY), None);
        assert_eq!(of(&format!("cursor={cursor}"), "form").unwrap().before, Some(7));
        assert_eq!(of(&format!("cursor={cursor}"), "another"), None);
        assert_eq!(of(&format!("cursor={cursor}&from=2026-11-01"), "form"), None);
        for place in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(of(&format!("cursor={altered}"), "form"), None, "{place}");
        }
        for wrong in ["", "A", "AAAAAAAAAAA", "%00", "../.."] {
            assert_eq!(of(&format!("cursor={wrong}"), "form"), None, "{wrong}");
        }
    }

    #[test]
    fn days_that_are_none_are_refused() {
        for wrong in ["from=x", "from=2026-11-31", "to=2026-11-29", "from=1999-12-31", "from=2026-11-02&to=2026-11-01"]
        {
            assert_eq!(of(wrong, "form"), None, "{wrong}");
        }
        let range = of("from=2026-11-01&to=2026-11-02", "form").unwrap();
        assert!(range.has(jiff::civil::date(2026, 11, 2)) && !range.has(jiff::civil::date(2026, 11, 3)));
        let (from, until) = range.microseconds();
        assert_eq!((until - from) / 3_600_000_000, 96);
    }
}

//! Look-ups under a case, by the month of the leaf that recorded them.
//!
//! The key of a count is made of the person's tag, and that of the month's data key. Once this is accepted no longer, no
//! query can ask for the count, and the whole month goes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{key::Key, table::Table};

/// How long after its month a data key is accepted: `credit_keys::DEFAULT_OVERLAP_DAYS`, and a day for what is under way.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * (credit_keys::DEFAULT_OVERLAP_DAYS as i64 + 1));

/// Counts by case and person. A count of 65,535 counts no further: no catalogue allows so many.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cases {
    months: BTreeMap<Date, Table<u16>>,
}

impl Cases {
    pub(crate) fn look_ups(&self, case: &Key) -> u32 {
        self.months.values().filter_map(|month| month.get(case)).map(|count| u32::from(*count)).sum()
    }

    pub(crate) fn look_ups_in(&self, month: Date, case: &Key) -> u32 {
        self.months.get(&month).and_then(|month| month.get(case)).map_or(0, |count| u32::from(*count))
    }

    pub(crate) fn add(&mut self, month: Date, case: &Key, count: u32) {
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        self.months.entry(month).or_default().put(case, || 0, |counted| *counted = counted.saturating_add(count));
    }

    /// Every count: month, case, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Date, Key, u32)> {
        self.months
            .iter()
            .flat_map(|(month, counts)| counts.iter().map(|(case, count)| (*month, case, u32::from(*count))))
    }

    pub(crate) fn months(&self) -> impl Iterator<Item = (Date, &Table<u16>)> {
        self.months.iter().map(|(month, counts)| (*month, counts))
    }

    pub(crate) fn restore(&mut self, month: Date, counts: Table<u16>) {
        self.months.insert(month, counts);
    }

    /// Takes out the months that count no longer. Dropping them takes long: do it where nobody waits.
    pub(crate) fn take_over(&mut self, at: Timestamp) -> Vec<Table<u16>> {
        let over: Vec<Date> = self.months.keys().copied().filter(|month| is_over(*month, at)).collect();
        over.iter().filter_map(|month| self.months.remove(month)).collect()
    }
}

/// The first day of the month, in UTC as the names of data keys have it.
pub(crate) fn month_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().first_of_month()
}

/// Whether the counts of a month count no longer.
pub(crate) fn is_over(month: Date, at: Timestamp) -> bool {
    let ends = month.checked_add(1.month()).and_then(|next| next.to_zoned(TimeZone::UTC));
    ends.is_ok_and(|ends| at.duration_since(ends.timestamp()) >= KEPT)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_month_counts_until_its_data_key_is_accepted_no_longer() {
        for (month, last, over) in [
            (date(2026, 11, 1), "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            (date(2027, 1, 1), "2027-03-03T23:59:59Z", "2027-03-04T00:00:00Z"),
        ] {
            assert!(!is_over(month, last.parse().unwrap()));
            assert!(is_over(month, over.parse().unwrap()));
        }
    }

    #[test]
    fn look_ups_are_counted_across_months_and_go_with_theirs() {
        let (november, december) = (date(2026, 11, 1), date(2026, 12, 1));
        let (case, other) = ([1; 16], [2; 16]);
        let mut cases = Cases::default();
        cases.add(november, &case, 2);
        cases.add(december, &case, 1);
        cases.add(december, &other, 1);
        assert_eq!(cases.take_over("2026-12-31T00:00:00Z".parse().unwrap()).len(), 0);
        assert_eq!((cases.look_ups(&case), cases.look_ups(&other)), (3, 1));
        assert_eq!(cases.take_over("2027-01-01T00:00:00Z".parse().unwrap()).len(), 1);
        assert_eq!((cases.look_ups(&case), cases.look_ups(&other)), (1, 1));
    }

    #[test]
    fn a_count_does_not_overflow() {
        let mut cases = Cases::default();
        cases.add(date(2026, 11, 1), &[1; 16], u32::MAX);
        cases.add(date(2026, 11, 1), &[1; 16], 1);
        assert_eq!(cases.look_ups(&[1; 16]), 65_535);
    }
}

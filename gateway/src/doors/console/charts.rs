//! Charts as SVG that is part of the page: bars, each with its number as text beside it, so that nothing is said by colour alone.

use jiff::{ToSpan, civil::Date};

use crate::index::DayCount;

/// Days of a chart.
pub(super) const DAYS: u32 = 14;
/// Units from the lowest point of a bar to the highest; the chart is `HEIGHT` + 36 high.
const HEIGHT: u64 = 120;
/// Units from one bar to the next.
const STEP: u64 = 24;

/// A day: answered queries below, refused ones on top.
pub(super) struct Bar {
    pub(super) day: Date,
    pub(super) answered: u64,
    pub(super) refused: u64,
    pub(super) x: u64,
    /// Where the two parts begin, from the top, and how high they are.
    pub(super) below: (u64, u64),
    pub(super) above: (u64, u64),
}

/// Of `units`, the part that a count is of the largest. Counts are what other gateways say too.
pub(super) fn share(count: u64, most: u64, units: u64) -> u64 {
    let part = u128::from(count) * u128::from(units) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(units).min(units)
}

/// The last days up to today, also those on which nobody asked.
pub(super) fn days(counts: &[DayCount], today: Date) -> Vec<Bar> {
    let of = |back: u32| {
        let day = today.saturating_sub(i32::try_from(back).unwrap_or_default().days());
        let none = DayCount { day, answered: 0, refused: 0 };
        counts.iter().find(|count| count.day == day).cloned().unwrap_or(none)
    };
    let counts: Vec<DayCount> = (0..DAYS).rev().map(of).collect();
    let most = counts.iter().map(|count| count.answered.saturating_add(count.refused)).max().unwrap_or_default().max(1);
    (0..)
        .zip(counts)
        .map(|(nr, DayCount { day, answered, refused })| {
            let (below, above) = (share(answered, most, HEIGHT), share(refused, most, HEIGHT));
            let top = HEIGHT + 16 - below;
            let (below, above) = ((top, below), (top - above, above));
            Bar { day, answered, refused, x: nr * STEP + 4, below, above }
        })
        .collect()
}

impl Bar {
    pub(super) fn middle(&self) -> u64 {
        self.x + 8
    }

    /// Where its number stands.
    pub(super) fn number(&self) -> u64 {
        self.above.0 - 4
    }

    pub(super) fn all(&self) -> u64 {
        self.answered.saturating_add(self.refused)
    }
}

/// A row with a bar beside its number.
pub(super) struct Row {
    /// What a search is restricted by, and what is shown.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) count: u64,
    /// Of the longest bar, in hundredths.
    pub(super) percent: u64,
}

/// The rows, the largest first.
pub(super) fn rows<'a>(
    counts: impl IntoIterator<Item = (&'a String, &'a u64)>,
    title: impl Fn(&str) -> String,
) -> Vec<Row> {
    let mut counts: Vec<(&String, u64)> = counts.into_iter().map(|(name, count)| (name, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = counts.first().map_or(1, |(_, count)| (*count).max(1));
    let row = |(name, count): (&String, u64)| Row {
        name: name.clone(),
        title: title(name),
        count,
        percent: share(count, most, 100),
    };
    counts.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_without_a_query_are_shown_and_no_bar_leaves_the_chart() {
        let today = date(2026, 3, 2);
        let counts = [
            DayCount { day: date(2026, 1, 1), answered: 9_000, refused: 9_000 },
            DayCount { day: date(2026, 2, 28), answered: 3, refused: 1 },
            DayCount { day: today, answered: 0, refused: 2 },
        ];
        let bars = days(&counts, today);
        assert_eq!(bars.len(), 14);
        let shown: Vec<_> = bars.iter().rev().take(3).map(|bar| (bar.day.day(), bar.answered, bar.refused)).collect();
        assert_eq!(shown, [(2, 0, 2), (1, 0, 0), (28, 3, 1)]);
        let highest = &bars[11];
        assert_eq!((highest.below, highest.above), ((46, 90), (16, 30)));
        assert!(days(&[], today).iter().all(|bar| bar.all() == 0 && bar.number() == 132));
    }

    #[test]
    fn counts_of_any_size_are_drawn() {
        assert_eq!([share(u64::MAX, u64::MAX, 100), share(1, u64::MAX, 100), share(3, 4, 100)], [100, 0, 75]);
        let day = date(2026, 3, 2);
        let bars = days(&[DayCount { day, answered: u64::MAX, refused: 0 }], day);
        assert_eq!((bars[13].below, bars[13].all()), ((16, HEIGHT), u64::MAX));
    }

    #[test]
    fn rows_are_sorted_by_their_counts() {
        let counts = std::collections::BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 4)]);
        let rows = rows(&counts, str::to_uppercase);
        let shown: Vec<_> = rows.iter().map(|row| (row.title.as_str(), row.count, row.percent)).collect();
        assert_eq!(shown, [("B", 4, 100), ("A", 1, 25)]);
    }
}

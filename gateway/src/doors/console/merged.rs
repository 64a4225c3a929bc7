//! One page of queries out of several logs: newest first, as many as a page has, and where each log goes on.

use std::collections::VecDeque;

use super::{
    cursor::{Left, Places},
    found::{Entry, Found},
};

/// What one log has, from the place on at which it was asked.
pub(super) struct OfLog {
    pub(super) log: String,
    pub(super) found: Found,
    /// The leaf before which it was asked to begin.
    pub(super) before: Option<u64>,
}

impl Found {
    /// Whether it is what a log can have before a leaf: each entry once, the newest first, and going on before all of them.
    pub(super) fn is_sound(&self, before: Option<u64>, page: usize) -> bool {
        let mut end = before.unwrap_or(u64::MAX);
        let is_in_order = self.queries.iter().all(|one| {
            let is_before = one.listed.index < end;
            end = one.listed.index;
            is_before
        });
        // What goes on where it began would never end.
        let goes_on = self.next.is_none_or(|next| next <= end && next < before.unwrap_or(u64::MAX));
        is_in_order && goes_on && self.queries.len() <= page
    }
}

/// The newest of all, and where each log goes on after them. Where a log may have more and all that came of it is taken, the page ends:
/// what it has next could be newer than what another one has.
pub(super) fn merged(logs: Vec<OfLog>, page: usize) -> (Vec<Entry>, Places) {
    struct Rest {
        log: String,
        rows: VecDeque<Entry>,
        /// Where it goes on, as far as rows are taken.
        place: u64,
        next: Option<u64>,
        covers: u64,
    }
    let mut rests: Vec<Rest> = logs
        .into_iter()
        .map(|OfLog { log, found, before }| Rest {
            log,
            rows: found.queries.into(),
            // What is recorded later is on no later page.
            place: before.unwrap_or(found.covers),
            next: found.next,
            covers: found.covers,
        })
        .collect();
    let mut taken = Vec::new();
    while taken.len() < page && !rests.iter().any(|rest| rest.rows.is_empty() && rest.next.is_some()) {
        let newest = rests.iter_mut().rev().max_by_key(|rest| rest.rows.front().map(|one| one.at));
        let Some((rest, one)) = newest.and_then(|rest| rest.rows.pop_front().map(|one| (rest, one))) else { break };
        rest.place = one.listed.index;
        taken.push(one);
    }
    let places = rests.into_iter().map(|rest| {
        let before = if rest.rows.is_empty() { rest.next } else { Some(rest.place) };
        (rest.log, Left { before, covers: rest.covers })
    });
    (taken, places.collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::index::Listed;

    fn entry(second: i64, index: u64) -> Entry {
        let listed = Listed {
            query: Uuid::from_u128(u128::from(index)),
            index,
            at: 0,
            institution: None,
            on_behalf: None,
            staff: None,
            scenario: None,
            case: None,
            code: None,
        };
        let at = Timestamp::from_second(second).unwrap();
        Entry { at, outcome: "answered", listed, review: None, staff_hidden: false, log: None }
    }

    fn found(rows: &[(i64, u64)], next: Option<u64>) -> Found {
        let queries = rows.iter().map(|(second, index)| entry(*second, *index)).collect();
        Found { queries, next, next_cursor: None, covers: 100 }
    }

    fn of(log: &str, rows: &[(i64, u64)], next: Option<u64>, before: Option<u64>) -> OfLog {
        OfLog { log: log.to_owned(), found: found(rows, next), before }
    }

    fn seconds(entries: &[Entry]) -> Vec<i64> {
        entries.iter().map(|one| one.at.as_second()).collect()
    }

    #[test]
    fn the_newest_of_all_logs_come_first_and_each_log_goes_on_where_it_was_left() {
        let logs = || vec![of("r0", &[(9, 8), (5, 7), (1, 6)], Some(6), None), of("r1", &[(7, 3), (6, 2)], None, None)];
        let (page, places) = merged(logs(), 3);
        assert_eq!(seconds(&page), [9, 7, 6]);
        let left = |before| Left { before, covers: 100 };
        assert_eq!(places, Places::from([("r0".to_owned(), left(Some(8))), ("r1".to_owned(), left(None))]));
        // All that came of the first is taken, and it has more: what that is nobody knows yet.
        let (page, places) = merged(logs(), 50);
        assert_eq!((seconds(&page), places["r0"].before), (vec![9, 7, 6, 5, 1], Some(6)));
        // Nothing of the second is on the page: what it records meanwhile is on no later one.
        let (page, places) = merged(vec![of("r0", &[(9, 8), (8, 7)], None, None), of("r1", &[(1, 3)], None, None)], 2);
        assert_eq!((seconds(&page), places["r0"].before, places["r1"].before), (vec![9, 8], None, Some(100)));
        // Nor before what it was asked for.
        let (_, places) = merged(vec![of("r0", &[(9, 8)], None, None), of("r1", &[(1, 3)], None, Some(4))], 1);
        assert_eq!(places["r1"].before, Some(4));
        // Of the same moment the log that is named first.
        let (page, _) = merged(vec![of("r0", &[(9, 8)], None, None), of("r1", &[(9, 3)], None, None)], 50);
        assert_eq!(page.iter().map(|one| one.listed.index).collect::<Vec<_>>(), [8, 3]);
        // What is left out of a page, as who asked it is not shown, ends no list.
        let (page, places) = merged(vec![of("r0", &[(9, 8)], None, None), of("r1", &[], Some(40), None)], 50);
        assert_eq!((page.len(), places["r0"].before, places["r1"].before), (0, Some(100), Some(40)));
        let (page, places) = merged(Vec::new(), 50);
        assert!(page.is_empty() && places.is_empty());
    }

    #[test]
    fn what_no_log_can_have_is_not_sound() {
        for (rows, next, before, is_sound) in [
            (&[(9, 8), (5, 7)][..], Some(7), None, true),
            (&[(9, 8), (5, 7)], Some(3), Some(9), true),
            (&[], None, Some(1), true),
            (&[], Some(4), Some(5), true),
            (&[(9, 8), (5, 8)], None, None, false),
            (&[(9, 7), (5, 8)], None, None, false),
            (&[(9, 8)], None, Some(8), false),
            (&[(9, 8)], Some(9), None, false),
            (&[], Some(5), Some(5), false),
            (&[(9, 8), (8, 7), (7, 6), (6, 5)], None, None, false),
        ] {
            assert_eq!(found(rows, next).is_sound(before, 3), is_sound, "{rows:?} {next:?} {before:?}");
        }
    }
}

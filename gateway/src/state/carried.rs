//! What the log before counted, recorded again in the new one and taken in there: consents used and withdrawn, cases, the
//! day, idempotency keys.

use std::collections::HashSet;

use credit_audit::leaf::Carried;
use jiff::{Timestamp, civil::Date};

use super::{
    cases,
    consent::Use,
    day::Day,
    idempotency::FirstQuery,
    key::{Key, NoKey, key_text, parse_key},
    usage::Usage,
};

/// Items of one leaf. None is longer than 150 bytes, so a hundred fit into a leaf.
const ITEMS: usize = 100;

/// What `old` counted and `new` does not have yet, in leaves of at most [`ITEMS`] items; sorted, so that two readers of
/// the old log come to the same. What counts no longer is left behind.
pub(crate) fn counts(old: &Usage, new: &Usage, today: Date, now: Timestamp) -> Vec<Carried> {
    let mut leaves = Vec::new();
    let revoked = old.live_withdrawals().filter(|(consent, _)| new.revoked.get(consent).is_none());
    let revoked = revoked.map(|(consent, _)| key_text(&consent));
    push(&mut leaves, revoked, |leaf, revoked| leaf.revoked = revoked);

    let known: HashSet<(Key, u32)> =
        new.consents.iter().flat_map(|(key, row)| row.uses().map(move |use_| (key, use_.number))).collect();
    let live = old.consents.iter().filter(|(_, row)| !row.is_over(now));
    let uses = live.flat_map(|(key, row)| row.uses().map(move |use_| (key, use_, row.expires())));
    let uses = uses.filter(|(key, use_, _)| !known.contains(&(*key, use_.number)));
    let uses = uses.map(|(key, use_, expires)| {
        let at = Timestamp::from_microsecond(use_.at).unwrap_or_default();
        (key_text(&key), u64::from(use_.number), at, expires)
    });
    push(&mut leaves, uses, |leaf, uses| leaf.uses = uses);

    let cases = old.cases.iter().filter(|(month, _, _)| !cases::is_over(*month, now));
    let cases = cases.map(|(month, case, count)| (month, case, count, new.cases.look_ups_in(month, &case)));
    let cases = cases.filter(|(_, _, count, known)| count > known);
    let cases = cases.map(|(month, case, count, known)| (month, key_text(&case), count - known));
    push(&mut leaves, cases, |leaf, cases| leaf.cases = cases);

    if old.day.date == Some(today) {
        of_day(&mut leaves, &old.day, Some(&new.day).filter(|day| day.date == Some(today)), today);
    }

    let first =
        old.idempotency.iter().filter(|(key, first)| first.is_remembered(now) && new.idempotency.get(key).is_none());
    let first =
        first.map(|(key, first)| (key_text(&key), key_text(&first.identity), first.id, u32::from(first.repeats)));
    push(&mut leaves, first, |leaf, first| leaf.idempotency = first);
    leaves
}

/// The consents that were withdrawn in a log before.
pub(crate) fn withdrawn(carried: &Carried) -> impl Iterator<Item = Key> {
    carried.revoked.iter().filter_map(|key| parse_key(key).ok())
}

fn of_day(leaves: &mut Vec<Carried>, old: &Day, new: Option<&Day>, today: Date) {
    let people = old.people.iter().filter_map(|(person, counted)| {
        let known = new.map_or(0, |day| day.look_ups_on(&person));
        let scope = old.scope(counted.scope).filter(|_| counted.count > known)?;
        Some((today, scope.institution.clone(), scope.group.clone(), key_text(&person), counted.count - known))
    });
    push(leaves, people, |leaf, people| leaf.people = people);
    let staff = old.staff.iter().filter_map(|(staff, counted)| {
        let known = new.map_or(0, |day| day.look_ups_by(&staff));
        let scope = old.scope(counted.scope).filter(|_| counted.count > known)?;
        Some((today, scope.institution.clone(), key_text(&staff), counted.count - known))
    });
    push(leaves, staff, |leaf, staff| leaf.operators = staff);
}

fn push<T: Ord + Clone>(leaves: &mut Vec<Carried>, items: impl Iterator<Item = T>, put: impl Fn(&mut Carried, Vec<T>)) {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    leaves.extend(items.chunks(ITEMS).map(|part| {
        let mut leaf = Carried::default();
        put(&mut leaf, part.to_vec());
        leaf
    }));
}

/// The parts of a leaf with keys in the place of their text.
struct Parsed {
    revoked: Vec<Key>,
    uses: Vec<(Key, Use, u32)>,
    cases: Vec<(Date, Key, u32)>,
    people: Vec<(Date, String, String, Key, u32)>,
    staff: Vec<(Date, String, Key, u32)>,
    first: Vec<(Key, FirstQuery)>,
}

impl Parsed {
    fn new(carried: &Carried) -> Result<Self, NoKey> {
        let use_of = |number: u64, at: Timestamp| Use {
            at: at.as_microsecond(),
            number: u32::try_from(number).unwrap_or(u32::MAX),
            holder: None,
        };
        let first = |identity: &String, id, repeats: u32| -> Result<FirstQuery, NoKey> {
            let repeats = u16::try_from(repeats).unwrap_or(u16::MAX);
            Ok(FirstQuery { repeats, ..FirstQuery::new(parse_key(identity)?, id) })
        };
        Ok(Self {
            revoked: carried.revoked.iter().map(|key| parse_key(key)).collect::<Result<_, _>>()?,
            uses: carried
                .uses
                .iter()
                .map(|(key, number, at, expires)| Ok((parse_key(key)?, use_of(*number, *at), *expires)))
                .collect::<Result<_, _>>()?,
            cases: carried
                .cases
                .iter()
                .map(|(month, key, count)| Ok((*month, parse_key(key)?, *count)))
                .collect::<Result<_, _>>()?,
            people: carried
                .people
                .iter()
                .map(|(day, institution, group, key, count)| {
                    Ok((*day, institution.clone(), group.clone(), parse_key(key)?, *count))
                })
                .collect::<Result<_, _>>()?,
            staff: carried
                .operators
                .iter()
                .map(|(day, institution, key, count)| Ok((*day, institution.clone(), parse_key(key)?, *count)))
                .collect::<Result<_, _>>()?,
            first: carried
                .idempotency
                .iter()
                .map(|(key, identity, id, repeats)| Ok((parse_key(key)?, first(identity, *id, *repeats)?)))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Usage {
    /// Takes in what a `carried` leaf says of the log before. `has_rows` says of each use whether its consent's row is here;
    /// where it is elsewhere, it has taken the use.
    ///
    /// # Errors
    /// Where a key in it is none; nothing of it is then taken in.
    pub(crate) fn import(
        &mut self,
        carried: &Carried,
        at: Timestamp,
        mut has_rows: impl FnMut(Key, Use, u32) -> bool,
    ) -> Result<(), NoKey> {
        let parsed = Parsed::new(carried)?;
        for consent in &parsed.revoked {
            self.revoke(consent, at);
        }
        for (consent, use_, expires) in parsed.uses {
            if has_rows(consent, use_, expires) {
                self.use_consent(&consent, use_, expires);
            }
        }
        for (month, case, count) in &parsed.cases {
            if !cases::is_over(*month, at) {
                self.cases.add(month.first_of_month(), case, *count);
            }
        }
        for (day, institution, group, person, count) in &parsed.people {
            drop(self.turn(*day));
            if self.day.date == Some(*day) {
                self.day.add_person(institution, group, person, *count);
            }
        }
        for (day, institution, staff, count) in &parsed.staff {
            drop(self.turn(*day));
            if self.day.date == Some(*day) {
                self.day.add_staff(institution, staff, *count);
            }
        }
        for (key, first) in parsed.first {
            self.idempotency.put(&key, || FirstQuery::new(first.identity, first.id), |known| known.answered(first));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use credit_audit::leaf::{Event, MAX_TAIL_BYTES};
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;

    fn key(number: u16) -> Key {
        let mut key = [0xA5; 16];
        key[..2].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn id(at: Timestamp) -> Uuid {
        let since = u64::try_from(at.as_second()).unwrap();
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, since, 0))
    }

    fn now() -> Timestamp {
        "2026-11-22T04:00:00.123456Z".parse().unwrap()
    }

    /// 250 of everything; each consent's uses partly in a log before.
    fn old() -> Usage {
        let (now, institution) = (now(), "i".repeat(64));
        let mut old = Usage::beginning(now);
        drop(old.turn(date(2026, 11, 22)));
        for number in 0..250 {
            let key = key(number);
            old.revoke(&key, now);
            for (use_number, holder) in [(1, Some(u64::from(number))), (2, None), (3, Some(u64::from(number)))] {
                old.use_consent(&key, Use { at: now.as_microsecond(), number: use_number, holder }, 1_900_000_000);
            }
            old.cases.add(date(2026, 11, 1), &key, 3);
            old.day.add_person(&institution, "housing", &key, 2);
            old.day.add_staff(&institution, &key, 7);
            let asked = id(now - jiff::SignedDuration::from_hours(23));
            old.idempotency.put(&key, || FirstQuery { repeats: 5, ..FirstQuery::new(key, asked) }, |_| {});
        }
        old
    }

    fn import(usage: &mut Usage, leaves: &[Carried]) {
        for leaf in leaves {
            usage.import(leaf, now(), |_, _, _| true).unwrap();
        }
    }

    fn uses(usage: &Usage) -> Vec<(Key, u32, i64, u32)> {
        let rows = usage.consents.iter();
        let uses = rows.flat_map(|(key, row)| row.uses().map(move |use_| (key, use_.number, use_.at, row.expires())));
        uses.collect()
    }

    #[test]
    fn everything_that_counts_is_said_again_and_only_once_whenever_it_was_cut_off() {
        let (old, today) = (old(), date(2026, 11, 22));
        let leaves = counts(&old, &Usage::default(), today, now());
        for cut in 0..=leaves.len() {
            let mut new = Usage::beginning(now());
            import(&mut new, &leaves[..cut]);
            let rest = counts(&old, &new, today, now());
            import(&mut new, &rest);
            assert_eq!((&new.revoked, &new.cases, &new.day), (&old.revoked, &old.cases, &old.day), "cut at {cut}");
            assert_eq!((&new.idempotency, uses(&new)), (&old.idempotency, uses(&old)));
            assert_eq!(uses(&new).len(), 750);
            assert_eq!(counts(&old, &new, today, now()), []);
        }
    }

    #[test]
    fn each_leaf_is_one_that_a_log_takes() {
        let leaves = counts(&old(), &Usage::default(), date(2026, 11, 22), now());
        for leaf in &leaves {
            assert!(leaf.entry(id(now())).unwrap().tail.len() <= MAX_TAIL_BYTES);
        }
        assert_eq!(leaves.len(), 3 + 8 + 3 + 3 + 3 + 3);
    }

    #[test]
    fn what_counts_no_longer_stays_behind() {
        let hours = |hours| now() + jiff::SignedDuration::from_hours(hours);
        let carried = |later: Timestamp| {
            let mut new = Usage::beginning(later);
            import(&mut new, &counts(&old(), &Usage::default(), date(2026, 11, 23), later));
            (
                new.day.people.len(),
                new.day.staff.len(),
                new.idempotency.len(),
                new.cases.iter().count(),
                new.consents.len(),
            )
        };
        assert_eq!(carried(hours(2)), (0, 0, 0, 250, 250));
        assert_eq!(carried(hours(24 * 60)), (0, 0, 0, 0, 250));
        assert_eq!(carried(hours(24 * 2_000)), (0, 0, 0, 0, 0));
    }

    #[test]
    fn a_key_that_is_none_changes_nothing() {
        let mut usage = Usage::default();
        let month = date(2026, 11, 1);
        let cases = vec![(month, STANDARD.encode([1; 16]), 1), (month, "AAAA".to_owned(), 1)];
        assert!(usage.import(&Carried { cases, ..Carried::default() }, now(), |_, _, _| true).is_err());
        assert_eq!(usage, Usage::default());
    }
}

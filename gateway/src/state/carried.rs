//! What the log before counted, said again in the new one: consents used and withdrawn, cases, the day, idempotency keys.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::Carried;
use jiff::{Timestamp, civil::Date};

use crate::state::{Key, Tally};

/// Items of one leaf. None is longer than 150 bytes, so a hundred fit into a leaf.
const ITEMS: usize = 100;

/// What `old` counted and `new` does not hold yet, in leaves of at most [`ITEMS`] items; sorted, so that two readers of
/// the old log come to the same. Days before `today` and idempotency keys that no longer count are left behind.
pub(crate) fn counts(old: &Tally, new: &Tally, today: Date, now: Timestamp) -> Vec<Carried> {
    let mut leaves = Vec::new();
    let mut revoked: Vec<_> = old.revoked.difference(&new.revoked).map(text).collect();
    revoked.sort_unstable();
    leaves.extend(revoked.chunks(ITEMS).map(|part| Carried { revoked: part.to_vec(), ..Carried::default() }));

    let known: std::collections::HashSet<_> = new.all_uses().map(|(key, number, _)| (key, number)).collect();
    let uses = old.all_uses().filter(|(key, number, _)| !known.contains(&(*key, *number)));
    let mut uses: Vec<_> = uses.map(|(key, number, at)| (text(&key), number, at)).collect();
    uses.sort_unstable();
    leaves.extend(uses.chunks(ITEMS).map(|part| Carried { uses: part.to_vec(), ..Carried::default() }));

    let mut cases: Vec<_> = missing(&old.cases, &new.cases).collect();
    cases.sort_unstable();
    leaves.extend(cases.chunks(ITEMS).map(|part| Carried { cases: part.to_vec(), ..Carried::default() }));

    if old.day == Some(today) {
        let (none, same_day) = (HashMap::new(), new.day == Some(today));
        let of_day = |old: &OfDay, new: &OfDay| {
            let held = |institution: &str| new.get(institution).filter(|_| same_day).unwrap_or(&none);
            let counts = old.iter().flat_map(|(institution, counts)| {
                missing(counts, held(institution)).map(|(key, count)| (today, institution.clone(), key, count))
            });
            let mut counts: Vec<_> = counts.collect();
            counts.sort_unstable();
            counts
        };
        let people = of_day(&old.people, &new.people);
        leaves.extend(people.chunks(ITEMS).map(|part| Carried { people: part.to_vec(), ..Carried::default() }));
        let operators = of_day(&old.operators, &new.operators);
        leaves.extend(operators.chunks(ITEMS).map(|part| Carried { operators: part.to_vec(), ..Carried::default() }));
    }

    let asks = old.asks.iter().filter(|(slot, ask)| ask.is_remembered(now) && !new.asks.contains_key(*slot));
    let mut asks: Vec<_> = asks.map(|(slot, ask)| (text(slot), text(&ask.identity), ask.first, ask.repeats)).collect();
    asks.sort_unstable();
    leaves.extend(asks.chunks(ITEMS).map(|part| Carried { asks: part.to_vec(), ..Carried::default() }));
    leaves
}

/// Counts of a day, by institution.
type OfDay = HashMap<String, HashMap<Key, u32>>;

fn missing(old: &HashMap<Key, u32>, new: &HashMap<Key, u32>) -> impl Iterator<Item = (String, u32)> {
    let held = |key: &Key| new.get(key).copied().unwrap_or_default();
    old.iter().filter(move |(key, count)| **count > held(key)).map(move |(key, count)| (text(key), count - held(key)))
}

fn text(key: &Key) -> String {
    STANDARD.encode(key)
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::{Event, MAX_TAIL_BYTES};
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::state::Ask;

    fn key(number: u16) -> Key {
        let mut key = [0xA5; 16];
        key[..2].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn id(at: Timestamp) -> Uuid {
        let since = u64::try_from(at.as_second()).unwrap();
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, since, 0))
    }

    /// 250 of everything; the consent's uses partly in a log before.
    fn old(now: Timestamp, today: Date) -> Tally {
        let mut old = Tally { day: Some(today), ..Tally::default() };
        for number in 0..250 {
            old.revoked.insert(key(number));
            old.consents.insert(key(number), vec![u64::from(number)]);
            old.uses.insert(u64::from(number), vec![(1, now), (3, now)]);
            old.before.insert(key(number), vec![(2, now)]);
            old.cases.insert(key(number), 3);
            old.people.entry("i".repeat(64)).or_default().insert(key(number), 2);
            old.operators.entry("i".repeat(64)).or_default().insert(key(number), 7);
            let ask = Ask { identity: key(number), first: id(now - jiff::SignedDuration::from_hours(23)), repeats: 5 };
            old.asks.insert(key(number), ask);
        }
        old
    }

    fn absorb(tally: &mut Tally, leaves: &[Carried]) {
        for leaf in leaves {
            tally.carry(leaf).unwrap();
        }
    }

    #[test]
    fn everything_that_counts_is_said_again_and_only_once_whenever_it_was_cut_off() {
        let (now, today) = ("2026-11-22T04:00:00Z".parse().unwrap(), date(2026, 11, 22));
        let old = old(now, today);
        let leaves = counts(&old, &Tally::default(), today, now);
        for cut in 0..=leaves.len() {
            let mut new = Tally::default();
            absorb(&mut new, &leaves[..cut]);
            let rest = counts(&old, &new, today, now);
            absorb(&mut new, &rest);
            assert_eq!(
                (&new.revoked, &new.cases, &new.people, &new.operators),
                (&old.revoked, &old.cases, &old.people, &old.operators),
                "cut at {cut}"
            );
            assert_eq!((&new.asks, new.day), (&old.asks, old.day));
            let (mut here, mut there): (Vec<_>, Vec<_>) = (new.all_uses().collect(), old.all_uses().collect());
            here.sort_unstable();
            there.sort_unstable();
            assert_eq!((here.len(), here), (750, there));
            assert_eq!(counts(&old, &new, today, now), []);
        }
    }

    #[test]
    fn each_leaf_is_one_that_a_log_takes() {
        let (now, today) = ("2026-11-22T04:00:00.123456Z".parse().unwrap(), date(2026, 11, 22));
        let leaves = counts(&old(now, today), &Tally::default(), today, now);
        for leaf in &leaves {
            assert!(leaf.entry(id(now)).unwrap().tail.len() <= MAX_TAIL_BYTES);
        }
        assert_eq!(leaves.len(), 3 + 8 + 3 + 3 + 3 + 3);
    }

    #[test]
    fn a_day_that_is_over_and_keys_that_are_forgotten_stay_behind() {
        let (now, today) = ("2026-11-22T04:00:00Z".parse().unwrap(), date(2026, 11, 22));
        let later = now + jiff::SignedDuration::from_hours(2);
        let leaves = counts(&old(now, today), &Tally::default(), date(2026, 11, 23), later);
        let mut new = Tally::default();
        absorb(&mut new, &leaves);
        assert_eq!((new.people.len(), new.operators.len(), new.asks.len(), new.cases.len()), (0, 0, 0, 250));
    }

    #[test]
    fn a_key_that_is_none_changes_nothing() {
        let mut tally = Tally::default();
        let cases = vec![(STANDARD.encode([1; 16]), 1), ("AAAA".to_owned(), 1)];
        assert!(tally.carry(&Carried { cases, ..Carried::default() }).is_err());
        assert_eq!(tally, Tally::default());
    }
}

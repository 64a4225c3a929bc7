//! A map from keys to small values that can have many millions of rows: little memory beside the rows themselves, and
//! no insertion that takes long.
//!
//! Keys are digests, so the first two bytes spread them evenly over 65,536 shards. A shard is a sorted vector of the other 14
//! bytes and the value. It grows by a sixteenth, so the memory that waits for rows is small, and what one insertion
//! moves is a few kilobytes however large the table is: nothing is ever hashed again. A table of few rows is a B-tree.

use std::collections::BTreeMap;

use super::key::Key;

const SHARDS: usize = 1 << 16;

/// Up to so many rows are a B-tree.
const FEW: usize = 4_096;

/// Rows by key. In order, so that it can be written and read as one sorted run.
#[derive(Clone)]
pub(crate) struct Table<V> {
    rows: Rows<V>,
    len: usize,
    /// The shard that the next sweep begins with.
    swept: usize,
}

#[derive(Clone)]
enum Rows<V> {
    Few(BTreeMap<Key, V>),
    Many(Vec<Vec<Row<V>>>),
}

#[derive(Clone)]
struct Row<V> {
    tail: [u8; 14],
    value: V,
}

fn split(key: &Key) -> (usize, [u8; 14]) {
    let [first, second, tail @ ..] = *key;
    (usize::from(u16::from_be_bytes([first, second])), tail)
}

fn join(shard: usize, tail: [u8; 14]) -> Key {
    let mut key = [0; 16];
    let head = u16::try_from(shard).unwrap_or(u16::MAX).to_be_bytes();
    for (to, from) in key.iter_mut().zip(head.into_iter().chain(tail)) {
        *to = from;
    }
    key
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { rows: Rows::Few(BTreeMap::new()), len: 0, swept: 0 }
    }
}

impl<V> Table<V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&V> {
        match &self.rows {
            Rows::Few(rows) => rows.get(key),
            Rows::Many(shards) => {
                let (shard, tail) = split(key);
                let rows = shards.get(shard)?;
                let place = rows.binary_search_by(|row| row.tail.cmp(&tail)).ok()?;
                rows.get(place).map(|row| &row.value)
            }
        }
    }

    /// The row of a key after `change`; a key without a row begins with `first`.
    pub(crate) fn put(&mut self, key: &Key, first: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        self.spread();
        match &mut self.rows {
            Rows::Few(rows) => {
                change(rows.entry(*key).or_insert_with(first));
                self.len = rows.len();
            }
            Rows::Many(shards) => {
                let (shard, tail) = split(key);
                let Some(rows) = shards.get_mut(shard) else { return };
                match rows.binary_search_by(|row| row.tail.cmp(&tail)) {
                    Ok(place) => {
                        if let Some(row) = rows.get_mut(place) {
                            change(&mut row.value);
                        }
                    }
                    Err(place) => {
                        let mut value = first();
                        change(&mut value);
                        if rows.len() == rows.capacity() {
                            rows.reserve_exact((rows.len() / 16).max(2));
                        }
                        rows.insert(place, Row { tail, value });
                        self.len += 1;
                    }
                }
            }
        }
    }

    /// All rows, sorted by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &V)> {
        let (few, many) = match &self.rows {
            Rows::Few(rows) => (Some(rows), None),
            Rows::Many(shards) => (None, Some(shards)),
        };
        let few = few.into_iter().flatten().map(|(key, value)| (*key, value));
        let many = many.into_iter().flat_map(|shards| shards.iter().enumerate());
        few.chain(many.flat_map(|(shard, rows)| rows.iter().map(move |row| (join(shard, row.tail), &row.value))))
    }

    /// Looks at a few shards and removes the rows that are not to be kept. The next call goes on with the next shards,
    /// so that each call is short and all of them together leave nothing behind.
    pub(crate) fn sweep(&mut self, shards: usize, keep: impl Fn(&V) -> bool) {
        match &mut self.rows {
            Rows::Few(rows) => {
                rows.retain(|_, value| keep(value));
                self.len = rows.len();
            }
            Rows::Many(all) => {
                for shard in self.swept..self.swept + shards {
                    let Some(rows) = all.get_mut(shard % SHARDS) else { continue };
                    let before = rows.len();
                    rows.retain(|row| keep(&row.value));
                    self.len -= before - rows.len();
                    if rows.len() < before {
                        rows.shrink_to_fit();
                    }
                }
                self.swept = (self.swept + shards) % SHARDS;
            }
        }
    }

    fn spread(&mut self) {
        let Rows::Few(rows) = &mut self.rows else { return };
        if rows.len() < FEW {
            return;
        }
        let mut shards: Vec<Vec<Row<V>>> = std::iter::repeat_with(Vec::new).take(SHARDS).collect();
        for (key, value) in std::mem::take(rows) {
            let (shard, tail) = split(&key);
            if let Some(rows) = shards.get_mut(shard) {
                rows.reserve_exact(1);
                rows.push(Row { tail, value });
            }
        }
        self.rows = Rows::Many(shards);
    }
}

impl<V> FromIterator<(Key, V)> for Table<V> {
    /// Rows in the order of their keys are put in place one shard after the other, without room to spare; any other
    /// order is as good and takes longer.
    fn from_iter<I: IntoIterator<Item = (Key, V)>>(rows: I) -> Self {
        let mut table = Self::default();
        let (mut of_shard, mut shard_of_those) = (Vec::new(), None);
        for (key, value) in rows {
            table.spread();
            let (shard, tail) = split(&key);
            if matches!(table.rows, Rows::Few(_)) {
                table.put(&key, || value, |_| {});
                continue;
            }
            if shard_of_those != Some(shard) {
                table.append(shard_of_those, &mut of_shard);
                shard_of_those = Some(shard);
            }
            of_shard.push(Row { tail, value });
        }
        table.append(shard_of_those, &mut of_shard);
        table
    }
}

impl<V> Table<V> {
    /// Adds sorted rows of one shard that come after those which are there, or else each in its place.
    fn append(&mut self, shard: Option<usize>, more: &mut Vec<Row<V>>) {
        let (Some(shard), Rows::Many(shards)) = (shard, &mut self.rows) else { return };
        let Some(rows) = shards.get_mut(shard) else { return };
        let follows = rows.last().is_none_or(|last| more.first().is_some_and(|first| last.tail < first.tail));
        if follows && more.is_sorted_by(|one, other| one.tail < other.tail) {
            self.len += more.len();
            rows.reserve_exact(more.len());
            rows.append(more);
            return;
        }
        for Row { tail, value } in more.drain(..) {
            self.put(&join(shard, tail), || value, |_| {});
        }
    }
}

impl<V: PartialEq> PartialEq for Table<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<V: std::fmt::Debug> std::fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::key::key;

    fn keys(count: usize) -> impl Iterator<Item = Key> {
        (0..count).map(|number| key("test", &[&number.to_string()]))
    }

    #[test]
    fn a_key_without_a_row_has_none_whatever_its_neighbours() {
        for rows in [0, 1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let table: Table<u16> = keys(rows).map(|key| (key, 1)).collect();
            for (absent, near) in (rows..rows + 100).zip(keys(rows.min(100))) {
                assert_eq!(table.get(&key("test", &[&absent.to_string()])), None);
                let near = u128::from_be_bytes(near);
                assert_eq!(table.get(&(near ^ 1).to_be_bytes()), None);
                assert_eq!(table.get(&(near ^ (1 << 112)).to_be_bytes()), None);
            }
        }
    }

    #[test]
    fn rows_are_as_in_a_b_tree_in_whatever_order_they_come() {
        for rows in [0, 1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let mut expected = BTreeMap::new();
            let mut table = Table::default();
            for (number, key) in keys(rows).chain(keys(rows / 3)).enumerate() {
                *expected.entry(key).or_insert(0) += number;
                table.put(&key, || 0, |value| *value += number);
            }
            assert_eq!(table.len(), expected.len());
            assert!(table.iter().eq(expected.iter().map(|(key, value)| (*key, value))), "{rows}");
            for (key, value) in &expected {
                assert_eq!(table.get(key), Some(value));
            }
            let sorted: Table<usize> = expected.iter().map(|(key, value)| (*key, *value)).collect();
            assert_eq!(sorted, table);
            let unsorted: Table<usize> = expected.iter().rev().map(|(key, value)| (*key, *value)).collect();
            assert_eq!(unsorted, table);
        }
    }

    #[test]
    fn a_row_that_differs_makes_another_table() {
        let table = |last: u16| keys(3 * FEW).enumerate().map(|(at, key)| (key, last.min(at as u16))).collect();
        let (one, same, other): (Table<u16>, Table<u16>, Table<u16>) = (table(9_000), table(9_000), table(8_999));
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn sweeping_leaves_what_is_kept_and_nothing_else() {
        for rows in [10, 3 * FEW] {
            let mut table: Table<usize> = keys(rows).enumerate().map(|(number, key)| (key, number)).collect();
            let kept: Table<usize> = keys(rows)
                .enumerate()
                .filter(|(number, _)| number % 3 == 0)
                .map(|(number, key)| (key, number))
                .collect();
            for _ in 0..SHARDS / 1_000 + 1 {
                table.sweep(1_000, |number| number % 3 == 0);
            }
            assert_eq!(table.len(), kept.len());
            assert!(table.iter().eq(kept.iter()));
        }
    }
}

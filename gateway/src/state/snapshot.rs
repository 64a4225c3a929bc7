//! The snapshot of the state: SQLite beside the log, with the log size that it covers.
//!
//! Only a short cut: start-up folds the leaves that came after it, and without it all of them. It advances by folding
//! the published log once more, never from the counts in force, so that it holds exactly the leaves below its size.

use std::{collections::HashMap, fs::OpenOptions, hash::Hash, os::unix::fs::OpenOptionsExt, path::Path};

use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::state::{Ask, Key, Tally, forgotten_asks};

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS covered(one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, day TEXT) STRICT;
CREATE TABLE IF NOT EXISTS people(institution TEXT NOT NULL, key BLOB NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(institution, key)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS operators(institution TEXT NOT NULL, key BLOB NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(institution, key)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS cases(key BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS seqs(institution TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS consents(key BLOB NOT NULL, holder INTEGER NOT NULL, PRIMARY KEY(key, holder)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS uses(holder INTEGER NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY(holder, number)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS uses_before(key BLOB NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY(key, number)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS revoked(key BLOB PRIMARY KEY) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS asks(slot BLOB PRIMARY KEY, identity BLOB NOT NULL, first TEXT NOT NULL, repeats INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS changes(log_index INTEGER PRIMARY KEY, leaf TEXT NOT NULL) STRICT;
";

/// The state file.
pub struct Snapshot {
    connection: Connection,
}

/// What a run of leaves amounts to.
#[derive(Default)]
pub struct Held {
    /// Log size after the run.
    pub size: u64,
    /// The counts of the run.
    pub tally: Tally,
    /// Leaves of the run that changed the register, in order, with their indices.
    pub changes: Vec<(u64, String)>,
}

impl Snapshot {
    /// Opens the file, and makes it where it is missing.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        // Made by us first, because SQLite would let everybody read it. Where that fails, opening it says why.
        drop(OpenOptions::new().create(true).append(true).mode(0o600).open(path));
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Leaves that are covered for the log `origin`; always whole bundles.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn covered(&self, origin: &str) -> rusqlite::Result<u64> {
        let size: Option<i64> = self
            .connection
            .query_row("SELECT size FROM covered WHERE origin = ?1", [origin], |row| row.get(0))
            .optional()?;
        Ok(size.map_or(0, i64::unsigned_abs))
    }

    /// Reads what is held for the log `origin`; nothing where it was written for another log.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn read(&self, origin: &str) -> rusqlite::Result<Held> {
        let covered: Option<(i64, Option<String>)> = self
            .connection
            .query_row("SELECT size, day FROM covered WHERE origin = ?1", [origin], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((size, day)) = covered else {
            return Ok(Held::default());
        };
        Ok(Held {
            size: size.unsigned_abs(),
            tally: Tally {
                day: day.and_then(|day| day.parse::<Date>().ok()),
                people: self.of_day("people")?,
                operators: self.of_day("operators")?,
                cases: self.rows("SELECT key, count FROM cases", |row| Ok((row.get(0)?, row.get(1)?)))?,
                seqs: self.rows("SELECT institution, seq FROM seqs", |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
                })?,
                consents: self.consents()?,
                uses: self
                    .uses("SELECT holder, number, at FROM uses", |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?,
                before: self.uses("SELECT key, number, at FROM uses_before", |row| row.get(0))?,
                revoked: self.rows("SELECT key FROM revoked", |row| row.get(0))?,
                asks: self.asks()?,
            },
            changes: self.rows("SELECT log_index, leaf FROM changes ORDER BY log_index", |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
            })?,
        })
    }

    /// Adds the run of leaves from the covered size up to `run.size`, in one transaction.
    ///
    /// # Errors
    /// What SQLite says; the old snapshot then stands.
    pub fn advance(&mut self, origin: &str, run: &Held) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let held: Option<(String, Option<String>)> = transaction
            .query_row("SELECT origin, day FROM covered", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let day = run.tally.day.map(|day| day.to_string());
        match held {
            Some((held_origin, _)) if held_origin != origin => clear(
                &transaction,
                &[
                    "covered",
                    "people",
                    "operators",
                    "cases",
                    "seqs",
                    "consents",
                    "uses",
                    "uses_before",
                    "revoked",
                    "asks",
                    "changes",
                ],
            )?,
            Some((_, held_day)) if day.is_some() && held_day != day => {
                clear(&transaction, &["people", "operators"])?;
                forget_asks(&transaction, run.tally.day)?;
            }
            Some(_) | None => {}
        }
        add(&transaction, run)?;
        transaction.execute(
            "INSERT INTO covered VALUES (1, ?1, ?2, ?3) ON CONFLICT DO UPDATE SET origin = ?1, size = ?2, day = coalesce(?3, day)",
            params![origin, signed(run.size), day],
        )?;
        transaction.commit()
    }

    fn of_day(&self, table: &str) -> rusqlite::Result<HashMap<String, HashMap<Key, u32>>> {
        let mut counts: HashMap<String, HashMap<Key, u32>> = HashMap::new();
        let rows: Vec<(String, Key, u32)> = self
            .rows(&format!("SELECT institution, key, count FROM {table}"), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        for (institution, key, count) in rows {
            counts.entry(institution).or_default().insert(key, count);
        }
        Ok(counts)
    }

    fn consents(&self) -> rusqlite::Result<HashMap<Key, Vec<u64>>> {
        let mut consents: HashMap<Key, Vec<u64>> = HashMap::new();
        let rows: Vec<(Key, i64)> =
            self.rows("SELECT key, holder FROM consents ORDER BY holder", |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (key, holder) in rows {
            consents.entry(key).or_default().push(holder.unsigned_abs());
        }
        Ok(consents)
    }

    /// Uses by what they are counted under: a holder's index, or a consent.
    fn uses<K: Eq + Hash>(
        &self,
        query: &str,
        key: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<K>,
    ) -> rusqlite::Result<HashMap<K, Vec<(u64, Timestamp)>>> {
        let mut uses: HashMap<K, Vec<(u64, Timestamp)>> = HashMap::new();
        let rows: Vec<(K, i64, String)> = self.rows(query, |row| Ok((key(row)?, row.get(1)?, row.get(2)?)))?;
        for (key, number, at) in rows {
            let at = at.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
            uses.entry(key).or_default().push((number.unsigned_abs(), at));
        }
        Ok(uses)
    }

    fn asks(&self) -> rusqlite::Result<HashMap<Key, Ask>> {
        let rows: Vec<(Key, Key, String, u32)> = self
            .rows("SELECT slot, identity, first, repeats FROM asks", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let ask = |(slot, identity, first, repeats): (Key, Key, String, u32)| {
            let first = first.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
            Ok((slot, Ask { identity, first, repeats }))
        };
        rows.into_iter().map(ask).collect()
    }

    fn rows<T, C: FromIterator<T>>(
        &self,
        query: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<C> {
        self.connection.prepare(query)?.query_map([], read)?.collect()
    }
}

fn clear(transaction: &Transaction<'_>, tables: &[&str]) -> rusqlite::Result<()> {
    for table in tables {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Lets the idempotency keys go that the tally lets go when the day begins. A UUIDv7 begins with its time.
fn forget_asks(transaction: &Transaction<'_>, day: Option<Date>) -> rusqlite::Result<()> {
    let Some(last) = day.map(|day| forgotten_asks(day).as_millisecond().unsigned_abs() + 1) else { return Ok(()) };
    let before = format!("{:08x}-{:04x}", last >> 16, last & 0xffff);
    transaction.execute("DELETE FROM asks WHERE first < ?1", [before]).map(drop)
}

fn add(transaction: &Transaction<'_>, run: &Held) -> rusqlite::Result<()> {
    for (table, of_day) in [("people", &run.tally.people), ("operators", &run.tally.operators)] {
        let mut insert = transaction.prepare(&format!(
            "INSERT INTO {table} VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + excluded.count"
        ))?;
        for (institution, counts) in of_day {
            for (key, count) in counts {
                insert.execute(params![institution, key, count])?;
            }
        }
    }
    let mut cases = transaction
        .prepare("INSERT INTO cases VALUES (?1, ?2) ON CONFLICT DO UPDATE SET count = count + excluded.count")?;
    for (key, count) in &run.tally.cases {
        cases.execute(params![key, count])?;
    }
    let mut seqs =
        transaction.prepare("INSERT INTO seqs VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = excluded.seq")?;
    for (institution, seq) in &run.tally.seqs {
        seqs.execute(params![institution, signed(*seq)])?;
    }
    let mut consents = transaction.prepare("INSERT INTO consents VALUES (?1, ?2)")?;
    for (key, holders) in &run.tally.consents {
        for holder in holders {
            consents.execute(params![key, signed(*holder)])?;
        }
    }
    let mut uses = transaction.prepare("INSERT INTO uses VALUES (?1, ?2, ?3)")?;
    for (holder, used) in &run.tally.uses {
        for (number, at) in used {
            uses.execute(params![signed(*holder), signed(*number), at.to_string()])?;
        }
    }
    let mut before = transaction.prepare("INSERT INTO uses_before VALUES (?1, ?2, ?3)")?;
    for (key, used) in &run.tally.before {
        for (number, at) in used {
            before.execute(params![key, signed(*number), at.to_string()])?;
        }
    }
    let mut revoked = transaction.prepare("INSERT OR IGNORE INTO revoked VALUES (?1)")?;
    for key in &run.tally.revoked {
        revoked.execute(params![key])?;
    }
    let mut asks = transaction.prepare(
        "INSERT INTO asks VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET identity = ?2, first = ?3, \
         repeats = iif(first = ?3, repeats, 0) + ?4",
    )?;
    for (slot, ask) in &run.tally.asks {
        asks.execute(params![slot, ask.identity, ask.first.to_string(), ask.repeats])?;
    }
    let mut changes = transaction.prepare("INSERT INTO changes VALUES (?1, ?2)")?;
    for (index, leaf) in &run.changes {
        changes.execute(params![signed(*index), leaf])?;
    }
    Ok(())
}

/// SQLite's integers are signed; no log reaches 2⁶³ leaves.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use credit_policy::{Catalogue, catalogue};
    use uuid::Uuid;

    use super::*;
    use crate::state::fold::absorb;

    const ORIGIN: &str = "credit-gateway.example/test/r1";

    fn leaf(index: u64, day: u64, institution: &str, seq: u64, subject: &str, outcome: &str) -> Vec<u8> {
        format!(
            r#"{{"v":1,"kind":"query","id":"01900000-0000-7000-8000-{index:012x}","at":"2026-11-{day:02}T0{}:00:00.000000Z","institution":"{institution}","seq":{seq},"operator":"staff-{}","certificate":"x","ground":{{"statute":"s","case":"c{}"}},"outcome":"{outcome}","subject":"{subject}"}}"#,
            seq % 10,
            seq % 4,
            seq % 3,
        )
        .into_bytes()
    }

    fn suspension(index: u64) -> Vec<u8> {
        format!(
            r#"{{"v":1,"kind":"suspension","id":"01900000-0000-7000-8000-{index:012x}","at":"2026-11-20T00:00:00.000000Z","actor":{{"account":"uid 0"}},"institution":"bank","suspended":true}}"#
        )
        .into_bytes()
    }

    /// Two institutions, three persons, two days, answered and refused, and a change of the register.
    fn leaves() -> Vec<Vec<u8>> {
        let mut leaves = vec![suspension(0)];
        for seq in 1..=40 {
            let (day, subject) = (20 + seq / 30, ["a", "b", "c"][(seq % 3) as usize]);
            let outcome = if seq % 5 == 0 { "refused" } else { "answered" };
            for institution in ["housing", "school"] {
                leaves.push(leaf(leaves.len() as u64, day, institution, seq, subject, outcome));
            }
        }
        leaves
    }

    fn fold(held: &mut Held, leaves: &[Vec<u8>], from: usize) {
        let catalogue = Catalogue::load(&catalogue::shipped()).ok().unwrap();
        for (index, leaf) in leaves.iter().enumerate().skip(from) {
            absorb(held, &catalogue, index as u64, leaf).unwrap();
        }
    }

    #[test]
    fn idempotency_keys_of_days_gone_by_are_let_go_alike_in_memory_and_in_the_snapshot() {
        let ask = |index: u64, at: &str| {
            let at: Timestamp = at.parse().unwrap();
            let key = STANDARD.encode([[index as u8; 16], [7; 16]].concat());
            let id = Uuid::from_u128(
                u128::from(at.as_millisecond().unsigned_abs()) << 80 | 7 << 76 | 1 << 63 | u128::from(index),
            );
            format!(
                r#"{{"v":1,"kind":"query","id":"{id}","at":"{at:.6}","institution":"bank","seq":{},"idempotency":"{key}","outcome":"answered","subject":"a"}}"#,
                index + 1,
            )
            .into_bytes()
        };
        // The day begins at 16:00 of the one before, in UTC; what was asked up to 00:00 of that one is let go.
        let leaves: Vec<_> = [
            "2026-11-20T12:00:00Z",
            "2026-11-21T00:00:00Z",
            "2026-11-21T00:00:00.001Z",
            "2026-11-22T15:59:59.999Z",
            "2026-11-22T16:00:00Z",
        ]
        .into_iter()
        .enumerate()
        .map(|(index, at)| ask(index as u64, at))
        .collect();
        let mut whole = Held::default();
        fold(&mut whole, &leaves, 0);
        let mut kept: Vec<u8> = whole.tally.asks.keys().map(|slot| slot[0]).collect();
        kept.sort_unstable();
        assert_eq!(kept, [2, 3, 4]);
        for cut in 0..=leaves.len() {
            let folder = crate::scratch::Scratch::new();
            let mut snapshot = Snapshot::open(&folder.path().join("state.sqlite")).unwrap();
            for (from, until) in [(0, cut), (cut, leaves.len())] {
                let mut run = Held { size: from as u64, ..Held::default() };
                fold(&mut run, &leaves[..until], from);
                snapshot.advance(ORIGIN, &run).unwrap();
            }
            assert_eq!(snapshot.read(ORIGIN).unwrap().tally, whole.tally, "cut at {cut}");
        }
    }

    #[test]
    fn a_leaf_that_is_none_of_ours_stops_the_fold() {
        let catalogue = Catalogue::load(&catalogue::shipped()).ok().unwrap();
        for broken in [&b"{}"[..], br#"{"v":2,"kind":"query"}"#, &leaf(0, 20, "housing", 1, "a", "answered")[1..]] {
            let error = absorb(&mut Held::default(), &catalogue, 7, broken).unwrap_err().to_string();
            assert!(error.starts_with("leaf 7 "), "{error}");
        }
    }

    #[test]
    fn a_snapshot_of_another_log_is_not_taken() {
        let folder = crate::scratch::Scratch::new();
        let mut snapshot = Snapshot::open(&folder.path().join("state.sqlite")).unwrap();
        let mut run = Held::default();
        fold(&mut run, &leaves(), 0);
        snapshot.advance("another/log", &run).unwrap();
        assert_eq!(snapshot.covered(ORIGIN).unwrap(), 0);
        assert_eq!(snapshot.read(ORIGIN).unwrap().tally, Tally::default());
        snapshot.advance(ORIGIN, &Held { size: 0, ..Held::default() }).unwrap();
        assert_eq!(snapshot.read(ORIGIN).unwrap().tally, Tally::default(), "what the other log left is gone");
    }

    #[test]
    fn runs_added_one_by_one_are_the_fold_over_all_leaves() {
        let leaves = leaves();
        let mut whole = Held::default();
        fold(&mut whole, &leaves, 0);
        assert_eq!(whole.tally.seqs.get("housing"), Some(&40));
        assert_eq!(whole.changes.len(), 1);
        for cut in [0, 1, 2, 20, 58, 59, 60, 80, leaves.len()] {
            let folder = crate::scratch::Scratch::new();
            let mut snapshot = Snapshot::open(&folder.path().join("state.sqlite")).unwrap();
            for (from, until) in [(0, cut), (cut, leaves.len())] {
                let mut run = Held { size: from as u64, ..Held::default() };
                fold(&mut run, &leaves[..until], from);
                snapshot.advance(ORIGIN, &run).unwrap();
            }
            let held = snapshot.read(ORIGIN).unwrap();
            assert_eq!(held.size, leaves.len() as u64);
            assert_eq!(held.tally, whole.tally, "cut at {cut}");
            assert_eq!(held.changes, whole.changes);
        }
    }
}

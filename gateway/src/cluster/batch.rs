//! One transaction for many queries: what they claim, and what became of those before them.
//!
//! It takes two questions to the server: all that is asked is counted and looked up by the first, and then it is known what is granted;
//! the second writes that, commits, and asks whether a standby has it. Locks are taken in one order by every gateway (consents and
//! idempotency keys, then rows of claims, then counts, each sorted), so that two batches wait for each other at most once and never
//! in a circle.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join3, try_join4, try_join5};
use tokio::time::Instant;
use tokio_postgres::{Client, Statement, types::ToSql};
use uuid::Uuid;

use super::{
    fault::StateFault,
    link::{Link, Server},
    rows::{self, Reserved, Row},
    settled::Settled,
    statements::Statements,
    tally::{self, Deltas, EarlierUses, Heights, Held, Known, KnownFirst, KnownUse, Person, Step},
};
use crate::{state::Key, stores::postgres::PostgresFault};

/// A connection on which batches are made.
pub(super) struct Books {
    link: Link,
    statements: Statements,
    origin: String,
}

/// What stands on the books of what a batch asks for.
#[derive(Default)]
struct Found {
    known: Known,
    counts: Vec<(Key, i32)>,
    earlier: BTreeMap<Key, i32>,
}

/// What is given back with a batch, as it stands on the books.
#[derive(Default)]
struct Released {
    held: Vec<Held>,
    of: Vec<Uuid>,
    /// What stays of rows.
    kept: Vec<(Uuid, Reserved)>,
}

impl Books {
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn open(server: &Server, origin: &str) -> Result<Self, StateFault> {
        let link = server.connect().await?;
        let statements = Statements::prepare(&link.client).await?;
        Ok(Self { link, statements, origin: origin.to_owned() })
    }

    pub(super) fn client(&self) -> &Client {
        &self.link.client
    }

    /// What this gateway reserved and did not settle, on the books: rows of claims.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn under_way(&self) -> Result<Vec<(Uuid, Reserved)>, StateFault> {
        let rows =
            self.link.client.query("SELECT id, held FROM credit_claim WHERE origin = $1", &[&self.origin]).await?;
        rows.iter().map(reserved).collect()
    }

    /// Removes what no query can ask for any more.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn sweep(&self, now: i64) -> Result<(), StateFault> {
        // So many at once that no query waits long for it; what others of the gateways remove now is theirs.
        let of = |table: &str, by: &str| {
            format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {by} < $1 LIMIT 5000 FOR UPDATE SKIP LOCKED))"
            )
        };
        let client = &self.link.client;
        client.execute(&of("credit_count", "until"), &[&now]).await?;
        // Whoever has a slower clock may still ask.
        client.execute(&of("credit_use", "until"), &[&(now - 3_600)]).await?;
        let before = (now - 2 * 86_400) * 1_000_000;
        client.execute(&of("credit_repeat", "asked"), &[&before]).await?;
        Ok(())
    }

    /// Makes one batch, and returns the rows of what it granted. What it says counts only where it says so.
    ///
    /// # Errors
    /// [`StateFault`]: then it is not known what of it is on the books.
    pub(super) async fn make(
        &self,
        steps: &mut [Step],
        settled: &Settled,
        latest: Instant,
    ) -> Result<Vec<Row>, StateFault> {
        let client = &self.link.client;
        // In this order at the server, here and below. Where one of them fails the server rolls all of it back, whatever it says to
        // the last.
        let begin = async {
            let begin = async { Ok(client.batch_execute("BEGIN").await?) };
            try_join(begin, self.lock(steps, settled)).await
        };
        let (released, found, persons, deltas);
        if settled.given_back.is_empty() {
            released = Released::default();
            (persons, deltas) = (tally::persons(steps, &[]), tally::deltas(steps, &[]));
            let settle = self.settle(settled, &released);
            (_, _, found) = try_join3(begin, settle, self.look(steps, &settled.done, &deltas, &persons)).await?;
        } else {
            (_, released) = try_join(begin, self.released(settled)).await?;
            (persons, deltas) = (tally::persons(steps, &released.held), tally::deltas(steps, &released.held));
            let settle = self.settle(settled, &released);
            (_, found) = try_join(settle, self.look(steps, &settled.done, &deltas, &persons)).await?;
        }
        let back = self.decide(steps, found, (&deltas, &persons), &released.held);
        if settled.is_empty() && steps.iter().all(|step| !step.is_granted()) {
            client.batch_execute("ROLLBACK").await?;
            return Ok(Vec::new());
        }
        let granted = steps.iter().filter(|step| step.is_granted());
        let rows = rows::rows(granted.map(|step| (step.claim.id, &step.held)));
        let commit = async { Ok(client.batch_execute("COMMIT").await?) };
        let (uses, claims) = (self.write_uses(steps), self.write_claims(&rows));
        try_join5(self.uncount(&back), uses, claims, commit, self.link.prove(latest)).await?;
        Ok(rows)
    }

    /// Which claims are granted; and what is to be taken back of what was counted for the others.
    fn decide(
        &self,
        steps: &mut [Step],
        mut found: Found,
        (deltas, persons): (&Deltas, &[Person]),
        released: &[Held],
    ) -> Deltas {
        tally::take_uses(steps, &mut found.known, &self.origin);
        let before = Heights::new(found.counts.iter().copied(), deltas, &tally::given_back(released));
        tally::take_look_ups(steps, &mut before.clone(), &found.earlier);
        let (of_persons, gone) = tally::person_deltas(persons, &before);
        tally::take_persons(steps, &mut Heights::new(found.counts, &of_persons, &gone));
        tally::taken_back(steps, persons, &before)
    }

    /// What is given back, as far as it is on the books: so nothing is given back twice.
    async fn released(&self, settled: &Settled) -> Result<Released, StateFault> {
        let ids: Vec<&[u8]> = settled.given_back.keys().map(|id| &id.as_bytes()[..]).collect();
        let rows = self.link.client.query(&self.statements.reserved, &[&ids]).await?;
        let mut released = Released::default();
        for row in &rows {
            let (row, all) = reserved(row)?;
            let of_row = settled.given_back.get(&row).map(Vec::as_slice).unwrap_or_default();
            let (gone, kept): (Reserved, Reserved) = all.into_iter().partition(|(id, _)| of_row.contains(id));
            for (id, held) in gone {
                released.of.push(id);
                released.held.push(held);
            }
            if !settled.done.contains(&row) {
                released.kept.push((row, kept));
            }
        }
        Ok(released)
    }

    /// What was answered stays, and what was not goes; but for rows of claims that are done.
    async fn settle(&self, settled: &Settled, released: &Released) -> Result<(), StateFault> {
        let spent = try_join(self.used(settled), self.answered(settled));
        let given_back = try_join4(
            self.unuse(released),
            self.unasked(released),
            self.of_keys(&self.statements.unrepeated, released.held.iter().filter_map(|held| held.repeats)),
            self.keep(&released.kept),
        );
        try_join(spent, given_back).await.map(drop)
    }

    async fn used(&self, settled: &Settled) -> Result<(), StateFault> {
        let used = &settled.used;
        let rows: Vec<&[u8]> = used.iter().map(|(row, ..)| &row.as_bytes()[..]).collect();
        let keys: Vec<&[u8]> = used.iter().map(|(_, (key, _), _)| &key[..]).collect();
        let (numbers, at): (Vec<i32>, Vec<i64>) =
            used.iter().map(|(_, (_, number), at)| (*number, at.as_microsecond())).unzip();
        self.unless_none(&self.statements.used, used, &[&rows, &keys, &numbers, &at]).await
    }

    async fn answered(&self, settled: &Settled) -> Result<(), StateFault> {
        let answered = &settled.answered;
        let rows: Vec<&[u8]> = answered.iter().map(|(row, ..)| &row.as_bytes()[..]).collect();
        let keys: Vec<&[u8]> = answered.iter().map(|(_, key, _)| &key[..]).collect();
        let ids: Vec<&[u8]> = answered.iter().map(|(.., id)| &id.as_bytes()[..]).collect();
        self.unless_none(&self.statements.answered, answered, &[&rows, &keys, &ids]).await
    }

    async fn unuse(&self, released: &Released) -> Result<(), StateFault> {
        let unused: Vec<_> = released.held.iter().filter_map(|held| held.use_).collect();
        let keys: Vec<&[u8]> = unused.iter().map(|(key, _)| &key[..]).collect();
        let numbers: Vec<i32> = unused.iter().map(|(_, number)| *number).collect();
        self.unless_none(&self.statements.unuse, &unused, &[&keys, &numbers]).await
    }

    async fn unasked(&self, released: &Released) -> Result<(), StateFault> {
        let all = released.held.iter().zip(&released.of);
        let unasked: Vec<_> = all.filter_map(|(held, id)| Some((held.first?, id))).collect();
        let keys: Vec<&[u8]> = unasked.iter().map(|(key, _)| &key[..]).collect();
        let ids: Vec<&[u8]> = unasked.iter().map(|(_, id)| &id.as_bytes()[..]).collect();
        self.unless_none(&self.statements.unasked, &unasked, &[&keys, &ids]).await
    }

    async fn keep(&self, kept: &[(Uuid, Reserved)]) -> Result<(), StateFault> {
        let ids: Vec<&[u8]> = kept.iter().map(|(row, _)| &row.as_bytes()[..]).collect();
        let texts: Vec<Vec<u8>> = kept.iter().map(|(_, all)| rows::text(all)).collect();
        self.unless_none(&self.statements.keep, kept, &[&ids, &texts]).await
    }

    async fn unless_none<T>(&self, statement: &Statement, all: &[T], values: &[Value<'_>]) -> Result<(), StateFault> {
        if !all.is_empty() {
            self.link.client.execute(statement, values).await?;
        }
        Ok(())
    }

    async fn of_keys(&self, statement: &Statement, keys: impl Iterator<Item = Key>) -> Result<(), StateFault> {
        let keys: Vec<Key> = keys.collect();
        let texts: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        self.unless_none(statement, &keys, &[&texts]).await
    }

    /// Is alone with each consent and key of the batch, until it ends.
    async fn lock(&self, steps: &[Step], settled: &Settled) -> Result<(), StateFault> {
        let asked = steps.iter().flat_map(|step| {
            let consent = step.claim.consent.map(|consent| consent.key);
            consent.into_iter().chain(step.claim.entries().map(|entry| entry.key))
        });
        let locks: Vec<i64> = asked.chain(settled.changes.iter().copied()).map(lock_of).collect();
        self.unless_none(&self.statements.lock, &locks, &[&locks]).await
    }

    /// Counts all that is asked for, lets go what is done, and looks what stands of the consents and keys.
    async fn look(
        &self,
        steps: &[Step],
        done: &[Uuid],
        deltas: &Deltas,
        persons: &[Person],
    ) -> Result<Found, StateFault> {
        let earlier = steps.iter().flat_map(|step| {
            let claim = &step.claim;
            claim.earlier_cases.iter().copied().chain(claim.earlier_person)
        });
        let (uses, firsts, counts, earlier) = try_join4(
            self.uses(steps),
            self.firsts(steps),
            self.count(done, deltas, persons),
            self.rows_of(&self.statements.earlier, earlier),
        )
        .await?;
        let earlier = counted(&earlier)?.into_iter().collect();
        Ok(Found { known: Known { uses, firsts }, counts, earlier })
    }

    async fn rows_of(
        &self,
        statement: &Statement,
        keys: impl Iterator<Item = Key>,
    ) -> Result<Vec<tokio_postgres::Row>, StateFault> {
        let keys: Vec<Key> = keys.collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        Ok(self.link.client.query(statement, &[&keys]).await?)
    }

    async fn uses(&self, steps: &[Step]) -> Result<BTreeMap<Key, Vec<KnownUse>>, StateFault> {
        let consents = steps.iter().filter_map(|step| Some(step.claim.consent?.key));
        let mut uses: BTreeMap<Key, Vec<KnownUse>> = BTreeMap::new();
        for row in self.rows_of(&self.statements.uses, consents).await? {
            let use_ = KnownUse { number: row.try_get(1)?, at: row.try_get(2)?, until: row.try_get(3)? };
            uses.entry(key_of(row.try_get(0)?)?).or_default().push(use_);
        }
        Ok(uses)
    }

    async fn firsts(&self, steps: &[Step]) -> Result<BTreeMap<Key, KnownFirst>, StateFault> {
        let keys = steps.iter().flat_map(|step| step.claim.entries().map(|entry| entry.key));
        let rows = self.rows_of(&self.statements.firsts, keys).await?;
        let parsed = rows.iter().map(|row| {
            let first = KnownFirst {
                identity: key_of(row.try_get(1)?)?,
                origin: row.try_get(2)?,
                asked: row.try_get(3)?,
                is_answered: row.try_get(4)?,
                repeats: row.try_get(5)?,
            };
            Ok((key_of(row.try_get(0)?)?, first))
        });
        parsed.collect()
    }

    async fn count(&self, done: &[Uuid], deltas: &Deltas, persons: &[Person]) -> Result<Vec<(Key, i32)>, StateFault> {
        if deltas.is_empty() && done.is_empty() {
            return Ok(Vec::new());
        }
        let done: Vec<&[u8]> = done.iter().map(|row| &row.as_bytes()[..]).collect();
        let keys: Vec<&[u8]> = deltas.keys().map(|key| &key[..]).collect();
        let (by, until): (Vec<i32>, Vec<i64>) = deltas.values().copied().unzip();
        let of: Vec<&[u8]> = persons.iter().map(|person| &person.key[..]).collect();
        let (asked, change): (Vec<i32>, Vec<i32>) =
            persons.iter().map(|person| (person.asked, person.change())).unzip();
        let scopes: Vec<&[u8]> = persons.iter().map(|person| &person.persons[..]).collect();
        let until_of: Vec<i64> = persons.iter().map(|person| person.until).collect();
        let values: [Value<'_>; 9] = [&keys, &by, &until, &of, &asked, &change, &scopes, &until_of, &done];
        counted(&self.link.client.query(&self.statements.count, &values).await?)
    }

    async fn uncount(&self, back: &Deltas) -> Result<(), StateFault> {
        let keys: Vec<&[u8]> = back.keys().map(|key| &key[..]).collect();
        let by: Vec<i32> = back.values().map(|(by, _)| *by).collect();
        self.unless_none(&self.statements.uncount, &keys, &[&keys, &by]).await
    }

    async fn write_uses(&self, steps: &[Step]) -> Result<(), StateFault> {
        let granted = || steps.iter().filter(|step| step.is_granted());
        let uses: Vec<_> = granted().filter_map(|step| Some((step.held.use_?, step))).collect();
        let consents: Vec<&[u8]> = uses.iter().map(|((key, _), _)| &key[..]).collect();
        let numbers: Vec<i32> = uses.iter().map(|((_, number), _)| *number).collect();
        let at = vec![tally::UNDER_WAY; uses.len()];
        let until: Vec<i64> = uses.iter().map(|(_, step)| step.claim.uses_until()).collect();
        let values: [Value<'_>; 4] = [&consents, &numbers, &at, &until];
        let used = self.unless_none(&self.statements.use_, &uses, &values);
        let repeats = granted().filter_map(|step| step.held.repeats);
        try_join4(
            self.change_earlier(steps, &consents),
            used,
            self.write_firsts(steps),
            self.of_keys(&self.statements.repeated, repeats),
        )
        .await
        .map(drop)
    }

    async fn write_firsts(&self, steps: &[Step]) -> Result<(), StateFault> {
        let granted = steps.iter().filter(|step| step.is_granted());
        let firsts: Vec<_> = granted.filter_map(|step| Some((step.held.first?, step))).collect();
        let keys: Vec<&[u8]> = firsts.iter().map(|(key, _)| &key[..]).collect();
        let identities: Vec<Vec<u8>> = firsts
            .iter()
            .map(|(_, step)| step.claim.entries().next().map(|entry| entry.identity.to_vec()).unwrap_or_default())
            .collect();
        let ids: Vec<&[u8]> = firsts.iter().map(|(_, step)| &step.claim.id.as_bytes()[..]).collect();
        let asked: Vec<i64> = firsts.iter().map(|(_, step)| tally::asked_at(step.claim.id)).collect();
        let values: [Value<'_>; 5] = [&keys, &identities, &ids, &self.origin, &asked];
        self.unless_none(&self.statements.first, &firsts, &values).await
    }

    /// What becomes of uses that are on the books with another end, of these consents. Of one that is over the first claim of the batch
    /// says so, whatever came of that claim.
    async fn change_earlier(&self, steps: &[Step], used: &[&[u8]]) -> Result<(), StateFault> {
        let (mut gone, mut lengthened): (Vec<Key>, BTreeMap<Key, i64>) = (Vec::new(), BTreeMap::new());
        for step in steps {
            let Some(consent) = step.claim.consent.filter(|consent| used.contains(&&consent.key[..])) else { continue };
            match step.earlier_uses {
                EarlierUses::Go => gone.push(consent.key),
                EarlierUses::Lengthen if step.is_granted() => {
                    let until = lengthened.entry(consent.key).or_default();
                    *until = step.claim.uses_until().max(*until);
                }
                EarlierUses::Lengthen | EarlierUses::Stay => {}
            }
        }
        let keys: Vec<&[u8]> = lengthened.keys().map(|key| &key[..]).collect();
        let until: Vec<i64> = lengthened.values().copied().collect();
        let forgotten = self.of_keys(&self.statements.forget, gone.into_iter());
        let values: [Value<'_>; 2] = [&keys, &until];
        let lengthened = self.unless_none(&self.statements.lengthen, &keys, &values);
        try_join(forgotten, lengthened).await.map(drop)
    }

    async fn write_claims(&self, rows: &[Row]) -> Result<(), StateFault> {
        let ids: Vec<&[u8]> = rows.iter().map(|row| &row.id.as_bytes()[..]).collect();
        let texts: Vec<&[u8]> = rows.iter().map(|row| &row.text[..]).collect();
        self.unless_none(&self.statements.claim, rows, &[&ids, &self.origin, &texts]).await
    }
}

type Value<'a> = &'a (dyn ToSql + Sync);

fn lock_of(key: Key) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = key;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn key_of(bytes: &[u8]) -> Result<Key, StateFault> {
    bytes.try_into().map_err(|_| PostgresFault::Protocol.into())
}

fn counted(rows: &[tokio_postgres::Row]) -> Result<Vec<(Key, i32)>, StateFault> {
    rows.iter().map(|row| Ok((key_of(row.try_get(0)?)?, row.try_get(1)?))).collect()
}

/// A row of claims.
fn reserved(row: &tokio_postgres::Row) -> Result<(Uuid, Reserved), StateFault> {
    let (id, held) = (row.try_get::<_, &[u8]>(0)?, row.try_get::<_, &[u8]>(1)?);
    let id = Uuid::from_slice(id).map_err(|_| PostgresFault::Protocol)?;
    let all = rows::parse(id, held).ok_or(PostgresFault::Protocol)?;
    Ok((id, all))
}

//! One transaction for many queries: what they claim, and what became of those before them.
//!
//! Locks are taken in one order by every gateway (consents and idempotency keys, then counts, each sorted), so that two batches
//! wait for each other at most once and never in a circle.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all, try_join3};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_postgres::{Client, Statement, types::ToSql};
use uuid::Uuid;

use super::{
    fault::StateFault,
    link::{Link, Server},
    tally::{self, Deltas, EarlierUses, Heights, Held, Known, KnownFirst, KnownUse, Step},
};
use crate::{
    state::{Key, elsewhere::Outcome},
    stores::postgres::PostgresFault,
};

/// A number of 64 bits for each consent or key: whoever has it is alone with that consent or key until the transaction ends.
const LOCK: &str =
    "SELECT pg_catalog.pg_advisory_xact_lock(k) FROM (SELECT DISTINCT unnest($1::bigint[]) AS k ORDER BY 1) AS keys";
const USES: &str = "SELECT consent, number, at, until FROM credit_use WHERE consent = ANY ($1)";
const FIRSTS: &str = "SELECT key, identity, origin, asked, answered, repeats FROM credit_repeat WHERE key = ANY ($1)";
/// In the order of the keys, so that two batches take the rows in the same order.
const COUNT: &str = "INSERT INTO credit_count AS c (key, n, until) \
     SELECT k, d, u FROM unnest($1::bytea[], $2::integer[], $3::bigint[]) AS t (k, d, u) ORDER BY k \
     ON CONFLICT (key) DO UPDATE SET n = c.n + excluded.n, until = greatest(c.until, excluded.until) RETURNING key, n";
const EARLIER: &str = "SELECT key, n FROM credit_count WHERE key = ANY ($1)";
const USE: &str = "INSERT INTO credit_use (consent, number, at, until) \
     SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[])";
/// Another consent has the name of one that is over.
const FORGET: &str = "DELETE FROM credit_use WHERE consent = ANY ($1) AND at < 9223372036854775807";
const LENGTHEN: &str = "UPDATE credit_use u SET until = t.e FROM unnest($1::bytea[], $2::bigint[]) AS t (c, e) \
     WHERE u.consent = t.c AND u.until < t.e";
const USED: &str = "UPDATE credit_use u SET at = t.a FROM unnest($1::bytea[], $2::integer[], $3::bigint[]) AS t (c, n, a) \
     WHERE u.consent = t.c AND u.number = t.n";
const UNUSE: &str = "DELETE FROM credit_use u USING unnest($1::bytea[], $2::integer[]) AS t (c, n) \
     WHERE u.consent = t.c AND u.number = t.n";
const FIRST: &str = "INSERT INTO credit_repeat (key, identity, first, origin, asked, answered, repeats) \
     SELECT k, i, f, $4, a, false, 0 FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $5::bigint[]) AS t (k, i, f, a) \
     ON CONFLICT (key) DO UPDATE SET identity = excluded.identity, first = excluded.first, origin = excluded.origin, \
     asked = excluded.asked, answered = false, repeats = 0";
const REPEATED: &str = "UPDATE credit_repeat SET repeats = repeats + 1 WHERE key = ANY ($1)";
const UNREPEATED: &str = "UPDATE credit_repeat SET repeats = repeats - 1 WHERE key = ANY ($1)";
const UNASKED: &str = "DELETE FROM credit_repeat r USING unnest($1::bytea[], $2::bytea[]) AS t (k, f) \
     WHERE r.key = t.k AND r.first = t.f AND NOT r.answered";
const ANSWERED: &str = "UPDATE credit_repeat r SET answered = true FROM unnest($1::bytea[], $2::bytea[]) AS t (k, f) \
     WHERE r.key = t.k AND r.first = t.f";
const CLAIM: &str =
    "INSERT INTO credit_claim (id, origin, held) SELECT i, $2, h FROM unnest($1::bytea[], $3::bytea[]) AS t (i, h)";
const UNCLAIM: &str = "DELETE FROM credit_claim WHERE id = ANY ($1) RETURNING id";

/// The statements on one connection.
struct Statements {
    lock: Statement,
    uses: Statement,
    firsts: Statement,
    count: Statement,
    earlier: Statement,
    forget: Statement,
    lengthen: Statement,
    use_: Statement,
    used: Statement,
    unuse: Statement,
    first: Statement,
    repeated: Statement,
    unrepeated: Statement,
    unasked: Statement,
    answered: Statement,
    claim: Statement,
    unclaim: Statement,
}

/// A connection on which batches are made.
pub(super) struct Books {
    link: Link,
    statements: Statements,
    origin: String,
}

/// What became of queries before.
#[derive(Default)]
pub(super) struct Settled {
    /// They were answered: what they reserved is used. With the times of their leaves.
    spent: Vec<(Uuid, Held, Timestamp)>,
    /// They were not.
    given_back: Vec<(Uuid, Held)>,
}

impl Settled {
    pub(super) fn take(&mut self, id: Uuid, held: Held, outcome: Outcome) {
        match outcome {
            Outcome::Answered(at) => self.spent.push((id, held, at)),
            Outcome::GivenBack => self.given_back.push((id, held)),
        }
    }

    fn consents(&self) -> impl Iterator<Item = Key> {
        let held = self.spent.iter().map(|(_, held, _)| held).chain(self.given_back.iter().map(|(_, held)| held));
        held.filter_map(|held| held.use_.map(|(consent, _)| consent))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.spent.iter().map(|(id, ..)| *id).chain(self.given_back.iter().map(|(id, _)| *id))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spent.is_empty() && self.given_back.is_empty()
    }
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, StateFault> {
        let texts = [
            LOCK, USES, FIRSTS, COUNT, EARLIER, FORGET, LENGTHEN, USE, USED, UNUSE, FIRST, REPEATED, UNREPEATED,
            UNASKED, ANSWERED, CLAIM, UNCLAIM,
        ];
        let made = try_join_all(texts.map(|text| client.prepare(text))).await?;
        let Ok(
            [
                lock,
                uses,
                firsts,
                count,
                earlier,
                forget,
                lengthen,
                use_,
                used,
                unuse,
                first,
                repeated,
                unrepeated,
                unasked,
                answered,
                claim,
                unclaim,
            ],
        ) = <[Statement; 17]>::try_from(made)
        else {
            return Err(PostgresFault::Protocol.into());
        };
        Ok(Self {
            lock,
            uses,
            firsts,
            count,
            earlier,
            forget,
            lengthen,
            use_,
            used,
            unuse,
            first,
            repeated,
            unrepeated,
            unasked,
            answered,
            claim,
            unclaim,
        })
    }
}

impl Books {
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn open(server: &Server, origin: &str) -> Result<Self, StateFault> {
        let link = server.connect().await?;
        let statements = Statements::prepare(&link.client).await?;
        Ok(Self { link, statements, origin: origin.to_owned() })
    }

    /// What this gateway reserved and did not settle, on the books.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn under_way(&self) -> Result<Vec<(Uuid, Held)>, StateFault> {
        let rows =
            self.link.client.query("SELECT id, held FROM credit_claim WHERE origin = $1", &[&self.origin]).await?;
        let parsed = rows.iter().map(|row| {
            let (id, held) = (row.try_get::<_, &[u8]>(0)?, row.try_get::<_, &[u8]>(1)?);
            let id = Uuid::from_slice(id).map_err(|_| PostgresFault::Protocol)?;
            let held = serde_json::from_slice(held).map_err(|_| PostgresFault::Protocol)?;
            Ok((id, held))
        });
        parsed.collect()
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

    /// Makes one batch. What it says counts only where it says so.
    ///
    /// # Errors
    /// [`StateFault`]: then it is not known what of it is on the books.
    pub(super) async fn make(&self, steps: &mut [Step], settled: &Settled, latest: Instant) -> Result<(), StateFault> {
        let client = &self.link.client;
        // In this order at the server.
        let begin = async { Ok(client.batch_execute("BEGIN").await?) };
        let (_, (), released) = try_join3(begin, self.lock(steps, settled), self.settle(settled)).await?;
        self.take_uses(steps).await?;
        self.take_counts(steps, &released).await?;
        let is_read_only = settled.is_empty() && steps.iter().all(|step| !step.is_granted());
        if is_read_only {
            return Ok(client.batch_execute("ROLLBACK").await?);
        }
        // Where one of them fails the server rolls all of it back, whatever it says to the last.
        self.write_uses(steps).await?;
        try_join(self.write_claims(steps), async { Ok(client.batch_execute("COMMIT").await?) }).await?;
        self.link.prove(latest).await
    }

    /// What was answered stays, and what was not goes: of that only what is on the books, so that nothing is given back twice.
    async fn settle(&self, settled: &Settled) -> Result<Vec<Held>, StateFault> {
        if settled.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = settled.ids().collect();
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id.as_bytes()[..]).collect();
        let gone = self.link.client.query(&self.statements.unclaim, &[&ids]).await?;
        let gone = gone.iter().map(|row| Ok(Uuid::from_slice(row.try_get::<_, &[u8]>(0)?).unwrap_or_default()));
        let gone = gone.collect::<Result<Vec<_>, tokio_postgres::Error>>()?;
        let is_gone = |(id, _): &&(Uuid, Held)| gone.contains(id);
        let spent: Vec<_> = settled.spent.iter().filter(|(id, ..)| gone.contains(id)).collect();
        let answered: Vec<_> = spent.iter().filter_map(|(id, held, _)| Some((held.first?, *id))).collect();
        self.of_keys(&self.statements.answered, &answered).await?;
        let used: Vec<_> = spent.iter().filter_map(|(_, held, at)| Some((held.use_?, at.as_microsecond()))).collect();
        self.used(&used).await?;
        let released: Vec<_> = settled.given_back.iter().filter(is_gone).collect();
        let unasked: Vec<_> = released.iter().filter_map(|(id, held)| Some((held.first?, *id))).collect();
        self.of_keys(&self.statements.unasked, &unasked).await?;
        let unrepeated: Vec<_> = released.iter().filter_map(|(_, held)| held.repeats).collect();
        if !unrepeated.is_empty() {
            let keys: Vec<&[u8]> = unrepeated.iter().map(|key| &key[..]).collect();
            self.link.client.execute(&self.statements.unrepeated, &[&keys]).await?;
        }
        let unused: Vec<_> = released.iter().filter_map(|(_, held)| held.use_).collect();
        if !unused.is_empty() {
            let keys: Vec<&[u8]> = unused.iter().map(|(key, _)| &key[..]).collect();
            let numbers: Vec<i32> = unused.iter().map(|(_, number)| *number).collect();
            self.link.client.execute(&self.statements.unuse, &[&keys, &numbers]).await?;
        }
        Ok(released.into_iter().map(|(_, held)| held.clone()).collect())
    }

    async fn used(&self, all: &[((Key, i32), i64)]) -> Result<(), StateFault> {
        if all.is_empty() {
            return Ok(());
        }
        let keys: Vec<&[u8]> = all.iter().map(|((key, _), _)| &key[..]).collect();
        let (numbers, at): (Vec<i32>, Vec<i64>) = all.iter().map(|((_, number), at)| (*number, *at)).unzip();
        self.link.client.execute(&self.statements.used, &[&keys, &numbers, &at]).await?;
        Ok(())
    }

    async fn of_keys(&self, statement: &Statement, all: &[(Key, Uuid)]) -> Result<(), StateFault> {
        if all.is_empty() {
            return Ok(());
        }
        let keys: Vec<&[u8]> = all.iter().map(|(key, _)| &key[..]).collect();
        let ids: Vec<&[u8]> = all.iter().map(|(_, id)| &id.as_bytes()[..]).collect();
        self.link.client.execute(statement, &[&keys, &ids]).await?;
        Ok(())
    }

    /// Is alone with each consent and key of the batch, until it ends.
    async fn lock(&self, steps: &[Step], settled: &Settled) -> Result<(), StateFault> {
        let asked = steps.iter().flat_map(|step| {
            let consent = step.claim.consent.map(|consent| consent.key);
            consent.into_iter().chain(step.claim.entries().map(|entry| entry.key))
        });
        let locks: Vec<i64> = asked.chain(settled.consents()).map(lock_of).collect();
        if !locks.is_empty() {
            self.link.client.query(&self.statements.lock, &[&locks]).await?;
        }
        Ok(())
    }

    /// Looks what stands of each consent and key of the batch.
    async fn take_uses(&self, steps: &mut [Step]) -> Result<(), StateFault> {
        let consents: Vec<Key> = steps.iter().filter_map(|step| Some(step.claim.consent?.key)).collect();
        let firsts: Vec<Key> = steps.iter().flat_map(|step| step.claim.entries().map(|entry| entry.key)).collect();
        let mut known = Known::default();
        if !consents.is_empty() || !firsts.is_empty() {
            let consents: Vec<&[u8]> = consents.iter().map(|key| &key[..]).collect();
            let firsts: Vec<&[u8]> = firsts.iter().map(|key| &key[..]).collect();
            let client = &self.link.client;
            let (consents, firsts): (Value<'_>, Value<'_>) = (&consents, &firsts);
            let (uses, found) = ([consents], [firsts]);
            let (uses, found) =
                try_join(client.query(&self.statements.uses, &uses), client.query(&self.statements.firsts, &found))
                    .await?;
            for row in uses {
                let use_ = KnownUse { number: row.try_get(1)?, at: row.try_get(2)?, until: row.try_get(3)? };
                known.uses.entry(key_of(row.try_get(0)?)?).or_default().push(use_);
            }
            for row in found {
                let first = KnownFirst {
                    identity: key_of(row.try_get(1)?)?,
                    origin: row.try_get(2)?,
                    asked: row.try_get(3)?,
                    is_answered: row.try_get(4)?,
                    repeats: row.try_get(5)?,
                };
                known.firsts.insert(key_of(row.try_get(0)?)?, first);
            }
        }
        tally::take_uses(steps, &mut known, &self.origin);
        Ok(())
    }

    async fn take_counts(&self, steps: &mut [Step], released: &[Held]) -> Result<(), StateFault> {
        let deltas = tally::deltas(steps, released);
        let had_counts = tally::granted(steps);
        let earlier: Vec<Key> = steps
            .iter()
            .flat_map(|step| step.claim.earlier_cases.iter().copied().chain(step.claim.earlier_person))
            .collect();
        let (after, earlier) = try_join(self.count(&deltas), self.earlier(&earlier)).await?;
        let mut heights = Heights::new(after, &deltas, &tally::given_back(released));
        tally::take_look_ups(steps, &mut heights, &earlier);
        let (persons, gone) = tally::person_deltas(steps, released, &heights);
        let had_person = tally::new_persons(steps);
        let after = self.count(&persons).await?;
        tally::take_persons(steps, &mut Heights::new(after, &persons, &gone));
        let back = tally::taken_back(steps, &had_counts, &had_person);
        drop(self.count(&back).await?);
        Ok(())
    }

    async fn count(&self, deltas: &Deltas) -> Result<Vec<(Key, i32)>, StateFault> {
        if deltas.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&[u8]> = deltas.keys().map(|key| &key[..]).collect();
        let (by, until): (Vec<i32>, Vec<i64>) = deltas.values().copied().unzip();
        rows(&self.link.client.query(&self.statements.count, &[&keys, &by, &until]).await?)
    }

    async fn earlier(&self, keys: &[Key]) -> Result<BTreeMap<Key, i32>, StateFault> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        Ok(rows(&self.link.client.query(&self.statements.earlier, &[&keys]).await?)?.into_iter().collect())
    }

    async fn write_uses(&self, steps: &[Step]) -> Result<(), StateFault> {
        let granted = || steps.iter().filter(|step| step.is_granted());
        let client = &self.link.client;
        let uses: Vec<_> = granted().filter_map(|step| Some((step.held.use_?, step))).collect();
        if !uses.is_empty() {
            let consents: Vec<&[u8]> = uses.iter().map(|((key, _), _)| &key[..]).collect();
            let numbers: Vec<i32> = uses.iter().map(|((_, number), _)| *number).collect();
            let at = vec![tally::UNDER_WAY; uses.len()];
            let until: Vec<i64> = uses.iter().map(|(_, step)| step.claim.uses_until()).collect();
            self.change_earlier(steps, &consents).await?;
            client.execute(&self.statements.use_, &[&consents, &numbers, &at, &until]).await?;
        }
        let firsts: Vec<_> = granted().filter_map(|step| Some((step.held.first?, step))).collect();
        if !firsts.is_empty() {
            let keys: Vec<&[u8]> = firsts.iter().map(|(key, _)| &key[..]).collect();
            let identities: Vec<Vec<u8>> = firsts
                .iter()
                .map(|(_, step)| step.claim.entries().next().map(|entry| entry.identity.to_vec()).unwrap_or_default())
                .collect();
            let ids: Vec<&[u8]> = firsts.iter().map(|(_, step)| &step.claim.id.as_bytes()[..]).collect();
            let asked: Vec<i64> = firsts.iter().map(|(_, step)| tally::asked_at(step.claim.id)).collect();
            client.execute(&self.statements.first, &[&keys, &identities, &ids, &self.origin, &asked]).await?;
        }
        let repeats: Vec<Key> = granted().filter_map(|step| step.held.repeats).collect();
        if !repeats.is_empty() {
            let keys: Vec<&[u8]> = repeats.iter().map(|key| &key[..]).collect();
            client.execute(&self.statements.repeated, &[&keys]).await?;
        }
        Ok(())
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
        if !gone.is_empty() {
            let keys: Vec<&[u8]> = gone.iter().map(|key| &key[..]).collect();
            self.link.client.execute(&self.statements.forget, &[&keys]).await?;
        }
        if !lengthened.is_empty() {
            let keys: Vec<&[u8]> = lengthened.keys().map(|key| &key[..]).collect();
            let until: Vec<i64> = lengthened.values().copied().collect();
            self.link.client.execute(&self.statements.lengthen, &[&keys, &until]).await?;
        }
        Ok(())
    }

    async fn write_claims(&self, steps: &[Step]) -> Result<(), StateFault> {
        let granted: Vec<_> = steps.iter().filter(|step| step.is_granted()).collect();
        if granted.is_empty() {
            return Ok(());
        }
        let ids: Vec<&[u8]> = granted.iter().map(|step| &step.claim.id.as_bytes()[..]).collect();
        let held: Vec<Vec<u8>> =
            granted.iter().map(|step| serde_json::to_vec(&step.held).unwrap_or_default()).collect();
        self.link.client.execute(&self.statements.claim, &[&ids, &self.origin, &held]).await?;
        Ok(())
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

fn rows(rows: &[tokio_postgres::Row]) -> Result<Vec<(Key, i32)>, StateFault> {
    rows.iter().map(|row| Ok((key_of(row.try_get(0)?)?, row.try_get(1)?))).collect()
}

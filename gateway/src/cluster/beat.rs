//! The connection on which it is heard what others did and told what is done here: what is asked there, and what is written.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::{
    acts::{Act, OFFICERS},
    before::Before,
    fault::StateFault,
    handle::{Own, Replica},
    heard::Heard,
    link::{Link, Server},
    owner::{Known, Owner, TAKE, may_serve},
    rings::{Other, OwnKeys},
    tables::are_there,
    telling::{TELL, Telling, is_told},
};
use crate::state::Key;

/// Whoever served the log before falls silent within this time.
const WAITS: Duration = Duration::from_secs(3);
/// Acts that are read at once.
pub(super) const ACTS: i64 = 500;

/// That it is here; and what others say of their keys, where it is something else.
const BEAT: &str = "INSERT INTO credit_replica (origin, beat, ring, told, kinds, keys, owner) VALUES ($1, pg_catalog.now(), $2, $3, $4, $5, $6) \
     ON CONFLICT (origin) DO UPDATE SET beat = excluded.beat, ring = excluded.ring, told = excluded.told, kinds = excluded.kinds, \
     keys = excluded.keys WHERE credit_replica.owner = excluded.owner AND credit_replica.told >= $7";
const OTHERS: &str = "SELECT origin, ring, keys, beat > pg_catalog.now() - interval '3 seconds' FROM credit_replica \
     WHERE origin <> $1 AND (keys <> $3 OR (keys IS NULL AND ring <> $2)) ORDER BY origin";
/// Which other gateways there are, and whether each is here now; asked so often.
const GATEWAYS: &str = "SELECT origin, beat > pg_catalog.now() - interval '3 seconds', told FROM credit_replica WHERE origin <> $1 ORDER BY origin";
/// Whether a start could take it.
const IS_HANDED_OUT: &str = "SELECT FROM credit_key WHERE id = $1 AND handed IS NOT NULL";
const HEARD: &str = "SELECT seq, origin, leaf_index, leaf, pg_catalog.uuid_send(mark) FROM credit_act WHERE seq > $1 ORDER BY seq LIMIT $2";
/// One after the other, so that whoever reads by `seq` misses none that is committed later.
const ALONE: &str = "SELECT pg_catalog.pg_advisory_xact_lock(7234017283807667)";
/// The others are woken when it is committed. Who hears no notice (behind a pool of connections, say) asks by itself soon.
const NOTIFY: &str = "NOTIFY credit_act";
const LISTEN: &str = "LISTEN credit_act";
/// A gateway that took it before and ended takes it again.
const ONCE: &str = "INSERT INTO credit_once (key, origin) VALUES ($1, $2) \
     ON CONFLICT (key) DO UPDATE SET origin = excluded.origin WHERE credit_once.origin = excluded.origin";
const DECIDED: &str = "SELECT seq, origin, leaf_index, leaf, pg_catalog.uuid_send(mark) FROM credit_act \
     WHERE kind = ANY ($1) AND seq > $2 ORDER BY seq LIMIT $3";
/// Whether it is there still: then so is every act before it.
const IS_THERE: &str = "SELECT EXISTS (SELECT FROM credit_act WHERE seq = $1 AND pg_catalog.uuid_send(mark) = $2)";
const LEAF: &str = "SELECT origin, leaf FROM credit_act WHERE seq = $1";
/// Where it told the acts of fewer kinds, it begins anew.
const TOLD_UNTIL: &str = "SELECT told, kinds FROM credit_replica WHERE origin = $1";
const IS_KNOWN: &str = "SELECT FROM credit_replica WHERE origin = $1";
/// The release of the kinds that are told: 2 has cases and what officers decide, 3 withdrawals that a log took over.
pub(super) const KINDS: i32 = 3;

/// A connection on which rounds are made.
pub(super) struct Beats {
    link: Link,
    own: Own,
    beat: Statement,
    others: Statement,
    heard: Statement,
    tell: Statement,
    /// Up to which leaf all acts of the own log are told.
    pub(super) told: u64,
    /// Up to which leaf those of the kinds that the row names are told.
    of_row: (u64, i32),
    /// What the row said for sure.
    proved: u64,
}

impl Beats {
    /// Connects, and looks whether this gateway may count together with the others.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn open(server: &Server, own: &Own) -> Result<Self, StateFault> {
        let latest = Instant::now() + 2 * server.timeout() + WAITS;
        let opened = async {
            let link = server.connect().await?;
            let client = &link.client;
            are_there(client).await?;
            if !own.is_running {
                may_serve(client, own).await?;
            }
            Before::read(&own.folder)?.compare(client, &own.origin).await?;
            client.batch_execute(LISTEN).await?;
            let (beat, others) = try_join(client.prepare(BEAT), client.prepare(OTHERS)).await?;
            let (heard, tell) = try_join(client.prepare(HEARD), client.prepare(TELL)).await?;
            let of_row = match client.query_opt(TOLD_UNTIL, &[&own.origin]).await? {
                Some(row) => (u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default(), row.try_get(1)?),
                None => {
                    own.may_begin(client).await?;
                    (0, KINDS)
                }
            };
            let told = if of_row.1 < KINDS { 0 } else { of_row.0 };
            let beats = Self { link, own: own.clone(), beat, others, heard, tell, told, of_row, proved: 0 };
            if let Some(keys) = &own.keys {
                beats.compare_keys(keys).await?;
            }
            Ok(beats)
        };
        timeout_at(latest, opened).await.unwrap_or(Err(StateFault::Late))
    }

    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    async fn compare_keys(&self, keys: &OwnKeys) -> Result<(), StateFault> {
        let (origin, digest, said) = (&self.own.origin, &keys.digest[..], keys.said());
        let rows = self.link.client.query(&self.others, &[origin, &digest, &said]).await?;
        let others = rows.iter().map(|row| {
            let (origin, digest) = (row.try_get(0)?, row.try_get::<_, &[u8]>(1)?.to_vec());
            Ok(Other { origin, digest, keys: row.try_get(2)?, is_here: row.try_get(3)? })
        });
        keys.compare(&others.collect::<Result<Vec<_>, tokio_postgres::Error>>()?)
    }

    /// Whether a start would take a key that this ring lacks.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn hands_out(&self, key: &str) -> Result<bool, StateFault> {
        Ok(self.link.client.query_opt(IS_HANDED_OUT, &[&key]).await?.is_some())
    }

    /// All acts of the own log up to there are told, of every kind.
    pub(super) fn tells_all(&mut self) {
        self.of_row = (self.told, KINDS);
    }

    /// That is in the row for sure; how far it is.
    pub(super) fn is_proved(&mut self) -> u64 {
        self.proved = self.told;
        self.told
    }

    /// Says that it is here, which must be written as everything else: a server that is no longer the one cannot.
    pub(super) async fn beat(&self, keys: &OwnKeys, owner: &Owner, latest: Instant) -> Result<(), StateFault> {
        self.say(keys, owner).await?;
        self.link.prove(latest).await?;
        self.compare_keys(keys).await
    }

    /// Says that it is here, where the log is this start's, or becomes so from one before of this folder.
    pub(super) async fn say(&self, keys: &OwnKeys, owner: &Owner) -> Result<(), StateFault> {
        // What the row says never becomes less: by that it is seen where the state was put back.
        let (told, kinds) = if self.of_row.1 < KINDS { self.of_row } else { (self.told, KINDS) };
        let (told, origin, owner) = (i64::try_from(told).unwrap_or(i64::MAX), &self.own.origin, &owner[..]);
        let proved = i64::try_from(self.proved).unwrap_or(i64::MAX);
        let beat: [&(dyn ToSql + Sync); 7] = [origin, &&keys.digest[..], &told, &kinds, &keys.said(), &owner, &proved];
        let client = &self.link.client;
        if client.execute(&self.beat, &beat).await? == 1 {
            return Ok(());
        }
        if let Some(row) = client.query_opt(TOLD_UNTIL, &[origin]).await? {
            let knows = row.try_get(0)?;
            if knows < proved {
                return Err(StateFault::PutBack { origin: origin.clone(), had: proved, knows });
            }
        }
        let known = Known::read(&self.own.folder)?;
        // Not while anybody tells: then all that was told before is there, and nobody else tells more.
        let (begin, ids) = (format!("BEGIN; {ALONE}"), known.ids());
        client.batch_execute(&begin).await?;
        let taken = client.execute(TAKE, &[origin, &owner, &ids]).await?;
        client.batch_execute("COMMIT").await?;
        let is_here = taken == 1 && client.execute(&self.beat, &beat).await? == 1;
        if is_here { Ok(()) } else { Err(StateFault::OtherFolder(origin.clone())) }
    }

    /// Which other gateways there are, and up to which leaf the acts of each are told.
    pub(super) async fn others(&self) -> Result<Vec<(Replica, u64)>, StateFault> {
        let rows = self.link.client.query(GATEWAYS, &[&self.own.origin]).await?;
        let other = |row: &Row| {
            let told = u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or_default();
            Ok((Replica { log: row.try_get(0)?, is_here: row.try_get(1)? }, told))
        };
        rows.iter().map(other).collect()
    }

    /// The acts after one; all of them where there are fewer than [`ACTS`].
    pub(super) async fn heard(&self, after: i64) -> Result<Vec<Act>, StateFault> {
        acts(&self.link.client.query(&self.heard, &[&after, &ACTS]).await?)
    }

    /// Whether this is the database that had what was heard.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn has(&self, heard: &Heard) -> Result<bool, StateFault> {
        let mark = &heard.mark[..];
        let row = self.link.client.query_one(IS_THERE, &[&heard.until, &mark]).await?;
        let is_there: bool = row.try_get(0)?;
        if !is_there {
            tracing::warn!("what other gateways did is heard anew: the shared state is not the one that had it");
        }
        Ok(is_there)
    }

    /// All that officers decided after an act, at whichever gateway.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn decided(&self, server: &Server, first: i64) -> Result<Vec<Act>, StateFault> {
        let mut all: Vec<Act> = Vec::new();
        loop {
            let after = all.last().map_or(first, |act| act.seq);
            let kinds = OFFICERS.as_slice();
            let asked = async { self.link.client.query(DECIDED, &[&kinds, &after, &ACTS]).await };
            let rows = timeout(server.timeout(), asked).await.map_err(|_| StateFault::Late)??;
            let is_all = i64::try_from(rows.len()).is_ok_and(|count| count < ACTS);
            all.extend(acts(&rows)?);
            if is_all {
                return Ok(all);
            }
        }
    }

    /// Whether it is this gateway that does something once.
    pub(super) async fn once(&self, key: &Key, latest: Instant) -> Result<bool, StateFault> {
        let (key, origin) = (&key[..], &self.own.origin);
        let taken = self.link.client.execute(ONCE, &[&key, origin]).await?;
        self.link.prove(latest).await?;
        Ok(taken == 1)
    }

    /// The leaf of an act, with the name of its log.
    pub(super) async fn leaf(&self, act: i64) -> Result<Option<(String, Vec<u8>)>, StateFault> {
        let row = self.link.client.query_opt(LEAF, &[&act]).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// Looks whether what is written counts.
    pub(super) async fn reach(&self, latest: Instant) -> Result<(), StateFault> {
        self.link.client.batch_execute("").await?;
        self.link.prove(latest).await
    }

    pub(super) async fn tell(&self, acts: &[(u64, Vec<u8>)], owner: &Owner, latest: Instant) -> Result<(), StateFault> {
        let (client, telling) = (&self.link.client, Telling::of(acts));
        let (begin, commit) = (format!("BEGIN; {ALONE}"), format!("{NOTIFY}; COMMIT"));
        // All on its way at once: whoever is cut off between two of them would keep the lock from the others.
        let told = telling.tell(client, &self.tell, &self.own.origin, owner);
        let ((), row, ()) = try_join3(client.batch_execute(&begin), told, client.batch_execute(&commit)).await?;
        is_told(&row, &self.own.origin)?;
        self.link.prove(latest).await
    }
}

impl Own {
    /// Whether a log that is not known there may begin to count there: what it counted, or takes over, would be known to nobody.
    async fn may_begin(&self, client: &Client) -> Result<(), StateFault> {
        if self.has_answered {
            return Err(StateFault::CountedAlone(self.origin.clone()));
        }
        let Some(before) = &self.continues else { return Ok(()) };
        match client.query_opt(IS_KNOWN, &[before]).await? {
            Some(_) => Ok(()),
            None => Err(StateFault::CountedAlone(before.clone())),
        }
    }
}

fn acts(rows: &[Row]) -> Result<Vec<Act>, StateFault> {
    let acts = rows.iter().map(|row| {
        let index = u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or_default();
        let mark = row.try_get::<_, &[u8]>(4)?.try_into().unwrap_or_default();
        Ok(Act { seq: row.try_get(0)?, origin: row.try_get(1)?, index, leaf: row.try_get(3)?, mark })
    });
    acts.collect()
}

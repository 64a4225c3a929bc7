//! Hears what others did, and tells what is done here; several times a second.

use std::{sync::Arc, time::Duration};

use futures_util::future::{try_join, try_join3};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at},
};
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::{
    acts::{Act, OFFICERS, kind_of},
    fault::StateFault,
    handle::{Cluster, Own, Process, Replica, ToActs},
    heard::{Heard, Keeping},
    link::{Link, Server},
    rings::{Other, OwnKeys},
    tables::are_there,
};
use crate::state::Key;

/// A round begins so often.
const EVERY: Duration = Duration::from_millis(200);
/// And so soon after one that failed: what was recorded meanwhile is told as soon as it can be.
const AGAIN: Duration = Duration::from_millis(25);
/// What a start found in the log and was not published is so within this time.
const PUBLISHED: Duration = Duration::from_secs(2);
/// Acts that are read at once.
const ACTS: i64 = 500;
/// Rounds that a start tries.
const STARTS: u32 = 5;
/// Own acts that are told at once.
const TOLD: usize = 256;

/// That it is here; and what others say of their keys, where it is something else.
const BEAT: &str = "INSERT INTO credit_replica (origin, beat, ring, told, kinds, keys) VALUES ($1, pg_catalog.now(), $2, $3, $4, $5) \
     ON CONFLICT (origin) DO UPDATE SET beat = excluded.beat, ring = excluded.ring, told = excluded.told, kinds = excluded.kinds, \
     keys = excluded.keys";
const OTHERS: &str = "SELECT origin, ring, keys, beat > pg_catalog.now() - interval '3 seconds' FROM credit_replica \
     WHERE origin <> $1 AND (keys <> $3 OR (keys IS NULL AND ring <> $2)) ORDER BY origin";
/// Which other gateways there are, and whether each is here now; asked so often.
const GATEWAYS: &str = "SELECT origin, beat > pg_catalog.now() - interval '3 seconds' FROM credit_replica WHERE origin <> $1 ORDER BY origin";
const NAMED: Duration = Duration::from_secs(5);
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
const TOLD_UNTIL: &str = "SELECT CASE WHEN kinds < $2 THEN 0 ELSE told END FROM credit_replica WHERE origin = $1";
const IS_KNOWN: &str = "SELECT FROM credit_replica WHERE origin = $1";
/// The release of the kinds that are told: 2 has cases and what officers decide, 3 withdrawals that a log took over.
pub(super) const KINDS: i32 = 3;
pub(super) const TELL: &str = "INSERT INTO credit_act (origin, leaf_index, leaf, kind) \
     SELECT $1, i, l, k FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS t (i, l, k) \
     ORDER BY i ON CONFLICT (origin, leaf_index) DO NOTHING";

/// A connection on which rounds are made.
pub(super) struct Beats {
    link: Link,
    own: Own,
    beat: Statement,
    others: Statement,
    heard: Statement,
    tell: Statement,
    /// Up to which leaf all acts of the own log are told.
    told: u64,
}

impl Beats {
    /// Connects, and looks whether this gateway may count together with the others.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn open(server: &Server, own: &Own) -> Result<Self, StateFault> {
        let latest = Instant::now() + 2 * server.timeout();
        let opened = async {
            let link = server.connect().await?;
            let client = &link.client;
            are_there(client).await?;
            client.batch_execute(LISTEN).await?;
            let (beat, others) = try_join(client.prepare(BEAT), client.prepare(OTHERS)).await?;
            let (heard, tell) = try_join(client.prepare(HEARD), client.prepare(TELL)).await?;
            let known = client.query_opt(TOLD_UNTIL, &[&own.origin, &KINDS]).await?;
            let told = known.as_ref().map(|row| row.try_get::<_, i64>(0)).transpose()?;
            if told.is_none() {
                own.may_begin(client).await?;
            }
            let told = told.and_then(|told| u64::try_from(told).ok()).unwrap_or_default();
            let beats = Self { link, own: own.clone(), beat, others, heard, tell, told };
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

    /// Says that it is here, which must be written as everything else: a server that is no longer the one cannot.
    async fn beat(&self, keys: &OwnKeys, latest: Instant) -> Result<(), StateFault> {
        let told = i64::try_from(self.told).unwrap_or(i64::MAX);
        let beat: [&(dyn ToSql + Sync); 5] = [&self.own.origin, &&keys.digest[..], &told, &KINDS, &keys.said()];
        self.link.client.execute(&self.beat, &beat).await?;
        self.link.prove(latest).await?;
        self.compare_keys(keys).await
    }

    /// Which other gateways there are.
    async fn others(&self) -> Result<Vec<Replica>, StateFault> {
        let rows = self.link.client.query(GATEWAYS, &[&self.own.origin]).await?;
        rows.iter().map(|row| Ok(Replica { log: row.try_get(0)?, is_here: row.try_get(1)? })).collect()
    }

    /// The acts after one; all of them where there are fewer than [`ACTS`].
    async fn heard(&self, after: i64) -> Result<Vec<Act>, StateFault> {
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
    async fn once(&self, key: &Key, latest: Instant) -> Result<bool, StateFault> {
        let (key, origin) = (&key[..], &self.own.origin);
        let taken = self.link.client.execute(ONCE, &[&key, origin]).await?;
        self.link.prove(latest).await?;
        Ok(taken == 1)
    }

    /// The leaf of an act, with the name of its log.
    async fn leaf(&self, act: i64) -> Result<Option<(String, Vec<u8>)>, StateFault> {
        let row = self.link.client.query_opt(LEAF, &[&act]).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// Looks whether what is written counts.
    async fn reach(&self, latest: Instant) -> Result<(), StateFault> {
        self.link.client.batch_execute("").await?;
        self.link.prove(latest).await
    }

    async fn tell(&self, acts: &[(u64, Vec<u8>)], latest: Instant) -> Result<(), StateFault> {
        let client = &self.link.client;
        let indices: Vec<i64> = acts.iter().map(|(index, _)| i64::try_from(*index).unwrap_or(i64::MAX)).collect();
        let leaves: Vec<&[u8]> = acts.iter().map(|(_, leaf)| &leaf[..]).collect();
        let kinds: Vec<&str> = leaves.iter().map(|leaf| kind_of(leaf).unwrap_or_default()).collect();
        let (begin, commit) = (format!("BEGIN; {ALONE}"), format!("{NOTIFY}; COMMIT"));
        let told: [&(dyn ToSql + Sync); 4] = [&self.own.origin, &indices, &leaves, &kinds];
        // All on its way at once: whoever is cut off between two of them would keep the lock from the others.
        let told = client.execute(&self.tell, &told);
        let ((), _, ()) = try_join3(client.batch_execute(&begin), told, client.batch_execute(&commit)).await?;
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

/// What goes on from round to round.
struct Round {
    cluster: Arc<Cluster>,
    server: Server,
    own: Own,
    process: Arc<dyn Process>,
    beats: Option<Beats>,
    /// The last act that was heard; nothing before a start has looked at what it has at hand.
    seen: Option<i64>,
    keeping: Keeping,
    /// A key is in force that this gateway lacks. Then what others did may be sealed under it, and is heard once it is there.
    lacks: bool,
    /// When it was looked which others there are.
    named: Option<Instant>,
}

impl Round {
    /// What is at hand comes in force, if this database has had it: the others follow. Once, before anything is heard.
    async fn begin(&mut self) -> Result<(), StateFault> {
        let (Some(beats), None) = (&self.beats, self.seen) else { return Ok(()) };
        let (folder, own) = (self.own.folder.clone(), self.own.origin.clone());
        let read = tokio::task::spawn_blocking(move || Heard::at_hand(&folder, &own)).await;
        let heard = match read.ok().flatten() {
            Some(heard) => timeout(self.server.timeout(), beats.has(&heard))
                .await
                .unwrap_or(Err(StateFault::Late))?
                .then_some(heard),
            None => None,
        };
        self.keeping = Keeping::new(&self.own.folder, &self.own.origin, heard.is_some());
        let mut heard = heard.unwrap_or_default();
        self.process.begin(self.own.leaves, std::mem::take(&mut heard.cases), std::mem::take(&mut heard.revoked));
        heard.kept().for_each(|act| self.process.take_in(&act));
        self.seen = Some(heard.until);
        Ok(())
    }

    /// One round: says that it is here, tells what others do not know, hears what is new.
    async fn make(&mut self) -> Result<(), StateFault> {
        let began = self.cluster.now();
        if self.beats.is_none() {
            self.beats = Some(Beats::open(&self.server, &self.own).await?);
            // From here on each round compares them, as they are then.
            self.own.keys = None;
        }
        let Some(beats) = &mut self.beats else { return Err(StateFault::Late) };
        let published = Instant::now() + PUBLISHED;
        loop {
            let (acts, looked_until) = self.process.acts_from(beats.told).unwrap_or_default();
            if !acts.is_empty() {
                let latest = Instant::now() + self.server.timeout();
                timeout_at(latest, beats.tell(&acts, latest)).await.unwrap_or(Err(StateFault::Late))?;
            }
            if looked_until <= beats.told {
                // What was recorded before the start is told before anything is heard: else an older act would hold instead.
                if self.seen.is_none() && beats.told < self.own.leaves && Instant::now() < published {
                    sleep(AGAIN).await;
                    continue;
                }
                break;
            }
            beats.told = looked_until;
        }
        let latest = Instant::now() + self.server.timeout();
        timeout_at(latest, beats.beat(&self.process.keys(), latest)).await.unwrap_or(Err(StateFault::Late))?;
        self.begin().await?;
        self.hear().await?;
        self.cluster.set_heard(began.max(1));
        self.look_around().await;
        Ok(())
    }

    /// Looks which others there are, where that was some time ago. No answer depends on it: what it meets, the next round meets too.
    async fn look_around(&mut self) {
        let Some(beats) = self.beats.as_ref().filter(|_| self.named.is_none_or(|at| at.elapsed() >= NAMED)) else {
            return;
        };
        self.named = Some(Instant::now());
        if let Ok(Ok(others)) = timeout(self.server.timeout(), beats.others()).await {
            self.cluster.set_others(others);
        }
    }

    /// Takes in what is new.
    async fn hear(&mut self) -> Result<(), StateFault> {
        let (Some(beats), Some(mut seen)) = (&self.beats, self.seen) else { return Err(StateFault::Late) };
        loop {
            // A long history is read at a start: each part of it has the time of a round.
            let heard = timeout(self.server.timeout(), beats.heard(seen)).await;
            let acts = heard.unwrap_or(Err(StateFault::Late))?;
            let is_all = i64::try_from(acts.len()).is_ok_and(|count| count < ACTS);
            for act in acts {
                self.process.take_in(&act);
                seen = act.seq;
                self.seen = Some(seen);
                self.keeping.hear(act);
            }
            self.keeping.look().await;
            if is_all {
                return Ok(());
            }
        }
    }

    /// Woken where others told something.
    fn news(&self) -> Arc<Notify> {
        self.beats.as_ref().map_or_else(Arc::default, |beats| Arc::clone(&beats.link.news))
    }

    /// Makes one, of which each step has its time: a commit that waits for a standby would wait for ever. After any fault of it the
    /// connection is given up.
    async fn make_in_time(&mut self) -> Result<(), StateFault> {
        let made = self.make().await;
        self.lacks = made.as_ref().is_err_and(|fault| matches!(fault, StateFault::Lacks { .. }));
        if self.lacks {
            // The others count by it already.
            self.cluster.set_heard(0);
        }
        // What is wrong with the keys is nothing wrong with the connection.
        if made.as_ref().is_err_and(|fault| !matches!(fault, StateFault::OtherRing(_) | StateFault::Lacks { .. })) {
            self.beats = None;
        }
        made
    }

    /// Makes the first one, which has some tries: a server that is busy now, or changes its part, need not end a start.
    async fn make_first(&mut self) -> Result<(), StateFault> {
        let mut made = self.make_in_time().await;
        for _ in 1..STARTS {
            if !made.as_ref().is_err_and(StateFault::may_pass) {
                break;
            }
            sleep(EVERY).await;
            made = self.make_in_time().await;
        }
        made
    }

    /// Does what is asked, all that waits together: a transaction for each act would make the last of many late. What cannot be told
    /// is found in the log by a later round.
    async fn answer(&mut self, all: Vec<ToActs>) -> Result<(), StateFault> {
        let (mut acts, mut waiting, mut wanted, mut once) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match one {
                ToActs::Reach(reached) => waiting.push(reached),
                ToActs::Tell(index, leaf, told) => {
                    acts.push((index, leaf.to_vec()));
                    waiting.push(told);
                }
                ToActs::Once(key, reply) => once.push((key, reply)),
                ToActs::Leaf(act, reply) => wanted.push((act, reply)),
            }
        }
        let made = self.told(&acts, waiting).await;
        for (key, reply) in once {
            let (Some(beats), latest) = (&self.beats, Instant::now() + self.server.timeout()) else { break };
            match timeout_at(latest, beats.once(&key, latest)).await.unwrap_or(Err(StateFault::Late)) {
                Ok(is_ours) => drop(reply.send(is_ours)),
                Err(fault) => {
                    self.beats = None;
                    return Err(fault);
                }
            }
        }
        for (act, reply) in wanted {
            let Some(beats) = &self.beats else { break };
            if let Ok(Ok(Some(leaf))) = timeout(self.server.timeout(), beats.leaf(act)).await {
                // Who does not wait any more needs no answer.
                drop(reply.send(leaf));
            }
        }
        made
    }

    /// Tells acts, or looks whether it could, and hears what is new. What was told is heard too: of two acts that contradict each
    /// other the later one holds, and one from before that comes in only now would undo what was put in force here meanwhile.
    async fn told(&mut self, acts: &[(u64, Vec<u8>)], waiting: Vec<oneshot::Sender<()>>) -> Result<(), StateFault> {
        if waiting.is_empty() {
            return Ok(());
        }
        let latest = Instant::now() + self.server.timeout();
        let Some(beats) = &self.beats else { return Err(StateFault::Late) };
        let made = async { if acts.is_empty() { beats.reach(latest).await } else { beats.tell(acts, latest).await } };
        let mut made = timeout_at(latest, made).await.unwrap_or(Err(StateFault::Late));
        if made.is_ok() {
            made = self.hear().await;
        }
        match &made {
            // Who does not wait any more needs no answer.
            Ok(()) => waiting.into_iter().for_each(|told| told.send(()).unwrap_or_default()),
            Err(_) => self.beats = None,
        }
        made
    }
}

/// Makes rounds until the process ends.
pub(super) async fn keep(
    cluster: Arc<Cluster>,
    server: Server,
    own: Own,
    mut acts: mpsc::UnboundedReceiver<ToActs>,
    process: Arc<dyn Process>,
    ready: oneshot::Sender<Result<(), StateFault>>,
) {
    let keeping = Keeping::new(&own.folder, &own.origin, false);
    let mut round =
        Round { cluster, server, own, process, beats: None, seen: None, keeping, lacks: false, named: None };
    drop(ready.send(round.make_first().await));
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let news = round.news();
        let done = tokio::select! {
            act = acts.recv() => match act {
                Some(first) => {
                    let mut all = vec![first];
                    while all.len() < TOLD
                        && let Ok(next) = acts.try_recv()
                    {
                        all.push(next);
                    }
                    round.answer(all).await
                }
                None => return,
            },
            _ = every.tick() => round.make_in_time().await,
            () = news.notified(), if !round.lacks => {
                let heard = round.hear().await;
                if heard.is_err() {
                    round.beats = None;
                }
                heard
            }
        };
        if done.is_err() && !round.lacks {
            every.reset_after(AGAIN);
        }
        round.process.heard(done.map_err(|fault| fault.to_string()));
    }
}

//! The keys that all who count together have: the data key of each month, and what is rotated by command, which is handed out ahead of
//! its time. A row a key or rotation, which is written once ([`super::handing`]).
//!
//! What is read here may be used only once a synchronous standby has it: else a server that takes over without it would be given
//! another key of the same name. So a commit that writes stands between the reading and the taking.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use credit_keys::{About, Ahead, HandedError, KeyId, KeyStatus, Ring, SystemEntropy};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};
use tokio_postgres::{Client, types::ToSql};

use super::{
    fault::StateFault,
    handing::{HandedOut, KeysFault, Plan, Rings, Row, is_of_another_ring, wanted},
    handle::{Cluster, ToKeys},
    link::{Link, Server},
    rings::parsed,
};

/// It is looked so often.
const EVERY: Duration = Duration::from_secs(1);
/// After so many rounds that failed it is said, whatever the reason: a server that only changes its part is back before.
const SAID_AFTER: u32 = 30;

const ROWS: &str = "SELECT id, handed, mark::text, taken FROM credit_key ORDER BY id";
/// What gateways said of their keys, whether they are here or not.
const SAID: &str =
    "SELECT origin, keys, beat > pg_catalog.now() - interval '3 seconds' FROM credit_replica ORDER BY origin";
/// Stands for all rows: each has another mark once it is written.
const MARKS: &str =
    "SELECT coalesce(pg_catalog.md5(pg_catalog.string_agg(id || mark::text, ',' ORDER BY id)), '') FROM credit_key";
/// Whoever comes first; the others take that one.
const PUT: &str =
    "INSERT INTO credit_key (id, handed, origin, taken) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
const CHANGE: &str = "UPDATE credit_key SET handed = $3, origin = $4, mark = pg_catalog.gen_random_uuid() WHERE id = $1 AND mark::text = $2";
const NOTE: &str = "UPDATE credit_key SET taken = true WHERE id = $1 AND NOT taken";
/// Which key of its own the ring of a gateway has.
const RING: &str = "INSERT INTO credit_key (id, handed, origin, taken) VALUES ($1, $2, $3, true) ON CONFLICT (id) DO UPDATE \
                    SET handed = excluded.handed, mark = pg_catalog.gen_random_uuid()";
/// What its row is named by, beside those of keys, of which none has a blank in its name.
const RING_OF: &str = "ring ";
/// Writes, so that what was committed before it is proved with it.
const FENCE: &str = "UPDATE credit_key SET origin = origin WHERE id = $1";

/// A row as it is shown.
pub(crate) struct Listed {
    pub(crate) id: String,
    /// Nothing where the key was destroyed.
    pub(crate) handed: Option<String>,
    /// Whether a gateway has had it.
    pub(crate) taken: bool,
    /// Whether it is in force, or will be, at gateways by the names of their logs: what each said last, and whether it is here.
    pub(crate) at: Vec<(String, bool, bool)>,
}

/// What a look found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// What is there and is not used.
    pub(crate) faults: Vec<HandedError>,
    /// Of these, why this ring is not that of the others.
    pub(crate) other_ring: Option<HandedError>,
    /// The ring's own key here, and what each gateway said of it there, by the name of its log.
    rings: (String, BTreeMap<String, String>),
    /// The keys that are there, and in force here or to come.
    keys: Vec<String>,
}

/// What the ring and the rows were at a look after which nothing was left to do.
#[derive(PartialEq, Eq)]
struct Settled {
    marks: String,
    ring: [u8; 32],
    months: Vec<KeyId>,
}

/// Gives what is missing there and takes what is missing here.
///
/// # Errors
/// [`KeysFault`]. Nothing was taken then that is not proved.
pub(super) async fn share(
    link: &Link,
    origin: &str,
    rings: &Arc<dyn Rings>,
    limit: Duration,
) -> Result<Shared, KeysFault> {
    let latest = Instant::now() + limit;
    let within = async {
        let (plan, shared) = planned(&link.client, rings).await?;
        let is_written = write(&link.client, origin, &plan).await? | say_ring(&link.client, origin, &shared).await?;
        let (plan, shared) = if is_written { planned(&link.client, rings).await? } else { (plan, shared) };
        if let Some((id, _)) = plan.take.first() {
            link.client.execute(FENCE, &[&id.as_str()]).await?;
        }
        if is_written || !plan.take.is_empty() {
            link.prove(latest).await?;
        }
        Ok::<_, KeysFault>((plan.take, shared))
    };
    let (take, shared) = timeout_at(latest, within).await.unwrap_or(Err(StateFault::Late.into()))?;
    for (id, text) in take {
        let (rings, name) = (Arc::clone(rings), id.clone());
        // The ring is a file: who writes it may wait for a disk.
        let taken = spawn_blocking(move || rings.take(&name, &text)).await;
        taken.map_err(|_| StateFault::Late)??;
        tracing::info!(key = id.as_str(), "a key was taken from the shared state");
    }
    Ok(shared)
}

/// Whether a start could take what it needs; nothing is written.
///
/// # Errors
/// [`KeysFault`].
pub(super) async fn look(client: &Client, rings: &Arc<dyn Rings>) -> Result<Shared, KeysFault> {
    Ok(planned(client, rings).await?.1)
}

/// Puts the keys of a ring there, in the transaction of the client.
///
/// # Errors
/// [`KeysFault`], also where the keys of another ring are there.
pub(super) async fn put(client: &Client, origin: &str, rings: &Arc<dyn Rings>) -> Result<(), KeysFault> {
    let (plan, shared) = planned(client, rings).await?;
    if let Some(fault) = shared.faults.into_iter().next() {
        return Err(StateFault::Handed(fault).into());
    }
    write(client, origin, &plan).await?;
    Ok(())
}

/// Hands out the keys of a turn: from here on each gateway takes them.
async fn hand_out(link: &Link, origin: &str, rings: &Arc<dyn Rings>, ahead: Ahead) -> Result<HandedOut, KeysFault> {
    let client = &link.client;
    let said = said(client).await?;
    if let Some((earlier, ..)) = said.iter().find(|(of, keys, is_here)| *is_here && keys.is_none() && of != origin) {
        return Err(StateFault::Earlier(earlier.clone()).into());
    }
    let rings = Arc::clone(rings);
    let made = spawn_blocking(move || {
        let (mut made, now) = (None, rings.now());
        rings.lend(&mut |ring, _| made = Some(ring.hand_out_ahead(&ahead, now, &SystemEntropy::new())))?;
        made.transpose()
    });
    let (id, text) = made.await.map_err(|_| StateFault::Late)??.ok_or(StateFault::Late)?;
    let is_known = said.iter().any(|(_, keys, _)| lines(keys).any(|(key, ..)| key == id.as_str()));
    let put = if is_known { 0 } else { client.execute(PUT, &[&id.as_str(), &Some(&text), &origin, &false]).await? };
    if put == 0 {
        return Err(StateFault::HandedOutBefore(id.as_str().to_owned()).into());
    }
    let keys = About::read(&text).map_or_else(Vec::new, |about| about.keys.into_iter().map(|(id, _)| id).collect());
    Ok(HandedOut { keys, activates: ahead.at })
}

/// Whether all may go on from one ring to the next key of `ring`, or from one turn that is handed out to the next: what is handed out is
/// opened by the ring's own key alone, so that is the same in all rings then; and where it is to be another one, all have what was handed out.
async fn settled(client: &Client, origin: &str, rings: &Arc<dyn Rings>, for_ring: bool) -> Result<(), KeysFault> {
    let (plan, shared) = planned(client, rings).await?;
    if let Some(fault) = plan.faults.into_iter().find(is_of_another_ring) {
        return Err(StateFault::Handed(fault).into());
    }
    let said = said(client).await?;
    for (of, keys, _) in said.iter().filter(|(of, _, is_here)| *is_here && of != origin) {
        let (ring, others) = &shared.rings;
        if others.get(of).is_some_and(|other| other != ring) {
            return Err(StateFault::OtherRingKey(of.clone()).into());
        }
        // Of keys that are over nobody says anything.
        let has = |key: &str| keys.is_none() || lines(keys).any(|(other, ..)| other == key);
        if let Some(key) = shared.keys.iter().find(|key| for_ring && !has(key)) {
            return Err(StateFault::NotTaken { key: key.clone(), origin: of.clone() }.into());
        }
    }
    match plan.take.first().filter(|_| for_ring) {
        Some((key, _)) => Err(StateFault::NotTaken { key: key.to_string(), origin: origin.to_owned() }.into()),
        None => Ok(()),
    }
}

/// Says which key of its own the ring has, where that is not what it said.
async fn say_ring(client: &Client, origin: &str, Shared { rings: (own, all), .. }: &Shared) -> Result<bool, KeysFault> {
    if all.get(origin) == Some(own) {
        return Ok(false);
    }
    client.execute(RING, &[&format!("{RING_OF}{origin}"), own, &origin]).await?;
    Ok(true)
}

/// What gateways said of their keys, and whether they are here.
async fn said(client: &Client) -> Result<Vec<(String, Option<String>, bool)>, tokio_postgres::Error> {
    let rows = client.query(SAID, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

fn lines(keys: &Option<String>) -> impl Iterator<Item = (&str, &str, i64)> {
    keys.iter().flat_map(|keys| keys.lines()).filter_map(parsed)
}

/// What is handed out.
///
/// # Errors
/// [`KeysFault`].
pub(super) async fn listed(server: &Server) -> Result<Vec<Listed>, KeysFault> {
    let within = async {
        let link = server.connect().await?;
        let said = said(&link.client).await?;
        let mut all = Vec::new();
        for Row { id, handed, taken, .. } in rows(&link.client).await?.into_iter().filter(is_key) {
            let has = |keys: &Option<String>| lines(keys).any(|(key, ..)| key == id);
            let at = said.iter().map(|(origin, keys, is_here)| (origin.clone(), has(keys), *is_here)).collect();
            all.push(Listed { id, handed, taken, at });
        }
        Ok(all)
    };
    timeout_at(Instant::now() + 2 * server.timeout(), within).await.unwrap_or(Err(StateFault::Late.into()))
}

async fn rows(client: &Client) -> Result<Vec<Row>, tokio_postgres::Error> {
    let rows = client.query(ROWS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Row { id: row.try_get(0)?, handed: row.try_get(1)?, mark: row.try_get(2)?, taken: row.try_get(3)? })
        })
        .collect()
}

/// Whether it is the row of a key, and not of what a ring has of its own.
fn is_key(row: &Row) -> bool {
    !row.id.starts_with(RING_OF)
}

async fn planned(client: &Client, rings: &Arc<dyn Rings>) -> Result<(Plan, Shared), KeysFault> {
    let rows = rows(client).await?;
    let rings = Arc::clone(rings);
    let planned = spawn_blocking(move || {
        let mut made = Ok((Plan::default(), Shared::default()));
        let now = rings.now();
        rings.lend(&mut |ring, gone| {
            made = Plan::new(&rows, (ring, gone), now, &SystemEntropy::new()).map(|plan| {
                let of = |row: &Row| Some((row.id.strip_prefix(RING_OF)?.to_owned(), row.handed.clone()?));
                let is_over = |key: &KeyStatus| key.ends.is_some_and(|ends| ends.superseded <= now);
                let own = ring.status(now);
                let lasts =
                    |id: &str| own.iter().any(|key| key.id.as_str() == id && key.destroyed.is_none() && !is_over(key));
                let lasting = rows.iter().filter(|row| row.handed.is_some() && lasts(&row.id));
                let shared = Shared {
                    faults: plan.faults.clone(),
                    other_ring: plan.other_ring(ring).cloned(),
                    rings: (ring.own_key(), rows.iter().filter_map(of).collect()),
                    keys: lasting.map(|row| row.id.clone()).collect(),
                };
                (plan, shared)
            });
        })?;
        made
    });
    Ok(planned.await.map_err(|_| StateFault::Late)??)
}

/// Whether there was anything to write.
async fn write(client: &Client, origin: &str, Plan { put, change, note, .. }: &Plan) -> Result<bool, KeysFault> {
    for (id, text) in put {
        client.execute(PUT, &[&id.as_str(), text, &origin, &true]).await?;
    }
    for id in note {
        client.execute(NOTE, &[&id.as_str()]).await?;
    }
    for (id, mark, text) in change {
        let changed: [&(dyn ToSql + Sync); 4] = [&id.as_str(), mark, text, &origin];
        client.execute(CHANGE, &changed).await?;
    }
    Ok(!put.is_empty() || !change.is_empty() || !note.is_empty())
}

/// Looks at the keys each second, and when it is asked to, over a connection of its own: a ring that hangs makes nobody else wait.
pub(super) async fn keep(
    cluster: Arc<Cluster>,
    server: Server,
    origin: String,
    mut asked: mpsc::UnboundedReceiver<ToKeys>,
    rings: Arc<dyn Rings>,
) {
    let mut keeping = Keeping { server, origin, rings, link: None, settled: None, faults: None };
    let mut failed = 0_u32;
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let waits = tokio::select! {
            asks = asked.recv() => match asks {
                Some(ToKeys::Share(reply)) => Some(reply),
                Some(ToKeys::MayTurnRing(reply)) => {
                    drop(reply.send(keeping.settled_for(true).await));
                    continue;
                }
                Some(ToKeys::HandOut(ahead, reply)) => {
                    // Who does not wait any more needs no answer.
                    drop(reply.send(keeping.hand_out(ahead).await));
                    continue;
                }
                None => return,
            },
            _ = every.tick() => None,
        };
        match keeping.round().await {
            Ok(()) => {
                failed = 0;
                cluster.keys.say(keeping.faults.clone());
                waits.into_iter().for_each(|done| done.send(()).unwrap_or_default());
            }
            Err(fault) => {
                (keeping.link, keeping.settled, failed) = (None, None, failed.saturating_add(1));
                // While the state is away, the duty that hears the others says so.
                let passes = matches!(&fault, KeysFault::State(fault) if fault.may_pass());
                if !passes || failed > SAID_AFTER {
                    cluster.keys.say(Some(fault.to_string()));
                }
            }
        }
    }
}

struct Keeping {
    server: Server,
    origin: String,
    rings: Arc<dyn Rings>,
    link: Option<Link>,
    settled: Option<Settled>,
    faults: Option<String>,
}

impl Keeping {
    /// Whether the ring's own key may be rotated here, or else other keys.
    async fn settled_for(&mut self, ring: bool) -> Result<(), KeysFault> {
        // What others handed out is taken before.
        self.round().await?;
        let link = self.link.as_ref().ok_or(StateFault::Late)?;
        let settled = settled(&link.client, &self.origin, &self.rings, ring);
        timeout_at(Instant::now() + self.server.timeout(), settled).await.unwrap_or(Err(StateFault::Late.into()))
    }

    /// Hands out the keys of a turn, proved, and takes them.
    async fn hand_out(&mut self, ahead: Ahead) -> Result<HandedOut, KeysFault> {
        self.settled_for(false).await?;
        let link = self.link.as_ref().ok_or(StateFault::Late)?;
        let latest = Instant::now() + self.server.timeout();
        let within = async {
            let handed_out = hand_out(link, &self.origin, &self.rings, ahead).await?;
            link.prove(latest).await?;
            Ok(handed_out)
        };
        let handed_out = timeout_at(latest, within).await.unwrap_or(Err(StateFault::Late.into()));
        if handed_out.as_ref().is_err_and(|fault| matches!(fault, KeysFault::State(fault) if fault.may_pass())) {
            self.link = None;
        }
        let handed_out = handed_out?;
        // Handed out it is, whatever keeps this ring from taking it: that is tried each second, and said.
        drop(self.round().await);
        Ok(handed_out)
    }

    /// Looks whether anything has changed, and does what is to be done then.
    async fn round(&mut self) -> Result<(), KeysFault> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.server.connect().await?,
        };
        let (link, latest) = (self.link.insert(link), Instant::now() + self.server.timeout());
        let marks = timeout_at(latest, link.client.query_one(MARKS, &[])).await.map_err(|_| StateFault::Late)??;
        let settled = self.rings_are(marks.try_get(0)?).await?;
        // While something is wrong, the ring's file is looked at each time: somebody may have mended it.
        if self.settled.as_ref() == Some(&settled) && self.faults.is_none() {
            return Ok(());
        }
        let link = self.link.as_ref().ok_or(StateFault::Late)?;
        let shared = share(link, &self.origin, &self.rings, self.server.timeout()).await?;
        self.faults = shared.faults.first().map(ToString::to_string);
        // What was written or taken meanwhile makes another look.
        self.settled = Some(settled);
        Ok(())
    }

    async fn rings_are(&self, marks: String) -> Result<Settled, KeysFault> {
        let rings = Arc::clone(&self.rings);
        let settled = spawn_blocking(move || {
            let mut settled = Settled { marks, ring: [0; 32], months: Vec::new() };
            let wanted = wanted(rings.now());
            let mut stands_for = |ring: &Ring, gone: &BTreeSet<KeyId>| {
                settled.ring = ring.digest();
                settled.months = wanted.iter().map(|at| ring.of_month(*at).0).chain(gone.iter().cloned()).collect();
            };
            rings.peek(&mut stands_for);
            settled
        });
        Ok(settled.await.map_err(|_| StateFault::Late)?)
    }
}

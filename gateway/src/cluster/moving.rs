//! The counts of one gateway go into the shared state, and out of it.
//!
//! Both are one transaction in which nobody else can begin to count, so a crash at any moment leaves all of it or nothing; what was
//! done is told only once it is proved, and asking again is never wrong.

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Row};

use super::{
    acts::{is_shared, kind_of},
    beat::KINDS,
    before::Before,
    fault::StateFault,
    handing::{KeysFault, Rings},
    handle::Own,
    keys,
    link::{Link, Server},
    owner::{Known, is_alone, may_serve},
    tables::are_there,
    telling::{PUT, are_same},
};
use crate::{
    settings::SharedState,
    state::moved::{Moved, MovedFirst, MovedUse},
};

/// A commit that moves much may take so long until a standby has it.
const COMMITTED: Duration = Duration::from_secs(60);
/// Rows of one statement.
const ROWS: usize = 2_000;
/// Acts of one statement.
const ACTS: usize = 256;

/// Nobody counts, tells or begins to until the transaction ends. Who did before it has ended.
const ALONE: &str = "LOCK TABLE credit_replica, credit_act, credit_once, credit_count, credit_use, credit_repeat, \
     credit_claim, credit_key, credit_session, credit_word, credit_asked IN EXCLUSIVE MODE";
const IS_THERE: &str = "SELECT FROM credit_replica WHERE origin = $1";
const OTHER: &str = "SELECT origin FROM credit_replica WHERE origin <> $1 UNION ALL \
     SELECT origin FROM credit_act WHERE origin <> $1 UNION ALL \
     SELECT origin FROM credit_claim WHERE origin <> $1 UNION ALL \
     SELECT origin FROM credit_repeat WHERE origin <> $1 LIMIT 1";
const COUNTS: &str =
    "SELECT FROM credit_count UNION ALL SELECT FROM credit_use UNION ALL SELECT FROM credit_repeat LIMIT 1";
const COUNT: &str = "INSERT INTO credit_count AS c (key, n, until) SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[]) \
     ON CONFLICT (key) DO UPDATE SET n = c.n + excluded.n, until = greatest(c.until, excluded.until)";
const COUNTED: &str = "SELECT key FROM credit_count WHERE key = ANY ($1)";
/// A number that another log has too was used twice while the state was put back: the other use has the next one.
const USE: &str = "WITH t AS (SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[]) AS t (c, n, a, u)), \
     last AS (SELECT consent, max(number) AS number FROM credit_use WHERE consent = ANY ($1) GROUP BY consent) \
     INSERT INTO credit_use (consent, number, at, until) SELECT t.c, CASE WHEN EXISTS \
     (SELECT FROM credit_use AS k WHERE k.consent = t.c AND k.number = t.n) \
     THEN greatest(last.number, (SELECT max(o.n) FROM t AS o WHERE o.c = t.c)) + (row_number() OVER (PARTITION BY t.c ORDER BY t.n))::integer \
     ELSE t.n END, t.a, t.u FROM t LEFT JOIN last ON last.consent = t.c";
const FIRST: &str = "INSERT INTO credit_repeat (key, identity, first, origin, asked, answered, repeats) \
     SELECT k, i, f, $4, a, true, r FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $5::bigint[], $6::integer[]) \
     AS t (k, i, f, a, r) ON CONFLICT (key) DO NOTHING";
/// Acts hold in the order in which they were recorded, by the clocks of their gateways: what order they were told in is lost. `at` is
/// the first of that name in a leaf, and has the same form in all.
const IN_ORDER: &str = "WITH told AS (DELETE FROM credit_act RETURNING origin, leaf_index, leaf, kind) \
     INSERT INTO credit_act (origin, leaf_index, leaf, kind) SELECT origin, leaf_index, leaf, kind FROM told \
     ORDER BY substring(leaf FROM position('\\x226174223a22'::bytea IN leaf) + 6 FOR 27), origin, leaf_index";
const JOIN: &str =
    "INSERT INTO credit_replica (origin, beat, ring, told, kinds, owner) VALUES ($1, 'epoch', $2, $3, $4, $5)";
/// The log is of this data folder from here on. It writes in any case, so that what was committed before is proved with it.
const TAKE: &str = "UPDATE credit_replica SET owner = $2 WHERE origin = $1";
const LEAVE: &str = "DELETE FROM credit_claim; DELETE FROM credit_repeat; DELETE FROM credit_use; DELETE FROM credit_count; \
     DELETE FROM credit_once; DELETE FROM credit_session; DELETE FROM credit_word; DELETE FROM credit_asked; DELETE FROM credit_key; DELETE FROM credit_act; DELETE FROM credit_replica";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All of it, now; with so many acts.
    Now {
        /// Acts.
        acts: usize,
    },
    /// It was done before.
    Before,
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MoveFault {
    /// The shared state.
    #[error(transparent)]
    State(#[from] StateFault),
    /// Another gateway counts there, or did.
    #[error(
        "`{0}` counts in this shared state, or did: what was counted by one gateway alone goes into a state that nobody uses, and comes out of one that nobody else used"
    )]
    Other(String),
    /// Counts of nobody that is known there.
    #[error("the shared state has counts of a gateway that it does not name: make its tables in an empty database")]
    NotEmpty,
    /// Nothing to move into.
    #[error("there is no [state] in the configuration")]
    NoState,
    /// Nothing of this log is there, and it counts together with others.
    #[error(
        "this log counts together in another shared state than that of `[state]`; where that one is lost or was put back, stop all gateways and run `credit-gateway state join --after-loss` with the configuration of each"
    )]
    Elsewhere,
    /// It never counted together with those that are there.
    #[error("this log never counted together with others, and after a loss those alone come back that did")]
    NeverTogether,
    /// The key ring.
    #[error(transparent)]
    Ring(credit_keys::ChangeError),
    /// The own log, or the note beside it.
    #[error("the log, or the note beside it, cannot be read or written: {0}")]
    Log(#[from] io::Error),
}

impl From<KeysFault> for MoveFault {
    fn from(fault: KeysFault) -> Self {
        match fault {
            KeysFault::State(fault) => Self::State(fault),
            KeysFault::Ring(fault) => Self::Ring(fault),
        }
    }
}

impl From<tokio_postgres::Error> for MoveFault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::State(error.into())
    }
}

/// What a note beside the log says of how it counts: without one it counts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// It may have gone into a shared state.
    Joining,
    /// It counts together with others.
    Joined,
    /// It may have come out of it.
    Leaving,
}

/// The note of a log, kept beside it.
pub(crate) trait Notes {
    /// What it says.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self) -> io::Result<Option<Note>>;

    /// Says something else, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    fn say(&self, note: Option<Note>) -> io::Result<()>;
}

/// Whether a log counts together from here on, or did before and the state that knew it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// It counted alone.
    First,
    /// The others are there, or come.
    AfterLoss,
}

/// Puts what this gateway counted into the shared state, and the acts of its log.
///
/// # Errors
/// [`MoveFault`]. Where the state did not answer it may be done all the same: ask again.
pub(crate) async fn join(
    settings: &SharedState,
    (own, rings, coming): (&Own, &Arc<dyn Rings>, Coming),
    mut moved: Moved,
    (leaves, size): (impl Iterator<Item = io::Result<(u64, Vec<u8>)>>, u64),
    notes: &impl Notes,
) -> Result<Done, MoveFault> {
    let link = connected(settings).await?;
    let client = &link.client;
    is_alone(client, own).await?;
    client.batch_execute(&format!("BEGIN; {ALONE}")).await?;
    let (known, before) = (Known::read(&own.folder)?, Before::read(&own.folder)?);
    if client.query_opt(IS_THERE, &[&own.origin]).await?.is_some() {
        // Where it was put back, it lacks uses too: it is made anew. Others may come later.
        match before.compare(client, &own.origin).await {
            Ok(()) | Err(StateFault::NotJoined(_)) => {}
            Err(fault) => return Err(fault.into()),
        }
        // Nobody is there, and nobody comes meanwhile: a folder that has all of it may go on with it.
        let acts = leaves.filter(|read| read.as_ref().map_or(true, |(_, leaf)| is_shared(leaf)));
        are_same(client, &own.origin, acts).await??;
        let owner = { known }.draw()?;
        client.execute(TAKE, &[&own.origin, &&owner[..]]).await?;
        commit(&link).await?;
        notes.say(Some(Note::Joined))?;
        return Ok(Done::Before);
    }
    match notes.read()? {
        Some(Note::Joined) if coming == Coming::First => return Err(MoveFault::Elsewhere),
        Some(Note::Joined) => {}
        // Nothing of this log is there, and nothing is on its way: the tables are this transaction's.
        Some(Note::Joining | Note::Leaving) => notes.say(None)?,
        None => {}
    }
    let is_known = before.is_known() || known.is_known() || notes.read()? == Some(Note::Joined);
    match (coming, other(client, own).await?) {
        (Coming::AfterLoss, _) if !is_known => return Err(MoveFault::NeverTogether),
        (Coming::AfterLoss, Some(MoveFault::Other(_))) => leave_out(client, &mut moved).await?,
        (Coming::First, None) if before.is_known() => return Err(MoveFault::Elsewhere),
        (_, None) => {}
        (_, Some(fault)) => return Err(fault),
    }
    let counts: Vec<_> = moved.counts.iter().map(|(key, (count, until))| (&key[..], *count, *until)).collect();
    for part in counts.chunks(ROWS) {
        let keys: Vec<&[u8]> = part.iter().map(|(key, ..)| *key).collect();
        let (counts, until): (Vec<i32>, Vec<i64>) = part.iter().map(|(_, count, until)| (*count, *until)).unzip();
        client.execute(COUNT, &[&keys, &counts, &until]).await?;
    }
    for part in moved.uses.chunks(ROWS) {
        put_uses(client, part).await?;
    }
    for part in moved.firsts.chunks(ROWS) {
        put_firsts(client, &own.origin, part).await?;
    }
    let acts = put_acts(client, &own.origin, leaves).await?;
    client.batch_execute(IN_ORDER).await?;
    keys::put(client, &own.origin, rings).await?;
    let (ring, told) = (own.keys.as_ref().map_or([0; 32], |keys| keys.digest), i64::try_from(size).unwrap_or(i64::MAX));
    let owner = { known }.draw()?;
    client.execute(JOIN, &[&own.origin, &&ring[..], &told, &KINDS, &&owner[..]]).await?;
    // From here on it counts alone no more. After a crash it is asked again: then it is there, or it is not.
    notes.say(Some(Note::Joining))?;
    commit(&link).await?;
    notes.say(Some(Note::Joined))?;
    Ok(Done::Now { acts })
}

/// Takes a gateway out of the shared state that counted there alone: its own log says all of it. The state is empty then.
///
/// # Errors
/// [`MoveFault`]. Where the state did not answer it may be done all the same: ask again.
pub(crate) async fn leave(settings: &SharedState, own: &Own, notes: &impl Notes) -> Result<Done, MoveFault> {
    let link = connected(settings).await?;
    let client = &link.client;
    may_serve(client, own).await?;
    client.batch_execute(&format!("BEGIN; {ALONE}")).await?;
    if client.query_opt(IS_THERE, &[&own.origin]).await?.is_none() {
        if notes.read()? == Some(Note::Joined) {
            return Err(MoveFault::Elsewhere);
        }
        client.batch_execute("ROLLBACK").await?;
        notes.say(None)?;
        return Ok(Done::Before);
    }
    if let Some(row) = client.query_opt(OTHER, &[&own.origin]).await? {
        return Err(MoveFault::Other(row.try_get(0)?));
    }
    let acts = client.query("SELECT FROM credit_act", &[]).await?.len();
    client.batch_execute(LEAVE).await?;
    notes.say(Some(Note::Leaving))?;
    commit(&link).await?;
    // From here on it counts alone, and nothing of it is there any more.
    Before::forget(&own.folder)?;
    Known::forget(&own.folder)?;
    notes.say(None)?;
    Ok(Done::Now { acts })
}

async fn connected(settings: &SharedState) -> Result<Link, MoveFault> {
    let server = Server::new(settings)?;
    let link = server.connect().await?;
    are_there(&link.client).await?;
    Ok(link)
}

async fn commit(link: &Link) -> Result<(), MoveFault> {
    let latest = Instant::now() + COMMITTED;
    let committed = async { Ok::<_, StateFault>(link.client.batch_execute("COMMIT").await?) };
    timeout_at(latest, committed).await.unwrap_or(Err(StateFault::Late))?;
    Ok(link.prove(latest).await?)
}

async fn other(client: &Client, own: &Own) -> Result<Option<MoveFault>, MoveFault> {
    if let Some(row) = client.query_opt(OTHER, &[&own.origin]).await? {
        return Ok(Some(MoveFault::Other(row.try_get(0)?)));
    }
    let found: Option<Row> = client.query_opt(COUNTS, &[]).await?;
    Ok(found.map(|_| MoveFault::NotEmpty))
}

/// Different persons of a day are counted once, whichever logs have them.
async fn leave_out(client: &Client, moved: &mut Moved) -> Result<(), MoveFault> {
    let persons: Vec<_> = moved.persons.iter().map(|(person, persons)| (*person, *persons)).collect();
    for part in persons.chunks(ROWS) {
        let keys: Vec<&[u8]> = part.iter().map(|(person, _)| &person[..]).collect();
        let there = client.query(COUNTED, &[&keys]).await?;
        let there = there.iter().map(|row| Ok(row.try_get::<_, &[u8]>(0)?.to_vec()));
        let there = there.collect::<Result<BTreeSet<_>, tokio_postgres::Error>>()?;
        for (_, persons) in part.iter().filter(|(person, _)| there.contains(&person[..])) {
            if let Some((count, _)) = moved.counts.get_mut(persons) {
                *count -= 1;
            }
        }
    }
    Ok(())
}

async fn put_uses(client: &Client, uses: &[MovedUse]) -> Result<(), MoveFault> {
    let consents: Vec<&[u8]> = uses.iter().map(|use_| &use_.consent[..]).collect();
    let numbers: Vec<i32> = uses.iter().map(|use_| use_.number).collect();
    let (at, until): (Vec<i64>, Vec<i64>) = uses.iter().map(|use_| (use_.at, use_.until)).unzip();
    client.execute(USE, &[&consents, &numbers, &at, &until]).await?;
    Ok(())
}

async fn put_firsts(client: &Client, origin: &str, firsts: &[MovedFirst]) -> Result<(), MoveFault> {
    let keys: Vec<&[u8]> = firsts.iter().map(|first| &first.key[..]).collect();
    let identities: Vec<&[u8]> = firsts.iter().map(|first| &first.identity[..]).collect();
    let ids: Vec<&[u8]> = firsts.iter().map(|first| &first.first.as_bytes()[..]).collect();
    let (asked, repeats): (Vec<i64>, Vec<i32>) = firsts.iter().map(|first| (first.asked, first.repeats)).unzip();
    client.execute(FIRST, &[&keys, &identities, &ids, &origin, &asked, &repeats]).await?;
    Ok(())
}

/// The acts of the log, in its order.
async fn put_acts(
    client: &Client,
    origin: &str,
    leaves: impl Iterator<Item = io::Result<(u64, Vec<u8>)>>,
) -> Result<usize, MoveFault> {
    let (mut waiting, mut acts): (Vec<(i64, Vec<u8>)>, _) = (Vec::new(), 0);
    let mut leaves = leaves.peekable();
    while let Some(read) = leaves.next() {
        let (index, leaf) = read?;
        if is_shared(&leaf) {
            waiting.push((i64::try_from(index).unwrap_or(i64::MAX), leaf));
        }
        if waiting.len() == ACTS || (leaves.peek().is_none() && !waiting.is_empty()) {
            let indices: Vec<i64> = waiting.iter().map(|(index, _)| *index).collect();
            let texts: Vec<&[u8]> = waiting.iter().map(|(_, leaf)| &leaf[..]).collect();
            let kinds: Vec<&str> = texts.iter().map(|leaf| kind_of(leaf).unwrap_or_default()).collect();
            client.execute(PUT, &[&origin, &indices, &texts, &kinds]).await?;
            acts += waiting.len();
            waiting.clear();
        }
    }
    Ok(acts)
}

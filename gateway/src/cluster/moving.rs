//! The counts of one gateway go into the shared state, and out of it.
//!
//! Both are one transaction in which nobody else can begin to count, so a crash at any moment leaves all of it or nothing; what was
//! done is told only once it is proved, and asking again is never wrong.

use std::{io, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Row};

use super::{
    acts::{is_shared, kind_of},
    beat::KINDS,
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
const COUNT: &str =
    "INSERT INTO credit_count (key, n, until) SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[])";
const USE: &str = "INSERT INTO credit_use (consent, number, at, until) \
     SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[])";
const FIRST: &str = "INSERT INTO credit_repeat (key, identity, first, origin, asked, answered, repeats) \
     SELECT k, i, f, $4, a, true, r FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $5::bigint[], $6::integer[]) \
     AS t (k, i, f, a, r)";
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
    #[error("this log counts together in another shared state than that of `[state]`")]
    Elsewhere,
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

/// Puts what this gateway counted into the shared state, and the acts of its log.
///
/// # Errors
/// [`MoveFault`]. Where the state did not answer it may be done all the same: ask again.
pub(crate) async fn join(
    settings: &SharedState,
    (own, rings): (&Own, &Arc<dyn Rings>),
    moved: &Moved,
    (leaves, size): (impl Iterator<Item = io::Result<(u64, Vec<u8>)>>, u64),
    notes: &impl Notes,
) -> Result<Done, MoveFault> {
    let link = connected(settings).await?;
    let client = &link.client;
    is_alone(client, own).await?;
    client.batch_execute(&format!("BEGIN; {ALONE}")).await?;
    if client.query_opt(IS_THERE, &[&own.origin]).await?.is_some() {
        // Nobody is there, and nobody comes meanwhile: a folder that has all of it may go on with it.
        let acts = leaves.filter(|read| read.as_ref().map_or(true, |(_, leaf)| is_shared(leaf)));
        are_same(client, &own.origin, acts).await??;
        let owner = Known::read(&own.folder)?.draw()?;
        client.execute(TAKE, &[&own.origin, &&owner[..]]).await?;
        commit(&link).await?;
        notes.say(Some(Note::Joined))?;
        return Ok(Done::Before);
    }
    match notes.read()? {
        Some(Note::Joined) => return Err(MoveFault::Elsewhere),
        // Nothing of this log is there, and nothing is on its way: the tables are this transaction's.
        Some(Note::Joining | Note::Leaving) => notes.say(None)?,
        None => {}
    }
    if let Some(fault) = other(client, own).await? {
        return Err(fault);
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
    keys::put(client, &own.origin, rings).await?;
    let (ring, told) = (own.keys.as_ref().map_or([0; 32], |keys| keys.digest), i64::try_from(size).unwrap_or(i64::MAX));
    let owner = Known::read(&own.folder)?.draw()?;
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

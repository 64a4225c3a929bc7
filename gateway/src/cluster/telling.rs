//! How acts of the own log are given to the others: by whoever owns the log, and never another leaf in the place of one.

use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::{acts::kind_of, fault::StateFault, handle::Looked, owner::Owner};

/// Where nobody else counts, and nothing of the log is there.
pub(super) const PUT: &str = "INSERT INTO credit_act (origin, leaf_index, leaf, kind) \
     SELECT $1, i, l, k FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS t (i, l, k) \
     ORDER BY i ON CONFLICT (origin, leaf_index) DO NOTHING";
/// Only while the log is this process's. What is there already is the same leaf, or another history of this log: then nothing is told.
pub(super) const TELL: &str = "WITH t AS (SELECT * FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS t (i, l, k)), \
     own AS (SELECT FROM credit_replica WHERE origin = $1 AND owner = $5), \
     other AS (SELECT a.leaf_index FROM credit_act AS a, t WHERE a.origin = $1 AND a.leaf_index = t.i AND a.leaf <> t.l), \
     told AS (INSERT INTO credit_act (origin, leaf_index, leaf, kind) SELECT $1, i, l, k FROM t \
     WHERE EXISTS (SELECT FROM own) AND NOT EXISTS (SELECT FROM other) ORDER BY i ON CONFLICT (origin, leaf_index) DO NOTHING) \
     SELECT EXISTS (SELECT FROM own), (SELECT min(leaf_index) FROM other)";
/// The last of a log's acts that the state has.
const LAST: &str = "SELECT leaf_index, leaf FROM credit_act WHERE origin = $1 ORDER BY leaf_index DESC LIMIT 1";
/// Of a log, the acts after one that the state has.
const THERE: &str =
    "SELECT leaf_index, leaf FROM credit_act WHERE origin = $1 AND leaf_index > $2 ORDER BY leaf_index LIMIT 500";

/// Acts as a statement takes them.
pub(super) struct Telling<'a> {
    pub(super) indices: Vec<i64>,
    pub(super) leaves: Vec<&'a [u8]>,
    pub(super) kinds: Vec<&'a str>,
}

impl<'a> Telling<'a> {
    pub(super) fn of(acts: &'a [(u64, Vec<u8>)]) -> Self {
        let leaves: Vec<&[u8]> = acts.iter().map(|(_, leaf)| &leaf[..]).collect();
        Self {
            indices: acts.iter().map(|(index, _)| i64::try_from(*index).unwrap_or(i64::MAX)).collect(),
            kinds: leaves.iter().map(|leaf| kind_of(leaf).unwrap_or_default()).collect(),
            leaves,
        }
    }

    /// Tells them, in a transaction that is begun: what the state says of it.
    pub(super) async fn tell(
        &self,
        client: &Client,
        tell: &Statement,
        origin: &str,
        owner: &Owner,
    ) -> Result<Row, tokio_postgres::Error> {
        let owner = &owner[..];
        let told: [&(dyn ToSql + Sync); 5] = [&origin, &self.indices, &self.leaves, &self.kinds, &owner];
        client.query_one(tell, &told).await
    }
}

/// Whether what was told is there.
///
/// # Errors
/// Where another process has the log, or wrote another leaf.
pub(super) fn is_told(row: &Row, origin: &str) -> Result<(), StateFault> {
    if !row.try_get::<_, bool>(0)? {
        return Err(StateFault::OtherFolder(origin.to_owned()));
    }
    match row.try_get::<_, Option<i64>>(1)? {
        Some(index) => Err(StateFault::OtherLeaf { origin: origin.to_owned(), index: unsigned(index) }),
        None => Ok(()),
    }
}

/// Whether the last act of the log that the state has is the one that stands in the log.
///
/// # Errors
/// Where it is another one.
pub(super) async fn is_last(
    client: &Client,
    origin: &str,
    acts_from: impl Fn(u64) -> std::io::Result<Looked>,
) -> Result<(), StateFault> {
    let Some(row) = client.query_opt(LAST, &[&origin]).await? else { return Ok(()) };
    let (index, leaf) = (unsigned(row.try_get(0)?), row.try_get::<_, &[u8]>(1)?);
    let own = acts_from(index).ok().and_then(|(acts, _)| acts.into_iter().find(|(at, _)| *at == index));
    match own {
        Some((_, own)) if own != leaf => Err(StateFault::OtherLeaf { origin: origin.to_owned(), index }),
        // It is not published yet, and then told once more; or it was let go.
        Some(_) | None => Ok(()),
    }
}

/// Whether all acts of a log that the state has are those that stand in the log; `own` are its acts, in its order.
///
/// # Errors
/// Where one is another, or the log cannot be read.
pub(super) async fn are_same(
    client: &Client,
    origin: &str,
    own: impl Iterator<Item = std::io::Result<(u64, Vec<u8>)>>,
) -> Result<std::io::Result<()>, StateFault> {
    let (mut own, mut last) = (own.peekable(), -1_i64);
    loop {
        let rows = client.query(THERE, &[&origin, &last]).await?;
        if rows.is_empty() {
            return Ok(Ok(()));
        }
        for row in rows {
            let (index, leaf) = (row.try_get::<_, i64>(0)?, row.try_get::<_, &[u8]>(1)?);
            let earlier =
                |read: &std::io::Result<(u64, Vec<u8>)>| read.as_ref().is_ok_and(|(at, _)| *at < unsigned(index));
            while own.next_if(earlier).is_some() {}
            match own.peek() {
                Some(Err(_)) => return Ok(own.next().map_or(Ok(()), |read| read.map(drop))),
                Some(Ok((at, own))) if *at == unsigned(index) && own != leaf => {
                    return Err(StateFault::OtherLeaf { origin: origin.to_owned(), index: unsigned(index) });
                }
                // What was let go is compared no more.
                Some(Ok(_)) | None => {}
            }
            last = index;
        }
    }
}

fn unsigned(index: i64) -> u64 {
    u64::try_from(index).unwrap_or_default()
}

//! One round: the store is made like the log.

use credit_audit::{
    checkpoint::Checkpoint,
    pruned::{LONGEST_PRUNED, PRUNED},
    tile::{TileKind, TileName},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    client::{AT_A_TIME, Client, Condition, Object},
    fault::ObjectFault,
    published::{LONGEST_CHECKPOINT, Published, Signed, longest, names},
};

/// The name of the checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// What was found in the place of an object that was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Missing,
    /// Something else.
    Other,
}

impl Found {
    /// A word for metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Other => "other",
        }
    }
}

/// What the checkpoint in the store says.
enum There {
    /// Of this log, with so many records.
    Ours(Object, u64),
    /// Nothing, or something that is none of this log.
    Nothing,
    Other(Object),
}

/// The log, the store, and what one makes of the other.
pub(crate) struct Copying<'a> {
    pub(crate) client: &'a Client,
    pub(crate) log: &'a Published,
    /// Told of each object that was there before and was put again: what was in its place, and its path.
    pub(crate) restored: &'a (dyn Fn(Found, &str) + Sync),
}

impl Copying<'_> {
    /// Makes the store like the log, and compares some objects more, from the `next`-th on. Returns how many records its
    /// checkpoint covers now.
    ///
    /// # Errors
    /// What does not go on; what was put stays put, and the next round goes on with it.
    pub(crate) async fn round(&self, next: &mut usize) -> Result<u64, ObjectFault> {
        self.client.look().await;
        // Before ours: it is then never ahead of ours, but where this log was put back.
        let there = self.there().await?;
        let own = self.log.checkpoint()?;
        let (size, covered) = (own.checkpoint.size, self.covered(&there, &own)?);
        self.client.is_private(&self.client.settings.entries_bucket).await?;
        if !self.log.continues(&own.checkpoint)? {
            return Err(ObjectFault::Forked(size));
        }
        let let_go = self.log.let_go()?;
        side_by_side(names(covered.unwrap_or(0), size, let_go), |name| self.put(name)).await?;
        self.pruned().await?;
        self.checkpoint(there, &own).await?;
        let some = names(0, size, let_go).skip(*next).take(self.client.settings.checks).collect::<Vec<_>>();
        let is_last = some.len() < self.client.settings.checks;
        side_by_side(some.into_iter(), |name| self.put_again(name)).await?;
        *next = if is_last { 0 } else { *next + self.client.settings.checks };
        Ok(size)
    }

    pub(super) fn bucket(&self, name: &TileName) -> &str {
        match name.kind {
            TileKind::Entries => &self.client.settings.entries_bucket,
            TileKind::Hashes(_) => &self.client.settings.bucket,
        }
    }

    /// How many records the checkpoint in the store covers, which this log continues.
    ///
    /// # Errors
    /// Where there is none, or another one.
    pub(super) async fn size_there(&self) -> Result<u64, ObjectFault> {
        let there = self.there().await?;
        match &there {
            There::Ours(..) => Ok(self.covered(&there, &self.log.checkpoint()?)?.unwrap_or(0)),
            There::Nothing => Err(ObjectFault::NoCheckpoint),
            There::Other(object) => Err(self.open(object).err().unwrap_or(ObjectFault::NoCheckpoint)),
        }
    }

    async fn there(&self) -> Result<There, ObjectFault> {
        let object = self.client.get(&self.client.settings.bucket, CHECKPOINT, LONGEST_CHECKPOINT).await?;
        Ok(match object {
            None => There::Nothing,
            Some(object) => match self.open(&object) {
                Ok(checkpoint) => There::Ours(object, checkpoint.size),
                Err(_) => There::Other(object),
            },
        })
    }

    fn open(&self, object: &Object) -> Result<Checkpoint, ObjectFault> {
        let text = std::str::from_utf8(&object.bytes).unwrap_or_default();
        Checkpoint::open(text, self.log.key()).map_err(ObjectFault::Checkpoint)
    }

    /// How many records the store has, where its checkpoint is one that this log continues.
    fn covered(&self, there: &There, own: &Signed) -> Result<Option<u64>, ObjectFault> {
        let There::Ours(object, size) = there else { return Ok(None) };
        let (there, here) = (*size, own.checkpoint.size);
        if there > here {
            return Err(ObjectFault::Longer { there, here });
        }
        if self.log.continues(&self.open(object)?)? { Ok(Some(there)) } else { Err(ObjectFault::Forked(there)) }
    }

    /// What is left of records that were let go, with the entries; it changes when more are.
    async fn pruned(&self) -> Result<(), ObjectFault> {
        let Some(own) = self.log.pruned()? else { return Ok(()) };
        let bucket = &*self.client.settings.entries_bucket;
        let there = self.client.get(bucket, PRUNED, LONGEST_PRUNED).await?;
        let condition = match &there {
            Some(there) if *there.bytes == own => return Ok(()),
            Some(there) => Condition::InPlaceOf(there.etag.as_deref()),
            None => Condition::Absent,
        };
        self.client.put(bucket, PRUNED, &own, condition).await?;
        self.is_kept(bucket, PRUNED, &own, LONGEST_PRUNED).await
    }

    /// The checkpoint, last: everything that it covers is there.
    async fn checkpoint(&self, there: There, own: &Signed) -> Result<(), ObjectFault> {
        let (condition, found) = match &there {
            There::Ours(object, _) if *object.bytes == own.note.as_bytes() => return Ok(()),
            There::Ours(object, _) => (Condition::InPlaceOf(object.etag.as_deref()), None),
            There::Nothing => (Condition::Absent, None),
            There::Other(object) => (Condition::InPlaceOf(object.etag.as_deref()), Some(Found::Other)),
        };
        let bucket = &*self.client.settings.bucket;
        if !self.client.put(bucket, CHECKPOINT, own.note.as_bytes(), condition).await? {
            return Err(ObjectFault::Raced);
        }
        if let Some(found) = found {
            (self.restored)(found, CHECKPOINT);
        }
        self.is_kept(bucket, CHECKPOINT, own.note.as_bytes(), LONGEST_CHECKPOINT).await
    }

    /// Puts what no checkpoint in the store covers yet. What is there already, of a round that broke off, is compared.
    async fn put(&self, name: TileName) -> Result<(), ObjectFault> {
        let (bucket, path, bytes) = (self.bucket(&name), name.path(), self.log.read(&name)?);
        if self.client.put(bucket, &path, &bytes, Condition::Absent).await? {
            return self.is_kept(bucket, &path, &bytes, longest(&name)).await;
        }
        self.put_again(name).await
    }

    /// Compares what was put before, and puts it again where something else or nothing is there.
    pub(super) async fn put_again(&self, name: TileName) -> Result<(), ObjectFault> {
        let Some((found, etag)) = self.compare(&name).await? else { return Ok(()) };
        let (bucket, path, bytes) = (self.bucket(&name), name.path(), self.log.read(&name)?);
        let condition = match found {
            Found::Missing => Condition::Absent,
            Found::Other => Condition::InPlaceOf(etag.as_deref()),
        };
        // Where the condition does not hold somebody changed it meanwhile: what is there is read once more.
        if self.client.put(bucket, &path, &bytes, condition).await? {
            (self.restored)(found, &path);
        }
        self.is_kept(bucket, &path, &bytes, longest(&name)).await
    }

    /// What is wrong with an object, and its ETag; nothing where it is as it should be.
    pub(super) async fn compare(&self, name: &TileName) -> Result<Option<(Found, Option<String>)>, ObjectFault> {
        let there = self.client.get(self.bucket(name), &name.path(), longest(name)).await?;
        Ok(match there {
            None => Some((Found::Missing, None)),
            Some(object) if *object.bytes == self.log.read(name)? => None,
            Some(object) => Some((Found::Other, object.etag)),
        })
    }

    /// Reads again what was put just now: what a store says that it took is not yet there.
    async fn is_kept(&self, bucket: &str, path: &str, bytes: &[u8], most: usize) -> Result<(), ObjectFault> {
        let there = self.client.get(bucket, path, most).await?;
        match there {
            Some(object) if *object.bytes == bytes => Ok(()),
            Some(_) | None => Err(ObjectFault::NotKept(path.to_owned())),
        }
    }
}

/// Does something with each of some objects, a few at a time.
///
/// # Errors
/// The first of theirs.
pub(super) async fn side_by_side<F: Future<Output = Result<(), ObjectFault>>>(
    names: impl Iterator<Item = TileName>,
    each: impl Fn(TileName) -> F,
) -> Result<(), ObjectFault> {
    stream::iter(names).map(each).buffer_unordered(AT_A_TIME).try_collect::<()>().await
}

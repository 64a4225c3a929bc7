//! All objects at once, for the commands: whether the store has the whole log, and how to get it back from there.

use std::{
    fs, io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use credit_audit::{
    checkpoint::Checkpoint,
    note::VerifierKey,
    pruned::{LONGEST_PRUNED, PRUNED, PrunedHead},
    tile::{TileKind, TileName},
};

use super::{
    client::Client,
    fault::ObjectFault,
    published::{LONGEST_CHECKPOINT, longest, names},
    round::{Copying, Found, side_by_side},
};

/// Told how many objects are done, and of how many.
pub(crate) type Told<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Does something with each object of a log of so many records, the first of which were let go, and tells how far it is; returns how
/// many there are.
async fn all<F: Future<Output = Result<(), ObjectFault>>>(
    (size, let_go): (u64, u64),
    told: Told<'_>,
    each: impl Fn(TileName) -> F,
) -> Result<u64, ObjectFault> {
    let (done, of) = (AtomicU64::new(0), names(0, size, let_go).count() as u64);
    let counted = |name| {
        let (doing, done) = (each(name), &done);
        async move {
            doing.await?;
            told(done.fetch_add(1, Ordering::Relaxed) + 1, of);
            Ok(())
        }
    };
    side_by_side(names(0, size, let_go), counted).await?;
    Ok(of)
}

/// What a comparison of all objects found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Objects that should be there.
    pub(crate) objects: u64,
    /// Of these, those that are not there or are other ones, by path.
    pub(crate) wrong: Vec<(Found, String)>,
}

/// Compares each object that the checkpoint in the store covers with the log. Nothing is put.
///
/// # Errors
/// Where the store cannot be read, or its checkpoint is none of this log.
pub(crate) async fn compare(copying: &Copying<'_>, told: Told<'_>) -> Result<Compared, ObjectFault> {
    let size = copying.size_there().await?;
    let wrong = Mutex::new(Vec::new());
    let each = async |name: TileName| {
        if let Some((found, _)) = copying.compare(&name).await? {
            wrong.lock().unwrap_or_else(PoisonError::into_inner).push((found, name.path()));
        }
        Ok(())
    };
    let objects = all((size, copying.log.let_go()?), told, each).await?;
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    wrong.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(Compared { objects, wrong })
}

/// Does a round, and puts every object again that is missing or another one.
///
/// # Errors
/// As a round.
pub(crate) async fn repair(copying: &Copying<'_>, told: Told<'_>) -> Result<u64, ObjectFault> {
    // Whatever checkpoint is there: a round refuses one that this log does not continue, before anything is put.
    let size = copying.round(&mut 0).await?;
    all((size, copying.log.let_go()?), told, |name| copying.put_again(name)).await
}

/// Copies the log out of the store into a folder, as far as its checkpoint says. What came is not believed yet: whoever
/// asked for it checks the folder.
///
/// # Errors
/// Where the store has not all of it, or the folder cannot be written.
pub(crate) async fn fetch(client: &Client, key: &VerifierKey, to: &Path, told: Told<'_>) -> Result<u64, ObjectFault> {
    let (hashes, entries) = (&client.settings.bucket, &client.settings.entries_bucket);
    let there = client.get(hashes, "checkpoint", LONGEST_CHECKPOINT).await?.ok_or(ObjectFault::NoCheckpoint)?;
    let text = std::str::from_utf8(&there.bytes).unwrap_or_default();
    let size = Checkpoint::open(text, key).map_err(ObjectFault::Checkpoint)?.size;
    let let_go = pruned(client, key, to).await?;
    let each = async |name: TileName| {
        let bucket = if name.kind == TileKind::Entries { entries } else { hashes };
        let there = client.get(bucket, &name.path(), longest(&name)).await?;
        let object = there.ok_or_else(|| ObjectFault::NotThere(name.path()))?;
        put(to, &name.path(), &object.bytes)
    };
    let objects = all((size, let_go), told, each).await?;
    put(to, "log.vkey", format!("{key}\n").as_bytes())?;
    put(to, "checkpoint", &there.bytes)?;
    Ok(objects)
}

/// What is left of records that were let go; gives before which one they were.
async fn pruned(client: &Client, key: &VerifierKey, to: &Path) -> Result<u64, ObjectFault> {
    let there = client.get(&client.settings.entries_bucket, PRUNED, LONGEST_PRUNED).await?;
    let Some(there) = there else { return Ok(0) };
    put(to, PRUNED, &there.bytes)?;
    let head = PrunedHead::read(to, Some(key.name()));
    let wrong = |error: io::Error| ObjectFault::OwnFile(to.join(PRUNED), error.to_string());
    Ok(head.map_err(wrong)?.map_or(0, |head| head.until))
}

fn put(to: &Path, name: &str, bytes: &[u8]) -> Result<(), ObjectFault> {
    let path = to.join(name);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
    written.map_err(|error: io::Error| ObjectFault::OwnFile(path, error.to_string()))
}

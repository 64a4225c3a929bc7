//! Making published files again that are missing or not what they were: bundles from the write-ahead log, as long as it
//! has their leaves, hash tiles from the level below. What is made must lead to the published root, or nothing is written.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::leaf_reader::LeafReader;
use crate::checkpoint::Checkpoint;
use crate::log::disk::staged::Staged;
use crate::log::error::Damaged;
use crate::log::publish::bundles::{self, CheckedBundles};
use crate::log::publish::proof_tree::Tree;
use crate::log::threads::shared::{Published, Shared};
use crate::log::wal::lower_edge::LowerEdge;
use crate::log::wal::segment;
use crate::merkle::{self, HASH_LEN, Hash, leaf_hash, perfect_root};
use crate::tile::{self, FULL_WIDTH, MAX_LEVELS, TileKind, TileName};

/// Files by their names, with what they must contain.
type Made = BTreeMap<TileName, Vec<u8>>;

/// Makes a full bundle, its hash tile and those above it as they must be; gives the files that were not so.
///
/// # Errors
/// [`Damaged`]: what is left does not lead to the published root; nothing was written.
pub(super) fn restore(shared: &Shared, index: u64) -> Result<Vec<PathBuf>, Damaged> {
    let published = shared.published();
    let damaged = |why: String| Damaged(why);
    let root = root(&published).ok_or_else(|| damaged("the checkpoint cannot be read".to_owned()))?;
    let leaves = match of_wal(shared, index) {
        Some(leaves) => leaves,
        None => {
            let leaves = bundles::read(&shared.tile_store, index).map_err(|error| damaged(error.to_string()))?;
            leaves.iter().map(|leaf| leaf.to_vec()).collect()
        }
    };
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let mut made = Made::new();
    made.insert(TileName { kind: TileKind::Entries, index, width: FULL_WIDTH }, bundle(&leaves)?);
    made.insert(TileName { kind: TileKind::Hashes(0), index, width: FULL_WIDTH }, hashes.as_flattened().to_vec());
    // First with the tiles above it as they are, then with each of them from the level below.
    for anew in [false, true] {
        let above = above(shared, published.size, index, perfect_root(hashes.as_flattened()), anew);
        let Ok(above) = above else { continue };
        let all: Made = made.iter().map(|(name, bytes)| (*name, bytes.clone())).chain(above).collect();
        if leads_to(shared, &all, published.size, index, &hashes, &root) {
            return write(shared, all).map_err(|error| damaged(format!("it cannot be made again: {error}")));
        }
    }
    let path = shared.tile_store.dir.join(tile::entries_path(index, FULL_WIDTH));
    Err(damaged(format!("`{}`: neither it nor the hash tiles above it lead to the checkpoint", path.display())))
}

fn root(published: &Published) -> Option<Hash> {
    let (text, _) = published.note.split_once("\n\n")?;
    Checkpoint::parse(&format!("{text}\n")).ok().map(|checkpoint| checkpoint.root)
}

/// The leaves of a bundle from the write-ahead log; nothing where it has released them, or cannot be read.
fn of_wal(shared: &Shared, index: u64) -> Option<Vec<Vec<u8>>> {
    let (wal, origin) = (shared.settings.wal_dir(), &shared.settings.origin);
    let (from, to) = (index * u64::from(FULL_WIDTH), (index + 1) * u64::from(FULL_WIDTH));
    let edge = LowerEdge::read(&wal, origin).ok()?;
    let segments = segment::list(&wal).ok()?;
    if from < edge.first {
        return None;
    }
    let bundles = CheckedBundles::new(shared.tile_store.clone(), 0);
    let leaves = LeafReader::new(bundles, edge.first, &segments, origin, from..to);
    leaves.map(|leaf| leaf.ok().map(|(_, leaf)| leaf)).collect::<Option<Vec<_>>>()
}

fn bundle(leaves: &[Vec<u8>]) -> Result<Vec<u8>, Damaged> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        tile::push_entry(&mut bytes, leaf).map_err(|error| Damaged(error.to_string()))?;
    }
    Ok(bytes)
}

/// The tiles above a bundle, up to the top: those that contradict it, or all of them, from the level below.
fn above(shared: &Shared, size: u64, index: u64, root_of_tile: Hash, anew: bool) -> io::Result<Made> {
    let (store, full) = (&shared.tile_store, u64::from(FULL_WIDTH));
    let (mut made, mut place, mut hash) = (Made::new(), index, root_of_tile);
    for level in 1..MAX_LEVELS {
        let (number, within) = (place / full, place % full);
        let width = tile::width_at(level, number, size);
        if u64::from(width) <= within {
            break;
        }
        let says = |bytes: &[u8]| bytes.as_chunks::<HASH_LEN>().0.get(within as usize) == Some(&hash);
        let there = store.read_hashes(level, number, width).ok().filter(|bytes| !anew && says(bytes));
        let bytes = match there {
            Some(bytes) => bytes,
            None => {
                let mut bytes = Vec::new();
                for child in number * full..number * full + u64::from(width) {
                    let child_hash = match child == place {
                        true => hash,
                        false => perfect_root(&store.read_hashes(level - 1, child, FULL_WIDTH)?),
                    };
                    bytes.extend_from_slice(&child_hash);
                }
                made.insert(TileName { kind: TileKind::Hashes(level), index: number, width }, bytes.clone());
                bytes
            }
        };
        if width < FULL_WIDTH {
            break;
        }
        (place, hash) = (number, perfect_root(&bytes));
    }
    Ok(made)
}

/// Whether the bundle is in the published tree by these files: the proof of its first leaf is made of every hash of every
/// tile above it.
fn leads_to(shared: &Shared, made: &Made, size: u64, index: u64, hashes: &[Hash], root: &Hash) -> bool {
    let in_memory = |name: &TileName| made.get(name).cloned();
    let tree = Tree::new(&in_memory, &shared.tile_store);
    let first = index * u64::from(FULL_WIDTH);
    let Some(leaf) = hashes.first() else { return false };
    let proof = merkle::inclusion_proof(first, size, &tree);
    proof.is_ok_and(|proof| merkle::verify_inclusion(first, size, leaf, &proof, root).is_ok())
}

/// Puts in place what is not there as it must be.
fn write(shared: &Shared, made: Made) -> io::Result<Vec<PathBuf>> {
    let (mut staged, mut restored) = (Staged::default(), Vec::new());
    for (name, bytes) in made {
        if shared.tile_store.read(&name).is_ok_and(|there| there.starts_with(&bytes)) {
            continue;
        }
        let path = shared.tile_store.dir.join(name.path());
        staged.write(&path, &bytes)?;
        restored.push(path);
    }
    staged.publish()?;
    Ok(restored)
}

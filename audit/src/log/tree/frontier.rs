//! The right edge of the tree: enough to add leaves and compute the root, 32 bytes for each bit of the size.

use crate::merkle::{self, Hash, node_hash, perfect_root};
use crate::tile::{FULL_WIDTH, HEIGHT};

/// The roots of the perfect subtrees that the leaves so far make up, the largest first (one for each 1 bit of the
/// size).
#[derive(Debug, Clone)]
pub(crate) struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The tree of `size` leaves, a multiple of 256, from the hashes of its partial tiles: `edge` has them for
    /// level 1, 2, … . A level whose hashes fill whole tiles gives none.
    pub(crate) fn from_edge(size: u64, edge: &[Vec<Hash>]) -> Self {
        let mut subtrees = Vec::with_capacity(64);
        for hashes in edge.iter().rev() {
            let mut rest = hashes.as_slice();
            for bit in (0..HEIGHT).rev() {
                if hashes.len() & (1 << bit) != 0
                    && let Some((subtree, after)) = rest.split_at_checked(1 << bit)
                {
                    subtrees.push(perfect_root(subtree.as_flattened()));
                    rest = after;
                }
            }
        }
        Self { size, subtrees }
    }

    /// The tree of no leaf.
    pub(crate) fn empty() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Leaves so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash. `full` receives the root of each tile of 256 hashes that it completes, with the level
    /// on which that root stands (1, 2, …).
    pub(crate) fn push(&mut self, leaf: Hash, mut full: impl FnMut(u8, Hash)) {
        let mut hash = leaf;
        // Each trailing 1 bit of the size is a subtree as large as the one that has just become complete.
        for height in 1..=self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else {
                break;
            };
            hash = node_hash(&left, &hash);
            if height % u32::from(HEIGHT) == 0 {
                full((height / u32::from(HEIGHT)) as u8, hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The root of the tree so far (RFC 6962 §2.1).
    pub(crate) fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(smallest) = subtrees.next() else {
            return merkle::empty_root();
        };
        subtrees.fold(*smallest, |right, left| node_hash(left, &right))
    }
}

/// The largest multiple of 256 up to `size`: where the bundle begins that is partial, or would be next.
pub(crate) fn bundle_start(size: u64) -> u64 {
    size - size % u64::from(FULL_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 §2.1, word for word.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => merkle::empty_root(),
            [leaf] => *leaf,
            _ => {
                let split = 1 << (usize::BITS - 1 - (leaves.len() - 1).leading_zeros());
                node_hash(&reference(&leaves[..split]), &reference(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition_and_survive_a_restart_from_tiles() {
        let leaves: Vec<Hash> = (0u64..1100).map(|i| merkle::leaf_hash(&i.to_be_bytes())).collect();
        let mut frontier = Frontier::from_edge(0, &[]);
        let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 2];
        for size in 0..leaves.len() {
            if [0, 1, 2, 3, 255, 256, 257, 511, 512, 768, 1000, 1024].contains(&size) {
                assert_eq!(frontier.root(), reference(&leaves[..size]), "size {size}");
            }
            if size % 256 == 0 {
                let restarted = Frontier::from_edge(size as u64, &levels);
                assert_eq!(restarted.root(), frontier.root(), "restarted at {size}");
                assert_eq!(restarted.subtrees, frontier.subtrees);
            }
            frontier.push(leaves[size], |level, hash| levels[usize::from(level) - 1].push(hash));
        }
        assert_eq!((levels[0].len(), levels[1].len()), (4, 0));
    }

    #[test]
    fn the_level_above_hears_of_a_tile_when_it_is_full() {
        let mut frontier = Frontier::from_edge(0, &[]);
        let mut heard = Vec::new();
        for i in 0..70_000u64 {
            frontier.push([1; 32], |level, _| heard.push((level, i)));
        }
        assert_eq!(heard.iter().filter(|(level, _)| *level == 1).count(), 273);
        assert_eq!(heard.iter().filter(|(level, _)| *level == 2).collect::<Vec<_>>(), [&(2, 65_535)]);
    }
}

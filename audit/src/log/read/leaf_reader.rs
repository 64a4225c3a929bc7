//! The leaves of a log in their order, read from bundles and write-ahead log: what state is folded from.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::log::error::{RecoverError, read_error};
use crate::log::publish::bundles::CheckedBundles;
use crate::log::tree::frontier::bundle_start;
use crate::log::wal::segment::{Found, Segment, SegmentFile};
use crate::tile::FULL_WIDTH;

/// The leaves from one index on; see [`crate::log::Recovered::leaves`].
pub struct LeafReader {
    bundles: CheckedBundles,
    /// Leaves before this one are in bundles only.
    released: u64,
    segments: std::vec::IntoIter<SegmentFile>,
    origin: String,
    current: Option<Segment>,
    batch: std::vec::IntoIter<Arc<[u8]>>,
    next: u64,
    from: u64,
    size: u64,
    /// What is kept of leaves before, with their indices.
    kept: std::vec::IntoIter<(u64, Vec<u8>)>,
}

impl LeafReader {
    /// The leaves in `wanted` of a log whose write-ahead log begins with leaf `released`.
    pub(crate) fn new(
        bundles: CheckedBundles,
        released: u64,
        segments: &[SegmentFile],
        origin: &str,
        wanted: Range<u64>,
    ) -> Self {
        let Range { start: from, end: size } = wanted;
        let start = segments.iter().rposition(|segment| segment.first <= from).unwrap_or(0);
        let segments: Vec<_> = segments.iter().skip(start).cloned().collect();
        let first = segments.first().map_or(released, |segment| segment.first);
        Self {
            bundles,
            released,
            segments: segments.into_iter(),
            origin: origin.to_owned(),
            current: None,
            batch: Vec::new().into_iter(),
            next: if from < released { bundle_start(from) } else { first },
            from,
            size,
            kept: Vec::new().into_iter(),
        }
    }

    /// These leaves come first.
    pub(crate) fn after<'a>(self, kept: impl Iterator<Item = (u64, &'a [u8])>) -> Self {
        let kept: Vec<_> = kept.map(|(index, leaf)| (index, leaf.to_vec())).collect();
        Self { kept: kept.into_iter(), ..self }
    }

    /// The next leaf, skipped ones included.
    fn step(&mut self) -> Result<Arc<[u8]>, RecoverError> {
        loop {
            if let Some(leaf) = self.batch.next() {
                self.next += 1;
                return Ok(leaf);
            }
            if self.next < self.released {
                let mut leaves = self.bundles.read(self.next / u64::from(FULL_WIDTH))?;
                leaves.truncate(usize::try_from(self.released - self.next).unwrap_or(usize::MAX));
                self.batch = leaves.into_iter();
                continue;
            }
            if let Some(segment) = &mut self.current {
                let path = segment.path().to_owned();
                match segment.next_batch().map_err(|source| read_error(&path, source))? {
                    Found::Batch(batch) => {
                        self.batch = batch.leaves.into_iter();
                        continue;
                    }
                    Found::Nothing => self.current = None,
                    Found::Broken(what) => {
                        return Err(RecoverError::Damaged { segment: path, offset: segment.at(), what });
                    }
                }
            }
            let gap = |before| RecoverError::Gap { before, from: self.next };
            let named = self.segments.next().ok_or_else(|| gap(PathBuf::from("the end")))?;
            if named.first != self.next {
                return Err(gap(named.path));
            }
            self.current = Some(Segment::open(&named, &self.origin)?);
        }
    }
}

impl Iterator for LeafReader {
    type Item = Result<(u64, Vec<u8>), RecoverError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(kept) = self.kept.next() {
            return Some(Ok(kept));
        }
        while self.next < self.size {
            let index = self.next;
            match self.step() {
                Ok(leaf) if index >= self.from => return Some(Ok((index, leaf.to_vec()))),
                Ok(_) => {}
                Err(error) => {
                    // Nothing after a failure can be trusted to be the next leaf.
                    self.next = self.size;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

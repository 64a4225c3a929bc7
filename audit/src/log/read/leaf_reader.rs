//! The leaves of a log in their order, read from its write-ahead log: what state is folded from.

use std::path::PathBuf;
use std::sync::Arc;

use crate::log::wal::segment::{Found, Segment, SegmentFile};
use crate::log::error::{RecoverError, read_error};

/// The leaves from one index on, read from the write-ahead log; see [`crate::log::Recovered::leaves`].
pub struct LeafReader {
    segments: std::vec::IntoIter<SegmentFile>,
    origin: String,
    current: Option<Segment>,
    batch: std::vec::IntoIter<Arc<[u8]>>,
    next: u64,
    from: u64,
    size: u64,
}

impl LeafReader {
    /// From leaf `from` to the end of a log of `size` leaves.
    pub(crate) fn new(segments: &[SegmentFile], origin: &str, from: u64, size: u64) -> Self {
        let start = segments.iter().rposition(|segment| segment.first <= from).unwrap_or(0);
        let segments: Vec<_> = segments.iter().skip(start).cloned().collect();
        let next = segments.first().map_or(0, |segment| segment.first);
        Self {
            segments: segments.into_iter(),
            origin: origin.to_owned(),
            current: None,
            batch: Vec::new().into_iter(),
            next,
            from,
            size,
        }
    }

    /// The next leaf, skipped ones included.
    fn step(&mut self) -> Result<Arc<[u8]>, RecoverError> {
        loop {
            if let Some(leaf) = self.batch.next() {
                self.next += 1;
                return Ok(leaf);
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

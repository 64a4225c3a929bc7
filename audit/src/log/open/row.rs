//! Which segments the write-ahead log has, and whether one is missing.

use std::io;
use std::path::Path;

use crate::log::error::{RecoverError, read_error};
use crate::log::wal::lower_edge::LowerEdge;
use crate::log::wal::segment::{self, Found, Segment, SegmentFile};

/// The segments of the write-ahead log.
pub(super) struct Row {
    pub(super) edge: LowerEdge,
    /// From the lower edge on.
    pub(super) segments: Vec<SegmentFile>,
    /// Released, and not removed yet.
    pub(super) leftover: Vec<SegmentFile>,
}

/// The row of segments, complete by the ordinals of the lower edge and of the last one.
pub(super) fn row(wal: &Path, origin: &str) -> Result<Row, RecoverError> {
    let edge = LowerEdge::read(wal, origin)?;
    let mut leftover = match segment::list(wal) {
        // A folder that is only examined is not made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(|source| read_error(wal, source))?,
    };
    let segments = leftover.split_off(leftover.partition_point(|segment| segment.first < edge.first));
    let Some(last) = segments.last() else {
        let lost = RecoverError::Gap { before: wal.to_owned(), from: edge.first };
        return if edge.first == 0 { Ok(Row { edge, segments, leftover }) } else { Err(lost) };
    };
    let ordinal = Segment::open(last, origin)?.header().ordinal;
    if ordinal.checked_sub(edge.ordinal).and_then(|before| before.checked_add(1)) == Some(segments.len() as u64) {
        return Ok(Row { edge, segments, leftover });
    }
    // Some file is missing or too many. Now it is worth opening all of them to say which.
    let mut end = edge.first;
    for (ordinal, named) in (edge.ordinal..).zip(&segments) {
        let mut segment = Segment::open(named, origin)?;
        if segment.header().ordinal != ordinal || named.first != end {
            return Err(RecoverError::Gap { before: named.path.clone(), from: end });
        }
        while let Found::Batch(_) = segment.next_batch().map_err(|source| read_error(&named.path, source))? {}
        end = segment.size();
    }
    Err(RecoverError::Gap { before: last.path.clone(), from: end })
}

//! The second copy of the write-ahead log: what is written here is sent there, and counts once both have it.
//!
//! The bytes are written here first, then sent, then made durable at both side by side. So a process that is killed leaves a copy
//! that is no longer than the log; a machine that loses its power may leave one that is longer by the batch under way, of which
//! nobody was told. That is taken over from the copy before the log goes on ([`super::restore`]).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};

use super::append::OpenSegment;
use super::frame::HEADER_LEN;
use super::segment::{self, Found, Segment, SegmentFile};
use crate::log::disk::copies::{Copies, Copying, Reached};

/// Bytes that are sent at once where a copy is behind.
const PIECE: usize = 1 << 20;
/// While nothing is written it is looked so often whether somebody is there.
const LOOK: Duration = Duration::from_secs(1);

/// What is known of the copy.
pub(crate) struct Copied {
    pub(crate) copies: Arc<dyn Copies>,
    pub(crate) dir: PathBuf,
    pub(crate) origin: String,
    /// The ids of the data folder from which this one was restored, and of this one.
    pub(crate) folders: [[u8; 16]; 2],
    link: Option<Box<dyn Copying>>,
    looked: Option<Instant>,
}

impl Copied {
    pub(crate) fn new(copies: Arc<dyn Copies>, dir: PathBuf, origin: String, folders: [[u8; 16]; 2]) -> Self {
        Self { copies, dir, origin, folders, link: None, looked: None }
    }

    /// Makes sure that somebody is there who has all of the log up to now.
    pub(crate) fn look(&mut self, current: Option<&OpenSegment>) -> io::Result<()> {
        if self.link.is_some() && self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Ok(());
        }
        self.confirm(current)
    }

    /// Sends a batch that stands in the segment from where that was. What cannot be sent now is sent by [`Self::confirm`].
    pub(crate) fn send(&mut self, current: &OpenSegment, batch: &[u8]) {
        let sent = self.link.as_mut().map(|link| {
            if current.at == HEADER_LEN as u64 {
                let mut header = [0; HEADER_LEN];
                current.file.read_exact_at(&mut header, 0)?;
                link.send(current.first, 0, &header)?;
            }
            link.send(current.first, current.at, batch)
        });
        if matches!(sent, Some(Err(_))) {
            self.link = None;
        }
    }

    /// Waits until all of the log is durable there too.
    pub(crate) fn confirm(&mut self, current: Option<&OpenSegment>) -> io::Result<()> {
        let confirmed = match self.link.as_mut() {
            Some(link) => link.confirm(),
            None => self.connect(current),
        };
        match confirmed {
            Ok(()) => {
                self.looked = Some(Instant::now());
                Ok(())
            }
            Err(error) => {
                self.link = None;
                Err(error)
            }
        }
    }

    /// Connects, and sends what the copy lacks.
    fn connect(&mut self, current: Option<&OpenSegment>) -> io::Result<()> {
        let [before, folder] = &self.folders;
        let mut link = self.copies.connect(before, folder)?;
        let row = segment::list(&self.dir)?;
        let (from, mut at) = match link.reached() {
            None => (0, 0),
            Some(reached) => (self.place(&row, &reached, current)?, reached.bytes),
        };
        for named in row.get(from..).unwrap_or_default() {
            let (file, end) = self.ends(named, current)?;
            let mut piece = vec![0; PIECE];
            while at < end {
                let length = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
                let piece = piece.get_mut(..length).unwrap_or_default();
                file.read_exact_at(piece, at)?;
                link.send(named.first, at, piece)?;
                at += piece.len() as u64;
            }
            link.confirm()?;
            at = 0;
        }
        link.confirm()?;
        self.link = Some(link);
        Ok(())
    }

    /// The segment in which a copy ends, if it is one of this log as far as it goes.
    fn place(&self, row: &[SegmentFile], reached: &Reached, current: Option<&OpenSegment>) -> io::Result<usize> {
        let other = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why.to_owned()));
        if row.first().is_some_and(|first| reached.first < first.first) {
            return other(
                "the copy ends before the segments that are here: put its folder aside, and let a new copy begin",
            );
        }
        let Some(place) = row.iter().position(|named| named.first == reached.first) else {
            return other(
                "the copy ends in a segment that the log has not: take it over with `credit-gateway copy restore`",
            );
        };
        let Some(named) = row.get(place) else { return other("the copy is another one") };
        let (file, end) = self.ends(named, current)?;
        if end < reached.bytes {
            return other("the copy is longer than the log: take that over with `credit-gateway copy restore`");
        }
        if sum(&file, reached.bytes)? != reached.sum {
            return other("the copy has other records than the log");
        }
        Ok(place)
    }

    /// A segment, and where its last batch ends.
    fn ends(&self, named: &SegmentFile, current: Option<&OpenSegment>) -> io::Result<(File, u64)> {
        let end = match current.filter(|current| current.first == named.first) {
            Some(current) => current.at,
            None => end_of(named, &self.origin)?,
        };
        Ok((File::open(&named.path)?, end))
    }
}

/// Where the last batch of a segment ends.
pub(crate) fn end_of(named: &SegmentFile, origin: &str) -> io::Result<u64> {
    let mut segment = Segment::open(named, origin).map_err(io::Error::other)?;
    loop {
        match segment.next_batch()? {
            Found::Batch(_) => {}
            Found::Nothing => return Ok(segment.at()),
            Found::Broken(what) => return Err(io::Error::new(io::ErrorKind::InvalidData, what)),
        }
    }
}

/// SHA-256 over the first bytes of a file.
pub(crate) fn sum(file: &File, bytes: u64) -> io::Result<[u8; 32]> {
    let (mut context, mut piece, mut at) = (Context::new(&SHA256), vec![0; PIECE], 0);
    while at < bytes {
        let length = usize::try_from(bytes - at).unwrap_or(PIECE).min(PIECE);
        let piece = piece.get_mut(..length).unwrap_or_default();
        file.read_exact_at(piece, at)?;
        context.update(piece);
        at += piece.len() as u64;
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    Ok(sum)
}

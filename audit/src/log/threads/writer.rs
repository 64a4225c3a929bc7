//! The one writer: takes everything that waits, gives each leaf its place, makes the batch durable, resolves the tickets.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::batch_clock::BatchClock;
use super::prover::{Proofs, Proving};
use super::shared::Shared;
use crate::leaf::{self, Entry, MAX_LEAF_BYTES};
use crate::log::recordability::Cause;
use crate::log::submit::durable::Durable;
use crate::log::submit::mailbox::Round;
use crate::log::submit::queue::{Taken, Waiting};
use crate::log::submit::ticket::Reply;
use crate::log::tree::frontier::Frontier;
use crate::log::tree::recent::{Hashed, TreeHead};
use crate::log::wal::append::{NoSegment, OpenSegment, Wal};
use crate::log::wal::copied::Copied;
use crate::log::wal::frame::{self, FRAME_HEAD_LEN, TRAILER_LEN, Trailer};
use crate::log::wal::reserve::LEAST_SEGMENT;
use crate::merkle::{self, Hash};

/// Leaves in the largest batch: what a failure or a torn write can concern at once, and memory.
const BATCH_LEAVES: usize = 4096;
/// How soon the second copy is tried again.
const COPY_AGAIN: Duration = Duration::from_millis(100);
/// How often a log that is being closed tries it.
const AT_A_CLOSE: u32 = 10;
/// Bytes of the largest batch.
const BATCH_BYTES: u64 = 4 << 20;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    proofs: Arc<Proofs>,
    wal: Wal,
    copied: Option<Copied>,
    at: BatchClock,
    frontier: Frontier,
    /// The last `seq` of each institution.
    seqs: HashMap<String, u64>,
    batch: Batch,
}

/// A batch in the making; its buffers are used again.
#[derive(Default)]
struct Batch {
    /// Frames, then the trailer.
    bytes: Vec<u8>,
    /// Who waits for which leaf.
    waiters: Vec<(Reply, Durable)>,
    /// Roots of the tiles that it fills.
    full: Vec<(u8, Hash)>,
}

/// Nothing more can be written until [`Writer::check_preconditions`] says so.
struct Blocked;

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        proofs: Arc<Proofs>,
        (wal, copied): (Wal, Option<Copied>),
        at: BatchClock,
        frontier: Frontier,
        seqs: HashMap<String, u64>,
    ) -> Self {
        Self { shared, proofs, wal, copied, at, frontier, seqs, batch: Batch::default() }
    }

    /// The thread: until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut waiting = VecDeque::new();
        self.shared.writing.begin(&*self.shared.clock);
        self.check_preconditions();
        loop {
            self.shared.writing.end();
            let taken = self.shared.queue.take(&mut waiting, self.shared.settings.linger);
            if taken == Taken::Closed {
                break;
            }
            self.shared.writing.begin(&*self.shared.clock);
            self.check_preconditions();
            while !waiting.is_empty() {
                self.shared.writing.begin(&*self.shared.clock);
                if !self.shared.recordability.may_write() || self.write_batch(&mut waiting).is_err() {
                    // Dropped replies say that nothing was recorded.
                    waiting.clear();
                }
            }
            // A burst must not keep its memory for ever.
            waiting.shrink_to(BATCH_LEAVES);
        }
    }

    /// Whether there is time and room: before each batch, and each second while nothing comes.
    fn check_preconditions(&mut self) {
        match self.at.look() {
            Ok(_) => self.shared.recordability.unblock(Cause::Clock),
            Err(stepped) => self.shared.recordability.block(Cause::Clock, &stepped.to_string()),
        }
        // A log that has no segment yet, or found no room for the next, tries again.
        if self.wal.room() == 0 || self.shared.recordability.is_blocked_by(Cause::Room) {
            drop(self.begin_segment());
        }
        if let Some(copied) = &mut self.copied {
            match copied.look(self.wal.current.as_ref()) {
                Ok(()) => self.shared.recordability.unblock(Cause::Copy),
                Err(error) => self.shared.recordability.block(Cause::Copy, &error.to_string()),
            }
        }
        self.shared.meters.room.store(self.wal.room(), Ordering::Relaxed);
    }

    fn begin_segment(&mut self) -> Result<(), Blocked> {
        match self.wal.begin_segment(self.frontier.size()) {
            Ok(()) => {
                self.shared.recordability.unblock(Cause::Room);
                Ok(())
            }
            Err(NoSegment::Room(why)) => {
                self.shared.recordability.block(Cause::Room, &why);
                Err(Blocked)
            }
            Err(NoSegment::Stopped) => {
                self.shared.recordability.block(Cause::Stopped, "the disk failed");
                Err(Blocked)
            }
        }
    }

    /// Records as many of those who wait as fit into one batch.
    fn write_batch(&mut self, waiting: &mut VecDeque<Waiting>) -> Result<(), Blocked> {
        let at = self.at.next().map_err(|_| Blocked)?;
        let started = self.shared.clock.monotonic();
        if self.gather(waiting, at) == 0 && !waiting.is_empty() {
            // Not even one fits: the next segment has room for many.
            self.begin_segment()?;
            self.gather(waiting, at);
        }
        if self.batch.waiters.is_empty() {
            return Err(Blocked);
        }
        let head = TreeHead { size: self.frontier.size(), root: self.frontier.root(), at };
        let trailer = Trailer {
            size: head.size,
            count: u32::try_from(self.batch.waiters.len()).unwrap_or(u32::MAX),
            frames_len: u32::try_from(self.batch.bytes.len()).unwrap_or(u32::MAX),
            root: head.root,
        };
        self.batch.bytes.extend_from_slice(&trailer.encode());
        let (bytes, copied) = (&self.batch.bytes, &mut self.copied);
        let send = |segment: &OpenSegment| copied.iter_mut().for_each(|copied| copied.send(segment, bytes));
        if let Err(error) = self.wal.append(bytes, send) {
            // What reached the disk is unknown, and the room was reserved: this disk is not to be trusted further.
            self.shared.recordability.block(Cause::Stopped, "the disk failed");
            self.shared.fatal.stop("writing a batch to the write-ahead log", &error);
            self.batch.waiters.clear();
            return Err(Blocked);
        }
        // Crash here: the batch is in the log, and the copy has it or gets it at the next start, before anything follows.
        if !self.is_copied() {
            self.batch.waiters.clear();
            return Err(Blocked);
        }
        // The batch is durable. Crash from here on: its leaves are in the log, whether or not anybody was informed.
        self.shared.writing.end();
        self.shared.meters.commit.add_time(self.shared.clock.monotonic().saturating_sub(started));
        self.shared.meters.room.store(self.wal.room(), Ordering::Relaxed);
        self.acknowledge(head);
        Ok(())
    }

    /// Waits until the second copy has all of it too, however long that takes: as with a disk that hangs, nobody can say before what
    /// became of the batch. False where the log is closed meanwhile.
    fn is_copied(&mut self) -> bool {
        let Some(copied) = &mut self.copied else { return true };
        let mut tries = 0;
        loop {
            let recordability = &self.shared.recordability;
            match copied.confirm(self.wal.current.as_ref()) {
                Ok(()) => {
                    recordability.unblock(Cause::Copy);
                    return true;
                }
                Err(error) => recordability.block(Cause::Copy, &error.to_string()),
            }
            tries += u32::from(recordability.is_blocked_by(Cause::Closed));
            if tries > AT_A_CLOSE {
                return false;
            }
            thread::sleep(COPY_AGAIN);
        }
    }

    /// Renders leaves into the batch until it is full or nobody waits; gives how many.
    fn gather(&mut self, waiting: &mut VecDeque<Waiting>, at: Timestamp) -> usize {
        let batch = &mut self.batch;
        batch.bytes.clear();
        batch.full.clear();
        let room = self.wal.room().saturating_sub(TRAILER_LEN as u64).min(BATCH_BYTES);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        while batch.waiters.len() < BATCH_LEAVES
            && let Some(next) = waiting.pop_front()
        {
            let from = batch.bytes.len();
            let seq = next_seq(&self.seqs, &next.entry);
            batch.bytes.extend_from_slice(&[0; FRAME_HEAD_LEN]);
            leaf::render_into(&mut batch.bytes, &next.entry, at, seq);
            let leaf = batch.bytes.get(from + FRAME_HEAD_LEN..).unwrap_or_default();
            if leaf.len() > MAX_LEAF_BYTES {
                // No constructor makes such an entry; its submitter hears that it was not recorded.
                batch.bytes.truncate(from);
                continue;
            }
            if batch.bytes.len() > room {
                batch.bytes.truncate(from);
                waiting.push_front(next);
                break;
            }
            let (head, leaf) = (frame::frame_head(leaf), Arc::<[u8]>::from(leaf));
            if let Some(place) = batch.bytes.get_mut(from..from + FRAME_HEAD_LEN) {
                place.copy_from_slice(&head);
            }
            let Waiting { entry, reply } = next;
            if let Some(institution) = entry.institution {
                self.seqs.insert(institution, seq);
            }
            let index = self.frontier.size();
            let leaf_hash = merkle::leaf_hash(&leaf);
            self.frontier.push(leaf_hash, |level, hash| batch.full.push((level, hash)));
            batch.waiters.push((reply, Durable { index, at, leaf_hash, leaf, proof: None }));
        }
        batch.waiters.len()
    }

    /// Hands a durable batch to publication and resolves the tickets; the prover answers those who asked for a proof.
    fn acknowledge(&mut self, head: TreeHead) {
        let count = self.batch.waiters.len();
        self.shared.meters.batch_leaves.add(count as u64);
        let leaves = self
            .batch
            .waiters
            .iter()
            .map(|(_, durable)| Hashed { hash: durable.leaf_hash, leaf: Arc::clone(&durable.leaf) });
        self.shared.grow(|recent| recent.extend(leaves, &self.batch.full, head));
        let (mut proving, mut round) = (Vec::new(), Round::default());
        for (reply, durable) in self.batch.waiters.drain(..) {
            if reply.proof {
                proving.push(Proving { reply, durable });
            } else {
                reply.send_in(durable, &mut round);
            }
        }
        drop(round);
        if !proving.is_empty() {
            self.proofs.ask(proving);
        }
        // A burst must not keep its memory for ever.
        self.batch.bytes.shrink_to(LEAST_SEGMENT as usize);
    }
}

/// The number that an entry's institution is at with it.
fn next_seq(seqs: &HashMap<String, u64>, entry: &Entry) -> u64 {
    let last = entry.institution.as_ref().and_then(|institution| seqs.get(institution));
    last.copied().unwrap_or_default() + entry.numbers()
}

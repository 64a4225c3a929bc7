//! Every log of a set checked, and their leaves told one after the other in the order of their times.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use jiff::Timestamp;

use crate::checkpoint::Checkpoint;
use crate::directory::is_within;
use crate::edge::Edge;
use crate::leaf::{self, Kind, Open, Peek, Previous};
use crate::verify::{self, CheckError, Report, Violation, Visitor};

use super::fault::SetFault;
use super::members::{InSet, LogSet, in_log};

/// Leaves of one log that wait for those of the others.
const WAITING: usize = 1_024;

/// A leaf of a set.
pub struct SetLeaf<'a> {
    /// Its log: its place among [`LogSet::origins`].
    pub log: usize,
    /// In its log, from 0.
    pub index: u64,
    /// Among the leaves of all logs, from 0: by time, and of one time by origin.
    pub place: u64,
    /// Its beginning.
    pub peek: Peek<'a>,
    /// As it is stored.
    pub bytes: &'a [u8],
}

/// Looks at the leaves of a set while it is checked.
pub trait SetVisitor {
    /// The next leaf.
    ///
    /// # Errors
    /// What is found wrong with it ends the check, once every log was checked.
    fn leaf(&mut self, leaf: &SetLeaf<'_>) -> Result<(), CheckError>;

    /// As [`Visitor::edge`], of one log: every leaf that was told, of any log, is older than those which come next in this one.
    ///
    /// # Errors
    /// Where nothing can be said without what was let go.
    fn edge(&mut self, _log: usize, _edge: &Edge) -> Result<(), CheckError> {
        Ok(())
    }

    /// Behind the last leaf.
    ///
    /// # Errors
    /// What is found wrong with all of them.
    fn end(&mut self) -> Result<(), CheckError> {
        Ok(())
    }

    /// This many leaves were looked at, of about so many.
    fn progress(&mut self, _done: u64, _all: u64) {}
}

/// A visitor that does nothing.
impl SetVisitor for () {
    fn leaf(&mut self, _: &SetLeaf<'_>) -> Result<(), CheckError> {
        Ok(())
    }
}

/// How often [`SetVisitor::progress`] is called.
const PROGRESS_EVERY: u64 = 16_384;

impl LogSet {
    /// Checks every log, as [`verify::directory`] does, and that each continues the checkpoints of it in `earlier`; then that
    /// its leaves were recorded while it was listed. Gives a report for each log, in their order. Whatever the order in which
    /// folders were named, the same is found first.
    ///
    /// # Errors
    /// As [`CheckError`] says.
    pub fn check(&self, earlier: &[Checkpoint], visitor: &mut dyn SetVisitor) -> Result<Vec<Report>, CheckError> {
        let of_none = earlier.iter().find(|old| self.origins().all(|origin| origin != old.origin));
        if let Some(of_none) = of_none {
            return Err(Violation::from(SetFault::Unlisted(of_none.origin.clone())).into());
        }
        let all = self.logs().iter().map(|log| verify::size_of(&log.folder)).sum();
        let (reports, (seen, previous)) = thread::scope(|scope| {
            let (mut checks, mut streams) = (Vec::new(), Vec::new());
            for log in self.logs() {
                let (to, from) = sync_channel(WAITING);
                let earlier: Vec<_> = earlier.iter().filter(|old| old.origin == log.origin).cloned().collect();
                checks.push(scope.spawn(move || {
                    let checked = verify::directory(&log.folder, &log.listed.key, &earlier, &mut Stream(to));
                    checked.map_err(|error| in_log(&log.origin, error))
                }));
                streams.push(Next::of(from));
            }
            let mut merge = Merge { logs: self.logs(), streams, all, place: 0, previous: Vec::new() };
            let seen = (merge.run(visitor), merge.previous);
            let reports: Vec<_> =
                checks.into_iter().map(|check| check.join().unwrap_or_else(|_| Err(broke_off()))).collect();
            (reports, seen)
        });
        // What is wrong with one log goes before what is wrong between them.
        let reports = reports.into_iter().collect::<Result<Vec<_>, _>>()?;
        for (log, previous) in previous {
            self.goes_on(log, &previous)?;
        }
        seen?;
        visitor.end()?;
        Ok(reports)
    }

    /// What a log says that it goes on from, where that is a log of the set: that one is no shorter, and no other.
    fn goes_on(&self, log: usize, previous: &Previous) -> Result<(), CheckError> {
        let before = self.logs().iter().find(|before| before.origin == previous.origin);
        let (Some(before), Some(log)) = (before, self.logs().get(log)) else { return Ok(()) };
        let checkpoint = Checkpoint::open(&previous.checkpoint, &before.listed.key);
        let checkpoint = checkpoint.map_err(|error| in_log(&log.origin, Violation::Checkpoint(error).into()))?;
        let checked = verify::hashes(&before.folder, &before.listed.key, &[checkpoint], &mut ());
        checked.map(drop).map_err(|error| in_log(&before.origin, error))
    }
}

fn broke_off() -> CheckError {
    CheckError::unavailable("the set", &"the check of a log broke off")
}

/// Hands on the leaves of one log.
struct Stream(SyncSender<Told>);

/// What one log tells.
enum Told {
    Leaf(Leaf),
    Edge(Edge),
}

/// Time, index and bytes of a leaf.
type Leaf = (Timestamp, u64, Vec<u8>);

impl Visitor for Stream {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        self.tell(Told::Leaf((peek.at, index, bytes.to_vec())))
    }

    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.tell(Told::Edge(edge.clone()))
    }
}

impl Stream {
    fn tell(&self, told: Told) -> Result<(), CheckError> {
        self.0.send(told).map_err(|_| broke_off())
    }
}

/// The next leaf of one log.
struct Next {
    from: Receiver<Told>,
    leaf: Option<Leaf>,
}

impl Next {
    fn of(from: Receiver<Told>) -> Self {
        Self { from, leaf: None }
    }

    /// Waits for the next leaf where there is none; gives the edge before it, if there is one.
    fn fill(&mut self) -> Option<Edge> {
        let mut before = None;
        while self.leaf.is_none() {
            match self.from.recv() {
                Ok(Told::Leaf(leaf)) => self.leaf = Some(leaf),
                Ok(Told::Edge(edge)) => before = Some(edge),
                Err(_) => break,
            }
        }
        before
    }
}

struct Merge<'a> {
    logs: &'a [InSet],
    streams: Vec<Next>,
    all: u64,
    place: u64,
    /// What logs say that they go on from, with the log that says it.
    previous: Vec<(usize, Previous)>,
}

impl Merge<'_> {
    /// Every leaf, in order. The streams are read to their ends in any case, since each log is checked to its end.
    fn run(&mut self, visitor: &mut dyn SetVisitor) -> Result<(), CheckError> {
        let mut found = Ok(());
        loop {
            let edges: Vec<_> = self.streams.iter_mut().map(Next::fill).enumerate().collect();
            for (log, edge) in edges.into_iter().filter_map(|(log, edge)| Some((log, edge?))) {
                if found.is_ok() {
                    found = self.edge(log, &edge, visitor);
                }
            }
            let Some((log, index, bytes)) = self.next() else { return found };
            if found.is_ok() {
                found = self.leaf(log, index, &bytes, visitor);
            }
            if self.place.is_multiple_of(PROGRESS_EVERY) {
                visitor.progress(self.place, self.all);
            }
            self.place += 1;
        }
    }

    fn edge(&self, log: usize, edge: &Edge, visitor: &mut dyn SetVisitor) -> Result<(), CheckError> {
        let origin = self.logs.get(log).map(|of| of.origin.as_str()).unwrap_or_default();
        visitor.edge(log, edge).map_err(|error| in_log(origin, error))
    }

    fn leaf(&mut self, log: usize, index: u64, bytes: &[u8], visitor: &mut dyn SetVisitor) -> Result<(), CheckError> {
        let (Some(of), Ok(peek)) = (self.logs.get(log), leaf::peek(bytes)) else { return Ok(()) };
        if !is_within(&of.listed, peek.at) {
            return Err(Violation::from(SetFault::Untimely { origin: of.origin.clone(), index }).into());
        }
        if peek.kind == Kind::Open.as_str()
            && let Ok(Open { previous: Some(previous), .. }) = leaf::body(bytes)
        {
            self.previous.push((log, previous));
        }
        let leaf = SetLeaf { log, index, place: self.place, peek, bytes };
        visitor.leaf(&leaf).map_err(|error| in_log(&of.origin, error))
    }

    /// The oldest of the leaves that wait.
    fn next(&mut self) -> Option<(usize, u64, Vec<u8>)> {
        let heads = self.streams.iter().enumerate();
        let (_, log) = heads.filter_map(|(log, next)| Some((next.leaf.as_ref()?.0, log))).min()?;
        let (_, index, bytes) = self.streams.get_mut(log)?.leaf.take()?;
        Some((log, index, bytes))
    }
}

//! What must hold of leaves one after the other.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::leaf::{self, Kind, Open, Peek};

use super::{Fault, LeafReport};

/// Checks leaves in their order.
pub(super) struct LeafCheck<'a> {
    origin: &'a str,
    next: u64,
    last_at: Option<Timestamp>,
    seqs: HashMap<String, u64>,
    kinds: Vec<(String, u64)>,
    sealed: bool,
}

impl<'a> LeafCheck<'a> {
    pub(super) fn new(origin: &'a str) -> Self {
        Self { origin, next: 0, last_at: None, seqs: HashMap::new(), kinds: Vec::new(), sealed: false }
    }

    /// Checks the next leaf; gives its index and beginning.
    pub(super) fn next<'l>(&mut self, bytes: &'l [u8]) -> Result<(u64, Peek<'l>), Fault> {
        let index = self.next;
        let peek = leaf::peek(bytes).map_err(|cause| Fault::Leaf { index, cause })?;
        if self.last_at.is_some_and(|last| last > peek.at) {
            return Err(Fault::Time { index });
        }
        self.seq(index, &peek)?;
        self.place(index, peek.kind, bytes)?;
        self.count(peek.kind);
        self.last_at = Some(peek.at);
        self.next += 1;
        Ok((index, peek))
    }

    fn seq(&mut self, index: u64, peek: &Peek<'_>) -> Result<(), Fault> {
        let (Some(institution), Some(found)) = (peek.institution, peek.seq) else {
            return if peek.kind == Kind::Query.as_str() { Err(Fault::Anonymous { index }) } else { Ok(()) };
        };
        let wanted = match self.seqs.get_mut(institution) {
            Some(last) => {
                *last += 1;
                *last
            }
            None => *self.seqs.entry(institution.to_owned()).or_insert(1),
        };
        if wanted == found {
            return Ok(());
        }
        Err(Fault::Seq { index, institution: institution.to_owned(), wanted, found })
    }

    /// `open` comes first and names this log; nothing follows `seal`.
    fn place(&mut self, index: u64, kind: &str, bytes: &[u8]) -> Result<(), Fault> {
        let misplaced = if kind == Kind::Open.as_str() {
            let open: Option<Open> = leaf::body(bytes).ok();
            index != 0 || open.is_none_or(|open| open.origin != self.origin)
        } else {
            self.sealed
        };
        self.sealed = kind == Kind::Seal.as_str();
        if misplaced { Err(Fault::OutOfPlace { index }) } else { Ok(()) }
    }

    fn count(&mut self, kind: &str) {
        match self.kinds.iter_mut().find(|(name, _)| name == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((kind.to_owned(), 1)),
        }
    }

    pub(super) fn report(self) -> LeafReport {
        LeafReport {
            count: self.next,
            kinds: self.kinds.into_iter().collect(),
            institutions: self.seqs.into_iter().collect(),
            last_at: self.last_at,
        }
    }
}

//! What must hold of leaves one after the other.

use std::collections::{BTreeMap, HashMap};

use credit_policy::Asker;
use jiff::Timestamp;
use serde::Deserialize;

use crate::leaf::{self, Kind, Open, Peek, Refusals};
use crate::pruned::PrunedFault;

use super::report::LeafReport;
use super::violation::Violation;

/// Checks leaves in their order.
pub(super) struct LeafCheck<'a> {
    origin: &'a str,
    next: u64,
    read: u64,
    /// Leaves before the next one are not there: they were let go.
    has_hole: bool,
    last_at: Option<Timestamp>,
    seqs: HashMap<String, u64>,
    kinds: Vec<(String, u64)>,
    sealed: bool,
}

impl<'a> LeafCheck<'a> {
    pub(super) fn new(origin: &'a str) -> Self {
        Self {
            origin,
            next: 0,
            read: 0,
            has_hole: false,
            last_at: None,
            seqs: HashMap::new(),
            kinds: Vec::new(),
            sealed: false,
        }
    }

    /// Goes on at this leaf: those before it were let go.
    pub(super) fn go_on_at(&mut self, index: u64) {
        self.has_hole |= index > self.next;
        self.next = index;
    }

    /// The leaves before the next one were let go, as far as they are not there; these are the last numbers among them.
    /// Gives whether some are not there.
    pub(super) fn edge(&mut self, numbers: &BTreeMap<String, u64>) -> Result<bool, PrunedFault> {
        let said = |(institution, last): (&String, &u64)| {
            numbers.get(institution).is_some_and(|said| if self.has_hole { said >= last } else { said == last })
        };
        let is_so = self.seqs.iter().all(said) && (self.has_hole || self.seqs.len() == numbers.len());
        if !is_so {
            return Err(PrunedFault::Numbers);
        }
        self.seqs.extend(numbers.iter().map(|(institution, last)| (institution.clone(), *last)));
        Ok(std::mem::take(&mut self.has_hole))
    }

    /// Checks the next leaf; gives its index and beginning.
    pub(super) fn next<'l>(&mut self, bytes: &'l [u8]) -> Result<(u64, Peek<'l>), Violation> {
        let index = self.next;
        let peek = leaf::peek(bytes).map_err(|cause| Violation::Leaf { index, cause })?;
        if self.last_at.is_some_and(|last| last > peek.at) {
            return Err(Violation::Time { index });
        }
        self.seq(index, &peek, bytes)?;
        self.place(index, peek.kind, bytes)?;
        leaf::check_links(&peek).map_err(|cause| Violation::Link { index, cause })?;
        self.count(peek.kind);
        self.last_at = Some(peek.at);
        self.next += 1;
        self.read += 1;
        Ok((index, peek))
    }

    fn seq(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), Violation> {
        let (Some(institution), Some(found)) = (peek.institution, peek.seq) else {
            let anonymous = peek.kind == Kind::Query.as_str() && !is_by_person(bytes);
            return if anonymous { Err(Violation::Anonymous { index }) } else { Ok(()) };
        };
        let first = match peek.kind == Kind::Refusals.as_str() {
            true => leaf::body::<Refusals>(bytes).map_or(found, |refusals| refusals.seqs.0),
            false => found,
        };
        let last = match self.seqs.get_mut(institution) {
            Some(last) => last,
            None => self.seqs.entry(institution.to_owned()).or_default(),
        };
        let wanted = last.saturating_add(1);
        *last = found;
        let follows = if self.has_hole { first >= wanted } else { first == wanted };
        if follows && found >= first {
            return Ok(());
        }
        Err(Violation::Seq { index, institution: institution.to_owned(), wanted, found: first })
    }

    /// `open` comes first and names this log; nothing follows `seal`.
    fn place(&mut self, index: u64, kind: &str, bytes: &[u8]) -> Result<(), Violation> {
        let misplaced = if kind == Kind::Open.as_str() {
            let open: Option<Open> = leaf::body(bytes).ok();
            index != 0 || open.is_none_or(|open| open.origin != self.origin)
        } else {
            self.sealed
        };
        self.sealed = kind == Kind::Seal.as_str();
        if misplaced { Err(Violation::OutOfPlace { index }) } else { Ok(()) }
    }

    fn count(&mut self, kind: &str) {
        match self.kinds.iter_mut().find(|(name, _)| name == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((kind.to_owned(), 1)),
        }
    }

    pub(super) fn report(self) -> LeafReport {
        LeafReport {
            count: self.read,
            kinds: self.kinds.into_iter().collect(),
            institutions: self.seqs.into_iter().collect(),
            last_at: self.last_at,
        }
    }
}

/// Whether a query is one by a person or the public: it has neither institution nor number.
fn is_by_person(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Query {
        inputs: Inputs,
    }
    #[derive(Deserialize)]
    struct Inputs {
        kind: Asker,
    }
    let query: Option<Query> = leaf::body(bytes).ok();
    query.is_some_and(|query| matches!(query.inputs.kind, Asker::Person | Asker::Public))
}

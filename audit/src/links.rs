//! Two logs of which one gateway asked the other: whether their leaves name each other (`FORMAT.md` §9, *Two logs*).
//!
//! The log of the gateway that was asked is read first (`Asked`), then that of the one that asked (`Linked`): what the
//! first has on record when it is read, the second had time to record.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::edge::Edge;
use crate::leaf::{Base64, Kind, LinkFault, LinkedQuery, OnBehalf, Outcome, Peek, is_linked};
use crate::merkle::{Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::verify::{self, CheckError, Violation, Visitor};

/// A query that was answered elsewhere is recorded within this time, or refused.
const LONGEST_QUERY: SignedDuration = SignedDuration::from_mins(5);

/// Checks the log of another gateway, and compares the two both ways: what each was asked by the other, and what each
/// names of it.
///
/// # Errors
/// When one of them does not hold, or they do not fit together.
pub fn compare(log: &Path, key: &VerifierKey, other: &Path, other_key: &VerifierKey) -> Result<LinkReport, CheckError> {
    let mut asked = Asked::by(key.name());
    drop(verify::directory(other, other_key, &[], &mut asked)?);
    let asks_too = asked.asks_too;
    let mut linked = Linked::with(other_key.name(), asked);
    drop(verify::directory(log, key, &[], &mut linked)?);
    let report = linked.end()?;
    let mut asked = Asked::by(other_key.name());
    drop(verify::directory(log, key, &[], &mut asked)?);
    if !asks_too && asked.by_index.is_empty() {
        return Ok(report);
    }
    let mut linked = Linked::with(key.name(), asked);
    drop(verify::directory(other, other_key, &[], &mut linked)?);
    Ok(report.and(linked.end()?))
}

/// What was found of two logs that fit together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkReport {
    /// Queries whose two leaves name each other.
    pub linked: u64,
    /// Queries that were answered there and refused here: the answer came too late, or could not be given any more.
    pub refused: u64,
    /// Queries that were refused there.
    pub refused_there: u64,
    /// Queries that were answered there so shortly before the end of this log that its leaf may be still to come.
    pub open: u64,
}

impl LinkReport {
    /// Both directions together.
    fn and(self, other: Self) -> Self {
        Self {
            linked: self.linked + other.linked,
            refused: self.refused + other.refused,
            refused_there: self.refused_there + other.refused_there,
            open: self.open + other.open,
        }
    }
}

/// One query that the other gateway asked.
struct There {
    index: u64,
    at: Timestamp,
    hash: Hash,
    on_behalf: OnBehalf,
    scenario: Option<String>,
    is_answered: bool,
    is_named: bool,
}

/// What a log says of queries that another one asked; gathered while it is checked.
struct Asked {
    /// The log of the gateway that asked.
    origin: String,
    by_index: BTreeMap<u64, There>,
    by_query: HashMap<Uuid, Vec<u64>>,
    /// Whether this log was answered from that one as well.
    asks_too: bool,
    /// The leaves before this one were let go.
    let_go: u64,
}

impl Asked {
    /// Gathers what the log with this origin asked.
    fn by(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            by_index: BTreeMap::new(),
            by_query: HashMap::new(),
            asks_too: false,
            let_go: 0,
        }
    }
}

impl Visitor for Asked {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.let_go = edge.head.until;
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        if peek.kind != Kind::Query.as_str() || !is_linked(peek.text) {
            return Ok(());
        }
        let fault = |cause| Violation::Link { index, cause };
        let query: LinkedQuery = serde_json::from_str(peek.text).map_err(|_| fault(LinkFault::Form))?;
        self.asks_too |= query.remote.as_ref().is_some_and(|remote| remote.origin == self.origin);
        if let Some(on_behalf) = query.on_behalf.filter(|on_behalf| on_behalf.origin == self.origin) {
            self.by_query.entry(on_behalf.query).or_default().push(index);
            let there = There {
                index,
                at: peek.at,
                hash: leaf_hash(bytes),
                on_behalf,
                scenario: query.scenario,
                is_answered: query.outcome == Outcome::Answered,
                is_named: false,
            };
            self.by_index.insert(index, there);
        }
        Ok(())
    }
}

/// Compares a log, while it is checked, with what it asked of another.
struct Linked {
    /// The log of the gateway that was asked.
    origin: String,
    asked: Asked,
    seen: HashMap<Uuid, bool>,
    last_at: Option<Timestamp>,
    /// When the last leaf was recorded that was let go.
    let_go: Option<Timestamp>,
    report: LinkReport,
}

impl Linked {
    /// With what was gathered of the log with this origin.
    fn with(origin: &str, asked: Asked) -> Self {
        let report = LinkReport::default();
        Self { origin: origin.to_owned(), asked, seen: HashMap::new(), last_at: None, let_go: None, report }
    }

    /// Once the log is read: what was answered there has its leaf here.
    ///
    /// # Errors
    /// The first answer that has none.
    fn end(mut self) -> Result<LinkReport, CheckError> {
        for there in self.asked.by_index.values() {
            let query = there.on_behalf.query;
            match (there.is_answered, self.seen.get(&query)) {
                (false, _) => self.report.refused_there += 1,
                (true, Some(_)) if there.is_named => {}
                (true, Some(false)) => self.report.refused += 1,
                (true, None) if self.is_soon(there) => self.report.open += 1,
                (true, None) if self.is_let_go(there) => {}
                (true, None) => {
                    let cause = LinkFault::Unrecorded { query };
                    return Err(Violation::LinkThere { index: there.index, cause }.into());
                }
                (true, Some(true)) => {
                    let cause = LinkFault::Twice(there.index);
                    return Err(Violation::LinkThere { index: there.index, cause }.into());
                }
            }
        }
        Ok(self.report)
    }

    /// Whether the log ends so early after it that its leaf may be still to come.
    fn is_soon(&self, there: &There) -> bool {
        let latest = there.at.checked_add(LONGEST_QUERY).unwrap_or(Timestamp::MAX);
        self.last_at.is_none_or(|last| last < latest)
    }

    /// Whether its leaf here may be one of those that were let go.
    fn is_let_go(&self, there: &There) -> bool {
        self.let_go.is_some_and(|last| there.at <= last.checked_add(LONGEST_QUERY).unwrap_or(Timestamp::MAX))
    }

    fn link(&mut self, bytes: &str) -> Result<(), LinkFault> {
        let query: LinkedQuery = serde_json::from_str(bytes).map_err(|_| LinkFault::Form)?;
        let is_answered = query.outcome == Outcome::Answered;
        if let Some(remote) = query.remote.as_ref().filter(|remote| remote.origin == self.origin) {
            let index = remote.index;
            if index < self.asked.let_go && !self.asked.by_index.contains_key(&index) {
                return Ok(());
            }
            let there = self.asked.by_index.get_mut(&index).ok_or(LinkFault::NotThere(index))?;
            if remote.leaf != Base64(there.hash) {
                return Err(LinkFault::Altered(index));
            }
            let said = &there.on_behalf;
            let is_same = said.query == query.id
                && Some(&said.institution) == query.institution.as_ref()
                && Some(&said.certificate) == query.certificate.as_ref()
                && said.kind == query.inputs.kind
                && there.scenario == query.scenario;
            if !is_same {
                return Err(LinkFault::Other(index));
            }
            if !there.is_answered {
                return Err(LinkFault::Refused(index));
            }
            if std::mem::replace(&mut there.is_named, true) {
                return Err(LinkFault::Twice(index));
            }
            self.report.linked += 1;
        } else if is_answered && let Some(index) = self.answered_there(query.id) {
            return Err(LinkFault::Unnamed(index));
        }
        if self.asked.by_query.contains_key(&query.id) {
            self.seen.insert(query.id, is_answered);
        }
        Ok(())
    }

    fn answered_there(&self, query: Uuid) -> Option<u64> {
        let all = self.asked.by_query.get(&query)?;
        all.iter().copied().find(|index| self.asked.by_index.get(index).is_some_and(|there| there.is_answered))
    }
}

impl Visitor for Linked {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        self.let_go = Some(edge.head.last_at);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _bytes: &[u8]) -> Result<(), CheckError> {
        self.last_at = Some(peek.at);
        if peek.kind == Kind::Query.as_str() && (is_linked(peek.text) || self.asked.by_query.contains_key(&peek.id)) {
            self.link(peek.text).map_err(|cause| Violation::Link { index, cause })?;
        }
        Ok(())
    }
}

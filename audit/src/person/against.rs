//! An export, compared with the log: every query with one of its tags must be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;

use super::check::{Checked, Scope};
use super::fault::ExportFault;
use super::form::TagOf;
use crate::leaf::{self, Body, KeyState, Kind, Peek, QueryLeaf};
use crate::verify::{self, CheckError, Report, Violation, Visitor};

impl Checked {
    /// Checks the log in a folder, that it continues the export's checkpoint, and that no query with one of its tags is
    /// missing in it. What the law defers or exempts from notice is passed over: it is in no export.
    ///
    /// # Errors
    /// As [`CheckError`] says.
    pub fn against(&self, folder: &Path) -> Result<Report, CheckError> {
        let mut search = Search { scope: &self.scope, untagged: BTreeMap::new(), gone: BTreeSet::new() };
        let report = verify::directory(folder, &self.key, std::slice::from_ref(&self.checkpoint), &mut search)?;
        match search.untagged() {
            None => Ok(report),
            Some(index) => Err(Violation::Export(ExportFault::Untagged(index)).into()),
        }
    }
}

struct Search<'a> {
    scope: &'a Scope,
    /// Of each institution, scenario and month without a tag the first query.
    untagged: BTreeMap<TagOf, u64>,
    /// Data keys that were destroyed, whole or for one person: then there may be no tag.
    gone: BTreeSet<String>,
}

impl Search<'_> {
    fn untagged(&self) -> Option<u64> {
        self.untagged.iter().filter(|(of, _)| !self.gone.contains(&of.key)).map(|(_, index)| *index).min()
    }
}

impl Visitor for Search<'_> {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        if peek.kind == Kind::Key.as_str() {
            if let Some(Body::Key(key)) = leaf::parse(bytes).ok().flatten().map(|leaf| leaf.body)
                && key.state == KeyState::Destroyed
            {
                self.gone.insert(key.key);
            }
            return Ok(());
        }
        let scope = self.scope;
        if peek.kind != Kind::Query.as_str()
            || !(scope.after..scope.before).contains(&index)
            || scope.indices.contains(&index)
        {
            return Ok(());
        }
        // One that cannot be read is the business of `verify` and `replay`.
        let Ok(query) = QueryLeaf::parse(bytes) else { return Ok(()) };
        let (Some(of), Some(subject)) = (TagOf::of(&query), &query.subject) else { return Ok(()) };
        if is_withheld(&query, scope) {
            return Ok(());
        }
        if scope.tags.contains(&subject.0) {
            return Err(Violation::Export(ExportFault::Missing(index)).into());
        }
        // Of a scenario that is withheld, or in no catalogue any more, there need be no tag.
        let is_left_out = of.scenario.as_ref().is_some_and(|name| scope.left_out.contains(name));
        if !is_left_out && !scope.known.contains(&of) {
            self.untagged.entry(of).or_insert(index);
        }
        Ok(())
    }
}

/// Whether the person does not know of a query yet: its own notice says so, and of a refused one, which has none, the
/// scenario.
fn is_withheld(query: &QueryLeaf, scope: &Scope) -> bool {
    let Some(notice) = &query.notice else {
        return query.scenario.as_ref().is_some_and(|name| scope.left_out.contains(name.as_str()));
    };
    match notice.strip_prefix("deferred until ") {
        Some(until) => until.parse::<Date>().map_or(true, |day| day > scope.to),
        None => notice.starts_with("exempt by "),
    }
}

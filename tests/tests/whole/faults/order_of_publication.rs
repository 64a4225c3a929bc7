//! The order of system calls of a publication: tiles and bundles are synced, then renamed, then their folders are synced, then the
//! checkpoint is renamed, which was synced too, as was the rollback guard before it.

use std::collections::{HashMap, HashSet};

pub(super) fn is_of(call: &str, name: &str) -> bool {
    call.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
}

/// What strace wrote of them, by the number of its line.
#[derive(Default)]
pub(super) struct Publications {
    /// Files under temporary names that are synced.
    synced: HashSet<String>,
    /// Folders with a name that is not synced, and since when.
    named: HashMap<String, usize>,
    /// When the whole file system was synced last.
    together: usize,
    /// When the last checkpoint had its name.
    last: usize,
    /// When the rollback guard was synced last.
    guarded: usize,
    checkpoints: usize,
    tiles: usize,
    wrong: Vec<String>,
}

impl Publications {
    pub(super) fn begins(&mut self, at: usize, call: &str) {
        let Some((from, to)) = renamed(call) else { return };
        let is_synced = self.synced.remove(from) || self.together > self.last;
        if to.contains("/log/tile/") {
            self.tiles += 1;
            if !is_synced {
                self.wrong.push(format!("line {at}: `{to}` had its name before it was synced"));
            }
        } else if to.ends_with("/log/checkpoint") {
            // The first is of an empty log, whose guard was made with it.
            let is_guarded = self.guarded > self.last || self.checkpoints == 0;
            self.checkpoints += 1;
            if !is_synced || !is_guarded || !self.named.is_empty() {
                let folders = &self.named;
                let why = format!("synced: {is_synced}, guarded: {is_guarded}, folders that are not: {folders:?}");
                self.wrong.push(format!("line {at}: a checkpoint had its name too early: {why}"));
            }
            self.last = at;
        }
    }

    /// A call that succeeded.
    pub(super) fn ends(&mut self, at: usize, since: usize, call: &str) {
        let paths: Vec<_> = call.split('"').collect();
        if let Some((_, to)) = renamed(call).filter(|(_, to)| to.contains("/log/tile/")) {
            self.named.insert(folder(to).to_owned(), at);
        } else if let Some(path) = paths.get(1).filter(|path| call.starts_with("mkdir") && path.contains("/log/tile/"))
        {
            self.named.insert(folder(path).to_owned(), at);
        } else if is_of(call, "syncfs") {
            self.together = since;
            self.named.retain(|_, named| *named > since);
        } else if is_of(call, "fdatasync") && call.contains("/second-place>") {
            self.guarded = at;
        } else if let Some(path) = call.strip_prefix("fsync(").and_then(|call| call.split(['<', '>']).nth(1)) {
            if self.named.get(path).is_some_and(|named| *named < since) {
                self.named.remove(path);
            }
            self.synced.insert(path.to_owned());
        }
    }

    #[track_caller]
    pub(super) fn check(&self) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        let (checkpoints, tiles) = (self.checkpoints, self.tiles);
        assert!(checkpoints >= 2 && tiles >= 2, "{checkpoints} checkpoints and {tiles} tiles were seen");
    }
}

/// From where to where a call renames.
fn renamed(call: &str) -> Option<(&str, &str)> {
    let mut paths = call.starts_with("rename").then(|| call.split('"'))?;
    Some((paths.nth(1)?, paths.nth(1)?))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

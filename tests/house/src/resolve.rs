//! Which file of the same crate a path leads to, or which other crate.

use std::collections::BTreeMap;

use crate::modules::Crate;

/// A file, and whether it is meant as what tests have of it. So a test may import whatever it likes: nothing imports it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) test: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'s> {
    Module(usize),
    /// Another crate, or a name that the language brings along.
    Outside(&'s str),
}

/// Longer chains of re-exports than this are taken for circles.
const RE_EXPORTS: usize = 16;

impl<'s> Crate<'s> {
    /// Which files import which, with the line of the first import.
    pub(crate) fn imports(&self) -> BTreeMap<(Place, Place), usize> {
        let mut imports = BTreeMap::new();
        for (index, module) in self.modules.iter().enumerate() {
            for mention in &module.mentions {
                let Target::Module(target) = self.resolve(index, &mention.segments) else { continue };
                let from = Place { file: module.file.clone(), test: mention.test };
                let to = Place { file: self.modules[target].file.clone(), test: self.modules[target].test };
                if from.file != to.file {
                    imports.entry((from, to)).or_insert(mention.line);
                }
            }
        }
        imports
    }

    /// Names of other crates, with whether only tests use them.
    pub(crate) fn outside(&self) -> BTreeMap<&'s str, bool> {
        let mut found = BTreeMap::new();
        for (index, module) in self.modules.iter().enumerate() {
            for mention in &module.mentions {
                if let Target::Outside(name) = self.resolve(index, &mention.segments) {
                    *found.entry(name).or_insert(true) &= mention.test;
                }
            }
        }
        found
    }

    pub(crate) fn resolve(&self, from: usize, segments: &[&'s str]) -> Target<'s> {
        self.follow(from, segments, RE_EXPORTS)
    }

    fn follow(&self, from: usize, segments: &[&'s str], left: usize) -> Target<'s> {
        let Some((first, rest)) = segments.split_first() else { return Target::Module(from) };
        match *first {
            "crate" => self.descend(0, rest, left),
            "self" => self.descend(from, rest, left),
            "super" => {
                let parent = self.modules[from].parent.unwrap_or(from);
                match rest {
                    ["super", ..] => self.follow(parent, rest, left),
                    _ => self.descend(parent, rest, left),
                }
            }
            name if self.knows(from, name, left) => self.descend(from, segments, left),
            name => Target::Outside(name),
        }
    }

    fn knows(&self, index: usize, name: &str, left: usize) -> bool {
        let module = &self.modules[index];
        let own = module.children.contains_key(name) || module.items.contains(name);
        let named = || module.named(name).is_some();
        own || named() || self.behind_glob(index, name, left).is_some()
    }

    fn behind_glob(&self, index: usize, name: &str, left: usize) -> Option<usize> {
        let left = left.checked_sub(1)?;
        self.modules[index].globs.iter().find_map(|glob| match self.follow(index, glob, left) {
            Target::Module(target) if target != index && self.knows(target, name, left) => Some(target),
            Target::Module(_) | Target::Outside(_) => None,
        })
    }

    fn descend(&self, index: usize, segments: &[&'s str], left: usize) -> Target<'s> {
        let module = &self.modules[index];
        let Some((first, rest)) = segments.split_first() else { return Target::Module(index) };
        let Some(fewer) = left.checked_sub(1) else { return Target::Module(index) };
        if let Some(child) = module.children.get(first) {
            return self.descend(*child, rest, left);
        }
        if module.items.contains(first) {
            return Target::Module(index);
        }
        if let Some(path) = module.named(first) {
            return self.follow(index, &[path, rest].concat(), fewer);
        }
        match self.behind_glob(index, first, left) {
            Some(target) => self.descend(target, segments, fewer),
            // Made by a macro.
            None => Target::Module(index),
        }
    }
}

#[cfg(test)]
fn targets(texts: &[(&str, &str)], file: &str) -> Vec<String> {
    let sources = crate::sources::Sources::made_up(texts);
    let read = Crate::read(&sources, "x/src/lib.rs");
    let imports = read.imports();
    imports.into_keys().filter(|(from, _)| from.file == file).map(|(_, to)| to.file).collect()
}

#[test]
fn a_re_export_leads_to_the_file_that_defines() {
    let texts = [
        ("x/src/lib.rs", "pub mod a; mod user;"),
        ("x/src/a/mod.rs", "mod b; mod c; pub use b::B; pub use self::c::*; words!(D);"),
        ("x/src/a/b.rs", "pub struct B;"),
        ("x/src/a/c.rs", "pub enum C { One } pub use serde::Serialize;"),
        ("x/src/user.rs", ""),
    ];
    let user = |text| {
        let mut texts = texts;
        texts[4].1 = text;
        targets(&texts, "x/src/user.rs")
    };
    assert_eq!(user("use crate::a::B;"), ["x/src/a/b.rs"]);
    assert_eq!(user("fn f() { super::a::C::One }"), ["x/src/a/c.rs"]);
    assert_eq!(user("use crate::a::{Serialize};"), <[&str; 0]>::default());
    assert_eq!(user("use crate::a::D;"), ["x/src/a/mod.rs"]);
    assert_eq!(user("use crate::a; fn f() { a::B::new() }"), ["x/src/a/b.rs", "x/src/a/mod.rs"]);
    assert_eq!(targets(&texts, "x/src/a/mod.rs"), ["x/src/a/b.rs", "x/src/a/c.rs"]);
}

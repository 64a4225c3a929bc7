//! The modules of a crate: its files and inline modules, what each defines, and the paths that stand in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    items::{Item, inner_attributes, items},
    paths::{Path, Role, paths},
    sources::Sources,
    tokens::{Token, tokens},
};

/// The modules of one crate; the first is its root.
pub(crate) struct Crate<'s> {
    pub(crate) modules: Vec<Module<'s>>,
}

#[derive(Default)]
pub(crate) struct Module<'s> {
    pub(crate) file: String,
    /// Only tests have it.
    pub(crate) test: bool,
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<&'s str, usize>,
    pub(crate) items: BTreeSet<&'s str>,
    names: Vec<(&'s str, Vec<&'s str>)>,
    pub(crate) globs: Vec<Vec<&'s str>>,
    pub(crate) mentions: Vec<Mention<'s>>,
    /// Where the files of its children are.
    folder: String,
}

/// A path that stands in a module.
pub(crate) struct Mention<'s> {
    pub(crate) segments: Vec<&'s str>,
    pub(crate) line: usize,
    pub(crate) test: bool,
}

impl<'s> Crate<'s> {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(sources: &'s Sources, root: &str) -> Self {
        let mut modules = Self { modules: Vec::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let module = Module { file: root.to_owned(), folder, ..Module::default() };
        modules.file(sources, module);
        modules
    }

    fn file(&mut self, sources: &'s Sources, module: Module<'s>) -> usize {
        let text = sources.text(&module.file).unwrap_or_else(|| panic!("`{}` is missing", module.file));
        self.module(sources, module, &tokens(text))
    }

    fn module(&mut self, sources: &'s Sources, mut module: Module<'s>, tokens: &[Token<'s>]) -> usize {
        let (test, tokens) = inner_attributes(tokens);
        module.test |= test;
        let index = self.modules.len();
        self.modules.push(module);
        for item in items(tokens) {
            self.item(sources, index, &item);
        }
        index
    }

    fn item(&mut self, sources: &'s Sources, index: usize, item: &Item<'_, 's>) {
        let module = &mut self.modules[index];
        match item.keyword {
            "mod" => {
                let child = self.child(sources, index, item);
                self.modules[index].children.insert(item.name, child);
                return;
            }
            "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" | "macro_rules" => {
                module.items.insert(item.name);
            }
            _ => {}
        }
        module.take(paths(item.head), item.test);
        match item.body {
            Some(body) if matches!(item.keyword, "impl" | "trait") => module.members(body, item.test),
            Some(body) => module.take(paths(body), item.test),
            None => {}
        }
    }

    fn child(&mut self, sources: &'s Sources, index: usize, item: &Item<'_, 's>) -> usize {
        let parent = &self.modules[index];
        let folder = format!("{}/{}", parent.folder, item.name);
        let test = parent.test || item.test;
        let beside = format!("{folder}.rs");
        let file = match item.body {
            Some(_) => parent.file.clone(),
            None if sources.text(&beside).is_some() => beside,
            None => format!("{folder}/mod.rs"),
        };
        let module = Module { file, test, parent: Some(index), folder, ..Module::default() };
        match item.body {
            Some(body) => self.module(sources, module, body),
            None => self.file(sources, module),
        }
    }
}

impl<'s> Module<'s> {
    /// The path that a `use` gave this name. `use hex::hex` names what another crate has, not what is here.
    pub(crate) fn named(&self, name: &str) -> Option<&[&'s str]> {
        let mut paths = self.names.iter().filter(|(alias, path)| *alias == name && path.first() != Some(&name));
        paths.next().map(|(_, path)| path.as_slice())
    }

    fn members(&mut self, body: &[Token<'s>], test: bool) {
        for member in items(body) {
            self.take(paths(member.head), test || member.test);
            self.take(paths(member.body.unwrap_or_default()), test || member.test);
        }
    }

    fn take(&mut self, paths: Vec<Path<'s>>, test: bool) {
        for Path { segments, line, role } in paths {
            match role {
                Role::Name(name) => self.names.push((name, segments.clone())),
                Role::Glob => self.globs.push(segments.clone()),
                Role::Mention => {}
            }
            self.mentions.push(Mention { segments, line, test: test || self.test });
        }
    }
}

#[test]
fn every_rust_file_of_the_workspace_is_read() {
    let sources = Sources::of_the_workspace();
    let roots = sources.packages().flat_map(|(package, _)| sources.roots(package));
    let crates: Vec<_> = roots.map(|root| Crate::read(&sources, root)).collect();
    let read: BTreeSet<&str> = crates.iter().flat_map(|one| &one.modules).map(|module| module.file.as_str()).collect();
    let left: Vec<_> = sources.rust().map(|(path, _)| path).filter(|path| !read.contains(path)).collect();
    assert!(left.is_empty(), "no crate has these files: {left:#?}");
}

#[test]
fn modules_are_found_in_files_folders_and_inline() {
    let sources = Sources::made_up(&[
        ("x/src/lib.rs", "mod a; mod b { mod c; } #[cfg(test)] mod tests;"),
        ("x/src/a/mod.rs", "mod d;"),
        ("x/src/a/d.rs", "mod e;"),
        ("x/src/a/d/e.rs", "impl A { #[cfg(test)] fn f() { crate::b::g() } }"),
        ("x/src/b/c.rs", "#![cfg(test)] fn h() { super::i() }"),
        ("x/src/tests.rs", "use super::*;"),
    ]);
    let read = Crate::read(&sources, "x/src/lib.rs");
    let mut found: Vec<_> = read.modules.iter().map(|module| (module.file.as_str(), module.test)).collect();
    found.sort_unstable();
    let mut wanted = vec![
        ("x/src/a/d.rs", false),
        ("x/src/a/d/e.rs", false),
        ("x/src/a/mod.rs", false),
        ("x/src/b/c.rs", true),
        ("x/src/lib.rs", false),
        ("x/src/lib.rs", false),
        ("x/src/tests.rs", true),
    ];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let mentions: Vec<_> = read.modules.iter().flat_map(|module| &module.mentions).collect();
    assert_eq!(mentions.len(), 3);
    assert!(mentions.iter().all(|mention| mention.test));
}

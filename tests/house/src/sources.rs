//! The texts that the rules read: `.rs` files and `Cargo.toml` of the workspace, or made-up ones.

use std::{collections::BTreeMap, fs, path::Path};

/// Texts by path below the workspace.
pub(crate) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Those of this workspace, without what is built or hidden.
    pub(crate) fn of_the_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let mut texts = BTreeMap::new();
        collect(root, root, &mut texts);
        assert!(texts.contains_key("Cargo.toml") && texts.len() > 100, "the sources were not found: {}", texts.len());
        Self(texts)
    }

    pub(crate) fn made_up(texts: &[(&str, &str)]) -> Self {
        Self(texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Path and text of each Rust file.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Folder and manifest of each package of the workspace, without the workspace's own.
    pub(crate) fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(path, text)| Some((path.strip_suffix("/Cargo.toml")?, text.as_str())))
    }

    /// The roots of a package's crates as cargo finds them.
    pub(crate) fn roots(&self, package: &str) -> Vec<&str> {
        let is_root = |path: &str| match path.split('/').collect::<Vec<_>>()[..] {
            ["src", "lib.rs" | "main.rs"] | ["build.rs"] => true,
            ["src", "bin", file] | ["tests" | "examples" | "benches", file] => file.ends_with(".rs"),
            // Programs that must not compile, each on its own.
            ["tests", _, "wrong", file] => file.ends_with(".rs"),
            ["src", "bin", _, "main.rs"] | ["tests" | "examples" | "benches", _, "main.rs"] => true,
            _ => false,
        };
        let below = format!("{package}/");
        self.rust().map(|(path, _)| path).filter(|path| path.strip_prefix(&below).is_some_and(is_root)).collect()
    }
}

fn collect(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            // The fuzz targets are a workspace of their own.
            let skipped = name.starts_with('.') || ["target", "node_modules", "seeds"].contains(&name);
            if !skipped && !path.ends_with("tests/fuzz") {
                collect(root, &path, texts);
            }
        } else if name.ends_with(".rs") || name == "Cargo.toml" {
            let below = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            texts.insert(below, fs::read_to_string(&path).unwrap());
        }
    }
}

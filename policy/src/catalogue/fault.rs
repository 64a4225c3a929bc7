//! Faults of a catalogue, with file and line.

use std::ops::Range;

use serde::de::DeserializeOwned;

/// One fault of a catalogue's files. A catalogue with a fault does not load.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct Fault {
    /// The file, relative to the catalogue's folder.
    pub path: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A file of the catalogue with its row, for faults that need its lines.
pub(super) struct File<'a, T> {
    path: &'a str,
    text: &'a str,
    pub(super) row: T,
}

impl<'a, T: DeserializeOwned> File<'a, T> {
    /// Parses the one row of a file.
    pub(super) fn parse(path: &'a str, text: &'a str) -> Result<Self, Fault> {
        match toml::from_str(text) {
            Ok(row) => Ok(Self { path, text, row }),
            Err(error) => Err(fault(path, text, error.span().unwrap_or_default(), error.message())),
        }
    }
}

impl<'a> File<'a, ()> {
    /// A file that is no table.
    pub(super) fn text(path: &'a str, text: &'a str) -> Self {
        Self { path, text, row: () }
    }

    /// Its text.
    pub(super) fn content(&self) -> &'a str {
        self.text
    }

    /// Its path.
    pub(super) fn path(&self) -> &'a str {
        self.path
    }
}

impl<T> File<'_, T> {
    /// A fault at a place of this file.
    pub(super) fn fault(&self, at: Range<usize>, message: impl Into<String>) -> Fault {
        fault(self.path, self.text, at, message)
    }

    /// Where a text stands in this file; its beginning, where it does not.
    pub(super) fn place_of(&self, text: &str) -> Range<usize> {
        self.text.find(text).map_or(0..0, |start| start..start + text.len())
    }

    /// The name that the file has by its path: the path without folder and ending.
    pub(super) fn stem(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or(self.path);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }

    /// What the file's name ends in, without the dot.
    pub(super) fn ending(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, ending)| ending)
    }
}

fn fault(path: &str, text: &str, at: Range<usize>, message: impl Into<String>) -> Fault {
    let before = text.as_bytes().iter().take(at.start);
    let line = before.filter(|byte| **byte == b'\n').count() + 1;
    Fault { path: path.to_owned(), line, message: message.into() }
}

//! The documents: what they say is what the commands and the gateway do.

mod completions;
mod configuration;
mod deploy;
mod generated;
mod languages;
mod openapi;
mod pages;
mod unit;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

//! What `credit-gateway demo` makes on its first start: a folder with a whole configuration, certificates, keys, a
//! hundred people to ask about and a store of a thousand (formats.md §6).
//!
//! Begin with [`folder::make`]. Nothing here serves a query, and the packaged daemon is built without
//! it (feature `demo`).

mod applicants;
mod attributes;
pub(crate) mod browser;
pub mod certificates;
mod client;
pub(crate) mod configuration;
pub(crate) mod database;
pub mod folder;
mod history;
pub(crate) mod identity;
#[cfg(test)]
mod meaning;
mod note;
mod number;
pub(crate) mod people;
mod ports;
pub(crate) mod tour;

pub(crate) use note::Note;

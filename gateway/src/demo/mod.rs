//! What `credit-gateway demo` makes on its first start: a folder with a whole configuration, certificates, keys, a
//! hundred people to ask about and a store of a thousand (formats.md §6).
//!
//! Begin with [`folder::make`]. Nothing here serves a query, and nothing here is used outside the demo.

mod applicants;
mod attributes;
pub mod certificates;
pub mod client;
pub mod folder;
mod history;
mod jwk;
#[cfg(test)]
mod meaning;
mod note;
mod number;
pub mod people;
pub mod tour;

pub use note::Note;

#[cfg(test)]
pub(crate) mod scratch {
    use std::{
        fs,
        path::{Path, PathBuf},
        sync::atomic::{AtomicU32, Ordering},
    };

    /// A folder for one test, removed with it.
    pub(crate) struct Scratch(PathBuf);

    impl Scratch {
        pub(crate) fn new() -> Self {
            static MADE: AtomicU32 = AtomicU32::new(0);
            let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(format!("credit-demo-{process}-{number}"));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}

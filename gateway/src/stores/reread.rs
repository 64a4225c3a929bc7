//! Files by which a store is reached and believed: authorities, our certificate and key, verifier keys of another gateway.
//! Each probe looks at them. What was made of them is replaced when one of them has changed and all of them can be used;
//! otherwise what was in force stays in force, and readiness, metrics and the operator's log say so.

use std::{
    fmt::Display,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use tokio::task::spawn_blocking;

use super::stamp::Stamp;

/// What was made of some files.
pub(crate) struct Reread<T>(Arc<Files<T>>);

/// The files of one store.
struct Files<T> {
    store: String,
    paths: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    stamps: Mutex<Vec<Option<Stamp>>>,
    in_force: ArcSwap<InForce<T>>,
    is_refused: AtomicBool,
}

/// One state of the files.
pub(crate) struct InForce<T> {
    /// Counts up: what was made by another one is not used any more.
    pub(crate) generation: u64,
    /// What was made of them.
    pub(crate) made: T,
}

impl<T> Clone for Reread<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> Reread<T> {
    /// Reads the files of a store for the first time.
    ///
    /// # Errors
    /// What `read` says.
    pub(super) fn of<E: Display>(
        store: &str,
        paths: impl IntoIterator<Item = PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let paths: Vec<_> = paths.into_iter().collect();
        // Before their contents: what is written in between is looked at again.
        let stamps = Mutex::new(stamps(&paths));
        let in_force = ArcSwap::from_pointee(InForce { generation: 0, made: read()? });
        let read = Box::new(move || read().map_err(|error| error.to_string()));
        let is_refused = AtomicBool::new(false);
        Ok(Self(Arc::new(Files { store: store.to_owned(), paths, read, stamps, in_force, is_refused })))
    }

    /// What is in force.
    pub(crate) fn in_force(&self) -> Arc<InForce<T>> {
        self.0.in_force.load_full()
    }

    /// Whether the files are not those that are in force, since they cannot be used.
    pub(super) fn is_refused(&self) -> bool {
        self.0.is_refused.load(Ordering::Relaxed)
    }

    /// Looks at the files, on a thread that may wait for a disk.
    pub(crate) async fn look(&self) {
        if self.0.paths.is_empty() {
            return;
        }
        let files = Arc::clone(&self.0);
        // A panic in there was told already, and what is in force stays in force.
        drop(spawn_blocking(move || files.look()).await);
    }
}

impl<T> Files<T> {
    fn look(&self) {
        let now = stamps(&self.paths);
        let mut known = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == now {
            return;
        }
        *known = now;
        match (self.read)() {
            Ok(made) => {
                let generation = self.in_force.load().generation + 1;
                self.in_force.store(Arc::new(InForce { generation, made }));
                self.is_refused.store(false, Ordering::Relaxed);
                tracing::info!(store = self.store, "new certificates or keys of a store are in force");
            }
            Err(error) => {
                self.is_refused.store(true, Ordering::Relaxed);
                tracing::error!(
                    store = self.store,
                    error,
                    "new certificates or keys of a store were not taken; those before stay in force"
                );
            }
        }
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    paths.iter().map(|path| fs::metadata(path).ok().map(|file| Stamp::from(&file))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[tokio::test]
    async fn files_that_cannot_be_used_leave_in_force_what_was_and_sound_ones_replace_it() {
        let folder = Scratch::new();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let from = path.clone();
        let read = move || fs::read_to_string(&from).unwrap_or_default().parse::<u32>();
        let files = Reread::of("a store", [path.clone()], read).unwrap();
        let now = |files: &Reread<u32>| (files.in_force().generation, files.in_force().made, files.is_refused());
        assert_eq!(now(&files), (0, 1, false));
        files.look().await;
        assert_eq!(now(&files), (0, 1, false), "nothing changed");
        for (text, expected) in [("x", (0, 1, true)), ("22", (1, 22, false)), ("yes", (1, 22, true))] {
            fs::write(&path, text).unwrap();
            files.look().await;
            assert_eq!(now(&files), expected, "{text}");
        }
        // Refused once, until it changes.
        files.look().await;
        assert_eq!(now(&files), (1, 22, true));
        fs::remove_file(&path).unwrap();
        files.look().await;
        assert_eq!(now(&files), (1, 22, true));
        // The same contents again are a new generation: nobody compares secrets.
        fs::write(&path, "22").unwrap();
        files.look().await;
        assert_eq!(now(&files), (2, 22, false));
        assert!(Reread::of("a store", [path], || Err::<u32, _>("no")).is_err());
    }
}

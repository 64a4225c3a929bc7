//! From a recovered log to a running one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::recover::Recovered;
use super::signed::VKEY;
use crate::checkpoint::Checkpoint;
use crate::log::disk::block::origin_hash;
use crate::log::disk::failure::Fatal;
use crate::log::disk::staged;
use crate::log::error::StartError;
use crate::log::handle::{Log, Running, Threads};
use crate::log::publish::checkpoint_signer::{CheckpointSigner, Signer};
use crate::log::publish::instance::known_as;
use crate::log::publish::tile_store::TileStore;
use crate::log::recordability::Cause;
use crate::log::settings::Settings;
use crate::log::threads::batch_clock::BatchClock;
use crate::log::threads::prover::Proofs;
use crate::log::threads::publisher;
use crate::log::threads::shared::{Parts, Published, Shared};
use crate::log::threads::writer::Writer;
use crate::log::wal::append::Wal;
use crate::log::wal::copied::Copied;
use crate::log::wal::reserve::Reserve;
use crate::note::VerifierKey;

impl Recovered {
    /// Starts the log's threads: from here on entries are taken. Writes `log.vkey` if it is not there.
    ///
    /// `seqs` is the last `seq` of each institution, as the fold over [`Recovered::leaves`] found it.
    ///
    /// # Errors
    /// When the signer is not the one of this log, or a file or thread cannot be made.
    pub fn start(self, signer: Box<dyn Signer>, seqs: HashMap<String, u64>) -> Result<Log, StartError> {
        let Self {
            settings,
            clock,
            lock,
            mut rollback_guard,
            mut instance,
            published,
            stored,
            frontier,
            recent,
            current,
            contents,
        } = self;
        let key = VerifierKey::new(&settings.origin, signer.public_key())
            .map_err(|_| StartError::Origin(settings.origin.clone()))?;
        publish_key(&settings.log_dir(), &key, &published)?;
        let probe = settings.probe.clone();
        let claimed = instance.draw(&rollback_guard.instance().clone(), &probe);
        let claimed = claimed.and_then(|id| rollback_guard.claim(id, &probe));
        claimed.map_err(|source| StartError::Io { doing: "claiming the rollback guard", source })?;
        let fatal = Fatal { report: Arc::clone(&settings.report), stop: Arc::clone(&settings.stop) };
        let reserve = Arc::new(Reserve::new(settings.wal_dir(), settings.segment_bytes, probe.clone()));
        let wal = Wal {
            dir: settings.wal_dir(),
            origin: origin_hash(&settings.origin),
            current,
            reserve: Arc::clone(&reserve),
            probe: probe.clone(),
            fatal: fatal.clone(),
        };
        let copied = copied(&settings)?;
        let at = BatchClock::new(Arc::clone(&clock), recent.head().at);
        let parts = Parts {
            clock,
            accepted: at.accepted(),
            reserve: Arc::clone(&reserve),
            tile_store: TileStore { dir: settings.log_dir(), probe: probe.clone() },
            checkpoint_signer: CheckpointSigner::new(signer, key, rollback_guard, probe, fatal),
            recent,
            published,
            let_go: contents.let_go(),
        };
        let shared = Arc::new(Shared::new(settings, parts));
        let proofs = Arc::new(Proofs::default());
        let writer = Writer::new(Arc::clone(&shared), Arc::clone(&proofs), (wal, copied), at, frontier, seqs);
        let (prover, publisher) = (Arc::clone(&proofs), Arc::clone(&shared));
        let of_prover = Arc::clone(&shared);
        let watch = Watch { shared: Arc::clone(&shared) };
        let threads = Threads {
            reserver: watch.spawn("log-reserve", move || reserve.run())?,
            prover: watch.spawn("log-prove", move || prover.run(&of_prover))?,
            publisher: watch.spawn("log-publish", move || publisher::run(&publisher, stored))?,
            writer: watch.spawn("log-write", move || writer.run())?,
            lock,
        };
        Ok(Log(Arc::new(Running { shared, proofs, threads: Mutex::new(Some(threads)) })))
    }
}

/// The second copy, where one is to be.
fn copied(settings: &Settings) -> Result<Option<Copied>, StartError> {
    let Some(copies) = &settings.copies else { return Ok(None) };
    let wal = settings.wal_dir();
    let folders = known_as(&wal).map_err(|source| StartError::Io { doing: "drawing the id of the folder", source })?;
    Ok(Some(Copied::new(Arc::clone(copies), wal, settings.origin.clone(), folders)))
}

/// Sees to it that no thread of the log ends unnoticed.
struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    /// A thread whose panic stops the process: the others would wait for it for ever.
    fn spawn(&self, name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
        let shared = Arc::clone(&self.shared);
        let watched = move || {
            if panic::catch_unwind(AssertUnwindSafe(run)).is_err() {
                shared.recordability.block(Cause::Stopped, "a thread of the log panicked");
                shared.queue.close();
                shared.fatal.stop(name, &io::Error::other("the thread panicked"));
            }
        };
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(watched);
        spawned.map_err(|source| StartError::Io { doing: "starting a thread of the log", source })
    }
}

/// Writes the log's key, or checks that it is the one that is there and that signed what is published.
fn publish_key(log: &Path, key: &VerifierKey, published: &Published) -> Result<(), StartError> {
    let path = log.join(VKEY);
    let other = || StartError::OtherKey(path.clone());
    let line = format!("{key}\n");
    if !published.note.is_empty() {
        Checkpoint::open(&published.note, key).map_err(|_| other())?;
    }
    match fs::read_to_string(&path) {
        Ok(there) if there.trim_end() == line.trim_end() => Ok(()),
        Ok(_) => Err(other()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => staged::replace(&path, line.as_bytes())
            .map_err(|source| StartError::Io { doing: "writing the log's key", source }),
        Err(source) => Err(StartError::Io { doing: "reading the log's key", source }),
    }
}

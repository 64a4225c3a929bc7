//! The files of the authorities and of their lists, and what came of the last look at them.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, atomic::AtomicBool},
};

use crate::{callers::file_stamp::FileStamp, settings::Tls};

/// The two files.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) authorities: PathBuf,
    pub(super) list: PathBuf,
    stamps: Mutex<Stamps>,
    pub(super) authorities_refused: AtomicBool,
    pub(super) list_refused: AtomicBool,
}

type Stamps = [Option<FileStamp>; 2];

impl Files {
    /// The files of these settings, as they are now.
    pub(super) fn new(tls: &Tls) -> Self {
        let (authorities, list) = (tls.authorities.clone(), tls.revocation_list.clone());
        Self {
            stamps: Mutex::new(stamps(&authorities, &list)),
            authorities,
            list,
            authorities_refused: AtomicBool::new(false),
            list_refused: AtomicBool::new(false),
        }
    }

    /// Whether one of them is another than at the last look.
    pub(super) fn have_changed(&self) -> bool {
        let now = stamps(&self.authorities, &self.list);
        std::mem::replace(&mut *self.stamps.lock().unwrap_or_else(PoisonError::into_inner), now) != now
    }
}

fn stamps(authorities: &Path, list: &Path) -> Stamps {
    [authorities, list].map(|path| FileStamp::of(path).ok())
}

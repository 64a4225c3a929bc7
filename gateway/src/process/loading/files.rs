//! The configuration on the disk, and the one that is to follow: read again when a file of them changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use credit_policy::Catalogue;
use jiff::civil::Date;

use crate::{
    callers::file_stamp::FileStamp,
    process::start::{digests, holds_from, read_catalogue},
    settings::{Settings, beside},
};

/// A configuration that can be read, whole.
pub(super) struct Read {
    pub(super) settings: Settings,
    pub(super) catalogue: Arc<Catalogue>,
    /// The catalogue's files.
    pub(super) files: Vec<(String, String)>,
    /// The digests of its parts, by act.
    pub(super) digests: BTreeMap<&'static str, [u8; 32]>,
    /// The first day on which it may be loaded.
    pub(super) holds_from: Option<Date>,
}

/// What was read at the last look.
#[derive(Default)]
pub(super) struct Seen(Vec<One>);

struct One {
    path: PathBuf,
    stamps: Stamps,
    read: Option<Arc<Read>>,
}

/// Of each file, in order; nothing of one that is not there.
type Stamps = Vec<(PathBuf, Option<FileStamp>)>;

impl Seen {
    /// What can be read.
    pub(super) fn read(&self) -> impl Iterator<Item = &Arc<Read>> {
        self.0.iter().filter_map(|one| one.read.as_ref())
    }

    /// Looks at the files once more. Blocks.
    pub(super) fn look(self, settings: &Settings) -> Self {
        let (own, next) = beside(&settings.file);
        let mut before = self.0;
        let look = |path: PathBuf| match before.iter().position(|one| one.path == path) {
            Some(place) => again(before.swap_remove(place)),
            None => anew(path),
        };
        Self([own, next].into_iter().map(look).collect())
    }
}

fn again(before: One) -> One {
    let now = stamps(&before.path, before.read.as_deref());
    if now == before.stamps { before } else { anew(before.path) }
}

fn anew(path: PathBuf) -> One {
    // Before the files themselves: what is written in between is looked at again.
    let first = stamps(&path, None);
    let read = match path.exists() {
        true => read(&path),
        false => None,
    };
    let stamps = match &read {
        Some(read) => stamps(&path, Some(read)),
        None => first,
    };
    One { path, stamps, read }
}

fn read(path: &Path) -> Option<Arc<Read>> {
    let settings = Settings::read(path).map_err(|faults| unreadable(path, faults.first())).ok()?;
    let (catalogue, files) = read_catalogue(&settings).map_err(|fault| unreadable(path, Some(&fault))).ok()?;
    let digests = digests(&settings, &catalogue).map_err(|fault| unreadable(path, Some(&fault))).ok()?;
    let holds_from = holds_from(&settings, &catalogue);
    Some(Arc::new(Read { settings, catalogue: Arc::new(catalogue), files, digests, holds_from }))
}

fn unreadable(path: &Path, fault: Option<&impl std::fmt::Display>) {
    let (place, cause) = (path.display(), fault.map(ToString::to_string).unwrap_or_default());
    tracing::warn!(%place, cause, "a configuration on the disk cannot be loaded; what is in force stays in force");
}

/// The file, those of its catalogue, and its certificates.
fn stamps(path: &Path, read: Option<&Read>) -> Stamps {
    let mut all = vec![path.to_owned()];
    if let Some(read) = read {
        read.settings.catalogue.dir.iter().for_each(|dir| walk(dir, &mut all));
        all.extend(read.settings.institutions.iter().flat_map(|entry| entry.certificates.iter().cloned()));
    }
    let stamp = |path: PathBuf| {
        let stamp = FileStamp::of(&path).ok();
        (path, stamp)
    };
    all.into_iter().map(stamp).collect()
}

fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
    all.push(folder.to_owned());
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), all),
            Ok(_) | Err(_) => all.push(entry.path()),
        }
    }
}

//! The map that a configuration names: a shipped one, or a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use credit_policy::Catalogue;

use super::{fault::MapFault, shipped::shipped, source::Map};

/// Why a map cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MapError {
    /// No shipped map has this name.
    #[error("no map `{0}` is shipped: name one of those in `docs/stores.md`, or a file that ends in .toml")]
    Unknown(String),
    /// The file cannot be read.
    #[error("cannot read the map `{path}`: {cause}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It has faults.
    #[error("the map `{map}`: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults {
        /// Its name or file.
        map: String,
        /// All of them.
        faults: Vec<MapFault>,
    },
}

impl Map {
    /// The shipped map of that name, or that of a file that ends in `.toml`.
    ///
    /// # Errors
    /// When there is none, or it does not fit the catalogue.
    pub(crate) fn open(named: &Path, catalogue: &Arc<Catalogue>) -> Result<Self, MapError> {
        let name = named.display().to_string();
        let text = if named.extension().is_some() {
            fs::read_to_string(named).map_err(|cause| MapError::Read { path: named.to_owned(), cause })?
        } else {
            shipped(&name).ok_or_else(|| MapError::Unknown(name.clone()))?.to_owned()
        };
        Self::parse(&text, catalogue).map_err(|faults| MapError::Faults { map: name, faults })
    }
}

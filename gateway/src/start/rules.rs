//! Reading the catalogue.

use credit_audit::{
    leaf::{CatalogueFile, CatalogueSet},
    replay::catalogue_files,
};
use credit_policy::{Catalogue, catalogue};

use super::StartError;
use crate::settings::{CatalogueSource, Settings};

/// Reads the catalogue of the configuration, and its files.
///
/// # Errors
/// Every fault of it, with file and line.
pub fn read_catalogue(settings: &Settings) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    load_catalogue(&settings.catalogue)
}

/// Reads a catalogue from where it is, and its files.
///
/// # Errors
/// Every fault of it, with file and line.
pub fn load_catalogue(source: &CatalogueSource) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    let files = match &source.dir {
        None => catalogue::shipped(),
        Some(dir) => catalogue_files(dir).map_err(|source| StartError::File {
            doing: "read the catalogue in",
            path: dir.display().to_string(),
            source,
        })?,
    };
    let loaded = Catalogue::load(&files).map_err(StartError::Catalogue)?;
    Ok((loaded, files))
}

/// What the record says of a catalogue.
pub(super) fn leaf(catalogue: &Catalogue, files: &[(String, String)]) -> CatalogueSet {
    CatalogueSet {
        label: catalogue.label().to_owned(),
        files: files
            .iter()
            .map(|(path, text)| CatalogueFile {
                path: path.clone(),
                sha256: ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
            })
            .collect(),
    }
}

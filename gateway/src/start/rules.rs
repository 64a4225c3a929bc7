//! Reading the catalogue.

use std::{fs, path::Path};

use credit_audit::leaf::{CatalogueFile, CatalogueSet};
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
        Some(dir) => {
            let mut files = Vec::new();
            collect(dir, dir, &mut files)?;
            files.sort();
            files
        }
    };
    let loaded = Catalogue::load(&files).map_err(StartError::Catalogue)?;
    Ok((loaded, files))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), StartError> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |source| StartError::File { doing: "read", path, source }
    };
    for entry in fs::read_dir(folder).map_err(fault(folder))? {
        let path = entry.map_err(fault(folder))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|end| end == "toml" || end == "cedar") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).map_err(fault(&path))?));
        }
    }
    Ok(())
}

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

//! Reading the catalogue.

use credit_audit::{
    leaf::{CatalogueFile, CatalogueSet, MAX_TAIL_BYTES},
    replay::catalogue_files,
};
use credit_policy::Catalogue;

use super::StartError;
use crate::settings::{CatalogueSource, Settings};

/// Reads the catalogue of the configuration, and its files.
///
/// # Errors
/// Every fault of it, with file and line; and outside the demo, where something rests on a draft or on what is made up.
pub(crate) fn read_catalogue(settings: &Settings) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    let (catalogue, files) = load_catalogue(&settings.catalogue)?;
    match catalogue.demo_only().filter(|_| !settings.demo) {
        Some(source) => Err(StartError::DemoLaw(source.code().to_owned())),
        None => Ok((catalogue, files)),
    }
}

/// Reads a catalogue from where it is, and its files.
///
/// # Errors
/// Every fault of it, with file and line.
pub(crate) fn load_catalogue(source: &CatalogueSource) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    let files = match &source.dir {
        None => source.built_in().map_err(StartError::Jurisdiction)?,
        Some(dir) => catalogue_files(dir).map_err(|source| StartError::File {
            doing: "read the catalogue in",
            path: dir.display().to_string(),
            source,
        })?,
    };
    let loaded = Catalogue::load(&files).map_err(StartError::Catalogue)?;
    Ok((loaded, files))
}

/// What the record says of a catalogue. Where its files are too many for a leaf they are not listed one by one: the digest
/// in the label covers them all the same.
pub(in crate::process) fn leaf(catalogue: &Catalogue, files: &[(String, String)]) -> CatalogueSet {
    let whole = CatalogueSet {
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
    };
    let fits = serde_json::to_vec(&whole).is_ok_and(|text| text.len() <= MAX_TAIL_BYTES);
    if fits { whole } else { CatalogueSet { files: Vec::new(), ..whole } }
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::Event;

    use super::*;

    #[test]
    fn a_catalogue_of_any_number_of_files_fits_into_a_leaf() {
        let files = credit_policy::catalogue::shipped();
        let catalogue = Catalogue::load(&files).unwrap();
        let id = uuid::Uuid::parse_str("019aa000-0000-7000-8000-000000000000").unwrap();
        let mut many = files[..100].to_vec();
        for count in [100, 135, 140, 150, 1_000] {
            many.extend((many.len()..count).map(|nr| (format!("scenarios/another-{nr}.toml"), String::new())));
            let leaf = leaf(&catalogue, &many);
            assert!(leaf.files.len() == many.len() || leaf.files.is_empty());
            assert_eq!(leaf.label, catalogue.label());
            assert!(leaf.entry(id).is_ok(), "{count} files");
        }
        assert_eq!(leaf(&catalogue, &files[..100]).files.len(), 100);
        assert!(leaf(&catalogue, &many).files.is_empty());
    }
}

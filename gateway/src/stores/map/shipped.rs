//! The maps that are shipped, by name: of layouts that are live, to copy and to compare with one's own tables.

macro_rules! maps {
    ($($name:literal),+ $(,)?) => {
        /// Name and file of each.
        pub(super) const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../maps/", $name, ".toml")))),+];
    };
}

maps!("cn-city-person", "cn-exec", "cn-sgs-2014", "cn-sgs-2018", "keyed", "nested-json", "report-workflow");

/// The file of a shipped map.
pub(crate) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, sync::Arc};

    use credit_policy::{Catalogue, Language};

    use super::*;
    use crate::stores::map::Map;

    #[test]
    fn every_file_of_the_folder_is_shipped_and_fits_the_shipped_catalogue() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/maps");
        let files: BTreeSet<_> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let names: BTreeSet<_> = SHIPPED.iter().map(|(name, _)| format!("{name}.toml")).collect();
        assert_eq!(files, names);
        let catalogue = Arc::new(Catalogue::load(&credit_policy::catalogue::shipped()).unwrap());
        for (name, text) in SHIPPED {
            let map = Map::parse(text, &catalogue).map_err(|faults| format!("{name}: {faults:#?}")).unwrap();
            assert_eq!(map.name(), *name);
            assert!(!map.title(Language::Zh).is_empty() && !map.title(Language::En).is_empty());
            assert_eq!(shipped(name), Some(*text));
        }
        assert_eq!(shipped("other"), None);
    }
}

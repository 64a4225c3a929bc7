//! The number of the newest list of each issuer that was ever in force, in the data folder: an older list would let in
//! again what was revoked since, and a file is easily put back.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

use super::list::{List, ListError};

/// Numbers (big-endian) by SHA-256 of the issuer's name and key, both in base64url.
pub(super) struct Remembered {
    path: PathBuf,
    numbers: BTreeMap<String, String>,
}

impl Remembered {
    /// What is remembered in a data folder; nothing before the first start.
    pub(super) fn read(data: &Path) -> Result<Self, ListError> {
        let path = data.join("revocation-lists.json");
        let numbers = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
            // A folder that is none is told of by those who need it.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(BTreeMap::new())
            }
            Err(error) => Err(error.to_string()),
        };
        let unusable = |why: String| {
            ListError::unusable(
                &path,
                format_args!(
                    "it keeps the numbers of the newest lists, and is not readable ({why}): restore it, or remove it"
                ),
            )
        };
        Ok(Self { numbers: numbers.map_err(unusable)?, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the issuer's newest list, big-endian.
    pub(super) fn number(&self, list: &List) -> Option<Vec<u8>> {
        self.numbers.get(&issuer(list)).and_then(|number| URL_SAFE_NO_PAD.decode(number).ok())
    }

    /// Remembers the numbers of these lists. If the process dies meanwhile, the numbers before are remembered.
    pub(super) fn keep(&mut self, lists: &[List]) -> io::Result<()> {
        let mut numbers = self.numbers.clone();
        for list in lists {
            if let Some(number) = &list.number {
                numbers.insert(issuer(list), URL_SAFE_NO_PAD.encode(number));
            }
        }
        if numbers == self.numbers {
            return Ok(());
        }
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(&numbers)?)?;
        file.sync_all()?;
        fs::rename(new, &self.path)?;
        self.numbers = numbers;
        Ok(())
    }
}

fn issuer(list: &List) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &[&list.name[..], &list.key[..]].concat()))
}

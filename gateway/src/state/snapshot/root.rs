//! The log's root at the size of a snapshot, from the published hash tiles.

use std::{borrow::Cow, fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    merkle::{self, HASH_LEN, HashReader},
    tile,
};

struct Tiles<'a>(&'a Path);

impl HashReader for Tiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let read = |width| fs::read(self.0.join(tile::path(level, index, width)));
        // A partial tile is gone once there is a wider one, which begins with it.
        let mut bytes = read(width).or_else(|error| read(tile::FULL_WIDTH).map_err(|_| error))?;
        bytes.truncate(usize::from(width) * HASH_LEN);
        Ok(bytes.into())
    }
}

/// The root at a size of whole bundles, in base64.
pub(super) fn root_at(log_folder: &Path, size: u64) -> io::Result<String> {
    let root = merkle::root(size, &Tiles(log_folder)).map_err(io::Error::other)?;
    Ok(STANDARD.encode(root))
}

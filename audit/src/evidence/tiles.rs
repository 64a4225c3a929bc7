//! Hash tiles of a log in a folder, each read once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use crate::merkle::{HASH_LEN, HashReader};
use crate::tile;

/// Tiles that were read, by level and number.
type Read = HashMap<(u8, u64), Rc<[u8]>>;

/// The tiles below a folder.
pub(crate) struct Tiles {
    folder: PathBuf,
    read: RefCell<Read>,
}

impl Tiles {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: RefCell::default() }
    }

    /// The tile with this width or a wider one: a running gateway removes narrow ones.
    fn find(&self, level: u8, index: u64, width: u16) -> io::Result<Vec<u8>> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for width in std::iter::once(width).chain(std::iter::once(tile::FULL_WIDTH)).chain(width..tile::FULL_WIDTH) {
            match fs::read(self.folder.join(tile::path(level, index, width))) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl HashReader for Tiles {
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>> {
        let length = usize::from(width) * HASH_LEN;
        let known = self.read.borrow().get(&(level, index)).cloned();
        let bytes = match known.filter(|bytes| bytes.len() >= length) {
            Some(bytes) => bytes,
            None => {
                let bytes: Rc<[u8]> = self.find(level, index, width)?.into();
                self.read.borrow_mut().insert((level, index), Rc::clone(&bytes));
                bytes
            }
        };
        let beginning = bytes.get(..length).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Cow::Owned(beginning.to_vec()))
    }
}

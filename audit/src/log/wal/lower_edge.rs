//! Where the write-ahead log begins: the segments before that were released, and their leaves are in bundles only.
//!
//! The file `<data>/wal/released`: `"CGWREL\0\1"` ‖ ordinal of the first segment that is kept (8) ‖ index of its first
//! leaf (8) ‖ SHA-256 of the origin (32) ‖ CRC-32C of all before (4), big-endian, zeros to the end. It is written before
//! a segment is removed; so a segment that is missing although the file does not say so was lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::log::disk::block::{Fields, Reader, origin_hash};
use crate::log::disk::staged;
use crate::log::error::{RecoverError, read_error};

const MAGIC: [u8; 8] = *b"CGWREL\0\x01";
const LEN: usize = 64;
const CRC_AT: usize = 56;

/// The first segment that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LowerEdge {
    /// How many segments came before it.
    pub(crate) ordinal: u64,
    /// How many leaves came before it.
    pub(crate) first: u64,
}

impl LowerEdge {
    /// Reads the file in the folder of the write-ahead log; where there is none, nothing was released.
    pub(crate) fn read(wal: &Path, origin: &str) -> Result<Self, RecoverError> {
        let path = path(wal);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(read_error(&path, source)),
        };
        let fields = Reader::open(&bytes, CRC_AT, MAGIC)
            .and_then(|mut reader| Some((reader.u64()?, reader.u64()?, reader.array()?)));
        match fields {
            None => Err(RecoverError::Damaged { segment: path, offset: 0, what: "its checksum is wrong" }),
            Some((.., of)) if of != origin_hash(origin) => {
                Err(RecoverError::OtherOrigin { path, wanted: origin.to_owned() })
            }
            Some((ordinal, first, _)) => Ok(Self { ordinal, first }),
        }
    }

    /// Writes the file, durably.
    pub(crate) fn write(self, wal: &Path, origin: &str) -> io::Result<()> {
        let mut fields = Fields::<LEN>::new();
        fields.put(&MAGIC);
        fields.put(&self.ordinal.to_be_bytes());
        fields.put(&self.first.to_be_bytes());
        fields.put(&origin_hash(origin));
        staged::replace(&path(wal), &fields.seal(CRC_AT))
    }
}

fn path(wal: &Path) -> PathBuf {
    wal.join("released")
}

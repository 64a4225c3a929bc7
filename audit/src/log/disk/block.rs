//! Blocks of fixed length with a checksum: a magic, fields in big-endian, zeros, CRC-32C.

use ring::digest::{SHA256, digest};

use crate::merkle::{HASH_LEN, Hash};

/// What ties a file to its log.
pub(crate) fn origin_hash(origin: &str) -> Hash {
    let mut hash = [0; HASH_LEN];
    hash.copy_from_slice(digest(&SHA256, origin.as_bytes()).as_ref());
    hash
}

/// Fields written one after the other into a block of zeros.
pub(crate) struct Fields<const LEN: usize> {
    bytes: [u8; LEN],
    at: usize,
}

impl<const LEN: usize> Fields<LEN> {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; LEN], at: 0 }
    }

    pub(crate) fn put(&mut self, field: &[u8]) {
        let end = self.at + field.len();
        // The blocks are sized for their fields; the round-trip tests would show one that is not.
        if let Some(room) = self.bytes.get_mut(self.at..end) {
            room.copy_from_slice(field);
        }
        self.at = end;
    }

    /// The block with the checksum of everything before `crc_at` written there.
    pub(crate) fn seal(mut self, crc_at: usize) -> [u8; LEN] {
        let crc = crc32c::crc32c(self.bytes.get(..crc_at).unwrap_or_default());
        self.at = crc_at;
        self.put(&crc.to_be_bytes());
        self.bytes
    }
}

/// The fields of a block whose checksum is right.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `None` unless the block begins with `magic` and the checksum at `crc_at` is right.
    pub(crate) fn open(bytes: &'a [u8], crc_at: usize, magic: [u8; 8]) -> Option<Self> {
        let (fields, rest) = bytes.split_at_checked(crc_at)?;
        let crc = u32::from_be_bytes(*rest.first_chunk()?);
        let rest = fields.strip_prefix(&magic)?;
        (crc32c::crc32c(fields) == crc).then_some(Self { rest })
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*field)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}

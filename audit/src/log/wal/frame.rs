//! The bytes of the write-ahead log: segment header, frame, batch trailer. All numbers big-endian, all checksums
//! CRC-32C.
//!
//! ```text
//! segment  header (128 bytes), then batches, then zeros to the end of the reserved room
//! batch    one frame a leaf, then a trailer
//! frame    length of the leaf (4, never 0) ‖ crc of length and leaf (4) ‖ leaf
//! trailer  FF FF FF FF "END1" ‖ size after the batch (8) ‖ leaves in it (4) ‖ bytes of its frames (4) ‖
//!          root after the batch (32) ‖ crc of all before (4) ‖ zeros (4)
//! header   "CGWAL\0\0\1" ‖ ordinal of the segment, from 0 (8) ‖ index of its first leaf (8) ‖ reserved bytes (8) ‖
//!          SHA-256 of the origin (32) ‖ zeros (60) ‖ crc of all before (4)
//! ```
//!
//! A leaf is UTF-8, in which the byte FF does not occur, so no leaf looks like a trailer.

use crate::leaf::MAX_LEAF_BYTES;
use crate::log::disk::block::{Fields, Reader};
use crate::merkle::Hash;

/// Bytes of a segment's header.
pub(crate) const HEADER_LEN: usize = 128;
/// Bytes before the leaf in a frame.
pub(crate) const FRAME_HEAD_LEN: usize = 8;
/// Bytes of a trailer.
pub(crate) const TRAILER_LEN: usize = 64;
/// How a trailer begins; read as a frame's length it is longer than any leaf.
pub(crate) const TRAILER_MAGIC: [u8; 8] = *b"\xff\xff\xff\xffEND1";

const HEADER_MAGIC: [u8; 8] = *b"CGWAL\0\0\x01";

/// The head of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// How many segments come before it: a missing file shows without opening all of them.
    pub(crate) ordinal: u64,
    /// Index of its first leaf.
    pub(crate) first: u64,
    /// Bytes reserved for the file.
    pub(crate) capacity: u64,
    /// SHA-256 of the log's origin.
    pub(crate) origin: Hash,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut fields = Fields::<HEADER_LEN>::new();
        fields.put(&HEADER_MAGIC);
        fields.put(&self.ordinal.to_be_bytes());
        fields.put(&self.first.to_be_bytes());
        fields.put(&self.capacity.to_be_bytes());
        fields.put(&self.origin);
        fields.seal(HEADER_LEN - 4)
    }

    /// `None` unless magic and checksum are right.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::open(bytes, HEADER_LEN - 4, HEADER_MAGIC)?;
        Some(Self { ordinal: reader.u64()?, first: reader.u64()?, capacity: reader.u64()?, origin: reader.array()? })
    }
}

/// The end of a batch: a batch without a valid one does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// Leaves in the log after the batch.
    pub(crate) size: u64,
    /// Leaves in the batch.
    pub(crate) count: u32,
    /// Bytes of the batch's frames, so that its beginning is known.
    pub(crate) frames_len: u32,
    /// Root of the tree after the batch.
    pub(crate) root: Hash,
}

impl Trailer {
    pub(crate) fn encode(&self) -> [u8; TRAILER_LEN] {
        let mut fields = Fields::<TRAILER_LEN>::new();
        fields.put(&TRAILER_MAGIC);
        fields.put(&self.size.to_be_bytes());
        fields.put(&self.count.to_be_bytes());
        fields.put(&self.frames_len.to_be_bytes());
        fields.put(&self.root);
        fields.seal(TRAILER_LEN - 8)
    }

    /// `None` unless magic and checksum are right.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::open(bytes, TRAILER_LEN - 8, TRAILER_MAGIC)?;
        Some(Self { size: reader.u64()?, count: reader.u32()?, frames_len: reader.u32()?, root: reader.array()? })
    }
}

/// What stands where a frame or a trailer could begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A leaf of this many bytes, if the checksum is right.
    Frame { len: usize, crc: u32 },
    /// A trailer, if it decodes.
    Trailer,
    /// Zeros: nothing was written here.
    Nothing,
    /// None of these.
    Broken,
}

/// Reads the first [`FRAME_HEAD_LEN`] bytes of whatever comes next; fewer are the end of the room.
pub(crate) fn next(head: &[u8]) -> Next {
    let Some((len, rest)) = head.split_first_chunk::<4>() else {
        return Next::Nothing;
    };
    let Some(crc) = rest.first_chunk::<4>() else {
        return Next::Nothing;
    };
    if head.starts_with(&TRAILER_MAGIC) {
        return Next::Trailer;
    }
    let (len, crc) = (u32::from_be_bytes(*len), u32::from_be_bytes(*crc));
    match usize::try_from(len) {
        Ok(0) if crc == 0 => Next::Nothing,
        Ok(len) if (1..=MAX_LEAF_BYTES).contains(&len) => Next::Frame { len, crc },
        _ => Next::Broken,
    }
}

/// The checksum of a frame.
pub(crate) fn frame_crc(leaf: &[u8]) -> u32 {
    // A leaf's length is at most 16 KiB.
    let len = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
    crc32c::crc32c_append(crc32c::crc32c(&len.to_be_bytes()), leaf)
}

/// The 8 bytes before a leaf.
pub(crate) fn frame_head(leaf: &[u8]) -> [u8; FRAME_HEAD_LEN] {
    let len = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
    (u64::from(len) << 32 | u64::from(frame_crc(leaf))).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::disk::block::origin_hash;

    #[test]
    fn a_changed_bit_of_header_or_trailer_is_noticed() {
        let header = Header { ordinal: 3, first: 700, capacity: 1 << 24, origin: origin_hash("a/b") };
        let trailer = Trailer { size: 9, count: 2, frames_len: 1234, root: [7; 32] };
        for bit in 0..(HEADER_LEN * 8) {
            let mut bytes = header.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&bytes), None, "bit {bit}");
        }
        // The last four bytes of a trailer are padding.
        for bit in 0..((TRAILER_LEN - 4) * 8) {
            let mut bytes = trailer.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Trailer::decode(&bytes), None, "bit {bit}");
        }
        assert_eq!(Header::decode(&header.encode()), Some(header));
        assert_eq!(Trailer::decode(&trailer.encode()), Some(trailer));
    }

    #[test]
    fn what_comes_next_is_told_apart() {
        assert_eq!(next(&[0; 8]), Next::Nothing);
        assert_eq!(next(&[0; 7]), Next::Nothing);
        assert_eq!(next(&[0, 0, 0, 0, 0, 0, 0, 1]), Next::Broken);
        assert_eq!(next(&[0, 0, 0x40, 1, 0, 0, 0, 1]), Next::Broken);
        assert_eq!(next(&[0xff; 8]), Next::Broken);
        assert_eq!(next(&TRAILER_MAGIC), Next::Trailer);
        assert_eq!(next(&frame_head(b"leaf")), Next::Frame { len: 4, crc: frame_crc(b"leaf") });
    }
}

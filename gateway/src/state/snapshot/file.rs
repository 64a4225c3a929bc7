//! The bytes of the snapshot's file: a head, then tables, then a digest over all of it.
//!
//! `credit-state 1` and a newline · the head's length (4 bytes, little-endian) and its JSON · for each table blocks of
//! rows, each with its number of rows before it (2 bytes), and a block of none at the table's end · SHA-256 over
//! everything before. One bit that differs makes another digest, so a file is whole and as it was written, or not used.

use std::io::{self, Read, Write};

use jiff::{Timestamp, civil::Date};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::rows::Row;
use crate::state::{key::Key, ledger::Ledger};

const MAGIC: &[u8] = b"credit-state 1\n";

/// No head is longer.
const MAX_HEAD_BYTES: u32 = 1 << 28;

const BLOCK_ROWS: u16 = 4_096;

/// What stands before the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The log's origin.
    pub(super) origin: String,
    /// Base64 of the log's root at the ledger's size.
    pub(super) root: String,
    /// `at` of the last leaf.
    pub(super) at: Timestamp,
    /// The civil day that is counted.
    pub(super) day: Option<Date>,
    /// Institutions with purpose groups, by their places.
    pub(super) scopes: Vec<(String, String)>,
    /// The months whose cases are counted: one table each.
    pub(super) months: Vec<Date>,
    pub(super) ledger: Ledger,
}

/// Writes a snapshot.
pub(super) struct Writer<W: Write> {
    out: W,
    digest: Context,
    block: Vec<u8>,
    rows: u16,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, head: &Head) -> io::Result<Self> {
        let mut writer = Self { out, digest: Context::new(&SHA256), block: Vec::new(), rows: 0 };
        let head = serde_json::to_vec(head)?;
        let length = u32::try_from(head.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        for part in [MAGIC, &length.to_le_bytes(), &head] {
            writer.put(part)?;
        }
        Ok(writer)
    }

    pub(super) fn row<R: Row>(&mut self, key: &Key, row: &R) -> io::Result<()> {
        row.write(key, &mut self.block);
        self.rows += 1;
        if self.rows == BLOCK_ROWS { self.end_block() } else { Ok(()) }
    }

    pub(super) fn end_table(&mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.end_block()?;
        }
        self.put(&0_u16.to_le_bytes())
    }

    pub(super) fn end(mut self) -> io::Result<W> {
        self.out.write_all(self.digest.finish().as_ref())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_block(&mut self) -> io::Result<()> {
        let (block, rows) = (std::mem::take(&mut self.block), std::mem::take(&mut self.rows));
        self.put(&rows.to_le_bytes())?;
        self.put(&block)?;
        self.block = block;
        self.block.clear();
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads a snapshot. What it gives is to be believed only once [`Reader::end`] found the digest.
pub(super) struct Reader<R: Read> {
    from: R,
    digest: Context,
    block: Vec<u8>,
    /// Where in the block the next row begins.
    next: usize,
}

impl<R: Read> Reader<R> {
    pub(super) fn begin(from: R) -> io::Result<(Self, Head)> {
        let mut reader = Self { from, digest: Context::new(&SHA256), block: Vec::new(), next: 0 };
        if reader.get(MAGIC.len())? != MAGIC {
            return Err(invalid("it is none"));
        }
        let length: [u8; 4] = reader.get(4)?.try_into().map_err(|_| invalid("its head is cut short"))?;
        let length = u32::from_le_bytes(length);
        if length > MAX_HEAD_BYTES {
            return Err(invalid("its head is too long"));
        }
        let head = serde_json::from_slice(reader.get(length as usize)?)?;
        reader.block.clear();
        reader.next = 0;
        Ok((reader, head))
    }

    /// The next row of the table; nothing at its end.
    pub(super) fn row<T: Row>(&mut self) -> io::Result<Option<(Key, T)>> {
        if self.next >= self.block.len() {
            let rows: [u8; 2] = self.get(2)?.try_into().map_err(|_| invalid("a table is cut short"))?;
            let rows = usize::from(u16::from_le_bytes(rows));
            self.next = 0;
            self.get(rows * T::BYTES)?;
            if rows == 0 {
                return Ok(None);
            }
        }
        let row = self.block.get(self.next..self.next + T::BYTES).and_then(T::read);
        self.next += T::BYTES;
        row.map(Some).ok_or_else(|| invalid("a row is cut short"))
    }

    /// Whether everything that was read is what was written.
    pub(super) fn end(mut self) -> io::Result<()> {
        let digest = self.digest.clone().finish();
        let expected = digest.as_ref();
        if self.get(expected.len())? != expected {
            return Err(invalid("its digest is not that of its content"));
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(invalid("something follows its end")),
        }
    }

    /// The next bytes, in the block.
    fn get(&mut self, bytes: usize) -> io::Result<&[u8]> {
        self.block.resize(bytes, 0);
        self.from.read_exact(&mut self.block)?;
        self.digest.update(&self.block);
        Ok(&self.block)
    }
}

pub(super) fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

//! Rows of the snapshot's tables: sorted by key, each as many bytes as its kind has, whole numbers little-endian.

use uuid::Uuid;

use crate::state::{consent::Use, day::InScope, idempotency::FirstQuery, key::Key};

/// A value that has a row.
pub(super) trait Row: Sized {
    /// Bytes of a row, its key included.
    const BYTES: usize;

    fn write(&self, key: &Key, row: &mut Vec<u8>);

    fn read(row: &[u8]) -> Option<(Key, Self)>;
}

/// Takes the first bytes.
fn take<const N: usize>(row: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = row.split_first_chunk::<N>()?;
    *row = rest;
    Some(*first)
}

impl Row for u16 {
    const BYTES: usize = 18;

    fn write(&self, key: &Key, row: &mut Vec<u8>) {
        row.extend_from_slice(key);
        row.extend_from_slice(&self.to_le_bytes());
    }

    fn read(mut row: &[u8]) -> Option<(Key, Self)> {
        Some((take(&mut row)?, Self::from_le_bytes(take(&mut row)?)))
    }
}

impl Row for u32 {
    const BYTES: usize = 20;

    fn write(&self, key: &Key, row: &mut Vec<u8>) {
        row.extend_from_slice(key);
        row.extend_from_slice(&self.to_le_bytes());
    }

    fn read(mut row: &[u8]) -> Option<(Key, Self)> {
        Some((take(&mut row)?, Self::from_le_bytes(take(&mut row)?)))
    }
}

impl Row for InScope {
    const BYTES: usize = 24;

    fn write(&self, key: &Key, row: &mut Vec<u8>) {
        row.extend_from_slice(key);
        row.extend_from_slice(&self.scope.to_le_bytes());
        row.extend_from_slice(&self.count.to_le_bytes());
    }

    fn read(mut row: &[u8]) -> Option<(Key, Self)> {
        let key = take(&mut row)?;
        let (scope, count) = (u32::from_le_bytes(take(&mut row)?), u32::from_le_bytes(take(&mut row)?));
        Some((key, Self { scope, count }))
    }
}

impl Row for FirstQuery {
    const BYTES: usize = 50;

    fn write(&self, key: &Key, row: &mut Vec<u8>) {
        row.extend_from_slice(key);
        row.extend_from_slice(&self.identity);
        row.extend_from_slice(self.id.as_bytes());
        row.extend_from_slice(&self.repeats.to_le_bytes());
    }

    fn read(mut row: &[u8]) -> Option<(Key, Self)> {
        let key = take(&mut row)?;
        let (identity, id) = (take(&mut row)?, Uuid::from_bytes(take(&mut row)?));
        Some((key, Self { identity, id, repeats: u16::from_le_bytes(take(&mut row)?) }))
    }
}

/// One use of a consent, and when that consent ends. A consent with several uses has as many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UseRow {
    pub(super) use_: Use,
    pub(super) expires: u32,
}

impl Row for UseRow {
    const BYTES: usize = 40;

    fn write(&self, key: &Key, row: &mut Vec<u8>) {
        row.extend_from_slice(key);
        row.extend_from_slice(&self.use_.at.to_le_bytes());
        row.extend_from_slice(&self.use_.number.to_le_bytes());
        row.extend_from_slice(&self.use_.holder.unwrap_or(u64::MAX).to_le_bytes());
        row.extend_from_slice(&self.expires.to_le_bytes());
    }

    fn read(mut row: &[u8]) -> Option<(Key, Self)> {
        let key = take(&mut row)?;
        let (at, number) = (i64::from_le_bytes(take(&mut row)?), u32::from_le_bytes(take(&mut row)?));
        let holder = Some(u64::from_le_bytes(take(&mut row)?)).filter(|holder| *holder != u64::MAX);
        Some((key, Self { use_: Use { at, number, holder }, expires: u32::from_le_bytes(take(&mut row)?) }))
    }
}

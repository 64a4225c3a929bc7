//! The lines of a batch.

use credit_policy::Code;
use ring::digest::{Digest, SHA256, digest};
use zeroize::Zeroizing;

use crate::transport::body::LONGEST;

/// Lines in a batch.
const LINES: usize = 100_000;

/// Bytes of all lines.
pub(super) const BATCH_BYTES: usize = LONGEST;

/// Lines, counted from 1.
pub(super) struct Numbered {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each ends.
    ends: Vec<usize>,
    digest: Digest,
}

impl Numbered {
    /// # Errors
    /// `malformed-request` where there is no line, `payload-too-large` where there are more than there may be.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Code> {
        let bytes = Zeroizing::new(bytes);
        let mut ends: Vec<_> =
            (0..).zip(bytes.iter()).filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).take(LINES + 1).collect();
        // The last line may have no end of its own.
        if bytes.last().is_some_and(|last| *last != b'\n') {
            ends.push(bytes.len());
        }
        let digest = digest(&SHA256, &bytes);
        match ends.len() {
            0 => Err(Code::MalformedRequest),
            1..=LINES => Ok(Self { bytes, ends, digest }),
            _ => Err(Code::PayloadTooLarge),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// SHA-256 of all of them.
    pub(super) fn digest(&self) -> &[u8] {
        self.digest.as_ref()
    }

    /// The line of that number, without its end; nothing beyond the last.
    pub(super) fn line(&self, number: usize) -> &[u8] {
        let at = number.checked_sub(1);
        let begin = match at {
            Some(0) | None => 0,
            Some(at) => {
                at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(self.bytes.len(), |end| end + 1)
            }
        };
        let end = at.and_then(|at| self.ends.get(at)).copied().unwrap_or(begin);
        let line = self.bytes.get(begin..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_whatever_ends_them() {
        let lines = Numbered::new(b"a\nbb\r\n\nc".to_vec()).unwrap();
        assert_eq!(lines.len(), 4);
        let all: Vec<_> = (1..=5).map(|number| lines.line(number)).collect();
        assert_eq!(all, [&b"a"[..], b"bb", b"", b"c", b""]);
        assert_eq!(Numbered::new(b"a\n".to_vec()).unwrap().len(), 1);
    }

    #[test]
    fn none_and_too_many_are_no_batch() {
        let fault = |bytes: Vec<u8>| Numbered::new(bytes).err();
        assert_eq!(fault(Vec::new()), Some(Code::MalformedRequest));
        assert_eq!(fault(vec![b'\n'; LINES]), None);
        assert_eq!(fault(vec![b'\n'; LINES + 1]), Some(Code::PayloadTooLarge));
        assert_eq!(fault([vec![b'\n'; LINES], b"a".to_vec()].concat()), Some(Code::PayloadTooLarge));
    }
}

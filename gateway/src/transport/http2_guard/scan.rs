//! The look itself: bytes in, heads of frames out (RFC 9113 §4.1).

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;

/// What a caller begins with (RFC 9113 §3.4); h2 checks what it says.
const PREFACE_BYTES: usize = 24;
const HEAD_BYTES: usize = 9;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Of its payload.
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

/// Where in the frames of one direction the next byte stands.
pub(super) struct Scan {
    /// Bytes to pass over before the next head.
    pass: usize,
    head: [u8; HEAD_BYTES],
    /// Of the head, so many are here.
    here: usize,
}

impl Scan {
    pub(super) fn new() -> Self {
        Self { pass: 0, head: [0; HEAD_BYTES], here: 0 }
    }

    pub(super) fn of_caller() -> Self {
        Self { pass: PREFACE_BYTES, ..Self::new() }
    }

    /// The next head that becomes whole within these bytes; takes them off.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        loop {
            let (_, rest) = bytes.split_at(self.pass.min(bytes.len()));
            self.pass -= bytes.len() - rest.len();
            *bytes = rest;
            let (&byte, rest) = bytes.split_first()?;
            *bytes = rest;
            if let Some(place) = self.head.get_mut(self.here) {
                *place = byte;
            }
            self.here += 1;
            if self.here == HEAD_BYTES {
                self.here = 0;
                let [a, b, c, kind, flags, stream @ ..] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                self.pass = length;
                return Some(Frame { length, kind, flags, stream: u32::from_be_bytes(stream) & 0x7fff_ffff });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(scan: &mut Scan, pieces: &[&[u8]]) -> Vec<(u8, usize, u32)> {
        let mut frames = Vec::new();
        for mut piece in pieces.iter().copied() {
            while let Some(frame) = scan.next(&mut piece) {
                frames.push((frame.kind, frame.length, frame.stream));
            }
        }
        frames
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
        bytes.extend([0, 0, 3, 1, 4, 0x80, 0, 0, 5, 9, 9, 9]);
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 5]);
        let whole = [(4, 0, 0), (1, 3, 5), (0, 0, 5)];
        assert_eq!(frames(&mut Scan::of_caller(), &[&bytes]), whole);
        for length in 1..bytes.len() {
            let pieces: Vec<_> = bytes.chunks(length).collect();
            assert_eq!(frames(&mut Scan::of_caller(), &pieces), whole, "pieces of {length}");
        }
        assert_eq!(frames(&mut Scan::new(), &[&bytes[24..]]), whole);
    }
}

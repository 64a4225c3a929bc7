//! The look itself: bytes in, how many may pass, and what was seen.

use super::chunks::{Chunks, Step};

/// Bytes and lines of a head, the request line included.
pub(crate) const HEAD_BYTES: usize = 16 * 1024;
pub(crate) const HEAD_LINES: usize = 64;

/// Of these names together a head has one line at most: hyper folds two equal lengths into one, and drops a length beside
/// a transfer coding.
const FRAMING: [&[u8]; 2] = [b"content-length:", b"transfer-encoding:"];

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunks,
}

/// What was seen of the head that was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadVerdict {
    /// Nothing wrong.
    Sound,
    /// A bare LF, two lines that say how long the body is, or a fragment: two parties may read it differently.
    Ambiguous,
    /// Longer than a head may be; what hyper got of it is cut short.
    TooLarge,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// In a head.
    Head,
    /// Behind a head whose body length was not told yet.
    HeadEnd,
    /// In a body with so many bytes left.
    Body(u64),
    /// In a body in chunks.
    Chunks(Chunks),
    /// Behind what is no body in chunks: nothing more is read, and that is an error.
    Wrong,
    /// Behind a head that was cut short: nothing more is read.
    Ended,
}

/// The scanner of one connection.
pub(super) struct Scan {
    pub(super) at: At,
    pub(super) look: HeadVerdict,
    bytes: usize,
    lines: usize,
    framings: usize,
    line: Line,
}

/// The line of the head that is being read.
#[derive(Default)]
struct Line {
    empty: bool,
    cr: bool,
    colon: bool,
    /// How much of each of [`FRAMING`] it begins with, while it does.
    matched: [Option<usize>; 2],
}

impl Line {
    fn new() -> Self {
        Self { empty: true, cr: false, colon: false, matched: [Some(0); 2] }
    }

    /// A CR that no LF follows is of the line, as any other byte: a line of CRs is not an empty one. hyper does not take
    /// it for one either, and would wait for the end of a head that the gate holds for ended.
    fn carriage_return(&mut self) {
        self.empty &= !self.cr;
        self.cr = true;
    }

    fn take(&mut self, byte: u8) {
        (self.empty, self.cr) = (false, false);
        self.colon |= byte == b':';
        for (matched, name) in self.matched.iter_mut().zip(FRAMING) {
            *matched = matched
                .filter(|matched| name.get(*matched).is_none_or(|wanted| wanted.eq_ignore_ascii_case(&byte)))
                .map(|matched| (matched + 1).min(name.len()));
        }
    }

    /// How many of these bytes change nothing of what is known of the line.
    fn plain(&self, bytes: &[u8]) -> usize {
        if self.empty || self.cr || self.matched != [None; 2] {
            return 0;
        }
        bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | b'#' | b':')).unwrap_or(bytes.len())
    }

    fn is_framing(&self) -> bool {
        self.matched.iter().zip(FRAMING).any(|(matched, name)| *matched == Some(name.len()))
    }
}

impl Scan {
    pub(super) fn new() -> Self {
        Self { at: At::Head, look: HeadVerdict::Sound, bytes: 0, lines: 0, framings: 0, line: Line::new() }
    }

    /// Whether a head has begun and is not whole.
    pub(super) fn is_within_head(&self) -> bool {
        self.at == At::Head && (self.lines > 0 || !self.line.empty)
    }

    /// It is said how the body is framed: on with the body, or the next head.
    pub(super) fn go_on(&mut self, framing: Framing) {
        if self.at == At::HeadEnd {
            let at = match framing {
                Framing::Length(0) => At::Head,
                Framing::Length(length) => At::Body(length),
                Framing::Chunks => At::Chunks(Chunks::new()),
            };
            *self = Self { at, ..Self::new() };
        }
    }

    /// How many of these bytes may pass now: up to the end of a head, or of a body.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(&byte) = bytes.get(passed) {
            match self.at {
                At::HeadEnd | At::Ended | At::Wrong => return passed,
                At::Body(left) => {
                    let now = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - passed);
                    let left = left - now as u64;
                    if left == 0 {
                        *self = Self::new();
                    } else {
                        self.at = At::Body(left);
                    }
                    return passed + now;
                }
                At::Chunks(chunks) => match chunks.step(byte) {
                    Step::On(next) => {
                        passed += 1;
                        self.at = At::Chunks(next);
                    }
                    Step::Whole => {
                        passed += 1;
                        *self = Self::new();
                    }
                    Step::Wrong => self.at = At::Wrong,
                },
                At::Head => {
                    if self.bytes == HEAD_BYTES || self.lines == HEAD_LINES {
                        self.look = HeadVerdict::TooLarge;
                        self.at = At::Ended;
                        return passed;
                    }
                    let rest = bytes.get(passed..).unwrap_or_default();
                    let plain = self.line.plain(rest).min(HEAD_BYTES - self.bytes);
                    if plain == 0 {
                        passed += 1;
                        self.take(byte);
                    } else {
                        passed += plain;
                        self.bytes += plain;
                    }
                }
            }
        }
        passed
    }

    fn take(&mut self, byte: u8) {
        self.bytes += 1;
        match byte {
            b'\n' => self.end_line(),
            b'\r' => self.line.carriage_return(),
            _ => {
                // A request line has no fragment (RFC 9112 §3.2); hyper drops it, and another party may not.
                if byte == b'#' && self.lines == 0 {
                    self.look = HeadVerdict::Ambiguous;
                }
                self.line.take(byte);
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::replace(&mut self.line, Line::new());
        self.framings += usize::from(line.is_framing());
        if !line.cr || self.framings > 1 {
            self.look = HeadVerdict::Ambiguous;
        }
        if !line.empty {
            self.lines += 1;
        } else if self.lines > 0 {
            // Empty lines before a request line are skipped (RFC 9112 §2.2); this one ends the head.
            self.at = At::HeadEnd;
        }
    }

    /// What ends a head that is cut short here, so that hyper reads one and the service can refuse it.
    pub(super) fn ending(&self) -> &'static [u8] {
        let Line { empty, cr, colon, .. } = self.line;
        match (self.lines, empty, colon) {
            (0, _, _) => b" HTTP/1.1\r\nhost: x\r\n\r\n",
            (_, true, _) if cr => b"\n",
            (_, true, _) => b"\r\n",
            (_, false, true) if cr => b"\n\r\n",
            (_, false, true) => b"\r\n\r\n",
            (_, false, false) => b":\r\n\r\n",
        }
    }
}

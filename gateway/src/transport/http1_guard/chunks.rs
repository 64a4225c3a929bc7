//! A body in chunks (RFC 9112 §7.1), in the one form that nobody reads differently: sizes of 1 to 8 hexadecimal digits, no
//! extension, no trailer, each line ended by CR LF.

/// Digits of a chunk's size: a body has at most 16 KiB, so eight are more than enough.
const SIZE_DIGITS: u8 = 8;

/// Where the next byte of a body in chunks stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a size, behind so many digits.
    Size { digits: u8, size: u64 },
    /// Behind the CR of a size.
    SizeEnd(u64),
    /// In the data of a chunk, so many bytes before its end.
    Data(u64),
    /// Behind the data.
    DataEnd,
    /// Behind the CR after the data.
    DataLine,
    /// Behind the chunk of size zero, where trailers would stand.
    Last,
    /// Behind the CR of the last line.
    LastEnd,
}

/// What a byte makes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The body goes on.
    On(Chunks),
    /// The body is whole.
    Whole,
    /// No body of that form.
    Wrong,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self::Size { digits: 0, size: 0 }
    }

    pub(super) fn step(self, byte: u8) -> Step {
        match (self, byte) {
            (Self::Size { digits: 1.., size }, b'\r') => Step::On(Self::SizeEnd(size)),
            (Self::Size { digits, size }, _) => match char::from(byte).to_digit(16) {
                Some(digit) if digits < SIZE_DIGITS => {
                    Step::On(Self::Size { digits: digits + 1, size: size << 4 | u64::from(digit) })
                }
                _ => Step::Wrong,
            },
            (Self::SizeEnd(0), b'\n') => Step::On(Self::Last),
            (Self::SizeEnd(size), b'\n') => Step::On(Self::Data(size)),
            (Self::Data(0 | 1), _) => Step::On(Self::DataEnd),
            (Self::Data(left), _) => Step::On(Self::Data(left - 1)),
            (Self::DataEnd, b'\r') => Step::On(Self::DataLine),
            (Self::DataLine, b'\n') => Step::On(Self::new()),
            (Self::Last, b'\r') => Step::On(Self::LastEnd),
            (Self::LastEnd, b'\n') => Step::Whole,
            (Self::SizeEnd(_) | Self::DataEnd | Self::DataLine | Self::Last | Self::LastEnd, _) => Step::Wrong,
        }
    }
}

//! What sender and keeper say.
//!
//! The sender says which log it is and by which data folder it goes on: a line of JSON. Whoever keeps the copy answers with a line: how far
//! it goes, or why it does not go on. From then on the sender sends parts, each with a head of 20 bytes, and is told after each how
//! many of them are durable, in eight bytes. A part without bytes asks whether somebody is there.

use std::io::{self, Read};

use credit_audit::log::Reached;
use serde::{Deserialize, Serialize};

/// No line is longer.
const LINE: usize = 4_096;
/// No part is longer.
pub(super) const PART: u32 = 8 << 20;
/// Bytes of a head: where in a segment, and how many bytes follow.
pub(super) const HEAD: usize = 20;

/// What the sender says first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    /// The form of what follows: 1.
    pub(super) copy: u32,
    /// The name of the log.
    pub(super) origin: String,
    /// The ids of the data folder from which this one was restored, and of this one.
    pub(super) folders: [[u8; 16]; 2],
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// It goes on from here; nothing where the copy is empty.
    Reached(Option<Place>),
    /// It does not.
    Refused(String),
}

/// How far a copy goes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) first: u64,
    pub(super) bytes: u64,
    pub(super) sum: [u8; 32],
}

impl From<Reached> for Place {
    fn from(Reached { first, bytes, sum }: Reached) -> Self {
        Self { first, bytes, sum }
    }
}

impl From<Place> for Reached {
    fn from(Place { first, bytes, sum }: Place) -> Self {
        Self { first, bytes, sum }
    }
}

/// A line, without what comes after it.
pub(super) fn line(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE {
        from.read_exact(&mut byte)?;
        match byte {
            [b'\n'] => return Ok(line),
            [byte] => line.push(byte),
        }
    }
    Err(invalid("a line is too long"))
}

pub(super) fn head(first: u64, at: u64, bytes: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let fields = first.to_be_bytes().into_iter().chain(at.to_be_bytes()).chain(bytes.to_be_bytes());
    head.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
    head
}

pub(super) fn of_head(head: &[u8; HEAD]) -> (u64, u64, u32) {
    let number = |from: usize, to: usize| {
        head.get(from..to).unwrap_or_default().iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    (number(0, 8), number(8, 16), u32::try_from(number(16, HEAD)).unwrap_or(u32::MAX))
}

pub(super) fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_what_was_put_into_it() {
        for (first, at, bytes) in [(0, 0, 0), (1, 128, 77), (u64::MAX, 1 << 40, PART)] {
            assert_eq!(of_head(&head(first, at, bytes)), (first, at, bytes));
        }
    }

    #[test]
    fn a_line_ends_and_is_short() {
        assert_eq!(line(&mut &b"abc\nd"[..]).unwrap(), b"abc");
        assert!(line(&mut &b"abc"[..]).is_err());
        assert!(line(&mut &vec![b'a'; 5_000][..]).is_err());
    }
}

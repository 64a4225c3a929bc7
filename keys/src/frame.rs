//! Framing: how several parts become the one message of a hash, MAC or cipher.
//!
//! Each part is preceded by its length as 4 bytes big-endian, and the first part is a label of the use. So no two
//! different lists of parts give the same bytes, and a value made for one use is worth nothing in another.

/// The framed message as one vector.
#[must_use]
pub fn framed(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let length = 4 + label.len() + parts.iter().map(|part| 4 + part.len()).sum::<usize>();
    let mut message = Vec::with_capacity(length);
    feed(label, parts, |bytes| message.extend_from_slice(bytes));
    message
}

/// The same message handed to `sink` piece by piece, for hashes and MACs that need no copy of it.
pub fn feed(label: &str, parts: &[&[u8]], mut sink: impl FnMut(&[u8])) {
    sink(&length_of(label.as_bytes()));
    sink(label.as_bytes());
    for part in parts {
        sink(&length_of(part));
        sink(part);
    }
}

/// A part's length, 4 bytes big-endian. No part of ours comes near 4 GiB (a leaf has at most 16 KiB), where the
/// length would be cut to the largest that can be said.
fn length_of(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_message_is_written_as_the_formats_say() {
        assert_eq!(framed("", &[]), [0, 0, 0, 0]);
        assert_eq!(framed("ab", &[b"", b"xyz"]), b"\0\0\0\x02ab\0\0\0\0\0\0\0\x03xyz");
        assert_eq!(framed("a", &[&[7; 258]]).get(5..9), Some(&[0, 0, 1, 2][..]));
    }

    proptest! {
        #[test]
        fn different_parts_never_give_the_same_message(
            one in prop::collection::vec(prop::collection::vec(0_u8..3, 0..6), 1..5),
            two in prop::collection::vec(prop::collection::vec(0_u8..3, 0..6), 1..5),
        ) {
            let message = |parts: &[Vec<u8>]| {
                framed("use", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            prop_assert_eq!(message(&one) == message(&two), one == two);
        }
    }
}

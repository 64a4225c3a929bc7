//! Base32 of RFC 4648 §6, lower case, without padding, and in its one canonical spelling.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Writes `bytes` behind `text`.
pub(crate) fn encode(bytes: &[u8], text: &mut String) {
    let (mut window, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        window = (window << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(window >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(window << (5 - bits)));
    }
}

/// Reads exactly `N` bytes, or nothing: another length, another alphabet (capitals among it) and trailing bits
/// that are not zero are refused, so that no two texts mean the same bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = [0_u8; N];
    let mut places = bytes.iter_mut();
    let (mut window, mut bits) = (0_u32, 0_u32);
    for character in text.bytes() {
        window = (window << 5) | value(character)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from(window >> bits).ok()?;
            window &= (1 << bits) - 1;
        }
    }
    (window == 0).then_some(bytes)
}

fn letter(window: u32) -> char {
    let low_five = usize::try_from(window & 31).unwrap_or(0);
    ALPHABET.get(low_five).map_or('a', |byte| char::from(*byte))
}

fn value(character: u8) -> Option<u32> {
    match character {
        b'a'..=b'z' => Some(u32::from(character - b'a')),
        b'2'..=b'7' => Some(u32::from(character - b'2') + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4648 §10, in lower case and without padding.
    const VECTORS: [(&[u8], &str); 7] = [
        (b"", ""),
        (b"f", "my"),
        (b"fo", "mzxq"),
        (b"foo", "mzxw6"),
        (b"foob", "mzxw6yq"),
        (b"fooba", "mzxw6ytb"),
        (b"foobar", "mzxw6ytboi"),
    ];

    #[test]
    fn other_spellings_are_refused() {
        for text in ["MY", "mz", "m", "mya", "my=", "my======", "m1", "m8", "m ", "ö"] {
            assert_eq!(decode::<1>(text), None, "{text}");
        }
    }

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (bytes, text) in VECTORS {
            let mut written = String::new();
            encode(bytes, &mut written);
            assert_eq!(written, text);
        }
        assert_eq!(decode::<6>("mzxw6ytboi"), Some(*b"foobar"));
        assert_eq!(decode::<4>("mzxw6yq"), Some(*b"foob"));
    }

    proptest! {
        #[test]
        fn only_the_canonical_text_is_read(bytes: [u8; 24], position in 0_usize..39, character in "[ -~]") {
            let mut text = String::new();
            encode(&bytes, &mut text);
            prop_assert_eq!(text.len(), 39);
            prop_assert_eq!(decode::<24>(&text), Some(bytes));
            let mut changed = text.clone();
            changed.replace_range(position..=position, &character);
            if changed != text {
                prop_assert_ne!(decode::<24>(&changed), Some(bytes));
            }
        }
    }
}

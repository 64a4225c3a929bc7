//! Signed notes. The bytes are, each in its turn, a note, the text of one, and a verifier key.
//!
//! 1. A note that opens has a signature line by the key over exactly the text that it gives out, and text and lines
//!    together are the note.
//! 2. A text that is signed opens again as itself, if it is one that a note may have, and else not at all; with a bit
//!    of it turned over it does not open.
//! 3. A verifier key that is read is written the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::note::{self, VerifierKey};

use super::signer::{KEY_NAME, key, sign, signed};

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    as_a_text(text);
    as_a_note(text) | as_a_key(text)
}

fn as_a_note(text: &str) -> bool {
    let Ok(opened) = note::open(text, std::slice::from_ref(key())) else { return false };
    let mut signature = key().id().to_be_bytes().to_vec();
    signature.extend_from_slice(&sign(opened.text().as_bytes()));
    let line = format!("\u{2014} {KEY_NAME} {}", STANDARD.encode(signature));
    let (head, lines) = text.rsplit_once("\n\n").expect("an empty line");
    assert_eq!(opened.text(), format!("{head}\n"), "another text than stands before the signatures");
    assert!(lines.ends_with('\n') && lines.lines().any(|other| other == line), "opened without our signature");
    assert!(lines.lines().count() <= note::MAX_SIGNATURES && opened.signed_by().iter().all(|name| *name == KEY_NAME));
    true
}

fn as_a_text(text: &str) {
    let note = signed(text);
    let may_be = text.ends_with('\n') && !text.bytes().any(|byte| byte < 0x20 && byte != b'\n');
    match note::open(&note, std::slice::from_ref(key())) {
        Ok(opened) => assert!(may_be && opened.text() == text && opened.signed_by() == [KEY_NAME]),
        Err(error) => assert!(!may_be || note.len() > 1_000_000, "{error}"),
    }
    if !may_be {
        return;
    }
    let mut turned = note.into_bytes();
    let sum = text.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let at = sum % turned.len();
    turned[at] ^= 1 << (sum % 7);
    if let Ok(turned) = std::str::from_utf8(&turned) {
        assert!(note::open(turned, std::slice::from_ref(key())).is_err(), "a turned bit at {at} is not noticed");
    }
}

fn as_a_key(text: &str) -> bool {
    let Ok(key) = VerifierKey::parse(text) else { return false };
    assert_eq!(key.to_string(), text.strip_suffix('\n').unwrap_or(text));
    assert_eq!(key.id(), note::key_id(key.name(), key.public()));
    true
}
